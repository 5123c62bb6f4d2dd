package policy

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// A Host is the run that a chain acts in, for what happens between attempts.
type Host interface {
	// See returns what a gateway sees now of the pool that serves a class.
	See(class models.Class) models.Signals

	// SeePool returns the same of a pool.
	SeePool(pool int) models.Signals

	// Expected is how long a server of a pool is expected to need for a request of a
	// class.
	Expected(class models.Class, pool int) sim.Time

	// Kept is the number of attempts that link i keeps.
	Kept(i int) int

	// Forget takes a link that ceases to act from those that the attempts under way
	// are to tell of their end: its bits of Attempt.Told.
	Forget(told uint64)

	// GoOn lets n of the attempts that link i keeps go on behind it.
	GoOn(now sim.Time, i, n int)
}

// A loop is what a chain does between attempts: the periods of controllers, the
// reading of signals that are not fresh, the release of those who are kept.
type loop struct {
	k     *sim.Kernel
	actor sim.ActorID
	host  Host
	keeps bool           // whether any policy may keep attempts
	seen  models.Signals // of the call being made; here because policies take it by address
}

// A line is the events of a link that are to come.
type line struct {
	ticks     []sim.Timer // as the link's pools; one where it has none
	tickAts   []sim.Time  // of these; one that lies in the past has been
	ask, read sim.Timer
	askAt     sim.Time // of ask
}

const (
	evTick uint8 = iota // Arg: link, and which of its pools << 16
	evAsk               // Arg: link
	evRead              // Arg: link
)

// Begin lets the chain act in a run from now on. Without it, as in tests of a
// policy alone, nothing happens between attempts.
func (c *Chain) Begin(k *sim.Kernel, h Host) {
	c.loop = loop{k: k, actor: k.Register("policies", c), host: h}
	c.setLoop()
}

// setLoop starts the periods of links that are new and ends those of links that
// are gone; who is kept by one that no longer acts goes on.
func (c *Chain) setLoop() {
	p := &c.loop
	if p.k == nil {
		return
	}
	p.keeps = false
	for i := range c.links {
		l := &c.links[i]
		if l.policy == nil {
			for _, t := range []*sim.Timer{&l.line.ask, &l.line.read} {
				p.k.Cancel(*t)
				*t = 0
			}
			for _, t := range l.line.ticks {
				p.k.Cancel(t)
			}
			l.line.ticks, l.line.tickAts, l.sampled, l.reports = nil, nil, nil, nil
			if n := p.host.Kept(i); n > 0 {
				p.host.GoOn(p.k.Now(), i, n)
			}
			continue
		}
		if s := newSampled(l.item, len(c.env.Pools)); s == nil {
			p.k.Cancel(l.line.read)
			l.sampled, l.line.read = nil, 0
		} else if old := l.sampled; old == nil || old.every != s.every || old.delay != s.delay {
			s.takeOver(old)
			l.sampled = s
			p.k.Cancel(l.line.read)
			c.read(i)
		}
		c.setReports(l)
		if _, ok := l.policy.(Ticker); ok && (len(l.line.ticks) > 0 || l.since == p.k.Now()) {
			c.hasten(i)
			for n := len(l.line.ticks); n < max(1, len(l.pools)); n++ {
				l.line.ticks, l.line.tickAts = append(l.line.ticks, 0), append(l.line.tickAts, 0)
				c.armTick(i, n, p.k.Now())
			}
		}
		if l.keeper {
			p.keeps = true
			if p.host.Kept(i) > 0 {
				c.ask(i) // its parameters may be new
			}
		}
	}
}

// arm schedules an event of link i in the place of the one that the timer holds.
func (c *Chain) arm(t *sim.Timer, at sim.Time, kind uint8, i int) {
	c.loop.k.Cancel(*t)
	*t = c.loop.k.Timer(at, sim.Event{Actor: c.loop.actor, Kind: kind, Priority: models.PriorityControl, Arg: uint32(i)})
}

// armTick schedules the end of a period of policy n of link i.
func (c *Chain) armTick(i, n int, at sim.Time) {
	l := &c.links[i].line
	c.arm(&l.ticks[n], at, evTick, i|n<<16)
	l.tickAts[n] = at
}

// hasten brings the ends of link i's periods forward, whose length may be new and shorter
// than what is left of the old one.
func (c *Chain) hasten(i int) {
	l, now := &c.links[i], c.loop.k.Now()
	for n, at := range l.line.tickAts {
		p := l.policy
		if len(l.pools) > 0 {
			p = l.of(uint8(l.pools[n]))
		}
		if periodic, ok := p.(Periodic); ok && at > now {
			if end := now + min(periodic.Period(), sim.Never-now); end < at {
				c.armTick(i, n, end)
			}
		}
	}
}

// Handle fires an event of the kernel.
func (c *Chain) Handle(now sim.Time, ev sim.Event) {
	i, n := int(ev.Arg&0xffff), int(ev.Arg>>16)
	l := &c.links[i]
	switch ev.Kind {
	case evTick:
		p := l.policy
		if len(l.pools) > 0 {
			c.loop.seen = c.loop.host.SeePool(l.pools[n])
			p = l.of(uint8(l.pools[n]))
		} else {
			c.loop.seen = c.see(i)
		}
		c.deliver(l, now)
		if next := p.(Ticker).Tick(l.view(&c.loop.seen)); next > now && next != sim.Never {
			c.armTick(i, n, next)
		}
	case evAsk:
		l.line.ask = 0
		c.ask(i)
	case evRead:
		c.read(i)
	}
}

