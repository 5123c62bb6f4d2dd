package stats_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/sim/stats"
)

// autoregressive returns a stationary series of mean 10 whose neighbours are
// correlated by phi.
func autoregressive(r *rand.Rand, n int, phi float64) []float64 {
	series := make([]float64, n)
	x := r.NormFloat64() / math.Sqrt(1-phi*phi)
	for i := range series {
		series[i] = 10 + x
		x = phi*x + r.NormFloat64()
	}
	return series
}

func TestLongBatchesCoverTheMeanOfACorrelatedSeries(t *testing.T) {
	r := random(t, 30)
	const runs = 2000
	covered, naive, warned := 0, 0, 0
	for range runs {
		series := autoregressive(r, 4000, 0.8) // a batch of 200 is long: 0.8²⁰⁰ is nothing
		b := stats.BatchMeans(series, 20, 0.95)
		if b.Contains(10) {
			covered++
		}
		if errors.Is(errors.Join(b.Warnings...), stats.ErrCorrelated) {
			warned++
		}
		if stats.MeanInterval(series, 0.95).Contains(10) {
			naive++
		}
	}
	// A trace of correlation is left. The sum of the autocorrelations is 9; of a
	// mean of m values it is 9 - 40/m, that is 8.8 for a batch and 8.99 for the
	// whole. The true variance is 1.0228 times the estimated one, and ±2.093 of a
	// Student variable of 19 degrees becomes ±2.070, which covers 94.8 %.
	assertShare(t, 0.948, covered, runs, "batch intervals that cover")
	assert.Less(t, float64(naive)/runs, 0.65, "values taken as independent claim far too much")
	assert.Less(t, float64(warned)/runs, 0.12, "good batches are warned of at about the level of the test, 5 %")
}

func TestShortBatchesAreWarnedOf(t *testing.T) {
	r := random(t, 31)
	for range 20 {
		// Batches of 50 where the correlation reaches over 1000.
		b := stats.BatchMeans(autoregressive(r, 4000, 0.999), 80, 0.95)
		assert.ErrorIs(t, errors.Join(b.Warnings...), stats.ErrCorrelated)
		assert.Greater(t, b.Lag1, 0.0)
	}
}

func TestTheLagTestGivesFalseAlarmsAtItsLevel(t *testing.T) {
	r := random(t, 32)
	const runs = 4000
	warned := 0
	for range runs {
		if len(stats.BatchMeans(autoregressive(r, 30, 0), 30, 0.95).Warnings) > 0 {
			warned++
		}
	}
	assertShare(t, 0.05, warned, runs, "alarms over independent batches")
}

func TestBatchesAreCutFromTheEnd(t *testing.T) {
	b := stats.BatchMeans([]float64{1000, 1, 3, 5, 7, 3, 5}, 3, 0.95)
	assert.Equal(t, 2, b.Size)
	assert.Equal(t, 3, b.N)
	assert.Equal(t, 4.0, b.Mean) // of 2, 6, 4
	// (2-4)(6-4) + (6-4)(4-4) over 4 + 4 + 0
	assert.Equal(t, -0.5, b.Lag1)
	assert.Empty(t, b.Warnings)
}

func TestMissingValuesAreLeftOutOfTheirBatch(t *testing.T) {
	nan := math.NaN()
	b := stats.BatchMeans([]float64{1, nan, nan, nan, 5, 5}, 3, 0.95)
	assert.Equal(t, 2, b.N)
	assert.Equal(t, 3.0, b.Mean)
	assert.ErrorIs(t, errors.Join(b.Warnings...), stats.ErrMissing)
	assert.True(t, math.IsNaN(b.Lag1))
	assert.Zero(t, stats.BatchMeans([]float64{1}, 3, 0.95).N, "fewer values than batches")
	assert.Panics(t, func() { stats.BatchMeans([]float64{1, 2}, 1, 0.95) })
}

// truncationByDefinition is MSER-5 word by word, in quadratic time.
func truncationByDefinition(series []float64) int {
	var y []float64
	for i := 0; i+5 <= len(series); i += 5 {
		y = append(y, (series[i]+series[i+1]+series[i+2]+series[i+3]+series[i+4])/5)
	}
	best, bestCut := math.Inf(1), 0
	for cut := 0; len(y)-cut > 5; cut++ {
		mean, squares := 0.0, 0.0
		for _, x := range y[cut:] {
			mean += x / float64(len(y)-cut)
		}
		for _, x := range y[cut:] {
			squares += (x - mean) * (x - mean)
		}
		if m := squares / math.Pow(float64(len(y)-cut), 2); m < best {
			best, bestCut = m, cut
		}
	}
	return bestCut * 5
}

func TestMSER5CutsATransientOff(t *testing.T) {
	r := random(t, 33)
	for range 50 {
		series := autoregressive(r, 3000, 0.5)
		for i := range series { // starts 20 standard deviations off, gone after some 300
			series[i] += 25 * math.Exp(-float64(i)/50)
		}
		w := stats.MSER5(series)
		assert.Equal(t, truncationByDefinition(series), w.Length)
		assert.True(t, w.Believed)
		assert.Greater(t, w.Length, 50, "a bias of more than 9 is left")
		assert.Less(t, w.Length, 1500)
	}
}

func TestMSER5DoesNotBelieveASeriesThatNeverSettles(t *testing.T) {
	r := random(t, 34)
	for range 50 {
		series := autoregressive(r, 1000, 0.5)
		for i := range series {
			series[i] += float64(i) / 5 // a backlog that grows
		}
		assert.False(t, stats.MSER5(series).Believed)
	}
}

func TestMSER5KeepsAConstantSeriesWhole(t *testing.T) {
	series := make([]float64, 203)
	for i := range series {
		series[i] = 0.1
	}
	assert.Equal(t, stats.Warmup{Length: 0, Believed: true}, stats.MSER5(series))
}

func TestMSER5BelievesNothingOfTooShortOrBrokenSeries(t *testing.T) {
	assert.False(t, stats.MSER5(make([]float64, 99)).Believed)
	assert.False(t, stats.MSER5(nil).Believed)
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		series := make([]float64, 200)
		series[17] = bad
		assert.False(t, stats.MSER5(series).Believed)
	}
}
