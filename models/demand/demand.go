// Package demand makes the requests: who asks, for what, when.
//
// A stream is a Poisson process of unit rate whose points are moved in time by
// the integral of the stream's rate. The k-th request of a stream is therefore
// the same under every policy, with the same identity, user, patience and
// service demand; feedback on the rate moves it in time, never its luck.
//
// Rates follow the local day of the regions, a profile over time, and word of
// mouth: users become active, and others sign up, because of what users
// received. Users are numbered here. A request's user is drawn with the
// request's key from the largest population that the scenario can reach; one
// who is not active yet is drawn again from the same key.
//
//	d, err := demand.New(kernel, spec, env, host)
//	d.Start(now)                        // host.Request and host.Flow are called from now on
//	d.Completed(class)                  // a request was served: others hear of it
//	d.SignedUp(tier)                    // the population grows
package demand

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A Host is told of requests.
type Host interface {
	// Request is a new request that a user makes now.
	Request(now sim.Time, key rng.Key, user models.User, tier models.Tier, class models.Class)
	// Flow is the rate of fluid work, in requests per second, until a time.
	Flow(now, until sim.Time, tier models.Tier, class models.Class, rate float64)
}

// An Env is the surroundings of the demand.
type Env struct {
	Seed, Replication uint64
	Epoch             sim.Time // UTC time of kernel time 0, since 1970
	Origin            sim.Time // kernel time of the scenario's start
	Tiers             []Tier
	Classes           []Class
}

const (
	kindTick uint8 = iota
	kindArrival
)

var (
	purposeGap  = rng.Purpose("demand/gap")
	purposeUser = rng.Purpose("demand/user")
)

// Demand is the source of all requests of a run.
type Demand struct {
	k       *sim.Kernel
	actor   sim.ActorID
	host    Host
	env     Env
	step    sim.Time
	streams []stream
	blocks  []block // by tier
	classes []classFeed
	users   int
	ticked  sim.Time // when feedback was last taken in
	ticks   uint32   // number of the tick that is scheduled
}

// classFeed counts the completions of a class since the last tick.
type classFeed struct{ completed int64 }

type stream struct {
	spec     Stream
	tier     models.Tier
	class    models.Class
	key      rng.Key
	fluid    bool
	varies   bool
	numbered bool // its users are numbered
	profile  profile
	shape    *dayShape // nil: every hour is like the others
	active   activity
	segment  segment
	ordinal  uint64
	next     rng.Key // the request that comes next
	left     float64 // expected points from since until it
	since    sim.Time
	plan     uint32  // number of the plan that its pending event belongs to
	adopted  float64 // share of the interested users who are active
	known    bool    // the feature has been announced
	adopting echo
	sharing  echo
}

// An echo is the rate of completions as it works on others, smoothed by an
// exponential lag.
type echo struct {
	class  models.Class
	memory sim.Time
	rate   float64 // per second
}

func (e *echo) hear(feeds []classFeed, dt sim.Time) {
	keep := rng.Exp(-dt.Seconds() / e.memory.Seconds())
	now := float64(feeds[e.class].completed) / dt.Seconds()
	e.rate = float64(e.rate*keep) + float64(now*(1-keep))
}

// New returns the demand of a scenario, whose Spec and Env are already scaled.
func New(k *sim.Kernel, spec Spec, env Env, host Host) (*Demand, error) {
	d := &Demand{k: k, host: host, env: env, classes: make([]classFeed, len(env.Classes))}
	d.actor = k.Register("demand", d)
	for i := range spec.Streams {
		d.streams = append(d.streams, stream{key: rng.StreamKey(env.Seed, env.Replication, "demand/"+spec.Streams[i].Name)})
	}
	if err := d.configure(spec); err != nil {
		return nil, err
	}
	if err := d.number(); err != nil {
		return nil, err
	}
	return d, nil
}

