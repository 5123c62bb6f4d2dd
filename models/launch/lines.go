package launch

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A line holds the attempts that one policy keeps before what comes next. Those
// whose users wait are attempts as in a queue; those that are put aside cost
// 24 bytes each, for tens of millions may be. Nothing is done to all of them at an
// event, save when their policy is switched off and they all go on.
type line struct {
	queue *queue.Queue
	aside aside
}

// keep puts an attempt into the line of the policy that keeps it.
func (r *Run) keep(now sim.Time, slot models.Slot, v *models.Verdict) {
	a := &r.attempts[slot]
	decide(a, v)
	i := int(a.Line) - 1
	l := &r.lines[i]
	a.Admitted = now
	r.rec.Kept(now, a)
	if v.Kept == models.Aside {
		a.Patience, a.Place = sim.Never, putAside
		e, vacant := pack(slot, a, uint8(r.classes[a.Class].pool), r.chain.Told(i))
		l.aside.push(e)
		if vacant {
			r.free = append(r.free, slot)
		}
	} else {
		if l.queue == nil {
			l.queue = r.newLine(i)
		}
		r.setPatience(a)
		l.queue.Push(now, slot, a)
		r.watch(now, slot, a.Patience)
	}
	r.chain.Joined(i)
}

// Forget lets no attempt tell a link of its end that ceases to act.
func (r *Run) Forget(told uint64) {
	for s := range r.attempts {
		r.attempts[s].Told &^= told
	}
}

// newLine makes the line of those whom link i keeps waiting.
func (r *Run) newLine(i int) *queue.Queue {
	q, err := queue.New(queue.Spec{Discipline: r.chain.Discipline(i)}, queue.Env{Pool: "policies/" + r.now.Policies[i].Name, Seed: r.opts.Seed, Replication: r.opts.Replication})
	if err != nil {
		panic("launch: the line of policy " + r.now.Policies[i].Name + ": " + err.Error())
	}
	return q
}

// setLines takes over new disciplines of lines; who is in line stays there.
func (r *Run) setLines(now sim.Time) error {
	for i := range r.lines {
		q := r.lines[i].queue
		if q == nil || !r.now.Policies[i].Enabled {
			continue
		}
		if err := q.Reconfigure(now, queue.Spec{Discipline: r.chain.Discipline(i)}, func(s models.Slot) *models.Attempt { return &r.attempts[s] }); err != nil {
			return err
		}
	}
	return nil
}

// setPatience draws the patience of an attempt that begins to wait; one that has
// waited before a policy keeps what is left of it.
func (r *Run) setPatience(a *models.Attempt) {
	if a.Patience == 0 {
		a.Patience = r.clients[int(a.Tier)*len(r.classes)+int(a.Class)].Patience(a.Request)
	}
}

// unkeep takes an attempt out of its line whose user leaves.
func (r *Run) unkeep(now sim.Time, slot models.Slot) {
	a := &r.attempts[slot]
	r.lines[a.Line-1].queue.Leave(now, slot, a)
	r.rec.Unkept(now, a)
}

// Kept is the number of attempts that link i of the chain keeps.
func (r *Run) Kept(i int) int {
	n := r.lines[i].aside.n
	if q := r.lines[i].queue; q != nil {
		n += q.Len()
	}
	return n
}

// GoOn lets n of the attempts that link i keeps go on behind it. What is left of
// the patience of a user who waits counts in the queue.
func (r *Run) GoOn(now sim.Time, i, n int) {
	l := &r.lines[i]
	for n > 0 {
		slot, waits := models.None, false
		if l.queue != nil {
			for slot == models.None {
				e, ok := l.queue.Pop(now)
				if !ok {
					break
				}
				slot, waits = e.Slot, true
			}
		}
		if slot == models.None {
			e, ok := l.aside.pop()
			if !ok {
				return
			}
			slot = r.unpack(e, i)
		}
		n--
		a := &r.attempts[slot]
		if a.Timer != 0 {
			r.k.Cancel(a.Timer)
			a.Timer = 0
		}
		if waits && a.Patience != sim.Never {
			a.Patience = max(1, a.Patience-(now-a.Admitted))
		}
		a.Admitted = now
		r.rec.WentOn(now, a)
		r.ask(now, slot)
	}
}

