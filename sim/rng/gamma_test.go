package rng

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestGammaAgreesWithGonum(t *testing.T) {
	for _, shape := range []float64{0.4, 1, 2.5, 40, 900} {
		agrees(t, distuv.Gamma{Alpha: shape, Beta: 1 / 3.0}, must(NewGamma(shape, 3)))
	}
}

func TestGammaByMeanAndCV(t *testing.T) {
	for _, cv := range []float64{0.001, 0.3, 1, 4} {
		d := must(GammaFromCV(20, cv))
		require.InEpsilon(t, 20, d.Mean(), 1e-13)
		require.InEpsilon(t, cv*20, math.Sqrt(d.Var()), 1e-13)
	}
}

func TestGammaRefusesWhatCannotBe(t *testing.T) {
	require.EqualError(t, refused(NewGamma(0, -1)),
		"gamma: shape is 0, it must be above 0 and at most 1e6\ngamma: scale is -1, it must be a number above 0")
	require.EqualError(t, refused(NewGamma(1e7, 1)), "gamma: shape is 1e+07, it must be above 0 and at most 1e6")
	require.EqualError(t, refused(GammaFromCV(20, 0)), "gamma: cv is 0, it must be at least 0.001")
	require.EqualError(t, refused(GammaFromCV(nan, 1)), "gamma: mean is NaN, it must be a number above 0")
}
