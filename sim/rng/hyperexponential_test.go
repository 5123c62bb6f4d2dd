package rng

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHyperexponentialByMeanAndCVHasBalancedMeans(t *testing.T) {
	for _, cv := range []float64{1, 1.5, 4, 1000} {
		d := must(HyperexponentialFromCV(10, cv))
		require.InEpsilon(t, 10, d.Mean(), 1e-9)
		require.InEpsilon(t, cv*10, math.Sqrt(d.Var()), 1e-9)
		require.InEpsilon(t, d.probs.prob(0)*d.means[0], d.probs.prob(1)*d.means[1], 1e-9)
	}
}

func TestHyperexponentialOfOnePhaseIsExponential(t *testing.T) {
	h, e := must(NewHyperexponential([]float64{3}, []float64{20})), must(NewExponential(20))
	for _, x := range []float64{-1, 0, 1e-9, 5, 20, 300} {
		require.InDelta(t, e.CDF(x), h.CDF(x), 1e-15)
	}
	require.InEpsilon(t, e.Var(), h.Var(), 1e-14)
}

func TestHyperexponentialRefusesWhatCannotBe(t *testing.T) {
	require.EqualError(t, refused(NewHyperexponential([]float64{1, -1}, []float64{1, 2})), "hyperexponential: probability is -1, it must be a number of at least 0")
	require.EqualError(t, refused(NewHyperexponential([]float64{0, 0}, []float64{1, 2})), "hyperexponential: total probability is 0, it must be a number above 0")
	require.EqualError(t, refused(NewHyperexponential([]float64{1, 1}, []float64{1})), "hyperexponential: number of means is 1, it must be that of the probabilities")
	require.EqualError(t, refused(NewHyperexponential([]float64{1}, []float64{0})), "hyperexponential: mean is 0, it must be a number above 0")
	require.EqualError(t, refused(HyperexponentialFromCV(10, 0.9)), "hyperexponential: cv is 0.9, it must be 1 to 1e6; gamma takes less")
}
