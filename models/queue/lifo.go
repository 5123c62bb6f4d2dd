package queue

import "github.com/launchday-sim/launchday/sim"

// lifo serves the one who came last.
type lifo struct{ fifo }

func (q *lifo) pop(sim.Time) (Entry, bool) {
	if q.head == q.tail {
		return Entry{}, false
	}
	return q.popBack(), true
}
