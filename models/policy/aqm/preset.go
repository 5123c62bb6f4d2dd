package aqm

import (
	"fmt"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// inferenceFactor is how much longer the times of the preset inference are than
// those of source. They were made for work of some milliseconds to tens of them;
// an image takes some 20 seconds.
const inferenceFactor = 1000

// presets is what the documentation says of it.
const presets = "All times of inference are 1,000 times those of source: the constants were chosen for packets and calls that take milliseconds to tens of them, and an image takes some 20 s."

// factor returns what the published times are multiplied by; without a name the
// preset is inference, the default of a scenario.
func factor(preset string) (sim.Time, error) {
	switch preset {
	case "source":
		return 1, nil
	case "inference", "":
		return inferenceFactor, nil
	}
	return 0, fmt.Errorf("preset is %q, it must be source or inference", preset)
}

// orPublished is the time that a scenario gives or, if it gives none, that of the
// preset.
func orPublished(given unit.Duration, published, factor sim.Time) sim.Time {
	if given != 0 {
		return sim.Time(given)
	}
	return published * factor
}

// above0 checks a time that is not of the preset.
func above0(name string, d unit.Duration) error {
	if d < 0 {
		return fmt.Errorf("%s is %v, it must be more than 0", name, sim.Time(d))
	}
	return nil
}
