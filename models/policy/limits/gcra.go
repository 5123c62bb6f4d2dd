package limits

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "gcra", Heading: policy.Limits,
		Doc:     "The generic cell rate algorithm, a leaky bucket as a meter: attempts may come T = 1/`rate` apart, and up to `burst` of them at once. It keeps one time, that at which the next is due; one that comes more than T x (`burst` - 1) before it is refused (429, with Retry-After). For all users together or, `per: user`, for each.",
		Source:  "ITU-T Recommendation I.371, Annex A; ATM Forum Traffic Management 4.0; github.com/throttled/throttled/v2 2.15, GCRARateLimiterCtx, whose MaxBurst is burst - 1.",
		Fails:   "As a token bucket, whose decisions it makes: it knows nothing of the load and does not tell a cheap request from a dear one.",
		Scale:   "A bucket holds whole attempts: where the burst comes to a few in a world of reduced scale it clips what a larger one would have let through, up to a third of the rate at a burst of one. A run says so.",
		Held:    "Vectors of throttled v2.15.0, `gcra_a`, `gcra_b` and `gcra_c`: all 900 rows, exactly. Quantities other than 1 go through the meter's own take, below Admit; of the 24 rows whose quantity can never fit, remaining and reset are not compared, for the library reports an unused meter there. Besides: call by call against the library itself, `throttled`.",
		Surge:   "rate: 5/s, burst: 50",
		Fresh:   func() policy.Spec { return new(GCRASpec) },
		Unmoved: "it counts what it lets through itself, and looks at no pool",
	})
}

// GCRASpec is the generic cell rate algorithm with increment T = 1/rate, in
// whole nanoseconds, and limit T x burst: an attempt at t conforms if
// max(t, TAT) + T - T x burst <= t, and that sum with TAT is the new TAT. A user
// costs 8 bytes.
type GCRASpec struct {
	Rate  unit.Rate  `yaml:"rate" required:"true" min:"0" doc:"Attempts a time, above 0 to 100M/s; of each user where per is user, and not scaled then."`
	Burst unit.Count `yaml:"burst" required:"true" min:"1" doc:"Attempts that may come at once, at least 1; scaled as rate is."`
	Per   string     `yaml:"per" default:"all" enum:"all,user" doc:"Whose limit it is: one for all users that it acts on, or one for each of them; anonymous requests pass then."`
}

// ScaleBy scales what all share, and leaves what each user has.
func (s *GCRASpec) ScaleBy(f float64) {
	if s.Per != perUserScope {
		unit.Scale(&s.Rate, f)
		unit.Scale(&s.Burst, f)
	}
}

// New returns the meter with nothing due.
func (s *GCRASpec) New(env policy.Env) (policy.Policy, error) {
	g := &gcra{reason: env.Reason(models.TooManyRequests)}
	g.tats.n = env.Users
	return g, g.Reconfigure(s)
}

type gcra struct {
	tats      scoped[sim.Time] // theoretical arrival times
	interval  sim.Time
	tolerance sim.Time
	reason    models.Reason
}

// Admit lets the attempt pass if it conforms.
func (g *gcra) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if wait, ok := g.take(a.User, s.Now, 1); !ok {
		return models.Verdict{Reason: g.reason, RetryAfter: wait}
	}
	return models.Verdict{}
}

func (g *gcra) take(user models.User, now, n sim.Time) (wait sim.Time, ok bool) {
	tat := g.tats.of(user)
	if tat == nil {
		return 0, true
	}
	return charge(tat, now, n*g.interval, g.tolerance)
}

// Reconfigure changes rate and burst. Theoretical arrival times are kept, as by
// a store that outlives its limiter: what is owed is paid off in the same time.
func (g *gcra) Reconfigure(spec policy.Spec) error {
	s := spec.(*GCRASpec)
	t, err := interval(float64(s.Rate))
	if err != nil {
		return err
	}
	burst, err := whole("burst", float64(s.Burst), 1<<53)
	if err != nil {
		return err
	}
	if float64(t)*float64(burst) > maxSpan {
		return fmt.Errorf("burst is %v, it must be at most %v at this rate", float64(s.Burst), maxSpan/int64(t))
	}
	g.interval, g.tolerance, g.tats.each = t, t*sim.Time(burst), s.Per == perUserScope
	return nil
}
