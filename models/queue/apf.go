package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// apf is one priority level of Kubernetes API Priority and Fairness with a seat for
// each server: see fairQueues. The flow is the user or the tier. A request that finds
// its queue full while no seat is free is refused.
type apf struct {
	env    Env
	fair   *fairQueues
	flows  []uint64 // hashes of the tiers
	gone   ring[Entry]
	byUser bool
	source bool // services are assumed to take 3 ms
}

// assumedService is the estimate of service time in k8s.io/apiserver.
const assumedService = 3 * sim.Millisecond

func newAPF(env Env, s *Spec) *apf {
	q := &apf{env: env, fair: newFairQueues(s.Queues, s.HandSize, s.QueueLengthLimit, env.seats())}
	for _, t := range env.Tiers {
		q.flows = append(q.flows, rng.Purpose(t))
	}
	return q
}

func (q *apf) push(now sim.Time, e Entry, a *models.Attempt) (uint64, bool) {
	if e.Slot == models.None {
		q.gone.push(e)
		return 0, true
	}
	q.fair.setSeats(now, q.env.seats())
	s := ask{hash: flowOf(a), seats: q.env.width(a), assumed: assumedService}
	if !q.byUser {
		s.hash = q.flows[a.Tier]
	}
	if !q.source {
		s.assumed = q.env.cost(a)
	}
	place, ok := q.fair.join(now, s)
	if !ok {
		return 0, false
	}
	q.fair.requests[place].entry = e
	return uint64(place), true
}

func (q *apf) leave(now sim.Time, place uint64) { q.fair.leave(now, int32(place)) }

func (q *apf) pop(now sim.Time) (Entry, bool) {
	if q.gone.len() > 0 {
		return q.gone.popFront(), true
	}
	if f := q.fair; f.dropped.len() > 0 {
		place := f.dropped.popFront()
		e := f.requests[place].entry
		e.Slot = models.None
		f.vacant = append(f.vacant, place)
		return e, true
	}
	q.fair.setSeats(now, q.env.seats())
	place, ok := q.fair.dispatch(now)
	if !ok {
		return Entry{}, false
	}
	return q.fair.requests[place].entry, true
}

func (q *apf) ended(now sim.Time, place uint64, took sim.Time) {
	q.fair.finish(now, int32(place), took)
}

func (q *apf) reconfigure(s *Spec) {
	q.byUser, q.source = s.Flow == "user", s.Preset == "source"
	q.fair.length = s.QueueLengthLimit
}
