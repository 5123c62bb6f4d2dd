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
		Name: "user-quota", Heading: policy.Limits,
		Doc:    "Each user has `limit` attempts in a `window` of his own, which opens with the first that is admitted and lets the count start anew when it ends. More are refused (429, with Retry-After until the window ends). Anonymous requests pass.",
		Source: "The limits that were announced during the launch: \"3 a day\", \"50 per 3 h\".",
		Fails:  "A quota bounds a user, not the sum over users: a crowd of new users passes it untouched.",
		Surge:  "limit: 1, window: 30m",
		Fresh:  func() policy.Spec { return new(UserQuotaSpec) },
	})
}

// UserQuotaSpec is the quota of a subscription: "3 a day", "50 per 3 h".
//
// An attempt counts when it is admitted, whatever becomes of it: one that fails
// or is abandoned later is not given back. One that is refused does not count.
type UserQuotaSpec struct {
	Limit  int           `yaml:"limit" required:"true" min:"1" max:"4095" doc:"Attempts of one user in a window, 1 to 4095."`
	Window unit.Duration `yaml:"window" required:"true" doc:"Length of the window."`
}

const (
	countBits = 12
	maxCount  = 1<<countBits - 1
	maxTicks  = 1 << (32 - countBits)
)

// New returns the quota with no window open.
func (s *UserQuotaSpec) New(env policy.Env) (policy.Policy, error) {
	q := &userQuota{users: env.Users, tick: tickFor(env.Horizon), reason: env.Reason(models.TooManyRequests)}
	return q, q.Reconfigure(s)
}

// A userQuota keeps four bytes a user: the tick in which his window opened and,
// in the low bits, what he has had in it; 0 before the first.
type userQuota struct {
	windows []uint32 // by user; made at the first attempt
	users   int
	tick    sim.Time
	limit   uint32
	window  sim.Time
	reason  models.Reason
}

// tickFor returns the fineness of the start of a window: the power of ten of
// milliseconds that divides the run in less than maxTicks. It is 1 s for nine
// days; a window ends early by less than that.
func tickFor(horizon sim.Time) sim.Time {
	tick := sim.Millisecond
	for horizon/tick >= maxTicks {
		tick *= 10
	}
	return tick
}

// Admit counts the attempt if its user has not had his share.
func (q *userQuota) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if a.User == models.Anonymous {
		return models.Verdict{}
	}
	if q.windows == nil {
		// Memory that no user of the policy's tiers touches stays with the system.
		q.windows = make([]uint32, q.users)
	}
	w := &q.windows[a.User]
	count := *w & maxCount
	left := sim.Time(*w>>countBits)*q.tick + q.window - s.Now
	switch {
	case count == 0 || left <= 0:
		*w = uint32(s.Now/q.tick)<<countBits | 1
	case count >= q.limit:
		return models.Verdict{Reason: q.reason, RetryAfter: left}
	default:
		*w++
	}
	return models.Verdict{}
}

// Reconfigure changes limit and window for the windows that are open, too: they
// keep their start and count.
func (q *userQuota) Reconfigure(spec policy.Spec) error {
	s := spec.(*UserQuotaSpec)
	if s.Limit < 1 || s.Limit > maxCount {
		return fmt.Errorf("limit is %d, it must be 1 to %d", s.Limit, maxCount)
	}
	if s.Window <= 0 {
		return fmt.Errorf("window is %v, it must be more than 0", sim.Time(s.Window))
	}
	q.limit, q.window = uint32(s.Limit), sim.Time(s.Window)
	return nil
}
