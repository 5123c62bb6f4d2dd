package launch

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A copies is the record of a try of which several copies may be under way. Only
// requests of clients that send copies have one; it is recycled when the try ends.
//
// A hedge's copies are all live until the first answer, and then cancelled. A
// resubmission takes the place of the one before, which goes on as an orphan: it
// counts as an attempt, and its request does without it.
type copies struct {
	slots  [client.MaxCopies + 1]models.Slot // live
	n      uint8                             // of slots
	sent   uint8                             // copies, the first not counted
	hedged bool
	stage  int8 // guard that puts the next copy off; -1: none does
	timer  sim.Timer
}

// expectCopies gives an attempt that is about to leave its record.
func (r *Run) expectCopies(now sim.Time, slot models.Slot, c *client.Client, hedged bool) {
	var i int32
	if n := len(r.vacant); n > 0 {
		i = r.vacant[n-1]
		r.vacant = r.vacant[:n-1]
	} else {
		i = int32(len(r.copies))
		r.copies = append(r.copies, copies{})
	}
	a := &r.attempts[slot]
	a.Copies = i + 1
	r.copies[i] = copies{n: 1, hedged: hedged, stage: -1}
	r.copies[i].slots[0] = slot
	r.awaitCopy(now, i, c.CopyAfter(a, 1))
}

// awaitCopy sets the timer of the next copy.
func (r *Run) awaitCopy(now sim.Time, i int32, after sim.Time) {
	g := &r.copies[i]
	if g.timer != 0 {
		r.k.Cancel(g.timer)
		g.timer = 0
	}
	if after < r.end-now {
		g.timer = r.k.Timer(now+after, sim.Event{Actor: r.actor, Kind: evCopy, Priority: models.PriorityArrival, Arg: uint32(i)})
	}
}

// copyKey is what a copy draws that its request does not.
func copyKey(a *models.Attempt) rng.Key { return a.Request.Child(uint64(a.Try) + uint64(a.Copy)<<32) }

// sendCopy sends a copy of an attempt, which is live or has just ended, if the
// guards of its client, and the part of policies that is there, let it go; it reports whether it did, and then the record
// may be gone. What they hold back is the last that is asked for in this try.
func (r *Run) sendCopy(now sim.Time, i int32, of models.Slot) bool {
	g := &r.copies[i]
	r.copied = r.attempts[of] // for the table of attempts may move
	a := &r.copied
	a.Pool = uint8(r.classes[a.Class].pool) // wherever a policy sent the one before
	c := r.client(a)
	most, hedged := c.Copies()
	if hedged != g.hedged || int(g.sent) >= most {
		return false // its client has changed
	}
	ok := c.AllowCopy(now, a, int(g.stage))
	throttled := ok.OK && ok.Wait == 0 && r.chain.Throttles(a, now)
	if throttled {
		c.Ended(now, a, models.Cancelled, 0)
	}
	switch {
	case !ok.OK || throttled:
		r.rec.Suppressed(a)
		g.sent = client.MaxCopies
		return false
	case ok.Wait > 0:
		g.stage = int8(ok.At)
		r.awaitCopy(now, i, ok.Wait)
		return false
	}
	g.sent++
	g.stage = -1
	slot := r.take()
	r.attempts[slot] = models.Attempt{Request: a.Request, First: a.First, Arrived: now, Admitted: now, User: a.User, Server: -1, Quality: 1, Row: a.Row,
		Try: a.Try, Visit: a.Visit, Step: a.Step, Copy: g.sent, Paid: ok.Paid, Copies: i + 1,
		Tier: a.Tier, Class: a.Class, Pool: a.Pool, Priority: r.priority[a.Tier]}
	if !g.hedged {
		r.orphan(now, g.slots[0])
		g.n = 0
	}
	g.slots[g.n] = slot
	g.n++
	after := sim.Never
	if int(g.sent) < most {
		after = c.CopyAfter(a, int(g.sent)+1)
	}
	r.awaitCopy(now, i, after)
	r.arrive(now, slot)
	return true
}

// counted reports whether the request of a live attempt is counted by it.
func (r *Run) counted(a *models.Attempt, slot models.Slot) bool {
	return !a.Orphan && (a.Copies == 0 || r.copies[a.Copies-1].slots[0] == slot)
}

