package rng

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

func TestDeterministicIsAlwaysTheSameAndTakesNoLuck(t *testing.T) {
	d := must(NewDeterministic(7))
	src := NewSource(rngtest.Seed(t, 1), 0, "deterministic")
	before := src
	require.Equal(t, 7.0, d.Sample(&src))
	require.Equal(t, before, src)
	require.EqualError(t, refused(NewDeterministic(inf)), "deterministic: value is +Inf, it must be a finite number")
}
