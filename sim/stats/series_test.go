package stats_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/stats"
)

func ExampleSeries() {
	latency, err := stats.NewSeries(30, 10, 0.5, 0.9) // three intervals of 10 ns
	if err != nil {
		panic(err)
	}
	for now := int64(0); now < 10; now++ {
		latency.Record(now, 100+now)
	}
	latency.Record(25, 7) // nothing happened from 10 to 20
	latency.Advance(30)
	for i, p := range latency.Points() {
		fmt.Println(i, p.Count, p.Mean(), p.Quantiles)
	}
	// Output:
	// 0 10 104.5 [104 108]
	// 1 0 NaN [NaN NaN]
	// 2 1 7 [7 7]
}

func TestEachIntervalIsDescribedByItsOwnValues(t *testing.T) {
	r := random(t, 40)
	const horizon, interval = 1000, 64
	quantiles := []float64{0.5, 0.9, 0.99, 1}
	series, err := stats.NewSeries(horizon, interval, quantiles...)
	require.NoError(t, err)
	var want [horizon/interval + 1]stats.Sketch
	for now := int64(0); now < horizon; now += r.Int64N(4) {
		v := r.Int64N(1e12)
		series.Record(now, v)
		want[now/interval].Record(v)
	}
	require.Len(t, series.Points(), len(want)-1, "the last interval is open")
	series.Advance(horizon)
	series.Advance(horizon + 1)
	require.Len(t, series.Points(), len(want), "it is closed at the horizon, which cuts it short")
	for i, p := range series.Points() {
		assert.Equal(t, want[i].Count(), p.Count)
		assert.Equal(t, want[i].Mean(), p.Mean())
		for k, q := range quantiles {
			assert.Equal(t, want[i].Quantile(q), p.Quantiles[k], "interval %d, quantile %v", i, q)
		}
	}
}

func TestASeriesAllocatesNothingAfterItsStart(t *testing.T) {
	const interval, n = 10, 1000
	series, err := stats.NewSeries(interval*n, interval, 0.5, 0.99)
	require.NoError(t, err)
	now := int64(0)
	record := func() {
		for v := int64(1); v < 1e12; v *= 8 {
			series.Record(now, v)
		}
		now += interval
	}
	record()
	record()
	assert.Zero(t, testing.AllocsPerRun(n-10, record))
}

func TestASeriesRefusesWhatItCannotHold(t *testing.T) {
	for _, c := range []struct {
		horizon, interval int64
		quantiles         []float64
	}{
		{0, 1, nil}, {10, 0, nil}, {10, -1, nil}, {10, 1, []float64{0.9, 0.5}}, {10, 1, []float64{1.5}}, {10, 1, []float64{math.NaN()}},
	} {
		_, err := stats.NewSeries(c.horizon, c.interval, c.quantiles...)
		assert.Error(t, err, "%+v", c)
	}
	series, err := stats.NewSeries(25, 10)
	require.NoError(t, err)
	series.Record(24, 1)
	assert.Panics(t, func() { series.Record(25, 1) })
}
