package rng

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

func TestShiftedMovesValuesAndNothingElse(t *testing.T) {
	base := must(NewLogNormal(20, 0.5))
	d := must(NewShifted(base, 5))
	a := NewSource(rngtest.Seed(t, 1), 0, "shifted")
	b := a
	require.Equal(t, base.Sample(&a)+5, d.Sample(&b))
	require.Equal(t, base.Mean()+5, d.Mean())
	require.Equal(t, base.Var(), d.Var())
	require.Equal(t, 25.0, d.Quantile(0.5))
	require.InDelta(t, 0.5, d.CDF(25), 1e-15)
	require.EqualError(t, refused(NewShifted(base, nan)), "shifted: shift is NaN, it must be a finite number")
}
