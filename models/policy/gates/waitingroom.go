package gates

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
		Name: "waiting-room", Heading: policy.Gates,
		Doc:     "Lets users in while fewer than `total_active_users` are active and fewer than `new_users_per_minute` have come in in this minute, a threshold above which users have to wait and not a number that is let in in any case; the others wait before the door, where their patience runs, or are refused (429), as `queueing_method` says. A user is active for `session_duration` after he came in, or after his last request; while he is, all his requests pass.",
		Source:  "Cloudflare Waiting Room, documentation: configuration settings, queueing methods, monitoring, FAQ.",
		Fails:   "It counts users, not work: active users who ask for more than planned overload the service behind it. Sessions of users who have left hold places until they end.",
		Held:    "No vector. Cloudflare's documentation, call by call: who comes in in each minute, the end of sessions, reloads at whole multiples of 20 s, the age of the wait that is shown. The spread of data centres that decide locally has no like here.",
		Scale:   "Whole users are let in: below some users a minute and place the limits become coarse.",
		Surge:   "new_users_per_minute: 260/m, total_active_users: 1300",
		Fresh:   func() policy.Spec { return new(WaitingRoomSpec) },
		Unmoved: "it counts the users whom it lets in, and looks at no pool",
	})
}

// WaitingRoomSpec is a waiting room as Cloudflare's. A request of nobody who is
// told apart is a user of one request, whose session nobody renews.
//
// Cloudflare's documentation calls new_users_per_minute "a threshold of users per
// minute that can be allowed" (configuration settings), a "target threshold for the
// maximum rate of user influx" (about) and "the number of new users that will be let
// into the route every minute", a baseline (API reference). These are two sides of one
// rule, which is that of this room: nobody waits until so many have come in in this
// minute, and then those who wait follow, in each minute no more than that. It is no
// number that comes in in any case: fewer do where fewer come or where
// total_active_users are there.
//
// The page reloads every 20 s, so that those who wait come in at whole multiples
// of 20 s. The wait that they are shown is 20 to 50 s old, because the figures
// are collected and then cached for 30 s. Who closes the page loses his place:
// he leaves when his patience ends, and a new try is at the end of the line. What
// is not modelled: the targets are exact here, where data centres that decide
// locally go over and under them.
type WaitingRoomSpec struct {
	NewUsersPerMinute unit.Rate     `yaml:"new_users_per_minute" required:"true" doc:"Rate of new users above which users have to wait, and at which they follow then at most, such as 5k/m. Cloudflare has 200/m to total_active_users a minute."`
	TotalActiveUsers  unit.Count    `yaml:"total_active_users" required:"true" min:"1" doc:"Active users at which the next have to wait. Cloudflare's least is 200."`
	SessionDuration   unit.Duration `yaml:"session_duration" default:"5m" doc:"How long a user is active; Cloudflare has 1m to 30m."`
	DisableRenewal    bool          `yaml:"disable_session_renewal" default:"no" doc:"Whether a session ends after session_duration even if its user goes on asking."`
	QueueingMethod    string        `yaml:"queueing_method" default:"fifo" enum:"fifo,random,passthrough,reject" doc:"What is done with users who cannot come in: they wait and come in by the order of their arrival (fifo) or any order (random); all come in, and are only counted (passthrough); they are refused (reject)."`
}

const (
	roomReload = 20 * sim.Second // between two reloads of the waiting page
	roomAge    = 20 * sim.Second // of the figures when they are first shown
	roomCache  = 30 * sim.Second // for how long they are shown
)

// New returns an empty room.
func (s *WaitingRoomSpec) New(env policy.Env) (policy.Policy, error) {
	p := &waitingRoom{start: env.Now(), reason: env.Reason(models.TooManyRequests), sessions: sessions{users: env.Users}}
	p.sessions.second = int32(env.Now() / sim.Second)
	return p, p.Reconfigure(s)
}

type waitingRoom struct {
	spec     WaitingRoomSpec
	perMin   float64
	total    int
	reason   models.Reason
	sessions sessions
	start    sim.Time
	minute   sim.Time // the present one, from the start
	came     int      // new users of this minute
	went     int      // of the last minute, those who came in from the line
	goes     int      // of this minute
	reload   sim.Time // when those who wait may come in next
	status   status
}

// Admit lets active users pass, and others come in if there is room.
func (p *waitingRoom) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	p.pass(s.Now)
	p.status.note(s.Now-p.start, p, s.Kept)
	switch {
	case p.sessions.has(a.User):
		if !p.spec.DisableRenewal {
			p.sessions.begin(a.User, s.Now)
		}
	case p.spec.QueueingMethod == "passthrough" || s.Kept == 0 && p.room() > 0:
		p.enter(a, s.Now)
	case p.spec.QueueingMethod == "reject":
		return models.Verdict{Reason: p.reason, RetryAfter: p.start + (p.minute+1)*sim.Minute - s.Now}
	default:
		return models.Verdict{Kept: models.InLine, ShownWait: p.status.wait}
	}
	return models.Verdict{}
}

