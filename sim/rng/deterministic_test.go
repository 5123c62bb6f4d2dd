package rng

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeterministicIsAlwaysTheSameAndTakesNoLuck(t *testing.T) {
	d := must(NewDeterministic(7))
	src := NewSource(seed(t), 0, "deterministic")
	before := src
	require.Equal(t, 7.0, d.Sample(&src))
	require.Equal(t, before, src)
	require.EqualError(t, refused(NewDeterministic(inf)), "deterministic: value is +Inf, it must be a finite number")
}
