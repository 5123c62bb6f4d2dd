package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// srpt serves the one with the least service left, and pre-empts: an arrival that
// needs less than what is left of the attempt in service with the most left takes
// its server (Schrage and Miller 1966). Sizes are known.
type srpt struct{ sorted }

func (q *srpt) push(_ sim.Time, e Entry, a *models.Attempt) (uint64, bool) {
	return q.add(int64(a.Service), e), true
}

func (q *srpt) leave(_ sim.Time, place uint64) { q.slab.leave(place) }

func (q *srpt) pop(sim.Time) (Entry, bool) { return q.least() }

func (q *srpt) reconfigure(*Spec) {}

func (q *srpt) rejoin(_ sim.Time, e Entry, a *models.Attempt) uint64 {
	return q.add(int64(a.Service), e)
}

// rank is when the service ends: what is left of those in service shrinks alike.
func (q *srpt) rank(now sim.Time, _ *models.Attempt, service sim.Time) int64 {
	return int64(now) + min(int64(service), 1<<62)
}
