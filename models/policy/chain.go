package policy

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// An Item is one policy of a scenario, in the list `policies`.
type Item struct {
	Name           string        `yaml:"name" required:"true" doc:"Name of the policy: refusals are counted under it, patches address it."`
	Kind           string        `yaml:"kind" required:"true" doc:"Which rule it follows."`
	Enabled        bool          `yaml:"enabled" default:"yes" doc:"Whether it acts. One that is enabled later starts afresh at that moment."`
	Tiers          []string      `yaml:"tiers" ref:"tiers" doc:"Tiers that it acts on; all if empty."`
	Classes        []string      `yaml:"classes" ref:"classes" doc:"Classes of requests that it acts on; all if empty."`
	SignalDelay    unit.Duration `yaml:"signal_delay" default:"0s" min:"1ms" or:"0s" doc:"How old the signals of the pool are that it sees, and how late it is told how attempts end and whose turn has come."`
	SignalInterval unit.Duration `yaml:"signal_interval" default:"0s" min:"1ms" or:"0s" doc:"How often signals are read and reports are sent; 0s is at every attempt, for signals 16 times within signal_delay and every 1ms at most."`
	Spec           Spec          `yaml:",inline" kinds:"policy"`
}

// A Chain is the policies of a run in the order of the scenario. The first that
// refuses an attempt has the word, and those behind it never see the attempt.
//
// What a policy has counted or taken for an attempt that a later one refuses is
// spent, as it is in a gateway: put what looks at the load before what counts.
// One that is told how attempts end (Finisher) is told of such a refusal, too.
type Chain struct {
	env   Env
	links []link
	cells []cell // by tier * classes + class
	seats []seat // by the bit of Attempt.Told
	loop  loop
	moved models.Signals // of the pool that a policy chose; here because a policy takes it by address
}

// mostReadings bounds the readings of signals that are kept for a policy.
const mostReadings = 10_000

// A link is one item with the policy that does its work.
type link struct {
	item     Item
	policy   Policy   // nil while the item is disabled; the first of several
	each     []Policy // by pool, where there are several
	pools    []int    // of each, the first policy's first; nil where there is but one for all
	wide     bool     // there may be several
	bits     []int    // of Attempt.Told, by pool, or one for all; nil where it has none
	told     uint64   // all of these, those of pools that its classes led to before among them
	gauges   bool     // it is told late who was started, if it is told late at all
	reports  *reports // that have not reached it yet; nil where they travel at once
	since    sim.Time
	sampled  *sampled // nil: it sees the signals of the moment
	keeper   bool     // it may keep attempts
	finishes bool     // it is told how attempts end
	line     line
}

// A cell is those links that act on one tier and class, by what they do. Each
// list is in the order of the scenario.
type cell struct {
	admit    []step
	hold     []int
	throttle []int
	start    []step
}

// A step is a link as attempts meet it, one after the other. Of a plain link, which has
// one policy that learns everything at once and keeps nobody, it holds all that they
// need, so that a chain of many costs little.
type step struct {
	link    int
	plain   Policy  // nil: what meets an attempt is for the link to say
	starter Starter // the same at its turn
	told    uint64  // of a plain link: its bit of Attempt.Told
}

// NewChain builds the policies of the items. env.Name is filled in for each;
// tiers and classes are numbered as in env. An error names the item.
func NewChain(items []Item, env Env) (*Chain, error) {
	c := &Chain{env: env}
	if err := c.Reconfigure(items); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Chain) cell(a *models.Attempt) *cell {
	return &c.cells[int(a.Tier)*len(c.env.Classes)+int(a.Class)]
}

// A secret is what no gateway sees of an attempt: how long its user would wait, and
// once it was admitted what service it really needs. Policies get the attempt
// without it.
type secret struct{ service, patience sim.Time }

func hide(a *models.Attempt) secret {
	x := secret{a.Service, a.Patience}
	a.Service, a.Patience = 0, 0
	return x
}

func (x secret) restore(a *models.Attempt) { a.Service, a.Patience = x.service, x.patience }

