package queue

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// drr is deficit round robin over tiers: Shreedhar and Varghese, "Efficient fair
// queueing using deficit round robin", SIGCOMM 1995, section 4. When its turn comes
// a tier gains its quantum, and is served while its head costs no more than what it
// has; what is left is kept for its next turn, and lost when its lane empties.
//
// The cost of an attempt is the mean service of its class, which is what a gateway
// can predict. Quanta are in proportion to the weights.
type drr struct {
	env     Env
	lanes   []drrLane // by tier
	turns   ring[uint8]
	fresh   bool     // the first of turns has not had its quantum
	largest sim.Time // cost so far
	quantum sim.Time // of the tier of least weight; 0: the largest cost
}

type drrLane struct {
	ring[costed]
	weight  float64 // over the least weight
	deficit float64 // ns
	active  bool    // it is among the turns
}

// A costed entry knows what it will be charged.
type costed struct {
	Entry
	cost sim.Time
	tag  int64 // sfq: virtual time of arrival
}

// thinnestQuantum is the least share of the largest cost that a quantum counts for,
// so that a turn is found within so many rounds.
const thinnestQuantum = 1000

func (q *drr) push(_ sim.Time, e Entry, a *models.Attempt) (uint64, bool) {
	cost := q.env.cost(a)
	q.largest = max(q.largest, cost)
	l := &q.lanes[e.Tier]
	at := l.ring.push(costed{Entry: e, cost: cost})
	if !l.active {
		l.active = true
		if q.turns.len() == 0 {
			q.fresh = true
		}
		q.turns.push(uint8(e.Tier))
	}
	return placeIn(uint8(e.Tier), at), true
}

func (q *drr) leave(_ sim.Time, place uint64) {
	q.lanes[place>>laneShift].at(place).Slot = models.None
}

func (q *drr) pop(sim.Time) (Entry, bool) {
	quantum := max(q.quantum, q.largest/thinnestQuantum, 1)
	if q.quantum == 0 {
		quantum = max(q.largest, 1)
	}
	for q.turns.len() > 0 {
		l := &q.lanes[*q.turns.front()]
		if l.len() == 0 {
			q.done(l)
			continue
		}
		head := l.front()
		if head.Slot == models.None {
			return l.popFront().Entry, true
		}
		if q.fresh {
			l.deficit = float64(float64(quantum)*l.weight) + l.deficit
			q.fresh = false
		}
		if cost := float64(head.cost); cost <= l.deficit {
			l.deficit -= cost
			e := l.popFront().Entry
			if l.len() == 0 {
				q.done(l)
			}
			return e, true
		}
		q.turns.push(q.turns.popFront())
		q.fresh = true
	}
	return Entry{}, false
}

// done ends the turn of a lane that is empty, and with it its claims.
func (q *drr) done(l *drrLane) {
	q.turns.popFront()
	l.active, l.deficit, q.fresh = false, 0, true
}

func (q *drr) reconfigure(s *Spec) {
	q.quantum = sim.Time(s.Quantum)
	weights := q.env.weights(s)
	least := math.Inf(1)
	for _, w := range weights {
		least = min(least, w)
	}
	if q.lanes == nil {
		q.lanes = make([]drrLane, len(weights))
	}
	for i, w := range weights {
		q.lanes[i].weight = w / least
	}
}
