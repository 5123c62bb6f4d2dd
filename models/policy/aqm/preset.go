package aqm

import (
	"fmt"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A preset is a set of constants: as published, for packets and calls that take
// milliseconds, or scaled to work of some 20 seconds.
//
// To multiply all times by the thousand that the work is longer would be wrong: the
// surge and the patience of people are not longer. What a time is held against
// decides what becomes of it, and each kind says so.
type preset string

const (
	source    preset = "source"
	inference preset = "inference"
)

// presetOf reads the name of a preset; the empty one is inference, the default of a
// scenario.
func presetOf(name string) (preset, error) {
	switch p := preset(name); p {
	case source, inference:
		return p, nil
	case "":
		return inference, nil
	}
	return "", fmt.Errorf("preset is %q, it must be source or inference", name)
}

// time is the time that a scenario gives or, if it gives none, that of the preset.
func (p preset) time(given unit.Duration, published, scaled sim.Time) sim.Time {
	switch {
	case given != 0:
		return sim.Time(given)
	case p == source:
		return published
	}
	return scaled
}

// gain is the gain that a scenario gives or, if it gives none, that of the preset.
func (p preset) gain(given unit.Factor, published, scaled float64) float64 {
	switch {
	case given != 0:
		return float64(given)
	case p == source:
		return published
	}
	return scaled
}

// above0 checks a time that is not of the preset.
func above0(name string, d unit.Duration) error {
	if d < 0 {
		return fmt.Errorf("%s is %v, it must be more than 0", name, sim.Time(d))
	}
	return nil
}
