package limits

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "cost-limit", Heading: policy.Limits,
		Doc:     "A bucket of GPU-seconds that fills at `rate` up to `burst`; an attempt takes as many as a gateway predicts for its class, the mean of its service time, and is refused (429, with Retry-After) if they are not there. A dear request counts for more than a cheap one. For all users together or, `per: user`, for each.",
		Source:  "Token bucket of Turner, IEEE Communications Magazine 24(10), 1986, with a cost for each request, as ReserveN of golang.org/x/time/rate and the rate limits by cost of public APIs.",
		Fails:   "The prediction knows the class and nothing of the request: within a class the dear ones pass as the cheap ones do. A class whose mean is above burst never passes.",
		Scale:   "A bucket holds whole attempts: where the burst comes to a few in a world of reduced scale it clips what a larger one would have let through, up to a third of the rate at a burst of one. A run says so.",
		Held:    "No vector. What each class takes from the bucket, which is that of `token-bucket`, call by call.",
		Surge:   "rate: 100/s, burst: 1000",
		Fresh:   func() policy.Spec { return new(CostLimitSpec) },
		Unmoved: "it counts what it lets through itself, and looks at no pool",
	})
}

// CostLimitSpec is a token bucket of GPU-seconds, kept as the theoretical arrival
// time of GCRA: 8 bytes a user. The cost is Attempt.Service before admission.
type CostLimitSpec struct {
	Rate  unit.Rate  `yaml:"rate" required:"true" min:"0" doc:"GPU-seconds that flow in a time, above 0: 500/s is the work of 500 slots; of each user where per is user, and not scaled then."`
	Burst unit.Count `yaml:"burst" required:"true" min:"1" doc:"GPU-seconds that the bucket holds, at least 1; scaled as rate is."`
	Per   string     `yaml:"per" default:"all" enum:"all,user" doc:"Whose limit it is: one for all users that it acts on, or one for each of them; anonymous requests pass then."`
}

// ScaleBy scales what all share, and leaves what each user has.
func (s *CostLimitSpec) ScaleBy(f float64) {
	if s.Per != perUserScope {
		unit.Scale(&s.Rate, f)
		unit.Scale(&s.Burst, f)
	}
}

// New returns a full bucket.
func (s *CostLimitSpec) New(env policy.Env) (policy.Policy, error) {
	c := &costLimit{reason: env.Reason(models.TooManyRequests)}
	c.tats.n = env.Users
	return c, c.Reconfigure(s)
}

type costLimit struct {
	tats      scoped[sim.Time]
	perUnit   float64 // nanoseconds in which a nanosecond of service flows in
	tolerance sim.Time
	reason    models.Reason
}

// Admit takes the predicted service time from the bucket.
func (c *costLimit) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	tat := c.tats.of(a.User)
	if tat == nil {
		return models.Verdict{}
	}
	// Past any bucket it makes no difference how far.
	cost := math.Min(float64(float64(a.Service)*c.perUnit), maxSpan)
	if wait, ok := charge(tat, s.Now, sim.Time(math.Floor(cost+0.5)), c.tolerance); !ok {
		return models.Verdict{Reason: c.reason, RetryAfter: wait}
	}
	return models.Verdict{}
}

// Reconfigure changes rate and burst. What is owed is paid off in the same time.
func (c *costLimit) Reconfigure(spec policy.Spec) error {
	s := spec.(*CostLimitSpec)
	rate, burst := float64(s.Rate), float64(s.Burst)
	if !(rate > 0 && rate <= maxRate) {
		return fmt.Errorf("rate is %v a second, it must be above 0 and at most %v", rate, maxRate)
	}
	fill := float64(burst / rate * 1e9)
	if !(burst >= 1 && fill <= maxSpan) {
		return fmt.Errorf("burst is %v, it must be 1 to 73 years of rate", burst)
	}
	c.perUnit, c.tolerance, c.tats.each = 1/rate, sim.Time(math.Floor(fill+0.5)), s.Per == perUserScope
	return nil
}
