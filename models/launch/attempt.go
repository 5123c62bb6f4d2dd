package launch

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// Request is a new request that a user makes now.
func (r *Run) Request(now sim.Time, key rng.Key, user models.User, tier models.Tier, class models.Class, row uint32) {
	r.try(now, parked{key: key, first: now, user: user, try: 1, tier: tier, class: class, row: row})
}

// client is the client of an attempt.
func (r *Run) client(a *models.Attempt) *client.Client {
	return r.clients[int(a.Tier)*len(r.classes)+int(a.Class)]
}

// try brings a request to the service: it is held back by its own user or his
// client, refused, kept before the queue, or let in.
func (r *Run) try(now sim.Time, p parked) {
	slot := r.take()
	a := &r.attempts[slot]
	*a = models.Attempt{Request: p.key, First: p.first, Arrived: now, Admitted: now, User: p.user, Server: -1, Quality: 1, Row: p.row,
		Try: p.try, Visit: p.visit, Step: p.step, Paid: p.paid, Tier: p.tier, Class: p.class, Pool: uint8(r.classes[p.class].pool), Priority: r.priority[p.tier]}
	if p.stage == wished {
		r.rec.Requested(a)
	}
	if p.stage < putOff && r.chain.Hold(a, now) {
		r.rec.Refrained(a)
		r.rec.GaveUp(a)
		r.demand.Ended(now, a.User)
		r.free = append(r.free, slot)
		return
	}
	c := r.client(a)
	switch ok := c.Allow(now, a, max(0, int(p.stage)-putOff)); {
	case !ok.OK:
		r.rec.Suppressed(a)
		r.follow(now, slot, c.ReactHeld(a, now))
		return
	case ok.Wait > 0:
		p.stage = uint8(putOff + ok.At)
		r.free = append(r.free, slot)
		r.rec.Retrying(now, p.tier, p.class, 1)
		r.park(now, ok.Wait, p)
		return
	}
	if r.chain.Throttles(a, now) {
		c.Ended(now, a, models.Cancelled, 0) // what its guards took for it they take back
		r.rec.Suppressed(a)
		r.follow(now, slot, c.ReactHeld(a, now))
		return
	}
	if most, hedged := c.Copies(); most > 0 {
		r.expectCopies(now, slot, c, hedged)
	}
	r.arrive(now, slot)
}

// arrive is the moment at which an attempt reaches the service.
func (r *Run) arrive(now sim.Time, slot models.Slot) {
	a := &r.attempts[slot]
	a.Service = r.Expected(a.Class, int(a.Pool))
	r.rec.Arrived(a, r.asks(a))
	for i := range r.classes[a.Class].then {
		s := &r.classes[a.Class].then[i]
		r.rec.Asked(a, s.pool, r.pools[s.pool].gpu.AtSpeed(s.expected))
	}
	r.ask(now, slot)
}

// ask asks the chain about an attempt, or that part of it which lies behind the
// policy that has kept it so far.
func (r *Run) ask(now sim.Time, slot models.Slot) {
	a := &r.attempts[slot]
	r.see(now, &r.pools[a.Pool])
	v := r.chain.Admit(a, &r.signals)
	switch {
	case v.Reason != 0:
		r.reject(now, slot, v.Reason, v.RetryAfter)
	case v.ShownWait > 0 && r.looks(a) && r.client(a).Declines(a, v.ShownWait):
		a.Line = 0
		r.reject(now, slot, r.balked, 0)
	case v.Kept != models.NotKept:
		r.keep(now, slot, &v)
	default:
		r.enter(now, slot, &v)
	}
}

// see fills in the signals of a pool.
func (r *Run) see(now sim.Time, q *pool) {
	r.signals = models.Signals{Now: now, Pool: q.n, Waiting: q.waiting(), Busy: q.gpu.Busy(), Capacity: q.gpu.Capacity() - q.gpu.Fluid(),
		LastWait: q.lastWait, Started: q.started, Completed: q.completed}
	if q.batches {
		r.signals.Capacity = r.signals.Busy + q.gpu.Free() // a place of a node without memory is none
	}
}

