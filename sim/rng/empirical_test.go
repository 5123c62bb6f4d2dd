package rng

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

func TestEmpiricalRunsStraightBetweenTheValues(t *testing.T) {
	values := []float64{10, 0, 2, 4}
	d := must(NewEmpirical(values))
	require.Equal(t, []float64{10, 0, 2, 4}, values, "the list stays as it was")
	for p, want := range map[float64]float64{0: 0, 1 / 6.0: 1, 0.5: 3, 5 / 6.0: 7, 1: 10} {
		require.InDelta(t, want, d.Quantile(p), 1e-14, "p = %v", p)
		require.InDelta(t, p, d.CDF(want), 1e-14)
	}
	require.InEpsilon(t, (1+3+7)/3.0, d.Mean(), 1e-14)
}

func TestEmpiricalOfOneValueIsDeterministic(t *testing.T) {
	d := must(NewEmpirical([]float64{5}))
	src := NewSource(rngtest.Seed(t, 1), 0, "empirical")
	require.Equal(t, 5.0, d.Sample(&src))
	require.Equal(t, 5.0, d.Mean())
	require.Zero(t, d.Var())
	require.Zero(t, d.CDF(4.9))
	require.Equal(t, 1.0, d.CDF(5))
}

func TestEmpiricalRefusesWhatCannotBe(t *testing.T) {
	require.EqualError(t, refused(NewEmpirical(nil)), "empirical: number of values is 0, it must be at least 1")
	require.EqualError(t, refused(NewEmpirical([]float64{1, inf})), "empirical: value is +Inf, it must be a finite number")
}
