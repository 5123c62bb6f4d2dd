package client

import (
	"fmt"
	"maps"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A Guard is what a client library holds back by itself: retries beyond a
// budget, every call while a breaker is open, a share of the calls to a service
// that refuses most of them.
//
// A guard is a state machine without a clock: time is passed in and never goes
// back. Its state belongs to one process of the client, of which there may be
// many; p is the process, from 0.
type Guard interface {
	// Allow is asked once about every try of process p, the first of a request
	// among them, before it leaves. It is held back if ok is false; if wait is
	// above 0 it is put off by that, and then Allow is asked again.
	Allow(now sim.Time, p int, a *models.Attempt) (wait sim.Time, ok bool)

	// Retry is asked, after Result, whether a try that ended so may be followed by
	// another, and with Unanswered whether a second copy may go out beside it.
	// What the guard takes for the retry it may leave in a.Paid, which the next try
	// of the request carries.
	Retry(now sim.Time, p int, a *models.Attempt, e Ending) bool

	// Result tells how a try ended that Allow let go; retryable is whether the
	// client would try again after such an end.
	Result(now sim.Time, p int, a *models.Attempt, e Ending, retryable bool)

	// Reconfigure takes over new parameters and keeps tokens, counts and windows.
	// The spec is of the type that made the guard. On an error nothing has changed.
	Reconfigure(spec GuardSpec) error

	// Resize sets the number of processes: state of those that stay is kept, new
	// ones start afresh.
	Resize(processes int)
}

// An Ending is how a client library sees the end of a try.
type Ending uint8

// The endings of a try.
const (
	Unanswered Ending = iota // it has not ended
	Succeeded                // completed
	Throttled                // 429: a limit or quota of the operator
	Overloaded               // 503: refused for load
	Timeout                  // the client's patience or the operator's deadline ran out
	Broken                   // its server was lost or erred
	Forbidden                // 403: no try will do
	Withdrawn                // taken back by the client: it says nothing of the service
)

// failure reports whether a library counts the ending as a failure of the service.
func (e Ending) failure() bool {
	return e == Throttled || e == Overloaded || e == Timeout || e == Broken
}

// ending is how a library sees an outcome.
func ending(o models.Outcome, s models.Status) Ending {
	switch o {
	case models.Completed:
		return Succeeded
	case models.Abandoned, models.TimedOut:
		return Timeout
	case models.Failed:
		return Broken
	case models.Rejected:
		switch s {
		case models.TooManyRequests:
			return Throttled
		case models.Unavailable:
			return Overloaded
		case models.Forbidden:
			return Forbidden
		}
	}
	return Withdrawn
}

// A GuardSpec is the parameters of one kind of guard: a tagged struct that the
// scenario file is decoded into.
type GuardSpec interface {
	// New checks the parameters and returns a guard of one process, as it is at
	// time 0.
	New(env GuardEnv) (Guard, error)
}

// GuardEnv is what a guard is built with.
type GuardEnv struct {
	Name string // of the client and of the guard: what its luck goes by
}

// luck is what a guard draws for a try: the same however often it is asked.
func (e *GuardEnv) luck() uint64 { return rng.Purpose("client/guard/" + e.Name) }

// A GuardItem is one guard of a client, in its list `guards`.
type GuardItem struct {
	Name    string    `yaml:"name" required:"true" doc:"Name of the guard: patches address it."`
	Kind    string    `yaml:"kind" required:"true" doc:"Which rule it follows; a client has at most one guard of a kind."`
	Enabled bool      `yaml:"enabled" default:"yes" doc:"Whether it acts. One that is enabled later starts afresh."`
	Spec    GuardSpec `yaml:",inline" kinds:"guard"`
}

// A GuardKind is a rule that guards follow, with what the documentation says of it.
type GuardKind struct {
	Name    string           // what a scenario calls it by
	Doc     string           // what it does, in about three sentences
	Source  string           // the paper, the specification, the original implementation
	Fails   string           // when it does not help, or does harm
	Held    string           // what its tests hold it against: vectors of an original, with what of them is left out, or what is published or exact
	Presets string           // how the preset `inference` differs from `source`; empty where no constant is a time
	Beside  string           // policies of the service beside it there, as a list; without any it has nothing to go by
	Surge   string           // its parameters under the standard surge, as they stand in a scenario
	NoGain  string           // why it does not serve more users in time there than no guard does; empty where it does
	Fresh   func() GuardSpec // a pointer to a new Spec
}

var guardKinds = map[string]GuardKind{}

// RegisterGuard makes a kind of guard known. It is meant to be called from init
// and panics if the name is taken.
func RegisterGuard(k GuardKind) {
	if _, taken := guardKinds[k.Name]; taken {
		panic("client: guard " + k.Name + " is registered twice")
	}
	guardKinds[k.Name] = k
}

// FreshGuard returns a pointer to a new Spec of the kind, and whether there is one.
func FreshGuard(kind string) (GuardSpec, bool) {
	k, ok := guardKinds[kind]
	if !ok {
		return nil, false
	}
	return k.Fresh(), true
}

// GuardOf returns the kind of that name; the zero GuardKind if there is none.
func GuardOf(kind string) GuardKind { return guardKinds[kind] }

// GuardKinds returns the names of the registered kinds in alphabetical order.
func GuardKinds() []string { return slices.Sorted(maps.Keys(guardKinds)) }

// freely is embedded by guards that leave one of the questions to others.
type freely struct{}

func (freely) Allow(sim.Time, int, *models.Attempt) (sim.Time, bool) { return 0, true }

func (freely) Retry(sim.Time, int, *models.Attempt, Ending) bool { return true }

func (freely) Result(sim.Time, int, *models.Attempt, Ending, bool) {}

// A guardLink is an item with the guard that does its work.
type guardLink struct {
	item  GuardItem
	guard Guard // nil: disabled
}

// A guards is the guards of a client, in the order of the scenario: what an
// earlier one has counted or taken for a try that a later one holds back is spent.
type guards struct {
	links     []guardLink
	processes int
}

// build makes the guards of the items; those that old has under the same name
// and kind take their new parameters and keep their state.
func (old *guards) build(client string, items []GuardItem, processes int) (guards, func(), error) {
	g := guards{processes: processes}
	var adopt []func()
	for i, it := range items {
		if slices.ContainsFunc(items[:i], func(o GuardItem) bool { return o.Name == it.Name }) {
			return guards{}, nil, fmt.Errorf("%s: there are two of this name", it.Name)
		}
		if slices.ContainsFunc(items[:i], func(o GuardItem) bool { return o.Kind == it.Kind }) {
			return guards{}, nil, fmt.Errorf("%s.kind: there are two of kind %s", it.Name, it.Kind)
		}
		if it.Spec == nil {
			return guards{}, nil, fmt.Errorf("%s.kind: %q is no kind of guard, it must be one of %v", it.Name, it.Kind, GuardKinds())
		}
		fresh, err := it.Spec.New(GuardEnv{Name: client + "/" + it.Name})
		if err != nil {
			return guards{}, nil, fmt.Errorf("%s.%w", it.Name, err)
		}
		l := guardLink{item: it}
		if it.Enabled {
			l.guard = fresh
			for _, o := range old.links {
				if o.item.Name == it.Name && o.item.Kind == it.Kind && o.guard != nil {
					kept := o.guard
					adopt = append(adopt, func() {
						// What another rule has counted means nothing to this one.
						if kept.Reconfigure(it.Spec) == nil {
							g.links[i].guard = kept
						}
					})
				}
			}
		}
		g.links = append(g.links, l)
	}
	return g, func() {
		for _, f := range adopt {
			f()
		}
		for _, l := range g.links {
			if l.guard != nil {
				l.guard.Resize(processes)
			}
		}
	}, nil
}

// process is the process of the client that serves the user of an attempt, or,
// of an anonymous one, the request.
func (g *guards) process(a *models.Attempt) int {
	if g.processes <= 1 {
		return 0
	}
	key := a.Request
	if a.User != models.Anonymous {
		key = rng.Key(a.User)
	}
	return int(uint64(key.Child(0)) % uint64(g.processes))
}

// A Permit is what the guards of a client say of a try.
type Permit struct {
	OK   bool
	Wait sim.Time // if OK: time after which guard At is to be asked again; 0: it may go
	At   int
	Paid uint8 // of a copy: what its Paid is to be
}

// Allow asks the guards, from number from on, whether the try may leave now.
func (c *Client) Allow(now sim.Time, a *models.Attempt, from int) Permit {
	if len(c.guards.links) == 0 {
		return Permit{OK: true}
	}
	p := c.guards.process(a)
	for i := from; i < len(c.guards.links); i++ {
		g := c.guards.links[i].guard
		if g == nil {
			continue
		}
		wait, ok := g.Allow(now, p, a)
		if !ok {
			for _, l := range c.guards.links[:i] {
				if l.guard != nil {
					l.guard.Result(now, p, a, Withdrawn, false)
				}
			}
			return Permit{}
		}
		if wait > 0 {
			return Permit{OK: true, Wait: wait, At: i}
		}
	}
	return Permit{OK: true}
}

// mayRetry asks all guards whether there may be another try, or another copy.
func (c *Client) mayRetry(now sim.Time, a *models.Attempt, e Ending) bool {
	a.Paid = 0
	if len(c.guards.links) == 0 {
		return true
	}
	p := c.guards.process(a)
	for _, l := range c.guards.links {
		if l.guard != nil && !l.guard.Retry(now, p, a, e) {
			return false
		}
	}
	return true
}

// Ended tells the client's library how a try ended. It is to be called once for
// each try that Allow let go, before React.
func (c *Client) Ended(now sim.Time, a *models.Attempt, o models.Outcome, s models.Status) {
	if c.hedge != nil && o == models.Completed {
		c.hedge.learn(now - a.Arrived)
	}
	if len(c.guards.links) == 0 {
		return
	}
	e := ending(o, s)
	retryable := e == Overloaded || e == Timeout || e == Broken
	if c.retry != nil {
		retryable = c.retry.on(o, s)
	}
	p := c.guards.process(a)
	for _, l := range c.guards.links {
		if l.guard != nil {
			l.guard.Result(now, p, a, e, retryable)
		}
	}
}
