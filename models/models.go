// Package models holds the few values that all rooms of the simulated world
// share: who asks (Tier, User), for what (Class), one try at it (Attempt), how
// it ended (Outcome), what a policy said of it (Verdict) and what a policy can
// see (Signals).
//
// A request is what a user wants; an attempt is one try at it that reaches the
// service. Each attempt ends in exactly one Outcome. Rooms meet only through
// these values, so that each of them can be read, tested and replaced alone.
//
//	demand ──> client ──> policy chain ──> queue ──> gpu ──> client
//	              ^            │ reject       │ abandon  │ node lost
//	              └── retry ───┴──── drop ────┴──────────┘
package models

import (
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// Tier is the index of a tier of users in the scenario's list of tiers.
type Tier uint8

// Class is the index of a class of requests in the scenario's list of classes.
type Class uint8

// User is the number of a user, from 0, given by demand. Policies keep arrays
// over it.
type User int32

// Anonymous is the user of a request that belongs to nobody that is told apart:
// an open stream, or a sign-up.
const Anonymous User = -1

// DownCauses are what the node of a server may be down for. A server that is down for
// several is counted under the first of them.
var DownCauses = [NumDownCauses]string{"failed", "outage", "out_of_service", "updating", "restarting", "loading"}

// NumDownCauses is the number of DownCauses.
const NumDownCauses = 6

// Slot is the index of an attempt in the run's table of attempts under way.
// Slots are recycled.
type Slot int32

// None is the Slot of no attempt.
const None Slot = -1

// An Attempt is one try at a request, from its arrival to its outcome.
type Attempt struct {
	Request  rng.Key  // identity of the request: the same under every policy
	First    sim.Time // when the request was first tried
	Arrived  sim.Time // when this attempt reached the service
	Admitted sim.Time // when the chain let it in, or the part of the chain up to the policy that keeps it
	Started  sim.Time // when a server took it up; before that it is undefined
	Service  sim.Time // until it is admitted, the time that a server of its pool is expected to need for it, which is all that a gateway knows; then what one at full speed needs, which policies do not see
	Patience sim.Time // how long its user would wait in the queue, which policies do not see; sim.Never is for ever
	MaxWait  sim.Time // how long the operator lets it wait in the queue; sim.Never is for ever, and 0 before anything is said
	User     User
	Server   int32  // the server that holds it, of its pool's numbering
	Place    uint64 // its place in the queue, in the discipline's own numbering
	Timer    sim.Timer
	Try      uint16 // 1 for the first attempt of a request
	Visit    uint8  // 0 for the first request of a wish, then its returns
	Tier     Tier
	Class    Class
	Pool     uint8    // of the run's list of pools, the one that serves it
	Priority uint8    // 0 is served first
	Waited   bool     // it joined the queue and was not served at once
	Begun    bool     // it has been served before: at another station, or until it was displaced
	Afresh   bool     // its work at this station is to begin, or to begin anew
	Stage    uint8    // stations of its class that it has passed
	Line     uint16   // the link of the chain whose policy keeps it before the queue, from 1; 0: none does
	Passed   uint16   // links of the chain that it has passed, for those who are told how it ended
	Told     uint64   // the policies that admitted it and are to be told how it ends, as the chain numbers them
	Had      sim.Time // service at earlier stations, or before it was displaced
	Joined   sim.Time // the queue in which it is, or was last
	Behind   uint16   // the link, from 0, from which on it passed when it was Admitted; it passed those before when it Arrived
	Row      uint32   // of the trace that says its service time, in demand's numbering; 0: it is drawn
	Copy     uint8    // 0, or the number of the copy of the try that it is: a hedge, or a resubmission
	Step     uint8    // requests of its user's session before this one
	Paid     uint8    // what its client's library paid for this retry
	Orphan   bool     // its request goes on, or is over, without it
	Copies   int32    // the run's record of the live copies of the try, from 1; 0: there are none
	Quality  float32  // of the answer that it gets, 1 unless a policy degraded it
	Before   float32  // its quality before this station left anything away; 0: it has not begun there
	Work     float64  // what policies leave of its service time; 0 is all of it
}

// An Outcome is how an attempt ended. Every attempt ends in exactly one.
type Outcome uint8

// The outcomes of an attempt.
const (
	InSystem  Outcome = iota // it has not ended
	Completed                // served
	Rejected                 // refused by a policy or dropped by a queue
	Abandoned                // its user left the queue
	TimedOut                 // it waited longer than the operator allows
	Failed                   // its server was lost or erred
	Cancelled                // a hedge that lost
	NumOutcomes
)

var outcomeNames = [NumOutcomes]string{"in_system", "completed", "rejected", "abandoned", "timed_out", "failed", "cancelled"}

// String returns the name of the outcome as it stands in summary.json.
func (o Outcome) String() string { return outcomeNames[o] }

// A Reason says why an attempt was refused. It is an index into the run's
// Reasons; 0 is "not refused".
type Reason uint16

// Status is the HTTP status that a refusal carries. It decides what a refusal
// counts as: 503 is an error for want of capacity, 499 an abandonment, anything
// else is a limit that the operator wanted.
type Status uint16

// The statuses of refusals.
const (
	Forbidden       Status = 403 // the feature is not there for this user
	TooManyRequests Status = 429 // a limit or quota of the operator
	ClientClosed    Status = 499 // the user left by himself, at the sight of the wait
	Unavailable     Status = 503 // refused for load
)

// A Refusal describes one Reason.
type Refusal struct {
	Name   string // the policy's name, with ".cause" where it has several
	Status Status
}

// Reasons is the table of the refusals of a run. The zero value is ready to use.
type Reasons struct {
	list   []Refusal
	closed bool
}

// Add enters a refusal and returns its Reason; one that is there already keeps
// its number.
func (r *Reasons) Add(f Refusal) Reason {
	for i, have := range r.list {
		if have == f {
			return Reason(i + 1)
		}
	}
	r.list = append(r.list, f)
	return Reason(len(r.list))
}

// Has reports whether the refusal has been entered.
func (r *Reasons) Has(f Refusal) bool {
	for _, have := range r.list {
		if have == f {
			return true
		}
	}
	return false
}

// Close says that no refusal may be entered from now on that is not there, since
// what counts them has been made.
func (r *Reasons) Close() { r.closed = true }

// Closed reports whether Close was called.
func (r *Reasons) Closed() bool { return r.closed }

// Get returns the refusal behind a Reason other than 0.
func (r *Reasons) Get(n Reason) Refusal { return r.list[n-1] }

// Len is one more than the largest Reason.
func (r *Reasons) Len() int { return len(r.list) + 1 }

// A Verdict is what a policy says of an attempt. The zero value admits it.
type Verdict struct {
	Reason     Reason   // other than 0: refused, and why
	Kept       Kept     // when admitted: the policy keeps it before what comes next
	Answered   bool     // when admitted: it is answered at once, without a server, as by a cache
	Pool       uint8    // when admitted: 1 + the pool that is to serve it; 0 is that of its class
	RetryAfter sim.Time // when refused: time after which a try may succeed; 0 is not said
	MaxWait    sim.Time // when admitted: the longest wait in the queue; 0 is no bound
	ShownWait  sim.Time // when kept in line: the wait that its user is shown, which may be old and at the sight of which he may balk; 0 is none
	Work       float64  // when admitted: what is left of its service time, above 0; 0 is all of it
	Quality    float64  // when admitted: what is left of its quality, above 0; 0 is all of it
}

// Plain reports whether a policy says no more than yes. It looks at one field after the
// other, for a chain asks it of every policy at every attempt, and to compare the whole,
// just written in parts, makes a processor wait.
func (v *Verdict) Plain() bool {
	return v.Reason == 0 && v.Kept == NotKept && !v.Answered && v.Pool == 0 && v.RetryAfter == 0 && v.MaxWait == 0 && v.ShownWait == 0 && v.Work == 0 && v.Quality == 0
}

// Kept says whether a policy keeps an attempt, and whether its user waits.
type Kept uint8

// The ways of keeping an attempt.
const (
	NotKept Kept = iota
	InLine       // its user waits, as before a waiting room: his patience runs
	Aside        // it is taken and done later, and its user is told: nobody waits
)

// Signals is what a policy may look at: only what a real gateway could see of
// the pool that would serve the attempt.
type Signals struct {
	Now       sim.Time
	Pool      int      // which pool it is, of the run's list
	Waiting   int      // attempts in the queue
	Busy      int      // servers at work
	Capacity  int      // servers that are up and not claimed by fluid work
	LastWait  sim.Time // how long the attempt that was started last had waited
	Started   uint64   // attempts started so far
	Completed uint64   // attempts completed so far
	Kept      int      // attempts that the policy itself keeps before what comes next; only a Keeper is told
}

// InFlight is the attempts that are admitted and have not ended.
func (s *Signals) InFlight() int { return s.Waiting + s.Busy }

// Free is the servers that could take up an attempt now.
func (s *Signals) Free() int { return max(0, s.Capacity-s.Busy) }