// Admit asks the policies that act on the attempt's tier and class, in order,
// until one refuses, answers or keeps it; one that was kept goes on behind the
// policy that kept it. Behind one that chose another pool they see that pool, and
// the service that is expected there. When all admit, MaxWait is the least that any
// of them set, and Work and Quality are the products of theirs.
func (c *Chain) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	patience := a.Patience // of one who was kept; one who comes has none yet
	a.Patience = 0
	var all models.Verdict
	at := c.cell(a)
	behind := int(a.Line)
	a.Line, a.Behind = 0, uint16(behind)
	if behind > 0 {
		if r, ok := c.links[behind-1].policy.(Releaser); ok {
			r.Release(a, s.Now)
		}
	}
	for n := range at.admit {
		t := &at.admit[n]
		i := t.link
		if i < behind {
			continue
		}
		var v models.Verdict
		told := t.told
		if t.plain != nil {
			v = t.plain.Admit(a, s)
		} else {
			v, told = c.admit(i, a, s)
		}
		if v.Reason != 0 {
			a.Passed = 0 // so that those who are told know a refusal from a drop by the queue
			c.tell(a, models.Rejected, s.Now)
			a.Patience = patience
			return v
		}
		a.Told |= told
		if v.Plain() {
			continue
		}
		combine(&all, &v)
		if v.Pool != 0 {
			a.Pool = v.Pool - 1
			if c.loop.host != nil {
				c.moved = c.loop.host.SeePool(int(a.Pool))
				s = &c.moved
				a.Service = c.loop.host.Expected(a.Class, int(a.Pool))
			}
		}
		if v.Answered {
			a.Passed = uint16(i + 1)
			a.Patience = patience
			return all
		}
		if v.Kept != models.NotKept {
			a.Line = uint16(i + 1)
			break
		}
	}
	a.Passed = uint16(len(c.links))
	if a.Line != 0 {
		a.Passed = a.Line
	}
	a.Patience = patience
	return all
}

// admit asks a link that is not plain, and says whom of it to tell how the attempt ends.
func (c *Chain) admit(i int, a *models.Attempt, s *models.Signals) (v models.Verdict, told uint64) {
	l := &c.links[i]
	if l.reports != nil {
		c.deliver(l, s.Now)
	}
	seen := l.view(s)
	if l.keeper && c.loop.host != nil {
		seen.Kept = c.loop.host.Kept(i)
	}
	if l.bits != nil {
		told = 1 << l.bit(a.Pool)
	}
	return l.of(a.Pool).Admit(a, seen), told
}

// combine adds the verdict of one policy that admits to that of those before it.
func combine(all, v *models.Verdict) {
	if v.MaxWait != 0 && (all.MaxWait == 0 || v.MaxWait < all.MaxWait) {
		all.MaxWait = v.MaxWait
	}
	product := func(x *float64, y float64) {
		if y != 0 {
			if *x == 0 {
				*x = 1
			}
			*x = float64(*x * y)
		}
	}
	product(&all.Work, v.Work)
	product(&all.Quality, v.Quality)
	if v.Pool != 0 {
		all.Pool = v.Pool
	}
	all.Answered = all.Answered || v.Answered
	all.Kept, all.ShownWait = v.Kept, v.ShownWait
}

// Hold reports whether the user holds the request back of his own will, so
// that it never becomes an attempt.
func (c *Chain) Hold(a *models.Attempt, now sim.Time) bool {
	for _, i := range c.cell(a).hold {
		l := &c.links[i]
		if l.reports != nil {
			c.deliver(l, now)
		}
		if l.of(a.Pool).(Holder).Hold(a, now) {
			return true
		}
	}
	return false
}

// Throttles reports whether a policy's part in the client's library holds the try
// back, so that it never becomes an attempt.
func (c *Chain) Throttles(a *models.Attempt, now sim.Time) bool {
	for _, i := range c.cell(a).throttle {
		l := &c.links[i]
		if l.reports != nil {
			c.deliver(l, now)
		}
		if l.of(a.Pool).(Throttle).Throttles(a, now) {
			return true
		}
	}
	return false
}

// Starts reports whether any policy looks at the attempt when its turn has come.
func (c *Chain) Starts(a *models.Attempt) bool { return len(c.cell(a).start) > 0 }

