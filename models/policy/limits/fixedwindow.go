package limits

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "fixed-window", Heading: policy.Limits,
		Doc:     "Counts the attempts of each calendar window of length `window` and refuses (429, with Retry-After until the next) those beyond `limit`. Windows follow each other since 1970 in UTC, so that minutes, hours and days are those of the clock. For all users together or, `per: user`, for each.",
		Source:  "The textbook; \"How we built rate limiting capable of scaling to millions of domains\", Cloudflare blog, 2017, describes it as what the sliding window improves.",
		Fails:   "Twice the limit may come within a moment around the turn of a window, and clients that heed Retry-After all come back at the turn.",
		Held:    "No vector. The calendar's windows and twice the limit around their turn, call by call.",
		Surge:   "limit: 300, window: 1m",
		Fresh:   func() policy.Spec { return new(FixedWindowSpec) },
		Unmoved: "it counts what it lets through itself, and looks at no pool",
	})
}

// FixedWindowSpec is a count for each calendar window. An attempt that is
// refused does not count. A user costs 8 bytes.
type FixedWindowSpec struct {
	Limit  unit.Count    `yaml:"limit" required:"true" min:"1" doc:"Attempts in a window, 1 to 4 billion; of each user where per is user, and not scaled then."`
	Window unit.Duration `yaml:"window" required:"true" doc:"Length of the windows, above 0; they are aligned to the beginning of 1970 in UTC."`
	Per    string        `yaml:"per" default:"all" enum:"all,user" doc:"Whose limit it is: one for all users that it acts on, or one for each of them; anonymous requests pass then."`
}

// ScaleBy scales what all share, and leaves what each user has.
func (s *FixedWindowSpec) ScaleBy(f float64) {
	if s.Per != perUserScope {
		unit.Scale(&s.Limit, f)
	}
}

// New returns the limit with nothing counted.
func (s *FixedWindowSpec) New(env policy.Env) (policy.Policy, error) {
	w := &fixedWindow{calendar: newCalendar(&env), now: env.Now, reason: env.Reason(models.TooManyRequests)}
	w.counts.n = env.Users
	return w, w.Reconfigure(s)
}

type fixedWindow struct {
	calendar calendar
	counts   scoped[windowCount]
	limit    uint32
	now      func() sim.Time
	reason   models.Reason
}

// A windowCount is what was admitted in one window.
type windowCount struct{ window, n uint32 }

// Admit counts the attempt if its window has room.
func (w *fixedWindow) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	c := w.counts.of(a.User)
	if c == nil {
		return models.Verdict{}
	}
	window, elapsed := w.calendar.at(s.Now)
	if c.window != window {
		*c = windowCount{window: window}
	}
	if c.n >= w.limit {
		return models.Verdict{Reason: w.reason, RetryAfter: w.calendar.length - elapsed}
	}
	c.n++
	return models.Verdict{}
}

// Reconfigure changes limit and window. What was counted in the window that is
// open counts in the one of the new length.
func (w *fixedWindow) Reconfigure(spec policy.Spec) error {
	s := spec.(*FixedWindowSpec)
	limit, err := whole("limit", float64(s.Limit), math.MaxUint32)
	if err != nil {
		return err
	}
	if err := w.calendar.set(sim.Time(s.Window), w.now()); err != nil {
		return err
	}
	w.limit, w.counts.each = uint32(limit), s.Per == perUserScope
	return nil
}
