// Package degrade holds the policies that give less rather than nothing:
//
//	brownout        leaves out the optional part of the work, for a share steered by the response time
//	quality-ladder  one of several levels of quality, by the load
//	fallback        another pool, or an answer at once, of lower quality
//	feature-off     closes a class of requests while the load is high, so that it yields the pool
//
// A degraded answer carries its quality, as a share of the full one, and counts
// as degraded.
//
// Brownout and the ladder act when the turn of an attempt to be served has come
// (Start), as the servers of the brownout paper do: what they decide is then as
// fresh as it can be, and they shorten the work that is already in the queue.
// Decided at admission, a change would take a whole wait to arrive, and the
// controller would steer a service that is no more. Fallback and feature-off
// choose the way of an attempt, and act at its admission.
//
// The load is the attempts in flight, waiting and at servers, for each server
// that is up: at 1 every server is busy, at 3 two wait for each. The attempt that
// is judged is not counted.
//
// "Batch harder", a degradation that trades latency for throughput, is no policy: it
// is the knob max_batch of a pool that batches, which the timeline can move.
package degrade

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
)

// load is the attempts in flight for each server that is up.
func load(s *models.Signals) float64 { return float64(s.InFlight()) / float64(max(1, s.Capacity)) }

// A hysteresis is on from one load, and off again below another; for each pool
// by itself.
type hysteresis struct {
	above, below float64
	on           []bool // by pool
}

func newHysteresis(env *policy.Env) hysteresis {
	return hysteresis{on: make([]bool, max(1, len(env.Pools)))}
}

// look looks at the load of a pool.
func (h *hysteresis) look(s *models.Signals) bool {
	from := h.above
	if h.on[s.Pool] {
		from = h.below
	}
	h.on[s.Pool] = load(s) >= from
	return h.on[s.Pool]
}

// remains checks what is left of work or quality.
func remains(name string, x unit.Share) error {
	if !(x > 0 && x <= 1) {
		return fmt.Errorf("%s is %v, it must be above 0 and at most 1", name, float64(x))
	}
	return nil
}
