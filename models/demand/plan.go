package demand

import (
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// gap is the integral of the rate between the last request and the next.
func (d *Demand) gap(s *stream) float64 {
	if s.renewal == nil {
		src := s.next.Draw(purposeGap)
		return src.Exp()
	}
	d.src = s.next.Draw(purposeGap)
	return s.renewal.gap.Sample(&d.src)
}

// tick schedules the next renewal of the rates that vary.
func (d *Demand) tick(now sim.Time) {
	if slices.ContainsFunc(d.streams, func(s stream) bool { return s.varies }) {
		d.ticks++
		d.k.At(d.horizon(now), sim.Event{Actor: d.actor, Kind: kindTick, Priority: models.PriorityPatch, Arg: d.ticks})
	}
}

// switchAt schedules the next change of a stream's hidden state.
func (d *Demand) switchAt(i int) {
	if at := d.streams[i].mod.until; at != sim.Never {
		d.k.At(at, sim.Event{Actor: d.actor, Kind: kindSwitch, Priority: models.PriorityPatch, Arg: uint32(i)})
	}
}

// horizon is the end of the piece of time that begins now, over which all rates
// are linear.
func (d *Demand) horizon(now sim.Time) sim.Time {
	since := now + d.env.Epoch
	end := now + d.step - since%d.step
	for i := range d.streams {
		s := &d.streams[i]
		end = min(end, s.curves.knot(now))
		if a := s.spec.Adoption; a != nil {
			if from := sim.After(s.origin, sim.Time(a.From)); from > now {
				end = min(end, from)
			}
		}
		if s.release >= 0 && s.released > now {
			end = min(end, s.released)
		}
	}
	return end
}

// extend gives stream i its rate from now to the next horizon.
func (d *Demand) extend(i int, now sim.Time) {
	s := &d.streams[i]
	end := sim.Never
	if s.varies {
		end = d.horizon(now)
	}
	if s.mod != nil {
		if s.mod.until <= now {
			s.mod.leave(now)
			d.switchAt(i)
		}
		end = min(end, s.mod.until)
	}
	q := &s.spec
	level := float64(q.Rate)
	if q.RateSeries != nil {
		level = q.RateSeries.level()
	}
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
	if s.mod != nil {
		level = float64(level * s.mod.factor[s.mod.state])
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
	switch {
	case !s.varies:
		return 1
	case s.release >= 0 && (t < s.released || left && t == s.released):
		return 0
	}
	f := s.curves.factor(t, left)
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
