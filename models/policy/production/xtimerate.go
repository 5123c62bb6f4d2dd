package production

import (
	"fmt"
	"math"

	"golang.org/x/time/rate"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "x-time-rate", Heading: policy.Limits,
		Doc:     "The token bucket of Go's golang.org/x/time/rate itself, given the time of the run: an attempt passes if Limiter.AllowN of one event says so, and is refused (429, with Retry-After) otherwise. `token-bucket` decides the same without the library.",
		Source:  "golang.org/x/time/rate v0.16.0, Limiter.",
		Fails:   "As token-bucket; its tokens are a float64 that is counted anew at every call, so that one due after whole nanoseconds may come a few of them early or late.",
		Scale:   "A bucket holds whole attempts: where the burst comes to a few in a world of reduced scale it clips what a larger one would have let through, up to a third of the rate at a burst of one. A run says so.",
		Held:    "It is the library: `token-bucket` is held against it call by call in 100,000 calls for each of five rates, ties within a hundred thousandth of a token apart.",
		Surge:   "rate: 5/s, burst: 50",
		Fresh:   func() policy.Spec { return new(XTimeRateSpec) },
		Unmoved: "it counts what it lets through itself, and looks at no pool",
	})
}

// XTimeRateSpec is what rate.NewLimiter takes.
type XTimeRateSpec struct {
	Rate  unit.Rate  `yaml:"rate" required:"true" min:"0" doc:"Events a time (rate.Limit), 0 to 100M/s."`
	Burst unit.Count `yaml:"burst" required:"true" min:"1" doc:"Events that may come at once, 1 to 2 billion."`
}

func (s *XTimeRateSpec) limits() (rate.Limit, int, error) {
	r, burst := float64(s.Rate), math.Floor(float64(s.Burst)+0.5)
	if !(r >= 0 && r <= 1e8) {
		return 0, 0, fmt.Errorf("rate is %v a second, it must be 0 to 1e8", r)
	}
	if !(burst >= 1 && burst <= math.MaxInt32) {
		return 0, 0, fmt.Errorf("burst is %v, it must be 1 to 2^31-1", float64(s.Burst))
	}
	return rate.Limit(r), int(burst), nil
}

// New returns a full limiter.
func (s *XTimeRateSpec) New(env policy.Env) (policy.Policy, error) {
	r, burst, err := s.limits()
	if err != nil {
		return nil, err
	}
	return &xTimeRate{limiter: rate.NewLimiter(r, burst), now: env.Now, reason: env.Reason(models.TooManyRequests)}, nil
}

type xTimeRate struct {
	limiter *rate.Limiter
	now     func() sim.Time
	reason  models.Reason
}

// Admit asks the limiter.
func (x *xTimeRate) Admit(_ *models.Attempt, s *models.Signals) models.Verdict {
	now := wall(s.Now)
	if x.limiter.AllowN(now, 1) {
		return models.Verdict{}
	}
	var wait sim.Time // a reservation would say it, too, but costs an allocation
	if r := float64(x.limiter.Limit()); r > 0 {
		wait = max(1, sim.Time(math.Ceil((1-x.limiter.TokensAt(now))/r*1e9)))
	}
	return models.Verdict{Reason: x.reason, RetryAfter: wait}
}

// Reconfigure calls SetLimitAt and SetBurstAt, which keep the tokens.
func (x *xTimeRate) Reconfigure(spec policy.Spec) error {
	r, burst, err := spec.(*XTimeRateSpec).limits()
	if err != nil {
		return err
	}
	now := wall(x.now())
	x.limiter.SetLimitAt(now, r)
	x.limiter.SetBurstAt(now, burst)
	return nil
}
