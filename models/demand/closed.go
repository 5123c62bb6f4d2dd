package demand

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// Closed is a fixed number of users who never leave: each thinks, asks, waits
// until the request has ended (he got what he wanted, or gave it up, with all
// tries and returns that his client makes) and thinks again. All begin by
// thinking. It is the finite source of machine repair and of the interactive
// system of a closed network.
//
// The j-th request of a user has a key of its own, and the thinking before it
// is drawn from that key: policies move it in time and never change its luck.
type Closed struct {
	Users unit.Count `yaml:"users" required:"true" min:"1" doc:"How many users there are. They are numbered apart from those of the tier."`
	Think unit.Dist  `yaml:"think" required:"true" doc:"Time from the end of a request to the user's next one, and from the start of the run to the first. Its mean is 1ms or more."`
}

// A crowd is the users of a closed stream.
type crowd struct {
	first models.User
	asked []uint32 // requests of each so far
}

// leastThink is the least mean of the time to think, seconds: with none at all a
// request that takes no time would be followed by the next at the same instant,
// for ever.
const leastThink = 0.001

func (c *Closed) law() (rng.Dist, error) {
	law, err := c.Think.Build()
	if err != nil {
		return nil, fmt.Errorf("closed.think: %w", err)
	}
	if !(law.Mean() >= leastThink) {
		return nil, fmt.Errorf("closed.think: a mean of %v is too short, for who is refused at once asks again: want a mean of at least 1ms", unit.Duration(sim.FromSeconds(law.Mean())))
	}
	return law, nil
}

// alone reports what may not stand beside a section that says by itself when
// requests come.
func (q *Stream) alone(section string) error {
	for _, other := range []struct {
		key string
		is  bool
	}{
		{"rate", q.Rate != 0}, {"per_user", q.PerUser != 0}, {"day_shape", q.DayShape}, {"profile", len(q.Profile) > 0}, {"ramps", len(q.Ramps) > 0},
		{"spikes", len(q.Spikes) > 0}, {"rate_series", q.RateSeries != nil}, {"arrivals", q.Arrivals != nil}, {"adoption", q.Adoption != nil},
		{"sharing", q.Sharing != nil}, {"release", q.Release != ""}, {"trace", section == "closed" && q.Trace != nil},
	} {
		if other.is {
			return fmt.Errorf("%s: stands beside %s, which says by itself when requests come: want one of the two", other.key, section)
		}
	}
	return nil
}

// think lets a user of a closed stream think before his next request.
func (d *Demand) think(now sim.Time, s *stream, user models.User) {
	key := s.nextOf(user)
	d.src = key.Draw(purposeThink)
	if at := later(now, max(0, sim.FromSeconds(s.thinking.Sample(&d.src)))); at != sim.Never {
		d.k.At(at, sim.Event{Actor: d.actor, Kind: kindAsk, Priority: models.PriorityArrival, Arg: uint32(user)})
	}
}

// nextOf is the key of the next request of a user of a closed stream.
func (s *stream) nextOf(user models.User) rng.Key {
	n := user - s.crowd.first
	return s.key.Child(uint64(n)).Child(uint64(s.crowd.asked[n]))
}

// ask is the moment at which a user of a closed stream has thought enough.
func (d *Demand) ask(now sim.Time, user models.User) {
	s := d.closedOf(user)
	key := s.nextOf(user)
	s.crowd.asked[user-s.crowd.first]++
	d.host.Request(now, key, user, s.tier, s.class, 0)
}

// closedOf is the closed stream that a user belongs to; nil if it is none.
func (d *Demand) closedOf(user models.User) *stream {
	if user < d.crowds {
		return nil
	}
	for i := range d.streams {
		if c := d.streams[i].crowd; c != nil && user >= c.first && user < c.first+models.User(len(c.asked)) {
			return &d.streams[i]
		}
	}
	return nil
}

// Ended tells that a request of the user has ended, whatever came of it, and
// that neither another try nor a return of it will follow. It matters for the
// users of closed streams, who think from now on.
func (d *Demand) Ended(now sim.Time, user models.User) {
	if s := d.closedOf(user); s != nil {
		d.think(now, s, user)
	}
}