// See returns the signals of the pool that serves a class.
func (r *Run) See(class models.Class) models.Signals { return r.SeePool(r.classes[class].pool) }

// SeePool returns the signals of a pool. Those of an attempt being judged stay.
func (r *Run) SeePool(pool int) models.Signals {
	judged := r.signals
	r.see(r.k.Now(), &r.pools[pool])
	seen := r.signals
	r.signals = judged
	return seen
}

// Expected is how long a server of a pool is expected to need for a class.
func (r *Run) Expected(class models.Class, pool int) sim.Time {
	c, g := &r.classes[class], r.pools[pool].gpu
	switch chat, image := g.Models(); {
	case chat != nil:
		return c.tokens.expected(chat, g.Degraded(), g.Places())
	case image != nil:
		return c.images.expected(image, g.Degraded(), g.Places())
	}
	return g.AtSpeed(c.expected)
}

// asks is the server time that an attempt asks of its first pool, as far as that is known
// when it comes: what its row of a trace says, or what its class takes on average.
func (r *Run) asks(a *models.Attempt) sim.Time {
	if a.Row == 0 {
		return a.Service
	}
	c, g := &r.classes[a.Class], r.pools[a.Pool].gpu
	chat, image := g.Models()
	if chat != nil {
		if prompt, answer, ok := r.demand.Tokens(a.Row); ok {
			return c.tokens.expectedOf(chat, g.Degraded(), g.Places(), float64(prompt), float64(answer))
		}
	} else if t, ok := r.demand.Work(a.Row); ok && image == nil {
		return g.AtSpeed(t)
	}
	return a.Service
}

// reject ends an attempt that a policy or a queue refuses.
func (r *Run) reject(now sim.Time, slot models.Slot, reason models.Reason, retryAfter sim.Time) {
	r.ended(now, slot, models.Rejected, reason)
	r.react(now, slot, models.Rejected, r.reasons.Get(reason).Status, retryAfter)
}

// ended is the end of an attempt, whatever it is: it is recorded, and told to
// the policies that admitted it.
func (r *Run) ended(now sim.Time, slot models.Slot, o models.Outcome, reason models.Reason) {
	a := &r.attempts[slot]
	r.rec.Ended(now, a, o, reason)
	if a.Had > 0 && o != models.Completed {
		r.rec.Wasted(a, a.Had)
	}
	r.chain.Finish(a, o, now)
	status := models.Status(0)
	if reason != 0 {
		status = r.reasons.Get(reason).Status
	}
	if a.Orphan {
		o = models.Cancelled // what its client sees of it
	}
	r.client(a).Ended(now, a, o, status)
}

// enter brings an attempt that the chain has admitted to its pool.
func (r *Run) enter(now sim.Time, slot models.Slot, v *models.Verdict) {
	a := &r.attempts[slot]
	a.Admitted = now
	decide(a, v)
	if !v.Answered {
		r.spill(a)
	}
	q := &r.pools[a.Pool]
	if !v.Answered && q.gpu.Free() <= 0 && r.balks(now, a) {
		r.reject(now, slot, r.balked, 0)
		return
	}
	r.rec.Admitted(a)
	if v.Answered {
		r.complete(now, slot)
		return
	}
	r.rec.Joined(a)
	a.Service = r.service(a)
	a.Service = shortened(a.Service, a.Work)
	if a.MaxWait == 0 {
		a.MaxWait = sim.Never
	}
	r.pools[a.Pool].come(now, slot)
}

// service is the time that a server at full speed needs for an attempt: what its row of
// a trace says, or a draw.
func (r *Run) service(a *models.Attempt) sim.Time {
	if a.Row != 0 {
		if t, ok := r.demand.Work(a.Row); ok {
			return t
		}
	}
	r.src = r.luck(a).Draw(purposeService)
	return seconds(r.classes[a.Class].service.Sample(&r.src))
}

