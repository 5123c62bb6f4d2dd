// Package client is what a person or an app does next: how long it waits, and
// what it does when a try has ended without a result.
//
// The world is one request. Its user waits in the queue as long as the patience
// that belongs to the request. When a try fails the client may try again after
// a backoff (the same request), and when it stops trying, its user may come
// back later (a new request, a child of this one) or give up for good:
//
//	c, err := client.New(client.Spec{
//		Patience: patience,                 // a unit.Dist
//		Retry:    &client.RetrySpec{MaxTries: 3, Base: unit.Duration(sim.Second), Cap: unit.Duration(sim.Minute), Jitter: "full", OnFailed: true},
//		Return:   &client.ReturnSpec{Share: 0.4, After: hours, MaxVisits: 3},
//	})
//	...
//	a.Patience = c.Patience(a.Request)
//	...
//	switch r := c.React(a, models.Failed, 0, 0, now); r.Kind {
//	case client.Retry:  // the same request arrives again at now + r.After
//	case client.Return: // a child request arrives at now + r.After
//	case client.GiveUp: // this was all
//	}
//
// Whatever is drawn is drawn from the request's own key, so that the same
// request has the same patience and the same jitter under every policy. Between
// two calls a Client keeps what its guards have counted, what its hedge has
// learned of latencies and the wait that it shows, and nothing of a request; it
// is not for concurrent use.
package client

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A Spec says how the clients of some tiers and classes behave. The zero value
// is a client that waits for ever and never tries twice.
type Spec struct {
	Name      string        `yaml:"name" required:"true" doc:"Name of this behaviour."`
	Tiers     []string      `yaml:"tiers" ref:"tiers" doc:"Tiers that behave so; all if empty."`
	Classes   []string      `yaml:"classes" ref:"classes" doc:"Classes of requests in which they do; all if empty."`
	Patience  unit.Dist     `yaml:"patience" doc:"How long a request waits in the queue before its user leaves; for ever if absent. Once served it stays."`
	Balk      *BalkSpec     `yaml:"balk" doc:"How users leave at the sight of a long wait; they do not if absent."`
	Retry     *RetrySpec    `yaml:"retry" doc:"How a request is tried again; never if absent."`
	Hedge     *HedgeSpec    `yaml:"hedge" doc:"How a second copy of a request goes out while the first is under way; never if absent."`
	Resubmit  *ResubmitSpec `yaml:"resubmit" doc:"How an impatient user submits a request again while it is under way, the earlier attempt going on without anybody who waits for it; never if absent. Not with hedge."`
	Return    *ReturnSpec   `yaml:"return" doc:"How a user whose request came to nothing comes back; never if absent."`
	Session   *SessionSpec  `yaml:"session" doc:"How a user makes request after request; one if absent. Streams then give the first ones of sessions."`
	Instances unit.Count    `yaml:"instances" default:"1" min:"1" max:"1M" doc:"Processes of the client: each has guards of its own, and serves the users whose number is hashed to it (or the requests, where users are not told apart)."`
	Guards    []GuardItem   `yaml:"guards" doc:"What the client's library holds back by itself, in the order in which they are asked."`
}

// Matches reports whether the Spec is for the tier and class. Of a list of
// Specs the first that matches holds.
func (s *Spec) Matches(tier, class string) bool {
	return (len(s.Tiers) == 0 || slices.Contains(s.Tiers, tier)) &&
		(len(s.Classes) == 0 || slices.Contains(s.Classes, class))
}

// A Kind is what a client does after a try that came to nothing.
type Kind uint8

// The reactions of a client.
const (
	GiveUp Kind = iota // the request is given up, and nothing follows
	Retry              // the request is tried again
	Return             // the request is given up, and its user comes back with another
	Next               // the request is given up, and its user goes on with the next of the session
)

// A Reaction is what a client does, and after what time from now.
type Reaction struct {
	Kind  Kind
	After sim.Time
	Held  bool // a guard of the client held a retry back
}

// A Client behaves as a Spec says.
type Client struct {
	patience patience
	retry    *retry
	comeback *comeback
	balk     *balk
	hedge    *hedge
	resubmit *resubmit
	session  *session
	guards   guards
}

