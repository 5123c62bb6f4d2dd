package launch

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/sim"
)

// come brings an attempt before a pool: a server takes it up, or it waits.
func (p *pool) come(now sim.Time, slot models.Slot) {
	r := p.r
	a := &r.attempts[slot]
	a.Waited = false
	a.Joined = now
	a.Afresh, a.Before = true, 0
	if p.routed {
		p.send(now, slot)
		return
	}
	free := p.gpu.Free() > 0 && p.queue.Takes(now, a)
	if free && !p.queue.Accounts() {
		p.start(now, slot)
		return
	}
	if !free && p.queue.Preempts() && p.displace(now, a) {
		p.start(now, slot)
		p.pull(now) // in case a policy dropped it
		return
	}
	if !free && !a.Begun {
		r.setPatience(a)
	}
	dropped, cause := p.queue.Push(now, slot, a)
	if dropped == slot {
		r.rec.TurnedAway(a)
		r.reject(now, slot, p.drops[cause], 0)
		return
	}
	if free {
		p.coming = slot
		p.pull(now)
		taken := p.coming == models.None
		p.coming = models.None
		if taken {
			return
		}
		// Somebody of another level was due at this instant, too, and before it.
		if a = &r.attempts[slot]; !a.Begun {
			r.setPatience(a)
		}
	}
	a.Waited = true
	r.rec.Queued(now, a)
	p.changed(now)
	p.expect(now)
	if !a.Begun {
		r.watch(now, slot, min(a.Patience, a.MaxWait))
	}
	if dropped != models.None {
		p.drop(now, dropped, p.drops[cause])
	}
}

// send brings an attempt before one of the pool's nodes: a server there takes it up, or
// it waits in the node's line.
func (p *pool) send(now sim.Time, slot models.Slot) {
	r := p.r
	a := &r.attempts[slot]
	if p.route(slot, a) {
		if !p.start(now, slot) {
			p.pull(now)
		}
		return
	}
	if !a.Begun {
		r.setPatience(a)
	}
	a.Waited = true
	r.rec.Queued(now, a)
	p.changed(now)
	if !a.Begun {
		r.watch(now, slot, min(a.Patience, a.MaxWait))
	}
}

// route finds a node for an attempt, and reports whether it can start there at once.
// Each try has its own luck, and a user has one node.
func (p *pool) route(slot models.Slot, a *models.Attempt) bool {
	p.r.src = a.Request.Child(uint64(a.Try) + uint64(a.Copy)<<32).Draw(purposeRoute + uint64(a.Stage))
	session := uint64(a.Request)
	if a.User != models.Anonymous {
		session = uint64(a.User) * 0x9e3779b97f4a7c15 >> 16
	}
	return p.gpu.Route(slot, &p.r.src, session)
}

// pullRouted starts attempts that wait in the lines of nodes which have room, and sends
// those to other nodes that have lost theirs.
func (p *pool) pullRouted(now sim.Time) {
	r := p.r
	for p.gpu.Astray() > 0 { // a policy that drops one may let another pull
		slot := p.gpu.Stray()
		if p.route(slot, &r.attempts[slot]) {
			r.unwatch(&r.attempts[slot])
			p.start(now, slot)
		}
	}
	for {
		slot, ok := p.gpu.Next()
		if !ok {
			return
		}
		r.unwatch(&r.attempts[slot])
		p.start(now, slot)
	}
}

// waiting is the number of attempts in the queue, or in the lines of nodes.
func (p *pool) waiting() int { return p.queue.Len() + p.gpu.InLine() }

// leave takes an attempt out of it.
func (p *pool) leave(now sim.Time, slot models.Slot) {
	if p.routed {
		p.gpu.Leave(slot)
	} else {
		p.queue.Leave(now, slot, &p.r.attempts[slot])
	}
	p.changed(now)
}

// drop refuses an attempt that has waited, to make room for another.
func (p *pool) drop(now sim.Time, slot models.Slot, reason models.Reason) {
	r := p.r
	a := &r.attempts[slot]
	r.unwatch(a)
	r.rec.Left(now, a)
	r.reject(now, slot, reason, 0)
}

