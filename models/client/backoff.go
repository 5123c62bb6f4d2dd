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

// The jitters of "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015), and
// two of clients in use. The full one with a multiplier is that of the text of gRPC's
// proposal A6, and with base 50ms, base_limited 1s and cap 20s that of the AWS SDK for
// Go with AWS_NEW_RETRIES_2026 (aws-sdk-go-v2 v1.47.7, backoffDelay2026).
const (
	NoJitter           Jitter = "none"         // b = min(cap, base 2^n)
	EqualJitter        Jitter = "equal"        // b/2 + uniform(0, b/2)
	FullJitter         Jitter = "full"         // uniform(0, b)
	DecorrelatedJitter Jitter = "decorrelated" // min(cap, uniform(base, 3 x the one before)), the first from base

	// GRPCJitter is uniform(0.8 b, 1.2 b), b capped before: grpc-go v1.85.0, stream.go.
	GRPCJitter Jitter = "grpc"

	// AWSLegacyJitter is uniform(0, base 2^n) after the n-th try while base 2^n is at
	// most the cap, and from then on the cap itself without any jitter: aws-sdk-go-v2
	// v1.47.7, backoffDelayLegacy, where base is 1 s and the cap 20 s.
	AWSLegacyJitter Jitter = "aws-legacy"
)

// A Growth is how a backoff goes on from one try to the next, before its jitter.
type Growth string

// The growths of a backoff with base b, after try n. Exponential is that of the
// AWS article and of RFC 2616, section 8.2.4, with 2 for a multiplier; gRPC's proposal
// A6 lets it be chosen (backoffMultiplier). Linear and fixed are what many clients do
// instead.
const (
	ExponentialGrowth Growth = "exponential" // min(cap, b multiplier^(n-1))
	LinearGrowth      Growth = "linear"      // min(cap, b n)
	FixedGrowth       Growth = "fixed"       // b
)

// purposeBackoff is what the jitter after a try is drawn for.
var purposeBackoff = rng.Purpose("client/backoff")

// A Backoff is the law of the time between a try and the next.
type Backoff struct {
	base, cap  sim.Time
	growth     Growth
	jitter     Jitter
	multiplier float64
}

// NewBackoff returns the backoff from base up to cap, both at least 0 and base at
// most cap. The empty growth is ExponentialGrowth.
func NewBackoff(base, cap sim.Time, g Growth, j Jitter) (Backoff, error) {
	switch {
	case base < 0:
		return Backoff{}, fmt.Errorf("base is negative: %v", base)
	case cap < base:
		return Backoff{}, fmt.Errorf("cap is %v, it must be at least base, which is %v", cap, base)
	}
	switch g {
	case "":
		g = ExponentialGrowth
	case ExponentialGrowth, LinearGrowth, FixedGrowth:
	default:
		return Backoff{}, fmt.Errorf("growth is %q, it must be exponential, linear or fixed", g)
	}
	switch j {
	case NoJitter, EqualJitter, FullJitter, DecorrelatedJitter, GRPCJitter:
	case AWSLegacyJitter:
		if g != ExponentialGrowth {
			return Backoff{}, fmt.Errorf("growth is %q, with the jitter %s it must be exponential", g, j)
		}
	default:
		return Backoff{}, fmt.Errorf("jitter is %q, it must be none, equal, full, decorrelated, grpc or aws-legacy", j)
	}
	return Backoff{base, cap, g, j, 2}, nil
}

// Times returns the backoff with another multiplier of exponential growth than 2,
// which is 1 or more.
func (b Backoff) Times(multiplier float64) (Backoff, error) {
	if !(multiplier >= 1 && multiplier <= math.MaxFloat64) {
		return Backoff{}, fmt.Errorf("multiplier is %v, it must be 1 or more", multiplier)
	}
	b.multiplier = multiplier
	return b, nil
}

// Wait returns the time from the try (1 is the first) to the next. retryAfter is
// what the server asked for, 0 if nothing: the fixed part of the backoff runs
// alongside it; the random part comes after both, or else all whom the server
// sent away at once would be back at once.
func (b Backoff) Wait(request rng.Key, try int, retryAfter sim.Time) sim.Time {
	fixed, random := b.parts(request, try)
	return plus(max(fixed, retryAfter), random)
}

// parts returns the backoff after the try as the sum of what the law fixes and
// what it draws.
func (b Backoff) parts(request rng.Key, try int) (fixed, random sim.Time) {
	switch b.jitter {
	case EqualJitter:
		half := b.grown(try) / 2
		return half, uniform(request, try, half)
	case FullJitter:
		return 0, uniform(request, try, b.grown(try))
	case DecorrelatedJitter:
		return b.base, b.decorrelated(request, try) - b.base
	case GRPCJitter:
		d := float64(b.grown(try))
		return sim.Time(math.Floor(d * 0.8)), uniform(request, try, sim.Time(math.Floor(d*0.4)))
	case AWSLegacyJitter:
		d, beyond := b.exponential(try)
		if beyond {
			return b.cap, 0
		}
		return 0, uniform(request, try, d)
	}
	return b.grown(try), 0
}

// grown returns the backoff after the try, before its jitter.
func (b Backoff) grown(try int) sim.Time {
	switch b.growth {
	case FixedGrowth:
		return b.base
	case LinearGrowth:
		if b.base > 0 && sim.Time(try) > b.cap/b.base { // the product would pass the cap
			return b.cap
		}
		return b.base * sim.Time(try)
	}
	d, _ := b.exponential(try - 1)
	return d
}

// exponential is the base times the multiplier to the n, up to the cap, and whether
// that would pass it.
func (b Backoff) exponential(n int) (d sim.Time, beyond bool) {
	if b.multiplier == 2 {
		if b.base > b.cap>>n { // the doubling would pass the cap, or the end of time
			return b.cap, true
		}
		return b.base << n, false
	}
	x := float64(float64(b.base) * rng.Pow(b.multiplier, float64(n)))
	if b.base > 0 && x > float64(b.cap) {
		return b.cap, true
	}
	if b.base == 0 {
		return 0, false
	}
	return min(b.cap, sim.Time(math.Floor(x+0.5))), false
}

// decorrelated follows the request's backoffs from the first: to draw the few
// again costs less than a field in every attempt.
func (b Backoff) decorrelated(request rng.Key, try int) sim.Time {
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
