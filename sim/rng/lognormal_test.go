package rng

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestLogNormalAgreesWithGonum(t *testing.T) {
	agrees(t, distuv.LogNormal{Mu: math.Log(20), Sigma: 0.47}, must(NewLogNormal(20, 0.47)))
}

func TestLogNormalByWhatPeopleKnow(t *testing.T) {
	d := must(LogNormalFromQuantile(20, 0.99, 180))
	require.InEpsilon(t, 20, d.Quantile(0.5), 1e-13)
	require.InEpsilon(t, 180, d.Quantile(0.99), 1e-13)
	d = must(LogNormalFromQuantile(20, 0.1, 5))
	require.InEpsilon(t, 5, d.Quantile(0.1), 1e-13)
	d = must(LogNormalFromCV(20, 0.3))
	require.InEpsilon(t, 20, d.Mean(), 1e-13)
	require.InEpsilon(t, 0.3*20, math.Sqrt(d.Var()), 1e-13)
}

func TestLogNormalRefusesWhatCannotBe(t *testing.T) {
	require.EqualError(t, refused(NewLogNormal(-2, 0)),
		"lognormal: median is -2, it must be a number above 0\nlognormal: sigma is 0, it must be a number above 0")
	require.EqualError(t, refused(LogNormalFromQuantile(20, 0.99, 20)), "lognormal: quantile's value is 20, it must be above the median")
	require.EqualError(t, refused(LogNormalFromQuantile(20, 0.01, 30)), "lognormal: quantile's value is 30, it must be below the median")
	require.EqualError(t, refused(LogNormalFromQuantile(20, 99, 30)), "lognormal: quantile's probability is 99, it must be between 0 and 1 and not 0.5")
	require.EqualError(t, refused(LogNormalFromCV(20, 0)), "lognormal: cv is 0, it must be a number above 0")
}
