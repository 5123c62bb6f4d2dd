package policy

import (
	"maps"
	"slices"
)

// A Heading is a part of the catalogue of policies; each has its folder.
type Heading string

// The headings of the catalogue.
const (
	Limits      Heading = "Limits and quotas"
	Gates       Heading = "Gates and rooms"
	Admission   Heading = "Admission by load"
	Concurrency Heading = "Adaptive concurrency"
	AQM         Heading = "Queue management"
	Degrade     Heading = "Degrade instead of refuse"
	Custom      Heading = "Your own"
)

// Headings are those of the catalogue, in its order.
var Headings = []Heading{Limits, Gates, Admission, Concurrency, AQM, Degrade, Custom}

// A Kind is a rule that policies follow, with what the documentation says of it.
type Kind struct {
	Name    string // what a scenario calls it by
	Heading Heading
	Doc     string      // what it does, in about three sentences
	Source  string      // the paper with its equation, the RFC, the original implementation
	Fails   string      // when it does not help, or does harm
	Held    string      // what its tests hold it against: vectors of an original, with what of them is left out, or what is published or exact
	Presets string      // how the preset `inference` differs from `source`; empty where no constant is a time
	Scale   string      // why it acts differently in a world of reduced scale; empty where it does not
	Surge   string      // its parameters under the standard surge, as they stand in a scenario: "rate: 4/s, burst: 50"
	More    string      // what else its section says, in Markdown; empty where nothing
	NoGain  string      // why it does not serve more users in time there than no policy does; empty where it does
	Fresh   func() Spec // a pointer to a new Spec

	// PerPool says that what it learns is of one pool: the chain keeps one policy of
	// an item for each pool that the item's classes lead to.
	PerPool bool

	// Gauges says that its Start only measures, and drops and degrades nothing: with
	// signal_delay it is told later who was started.
	Gauges bool

	// Unmoved says why signal_delay and signal_interval would do nothing to it, and
	// are refused; empty where they act.
	Unmoved string
}

var kinds = map[string]Kind{}

// Register makes a kind of policy known. It is meant to be called from init and
// panics if the name is taken.
func Register(k Kind) {
	if _, taken := kinds[k.Name]; taken {
		panic("policy: kind " + k.Name + " is registered twice")
	}
	kinds[k.Name] = k
}

// Fresh returns a pointer to a new Spec of the kind, and whether there is one.
func Fresh(name string) (Spec, bool) {
	k, ok := kinds[name]
	if !ok {
		return nil, false
	}
	return k.Fresh(), true
}

// Of returns the kind of that name; the zero Kind if there is none.
func Of(name string) Kind { return kinds[name] }

// Kinds returns the names of the registered kinds in alphabetical order.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }
