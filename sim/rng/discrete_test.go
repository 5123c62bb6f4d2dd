package rng

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiscreteTakesEachValueWithItsWeight(t *testing.T) {
	d := must(NewDiscrete([]float64{3, 1, 2, 0}, []float64{1, 4, 5, 0}))
	require.InEpsilon(t, 1.7, d.Mean(), 1e-14)
	require.InEpsilon(t, 0.41, d.Var(), 1e-14)
	for x, want := range map[float64]float64{0: 0, 1: 0.4, 1.5: 0.4, 2: 0.9, 3: 1, 4: 1} {
		require.InDelta(t, want, d.CDF(x), 1e-15, "at most %v", x)
	}
	require.Equal(t, 1.0, d.Quantile(0), "a value of weight 0 is no value")
	require.Equal(t, 1.0, d.Quantile(0.4))
	require.Equal(t, 2.0, d.Quantile(0.41))
	require.Equal(t, 3.0, d.Quantile(1))
}

func TestDiscreteRefusesWhatCannotBe(t *testing.T) {
	require.EqualError(t, refused(NewDiscrete([]float64{1, 2}, []float64{1})), "discrete: number of weights is 1, it must be that of the values")
	require.EqualError(t, refused(NewDiscrete([]float64{nan}, []float64{1})), "discrete: value is NaN, it must be a finite number")
	require.EqualError(t, refused(NewDiscrete([]float64{1}, []float64{-1})), "discrete: weight is -1, it must be a number of at least 0")
	require.EqualError(t, refused(NewDiscrete(nil, nil)), "discrete: total weight is 0, it must be a number above 0")
}
