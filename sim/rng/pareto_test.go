package rng

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestParetoAgreesWithGonum(t *testing.T) {
	agrees(t, distuv.Pareto{Xm: 3, Alpha: 4.5}, must(NewPareto(3, 4.5)))
}

func TestParetoByWhatPeopleKnow(t *testing.T) {
	d := must(ParetoFromMean(3, 5))
	require.InEpsilon(t, 5, d.Mean(), 1e-13)
	require.Equal(t, 3.0, d.Quantile(0))
	for _, q := range []struct{ p, value float64 }{{0.99, 180}, {0.1, 18}} {
		d = must(ParetoFromQuantile(20, q.p, q.value))
		require.InEpsilon(t, 20, d.Quantile(0.5), 1e-13)
		require.InEpsilon(t, q.value, d.Quantile(q.p), 1e-13)
	}
}

func TestAHeavyParetoHasNoMean(t *testing.T) {
	require.Equal(t, inf, must(NewPareto(3, 1)).Mean())
	require.True(t, math.IsNaN(must(NewPareto(3, 1)).Var()))
	require.Equal(t, 6.0, must(NewPareto(3, 2)).Mean())
	require.Equal(t, inf, must(NewPareto(3, 2)).Var())
}

func TestParetoRefusesWhatCannotBe(t *testing.T) {
	require.EqualError(t, refused(NewPareto(0, 1)), "pareto: min is 0, it must be a number above 0")
	require.EqualError(t, refused(NewPareto(1, 0)), "pareto: shape is 0, it must be a number above 0")
	require.EqualError(t, refused(ParetoFromMean(3, 3)), "pareto: mean is 3, it must be above min")
	require.EqualError(t, refused(ParetoFromQuantile(20, 0.99, 10)), "pareto: quantile's value is 10, it must be above the median")
}
