package policy

import (
	"fmt"
	"math/bits"
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

// of is the policy of a link that an attempt at a pool meets.
func (l *link) of(pool uint8) Policy {
	if l.each != nil {
		return l.each[pool]
	}
	return l.policy
}

// turn is the pool whose policy of link i an attempt meets when its turn has come: that
// of the one which admitted it, if it measures what it decides on.
func (c *Chain) turn(i int, a *models.Attempt) uint8 {
	if c.links[i].each != nil {
		if told := a.Told & c.links[i].told; told != 0 {
			return c.seats[bits.TrailingZeros64(told)].pool
		}
	}
	return a.Pool
}

// bit is the one of Attempt.Told that says that the link's policy of a pool has
// admitted an attempt.
func (l *link) bit(pool uint8) int {
	if l.wide {
		return l.bits[pool]
	}
	return l.bits[0]
}

// seating gives the links that are told how attempts end, or which of those they
// admitted are started, their bits: one for each policy that a link may have. In a run
// that has begun those of before stay what they are, for attempts are marked by them.
func (c *Chain) seating(links []link) ([]seat, error) {
	var seats []seat
	if c.loop.k != nil {
		seats = slices.Clone(c.seats)
	}
	several := c.several(links)
	for i := range links {
		l := &links[i]
		l.gauges = Of(l.item.Kind).Gauges
		l.wide = Of(l.item.Kind).PerPool && several
		if _, told := l.policy.(Finisher); !told && !(l.gauges && l.wide) {
			continue
		}
		pools := []int{0}
		if l.wide {
			pools = c.reaches(l, links[:i])
		}
		l.bits = make([]int, max(1, len(c.env.Pools)))
		for n, pool := range pools {
			at := slices.IndexFunc(seats, func(s seat) bool { return s.link == i && int(s.pool) == pool })
			if at < 0 {
				at = len(seats)
				seats = append(seats, seat{link: i, pool: uint8(pool)})
			}
			if n == 0 {
				for p := range l.bits {
					l.bits[p] = at // of pools at which none of its attempts asks
				}
			}
			l.bits[pool] = at
		}
		if len(seats) > maxSeats {
			return nil, fmt.Errorf("policy %s: is told how attempts end, for which there is room for %d policies, counted once for each pool where they are kept for each", l.item.Name, maxSeats)
		}
	}
	for bit, s := range seats {
		links[s.link].told |= 1 << bit
	}
	return seats, nil
}

// several reports whether there is more than one pool by which an attempt may be served
// when a policy is asked.
func (c *Chain) several(links []link) bool {
	routed := slices.ContainsFunc(links, func(l link) bool { _, ok := l.item.Spec.(router); return ok })
	return len(c.env.Pools) > 1 && (routed || len(c.reaches(&link{}, nil)) > 1)
}

// reaches are the pools that the classes of a link lead to, or that one of the routers
// may choose.
func (c *Chain) reaches(l *link, routers []link) (pools []int) {
	add := func(pool int) {
		if pool >= 0 && !slices.Contains(pools, pool) {
			pools = append(pools, pool)
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
	return pools
}

// Told is the bits of Attempt.Told that are link i's.
func (c *Chain) Told(i int) uint64 { return c.links[i].told }

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
	pools := slices.Clip(l.pools)
	for _, pool := range c.reaches(l, routers) {
		if !slices.Contains(pools, pool) {
			pools = append(pools, pool)
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