// luck is the key of what is drawn of an attempt's service: that of its request, or one
// of its own for a copy that is worked on afresh.
func (r *Run) luck(a *models.Attempt) rng.Key {
	if a.Copy > 0 && r.client(a).FreshCopies() {
		return copyKey(a)
	}
	return a.Request
}

// balks reports whether the user of an attempt that has to wait leaves at the sight
// of the wait.
func (r *Run) balks(now sim.Time, a *models.Attempt) bool {
	if !r.looks(a) {
		return false
	}
	return r.client(a).Balks(now, a, r.estimate(a.Class, int(a.Pool)))
}

// estimate is what the service takes for the wait before a pool that has no server free:
// the work of those who wait over the servers that it has.
func (r *Run) estimate(class models.Class, pool int) sim.Time {
	q := &r.pools[pool]
	servers := q.gpu.Capacity() - q.gpu.Fluid()
	if servers <= 0 {
		return sim.Never
	}
	mean := r.Expected(class, pool)
	return sim.FromSeconds(float64(float64(q.waiting())*mean.Seconds()) / float64(servers))
}

// spill sends an attempt to another pool whose own is full, if one can help.
func (r *Run) spill(a *models.Attempt) {
	q := &r.pools[a.Pool]
	// Lines of nodes may hold somebody while others have room.
	if len(q.helpers) == 0 || q.gpu.Free() > 0 && (q.routed || q.waiting() == 0) || q.above > 0 && r.estimate(a.Class, int(a.Pool)) <= q.above {
		return
	}
	for _, p := range q.helpers {
		if h := &r.pools[p]; h.gpu.Free() > 0 && (!h.routed || h.waiting() == 0) || q.above > 0 && r.estimate(a.Class, p) <= q.above {
			a.Pool = uint8(p)
			r.rec.Spilled(a)
			return
		}
	}
}

// looks reports whether somebody is looking at the wait of an attempt who may leave
// for it.
func (r *Run) looks(a *models.Attempt) bool {
	return r.client(a).MayBalk() && !a.Orphan && !(a.Copy > 0 && a.Copies != 0 && r.copies[a.Copies-1].hedged)
}

// watch sets the timer of an attempt that waits.
func (r *Run) watch(now sim.Time, slot models.Slot, wait sim.Time) {
	if wait < r.end-now {
		r.attempts[slot].Timer = r.k.Timer(now+wait, sim.Event{Actor: r.actor, Kind: evPatience, Priority: models.PriorityPatience, Arg: uint32(slot)})
	}
}

// decide lets an attempt remember what the chain decided of it, for a chain may
// let it in by parts where a policy keeps it.
func decide(a *models.Attempt, v *models.Verdict) {
	if v.Pool != 0 {
		a.Pool = v.Pool - 1
	}
	if v.MaxWait != 0 && (a.MaxWait == 0 || v.MaxWait < a.MaxWait) {
		a.MaxWait = v.MaxWait
	}
	lessen(a, v)
	degrade(a, v)
}

// lessen takes over what a policy leaves of the work.
func lessen(a *models.Attempt, v *models.Verdict) {
	if v.Work != 0 {
		if a.Work == 0 {
			a.Work = 1
		}
		a.Work = float64(a.Work * v.Work)
	}
}

// degrade takes over what a policy takes away from the quality of an answer.
func degrade(a *models.Attempt, v *models.Verdict) {
	if v.Quality != 0 {
		a.Quality = float32(float64(a.Quality) * v.Quality)
	}
}

// shortened is what is left of a service time; work of 0 is all of it.
func shortened(service sim.Time, work float64) sim.Time {
	if work == 0 {
		return service
	}
	return sim.Time(math.Floor(float64(float64(service)*work) + 0.5))
}

