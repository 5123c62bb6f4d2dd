package queue

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// sfq is start-time fair queueing over tiers: Goyal, Vin and Cheng, "Start-time fair
// queueing", SIGCOMM 1996, section 2. An attempt that reaches the head of its lane
// has the start tag max(virtual time at its arrival, finish tag of the one of its
// tier that was served before it), and the finish tag start + cost / weight. The
// least start tag is served. Virtual time is the start tag of the one served last;
// when nobody waits or is served any more it is the largest finish tag.
//
// Tags are virtual nanoseconds. The cost is the mean service of the class.
type sfq struct {
	env     Env
	lanes   []sfqLane // by tier
	virtual int64
	last    int64 // largest finish tag of those served
	waiting int
	serving int
}

type sfqLane struct {
	ring[costed]
	weight float64
	finish int64 // tag of the one served last
}

func (q *sfq) push(_ sim.Time, e Entry, a *models.Attempt) (uint64, bool) {
	if q.waiting == 0 && q.serving == 0 {
		q.virtual = max(q.virtual, q.last)
	}
	if e.Slot != models.None {
		q.waiting++
	}
	l := &q.lanes[e.Tier]
	return placeIn(uint8(e.Tier), l.ring.push(costed{Entry: e, cost: q.env.cost(a), tag: q.virtual})), true
}

func (q *sfq) leave(_ sim.Time, place uint64) {
	q.waiting--
	q.lanes[place>>laneShift].at(place).Slot = models.None
}

func (q *sfq) pop(sim.Time) (Entry, bool) {
	best := -1
	var least int64
	for i := range q.lanes {
		l := &q.lanes[i]
		if l.len() == 0 {
			continue
		}
		head := l.front()
		if head.Slot == models.None {
			return l.popFront().Entry, true
		}
		if start := max(head.tag, l.finish); best < 0 || start < least {
			best, least = i, start
		}
	}
	if best < 0 {
		return Entry{}, false
	}
	l := &q.lanes[best]
	head := l.popFront()
	q.waiting--
	q.serving++
	q.virtual = least
	l.finish = least + int64(math.Floor(float64(head.cost)/l.weight+0.5))
	q.last = max(q.last, l.finish)
	return head.Entry, true
}

func (q *sfq) ended(sim.Time, uint64, sim.Time) { q.serving-- }

func (q *sfq) reconfigure(s *Spec) {
	weights := q.env.weights(s)
	if q.lanes == nil {
		q.lanes = make([]sfqLane, len(weights))
	}
	for i, w := range weights {
		q.lanes[i].weight = w
	}
}
