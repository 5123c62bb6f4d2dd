package rng

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestWeibullAgreesWithGonum(t *testing.T) {
	for _, shape := range []float64{0.6, 1, 1.7, 8} {
		agrees(t, distuv.Weibull{K: shape, Lambda: 10}, must(NewWeibull(shape, 10)))
	}
}

func TestWeibullByMedianAndQuantile(t *testing.T) {
	for _, q := range []struct{ p, value float64 }{{0.99, 180}, {0.6, 20.5}, {0.1, 3}} {
		d := must(WeibullFromQuantile(20, q.p, q.value))
		require.InEpsilon(t, 20, d.Quantile(0.5), 1e-13)
		require.InEpsilon(t, q.value, d.Quantile(q.p), 1e-13)
	}
}

func TestWeibullByMeanAndCV(t *testing.T) {
	for _, cv := range []float64{0.01, 0.3, 1, 2, 10} {
		d := must(WeibullFromCV(20, cv))
		require.InEpsilon(t, 20, d.Mean(), 1e-12)
		require.InEpsilon(t, 20*20*cv*cv, d.Var(), 1e-9)
	}
	require.InEpsilon(t, 1, must(WeibullFromCV(1, 1)).Shape(), 1e-12)
	require.InEpsilon(t, 1, must(WeibullFromCV(1, 1)).Scale(), 1e-12)
	require.EqualError(t, refused(WeibullFromCV(1, 0)), "weibull: cv is 0, it must be from 0.001 to 100")
}

func TestWeibullRefusesWhatCannotBe(t *testing.T) {
	require.EqualError(t, refused(NewWeibull(-1, 1)), "weibull: shape is -1, it must be a number above 0")
	require.EqualError(t, refused(NewWeibull(1, inf)), "weibull: scale is +Inf, it must be a number above 0")
	require.EqualError(t, refused(WeibullFromQuantile(20, 0.5, 30)), "weibull: quantile's probability is 0.5, it must be between 0 and 1 and not 0.5")
	require.EqualError(t, refused(WeibullFromQuantile(0, 0.9, 30)), "weibull: median is 0, it must be a number above 0")
}