// Check reports everything for which New would refuse the Spec, scaled as it
// is, each fault under the path of its knob.
func (s *Spec) Check(tiers []Tier, classes []Class) error {
	d := &Demand{env: Env{Tiers: tiers, Classes: classes}, streams: make([]stream, len(s.Streams))}
	if err := d.configure(*s); err != nil {
		return err
	}
	return d.number()
}

// Users is the number of users that are numbered: all User values lie below it.
func (d *Demand) Users() int { return d.users }

// UsersOf is the first number of a tier's users and how many of them are
// numbered, from there on.
func (d *Demand) UsersOf(t models.Tier) (first models.User, n int) {
	return d.blocks[t].first, d.blocks[t].size()
}

// Start begins the demand at the current time of the kernel.
func (d *Demand) Start(now sim.Time) {
	d.ticked = now
	for i := range d.streams {
		s := &d.streams[i]
		s.next = s.key.Child(0)
		s.left = gap(s.next)
		s.since = now
		d.announce(s, now)
		d.extend(i, now)
	}
	d.tick()
}

// Completed tells that a request of the class was served.
func (d *Demand) Completed(c models.Class) { d.classes[c].completed++ }

// SignedUp tells that a sign-up of the tier was completed.
func (d *Demand) SignedUp(t models.Tier) { d.blocks[t].signups++ }

// Handle fires an event of the kernel.
func (d *Demand) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case kindTick:
		if ev.Arg != d.ticks {
			return // scheduled before the rates were changed
		}
		d.listen(now)
		for i := range d.streams {
			if d.streams[i].varies {
				d.extend(i, now)
			}
		}
		d.tick()
	case kindArrival:
		i := int(ev.Arg & 0xffff)
		s := &d.streams[i]
		if ev.Arg>>16 != s.plan&0xffff {
			return // planned before the rate was changed
		}
		key := s.next
		user := models.Anonymous
		if s.numbered {
			user = d.user(s, key)
		}
		tier, class := s.tier, s.class
		s.ordinal++
		s.next = s.key.Child(s.ordinal)
		s.left = gap(s.next)
		d.advance(i, now)
		d.host.Request(now, key, user, tier, class)
	}
}

// Describe names an event for the trace.
func (d *Demand) Describe(ev sim.Event) string {
	if ev.Kind == kindTick {
		return "rates are renewed"
	}
	s := &d.streams[ev.Arg&0xffff]
	return fmt.Sprintf("request %d of stream %s", s.ordinal+1, s.spec.Name)
}

func gap(key rng.Key) float64 {
	src := key.Draw(purposeGap)
	return src.Exp()
}

// tick schedules the next renewal of the rates that vary.
func (d *Demand) tick() {
	next := sim.Never
	for i := range d.streams {
		if d.streams[i].varies {
			next = min(next, d.streams[i].segment.end)
		}
	}
	if next != sim.Never {
		d.ticks++
		d.k.At(next, sim.Event{Actor: d.actor, Kind: kindTick, Priority: models.PriorityPatch, Arg: d.ticks})
	}
}

// horizon is the end of the piece of time that begins now, over which all rates
// are linear.
func (d *Demand) horizon(now sim.Time) sim.Time {
	since := now + d.env.Epoch
	end := now + d.step - since%d.step
	for i := range d.streams {
		end = min(end, d.streams[i].profile.knot(now))
		if a := d.streams[i].spec.Adoption; a != nil {
			if from := sim.Time(a.From) + d.env.Origin; from > now {
				end = min(end, from)
			}
		}
	}
	return end
}

// listen takes in what was completed since the last tick.
func (d *Demand) listen(now sim.Time) {
	dt := now - d.ticked
	if dt <= 0 {
		return
	}
	d.ticked = now
	for i := range d.streams {
		s := &d.streams[i]
		if s.spec.Sharing != nil {
			s.sharing.hear(d.classes, dt)
		}
		if a := s.spec.Adoption; a != nil {
			s.adopting.hear(d.classes, dt)
			if s.known {
				base := math.Max(1, d.interested(s))
				hazard := float64(a.Innovation) + float64(float64(a.Imitation)*s.adopting.rate)/base
				s.adopted = 1 - float64((1-s.adopted)*rng.Exp(-float64(hazard*dt.Seconds())))
			}
			d.announce(s, now)
		}
	}
	for c := range d.classes {
		d.classes[c].completed = 0
	}
}