// Let lets those who wait come in at the reload of their page.
func (p *waitingRoom) Let(kept int, s *models.Signals) (n int, next sim.Time) {
	p.pass(s.Now)
	p.status.note(s.Now-p.start, p, kept)
	if p.spec.QueueingMethod == "passthrough" {
		return kept, p.reload
	}
	if s.Now >= p.reload {
		n = max(0, min(p.room(), kept))
		p.reload = p.start + ((s.Now-p.start)/roomReload+1)*roomReload
	}
	return n, p.reload
}

// Release lets one come in who has waited.
func (p *waitingRoom) Release(a *models.Attempt, now sim.Time) {
	p.pass(now)
	p.goes++
	if p.sessions.has(a.User) { // he came in by another of his requests
		if !p.spec.DisableRenewal {
			p.sessions.begin(a.User, now)
		}
		return
	}
	p.enter(a, now)
}

func (p *waitingRoom) enter(a *models.Attempt, now sim.Time) {
	p.came++
	p.sessions.begin(a.User, now)
}

// pass lets time pass until now.
func (p *waitingRoom) pass(now sim.Time) {
	p.sessions.pass(now)
	if m := (now - p.start) / sim.Minute; m > p.minute {
		p.went = p.goes
		if m > p.minute+1 {
			p.went = 0
		}
		p.minute, p.came, p.goes = m, 0, 0
	}
}

// room is how many may come in now. A rate that is no whole number a minute is
// kept over the minutes.
func (p *waitingRoom) room() int {
	m := float64(p.minute)
	quota := math.Floor(float64(p.perMin*(m+1))) - math.Floor(float64(p.perMin*m))
	return min(p.total-p.sessions.active, int(quota)-p.came)
}

// Discipline is the order in which those who wait come in.
func (p *waitingRoom) Discipline() string {
	if p.spec.QueueingMethod == "random" {
		return "random"
	}
	return "fifo"
}

// Reconfigure changes the limits. Sessions that have begun end as they would
// have. Those who wait stay in line, unless the new method is passthrough.
func (p *waitingRoom) Reconfigure(spec policy.Spec) error {
	s := spec.(*WaitingRoomSpec)
	switch {
	case !(s.TotalActiveUsers >= 1 && s.TotalActiveUsers < 1<<31):
		return fmt.Errorf("total_active_users is %v, it must be 1 to 2^31", float64(s.TotalActiveUsers))
	case !(s.NewUsersPerMinute > 0 && s.NewUsersPerMinute < 1e9):
		return fmt.Errorf("new_users_per_minute is %v a second, it must be more than 0 and less than 1G/s", float64(s.NewUsersPerMinute))
	case s.SessionDuration < unit.Duration(sim.Second) || s.SessionDuration > unit.Duration(sim.Day):
		return fmt.Errorf("session_duration is %v, it must be 1s to 1d", sim.Time(s.SessionDuration))
	}
	switch s.QueueingMethod {
	case "fifo", "random", "passthrough", "reject":
	default:
		return fmt.Errorf("queueing_method is %q, it must be fifo, random, passthrough or reject", s.QueueingMethod)
	}
	p.spec, p.perMin, p.total = *s, float64(s.NewUsersPerMinute)*60, int(math.Floor(float64(s.TotalActiveUsers)))
	p.sessions.setLength(sim.Time(s.SessionDuration))
	return nil
}

// A status is the wait that is shown. The figures are taken every 30 s and shown
// from 20 s later on until the next are: they are 20 to 50 s old.
type status struct {
	wait  sim.Time // that is shown
	next  sim.Time // that will be
	cycle sim.Time // in which next was taken, plus 1; 0: never
}

// note shows what is due to be shown and takes the figures that are due, so long
// after the start and with so many in line.
func (x *status) note(since sim.Time, p *waitingRoom, kept int) {
	cycle := since/roomCache + 1
	if since >= (x.cycle-1)*roomCache+roomAge {
		x.wait = x.next
	}
	if cycle == x.cycle {
		return
	}
	if cycle > x.cycle+1 {
		x.wait = 0 // for a while there was nobody to count
	}
	x.cycle = cycle
	perMinute := float64(p.went)
	if p.went == 0 {
		perMinute = p.perMin
	}
	x.next = sim.FromSeconds(float64(kept) / perMinute * 60)
}
