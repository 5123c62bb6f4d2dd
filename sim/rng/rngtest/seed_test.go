package rngtest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheSeedIsThatOfTheEnvironmentIfThereIsOne(t *testing.T) {
	for set, want := range map[string]uint64{"": 5, "0": 0, "18446744073709551615": 1<<64 - 1} {
		t.Setenv("LAUNCHDAY_SEED", set)
		assert.Equal(t, want, Seed(t, 5), "%q", set)
	}
}
