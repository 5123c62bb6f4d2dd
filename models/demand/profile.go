package demand

import (
	"fmt"
	"sort"

	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A profile is a piecewise-linear factor over time, constant outside its
// points; without points it is 1. Two points at one time are a jump.
type profile struct {
	at     []sim.Time
	x      []float64
	origin sim.Time // of the period
	period sim.Time
}

func (p *profile) add(at sim.Time, x float64) {
	p.at = append(p.at, at)
	p.x = append(p.x, x)
}

// newProfile makes the profile that a stream's points are, linear between them
// or in steps.
func newProfile(q *Stream, origin sim.Time) (profile, error) {
	period := sim.Time(q.Period)
	p := profile{origin: origin, period: period}
	for i, pt := range q.Profile {
		if i > 0 && pt.At < q.Profile[i-1].At {
			return p, fmt.Errorf("profile: point %d comes before the one above it: want points in order of time", i+1)
		}
		if period > 0 && (pt.At < 0 || sim.Time(pt.At) > period) {
			return p, fmt.Errorf("profile: point %d lies outside the period of %v: want points from +0s to its end", i+1, period)
		}
		at := sim.Time(pt.At) + origin
		if q.Shape == "step" && i > 0 {
			p.add(at, float64(q.Profile[i-1].X))
		}
		p.add(at, float64(pt.X))
	}
	return p, nil
}

// newRamps makes the profile that a stream's ramps are.
func newRamps(ramps []Ramp, origin sim.Time) (profile, error) {
	p := profile{origin: origin}
	x, ended := 1.0, sim.Time(0)
	for i, r := range ramps {
		begin := sim.Time(r.At) + origin
		if i > 0 && begin < ended {
			return p, fmt.Errorf("ramps: ramp %d begins before the one above it has ended: want ramps in order of time", i+1)
		}
		p.add(begin, x)
		x, ended = float64(r.To), begin+sim.Time(r.Over)
		p.add(ended, x)
	}
	return p, nil
}

// The pieces of an exponential fall: each is an eighth of the mean long, and
// after twelve means 6 in a million of it are left, which are cut off.
const (
	piecesPerFall = 8
	fallsKept     = 12
)

// newSpike makes the profile that a spike adds to the others: 0 outside.
func newSpike(q *Spike, origin sim.Time) profile {
	p := profile{origin: origin}
	height := float64(q.Height)
	at := sim.Time(q.At) + origin
	p.add(at, 0)
	at += sim.Time(q.Rise)
	p.add(at, height)
	at += sim.Time(q.Hold)
	p.add(at, height)
	fall := sim.Time(q.Fall)
	if q.Decay != "exponential" || fall == 0 {
		p.add(at+fall, 0)
		return p
	}
	// A chord lies above the curve. Each is lowered until its area is that of
	// the curve, which for pieces of one length is one factor.
	h := 1.0 / piecesPerFall
	left := rng.Exp(-h)
	lower := (1 - left) / h / ((1 + left) / 2)
	for i := range piecesPerFall * fallsKept {
		begin, end := float64(i)*h, float64(i+1)*h
		p.add(at+sim.Time(float64(float64(fall)*begin)), float64(height*lower*rng.Exp(-begin)))
		p.add(at+sim.Time(float64(float64(fall)*end)), float64(height*lower*rng.Exp(-end)))
	}
	p.add(at+fall*fallsKept, 0)
	return p
}

// curves are the profile of a stream and what its spikes add to it.
type curves []profile

func newCurves(q *Stream, origin sim.Time) (curves, error) {
	base, err := newProfile(q, origin)
	if err != nil {
		return nil, err
	}
	if len(q.Ramps) > 0 {
		if len(q.Profile) > 0 {
			return nil, fmt.Errorf("ramps: stand beside a profile: want one of the two")
		}
		if base, err = newRamps(q.Ramps, origin); err != nil {
			return nil, err
		}
	}
	if q.RateSeries != nil {
		switch {
		case len(q.Profile) > 0 || len(q.Ramps) > 0 || len(q.Spikes) > 0:
			return nil, fmt.Errorf("rate_series: stands beside profile, ramps or spikes: want one of them")
		case q.Period != 0:
			return nil, fmt.Errorf("rate_series: stands beside period: want repeat within rate_series")
		}
		if base, err = q.RateSeries.profile(origin); err != nil {
			return nil, err
		}
	}
	c := curves{base}
	for i := range q.Spikes {
		c = append(c, newSpike(&q.Spikes[i], origin))
	}
	if len(c) == 1 && len(base.at) == 0 {
		return nil, nil
	}
	return c, nil
}

// factor is the value at t; left takes the limit from before it.
func (c curves) factor(t sim.Time, left bool) float64 {
	if len(c) == 0 {
		return 1
	}
	sum := 0.0
	for i := range c {
		sum += c[i].factor(t, left)
	}
	return sum
}

// knot is the next moment after t at which one of the curves may bend.
func (c curves) knot(t sim.Time) sim.Time {
	next := sim.Never
	for i := range c {
		next = min(next, c[i].knot(t))
	}
	return next
}

// fold brings a time into the first period.
func (p *profile) fold(t sim.Time) sim.Time {
	if p.period == 0 {
		return t
	}
	return ((t-p.origin)%p.period+p.period)%p.period + p.origin
}

// factor is the value at t; left takes the limit from before it.
func (p *profile) factor(t sim.Time, left bool) float64 {
	n := len(p.at)
	if n == 0 {
		return 1
	}
	f := p.fold(t)
	if left && f == p.origin && p.period > 0 {
		f += p.period
	}
	// The first point after t, or at t where the limit from the left is asked.
	i := sort.Search(n, func(i int) bool { return p.at[i] > f || (left && p.at[i] == f) })
	switch {
	case i == 0:
		return p.x[0]
	case i == n:
		return p.x[n-1]
	}
	w := float64(f-p.at[i-1]) / float64(p.at[i]-p.at[i-1])
	return p.x[i-1] + float64(w*(p.x[i]-p.x[i-1]))
}

// knot is the next moment after t at which the profile may bend.
func (p *profile) knot(t sim.Time) sim.Time {
	n := len(p.at)
	if n == 0 {
		return sim.Never
	}
	f := p.fold(t)
	i := sort.Search(n, func(i int) bool { return p.at[i] > f })
	switch {
	case i < n:
		return t + p.at[i] - f
	case p.period > 0:
		return t + p.origin + p.period - f
	}
	return sim.Never
}