// Start asks the policies that look at an attempt when its turn to be served
// has come. One that refuses it drops it from the queue.
func (c *Chain) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	hidden := hide(a)
	var all models.Verdict
	steps := c.cell(a).start
	for n := range steps {
		var v models.Verdict
		if t := &steps[n]; t.starter != nil {
			v = t.starter.Start(a, s)
		} else {
			i := t.link
			l := &c.links[i]
			pool := c.turn(i, a)
			if l.reports != nil {
				c.deliver(l, s.Now)
				if l.gauges {
					l.reports.started(a, pool, s.Now, l.due(s.Now))
					continue
				}
			}
			seen := s
			if pool != a.Pool && c.loop.host != nil {
				c.moved = c.loop.host.SeePool(int(pool))
				seen = &c.moved
			}
			v = l.of(pool).(Starter).Start(a, l.view(seen))
		}
		if v.Reason != 0 {
			all = v
			break
		}
		if !v.Plain() {
			combine(&all, &v)
		}
	}
	hidden.restore(a)
	return all
}

// Finish tells the policies that admitted an attempt how it ended.
func (c *Chain) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	c.tell(a, o, now)
	a.Passed = 0
}

// tell tells the links that admitted an attempt of its end. Whom it concerns
// stands in the attempt: what an item acts on may have changed meanwhile.
func (c *Chain) tell(a *models.Attempt, o models.Outcome, now sim.Time) {
	if a.Told == 0 {
		return
	}
	hidden := hide(a)
	for told := a.Told; told != 0; told &= told - 1 {
		at := &c.seats[bits.TrailingZeros64(told)]
		if at.plain != nil {
			at.plain.Finish(a, o, now)
			continue
		}
		l := &c.links[at.link]
		if !l.finishes {
			continue
		}
		if l.reports != nil {
			c.deliver(l, now)
			if p, ok := l.of(at.pool).(Counter); ok {
				p.Left(a, o)
			}
			l.reports.ended(a, at.pool, o, now, l.due(now))
			continue
		}
		l.of(at.pool).(Finisher).Finish(a, o, now)
	}
	hidden.restore(a)
	a.Told = 0
}

// Reconfigure puts the items in the place of the old ones. An item that was
// enabled before under the same name and kind takes its new parameters and
// keeps its state; one that is new, or newly enabled, starts now; the state of
// one that is disabled or gone is dropped. On an error nothing has changed.
func (c *Chain) Reconfigure(items []Item) error {
	if c.loop.k != nil && !slices.EqualFunc(items, c.links, func(it Item, l link) bool { return it.Name == l.item.Name && it.Kind == l.item.Kind }) {
		return fmt.Errorf("policies cannot be added, removed or moved in a run that has begun: events and lines belong to their places")
	}
	links := make([]link, len(items))
	for i, it := range items {
		if slices.ContainsFunc(items[:i], func(o Item) bool { return o.Name == it.Name }) {
			return fmt.Errorf("policy %s: there are two of this name", it.Name)
		}
		if err := c.checkNames(it); err != nil {
			return fmt.Errorf("policy %s: %w", it.Name, err)
		}
		env := c.env
		env.Name = it.Name
		fresh, err := it.Spec.New(env)
		if err != nil {
			return fmt.Errorf("policy %s: %w", it.Name, err)
		}
		links[i] = link{item: it, policy: fresh, since: c.env.Now()}
	}
	seats, err := c.seating(links)
	if err != nil {
		return err
	}
	// Every item is sound: from here on nothing can fail half-way.
	for i := range links {
		l := &links[i]
		if !l.item.Enabled {
			l.policy = nil
		}
		if old := c.running(l.item.Name, l.item.Kind); old != nil {
			l.line, l.sampled, l.reports = old.line, old.sampled, old.reports
			if l.item.Enabled && old.policy != nil {
				if err := c.takeOver(l, old); err != nil {
					return fmt.Errorf("policy %s: %w", l.item.Name, err)
				}
			}
		}
		routers := links[:i]
		_, starts := l.policy.(Starter)
		_, told := l.policy.(Finisher)
		if starts && !told && !l.gauges {
			routers = links // who only acts at the turn of an attempt meets it at the pool that serves it
		}
		if err := c.spread(l, routers); err != nil {
			return fmt.Errorf("policy %s: %w", l.item.Name, err)
		}
	}
	for i := range links {
		l := &links[i]
		_, l.keeper = l.policy.(Keeper)
		_, l.finishes = l.policy.(Finisher)
		if i < len(c.links) && c.links[i].policy != nil && l.policy == nil && c.loop.host != nil {
			c.loop.host.Forget(c.Told(i))
		}
	}
	c.links, c.seats = links, seats
	c.selectByTierAndClass()
	c.setLoop()
	return nil
}

