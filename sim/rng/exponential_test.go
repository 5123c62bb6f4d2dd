package rng

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestExponentialAgreesWithGonum(t *testing.T) {
	agrees(t, distuv.Exponential{Rate: 1 / 20.0}, must(NewExponential(20)))
}

func TestExponentialByItsMedian(t *testing.T) {
	d := must(ExponentialFromMedian(20))
	require.InEpsilon(t, 20, d.Quantile(0.5), 1e-14)
	require.InEpsilon(t, 0.5, d.CDF(20), 1e-14)
}

func TestExponentialRefusesWhatIsNotAMean(t *testing.T) {
	require.EqualError(t, refused(NewExponential(0)), "exponential: mean is 0, it must be a number above 0")
	require.EqualError(t, refused(NewExponential(nan)), "exponential: mean is NaN, it must be a number above 0")
	require.EqualError(t, refused(NewExponential(inf)), "exponential: mean is +Inf, it must be a number above 0")
	require.EqualError(t, refused(ExponentialFromMedian(-1)), "exponential: median is -1, it must be a number above 0")
}
