package client

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A Jitter is a way of spreading retries, so that those who were refused
// together do not come back together.
type Jitter string

// The jitters of "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015).
const (
	NoJitter           Jitter = "none"         // b = min(cap, base 2^n)
	EqualJitter        Jitter = "equal"        // b/2 + uniform(0, b/2)
	FullJitter         Jitter = "full"         // uniform(0, b)
	DecorrelatedJitter Jitter = "decorrelated" // min(cap, uniform(base, 3 x the one before)), the first from base
)

// purposeBackoff is what the jitter after a try is drawn for.
var purposeBackoff = rng.Purpose("client/backoff")

// A backoff is the law of the time between a try and the next.
type backoff struct {
	base, cap sim.Time
	jitter    Jitter
}

func newBackoff(base, longest sim.Time, j Jitter) (backoff, error) {
	switch {
	case base < 0:
		return backoff{}, fmt.Errorf("base is negative: %v", base)
	case longest < base:
		return backoff{}, fmt.Errorf("cap is %v, it must be at least base, which is %v", longest, base)
	}
	switch j {
	case NoJitter, EqualJitter, FullJitter, DecorrelatedJitter:
		return backoff{base, longest, j}, nil
	}
	return backoff{}, fmt.Errorf("jitter is %q, it must be none, equal, full or decorrelated", j)
}

// wait returns the time from the try (1 is the first) to the next. The fixed
// part of the backoff runs alongside what the server asked for; the random part
// comes after both, or else all whom the server sent away at once would be back
// at once.
func (b backoff) wait(request rng.Key, try int, retryAfter sim.Time) sim.Time {
	fixed, random := b.parts(request, try)
	return plus(max(fixed, retryAfter), random)
}

// parts returns the backoff after the try as the sum of what the law fixes and
// what it draws.
func (b backoff) parts(request rng.Key, try int) (fixed, random sim.Time) {
	switch b.jitter {
	case EqualJitter:
		half := b.exponential(try) / 2
		return half, uniform(request, try, half)
	case FullJitter:
		return 0, uniform(request, try, b.exponential(try))
	case DecorrelatedJitter:
		return b.base, b.decorrelated(request, try) - b.base
	}
	return b.exponential(try), 0
}

// exponential returns min(cap, base 2^(try-1)).
func (b backoff) exponential(try int) sim.Time {
	if b.base > b.cap>>(try-1) { // the doubling would pass the cap, or the end of time
		return b.cap
	}
	return b.base << (try - 1)
}

// decorrelated follows the request's backoffs from the first: to draw the few
// again costs less than a field in every attempt.
func (b backoff) decorrelated(request rng.Key, try int) sim.Time {
	d := b.base
	for n := 1; n <= try; n++ {
		span := plus(plus(d, d), d-b.base) // 3d - base
		d = min(b.cap, plus(b.base, uniform(request, n, span)))
	}
	return d
}

// uniform draws from 0 to span, for the request's try.
func uniform(request rng.Key, try int, span sim.Time) sim.Time {
	src := request.Child(uint64(try)).Draw(purposeBackoff)
	return sim.Time(math.Floor(src.Float64() * float64(span)))
}

// plus adds two spans; what passes the end of time stays there.
func plus(a, b sim.Time) sim.Time {
	if a > sim.Never-b {
		return sim.Never
	}
	return a + b
}
