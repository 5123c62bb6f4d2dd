package sim

import (
	"math"
	"time"
)

// A Time is an instant of the run, or a span between two instants: whole
// nanoseconds since the start, or between the two. It reaches 292 years.
type Time int64

// Common spans of time.
const (
	Nanosecond  Time = 1
	Microsecond      = 1000 * Nanosecond
	Millisecond      = 1000 * Microsecond
	Second           = 1000 * Millisecond
	Minute           = 60 * Second
	Hour             = 60 * Minute
	Day              = 24 * Hour

	// Never is later than everything: an event at Never does not happen.
	Never Time = math.MaxInt64
)

// FromSeconds returns s seconds, rounded to the nearest nanosecond (halves away
// from zero). What lies beyond the range becomes Never or its opposite, an
// infinity included. It panics if s is not a number.
func FromSeconds(s float64) Time {
	if math.IsNaN(s) {
		panic("sim: FromSeconds of NaN")
	}
	ns := float64(s * 1e9)
	switch {
	case ns >= math.MaxInt64:
		return Never
	case ns <= -math.MaxInt64:
		return -Never
	case ns < 0:
		return -Time(roundHalfUp(-ns))
	}
	return Time(roundHalfUp(ns))
}

// roundHalfUp rounds x >= 0. It does not add 0.5 first, which is inexact just
// below 0.5 and above 2^52.
func roundHalfUp(x float64) float64 {
	whole := math.Floor(x)
	if x-whole >= 0.5 {
		whole++
	}
	return whole
}

// FromDuration returns d as a Time.
func FromDuration(d time.Duration) Time { return Time(d) }

// Seconds returns t in seconds, as near as a float64 comes to it.
func (t Time) Seconds() float64 { return float64(t) / 1e9 }

// Duration returns t as a time.Duration.
func (t Time) Duration() time.Duration { return time.Duration(t) }

// String writes t as time.Duration does ("26h35m0s"), and Never as "never".
func (t Time) String() string {
	if t == Never {
		return "never"
	}
	return time.Duration(t).String()
}

// After is t + d, Never where that is beyond it.
func After(t, d Time) Time {
	if d > 0 && t > Never-d {
		return Never
	}
	return t + d
}
