// Package policy is every lever between a user and the queue: what a policy is
// (Policy), what kinds of policies there are (Register, Fresh, Kinds) and how
// the policies of a scenario act together (Chain).
//
// The world, as a policy sees it, is one attempt and the few signals that a
// real gateway has of the pool behind it. The policy says yes, no and why, or
// yes with a longest wait. It has no clock of its own, no events and no
// goroutines: time is passed in. Where it needs luck it draws from Luck, which
// belongs to its item's name and to the user or the request, so that one policy
// more or less never changes the luck of another.
//
// A kind of policy is one file in one of the folders beside this one: a tagged
// Spec, which is also its section of the scenario file, a constructor, Admit
// and Reconfigure:
//
//	func init() {
//		policy.Register(policy.Kind{Name: "coin", Heading: policy.Custom, Doc: "Refuses a share of the attempts.",
//			Fresh: func() policy.Spec { return new(CoinSpec) }})
//	}
//
//	type CoinSpec struct {
//		Refused unit.Share `yaml:"refused" required:"true" doc:"Share of the attempts that are refused, 0 to 1."`
//	}
//
//	func (s *CoinSpec) New(env policy.Env) (policy.Policy, error) {
//		return &coin{*s, env.Luck(), env.Reason(models.Unavailable)}, nil
//	}
//
//	func (c *coin) Admit(a *models.Attempt, _ *models.Signals) models.Verdict {
//		draw := c.luck.OfRequest(a.Request)
//		if draw.Bool(float64(c.spec.Refused)) {
//			return models.Verdict{Reason: c.reason}
//		}
//		return models.Verdict{}
//	}
//
//	func (c *coin) Reconfigure(s policy.Spec) error {
//		c.spec = *s.(*CoinSpec)
//		return nil
//	}
//
// Package all imports every folder. A module of yours registers its own kinds
// in the same way and then calls launch.
package policy

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A Policy decides on the attempts that its item in the scenario selects. Of an
// attempt it sees what a gateway could: Patience is always 0 to it, and Service is
// what the pool that is to serve it is expected to need until it is admitted, and 0 at
// Start and Finish. The attempt must not be kept beyond the call.
type Policy interface {
	// Admit says whether the attempt may go on to the queue. It is called once
	// for each attempt that no earlier policy of the chain refused, in the order
	// of arrival; s.Now never goes back.
	Admit(a *models.Attempt, s *models.Signals) models.Verdict

	// Reconfigure takes over new parameters at the present moment and keeps
	// tokens, counts and windows. The spec is of the type that made the policy.
	// On an error nothing has changed; a spec that New accepts is no error.
	Reconfigure(spec Spec) error
}

// A Holder is a Policy that acts before the attempt, on the user's own will: a
// request that is held back never becomes an attempt and counts as suppressed.
type Holder interface {
	Policy
	Hold(a *models.Attempt, now sim.Time) bool
}

// A Throttle is a Policy of which a part sits in the client's library, as of a
// protocol between the two: a try that it holds back, the first or a later one, never
// becomes an attempt and counts as suppressed. Its user reacts as to one that a guard
// of his client holds back.
type Throttle interface {
	Policy
	Throttles(a *models.Attempt, now sim.Time) bool
}

// A Starter is a Policy that looks at an attempt once more when its turn to be
// served has come, as queue management does. The wait is s.Now - a.Admitted. One
// that it refuses is dropped from the queue; otherwise Work and Quality of the
// verdict count, and nothing else.
type Starter interface {
	Policy
	Start(a *models.Attempt, s *models.Signals) models.Verdict
}

// A Finisher is a Policy that is told how the attempts end that it admitted: once
// for each, whatever the outcome, a refusal by a later policy or by the queue
// among them. Attempts from before it was enabled are left out. One that is
// Rejected has Passed no link if a later policy refused it, and some if it was let
// in and dropped from the queue.
type Finisher interface {
	Policy
	Finish(a *models.Attempt, o models.Outcome, now sim.Time)
}

// A Counter is a Finisher that counts what it has let through. Such a count is its own,
// and nothing that must be reported: where Finish is told late (signal_delay), Left is told
// at once that an attempt has ended. Elsewhere only Finish is, and does both.
type Counter interface {
	Finisher
	Left(a *models.Attempt, o models.Outcome)
}

// A Ticker is a Policy that also acts between attempts, as a controller with a
// period of its own does. Tick is called when it starts and then at the times
// that it asks for; sim.Never is not again. The signals are those of its own pool
// where its kind is kept for each (Kind.PerPool), and else of the pool of the first
// class that it acts on.
type Ticker interface {
	Policy
	Tick(s *models.Signals) (next sim.Time)
}

