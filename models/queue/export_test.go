package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// FairQueueOf is the queue of apf that an attempt has joined, and the virtual time at
// which it did, in 1e-8 seat-seconds.
func FairQueueOf(q *Queue, a *models.Attempt) (queue int, arrival int64) {
	l, in := q.d.(*apf).at(a.Place)
	r := &l.fair.requests[in]
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

// SeatsOf are the seats that each level of apf has at the instant.
func SeatsOf(q *Queue, now sim.Time) (list []int) {
	ls := &q.d.(*apf).levels
	ls.advance(now)
	for i := range ls.list {
		list = append(list, ls.list[i].fair.seats)
	}
	return list
}

// BoundsOf are the nominal, the least and the most seats of each level of apf.
func BoundsOf(q *Queue, now sim.Time) (list [][3]int) {
	SeatsOf(q, now)
	for _, l := range q.d.(*apf).levels.list {
		list = append(list, [3]int{l.nominal, l.least, l.most})
	}
	return list
}

// AskedOf is the seats that a level of apf is asked for.
func AskedOf(q *Queue, level int) int { return q.d.(*apf).levels.list[level].fair.asked }
