package policy

import (
	"maps"
	"slices"
)

// A kind of policy, as a folder's file registers it.
type kind struct {
	doc   string
	fresh func() Spec
}

var kinds = map[string]kind{}

// Register makes a kind of policy known under the name that a scenario calls it
// by, with a sentence or two for the reference. fresh returns a pointer to a
// new Spec. It is meant to be called from init and panics if the name is taken.
func Register(name, doc string, fresh func() Spec) {
	if _, taken := kinds[name]; taken {
		panic("policy: kind " + name + " is registered twice")
	}
	kinds[name] = kind{doc, fresh}
}

// Fresh returns a pointer to a new Spec of the kind, and whether there is one.
func Fresh(name string) (Spec, bool) {
	k, ok := kinds[name]
	if !ok {
		return nil, false
	}
	return k.fresh(), true
}

// Doc returns the description that the kind was registered with.
func Doc(name string) string { return kinds[name].doc }

// Kinds returns the names of the registered kinds in alphabetical order.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }
