package script

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// outcomes are the names of outcomes, boxed once.
var outcomes = func() (list [models.NumOutcomes]starlark.Value) {
	for o := range models.NumOutcomes {
		list[o] = starlark.String(o.String())
	}
	return list
}()

func seconds(t sim.Time) starlark.Value { return starlark.Float(t.Seconds()) }

// A wanted error says what would be right.
type wanted struct{ problem, want string }

func (e *wanted) Error() string { return e.problem + ": want " + e.want }

func noSuch(what, name string, names []string) error {
	want := unit.Nearest(name, names)
	if want == "" {
		want = "one of " + strings.Join(names, ", ")
	}
	return &wanted{what + " has no ." + name, want}
}

// An attempt is what a script sees of one, during a call.
type attempt struct {
	p     *scripted
	of    *models.Attempt
	ended bool
}

var attemptNames = []string{"arrived", "first", "luck", "number", "paid", "priority", "request_class", "service", "tier", "user", "visit"}

// Attr returns the value of a name.
func (x *attempt) Attr(name string) (starlark.Value, error) {
	a := x.of
	if a == nil {
		return nil, fmt.Errorf("an attempt can be looked at during the call only; keep what you need of it")
	}
	switch name {
	case "user":
		return starlark.MakeInt(int(a.User)), nil
	case "tier":
		return x.p.tiers[a.Tier], nil
	case "request_class":
		return x.p.classes[a.Class], nil
	case "paid":
		return starlark.Bool(x.p.env.Tiers[a.Tier].Paid), nil
	case "priority":
		return starlark.MakeInt(int(a.Priority)), nil
	case "number":
		return starlark.MakeInt(int(a.Try)), nil
	case "visit":
		return starlark.MakeInt(int(a.Visit)), nil
	case "service":
		if x.ended { // what it would have needed nobody can see
			return starlark.None, nil
		}
		return seconds(a.Service), nil
	case "first":
		return seconds(a.First), nil
	case "arrived":
		return seconds(a.Arrived), nil
	case "luck":
		src := x.p.luck.OfRequest(a.Request)
		return starlark.Float(src.Float64()), nil
	}
	return nil, noSuch("attempt", name, attemptNames)
}

// AttrNames are the names, for dir.
func (x *attempt) AttrNames() []string { return attemptNames }

func (x *attempt) String() string        { return "attempt" }
func (x *attempt) Type() string          { return "attempt" }
func (x *attempt) Freeze()               {}
func (x *attempt) Truth() starlark.Bool  { return true }
func (x *attempt) Hash() (uint32, error) { return 0, fmt.Errorf("an attempt cannot be a key") }

// signals is what a script sees of the pool, during a call.
type signals struct {
	p  *scripted
	of *models.Signals
}

var signalNames = []string{"busy", "capacity", "completed", "free", "in_flight", "last_wait", "pool", "started", "waiting"}

// Attr returns the value of a name.
func (x *signals) Attr(name string) (starlark.Value, error) {
	s := x.of
	if s == nil {
		return nil, fmt.Errorf("signals can be looked at during the call only; keep what you need of them")
	}
	switch name {
	case "waiting":
		return starlark.MakeInt(s.Waiting), nil
	case "busy":
		return starlark.MakeInt(s.Busy), nil
	case "capacity":
		return starlark.MakeInt(s.Capacity), nil
	case "free":
		return starlark.MakeInt(s.Free()), nil
	case "in_flight":
		return starlark.MakeInt(s.InFlight()), nil
	case "last_wait":
		return seconds(s.LastWait), nil
	case "started":
		return starlark.MakeUint64(s.Started), nil
	case "completed":
		return starlark.MakeUint64(s.Completed), nil
	case "pool":
		return x.p.pools[s.Pool], nil
	}
	return nil, noSuch("signals", name, signalNames)
}

// AttrNames are the names, for dir.
func (x *signals) AttrNames() []string { return signalNames }

func (x *signals) String() string        { return "signals" }
func (x *signals) Type() string          { return "signals" }
func (x *signals) Freeze()               {}
func (x *signals) Truth() starlark.Bool  { return true }
func (x *signals) Hash() (uint32, error) { return 0, fmt.Errorf("signals cannot be a key") }
