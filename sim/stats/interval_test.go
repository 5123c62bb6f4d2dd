package stats_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/launchday-sim/launchday/sim/stats"
)

func ExampleMeanInterval() {
	waits := []float64{1.2, 0.9, 1.1, 1.4, 0.8, math.NaN()} // of six replications, in s
	w := stats.MeanInterval(waits, 0.95)
	fmt.Println(w)
	for _, warning := range w.Warnings {
		fmt.Println("warning:", warning)
	}
	// Output:
	// 1.08 [0.7836, 1.376] (95 %, n = 5)
	// warning: values are missing: 1 of 6
}

// tQuantile is the quantile that an interval was made with: its half-width over
// the standard error of its mean.
func tQuantile(degrees int, confidence float64) float64 {
	var m stats.Moments
	n := degrees + 1
	for i := range n {
		m.Add(float64(i))
	}
	return m.Interval(confidence).HalfWidth() / math.Sqrt(m.Var()/float64(n))
}

func TestTheStudentQuantileMeetsItsClosedForms(t *testing.T) {
	for _, c := range []float64{0.5, 0.9, 0.95, 0.99, 0.999, 0.99999} {
		assert.InDelta(t, math.Tan(math.Pi*c/2), tQuantile(1, c), 1e-6+1e-9*math.Tan(math.Pi*c/2), "1 degree, %v", c)
		assert.InDelta(t, c*math.Sqrt(2/(1-c*c)), tQuantile(2, c), 1e-6, "2 degrees, %v", c)
	}
}

// Abramowitz and Stegun, table 26.10, and the normal quantile as their limit.
func TestTheStudentQuantileMeetsTheTable(t *testing.T) {
	for _, row := range []struct {
		degrees       int
		confidence, t float64
	}{
		{4, 0.95, 2.776}, {9, 0.95, 2.262}, {9, 0.99, 3.250}, {30, 0.95, 2.042}, {30, 0.999, 3.646}, {120, 0.95, 1.980}, {100_000, 0.95, 1.960},
	} {
		assert.InDelta(t, row.t, tQuantile(row.degrees, row.confidence), 6e-4, "%+v", row)
	}
}

func TestStudentIntervalsCoverTheMeanAsOftenAsTheySay(t *testing.T) {
	r := random(t, 20)
	const runs, n = 10_000, 5
	for _, confidence := range []float64{0.8, 0.95, 0.99} {
		covered := 0
		for range runs {
			values := make([]float64, n)
			for i := range values {
				values[i] = 7 + 3*r.NormFloat64()
			}
			if stats.MeanInterval(values, confidence).Contains(7) {
				covered++
			}
		}
		assertShare(t, confidence, covered, runs, fmt.Sprintf("%v intervals that cover", confidence))
	}
}

func TestBonferroniIntervalsCoverAllMeansAtOnce(t *testing.T) {
	r := random(t, 21)
	const runs, k, n = 4000, 10, 6
	all := 0
	for range runs {
		hit := true
		for range k {
			var m stats.Moments
			for range n {
				m.Add(r.NormFloat64())
			}
			i := m.Interval(stats.Bonferroni(0.9, k))
			hit = hit && i.Contains(0)
		}
		if hit {
			all++
		}
	}
	// Independent intervals cover a little more often than Bonferroni promises.
	assertShare(t, math.Pow(1-0.1/k, k), all, runs, "families that cover")
}

func TestAnIntervalSaysWhatIsWrongWithIt(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name    string
		values  []float64
		n       int
		mean    float64
		bounded bool
		want    []error
	}{
		{"two values", []float64{1, 3}, 2, 2, true, nil},
		{"one value", []float64{4}, 1, 4, false, []error{stats.ErrTooFew}},
		{"one value of three", []float64{nan, 4, nan}, 1, 4, false, []error{stats.ErrTooFew, stats.ErrMissing}},
		{"equal values", []float64{2, 2, 2}, 3, 2, true, []error{stats.ErrConstant}},
		{"an infinite value", []float64{1, inf, 2}, 3, inf, false, []error{stats.ErrNotFinite}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := stats.MeanInterval(c.values, 0.95)
			assert.Equal(t, c.n, i.N)
			if !math.IsInf(c.mean, 0) {
				assert.Equal(t, c.mean, i.Mean)
				assert.True(t, i.Contains(c.mean))
			}
			assert.Equal(t, !c.bounded, math.IsInf(i.HalfWidth(), 1))
			require.Len(t, i.Warnings, len(c.want))
			for k, w := range c.want {
				assert.ErrorIs(t, i.Warnings[k], w)
			}
		})
	}
	for _, none := range [][]float64{nil, {nan}} {
		i := stats.MeanInterval(none, 0.95)
		assert.Zero(t, i.N)
		assert.True(t, math.IsNaN(i.Mean) && math.IsNaN(i.Lo) && math.IsNaN(i.Hi))
	}
	assert.Panics(t, func() { stats.MeanInterval([]float64{1, 2}, 95) })
}

func TestMomentsAgreeWithGonumAndMergeAnywhere(t *testing.T) {
	r := random(t, 22)
	values := make([]float64, 1000)
	for i := range values {
		values[i] = 1e9 + r.NormFloat64() // a mean that would cancel the squares
	}
	mean, variance := stat.MeanVariance(values, nil)
	for _, cut := range []int{0, 1, 500, 999, 1000} {
		var a, b stats.Moments
		for i, x := range values {
			if i < cut {
				a.Add(x)
			} else {
				b.Add(x)
			}
		}
		a.Merge(b)
		assert.Equal(t, len(values), a.Count())
		assert.InEpsilon(t, mean, a.Interval(0.95).Mean, 1e-14)
		// The values themselves are rounded to 10⁻⁷ of a standard deviation.
		assert.InEpsilon(t, variance, a.Var(), 1e-6, "cut at %d", cut)
	}
	var none stats.Moments
	assert.True(t, math.IsNaN(none.Var()))
}
