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
		Doc:     "Each user has `limit` attempts in a `window`, and more are refused (429, with Retry-After). `reset` says whose window: one of his own that opens with the first attempt that is admitted (rolling), that of the clock in UTC or where he lives (utc-midnight, local-midnight), or whatever `window` is looked at (sliding). Anonymous requests pass.",
		Source:  "The limits that were announced during the launch: \"3 a day\", \"50 per 3 h\".",
		Fails:   "A quota bounds a user, not the sum over users: a crowd of new users passes it untouched.",
		Held:    "No vector. The public record's quotas, call by call: the ends of rolling, UTC, local and sliding windows to the tick.",
		Surge:   "limit: 1, window: 30m",
		NoGain:  "most users ask but once in the surge, and pass; the quota takes from the few who ask often, in calm hours too.",
		Fresh:   func() policy.Spec { return new(UserQuotaSpec) },
		Unmoved: "it counts what it lets through itself, and looks at no pool",
	})
}

// UserQuotaSpec is the quota of a subscription: "3 a day", "50 per 3 h".
//
// A user costs 4 bytes, and where reset is sliding limit x 4 bytes.
//
// An attempt counts when it is admitted, whatever becomes of it: one that fails
// or is abandoned later is not given back. One that is refused does not count.
type UserQuotaSpec struct {
	Limit  int           `yaml:"limit" required:"true" min:"1" max:"4095" doc:"Attempts of one user in a window, 1 to 4095."`
	Window unit.Duration `yaml:"window" required:"true" doc:"Length of the window; it must divide a day where reset is a midnight."`
	Reset  string        `yaml:"reset" default:"rolling" enum:"rolling,utc-midnight,local-midnight,sliding" doc:"When the count starts anew: with the end of a window that the user's first attempt opened (rolling), with a window of the day in UTC or in the user's local time, or never, each attempt being forgotten after the window (sliding; it costs limit x 4 bytes a user)."`
	Offset []float64     `yaml:"offset" default:"[0]" min:"-14" max:"14" doc:"Where reset is local-midnight: hours that local time is ahead of UTC, -14 to 14. Of several, each user has one for good, all equally likely."`
}

const (
	countBits = 12
	maxCount  = 1<<countBits - 1
	maxTicks  = 1 << (32 - countBits)
)

// New returns the quota with no window open.
func (s *UserQuotaSpec) New(env policy.Env) (policy.Policy, error) {
	q := &userQuota{users: env.Users, tick: tickFor(env.Horizon), epoch: env.Epoch, log: newUserLog(env.Users, env.Horizon), luck: env.Luck(), now: env.Now, reason: env.Reason(models.TooManyRequests)}
	return q, q.Reconfigure(s)
}

// A userQuota keeps four bytes a user: the tick in which his window opened (of
// those of the clock: in which its first attempt came) and, in the low bits, what
// he has had in it; 0 before the first. Where it is sliding it keeps a log.
type userQuota struct {
	windows []uint32 // by user; made at the first attempt
	log     userLog
	users   int
	tick    sim.Time
	limit   uint32
	window  sim.Time
	reset   string
	offsets []sim.Time // of local time, where windows are those of the clock; nil where each user has his own
	epoch   sim.Time
	luck    policy.Luck
	now     func() sim.Time
	reason  models.Reason
}

// tickFor returns the fineness of the start of a window: the power of ten of
// milliseconds that divides the run in less than maxTicks. It is 1 s for nine
// days; a window ends early by less than that.
func tickFor(horizon sim.Time) sim.Time {
	tick := sim.Millisecond
	for horizon/tick >= maxTicks-1 { // one more for an attempt that is entered in the next
		tick *= 10
	}
	return tick
}

// Admit counts the attempt if its user has not had his share.
func (q *userQuota) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if a.User == models.Anonymous {
		return models.Verdict{}
	}
	if q.reset == sliding {
		if wait, ok := q.log.admit(a.User, s.Now, q.window); !ok {
			return models.Verdict{Reason: q.reason, RetryAfter: wait}
		}
		return models.Verdict{}
	}
	if q.windows == nil {
		// Memory that no user of the policy's tiers touches stays with the system.
		q.windows = make([]uint32, q.users)
	}
	w := &q.windows[a.User]
	count := *w & maxCount
	left := q.left(a, sim.Time(*w>>countBits)*q.tick, s.Now)
	switch {
	case count == 0 || left <= 0:
		*w = q.tickOf(a, s.Now)<<countBits | 1
	case count >= q.limit:
		return models.Verdict{Reason: q.reason, RetryAfter: left}
	default:
		*w++
	}
	return models.Verdict{}
}

