package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// priorityPreemptive is priority with pre-emptive resume: an arrival takes the
// server of the attempt in service of the lowest priority, if that is lower than its
// own; of several, of the one that was started last. Who is displaced goes to the
// head of its lane with what is left of its service. Ageing moves who is next, never
// who is displaced.
type priorityPreemptive struct{ priority }

func (q *priorityPreemptive) rejoin(_ sim.Time, e Entry, _ *models.Attempt) uint64 {
	return placeIn(e.priority, q.lane(e.priority).pushFront(e))
}

func (q *priorityPreemptive) rank(_ sim.Time, a *models.Attempt, _ sim.Time) int64 {
	return int64(a.Priority)
}
