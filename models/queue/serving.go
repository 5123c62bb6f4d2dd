package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// serving is who is served under a discipline that pre-empts: a binary heap with the
// one on top who is displaced first, and the place of each slot in it.
type serving struct {
	heap []served
	at   []int32 // by slot, from 1; 0: not served
	seq  uint64
}

type served struct {
	rank int64
	seq  uint64
	slot models.Slot
}

// before reports whether x is displaced before y: the greatest rank, and of equal
// ones the one that was started last.
func (x served) before(y served) bool { return x.rank > y.rank || x.rank == y.rank && x.seq > y.seq }

func (s *serving) set(i int, x served) {
	s.heap[i] = x
	s.at[x.slot] = int32(i + 1)
}

func (s *serving) add(slot models.Slot, rank int64) {
	for len(s.at) <= int(slot) {
		s.at = append(s.at, 0)
	}
	s.heap = append(s.heap, served{})
	s.seq++
	s.sift(len(s.heap)-1, served{rank, s.seq, slot})
}

func (s *serving) remove(slot models.Slot) {
	if int(slot) >= len(s.at) || s.at[slot] == 0 {
		return
	}
	i, n := int(s.at[slot]-1), len(s.heap)-1
	s.at[slot] = 0
	last := s.heap[n]
	s.heap = s.heap[:n]
	if i < n {
		s.sift(i, last)
	}
}

func (s *serving) clear() {
	for _, x := range s.heap {
		s.at[x.slot] = 0
	}
	s.heap = s.heap[:0]
}

// sift puts x in its place, from the hole at i.
func (s *serving) sift(i int, x served) {
	for i > 0 && x.before(s.heap[(i-1)/2]) {
		s.set(i, s.heap[(i-1)/2])
		i = (i - 1) / 2
	}
	for {
		c := 2*i + 1
		if c >= len(s.heap) {
			break
		}
		if c+1 < len(s.heap) && s.heap[c+1].before(s.heap[c]) {
			c++
		}
		if !s.heap[c].before(x) {
			break
		}
		s.set(i, s.heap[c])
		i = c
	}
	s.set(i, x)
}

// Preempts reports whether an arrival may take the server of another.
func (q *Queue) Preempts() bool { return q.preempt != nil }

// Serving tells a discipline that pre-empts that a service begins, and how long it
// will take.
func (q *Queue) Serving(now sim.Time, slot models.Slot, a *models.Attempt, service sim.Time) {
	q.serving.add(slot, q.preempt.rank(now, a, service))
}

// Unserve forgets a service that Serving told of.
func (q *Queue) Unserve(slot models.Slot) { q.serving.remove(slot) }

// Displaced is the attempt in service whose server an arrival takes, and whether
// there is any. The service is what the arrival needs.
func (q *Queue) Displaced(now sim.Time, a *models.Attempt, service sim.Time) (models.Slot, bool) {
	if len(q.serving.heap) == 0 || q.preempt.rank(now, a, service) >= q.serving.heap[0].rank {
		return models.None, false
	}
	return q.serving.heap[0].slot, true
}

// Rejoin lets an attempt wait again that was displaced, or that has lost its server; where
// nobody is displaced it joins as one that comes now. No limit drops it; only a
// discipline whose own queues are full refuses it, which is reported.
func (q *Queue) Rejoin(now sim.Time, slot models.Slot, a *models.Attempt) bool {
	ok := true
	if q.preempt != nil {
		q.serving.remove(slot)
		a.Place = q.preempt.rejoin(now, entryOf(a.Admitted, slot, a), a)
	} else if a.Place, ok = q.d.push(now, entryOf(now, slot, a), a); !ok {
		return false
	}
	q.waiting++
	if q.ages != nil {
		q.ages.add(slot, a.Priority, a.Place)
	}
	return true
}
