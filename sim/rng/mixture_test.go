package rng

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAMixtureOfExponentialsIsHyperexponential(t *testing.T) {
	h := must(NewHyperexponential([]float64{0.25, 0.75}, []float64{2, 20}))
	m := must(NewMixture([]Dist{must(NewExponential(2)), must(NewExponential(20))}, []float64{1, 3}))
	require.InEpsilon(t, h.Mean(), m.Mean(), 1e-14)
	require.InEpsilon(t, h.Var(), m.Var(), 1e-14)
	for _, p := range []float64{0, 0.1, 0.5, 0.999, 1} {
		require.InDelta(t, h.CDF(h.Quantile(p)), m.CDF(h.Quantile(p)), 1e-15)
		require.Equal(t, h.Quantile(p) == 0, m.Quantile(p) == 0)
	}
}

func TestAPartOfWeightZeroCountsNothing(t *testing.T) {
	m := must(NewMixture([]Dist{must(NewPareto(1, 1)), must(NewUniform(0, 2))}, []float64{0, 1}))
	require.Equal(t, 1.0, m.Mean())
	require.Equal(t, 0.0, m.Quantile(0))
	require.Equal(t, 2.0, m.Quantile(1))
}

func TestMixtureRefusesWhatCannotBe(t *testing.T) {
	part := must(NewExponential(1))
	require.EqualError(t, refused(NewMixture([]Dist{part}, []float64{1, 2})), "mixture: number of weights is 2, it must be that of the parts")
	require.EqualError(t, refused(NewMixture(nil, nil)), "mixture: total weight is 0, it must be a number above 0")
}