// New returns a client that behaves as the spec says, or an error that names
// the field that is wrong.
func New(spec Spec) (*Client, error) {
	c := new(Client)
	if err := c.Reconfigure(spec); err != nil {
		return nil, err
	}
	return c, nil
}

// Reconfigure lets the client behave as the spec says from now on: from the
// next arrival for patience, from the next reaction for the rest. On an error
// nothing has changed.
func (c *Client) Reconfigure(spec Spec) error {
	var faults []error
	check := func(field string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("client %s: %s: %w", spec.Name, field, err))
		}
	}
	p, err := newPatience(spec.Patience)
	check("patience", err)
	r, err := newRetry(spec.Retry)
	check("retry", err)
	b, err := newComeback(spec.Return)
	check("return", err)
	k, err := newBalk(spec.Balk)
	check("balk", err)
	h, err := c.hedge.with(spec.Hedge)
	check("hedge", err)
	again, err := newResubmit(spec.Resubmit)
	check("resubmit", err)
	if spec.Hedge != nil && spec.Resubmit != nil {
		check("resubmit", errors.New("is there beside hedge, it must be one of the two"))
	}
	n, err := newSession(spec.Session)
	check("session", err)
	processes, err := spec.processes()
	check("instances", err)
	g, adopt, err := c.guards.build(spec.Name, spec.Guards, processes)
	check("guards", err)
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	*c = Client{p, r, b, k, h, again, n, g}
	adopt()
	return nil
}

// maxProcesses bounds the memory of guards.
const maxProcesses = 1_000_000

// processes is how many processes the client has, at the scale of the spec.
func (s *Spec) processes() (int, error) {
	n := math.Floor(float64(s.Instances) + 0.5)
	if s.Instances != 0 && !(n >= 1 && n <= maxProcesses) {
		return 0, fmt.Errorf("%v is out of range, it must be 1 to %d", float64(s.Instances), maxProcesses)
	}
	return max(1, int(n)), nil
}

// Check reports why no client could be built from the spec.
func (s *Spec) Check() error {
	one := *s
	if _, err := s.processes(); err == nil {
		one.Instances = 1 // for the memory of many is not needed
	}
	_, err := New(one)
	return err
}

// Patience returns how long the request would wait in the queue, sim.Never if
// for ever. It is the same for every try of the request.
func (c *Client) Patience(request rng.Key) sim.Time { return c.patience.of(request) }

// React returns what the client does now that a try has ended otherwise than
// completed. status and retryAfter are those of the refusal where the outcome
// is models.Rejected; a retryAfter of 0 was not said.
func (c *Client) React(a *models.Attempt, o models.Outcome, status models.Status, retryAfter, now sim.Time) Reaction {
	return c.react(a, ending(o, status), c.retry != nil && c.retry.on(o, status), retryAfter, now)
}

// ReactHeld is React where a guard has held back the try itself.
func (c *Client) ReactHeld(a *models.Attempt, now sim.Time) Reaction {
	return c.react(a, Unanswered, c.retry != nil && c.retry.OnHeld, 0, now)
}

func (c *Client) react(a *models.Attempt, e Ending, retries bool, retryAfter, now sim.Time) Reaction {
	var r Reaction
	if retries {
		if after, ok := c.retry.next(a, e == Throttled, retryAfter, now); ok {
			if c.mayRetry(now, a, e) {
				return Reaction{Kind: Retry, After: after}
			}
			r.Held = true
		}
	}
	if c.comeback != nil {
		if after, ok := c.comeback.next(a, retryAfter); ok {
			r.Kind, r.After = Return, after
			return r
		}
	}
	if after, ok := c.Goes(a, false); ok {
		r.Kind, r.After = Next, after
	}
	return r
}

// MaxVisits is how many requests a user makes for one wish, the first among
// them: a request that is the last of them gives up where React says Return.
// It is for the caller to heed, who numbers the children of a request; 0 is no
// bound.
func (c *Client) MaxVisits() int {
	if c.comeback == nil {
		return 0
	}
	return c.comeback.maxVisits
}
