package policy

import (
	"fmt"
	"slices"

	"github.com/launchday-sim/launchday/models"
)

// A controller that learns from one pool what another can bear throttles an idle
// pool for a full one. So the chain keeps a policy of such a kind (Kind.PerPool) for
// each pool that its item's classes lead to: with the item's name and reasons, its
// own state and its own luck. Which of them an attempt meets is decided where the
// chain asks: by the pool that would serve it there, which behind a fallback is the
// one that was chosen. At its turn and at its end it meets the same, so that a policy
// measures what it decides on; one that acts at the turn alone, such as a manager of
// queues, meets it at the pool that serves it.

// A router is a Spec that may send attempts to another pool than that of their class.
type router interface{ Route() string }

// maxSeats is the bits of Attempt.Told.
const maxSeats = 64

// A seat is who is told of an attempt's end by a bit of Attempt.Told.
type seat struct {
	link  int
	pool  uint8
	plain Finisher // of a plain link
}

// homes are the pools by which an attempt may be served when a policy is asked.
func homes(items []Item, env *Env) []int {
	if slices.ContainsFunc(items, func(it Item) bool { _, ok := it.Spec.(router); return ok }) {
		all := make([]int, len(env.Pools))
		for p := range all {
			all[p] = p
		}
		return all
	}
	list := slices.DeleteFunc(slices.Clone(env.Homes), func(pool int) bool { return pool < 0 })
	slices.Sort(list)
	return slices.Compact(list)
}

// of is the policy of a link that an attempt at a pool meets.
func (l *link) of(pool uint8) Policy {
	if l.each != nil {
		return l.each[pool]
	}
	return l.policy
}

// turn is the pool whose policy of link i an attempt meets when its turn has come.
func (c *Chain) turn(i int, a *models.Attempt) uint8 {
	l := &c.links[i]
	if l.each == nil || !l.gauges && !l.finishes {
		return a.Pool
	}
	home := c.env.Homes[a.Class]
	if int(a.Pool) == home {
		return a.Pool
	}
	for j := range i {
		if r, ok := c.links[j].item.Spec.(router); ok && r.Route() == c.env.Pools[a.Pool] {
			return a.Pool // it was chosen before the link was asked
		}
	}
	return uint8(home)
}

// seat is the place of a pool among the bits of a link.
func (c *Chain) seat(l *link, pool uint8) int {
	if !l.wide {
		return 0
	}
	return max(0, slices.Index(c.homes, int(pool)))
}

// seating gives the links that are told how attempts end, or will be when they are
// enabled, their bits: one for each policy that a link may have.
func (c *Chain) seating(links []link) ([]seat, error) {
	var seats []seat
	for i := range links {
		l := &links[i]
		l.gauges = Of(l.item.Kind).Gauges
		l.wide = Of(l.item.Kind).PerPool && len(c.homes) > 1
		if _, told := l.policy.(Finisher); !told {
			continue
		}
		l.bit = len(seats)
		if !l.wide {
			seats = append(seats, seat{link: i})
		} else {
			for _, pool := range c.homes {
				seats = append(seats, seat{link: i, pool: uint8(pool)})
			}
		}
		if len(seats) > maxSeats {
			return nil, fmt.Errorf("policy %s: is told how attempts end, for which there is room for %d policies, counted once for each pool where they are kept for each", l.item.Name, maxSeats)
		}
	}
	return seats, nil
}

// Told is the bits of Attempt.Told that are link i's; 0 where it is not told how
// attempts end.
func (c *Chain) Told(i int) uint64 {
	l := &c.links[i]
	switch {
	case !l.finishes:
		return 0
	case l.wide:
		return (1<<len(c.homes) - 1) << l.bit
	}
	return 1 << l.bit
}

// takeOver lets a link go on with the policies of the one in whose place it comes,
// under its new parameters.
func (c *Chain) takeOver(l, old *link) error {
	if old.reports != nil {
		c.deliver(old, c.env.Now())
	}
	if err := old.policy.Reconfigure(l.item.Spec); err != nil {
		return err
	}
	for i, pool := range old.pools {
		if i > 0 {
			if err := old.each[pool].Reconfigure(l.item.Spec); err != nil {
				return err
			}
		}
	}
	l.policy, l.each, l.pools, l.since = old.policy, old.each, old.pools, old.since
	return nil
}

// spread gives a link a policy for each pool that its classes lead to, where it has
// none yet, or that one of the routers may choose.
func (c *Chain) spread(l *link, routers []link) error {
	if !l.wide || l.policy == nil {
		return nil
	}
	pools := l.pools
	add := func(pool int) {
		if pool >= 0 && !slices.Contains(pools, pool) {
			pools = append(slices.Clip(pools), pool)
		}
	}
	for k, class := range c.env.Classes {
		if among(l.item.Classes, class) {
			add(c.env.Homes[k])
		}
	}
	for _, b := range routers {
		if r, ok := b.item.Spec.(router); ok && r.Route() != "" {
			add(slices.Index(c.env.Pools, r.Route()))
		}
	}
	if len(pools) > 1 {
		each := make([]Policy, len(c.env.Pools))
		for pool := range each {
			each[pool] = l.policy // of pools that none of its attempts reaches
		}
		for i, pool := range pools[1:] {
			switch {
			case i+1 < len(l.pools):
				each[pool] = l.each[pool]
			default:
				env := c.env
				env.Name, env.stream = l.item.Name, "/"+c.env.Pools[pool]
				p, err := l.item.Spec.New(env)
				if err != nil {
					return err
				}
				each[pool] = p
			}
		}
		l.each = each
	}
	l.pools = pools
	return nil
}
