package admission

import (
	"fmt"
	"slices"

	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// positive is the error for a time that is not above 0.
func positive(name string, t sim.Time) error {
	if t <= 0 {
		return fmt.Errorf("%s is %v, it must be more than 0", name, t)
	}
	return nil
}

// within is the error for a number that is not from lo to hi.
func within(name string, x, lo, hi float64) error {
	if !(x >= lo && x <= hi) {
		return fmt.Errorf("%s is %v, it must be %v to %v", name, x, bound(lo), bound(hi))
	}
	return nil
}

// bound is a bound as people write it.
func bound(x float64) string {
	switch x {
	case 1 << 31:
		return "2^31"
	case 1 << 53:
		return "2^53"
	}
	return unit.FormatNumber(x)
}

// spans is the error for a time that is not from lo to hi.
func spans(name string, t, lo, hi sim.Time) error {
	if t < lo || t > hi {
		return fmt.Errorf("%s is %v, it must be %v to %v", name, unit.Duration(t), unit.Duration(lo), unit.Duration(hi))
	}
	return nil
}

// tierOf returns the index of a tier by its name.
func tierOf(field, name string, tiers []policy.TierInfo) (int, error) {
	t := slices.IndexFunc(tiers, func(t policy.TierInfo) bool { return t.Name == name })
	if t < 0 {
		return 0, fmt.Errorf("%s: there is no tier %q", field, name)
	}
	return t, nil
}

// ranks numbers the tiers by their priority, 0 for those that are served first;
// tiers of one priority share a rank. It also returns how many ranks there are.
func ranks(tiers []policy.TierInfo) (of []int, n int) {
	var distinct []uint8
	for _, t := range tiers {
		if !slices.Contains(distinct, t.Priority) {
			distinct = append(distinct, t.Priority)
		}
	}
	slices.Sort(distinct)
	for _, t := range tiers {
		of = append(of, slices.Index(distinct, t.Priority))
	}
	return of, max(1, len(distinct))
}
