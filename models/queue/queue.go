// Package queue holds the attempts that wait for a server and says who is
// served next.
//
// A queue is a few lanes, one or one for each priority. A lane is a ring: FIFO
// takes from its front, LIFO from its back. Joining, leaving and being taken
// cost O(1) and allocate nothing once the rings have grown.
//
// An attempt whose user leaves stays in its lane as a ghost until its turn
// would have come. That moment tells the offered wait, what an arrival of
// infinite patience would have waited in its place, and the ghost is dropped.
//
//	q, err := queue.New(queue.Spec{Discipline: "fifo"})
//	q.Push(slot, &attempt)      // joins
//	q.Leave(&attempt)           // its user gives up
//	for e, ok := q.Pop(); ok; e, ok = q.Pop() {
//		if e.Slot == models.None {
//			continue // a ghost: it would have waited now - e.Joined
//		}
//		// serve e.Slot
//	}
package queue

import (
	"fmt"
	"sort"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// A Spec is the queue of a pool as a scenario writes it.
type Spec struct {
	Discipline string `yaml:"discipline" default:"fifo" enum:"fifo,lifo,priority" doc:"Who is served next: the one who came first (fifo), the one who came last (lifo), or strictly by the tier's priority and fifo within it, without pre-emption (priority)."`
}

// An Entry is a place in a queue.
type Entry struct {
	Joined   sim.Time    // when the attempt joined
	Slot     models.Slot // models.None: its user has left
	Tier     models.Tier
	Class    models.Class
	priority uint8
}

// A Queue holds waiting attempts in the order of one discipline.
type Queue struct {
	lanes      []ring
	lifo       bool
	byPriority bool
	waiting    int
}

// New returns an empty queue, or an error that names the unknown discipline.
func New(spec Spec) (*Queue, error) {
	q := &Queue{lanes: make([]ring, 1)}
	if err := q.set(spec); err != nil {
		return nil, err
	}
	return q, nil
}

func (q *Queue) set(spec Spec) error {
	switch spec.Discipline {
	case "fifo", "lifo", "priority":
		q.lifo = spec.Discipline == "lifo"
		q.byPriority = spec.Discipline == "priority"
		return nil
	}
	return fmt.Errorf("discipline: %q is not one of fifo, lifo, priority", spec.Discipline)
}

// Len is the number of attempts that wait; ghosts do not count.
func (q *Queue) Len() int { return q.waiting }

// Push lets an attempt join. It sets the attempt's Place.
func (q *Queue) Push(slot models.Slot, a *models.Attempt) {
	q.waiting++
	a.Place = q.push(Entry{Joined: a.Admitted, Slot: slot, Tier: a.Tier, Class: a.Class, priority: a.Priority})
}

func (q *Queue) push(e Entry) uint64 { return q.lane(e.priority).push(e) }

func (q *Queue) lane(priority uint8) *ring {
	n := 0
	if q.byPriority {
		n = int(priority)
	}
	for len(q.lanes) <= n {
		q.lanes = append(q.lanes, ring{})
	}
	return &q.lanes[n]
}

// Leave turns the place of a waiting attempt into a ghost.
func (q *Queue) Leave(a *models.Attempt) {
	q.waiting--
	q.lane(a.Priority).at(a.Place).Slot = models.None
}

// Pop takes the entry whose turn it is, ghost or not; false if there is none.
func (q *Queue) Pop() (Entry, bool) {
	for i := range q.lanes {
		l := &q.lanes[i]
		if l.head == l.tail {
			continue
		}
		var e Entry
		if q.lifo {
			l.tail--
			e = *l.at(l.tail)
		} else {
			e = *l.at(l.head)
			l.head++
		}
		if e.Slot != models.None {
			q.waiting--
		}
		return e, true
	}
	return Entry{}, false
}

// Reconfigure changes the discipline and keeps everyone who waits. The table of
// attempts is needed because their places move.
func (q *Queue) Reconfigure(spec Spec, attempt func(models.Slot) *models.Attempt) error {
	before := q.byPriority
	if err := q.set(spec); err != nil {
		return err
	}
	if before == q.byPriority {
		return nil
	}
	var all []Entry
	for i := range q.lanes {
		l := &q.lanes[i]
		for ; l.head != l.tail; l.head++ {
			all = append(all, *l.at(l.head))
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Joined < all[j].Joined })
	for _, e := range all {
		place := q.push(e)
		if e.Slot != models.None {
			attempt(e.Slot).Place = place
		}
	}
	return nil
}

// A ring is a double-ended queue over a slice whose length is a power of two.
// Positions only grow at the back, so that a place stays valid while the entry
// is in the ring.
type ring struct {
	entries    []Entry
	head, tail uint64
}

func (r *ring) at(place uint64) *Entry { return &r.entries[place&uint64(len(r.entries)-1)] }

func (r *ring) push(e Entry) uint64 {
	if r.tail-r.head == uint64(len(r.entries)) {
		r.grow()
	}
	place := r.tail
	*r.at(place) = e
	r.tail++
	return place
}

func (r *ring) grow() {
	bigger := ring{entries: make([]Entry, max(16, 2*len(r.entries))), head: r.head, tail: r.tail}
	for p := r.head; p != r.tail; p++ {
		*bigger.at(p) = *r.at(p)
	}
	*r = bigger
}
