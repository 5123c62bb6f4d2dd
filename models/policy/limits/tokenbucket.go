package limits

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "token-bucket", Heading: policy.Limits,
		Doc:     "A bucket of tokens that fills at `rate` up to `burst` and starts full; an attempt takes one, and is refused (429, with Retry-After) when there is not a whole one. All users that the policy acts on share the bucket.",
		Source:  "Turner, \"New directions in communications\", IEEE Communications Magazine 24(10), 1986; golang.org/x/time/rate, Limiter.Allow. Its reservations that go into debt, and what it gives back of them, have no like here: an attempt is admitted or refused at once.",
		Fails:   "It knows nothing of the load: set below the capacity it wastes servers, set above it does not protect them, and it does not tell a cheap request from a dear one.",
		Scale:   "A bucket holds whole attempts: where the burst comes to a few in a world of reduced scale it clips what a larger one would have let through, up to a third of the rate at a burst of one. A run says so.",
		Held:    "Vectors of golang.org/x/time/rate v0.16.0, `xtimerate_a`, `_b`, `_c` and `_e`, decisions and tokens to 1e-5: 872 of the 1,200 rows. Left out are debt (a reservation that waits) and what follows it until the level is known again, a reservation given back at the instant at which it was made, and 5 rows of file e at which time goes back: none has a like here. Takings of more than one token go through the bucket's own take, below Admit. Besides: call by call against `x-time-rate`, and in Poisson traffic against the loss of the finite dual queue.",
		Surge:   "rate: 5/s, burst: 50",
		Fresh:   func() policy.Spec { return new(TokenBucketSpec) },
		Unmoved: "it counts what it lets through itself, and looks at no pool",
	})
}

// TokenBucketSpec is the token bucket of Turner, "New directions in
// communications (or which way to the information age?)", IEEE Communications
// Magazine 24(10), 1986. Its decisions are those of golang.org/x/time/rate,
// Limiter.Allow. What else the Limiter does has no like here: an attempt is admitted
// or refused at once, and so nothing reserves tokens that are yet to come, goes into
// debt for them or gives them back. For a bucket a tier, write one item a tier.
type TokenBucketSpec struct {
	Rate  unit.Rate  `yaml:"rate" required:"true" min:"0" doc:"Tokens that flow in, 0 to 100M/s."`
	Burst unit.Count `yaml:"burst" required:"true" min:"1" doc:"Tokens that the bucket holds, at least 1."`
}

// maxRate is a tenth of a token a nanosecond, as much as inflow can express.
const maxRate = 1e8

// New returns a full bucket.
func (s *TokenBucketSpec) New(env policy.Env) (policy.Policy, error) {
	b := &tokenBucket{now: env.Now, reason: env.Reason(models.TooManyRequests), last: env.Now()}
	if err := b.set(s); err != nil {
		return nil, err
	}
	b.tokens = b.burst
	return b, nil
}

// A tokenBucket counts tokens as a fixed-point number, whole ones and parts of
// 2^-64, so that refilling is exact and adds up to the same in any steps.
type tokenBucket struct {
	tokens, part uint64
	last         sim.Time // when they were counted
	inflow       uint64   // parts a nanosecond
	burst        uint64
	now          func() sim.Time
	reason       models.Reason
}

// Admit takes a token if there is one.
func (b *tokenBucket) Admit(_ *models.Attempt, s *models.Signals) models.Verdict {
	if !b.take(s.Now, 1) {
		return models.Verdict{Reason: b.reason, RetryAfter: b.untilToken()}
	}
	return models.Verdict{}
}

// take takes n tokens if there are as many.
func (b *tokenBucket) take(now sim.Time, n uint64) bool {
	b.refill(now)
	if b.tokens < n {
		return false
	}
	b.tokens -= n
	return true
}

// Reconfigure changes rate and burst. What flowed in so far did so at the old
// rate; tokens above the new burst are lost.
func (b *tokenBucket) Reconfigure(spec policy.Spec) error {
	now := b.now()
	b.refill(now)
	if err := b.set(spec.(*TokenBucketSpec)); err != nil {
		return err
	}
	b.refill(now)
	return nil
}

func (b *tokenBucket) set(s *TokenBucketSpec) error {
	rate, burst := float64(s.Rate), math.Floor(float64(s.Burst)+0.5)
	if !(rate >= 0 && rate <= maxRate) {
		return fmt.Errorf("rate is %v a second, it must be 0 to %v", rate, maxRate)
	}
	if !(burst >= 1 && burst <= 1<<53) {
		return fmt.Errorf("burst is %v, it must be 1 to 2^53", float64(s.Burst))
	}
	b.inflow, b.burst = inflow(rate), uint64(burst)
	return nil
}

// inflow converts tokens a second to parts a nanosecond. It rounds up, and past
// the rounding of the float64 itself: a token that is due after a whole number
// of nanoseconds must not be a nanosecond late. What this gives away is less
// than a token in 250 years and one in 2^51.
func inflow(rate float64) uint64 {
	if rate == 0 {
		return 0
	}
	n := uint64(math.Ceil(rate * (0x1p64 / 1e9)))
	return n + n>>51 + 1
}

// refill counts the tokens at the instant.
func (b *tokenBucket) refill(now sim.Time) {
	whole, part := bits.Mul64(uint64(now-b.last), b.inflow)
	b.last = now
	var carry uint64
	b.part, carry = bits.Add64(b.part, part, 0)
	b.tokens += whole + carry
	if b.tokens >= b.burst {
		b.tokens, b.part = b.burst, 0
	}
}

// untilToken returns the time until an empty bucket holds a token, to the
// nanosecond; 0, that is unknown, if nothing flows in.
func (b *tokenBucket) untilToken() sim.Time {
	if b.inflow == 0 {
		return 0
	}
	if b.part == 0 {
		// 2^64 parts are missing, one more than 64 bits hold.
		return sim.Time(math.MaxUint64/b.inflow) + 1
	}
	missing := -b.part
	return sim.Time((missing-1)/b.inflow) + 1
}