// tickOf is the tick in which the attempt of a user came; the next, if that one began
// before the window of the clock did, so that no attempt counts in the window before
// its own.
func (q *userQuota) tickOf(a *models.Attempt, now sim.Time) uint32 {
	tick := now / q.tick
	if q.left(a, tick*q.tick, now) <= 0 {
		tick++
	}
	return uint32(tick)
}

// left is how long the window lasts in which the attempt of a user at `opened`
// came; nothing or less if it has ended.
func (q *userQuota) left(a *models.Attempt, opened, now sim.Time) sim.Time {
	if q.offsets == nil {
		return opened + q.window - now
	}
	zone := 0
	if n := len(q.offsets); n > 1 {
		src := q.luck.OfUser(a)
		zone = int(src.IntN(uint64(n)))
	}
	wall := q.epoch + q.offsets[zone]
	window := sim.Time(floorDiv(int64(wall+opened), int64(q.window)))
	return (window+1)*q.window - wall - now
}

// sliding is the reset whose state is a log.
const sliding = "sliding"

// Reconfigure changes the parameters for the windows that are open, too: they
// keep their start and count. A change to or from sliding carries over what each
// user has had: to it as if all had come when the window opened, from it as a
// window that opened with the earliest attempt that still counts.
func (q *userQuota) Reconfigure(spec policy.Spec) error {
	s := spec.(*UserQuotaSpec)
	if s.Limit < 1 || s.Limit > maxCount {
		return fmt.Errorf("limit is %d, it must be 1 to %d", s.Limit, maxCount)
	}
	window := sim.Time(s.Window)
	tick := q.tick
	if s.Reset == sliding {
		tick = q.log.tick
	}
	switch {
	case window <= 0:
		return fmt.Errorf("window is %v, it must be more than 0", window)
	case window < tick:
		return fmt.Errorf("window is %v, it must be at least %v in a run so long: that is how finely attempts are told apart", window, tick)
	}
	var offsets []sim.Time
	if s.Reset == "utc-midnight" || s.Reset == "local-midnight" {
		if sim.Day%window != 0 {
			return fmt.Errorf("window is %v, it must be a whole part of a day where reset is %s", window, s.Reset)
		}
		offsets = []sim.Time{0}
	}
	if s.Reset == "local-midnight" && len(s.Offset) > 0 {
		offsets = offsets[:0]
		for _, h := range s.Offset {
			if !(h >= -14 && h <= 14) {
				return fmt.Errorf("offset is %v hours, it must be -14 to 14", h)
			}
			offsets = append(offsets, sim.FromSeconds(h*3600))
		}
	}
	was := q.reset
	q.limit, q.window, q.reset, q.offsets = uint32(s.Limit), window, s.Reset, offsets
	switch {
	case q.reset == sliding && was != sliding && q.windows != nil:
		q.log.resize(s.Limit)
		q.toLog()
	case q.reset == sliding:
		q.log.resize(s.Limit)
	case was == sliding && q.log.stamps != nil:
		q.fromLog()
	}
	return nil
}

// toLog enters in the log what users have had in their windows.
func (q *userQuota) toLog() {
	limit := q.log.limit
	q.log.stamps = make([]uint32, q.users*limit)
	for u, w := range q.windows {
		log := q.log.stamps[u*limit:][:limit]
		opened := sim.Time(w>>countBits) * q.tick
		for i := max(0, limit-int(w&maxCount)); i < limit; i++ {
			log[i] = uint32(opened/q.log.tick) + 1
		}
	}
	q.windows = nil
}

// fromLog opens windows for those of the log that still count.
func (q *userQuota) fromLog() {
	now, limit := q.now(), q.log.limit
	q.windows = make([]uint32, q.users)
	for u := range q.windows {
		for i, stamp := range q.log.stamps[u*limit:][:limit] {
			if at := sim.Time(stamp-1) * q.log.tick; stamp != 0 && at+q.window > now {
				q.windows[u] = q.tickOf(&models.Attempt{User: models.User(u)}, at)<<countBits | uint32(limit-i)
				break
			}
		}
	}
	q.log.stamps = nil
}