// announce makes the feature of a stream known when its time has come.
func (d *Demand) announce(s *stream, now sim.Time) {
	if a := s.spec.Adoption; a != nil && !s.known && now >= sim.Time(a.From)+d.env.Origin {
		s.known = true
		s.adopted = float64(a.AtOnce)
	}
}

// interested is the number of users at the start who will ever ask.
func (d *Demand) interested(s *stream) float64 {
	return d.blocks[s.tier].total * float64(s.spec.Interest)
}

// extend gives stream i its rate from now to the next horizon.
func (d *Demand) extend(i int, now sim.Time) {
	s := &d.streams[i]
	end := sim.Never
	if s.varies {
		end = d.horizon(now)
	}
	q := &s.spec
	level := float64(q.Rate)
	b := &d.blocks[s.tier]
	if q.PerUser > 0 {
		joined := b.signups
		if s.numbered {
			joined = min(joined, b.reach) // those beyond it have no number to be told apart by
		}
		users := float64(d.interested(s)*s.adopted) + float64(joined)
		if q.Adoption == nil || s.known {
			level += float64(float64(q.PerUser) * users)
		}
	}
	if q.Sharing != nil {
		still := math.Max(0, 1-float64(b.signups)/float64(q.Sharing.Reach))
		level += float64(float64(float64(q.Sharing.PerCompletion)*s.sharing.rate) * still)
	}
	s.segment = segment{begin: now, end: end, r0: float64(level * d.factor(s, now, false)), r1: float64(level * d.factor(s, end, true))}
	if end == sim.Never {
		s.segment.r1 = s.segment.r0
	}
	if s.fluid {
		d.host.Flow(now, end, s.tier, s.class, (s.segment.r0+s.segment.r1)/2)
		return
	}
	d.advance(i, now)
}

func (d *Demand) factor(s *stream, t sim.Time, left bool) float64 {
	if !s.varies {
		return 1
	}
	f := s.profile.factor(t, left)
	if s.shape != nil {
		f *= s.shape.at(t+d.env.Epoch, left)
	}
	return f
}

// advance plans the next arrival of a stream if it falls into its segment, else
// it takes the points of the rest of the segment off what is left until then.
func (d *Demand) advance(i int, now sim.Time) {
	s := &d.streams[i]
	g := &s.segment
	s.since = now
	begin := g.until(now)
	if g.end != sim.Never {
		if rest := g.until(g.end) - begin; s.left >= rest {
			s.left -= math.Max(rest, 0)
			s.since = g.end
			return
		}
	} else if g.r0 == 0 {
		return
	}
	at := max(now, g.begin+sim.FromSeconds(g.invert(begin+s.left)))
	if g.end != sim.Never {
		at = min(at, g.end-1)
	}
	d.k.At(at, sim.Event{Actor: d.actor, Kind: kindArrival, Priority: models.PriorityArrival, Arg: uint32(i) | s.plan<<16})
}

// user draws the user of a request. Drawing again from the same key makes the
// draw uniform over those who are active now.
func (d *Demand) user(s *stream, key rng.Key) models.User {
	b := &d.blocks[s.tier]
	old := max(1, int(d.interested(s)*s.adopted))
	src := key.Draw(purposeUser)
	for range maxRedraws {
		u := b.user(s.active.rank(src.Float64()))
		if u < old || (u >= b.base && u-b.base < b.signups) {
			return b.first + models.User(u)
		}
	}
	// Next to nobody is active yet: one of them, without regard to activity.
	u := int(src.IntN(uint64(old + min(b.signups, b.reach))))
	if u >= old {
		u += b.base - old
	}
	return b.first + models.User(u)
}

// maxRedraws bounds the draws for the user of one request.
const maxRedraws = 4096