// unwatch cancels the timer of an attempt that waits no longer.
func (r *Run) unwatch(a *models.Attempt) {
	if a.Timer != 0 {
		r.k.Cancel(a.Timer)
		a.Timer = 0
	}
}

// displace frees a server for an arrival, if the discipline lets it take that of
// somebody in service; he waits with what is left of his service.
func (p *pool) displace(now sim.Time, a *models.Attempt) bool {
	slot, ok := p.queue.Displaced(now, a, p.gpu.AtSpeed(a.Service))
	if !ok {
		return false
	}
	r := p.r
	victim := &r.attempts[slot]
	left, ok := p.gpu.Preempt(now, victim.Server)
	if !ok {
		return false
	}
	r.rec.Released(now, victim)
	victim.Had += now - victim.Started
	p.rejoin(now, slot, left)
	return true
}

// rejoin lets an attempt that lost its server wait again, for what is left of its
// service.
func (p *pool) rejoin(now sim.Time, slot models.Slot, left sim.Time) {
	r := p.r
	a := &r.attempts[slot]
	a.Service, a.Server = left, -1
	a.Joined = now
	a.Begun = true
	if a.Waited = !p.routed; p.routed {
		p.send(now, slot) // there he may be served at once
		return
	}
	if !p.queue.Rejoin(now, slot, a) {
		r.reject(now, slot, p.drops[queue.QueueFull], 0)
		return
	}
	r.rec.Queued(now, a)
}

// start gives an attempt to a free server, unless a policy drops it at the last
// moment; it reports whether it did start.
func (p *pool) start(now sim.Time, slot models.Slot) bool {
	r := p.r
	if slot == p.coming {
		p.coming = models.None
	}
	a := &r.attempts[slot]
	a.Started = now
	if !a.Begun && r.chain.Starts(a) {
		r.see(now, p)
		v := r.chain.Start(a, &r.signals)
		if v.Reason != 0 {
			p.queue.Ended(now, slot, a, 0)
			r.rec.Dropped(now, a)
			r.reject(now, slot, v.Reason, v.RetryAfter)
			return false
		}
		degrade(a, &v)
		a.Service = shortened(a.Service, v.Work)
		lessen(a, &v)
	}
	if a.Afresh {
		p.lower(slot, a)
	}
	a.Server, _ = p.gpu.Start(now, slot, a.Service)
	if p.queue.Preempts() {
		p.queue.Serving(now, slot, a, p.gpu.Until(a.Server)-now)
	}
	p.started++
	p.lastWait = now - a.Joined
	r.rec.Started(now, a)
	p.changed(now)
	return true
}

// lower takes from the quality of an answer what the pool leaves away now. Where its work
// begins anew, what the pool took the last time is forgotten.
func (p *pool) lower(slot models.Slot, a *models.Attempt) {
	if a.Before != 0 {
		a.Quality = a.Before
	}
	a.Afresh, a.Before = false, a.Quality
	if d := p.gpu.Degraded(); d != nil {
		a.Quality = float32(float64(a.Quality) * d.Of(p.images(slot)))
	}
}

// pull starts attempts that wait while servers are free.
func (p *pool) pull(now sim.Time) {
	r := p.r
	if p.routed {
		p.pullRouted(now)
	}
	for !p.routed && p.gpu.Free() > 0 {
		e, ok := p.queue.Pop(now)
		if !ok {
			break
		}
		if e.Slot == models.None {
			r.rec.Offered(now, e.Tier, e.Class, e.Joined)
			continue
		}
		r.unwatch(&r.attempts[e.Slot])
		p.start(now, e.Slot)
	}
	p.expect(now)
	if r.chain.Keeps() && p.gpu.Free() > 0 {
		r.chain.Freed()
	}
	p.changed(now)
}

