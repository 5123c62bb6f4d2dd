package queue

import (
	"sort"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// An Entry is a place in a queue.
type Entry struct {
	Joined   sim.Time    // when the attempt joined
	Slot     models.Slot // models.None: its user has left
	Tier     models.Tier
	Class    models.Class
	priority uint8
}

// A discipline says who of those who wait is next.
type discipline interface {
	// push lets an attempt join and returns its place; false: it is refused. A ghost
	// joins with an attempt that holds nothing but what an Entry does.
	push(now sim.Time, e Entry, a *models.Attempt) (place uint64, ok bool)
	// leave makes a ghost of a place.
	leave(now sim.Time, place uint64)
	// pop takes the one whose turn it is, ghost or not.
	pop(now sim.Time) (Entry, bool)
	// reconfigure takes over new parameters. Those who wait keep the keys that they
	// were given.
	reconfigure(s *Spec)
}

// An accountant is a discipline that must see everyone who is served, those among
// them who need not wait, and be told how long the service took; 0 if it was not
// served after all.
type accountant interface {
	discipline
	ended(now sim.Time, place uint64, took sim.Time)
}

// A preemptor is a discipline in which an arrival may take the server of an attempt
// in service.
type preemptor interface {
	discipline
	// rejoin lets one who was displaced join again.
	rejoin(now sim.Time, e Entry, a *models.Attempt) (place uint64)
	// rank is what is displaced first, the greatest, of an attempt whose service
	// begins now.
	rank(now sim.Time, a *models.Attempt, service sim.Time) int64
}

// A Queue holds waiting attempts in the order of one discipline.
type Queue struct {
	env     Env
	spec    Spec
	d       discipline
	waiting int
	since   sim.Time // of the discipline
	account accountant
	preempt preemptor
	serving serving
	limit   int   // 0: none
	ages    *ages // nil: whom to drop is known without
}

// New returns an empty queue. An error begins with the field that is wrong.
func New(spec Spec, env Env) (*Queue, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	q := &Queue{env: env}
	q.set(0, spec)
	return q, nil
}

// set makes a discipline, or gives new parameters to the one that there is.
func (q *Queue) set(now sim.Time, spec Spec) {
	if q.d == nil || spec.shape() != q.spec.shape() {
		q.d = q.make(&spec)
		q.since = now
		q.account, _ = q.d.(accountant)
		q.preempt, _ = q.d.(preemptor)
		q.serving.clear()
	}
	q.d.reconfigure(&spec)
	q.spec = spec
	q.limit = count(spec.Limit)
	if q.ages == nil && q.limit > 0 && spec.Drop != "tail" {
		q.ages = new(ages)
	} else if q.limit == 0 || spec.Drop == "tail" {
		q.ages = nil
	}
}

// A shape is what cannot change in a discipline that has begun.
type shape struct {
	discipline, flow              string
	tenants, queues, hand, levels int
}

func (s *Spec) shape() shape {
	switch s.Discipline {
	case "vtc":
		return shape{s.Discipline, s.Flow, s.Tenants, 0, 0, 0}
	case "apf":
		return shape{s.Discipline, "", 0, s.Queues, s.HandSize, len(s.Levels)}
	}
	return shape{discipline: s.Discipline}
}

func (q *Queue) make(s *Spec) discipline {
	switch s.Discipline {
	case "lifo":
		return new(lifo)
	case "random":
		return newRandom(q.env)
	case "adaptive-lifo":
		return new(adaptiveLIFO)
	case "priority":
		return new(priority)
	case "priority-preemptive":
		return new(priorityPreemptive)
	case "drr":
		return &drr{env: q.env}
	case "sfq":
		return &sfq{env: q.env}
	case "apf":
		return newAPF(q.env, s)
	case "vtc":
		return newVTC(q.env, s)
	case "edf":
		return &edf{env: q.env}
	case "sjf":
		return newSJF(q.env)
	case "srpt":
		return new(srpt)
	}
	return new(fifo) // before a pool that is shared, too
}

// Len is the number of attempts that wait; ghosts do not count.
func (q *Queue) Len() int { return q.waiting }

// Accounts reports whether the discipline must see those who need not wait, too.
func (q *Queue) Accounts() bool { return q.account != nil }

// Shared reports whether the pool works on all attempts at once, and on how many at
// most; 0 is on any number.
func (q *Queue) Shared() (most int, shared bool) {
	return count(q.spec.Sharing), q.spec.Discipline == "processor-sharing"
}

// The causes for which a queue drops attempts, as the names of its refusals end.
const (
	DropTail   = "drop-tail"
	DropHead   = "drop-head"
	DropLowest = "drop-lowest"
	QueueFull  = "queue-full" // apf
)

// Causes are those for which a queue of this spec may drop anybody, now or after a
// change.
func (s *Spec) Causes() []string {
	var list []string
	if s.Limit > 0 {
		list = append(list, DropTail, DropHead, DropLowest)
	}
	if s.Discipline == "apf" {
		list = append(list, QueueFull)
	}
	return list
}

// Push lets an attempt join, and sets its Place. Where that is one too many, somebody
// is dropped: the one that is returned, who may be the attempt itself, for the cause
// given. Otherwise dropped is models.None.
func (q *Queue) Push(now sim.Time, slot models.Slot, a *models.Attempt) (dropped models.Slot, cause string) {
	dropped = models.None
	if q.limit > 0 && q.waiting >= q.limit && !q.Takes(now, a) {
		if dropped, cause = q.victim(a); dropped == models.None {
			return slot, cause
		}
		q.gone(now, dropped, q.ages.nodes[dropped].place)
	}
	place, ok := q.d.push(now, entryOf(now, slot, a), a)
	if !ok {
		return slot, QueueFull
	}
	a.Place = place
	q.waiting++
	if q.ages != nil {
		q.ages.add(slot, a.Priority, place)
	}
	return dropped, cause
}

// victim is who makes room for an arrival, models.None for itself, and the cause.
func (q *Queue) victim(a *models.Attempt) (models.Slot, string) {
	switch q.spec.Drop {
	case "head":
		return q.ages.oldest(), DropHead
	case "lowest":
		return q.ages.lowest(a.Priority), DropLowest
	}
	return models.None, DropTail
}

func entryOf(joined sim.Time, slot models.Slot, a *models.Attempt) Entry {
	return Entry{Joined: joined, Slot: slot, Tier: a.Tier, Class: a.Class, priority: a.Priority}
}

// Leave turns the place of a waiting attempt into a ghost.
func (q *Queue) Leave(now sim.Time, slot models.Slot, a *models.Attempt) { q.gone(now, slot, a.Place) }

func (q *Queue) gone(now sim.Time, slot models.Slot, place uint64) {
	q.waiting--
	q.d.leave(now, place)
	if q.ages != nil {
		q.ages.remove(slot)
	}
}

// Pop takes the entry whose turn it is, ghost or not; false if there is none.
func (q *Queue) Pop(now sim.Time) (Entry, bool) {
	e, ok := q.d.pop(now)
	if ok && e.Slot != models.None {
		q.waiting--
		if q.ages != nil {
			q.ages.remove(e.Slot)
		}
	}
	return e, ok
}

// Ended tells a discipline that accounts, or pre-empts, that the service of an attempt
// it gave out has ended, one way or another.
func (q *Queue) Ended(now sim.Time, slot models.Slot, a *models.Attempt, took sim.Time) {
	if q.account != nil || q.preempt != nil {
		q.ended(now, slot, a, took)
	}
}

func (q *Queue) ended(now sim.Time, slot models.Slot, a *models.Attempt, took sim.Time) {
	if q.account != nil && a.Started >= q.since {
		q.account.ended(now, a.Place, took)
	}
	if q.preempt != nil {
		q.serving.remove(slot)
	}
}

// Reconfigure changes the discipline or its parameters and keeps everyone who waits;
// where the discipline changes, in the order in which they joined. The table of
// attempts is needed because their places move.
func (q *Queue) Reconfigure(now sim.Time, spec Spec, attempt func(models.Slot) *models.Attempt) error {
	if err := spec.Check(); err != nil {
		return err
	}
	var all []Entry
	renewed := spec.shape() != q.spec.shape()
	listed := q.ages != nil
	if renewed || !listed && count(spec.Limit) > 0 && spec.Drop != "tail" {
		for e, ok := q.d.pop(now); ok; e, ok = q.d.pop(now) {
			all = append(all, e)
		}
		sort.SliceStable(all, func(i, j int) bool { return all[i].Joined < all[j].Joined })
		q.d, q.ages = nil, nil
	}
	q.set(now, spec)
	for _, e := range all {
		ghost := models.Attempt{Arrived: e.Joined, Tier: e.Tier, Class: e.Class, Priority: e.priority}
		a := &ghost
		if e.Slot != models.None {
			a = attempt(e.Slot)
		}
		a.Place, _ = q.d.push(now, e, a)
		if q.ages != nil && e.Slot != models.None {
			q.ages.add(e.Slot, a.Priority, a.Place)
		}
	}
	return nil
}
