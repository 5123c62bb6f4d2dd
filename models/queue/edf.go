package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// edf serves the one whose deadline comes first (Jackson 1955; Liu and Layland
// 1973), without pre-emption. The deadline is the arrival plus that of the tier.
type edf struct {
	sorted
	env       Env
	deadlines []sim.Time // by tier
}

func (q *edf) push(_ sim.Time, e Entry, a *models.Attempt) (uint64, bool) {
	return q.add(int64(a.Arrived+q.deadlines[a.Tier]), e), true
}

func (q *edf) leave(_ sim.Time, place uint64) { q.slab.leave(place) }

func (q *edf) pop(sim.Time) (Entry, bool) { return q.least() }

func (q *edf) reconfigure(s *Spec) {
	q.deadlines = make([]sim.Time, q.env.tiers())
	for i := range q.deadlines {
		q.deadlines[i] = sim.Time(s.Deadline)
		if t := q.env.tier(s, i); t != nil && t.Deadline > 0 {
			q.deadlines[i] = sim.Time(t.Deadline)
		}
	}
}