// goesOn is the end of an attempt with a record that came to nothing. It reports
// whether its request goes on without it: with other copies, or with one that goes
// out at once because the failure is not final (gRPC A6).
func (r *Run) goesOn(now sim.Time, slot models.Slot, o models.Outcome, status models.Status) bool {
	i := r.attempts[slot].Copies - 1
	g := &r.copies[i]
	left := o == models.Abandoned || status == models.ClientClosed
	switch {
	case left && r.inService(g, slot):
		// Who is being served stays, whatever becomes of the copies in the queue.
		r.remove(g, slot)
		return true
	case !left && g.hedged && status != models.Forbidden:
		r.remove(g, slot)
		if r.sendCopy(now, i, slot) || r.copies[i].n > 0 {
			return true
		}
	}
	a := &r.attempts[slot]
	r.dismiss(now, r.forget(a, slot))
	return false
}

// inService reports whether a server works on another copy.
func (r *Run) inService(g *copies, but models.Slot) bool {
	for _, s := range g.slots[:g.n] {
		if s != but && r.attempts[s].Server >= 0 {
			return true
		}
	}
	return false
}

func (r *Run) remove(g *copies, slot models.Slot) {
	for k, s := range g.slots[:g.n] {
		if s == slot {
			g.n--
			copy(g.slots[k:g.n], g.slots[k+1:g.n+1])
			return
		}
	}
}

// forget takes an attempt that has ended out of its record, and returns the
// record; -1 if it has none.
func (r *Run) forget(a *models.Attempt, slot models.Slot) int32 {
	i := a.Copies - 1
	if i >= 0 {
		r.remove(&r.copies[i], slot)
		a.Copies = 0
	}
	return i
}

// dismiss ends a record: what is still live of it is cancelled.
func (r *Run) dismiss(now sim.Time, i int32) {
	if i < 0 {
		return
	}
	g := r.copies[i]
	if g.timer != 0 {
		r.k.Cancel(g.timer)
	}
	r.vacant = append(r.vacant, i)
	freed := uint64(0) // pools
	for _, slot := range g.slots[:g.n] {
		if r.withdraw(now, slot) {
			freed |= 1 << r.attempts[slot].Pool
		}
	}
	for q := range r.pools {
		if freed&(1<<q) != 0 {
			r.pools[q].pull(now)
		}
	}
}

// withdraw cancels a live attempt, and reports whether a server is free by it. One
// that cannot be found any more goes on as an orphan: the service has put it aside,
// or its node went down at this instant.
func (r *Run) withdraw(now sim.Time, slot models.Slot) (freed bool) {
	a := &r.attempts[slot]
	a.Copies = 0
	q := &r.pools[a.Pool]
	switch {
	case a.Server >= 0:
		had, ok := q.gpu.Cancel(now, slot, a.Server)
		if !ok {
			a.Orphan = true
			return false
		}
		q.queue.Ended(now, slot, a, now-a.Started)
		r.rec.Released(now, a)
		if !q.shared {
			had = now - a.Started
		}
		r.rec.Wasted(a, had)
		freed = true
	case a.Line != 0 && a.Place == putAside:
		a.Orphan = true
		return false
	case a.Line != 0:
		r.unkeep(now, slot)
	default:
		q.leave(now, slot)
		r.rec.Left(now, a)
	}
	if a.Timer != 0 {
		r.k.Cancel(a.Timer)
		a.Timer = 0
	}
	r.ended(now, slot, models.Cancelled, 0)
	r.free = append(r.free, slot)
	return freed
}

// orphan lets a live attempt go on that nobody waits for any more.
func (r *Run) orphan(now sim.Time, slot models.Slot) {
	a := &r.attempts[slot]
	a.Copies, a.Orphan = 0, true
	if a.Timer == 0 {
		return
	}
	r.k.Cancel(a.Timer)
	a.Timer = 0
	a.Patience = sim.Never
	if a.Line == 0 && a.MaxWait != sim.Never {
		r.watch(now, slot, a.Admitted+a.MaxWait-now)
	}
}