// take returns a vacant slot of the table of attempts.
func (r *Run) take() models.Slot {
	if n := len(r.free); n > 0 {
		s := r.free[n-1]
		r.free = r.free[:n-1]
		return s
	}
	r.attempts = append(r.attempts, models.Attempt{})
	return models.Slot(len(r.attempts) - 1)
}

// leave takes an attempt out of the queue, or out of the line before it, whose
// wait has run out.
func (r *Run) leave(now sim.Time, slot models.Slot) {
	a := &r.attempts[slot]
	a.Timer = 0
	o := models.Abandoned
	if a.Line != 0 {
		r.unkeep(now, slot)
	} else {
		r.pools[a.Pool].leave(now, slot)
		r.rec.Left(now, a)
		if a.MaxWait < a.Patience {
			o = models.TimedOut
		}
	}
	r.ended(now, slot, o, 0)
	r.react(now, slot, o, 0, 0)
}

// complete is the end of an attempt whose user gets what he asked for, unless he
// no longer wants it.
func (r *Run) complete(now sim.Time, slot models.Slot) {
	a := &r.attempts[slot]
	r.ended(now, slot, models.Completed, 0)
	if a.Orphan {
		if a.Server >= 0 {
			r.rec.Wasted(a, r.pools[a.Pool].worked(now, a)+a.Had)
		}
		r.free = append(r.free, slot)
		return
	}
	r.rec.Satisfied(now, a)
	r.demand.Completed(a.Class)
	if r.classes[a.Class].signup {
		r.demand.SignedUp(a.Tier)
	}
	if after, ok := r.client(a).Goes(a, true); ok {
		r.park(now, after, nextOfSession(a))
	} else {
		r.demand.Ended(now, a.User)
	}
	copies := r.forget(a, slot)
	r.free = append(r.free, slot)
	r.dismiss(now, copies)
}

// react lets the client of an attempt that came to nothing decide what is next.
func (r *Run) react(now sim.Time, slot models.Slot, o models.Outcome, status models.Status, retryAfter sim.Time) {
	a := &r.attempts[slot]
	if a.Orphan || a.Copies != 0 && r.goesOn(now, slot, o, status) {
		r.free = append(r.free, slot)
		return
	}
	a = &r.attempts[slot]
	r.follow(now, slot, r.client(a).React(a, o, status, retryAfter, now))
}

// follow does what a client has decided after a try.
func (r *Run) follow(now sim.Time, slot models.Slot, what client.Reaction) {
	a := &r.attempts[slot]
	if what.Held {
		r.rec.Suppressed(a)
	}
	p := parked{key: a.Request, first: a.First, user: a.User, try: a.Try + 1, visit: a.Visit, step: a.Step, paid: a.Paid, stage: tried, row: a.Row, tier: a.Tier, class: a.Class}
	switch what.Kind {
	case client.Retry:
		r.rec.Retrying(now, p.tier, p.class, 1)
		r.park(now, what.After, p)
	case client.Return:
		r.rec.GaveUp(a)
		p.visit++
		p.key, p.try, p.paid, p.stage = a.Request.Child(uint64(p.visit)), 1, 0, wished
		r.park(now, what.After, p)
	case client.Next:
		r.rec.GaveUp(a)
		r.park(now, what.After, nextOfSession(a))
	case client.GiveUp:
		r.rec.GaveUp(a)
		r.demand.Ended(now, p.user)
	}
	r.free = append(r.free, slot)
}

// sessionChild is the ordinal of the next request of a session among the children
// of a request, far from those of its returns.
const sessionChild = 1 << 40

// nextOfSession is the request that follows an attempt's in its user's session.
func nextOfSession(a *models.Attempt) parked {
	return parked{key: a.Request.Child(sessionChild), user: a.User, try: 1, step: a.Step + 1, tier: a.Tier, class: a.Class}
}
