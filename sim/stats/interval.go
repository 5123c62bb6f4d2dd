package stats

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// An Interval is an estimated mean with its confidence interval [Lo, Hi].
//
// Where nothing can be said of the width, as for a single value, Lo is -Inf and
// Hi is +Inf; over an empty set all three are NaN.
type Interval struct {
	Mean, Lo, Hi float64
	N            int     // values that the mean stands on
	Confidence   float64 // that the interval covers the true mean, in (0, 1)
	Warnings     []error // what keeps the interval from meaning what it says
}

// Warnings of an Interval. Test for them with errors.Is.
var (
	ErrTooFew     = errors.New("one value has a mean and no interval")
	ErrConstant   = errors.New("all values are equal: the interval shows no spread, which does not prove that there is none")
	ErrNotFinite  = errors.New("the values are not finite")
	ErrMissing    = errors.New("values are missing")
	ErrCorrelated = errors.New("the batches depend on each other: the interval is too narrow, take longer batches")
)

// HalfWidth is half the width of the interval.
func (i Interval) HalfWidth() float64 { return (i.Hi - i.Lo) / 2 }

// Contains reports whether x lies in the interval, ends included.
func (i Interval) Contains(x float64) bool { return i.Lo <= x && x <= i.Hi }

// String writes the interval as "1.02 [0.97, 1.07] (95 %, n = 32)".
func (i Interval) String() string {
	return fmt.Sprintf("%.4g [%.4g, %.4g] (%.4g %%, n = %d)", i.Mean, i.Lo, i.Hi, 100*i.Confidence, i.N)
}

// MeanInterval returns the mean of independent values, one for each
// replication, with its Student interval. NaN is a value that is missing: it is
// left out of the mean and of N, with a warning. The confidence must be in
// (0, 1).
//
// The interval is exact for normal values and good for means of long runs.
func MeanInterval(values []float64, confidence float64) Interval {
	var m Moments
	for _, x := range values {
		if !math.IsNaN(x) {
			m.Add(x)
		}
	}
	i := m.Interval(confidence)
	if missing := len(values) - m.n; missing > 0 {
		i.Warnings = append(i.Warnings, fmt.Errorf("%w: %d of %d", ErrMissing, missing, len(values)))
	}
	return i
}

// Interval returns the mean of the numbers added, taken as independent, with
// its Student interval. The confidence must be in (0, 1).
func (m *Moments) Interval(confidence float64) Interval {
	if !(confidence > 0 && confidence < 1) {
		panic("stats: a confidence must lie between 0 and 1")
	}
	i := Interval{Mean: m.mean, Lo: math.Inf(-1), Hi: math.Inf(1), N: m.n, Confidence: confidence}
	switch {
	case m.n == 0:
		i.Mean, i.Lo, i.Hi = math.NaN(), math.NaN(), math.NaN()
	case math.IsInf(m.m2, 0) || math.IsNaN(m.m2):
		i.Warnings = []error{ErrNotFinite}
	case m.n == 1:
		i.Warnings = []error{ErrTooFew}
	default:
		half := studentQuantile(confidence, m.n-1) * math.Sqrt(m.Var()/float64(m.n))
		i.Lo, i.Hi = m.mean-half, m.mean+half
		if m.m2 == 0 {
			i.Warnings = []error{ErrConstant}
		}
	}
	return i
}

// Bonferroni returns the confidence that each of k intervals needs for all of
// them to cover their means at once with the given confidence, whatever their
// dependence: 1 - (1 - confidence)/k.
func Bonferroni(confidence float64, k int) float64 {
	return 1 - (1-confidence)/float64(k)
}

// studentQuantile returns t such that a Student variable of that many degrees
// of freedom lies within ±t with the given confidence. It is rounded to 10⁻⁶:
// the last bits of the gamma functions behind it differ between platforms, and
// an interval may stand in a result that is hashed.
func studentQuantile(confidence float64, degrees int) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(degrees)}
	// The lower tail, which keeps its precision where the confidence is near 1.
	return math.Round(-t.Quantile((1-confidence)/2)*1e6) / 1e6
}
