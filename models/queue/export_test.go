package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// FairQueueOf is the queue of apf that an attempt has joined, and the virtual time at
// which it did, in 1e-8 seat-seconds.
func FairQueueOf(q *Queue, a *models.Attempt) (queue int, arrival int64) {
	r := &q.d.(*apf).fair.requests[a.Place]
	return int(r.queue), r.arrival
}

// NextOf is the slot that vtc would give out next; models.None if nobody waits.
func NextOf(q *Queue) models.Slot {
	v := q.d.(*vtc)
	t, ok := v.counter.least()
	if !ok {
		return models.None
	}
	return v.flights[*v.lanes[t].front()].Slot
}

// CounterOf is what a tenant of vtc has been charged.
func CounterOf(q *Queue, tenant int) float64 { return q.d.(*vtc).counter.tenants[tenant].counter }

// ServedOf tells vtc what service an attempt in flight has had so far, as Ended does
// at its end.
func ServedOf(q *Queue, a *models.Attempt, had sim.Time) { q.d.(*vtc).charge(a.Place, had) }
