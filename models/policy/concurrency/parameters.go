package concurrency

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// Why limits act differently in a world of reduced scale.
const integerSteps = "Limits are whole numbers and change by steps that do not shrink with the world: where 2,000 may be in flight a step of one is a two-thousandth, where two may be it is half. A smaller world also has fewer samples a second."

// perProcess says what published limits are of.
const perProcess = "The published limits are those of one server process: of a whole service give your own, or let `max` follow the servers, as in inference."

// bounds are the limits between which a limit moves.
type bounds struct {
	initial, least, most int
	follows              bool // most is timesServers the servers that are up
	servers              int  // as last seen; 0: not yet
	env                  *policy.Env
}

// timesServers is the largest limit in inference, in servers that are up, where none
// is given. It is the ratio of the published largest limit to the initial one, 200 to
// 20, which is that of the servers here; and a queue that long is waited in for nine
// services, three minutes where one takes 20 s: more than users wait, so that it is
// the policy that finds the limit and not the bound.
const timesServers = 10

// unbounded is the largest limit while the servers have not been seen.
const unbounded = 1 << 30

// with checks new bounds and returns them in the place of b. Those that are not given
// are those of the preset: an initial limit of 20 as published, as far as the bounds
// let it, or 0 for the servers that are up; and the largest as published, or as many
// as timesServers says.
func (b bounds) with(p policy.Preset, initial, least, most unit.Count, published float64) (bounds, error) {
	return b.named(p, [3]string{"initial", "min", "max"}, initial, least, most, published)
}

func (b bounds) named(p policy.Preset, names [3]string, initial, least, most unit.Count, published float64) (bounds, error) {
	n := bounds{servers: b.servers, env: b.env}
	if most == 0 && p == policy.Source {
		most = max(unit.Count(b.env.Published(published)), least)
	} else if most == 0 {
		n.follows, most = true, unbounded
	}
	start := initial
	if initial == 0 {
		names[0] = names[1]
		start = least
		if p == policy.Source {
			start = min(max(unit.Count(b.env.Published(20)), least), most)
		}
	}
	var err error
	if n.initial, n.least, n.most, err = namedBounds(names, start, least, most); err != nil {
		return bounds{}, err
	}
	if initial == 0 && p != policy.Source {
		n.initial = 0
	}
	n.follow(b.servers)
	return n, nil
}

// follow lets the largest limit follow the servers that are up, where it does.
func (b *bounds) follow(servers int) {
	if servers <= 0 {
		return
	}
	b.servers = servers
	if b.follows {
		b.most = max(b.least, timesServers*servers)
	}
}

func namedBounds(names [3]string, initial, least, most unit.Count) (first, low, high int, err error) {
	for i, l := range []struct {
		given unit.Count
		whole *int
	}{{initial, &first}, {least, &low}, {most, &high}} {
		if !(l.given >= 1 && l.given <= 1<<30) {
			return 0, 0, 0, fmt.Errorf("%s is %v, it must be 1 to 2^30", names[i], float64(l.given))
		}
		*l.whole = int(math.Floor(float64(l.given) + 0.5))
	}
	switch {
	case high < low:
		return 0, 0, 0, fmt.Errorf("%s is %d, it must be at least %s, which is %d", names[2], high, names[1], low)
	case first < low || first > high:
		return 0, 0, 0, fmt.Errorf("%s is %d, it must be %s to %s, %d to %d", names[0], first, names[1], names[2], low, high)
	}
	return first, low, high, nil
}

// first is the limit to begin with at a pool of so many servers.
func (b bounds) first(servers int) float64 {
	if b.initial > 0 {
		return float64(b.initial)
	}
	return b.within(float64(servers))
}

// within is x, or the bound that is nearest.
func (b bounds) within(x float64) float64 {
	return math.Max(float64(b.least), math.Min(float64(b.most), x))
}

// settled is a limit under new bounds. One that has not begun, 0, stays so: it is to
// begin at the servers that the first attempt shows.
func (b bounds) settled(limit float64) float64 {
	if limit == 0 {
		return 0
	}
	return b.within(limit)
}

// share checks a number that must be above 0 and at most 1.
func share(name string, x float64) error {
	if !(x > 0 && x <= 1) {
		return fmt.Errorf("%s is %v, it must be above 0 and at most 1", name, x)
	}
	return nil
}

// atLeast checks a whole number.
func atLeast(name string, x, least int) error {
	if x < least {
		return fmt.Errorf("%s is %d, it must be %d or more", name, x, least)
	}
	return nil
}

// notNegative checks a time.
func notNegative(name string, d unit.Duration) error {
	if d < 0 {
		return fmt.Errorf("%s is %v, it must be 0 or more", name, sim.Time(d))
	}
	return nil
}

// log10 is the whole part of the decimal logarithm, and 1 at least.
func log10(limit int) int {
	n := 1
	for limit >= 100 {
		limit /= 10
		n++
	}
	return n
}