// Describe names an event for the trace.
func (c *Chain) Describe(ev sim.Event) string {
	l := &c.links[ev.Arg&0xffff]
	name := l.item.Name
	switch ev.Kind {
	case evTick:
		if l.each != nil {
			return fmt.Sprintf("a period of %s ends at pool %s", name, c.env.Pools[l.pools[ev.Arg>>16]])
		}
		return fmt.Sprintf("a period of %s ends", name)
	case evAsk:
		return fmt.Sprintf("%s lets somebody go on", name)
	}
	return fmt.Sprintf("signals for %s are read", name)
}

// see is what there is to see of the pool of the first class that link i acts on.
func (c *Chain) see(i int) models.Signals {
	for k, class := range c.env.Classes {
		if among(c.links[i].item.Classes, class) {
			return c.loop.host.See(models.Class(k))
		}
	}
	return models.Signals{Now: c.loop.k.Now()}
}

// Joined tells that link i keeps one more.
func (c *Chain) Joined(i int) { c.ask(i) }

// Keeps reports whether any policy may keep attempts.
func (c *Chain) Keeps() bool { return c.loop.keeps }

// Freed tells that servers have come free with nobody waiting for them.
func (c *Chain) Freed() {
	for i := range c.links {
		if c.loop.host.Kept(i) > 0 {
			c.ask(i)
		}
	}
}

// ask asks the Keeper of link i how many may go on, and again while it lets
// somebody go on.
func (c *Chain) ask(i int) {
	l := &c.links[i]
	keeper, ok := l.policy.(Keeper)
	if !ok {
		return
	}
	now := c.loop.k.Now()
	for {
		kept := c.loop.host.Kept(i)
		c.loop.seen = c.see(i)
		c.deliver(l, now)
		seen := l.view(&c.loop.seen)
		seen.Kept = kept
		n, next := keeper.Let(kept, seen)
		if n = min(n, kept); n <= 0 {
			if kept > 0 && next != sim.Never {
				c.askAgain(i, max(next, now+1))
			}
			return
		}
		c.loop.host.GoOn(now, i, n)
	}
}

// askAgain plans the next question to the Keeper of link i.
func (c *Chain) askAgain(i int, at sim.Time) {
	l := &c.links[i].line
	if l.ask == 0 || l.askAt != at {
		c.arm(&l.ask, at, evAsk, i)
		l.askAt = at
	}
}

// Discipline is the discipline in which link i lets attempts go on.
func (c *Chain) Discipline(i int) string { return c.links[i].policy.(Keeper).Discipline() }

// Links is the number of links of the chain, disabled ones included.
func (c *Chain) Links() int { return len(c.links) }

// sampled is the past of the signals for a policy that sees them late, or not
// at every moment: a ring of readings for each pool.
type sampled struct {
	every, delay sim.Time
	rings        [][]models.Signals
	times        []sim.Time // when the readings in the rings were made
	next         int        // readings so far
	seen         int        // the one that the policy saw last
	last         sim.Time   // when the last was made
}

// readsWithinDelay is how often signals are read within their delay where no
// interval is given, and leastReading the least time between two readings then.
const (
	readsWithinDelay = 16
	leastReading     = sim.Millisecond
)

func newSampled(it Item, pools int) *sampled {
	s := &sampled{every: sim.Time(it.SignalInterval), delay: sim.Time(it.SignalDelay)}
	if s.every == 0 {
		if s.delay == 0 {
			return nil
		}
		s.every = max(leastReading, s.delay/readsWithinDelay)
	}
	s.rings = make([][]models.Signals, pools)
	s.grow(int(s.delay/s.every) + 2)
	return s
}

func (s *sampled) grow(n int) {
	s.times = make([]sim.Time, n)
	for p := range s.rings {
		s.rings[p] = make([]models.Signals, n)
	}
}

// takeOver begins with the readings of another that may still be seen: a policy does not
// learn of the present because it is to see signals at another age.
func (s *sampled) takeOver(old *sampled) {
	if old == nil {
		return
	}
	s.grow(len(s.times) + old.next - old.seen)
	for i := old.seen; i < old.next; i++ {
		s.times[s.next] = old.times[i%len(old.times)]
		for p := range s.rings {
			s.rings[p][s.next] = old.rings[p][i%len(old.times)]
		}
		s.next++
	}
}

// read makes a reading of every pool for link i, and plans the next.
func (c *Chain) read(i int) {
	s := c.links[i].sampled
	now := c.loop.k.Now()
	at := s.next % len(s.times)
	s.times[at] = now
	for p := range s.rings {
		s.rings[p][at] = c.loop.host.SeePool(p)
	}
	s.next++
	s.seen = max(s.seen, s.next-len(s.times))
	s.last = now
	c.arm(&c.links[i].line.read, now+s.every, evRead, i)
}

// view is the signals as the policy of the link sees them: its clock is right,
// the rest may be old. Before the first reading that is old enough it sees a
// pool as it was at the first.
func (l *link) view(s *models.Signals) *models.Signals {
	m := l.sampled
	if m == nil || m.next == 0 {
		return s
	}
	for m.seen+1 < m.next && m.times[(m.seen+1)%len(m.times)] <= s.Now-m.delay {
		m.seen++
	}
	seen := &m.rings[s.Pool][m.seen%len(m.times)]
	seen.Now = s.Now // its own stands in times
	return seen
}
