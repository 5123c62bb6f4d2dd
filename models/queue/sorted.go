package queue

import "github.com/launchday-sim/launchday/models"

// A slab keeps entries at places that do not move.
type slab struct {
	entries []Entry
	vacant  []int32
}

func (s *slab) put(e Entry) int32 {
	if n := len(s.vacant); n > 0 {
		i := s.vacant[n-1]
		s.vacant = s.vacant[:n-1]
		s.entries[i] = e
		return i
	}
	s.entries = append(s.entries, e)
	return int32(len(s.entries) - 1)
}

func (s *slab) take(i int32) Entry {
	s.vacant = append(s.vacant, i)
	return s.entries[i]
}

func (s *slab) leave(place uint64) { s.entries[place].Slot = models.None }

// A sorted is a binary heap of entries by a key that is fixed when they join; the
// least is taken first, and of equal ones the first that joined. Joining and being
// taken cost O(log n), leaving O(1).
type sorted struct {
	slab
	heap []ranked
	seq  uint64
}

type ranked struct {
	key int64
	seq uint64
	at  int32
}

func (r ranked) before(o ranked) bool { return r.key < o.key || r.key == o.key && r.seq < o.seq }

func (s *sorted) add(key int64, e Entry) uint64 {
	x := ranked{key, s.seq, s.put(e)}
	s.seq++
	s.heap = append(s.heap, x)
	i := len(s.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !x.before(s.heap[up]) {
			break
		}
		s.heap[i] = s.heap[up]
		i = up
	}
	s.heap[i] = x
	return uint64(x.at)
}

func (s *sorted) least() (Entry, bool) {
	if len(s.heap) == 0 {
		return Entry{}, false
	}
	first := s.heap[0]
	n := len(s.heap) - 1
	x := s.heap[n]
	s.heap = s.heap[:n]
	if n > 0 {
		i := 0
		for {
			down := 2*i + 1
			if down >= n {
				break
			}
			if down+1 < n && s.heap[down+1].before(s.heap[down]) {
				down++
			}
			if !s.heap[down].before(x) {
				break
			}
			s.heap[i] = s.heap[down]
			i = down
		}
		s.heap[i] = x
	}
	return s.take(first.at), true
}
