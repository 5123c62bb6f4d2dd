package launch

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// Request is a new request that a user makes now.
func (r *Run) Request(now sim.Time, key rng.Key, user models.User, tier models.Tier, class models.Class) {
	r.try(now, parked{key: key, first: now, user: user, try: 1, tier: tier, class: class})
}

// try brings a request to the service: it is held back, refused, started or
// put into the queue.
func (r *Run) try(now sim.Time, p parked) {
	slot := r.take()
	a := &r.attempts[slot]
	*a = models.Attempt{Request: p.key, First: p.first, Arrived: now, Admitted: now, User: p.user, Server: -1,
		Try: p.try, Visit: p.visit, Tier: p.tier, Class: p.class, Priority: r.priority[p.tier]}
	c := &r.classes[p.class]
	if p.try == 1 {
		r.rec.Requested(a)
	}
	if r.chain.Hold(a, now) {
		r.rec.Suppressed(a)
		r.rec.GaveUp(a)
		r.free = append(r.free, slot)
		return
	}
	q := &r.pools[c.pool]
	a.Service = q.gpu.AtSpeed(c.expected)
	r.rec.Arrived(a)
	r.signals = models.Signals{Now: now, Waiting: q.queue.Len(), Busy: q.gpu.Busy(), Capacity: q.gpu.Capacity() - q.gpu.Fluid()}
	v := r.chain.Admit(a, &r.signals)
	if v.Reason != 0 {
		r.rec.Ended(now, a, models.Rejected, v.Reason)
		r.react(now, slot, models.Rejected, r.reasons.Get(v.Reason).Status, v.RetryAfter)
		return
	}
	r.rec.Admitted(a)
	r.src = p.key.Draw(purposeService)
	a.Service = seconds(c.service.Sample(&r.src))
	if server, ok := q.gpu.Start(now, slot, a.Service); ok {
		a.Server = server
		a.Started = now
		r.rec.Started(now, a)
		q.changed(now)
		return
	}
	a.Patience = r.clients[int(a.Tier)*len(r.classes)+int(a.Class)].Patience(a.Request)
	a.MaxWait = sim.Never
	if v.MaxWait != 0 {
		a.MaxWait = v.MaxWait
	}
	a.Waited = true
	q.queue.Push(slot, a)
	r.rec.Queued(now, a)
	if wait := min(a.Patience, a.MaxWait); wait < r.end-now {
		a.Timer = r.k.Timer(now+wait, sim.Event{Actor: r.actor, Kind: evPatience, Priority: models.PriorityPatience, Arg: uint32(slot)})
	}
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

// leave takes an attempt out of the queue whose wait has run out.
func (r *Run) leave(now sim.Time, slot models.Slot) {
	a := &r.attempts[slot]
	a.Timer = 0
	r.pools[r.classes[a.Class].pool].queue.Leave(a)
	r.rec.Left(now, a)
	o := models.Abandoned
	if a.MaxWait < a.Patience {
		o = models.TimedOut
	}
	r.rec.Ended(now, a, o, 0)
	r.react(now, slot, o, 0, 0)
}

// pull starts attempts that wait while servers are free.
func (p *pool) pull(now sim.Time) {
	r := p.r
	for p.gpu.Free() > 0 {
		e, ok := p.queue.Pop()
		if !ok {
			break
		}
		if e.Slot == models.None {
			r.rec.Offered(now, e.Tier, e.Class, e.Joined)
			continue
		}
		a := &r.attempts[e.Slot]
		if a.Timer != 0 {
			r.k.Cancel(a.Timer)
			a.Timer = 0
		}
		a.Server, _ = p.gpu.Start(now, e.Slot, a.Service)
		a.Started = now
		r.rec.Started(now, a)
	}
	p.changed(now)
}

// Done is called by the pool when a service ends.
func (p *pool) Done(now sim.Time, slot models.Slot, _ int32) {
	r := p.r
	a := &r.attempts[slot]
	r.rec.Released(now, a)
	r.rec.Ended(now, a, models.Completed, 0)
	r.rec.Satisfied(now, a)
	r.demand.Completed(a.Class)
	if r.classes[a.Class].signup {
		r.demand.SignedUp(a.Tier)
	}
	r.free = append(r.free, slot)
	p.pull(now)
}

// Lost is called by the pool when a node goes down under an attempt.
func (p *pool) Lost(now sim.Time, slot models.Slot, _ int32) {
	r := p.r
	a := &r.attempts[slot]
	r.rec.Released(now, a)
	r.rec.Ended(now, a, models.Failed, 0)
	r.react(now, slot, models.Failed, 0, 0)
}

// CapacityChanged is called by the pool when servers come or go.
func (p *pool) CapacityChanged(now sim.Time) {
	if p.gpu == nil || p.r.rec == nil {
		return // the pool is being built
	}
	p.pull(now)
}

// react lets the client of an attempt that came to nothing decide what is next.
func (r *Run) react(now sim.Time, slot models.Slot, o models.Outcome, status models.Status, retryAfter sim.Time) {
	a := &r.attempts[slot]
	c := r.clients[int(a.Tier)*len(r.classes)+int(a.Class)]
	p := parked{key: a.Request, first: a.First, user: a.User, try: a.Try + 1, visit: a.Visit, tier: a.Tier, class: a.Class}
	what := c.React(a, o, status, retryAfter, now)
	switch what.Kind {
	case client.Retry:
		r.rec.Retrying(now, p.tier, p.class, 1)
		r.park(now, what.After, p)
	case client.Return:
		r.rec.GaveUp(a)
		if most := c.MaxVisits(); a.Visit < 255 && (most == 0 || int(a.Visit)+1 < most) {
			p.visit++
			p.key, p.try = a.Request.Child(uint64(p.visit)), 1
			r.park(now, what.After, p)
		}
	case client.GiveUp:
		r.rec.GaveUp(a)
	}
	r.free = append(r.free, slot)
}
