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
		Name: "sliding-log", Heading: policy.Limits,
		Doc:     "Remembers when each of the last `limit` attempts was admitted, and refuses one (429, with Retry-After) while the oldest of them came within the last `window`: the limit to the letter, at every moment. For all users together or, `per: user`, for each.",
		Source:  "The textbook; the standard that the sliding windows of \"How we built rate limiting capable of scaling to millions of domains\", Cloudflare blog, 2017, approximate.",
		Fails:   "It costs memory: limit x 4 bytes a user, limit x 8 bytes for all together. Fifty a user for 50 million users are 10 GB.",
		Held:    "No vector. The limit within every window, call by call; it is what `sliding-window` is held against.",
		Surge:   "limit: 300, window: 1m",
		Fresh:   func() policy.Spec { return new(SlidingLogSpec) },
		Unmoved: "it counts what it lets through itself, and looks at no pool",
	})
}

// SlidingLogSpec is an exact limit on every interval of the length of a window.
// An attempt that is refused is not remembered. All together cost limit x 8
// bytes, and times are exact; a user costs limit x 4 bytes, and his attempts are
// forgotten early by less than a millisecond (10 ms in runs of more than 49
// days).
type SlidingLogSpec struct {
	Limit  unit.Count    `yaml:"limit" required:"true" min:"1" doc:"Attempts within a window, 1 to 100M, to 4095 where per is user; of each user then, and not scaled."`
	Window unit.Duration `yaml:"window" required:"true" doc:"Length of the window, above 0."`
	Per    string        `yaml:"per" default:"all" enum:"all,user" doc:"Whose limit it is: one for all users that it acts on, or one for each of them; anonymous requests pass then."`
}

const maxLog = 100_000_000

// ScaleBy scales what all share, and leaves what each user has.
func (s *SlidingLogSpec) ScaleBy(f float64) {
	if s.Per != perUserScope {
		unit.Scale(&s.Limit, f)
	}
}

// New returns an empty log.
func (s *SlidingLogSpec) New(env policy.Env) (policy.Policy, error) {
	l := &slidingLog{each: newUserLog(env.Users, env.Horizon), reason: env.Reason(models.TooManyRequests)}
	return l, l.Reconfigure(s)
}

// A slidingLog for all is a ring of the last admissions; next is its oldest.
type slidingLog struct {
	all    []sim.Time // made at the first attempt
	next   int
	each   userLog
	shared bool // one log for all
	limit  int
	window sim.Time
	reason models.Reason
}

// never is the time of an admission that has not been.
const never = -1 << 62

// Admit enters the attempt if there is room.
func (l *slidingLog) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if l.shared {
		return l.admitShared(s.Now)
	}
	if a.User == models.Anonymous {
		return models.Verdict{}
	}
	if wait, ok := l.each.admit(a.User, s.Now, l.window); !ok {
		return models.Verdict{Reason: l.reason, RetryAfter: wait}
	}
	return models.Verdict{}
}

func (l *slidingLog) admitShared(now sim.Time) models.Verdict {
	if l.all == nil {
		l.all = make([]sim.Time, l.limit)
		for i := range l.all {
			l.all[i] = never
		}
	}
	if wait := l.all[l.next] + l.window - now; wait > 0 {
		return models.Verdict{Reason: l.reason, RetryAfter: wait}
	}
	l.all[l.next] = now
	if l.next++; l.next == len(l.all) {
		l.next = 0
	}
	return models.Verdict{}
}

// Reconfigure changes limit and window, and keeps the latest admissions. Those
// that a smaller limit had no room for stay forgotten when it grows again.
func (l *slidingLog) Reconfigure(spec policy.Spec) error {
	s := spec.(*SlidingLogSpec)
	each, most := s.Per == perUserScope, float64(maxLog)
	if each {
		most = maxCount
	}
	limit, err := whole("limit", float64(s.Limit), most)
	if err != nil {
		return err
	}
	if s.Window <= 0 {
		return fmt.Errorf("window is %v, it must be more than 0", sim.Time(s.Window))
	}
	l.window, l.limit, l.shared = sim.Time(s.Window), int(limit), !each
	if each {
		l.each.resize(l.limit)
	} else if l.all != nil && len(l.all) != l.limit {
		l.resizeShared()
	}
	return nil
}

func (l *slidingLog) resizeShared() {
	inOrder := append(append(make([]sim.Time, 0, len(l.all)), l.all[l.next:]...), l.all[:l.next]...)
	l.all, l.next = make([]sim.Time, l.limit), 0
	for i := range l.all {
		l.all[i] = never
		if k := len(inOrder) - l.limit + i; k >= 0 {
			l.all[i] = inOrder[k]
		}
	}
}
