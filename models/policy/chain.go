package policy

import (
	"fmt"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// An Item is one policy of a scenario, in the list `policies`.
type Item struct {
	Name    string   `yaml:"name" required:"true" doc:"Name of the policy: refusals are counted under it, patches address it."`
	Kind    string   `yaml:"kind" required:"true" doc:"Which rule it follows."`
	Enabled bool     `yaml:"enabled" default:"yes" doc:"Whether it acts. One that is enabled later starts afresh at that moment."`
	Tiers   []string `yaml:"tiers" ref:"tiers" doc:"Tiers that it acts on; all if empty."`
	Classes []string `yaml:"classes" ref:"classes" doc:"Classes of requests that it acts on; all if empty."`
	Spec    Spec     `yaml:",inline" kinds:"policy"`
}

// A Chain is the policies of a run in the order of the scenario. The first that
// refuses an attempt has the word, and those behind it never see the attempt.
//
// What a policy has counted or taken for an attempt that a later one refuses is
// spent, as it is in a gateway: put what looks at the load before what counts.
type Chain struct {
	env     Env
	classes []string
	links   []link

	// For each tier and class, at tier*len(classes)+class, those that act on it.
	policies [][]Policy
	holders  [][]Holder
}

// A link is one item with the policy that does its work.
type link struct {
	item   Item
	policy Policy // nil while the item is disabled
}

// NewChain builds the policies of the items. env.Name is filled in for each;
// tiers are numbered as in env.Tiers and classes as in classes. An error names
// the item.
func NewChain(items []Item, env Env, classes []string) (*Chain, error) {
	c := &Chain{env: env, classes: classes}
	if err := c.Reconfigure(items); err != nil {
		return nil, err
	}
	return c, nil
}

// Admit asks the policies that act on the attempt's tier and class, in order,
// until one refuses. When all admit, MaxWait is the least that any of them set.
func (c *Chain) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	var all models.Verdict
	for _, p := range c.policies[int(a.Tier)*len(c.classes)+int(a.Class)] {
		v := p.Admit(a, s)
		if v.Reason != 0 {
			return v
		}
		if v.MaxWait != 0 && (all.MaxWait == 0 || v.MaxWait < all.MaxWait) {
			all.MaxWait = v.MaxWait
		}
	}
	return all
}

// Hold reports whether the user holds the request back of his own will, so
// that it never becomes an attempt.
func (c *Chain) Hold(a *models.Attempt, now sim.Time) bool {
	for _, h := range c.holders[int(a.Tier)*len(c.classes)+int(a.Class)] {
		if h.Hold(a, now) {
			return true
		}
	}
	return false
}

// Reconfigure puts the items in the place of the old ones. An item that was
// enabled before under the same name and kind takes its new parameters and
// keeps its state; one that is new, or newly enabled, starts now; the state of
// one that is disabled or gone is dropped. On an error nothing has changed.
func (c *Chain) Reconfigure(items []Item) error {
	links := make([]link, len(items))
	for i, it := range items {
		if slices.ContainsFunc(items[:i], func(o Item) bool { return o.Name == it.Name }) {
			return fmt.Errorf("policy %s: there are two of this name", it.Name)
		}
		if err := c.checkNames(it); err != nil {
			return fmt.Errorf("policy %s: %w", it.Name, err)
		}
		env := c.env
		env.Name = it.Name
		fresh, err := it.Spec.New(env)
		if err != nil {
			return fmt.Errorf("policy %s: %w", it.Name, err)
		}
		links[i] = link{it, fresh}
	}
	// Every item is sound: from here on nothing can fail half-way.
	for i := range links {
		l := &links[i]
		if !l.item.Enabled {
			l.policy = nil
		} else if p := c.running(l.item.Name, l.item.Kind); p != nil {
			if err := p.Reconfigure(l.item.Spec); err != nil {
				return fmt.Errorf("policy %s: %w", l.item.Name, err)
			}
			l.policy = p
		}
	}
	c.links = links
	c.selectByTierAndClass()
	return nil
}

// running returns the policy that acts now under the name, if it is of the kind.
func (c *Chain) running(name, kind string) Policy {
	for _, l := range c.links {
		if l.item.Name == name && l.item.Kind == kind {
			return l.policy
		}
	}
	return nil
}

func (c *Chain) checkNames(it Item) error {
	if it.Spec == nil {
		return fmt.Errorf("kind %q has no parameters; the kinds are %v", it.Kind, Kinds())
	}
	for _, name := range it.Tiers {
		if !slices.ContainsFunc(c.env.Tiers, func(t TierInfo) bool { return t.Name == name }) {
			return fmt.Errorf("there is no tier %q", name)
		}
	}
	for _, name := range it.Classes {
		if !slices.Contains(c.classes, name) {
			return fmt.Errorf("there is no class %q", name)
		}
	}
	return nil
}

// selectByTierAndClass sets the lists that Admit and Hold walk, so that a
// policy costs nothing to those whom it does not concern.
func (c *Chain) selectByTierAndClass() {
	n := len(c.env.Tiers) * len(c.classes)
	c.policies, c.holders = make([][]Policy, n), make([][]Holder, n)
	for t, tier := range c.env.Tiers {
		for k, class := range c.classes {
			at := t*len(c.classes) + k
			for _, l := range c.links {
				if l.policy == nil || !among(l.item.Tiers, tier.Name) || !among(l.item.Classes, class) {
					continue
				}
				c.policies[at] = append(c.policies[at], l.policy)
				if h, ok := l.policy.(Holder); ok {
					c.holders[at] = append(c.holders[at], h)
				}
			}
		}
	}
}

// among reports whether a list of names, of which the empty one means all,
// holds the name.
func among(names []string, name string) bool {
	return len(names) == 0 || slices.Contains(names, name)
}
