package policy

import (
	"fmt"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A Preset is a set of constants: as published, for packets and calls that take
// milliseconds, or scaled to work of some 20 seconds.
//
// To multiply all times by the thousand that the work is longer would be wrong: the
// surge and the patience of people are not longer. What a time is held against
// decides what becomes of it, and each kind says so.
type Preset string

const (
	Source    Preset = "source"    // as published
	Inference Preset = "inference" // scaled
)

// PresetOf reads the name of a preset; the empty one is Inference, the default of a
// scenario.
func PresetOf(name string) (Preset, error) {
	switch p := Preset(name); p {
	case Source, Inference:
		return p, nil
	case "":
		return Inference, nil
	}
	return "", fmt.Errorf("preset is %q, it must be source or inference", name)
}

// Time is the time that a scenario gives or, if it gives none, 0, that of the preset.
func (p Preset) Time(given unit.Duration, published, scaled sim.Time) sim.Time {
	if given != 0 {
		return sim.Time(given)
	}
	if p == Source {
		return published
	}
	return scaled
}

// Number is the number that a scenario gives or, if it gives none, 0, that of the
// preset.
func (p Preset) Number(given, published, scaled float64) float64 {
	if given != 0 {
		return given
	}
	if p == Source {
		return published
	}
	return scaled
}
