package stats

import (
	"math"
	"math/bits"
)

// A Gauge follows an integer level that is constant between changes, such as
// the number in a queue or the servers at work, and integrates it over time
// without rounding. Times are int64 nanoseconds from 0 and must not go back.
//
// The zero value is a level of 0 at time 0. The integral cannot overflow: a
// level of an int64 over a time of an int64 is 126 bits.
type Gauge struct {
	area  Integral // up to since
	since int64
	level int64
	max   int64
}

// Set makes v the level from time now on.
func (g *Gauge) Set(now, v int64) {
	g.area = g.Integral(now)
	g.since = now
	g.level = v
	g.max = max(g.max, v)
}

// Add changes the level by delta from time now on.
func (g *Gauge) Add(now, delta int64) { g.Set(now, g.level+delta) }

// Value is the level now.
func (g *Gauge) Value() int64 { return g.level }

// Max is the highest level since the start or the last ResetMax. A level that
// lasted no time counts.
func (g *Gauge) Max() int64 { return g.max }

// ResetMax forgets the levels before this one.
func (g *Gauge) ResetMax() { g.max = g.level }

// Integral is the integral of the level from time 0 to now, which must not lie
// before the last change.
func (g *Gauge) Integral(now int64) Integral {
	elapsed := now - g.since
	if elapsed < 0 {
		panic("stats: a Gauge's time goes back")
	}
	hi, lo := bits.Mul64(uint64(g.level), uint64(elapsed))
	hi -= uint64(g.level>>63) & uint64(elapsed) // a negative level was read as level + 2⁶⁴
	return g.area.Add(Integral{Hi: int64(hi), Lo: lo})
}

// An Integral is an exact integral of a level over time, in level times
// nanoseconds: the integer Hi·2⁶⁴ + Lo. The mean level between two instants is
//
//	g.Integral(to).Sub(g.Integral(from)).Over(to - from)
type Integral struct {
	Hi int64
	Lo uint64
}

// Add returns a + b.
func (a Integral) Add(b Integral) Integral {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	return Integral{Hi: a.Hi + b.Hi + int64(carry), Lo: lo}
}

// Sub returns a - b.
func (a Integral) Sub(b Integral) Integral {
	lo, borrow := bits.Sub64(a.Lo, b.Lo, 0)
	return Integral{Hi: a.Hi - b.Hi - int64(borrow), Lo: lo}
}

// Over returns the mean level over a time of ns nanoseconds, NaN if that is not
// positive.
func (a Integral) Over(ns int64) float64 {
	if ns <= 0 {
		return math.NaN()
	}
	if a.Hi < 0 {
		// By its magnitude: the two words of a small negative number are large
		// and would cancel.
		b := Integral{}.Sub(a)
		return -float128(uint64(b.Hi), b.Lo) / float64(ns)
	}
	return float128(uint64(a.Hi), a.Lo) / float64(ns)
}