// expect plans to pull when the queue may give out somebody for whom there is a server
// but not yet a seat of his level.
func (p *pool) expect(now sim.Time) {
	at := p.queue.Due()
	if at == sim.Never || at == p.dueAt && p.due != 0 || p.gpu.Free() == 0 {
		return
	}
	p.r.k.Cancel(p.due)
	p.due = p.r.k.Timer(max(at, now+1), sim.Event{Actor: p.r.actor, Kind: evPull, Priority: models.PriorityControl, Arg: uint32(p.n)})
	p.dueAt = at
}

// Done is called by the pool when a service ends.
func (p *pool) Done(now sim.Time, slot models.Slot, server int32) {
	r := p.r
	a := &r.attempts[slot]
	p.completed++
	if r.classes[a.Class].tokens != nil {
		if between, ok := p.gpu.PerToken(now, server); ok {
			r.rec.Tokens(a, between)
		}
	}
	p.queue.Ended(now, slot, a, now-a.Started)
	r.rec.Released(now, a)
	if then := r.classes[a.Class].then; int(a.Stage) < len(then) {
		a.Had += p.worked(now, a)
		r.goOn(now, slot, &then[a.Stage])
	} else {
		r.complete(now, slot)
	}
	p.pull(now)
}

// worked is the time of servers that an attempt has had at this station whose service
// ends now.
func (p *pool) worked(now sim.Time, a *models.Attempt) sim.Time {
	if p.shared {
		return p.gpu.Had()
	}
	return now - a.Started
}

// goOn brings an attempt to the next station of its class.
func (r *Run) goOn(now sim.Time, slot models.Slot, next *station) {
	a := &r.attempts[slot]
	a.Stage++
	a.Begun, a.Server = true, -1
	a.Pool = uint8(next.pool)
	r.src = a.Request.Draw(purposeService + uint64(a.Stage))
	a.Service = seconds(next.service.Sample(&r.src))
	r.pools[a.Pool].come(now, slot)
}

// Lost is called by the pool when a node goes down under an attempt. It fails, or it
// waits again, to be worked on from its last checkpoint or from the beginning.
func (p *pool) Lost(now sim.Time, slot models.Slot, _ int32, until sim.Time) {
	r := p.r
	a := &r.attempts[slot]
	had := now - a.Started
	p.queue.Ended(now, slot, a, had)
	r.rec.Released(now, a)
	spec := &r.now.Pools[p.n].Spec
	if spec.LostWork == "report" || a.Orphan {
		r.rec.Wasted(a, had)
		r.ended(now, slot, models.Failed, 0)
		r.react(now, slot, models.Failed, 0, 0)
		return
	}
	kept, left := sim.Time(0), a.Service
	if spec.LostWork == "resume" && had > 0 {
		kept = had - had%sim.Time(spec.Checkpoint)
		left -= sim.Time(float64(float64(a.Service)*(float64(kept)/float64(until-a.Started))) + 0.5)
		a.Had += kept
	}
	a.Afresh = kept == 0
	r.rec.Wasted(a, had-kept)
	r.rec.Resumed(a)
	p.rejoin(now, slot, left)
}

// CapacityChanged is called by the pool when servers come or go.
func (p *pool) CapacityChanged(now sim.Time) {
	if p.gpu == nil || p.r.rec == nil {
		return // the pool is being built
	}
	p.counted(now)
	p.pull(now)
}

// counted takes note of the servers that the pool has and of those that are down, if
// they changed.
func (p *pool) counted(now sim.Time) {
	if down := p.gpu.Down(); down != p.down {
		p.down = down
		p.r.rec.Down(now, p.n, down)
	}
	if has := p.gpu.Has(); has != p.has {
		p.has = has
		p.r.rec.Has(now, p.n, has)
		if p.r.fleet != nil {
			p.r.fleet.Changed(now, p.n)
		}
	}
}

// Probe is how long a health check of a node would wait for a worker.
func (p *pool) Probe(sim.Time) sim.Time {
	if p.waiting() == 0 {
		return 0
	}
	return p.lastWait
}
