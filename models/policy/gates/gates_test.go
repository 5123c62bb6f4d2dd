package gates_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// A gateway is one policy with a clock of its own.
type gateway struct {
	policy.Policy
	env policy.Env
	now sim.Time
}

func newGateway(t *testing.T, name string, at sim.Time, s policy.Spec) *gateway {
	t.Helper()
	g := &gateway{now: at}
	g.env = policy.Env{Name: name, Seed: rngtest.Seed(t, 1), Users: 1 << 20, Horizon: 10 * sim.Day, Reasons: new(models.Reasons), Now: func() sim.Time { return g.now }}
	p, err := s.New(g.env)
	require.NoError(t, err)
	g.Policy = p
	return g
}

func (g *gateway) try(a models.Attempt) models.Verdict {
	return g.Admit(&a, &models.Signals{Now: g.now})
}

func (g *gateway) hold(a models.Attempt) bool { return g.Policy.(policy.Holder).Hold(&a, g.now) }

// request is the n-th request of the tests.
func request(n int) rng.Key { return rng.StreamKey(1, 0, "requests").Child(uint64(n)) }

// assertShare holds k of n against a probability with a normal test of
// two-sided level 1e-6: 4.9 standard deviations.
func assertShare(t *testing.T, p float64, k, n int, what string, args ...any) {
	t.Helper()
	sd := math.Sqrt(p * (1 - p) / float64(n))
	assert.InDelta(t, p, float64(k)/float64(n), 4.9*sd, append([]any{what}, args...)...)
}

// turn is what a gate has to do for one attempt.
func turn(p policy.Policy) func() {
	holder, _ := p.(policy.Holder)
	keeper, _ := p.(policy.Keeper)
	releaser, _ := p.(policy.Releaser)
	finisher, _ := p.(policy.Finisher)
	a, s := &models.Attempt{Try: 1}, &models.Signals{Capacity: 100, Busy: 90}
	return func() {
		a.User = (a.User + 1) & 0xffff
		s.Now += 10 * sim.Millisecond
		s.Kept = 3
		if holder != nil && holder.Hold(a, s.Now) {
			return
		}
		p.Admit(a, s)
		if keeper == nil {
			return
		}
		n, _ := keeper.Let(3, s)
		for range min(n, 3) {
			if releaser != nil {
				releaser.Release(a, s.Now)
			}
			if finisher != nil {
				finisher.Finish(a, models.Completed, s.Now)
			}
		}
	}
}

var gatesOf = map[string]policy.Spec{"feature-gate": open(0.3, sim.Hour), "appeal": chill(0.5, 0.5, sim.Hour), "waiting-room": room(5000, 10_000, "fifo"), "waitlist": list(100, sim.Hour), "spare-cycles": spare(0.5, 10, 3)}

func TestGatesAllocateNothingForAnAttempt(t *testing.T) {
	for kind, spec := range gatesOf {
		assert.Zero(t, testing.AllocsPerRun(5000, turn(newGateway(t, kind, 0, spec).Policy)), kind)
	}
}

func BenchmarkAdmit(b *testing.B) {
	for kind, spec := range gatesOf {
		b.Run(kind, func(b *testing.B) {
			p, err := spec.New(policy.Env{Name: kind, Users: 1 << 16, Reasons: new(models.Reasons), Now: func() sim.Time { return 0 }})
			require.NoError(b, err)
			f := turn(p)
			b.ReportAllocs()
			for range b.N {
				f()
			}
		})
	}
}
