package concurrency

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// Why limits act differently in a world of reduced scale.
const integerSteps = "Limits are whole numbers and change by steps that do not shrink with the world: where 2,000 may be in flight a step of one is a two-thousandth, where two may be it is half. A smaller world also has fewer samples a second."

// perProcess says what published limits are of.
const perProcess = "The published limits are those of one server process: of a whole service give your own."

// bounds are the limits between which a limit moves.
type bounds struct{ initial, least, most int }

// newBounds checks them. An initial limit that is not given is that of the preset: the
// published 20, as far as the bounds let it, or 0 for the servers that are up.
func newBounds(p preset, initial, least, most unit.Count) (bounds, error) {
	if initial == 0 {
		if p != "source" {
			b, err := namedBounds([3]string{"min", "min", "max"}, least, least, most)
			b.initial = 0
			return b, err
		}
		initial = min(max(20, least), most)
	}
	return namedBounds([3]string{"initial", "min", "max"}, initial, least, most)
}

func namedBounds(names [3]string, initial, least, most unit.Count) (b bounds, err error) {
	for i, l := range []struct {
		given unit.Count
		whole *int
	}{{initial, &b.initial}, {least, &b.least}, {most, &b.most}} {
		if !(l.given >= 1 && l.given <= 1<<30) {
			return bounds{}, fmt.Errorf("%s is %v, it must be 1 to 2^30", names[i], float64(l.given))
		}
		*l.whole = int(math.Floor(float64(l.given) + 0.5))
	}
	switch {
	case b.most < b.least:
		return bounds{}, fmt.Errorf("%s is %d, it must be at least %s, which is %d", names[2], b.most, names[1], b.least)
	case b.initial < b.least || b.initial > b.most:
		return bounds{}, fmt.Errorf("%s is %d, it must be %s to %s, %d to %d", names[0], b.initial, names[1], names[2], b.least, b.most)
	}
	return b, nil
}

// first is the limit to begin with at a pool of so many servers.
func (b bounds) first(servers int) float64 {
	if b.initial > 0 {
		return float64(b.initial)
	}
	return b.within(float64(servers))
}

// within is x, or the bound that is nearest.
func (b bounds) within(x float64) float64 {
	return math.Max(float64(b.least), math.Min(float64(b.most), x))
}

// A preset is a set of times: source as published, inference for work that
// takes some 20 seconds.
type preset string

func (p preset) check() error {
	if p != "source" && p != "inference" {
		return fmt.Errorf("preset is %q, it must be source or inference", string(p))
	}
	return nil
}

// or is the time given, or that of the preset where it is 0.
func (p preset) or(given unit.Duration, source, inference sim.Time) sim.Time {
	switch {
	case given != 0:
		return sim.Time(given)
	case p == "source":
		return source
	}
	return inference
}

// share checks a number that must be above 0 and at most 1.
func share(name string, x float64) error {
	if !(x > 0 && x <= 1) {
		return fmt.Errorf("%s is %v, it must be above 0 and at most 1", name, x)
	}
	return nil
}

// atLeast checks a whole number.
func atLeast(name string, x, least int) error {
	if x < least {
		return fmt.Errorf("%s is %d, it must be %d or more", name, x, least)
	}
	return nil
}

// notNegative checks a time.
func notNegative(name string, d unit.Duration) error {
	if d < 0 {
		return fmt.Errorf("%s is %v, it must be 0 or more", name, sim.Time(d))
	}
	return nil
}

// firstOf returns the first error.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// log10 is the whole part of the decimal logarithm, and 1 at least.
func log10(limit int) int {
	n := 1
	for limit >= 100 {
		limit /= 10
		n++
	}
	return n
}
