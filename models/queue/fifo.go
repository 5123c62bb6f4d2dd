package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// fifo serves the one who came first.
type fifo struct{ ring[Entry] }

func (q *fifo) push(_ sim.Time, e Entry, _ *models.Attempt) (uint64, bool) {
	return q.ring.push(e), true
}

func (q *fifo) leave(_ sim.Time, place uint64) { q.at(place).Slot = models.None }

func (q *fifo) pop(sim.Time) (Entry, bool) {
	if q.head == q.tail {
		return Entry{}, false
	}
	return q.popFront(), true
}

func (q *fifo) reconfigure(*Spec) {}
