package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// priority serves strictly by the tier's priority, and FIFO within one; it does not
// pre-empt. With ageing an attempt gains one priority for each ageing that it has
// waited, in proportion: the one with the least priority x ageing + time of joining
// is next (Kleinrock, "A delay dependent queue discipline", 1964, with equal slopes).
type priority struct {
	lanes  []ring[Entry]
	ageing sim.Time // 0: they do not age
}

// A place is the lane in the upper byte, and the place in the lane below it.
const laneShift = 56

func (q *priority) lane(n uint8) *ring[Entry] {
	for len(q.lanes) <= int(n) {
		q.lanes = append(q.lanes, ring[Entry]{})
	}
	return &q.lanes[n]
}

func placeIn(lane uint8, at uint64) uint64 {
	return uint64(lane)<<laneShift | at&(1<<laneShift-1)
}

func (q *priority) push(_ sim.Time, e Entry, _ *models.Attempt) (uint64, bool) {
	return placeIn(e.priority, q.lane(e.priority).push(e)), true
}

func (q *priority) leave(_ sim.Time, place uint64) {
	q.lanes[place>>laneShift].at(place).Slot = models.None
}

func (q *priority) pop(sim.Time) (Entry, bool) {
	best := -1
	var least sim.Time
	for i := range q.lanes {
		l := &q.lanes[i]
		if l.head == l.tail {
			continue
		}
		if q.ageing == 0 {
			return l.popFront(), true
		}
		if key := l.front().Joined + sim.Time(i)*q.ageing; best < 0 || key < least {
			best, least = i, key
		}
	}
	if best < 0 {
		return Entry{}, false
	}
	return q.lanes[best].popFront(), true
}

func (q *priority) reconfigure(s *Spec) { q.ageing = sim.Time(s.Ageing) }
