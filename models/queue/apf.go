package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// apf is Kubernetes API Priority and Fairness with a seat for each server. There is
// one priority level, or several among which the tiers are divided, that lend seats to
// each other: see levels. Each has its own fairQueues, in which the flow is the user or
// the tier. A request that finds its queue full while its level has no free seat is
// refused.
type apf struct {
	env    Env
	levels levels
	flows  []uint64 // hashes of the tiers
	gone   ring[Entry]
	byUser bool
	source bool // services are assumed to take 3 ms
}

// assumedService is the estimate of service time in k8s.io/apiserver.
const assumedService = 3 * sim.Millisecond

func newAPF(env Env, s *Spec) *apf {
	q := &apf{env: env, levels: newLevels(env, s)}
	for _, t := range env.Tiers {
		q.flows = append(q.flows, rng.Purpose(t))
	}
	return q
}

// A place is that of a request in its level, and above it the level.
const levelShift = 32

func (q *apf) at(place uint64) (l *level, in int32) {
	return &q.levels.list[place>>levelShift], int32(place & (1<<levelShift - 1))
}

func (q *apf) push(now sim.Time, e Entry, a *models.Attempt) (uint64, bool) {
	if e.Slot == models.None {
		q.gone.push(e)
		return 0, true
	}
	q.levels.advance(now)
	s := ask{hash: flowOf(a), seats: q.env.width(a), assumed: assumedService}
	if !q.byUser {
		s.hash = q.flows[a.Tier]
	}
	if !q.source {
		s.assumed = q.env.cost(a)
	}
	n := q.levels.of(a.Tier)
	l := &q.levels.list[n]
	place, ok := l.fair.join(now, s)
	if !ok {
		return 0, false
	}
	q.levels.note(now, l)
	l.fair.requests[place].entry = e
	return uint64(n)<<levelShift | uint64(place), true
}

func (q *apf) leave(now sim.Time, place uint64) {
	q.levels.advance(now)
	l, in := q.at(place)
	l.fair.leave(now, in)
	q.levels.note(now, l)
}

// pop takes from the first level that has a seat free and somebody waiting. A server
// for which there is none stays idle.
func (q *apf) pop(now sim.Time) (Entry, bool) {
	if q.gone.len() > 0 {
		return q.gone.popFront(), true
	}
	q.levels.advance(now)
	for i := range q.levels.list {
		l := &q.levels.list[i]
		if f := &l.fair; f.dropped.len() > 0 {
			place := f.dropped.popFront()
			e := f.requests[place].entry
			e.Slot = models.None
			f.vacant = append(f.vacant, place)
			return e, true
		}
		if place, ok := l.fair.dispatch(now); ok {
			return l.fair.requests[place].entry, true
		}
	}
	return Entry{}, false
}

func (q *apf) ended(now sim.Time, place uint64, took sim.Time) {
	q.levels.advance(now)
	l, in := q.at(place)
	l.fair.finish(now, in, took)
	q.levels.note(now, l)
}

// takes reports whether an attempt that joined now would be taken at once.
func (q *apf) takes(now sim.Time, a *models.Attempt) bool {
	q.levels.advance(now)
	f := &q.levels.list[q.levels.of(a.Tier)].fair
	return f.waiting == 0 && f.inUse+q.env.width(a) <= f.seats
}

// due is when a level may have more seats.
func (q *apf) due() sim.Time { return q.levels.next }

func (q *apf) reconfigure(s *Spec) {
	q.byUser, q.source = s.Flow == "user", s.Preset == "source"
	q.levels.configure(s)
}
