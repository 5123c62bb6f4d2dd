package rng

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATruncatedUniformIsUniform(t *testing.T) {
	d, u := must(NewTruncated(must(NewUniform(0, 10)), 2, 7)), must(NewUniform(2, 7))
	require.InEpsilon(t, u.Mean(), d.Mean(), 1e-9)
	require.InEpsilon(t, u.Var(), d.Var(), 1e-9)
	for _, p := range []float64{0, 0.1, 0.5, 1} {
		require.InDelta(t, u.Quantile(p), d.Quantile(p), 1e-14)
		require.InDelta(t, p, d.CDF(u.Quantile(p)), 1e-14)
	}
}

func TestAnExponentialAboveABoundIsTheSameShifted(t *testing.T) {
	d := must(NewTruncated(must(NewExponential(20)), 30, inf))
	require.InEpsilon(t, 50, d.Mean(), 1e-9)
	require.InEpsilon(t, 400, d.Var(), 1e-9)
	require.InEpsilon(t, 30+20*math.Ln2, d.Quantile(0.5), 1e-12)
}

func TestAHeavyTailCutOffHasItsClosedMean(t *testing.T) {
	// E X = a/(a-1) (1 - h^(1-a)) / (1 - h^-a) for a Pareto of min 1 cut at h.
	for _, a := range []float64{0.5, 1.5, 2.5} {
		const h = 1e6
		d := must(NewTruncated(must(NewPareto(1, a)), 0, h))
		want := a / (a - 1) * (1 - math.Pow(h, 1-a)) / (1 - math.Pow(h, -a))
		require.InEpsilon(t, want, d.Mean(), 1e-8, "shape %v", a)
	}
	above := must(NewTruncated(must(NewPareto(1, 3)), 2, inf)) // is Pareto of min 2
	require.InEpsilon(t, 3, above.Mean(), 1e-9)
	require.InEpsilon(t, must(NewPareto(2, 3)).Var(), above.Var(), 1e-8)
}

func TestTruncationKeepsAtomsAtItsBounds(t *testing.T) {
	d := must(NewTruncated(must(NewDiscrete([]float64{1, 2, 3, 4}, []float64{1, 2, 3, 4})), 2, 3))
	require.InDelta(t, 2.6, d.Mean(), 1e-9)
	require.InDelta(t, 0.24, d.Var(), 1e-9)
	require.InDelta(t, 0.4, d.CDF(2), 1e-15)
	require.Equal(t, 2.0, d.Quantile(0))
	require.InDelta(t, 7, must(NewTruncated(must(NewDeterministic(7)), 7, 7)).Mean(), 1e-14)
}

func TestBoundsBeyondTheSupportChangeNothing(t *testing.T) {
	base := must(NewGamma(2.5, 3))
	d := must(NewTruncated(base, -inf, inf))
	require.Equal(t, base.Mean(), d.Mean())
	require.Equal(t, base.Var(), d.Var())
	require.Equal(t, base.CDF(7), d.CDF(7))
}

func TestTruncatedRefusesWhatCannotBe(t *testing.T) {
	base := must(NewExponential(1))
	require.EqualError(t, refused(NewTruncated(base, 3, 2)), "truncated: max is 2, it must be at least min")
	require.EqualError(t, refused(NewTruncated(base, nan, 2)), "truncated: max is 2, it must be at least min")
	require.EqualError(t, refused(NewTruncated(base, -2, -1)), "truncated: share of the distribution between min and max is 0, it must be at least 0.001")
	require.ErrorContains(t, refused(NewTruncated(base, 10, 20)), "share of the distribution between min and max is 4.5")
}