// running returns the link that acts now under the name, if it is of the kind.
func (c *Chain) running(name, kind string) *link {
	for i := range c.links {
		if l := &c.links[i]; l.item.Name == name && l.item.Kind == kind {
			return l
		}
	}
	return nil
}

func (c *Chain) checkNames(it Item) error {
	if it.SignalInterval > 0 && it.SignalDelay/it.SignalInterval > mostReadings {
		return fmt.Errorf("signal_interval is %v, it must be a %d-th of signal_delay or more", it.SignalInterval, mostReadings)
	}
	if it.SignalInterval > 0 && sim.Time(it.SignalInterval) < sim.Millisecond {
		return fmt.Errorf("signal_interval is %v, it must be 1ms or more", it.SignalInterval)
	}
	if why := Of(it.Kind).Unmoved; why != "" {
		switch {
		case it.SignalDelay != 0:
			return fmt.Errorf("signal_delay does nothing: %s", why)
		case it.SignalInterval != 0:
			return fmt.Errorf("signal_interval does nothing: %s", why)
		}
	}
	if it.Spec == nil {
		return fmt.Errorf("kind %q has no parameters; the kinds are %v", it.Kind, Kinds())
	}
	for _, name := range it.Tiers {
		if !slices.ContainsFunc(c.env.Tiers, func(t TierInfo) bool { return t.Name == name }) {
			return fmt.Errorf("there is no tier %q", name)
		}
	}
	for _, name := range it.Classes {
		if !slices.Contains(c.env.Classes, name) {
			return fmt.Errorf("there is no class %q", name)
		}
	}
	return nil
}

// selectByTierAndClass sets the lists of the cells, so that a policy costs
// nothing to those whom it does not concern, and the seats of plain links.
func (c *Chain) selectByTierAndClass() {
	for i := range c.seats {
		c.seats[i].plain = nil
		if l := &c.links[c.seats[i].link]; l.plain() {
			c.seats[i].plain = l.policy.(Finisher)
		}
	}
	c.cells = make([]cell, len(c.env.Tiers)*len(c.env.Classes))
	for t, tier := range c.env.Tiers {
		for k, class := range c.env.Classes {
			at := &c.cells[t*len(c.env.Classes)+k]
			for i := range c.links {
				l := &c.links[i]
				if l.policy == nil || !among(l.item.Tiers, tier.Name) || !among(l.item.Classes, class) {
					continue
				}
				t := step{link: i}
				starter, starts := l.policy.(Starter)
				if l.plain() {
					t.plain, t.starter = l.policy, starter
					if l.finishes {
						t.told = 1 << l.bit(0)
					}
				}
				at.admit = append(at.admit, t)
				if starts {
					at.start = append(at.start, t)
				}
				if _, ok := l.policy.(Holder); ok {
					at.hold = append(at.hold, i)
				}
				if _, ok := l.policy.(Throttle); ok {
					at.throttle = append(at.throttle, i)
				}
			}
		}
	}
}

// plain reports whether a link has one policy, which learns everything at once and keeps
// nobody.
func (l *link) plain() bool {
	late := l.reports != nil || l.item.SignalDelay > 0 || l.item.SignalInterval > 0
	return l.policy != nil && !l.wide && !l.keeper && !late
}

// among reports whether a list of names, of which the empty one means all,
// holds the name.
func among(names []string, name string) bool {
	return len(names) == 0 || slices.Contains(names, name)
}