// A Periodic is a Ticker whose period its parameters set: when they change, the next
// Tick comes within a Period, even if the last one asked for a later time. sim.Never
// is no period.
type Periodic interface {
	Ticker
	Period() sim.Time
}

// A Keeper is a Policy that may keep attempts before what comes next (Verdict.Kept)
// and lets them go on later, in the order of its discipline. Before Admit and Let
// it is told in Signals.Kept how many it keeps.
type Keeper interface {
	Policy

	// Let returns how many of the kept may go on now, and when it wants to be
	// asked next at the latest; sim.Never leaves it to the occasions. It is asked
	// when somebody is kept and when a server comes free that nobody waits for, and
	// once more at the same instant after some have gone on, until it says 0: those
	// whom a later policy refuses leave their room to others.
	Let(kept int, s *models.Signals) (n int, next sim.Time)

	// Discipline is who of those who are kept goes on first: fifo, lifo or random.
	Discipline() string
}

// A Releaser is a Keeper that is told who goes on, as each of them does.
type Releaser interface {
	Keeper
	Release(a *models.Attempt, now sim.Time)
}

// A Spec is the parameters of one kind of policy: a tagged struct that the
// scenario file is decoded into.
type Spec interface {
	// New checks the parameters and returns a policy that starts at env.Now().
	// It must be cheap: the chain also calls it only to check a Spec, so large
	// tables are made at the first attempt.
	New(env Env) (Policy, error)
}

// Env is what a run gives its policies to be built with.
type Env struct {
	Name              string // of the policy's item in the scenario
	Seed, Replication uint64
	Users             int      // users are numbered below this; 0 where all are anonymous
	Horizon           sim.Time // when the run ends
	Epoch             sim.Time // what stands for time 0 of the run, in nanoseconds since 1970 UTC
	Scale             float64  // share of the world that is simulated; 0 is all of it
	Tiers             []TierInfo
	Classes           []string // by models.Class
	Pools             []string // as Signals.Pool and Attempt.Pool count them
	Homes             []int    // by models.Class, the pool that serves it unless a policy chooses another; -1: no attempts are made at it
	Reasons           *models.Reasons
	Now               func() sim.Time // the present moment of the run, for New and Reconfigure
	Fail              func(error)     // ends the run with an error, as soon as it may; nil where there is no run

	stream string // of the luck of one of several policies of an item; empty for the first
}

// TierInfo is what a policy may know of a tier; its index is its models.Tier.
type TierInfo struct {
	Name     string
	Paid     bool
	Priority uint8 // 0 is served first
}

// Published is a number of attempts or servers that a source states, at the scale of
// the run: whole, and at least 1. What a scenario states is scaled by its type.
func (e *Env) Published(n float64) int {
	if e.Scale != 0 {
		n = float64(n * e.Scale)
	}
	return max(1, int(math.Floor(n+0.5)))
}

// PublishedRate is a rate of attempts that a source states, at the scale of the run.
func (e *Env) PublishedRate(r float64) float64 {
	if e.Scale != 0 {
		r = float64(r * e.Scale)
	}
	return r
}

// Reason enters the policy's refusal, under the name of its item, in the
// reasons of the run.
func (e *Env) Reason(s models.Status) models.Reason {
	return e.Reasons.Add(models.Refusal{Name: e.Name, Status: s})
}

// ReasonOf is Reason for a policy that refuses for several causes.
func (e *Env) ReasonOf(cause string, s models.Status) models.Reason {
	return e.Reasons.Add(models.Refusal{Name: e.Name + "." + cause, Status: s})
}

// Luck returns the luck of the policy's item.
func (e *Env) Luck() Luck {
	name := "policy/" + e.Name + e.stream
	return Luck{users: rng.StreamKey(e.Seed, e.Replication, name), purpose: rng.Purpose(name)}
}

// Luck is where a policy draws from. What it gives depends on the item's name
// and on the user or request, never on how often or in which order it is asked.
type Luck struct {
	users   rng.Key
	purpose uint64
}

// OfRequest returns the draws that belong to a request.
func (l Luck) OfRequest(request rng.Key) rng.Source { return request.Draw(l.purpose) }

// OfUser returns the draws that belong to the user of an attempt and stay the
// same for the whole run. A user who is not told apart has those of the
// request.
func (l Luck) OfUser(a *models.Attempt) rng.Source {
	if a.User == models.Anonymous {
		return l.OfRequest(a.Request)
	}
	return l.users.Child(uint64(a.User)).Draw(l.purpose)
}

// OfUserIn is OfUser for one of several periods, in each of which a user has
// another luck.
func (l Luck) OfUserIn(a *models.Attempt, period uint64) rng.Source {
	if a.User == models.Anonymous {
		return l.OfRequest(a.Request)
	}
	return l.users.Child(uint64(a.User)).Child(period).Draw(l.purpose)
}
