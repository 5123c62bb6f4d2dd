package production

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "throttled", Heading: policy.Limits,
		Doc:     "The GCRA of Go's throttled library itself, on its memory store with the clock of the run: an attempt passes if RateLimitCtx of quantity 1 does not limit it, and is refused (429, with Retry-After) otherwise. The key is one for all users or, `per: user`, each user's. `gcra` decides the same without the library.",
		Source:  "github.com/throttled/throttled/v2 v2.15.0, GCRARateLimiterCtx, store/memstore.",
		Fails:   "As gcra; each user costs an entry of a map and his key, some 100 bytes, and a decision about him allocates the key.",
		Scale:   "A bucket holds whole attempts: where the burst comes to a few in a world of reduced scale it clips what a larger one would have let through, up to a third of the rate at a burst of one. A run says so.",
		Held:    "It is the library: `gcra` is held against it call by call in 100,000 calls for each of five quotas.",
		Surge:   "rate: 5/s, burst: 50",
		Fresh:   func() policy.Spec { return new(ThrottledSpec) },
		Unmoved: "it counts what it lets through itself, and looks at no pool",
	})
}

// ThrottledSpec is a throttled.RateQuota: MaxRate is one in 1/rate, in whole
// nanoseconds, and MaxBurst is burst - 1.
type ThrottledSpec struct {
	Rate  unit.Rate  `yaml:"rate" required:"true" min:"0" doc:"Attempts a time, above 0 to 100M/s; of each user where per is user, and not scaled then."`
	Burst unit.Count `yaml:"burst" required:"true" min:"1" doc:"Attempts that may come at once, the library's MaxBurst plus 1, 1 to 2 billion; scaled as rate is."`
	Per   string     `yaml:"per" default:"all" enum:"all,user" doc:"Whose limit it is: one for all users that it acts on, or one for each of them; anonymous requests pass then."`
}

// ScaleBy scales what all share, and leaves what each user has.
func (s *ThrottledSpec) ScaleBy(f float64) {
	if s.Per != "user" {
		unit.Scale(&s.Rate, f)
		unit.Scale(&s.Burst, f)
	}
}

func (s *ThrottledSpec) quota() (throttled.RateQuota, error) {
	rate, burst := float64(s.Rate), math.Floor(float64(s.Burst)+0.5)
	if !(rate > 0 && rate <= 1e8) {
		return throttled.RateQuota{}, fmt.Errorf("rate is %v a second, it must be above 0 and at most 1e8", rate)
	}
	// Truncated as in the library, but past the rounding of the float64 itself.
	interval := math.Floor(float64(1e9 / rate * (1 + 0x1p-50)))
	if !(burst >= 1 && burst <= math.MaxInt32 && float64(interval*burst) <= 1<<61) {
		return throttled.RateQuota{}, fmt.Errorf("burst is %v, it must be 1 to 2^31-1, and at most what comes in 73 years", float64(s.Burst))
	}
	return throttled.RateQuota{MaxRate: throttled.PerDuration(1, time.Duration(interval)), MaxBurst: int(burst) - 1}, nil
}

// New returns the limiter on an empty store.
func (s *ThrottledSpec) New(env policy.Env) (policy.Policy, error) {
	store, err := memstore.New(0)
	if err != nil {
		return nil, err
	}
	l := &throttledLimiter{store: throttled.WrapStoreWithContext(store), fail: env.Fail, reason: env.Reason(models.TooManyRequests)}
	store.SetTimeNow(func() time.Time { return wall(l.now) })
	return l, l.Reconfigure(s)
}

type throttledLimiter struct {
	limiter *throttled.GCRARateLimiterCtx
	store   throttled.GCRAStoreCtx
	each    bool
	now     sim.Time // what the store takes for the present
	fail    func(error)
	reason  models.Reason
}

// Admit asks the limiter.
func (l *throttledLimiter) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	key := "all"
	if l.each {
		if a.User == models.Anonymous {
			return models.Verdict{}
		}
		key = strconv.Itoa(int(a.User))
	}
	l.now = s.Now
	limited, result, err := l.limiter.RateLimitCtx(context.Background(), key, 1)
	if err != nil && l.fail != nil {
		l.fail(err)
	}
	if !limited {
		return models.Verdict{}
	}
	return models.Verdict{Reason: l.reason, RetryAfter: max(0, sim.Time(result.RetryAfter))}
}

// Reconfigure makes a limiter of the new quota on the same store, which keeps the
// theoretical arrival times.
func (l *throttledLimiter) Reconfigure(spec policy.Spec) error {
	s := spec.(*ThrottledSpec)
	quota, err := s.quota()
	if err != nil {
		return err
	}
	limiter, err := throttled.NewGCRARateLimiterCtx(l.store, quota)
	if err != nil {
		return err
	}
	l.limiter, l.each = limiter, s.Per == "user"
	return nil
}