// asides calls f with the attempts that are put aside and have no slot.
func (r *Run) asides(f func(*models.Attempt)) {
	var a models.Attempt
	for i := range r.lines {
		l := &r.lines[i].aside
		for k := range l.n {
			if e := l.at(k); e.what&hasSlot == 0 {
				a.Arrived, a.First, a.Tier, a.Class = e.arrived, e.arrived, models.Tier(e.what>>16), models.Class(e.what>>8)
				f(&a)
			}
		}
	}
}

// A packed attempt is the first try of a request of which the chain has decided
// nothing yet; another keeps its slot, and so does one of a trace that brings its
// own service time.
type packed struct {
	request rng.Key
	arrived sim.Time
	user    models.User
	what    uint32 // tier, class and visit in a byte each; or hasSlot and the slot
}

const hasSlot = 1 << 31

// putAside is the Place of an attempt that is put aside.
const putAside = math.MaxUint64

// pack makes the entry of an attempt that is put aside by the link that keeper is
// told by, and whose class is served by the pool home, and reports whether its slot is free now.
func pack(slot models.Slot, a *models.Attempt, home uint8, keeper uint64) (packed, bool) {
	decided := a.Pool != home || a.Work != 0 || a.MaxWait != 0 || a.Quality != 1
	if a.Try > 1 || a.Told&^keeper != 0 || a.Step > 0 || a.Copy > 0 || a.Copies != 0 || a.Behind > 0 || a.First != a.Arrived || a.Row != 0 || decided {
		return packed{what: hasSlot | uint32(slot)}, false
	}
	return packed{a.Request, a.Arrived, a.User, uint32(a.Tier)<<16 | uint32(a.Class)<<8 | uint32(a.Visit)}, true
}

// unpack gives an attempt that was put aside by link i a slot again.
func (r *Run) unpack(e packed, i int) models.Slot {
	if e.what&hasSlot != 0 {
		return models.Slot(e.what &^ hasSlot)
	}
	slot := r.take()
	tier, class := models.Tier(e.what>>16), models.Class(e.what>>8)
	c := &r.classes[class]
	r.attempts[slot] = models.Attempt{Request: e.request, First: e.arrived, Arrived: e.arrived, Admitted: e.arrived, User: e.user, Server: -1, Quality: 1,
		Try: 1, Visit: uint8(e.what), Tier: tier, Class: class, Pool: uint8(c.pool), Priority: r.priority[tier], Patience: sim.Never,
		Service: r.Expected(class, c.pool), Line: uint16(i + 1), Passed: uint16(i + 1), Told: r.chain.Told(i)}
	return slot
}

// An aside is a first-in-first-out list of packed attempts, in chunks.
type aside struct {
	chunks []*[asideChunk]packed
	spare  *[asideChunk]packed
	first  int // of the first chunk, the place of the one that goes next
	n      int
}

const asideChunk = 4096

func (l *aside) at(i int) *packed {
	return &l.chunks[(l.first+i)/asideChunk][(l.first+i)%asideChunk]
}

func (l *aside) push(e packed) {
	if l.first+l.n == len(l.chunks)*asideChunk {
		c := l.spare
		if c == nil {
			c = new([asideChunk]packed)
		}
		l.spare = nil
		l.chunks = append(l.chunks, c)
	}
	*l.at(l.n) = e
	l.n++
}

func (l *aside) pop() (packed, bool) {
	if l.n == 0 {
		return packed{}, false
	}
	e := *l.at(0)
	l.first++
	l.n--
	if l.first == asideChunk {
		l.spare = l.chunks[0]
		l.chunks = append(l.chunks[:0], l.chunks[1:]...)
		l.first = 0
	}
	return e, true
}
