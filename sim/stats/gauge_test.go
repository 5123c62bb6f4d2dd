package stats_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/launchday-sim/launchday/sim/stats"
)

func ExampleGauge() {
	var queue stats.Gauge
	queue.Add(2, +1)  // one customer from 2 ns on
	queue.Add(4, +2)  // three from 4 ns on
	queue.Add(10, -3) // none from 10 ns on

	start := queue.Integral(10)
	queue.Set(15, 8)
	fmt.Println("mean over the first 10 ns:", start.Over(10))
	fmt.Println("mean over the second:", queue.Integral(20).Sub(start).Over(10))
	fmt.Println("highest:", queue.Max())
	// Output:
	// mean over the first 10 ns: 2
	// mean over the second: 4
	// highest: 8
}

func bigInt(i stats.Integral) *big.Int {
	hi := new(big.Int).Lsh(big.NewInt(i.Hi), 64)
	return hi.Add(hi, new(big.Int).SetUint64(i.Lo))
}

func TestTheIntegralIsTheExactSumOfLevelTimesTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g stats.Gauge
		var now, level int64
		want := new(big.Int)
		for range rapid.IntRange(0, 30).Draw(t, "changes") {
			step := rapid.Int64Range(0, (math.MaxInt64-now)/2).Draw(t, "step")
			now += step
			want.Add(want, new(big.Int).Mul(big.NewInt(level), big.NewInt(step)))
			level = rapid.Int64().Draw(t, "level")
			g.Set(now, level)
			require.Zero(t, want.Cmp(bigInt(g.Integral(now))), "integral to %d", now)
		}
		end := now + rapid.Int64Range(0, math.MaxInt64-now).Draw(t, "rest")
		want.Add(want, new(big.Int).Mul(big.NewInt(level), big.NewInt(end-now)))
		require.Zero(t, want.Cmp(bigInt(g.Integral(end))))

		if end > 0 {
			mean, _ := new(big.Rat).SetFrac(want, big.NewInt(end)).Float64()
			require.InDelta(t, mean, g.Integral(end).Over(end), math.Abs(mean)*1e-15)
		}
	})
}

func TestIntegralsAddAndSubtractWithoutLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) stats.Integral {
			return stats.Integral{Hi: rapid.Int64Range(-1<<61, 1<<61).Draw(t, label), Lo: rapid.Uint64().Draw(t, label)}
		}
		a, b := draw("a"), draw("b")
		require.Equal(t, a, a.Add(b).Sub(b))
		require.Zero(t, bigInt(a.Add(b)).Cmp(new(big.Int).Add(bigInt(a), bigInt(b))))
		require.Zero(t, bigInt(a.Sub(b)).Cmp(new(big.Int).Sub(bigInt(a), bigInt(b))))
	})
}

func TestASmallNegativeIntegralKeepsItsDigits(t *testing.T) {
	var g stats.Gauge
	g.Set(0, -3)
	assert.Equal(t, -3.0, g.Integral(7).Over(7))
}

func TestTheMaximumIsThatSinceItWasReset(t *testing.T) {
	var g stats.Gauge
	g.Set(1, 9)
	g.Set(2, 4)
	assert.EqualValues(t, 9, g.Max())
	g.ResetMax()
	assert.EqualValues(t, 4, g.Max())
	g.Add(3, -1)
	assert.EqualValues(t, 4, g.Max())
	assert.EqualValues(t, 3, g.Value())
}

func TestALevelOverNoTimeHasNoMean(t *testing.T) {
	var g stats.Gauge
	assert.True(t, math.IsNaN(g.Integral(0).Over(0)))
}

func TestAGaugeRefusesATimeThatGoesBack(t *testing.T) {
	var g stats.Gauge
	g.Set(10, 1)
	assert.Panics(t, func() { g.Add(9, 1) })
	assert.Panics(t, func() { g.Integral(9) })
}
