// Package demand makes the requests: who asks, for what, when.
//
// A stream is a process of unit rate, Poisson or renewal, whose points are moved
// in time by the integral of the stream's rate. The k-th request of a stream is
// therefore the same under every policy, with the same identity, user, patience
// and service demand; feedback on the rate moves it in time, never its luck. The
// next point is found by inversion of the integral, which is piecewise quadratic:
// no surge is jumped over, however low the rate is before it.
//
// A stream may also be a closed circle of users, who ask again when they have
// thought over what came of their last request, or the replay of a log.
//
// Rates follow the local day of the regions, a profile over time with its ramps
// and spikes, a measured series, a hidden random state, and word of mouth: users become active, and others sign up, because of what users
// received. Users are numbered here. A request's user is drawn with the
// request's key from the largest population that the scenario can reach; one
// who is not active yet is drawn again from the same key.
//
//	d, err := demand.New(kernel, spec, env, host)
//	d.Start(now)                        // host.Request and host.Flow are called from now on
//	d.Completed(class)                  // a request was served: others hear of it
//	d.SignedUp(tier)                    // the population grows
//	d.Ended(now, user)                  // a request is over, whatever came of it
package demand

import (
	"errors"
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A Host is told of requests.
type Host interface {
	// Request is a new request that a user makes now. A row other than 0 is that
	// of a trace, for Work.
	Request(now sim.Time, key rng.Key, user models.User, tier models.Tier, class models.Class, row uint32)
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
	kindSwitch // Arg: stream, whose MMPP changes its state
	kindAsk    // Arg: user of a closed stream
	kindRow    // the next request of a trace
)

var (
	purposeGap  = rng.Purpose("demand/gap")
	purposeUser = rng.Purpose("demand/user")

	purposeThink  = rng.Purpose("demand/think")
	purposeKeep   = rng.Purpose("demand/keep")
	purposeJitter = rng.Purpose("demand/jitter")
)

// Demand is the source of all requests of a run.
type Demand struct {
	k        *sim.Kernel
	actor    sim.ActorID
	host     Host
	env      Env
	step     sim.Time
	streams  []stream
	blocks   []block // by tier
	releases []Release
	classes  []classFeed
	users    int
	crowds   models.User // the first user of a closed stream; those of traces lie among them
	src      rng.Source  // of the draw being made; here because a law takes it by address
	ticked   sim.Time    // when feedback was last taken in
	ticks    uint32      // number of the tick that is scheduled
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
	numbered bool     // its users are numbered
	release  int      // index of the feature that it waits for; negative: none
	released sim.Time // when that comes out
	origin   sim.Time // kernel time from which its instants count
	curves   curves
	shape    *dayShape   // nil: every hour is like the others
	renewal  *renewal    // nil: Poisson
	mod      *modulation // nil: its rate has no hidden state
	crowd    *crowd      // nil: it is no closed stream
	thinking rng.Dist    // of a closed stream
	replay   *replay     // nil: it is no trace
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
	if faults := d.bounded(); len(faults) > 0 {
		return errors.Join(faults...)
	}
	return d.number()
}

// Users is the number of users that are numbered: all User values lie below it.
func (d *Demand) Users() int { return d.users }

// EachBlock calls f with the users that are numbered, by blocks of one tier, in order of
// their numbers: those of the tiers, then those of closed streams and traces.
func (d *Demand) EachBlock(f func(t models.Tier, first models.User, n int)) {
	for t := range d.blocks {
		f(models.Tier(t), d.blocks[t].first, d.blocks[t].size())
	}
	for i := range d.streams {
		switch s := &d.streams[i]; {
		case s.crowd != nil:
			f(s.tier, s.crowd.first, len(s.crowd.asked))
		case s.replay != nil:
			f(s.tier, s.replay.user, s.replay.rows.users*s.replay.copies)
		}
	}
}

// Start begins the demand at the current time of the kernel.
func (d *Demand) Start(now sim.Time) {
	d.ticked = now
	for i := range d.streams {
		s := &d.streams[i]
		switch {
		case s.crowd != nil:
			for n := range s.crowd.asked {
				d.think(now, s, s.crowd.first+models.User(n))
			}
			continue
		case s.replay != nil:
			s.replay.skip(now, s.spec.Trace)
			d.await(i)
			continue
		}
		s.next = s.key.Child(0)
		if s.renewal != nil {
			d.src = s.next.Draw(purposeGap)
			s.left = s.renewal.first(&d.src)
		} else {
			s.left = d.gap(s)
		}
		s.since = now
		if s.mod != nil {
			s.mod.begin(now, rng.NewSource(d.env.Seed, d.env.Replication, "demand/"+s.spec.Name+"/mmpp"))
			d.switchAt(i)
		}
		d.announce(s, now)
		d.extend(i, now)
	}
	d.tick(now)
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
		d.tick(now)
	case kindSwitch:
		if m := d.streams[ev.Arg].mod; m != nil && m.until <= now {
			d.extend(int(ev.Arg), now)
		}
	case kindAsk:
		d.ask(now, models.User(ev.Arg))
	case kindRow:
		i := int(ev.Arg & 0xffff)
		if ev.Arg>>16 == d.streams[i].plan&0xffff {
			d.play(now, i)
		}
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
		s.left = d.gap(s)
		d.advance(i, now)
		d.host.Request(now, key, user, tier, class, 0)
	}
}

// Describe names an event for the trace.
func (d *Demand) Describe(ev sim.Event) string {
	switch ev.Kind {
	case kindTick:
		return "rates are renewed"
	case kindSwitch:
		return "stream " + d.streams[ev.Arg].spec.Name + " changes its state"
	case kindAsk:
		s := d.closedOf(models.User(ev.Arg))
		n := models.User(ev.Arg) - s.crowd.first
		return fmt.Sprintf("request %d of user %d of stream %s", s.crowd.asked[n]+1, n, s.spec.Name)
	case kindRow:
		return "next row of the trace of stream " + d.streams[ev.Arg&0xffff].spec.Name
	}
	s := &d.streams[ev.Arg&0xffff]
	return fmt.Sprintf("request %d of stream %s", s.ordinal+1, s.spec.Name)
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
