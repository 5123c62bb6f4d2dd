package experiment_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/experiment"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
	"github.com/launchday-sim/launchday/sim/stats"
)

// random returns the random numbers of one test: always the same, or those of
// LAUNCHDAY_SEED.
func random(t *testing.T, stream uint64) *rand.Rand {
	seed := rngtest.Seed(t, 2025)
	return rand.New(rand.NewPCG(seed, stream))
}

// wait is a replication with one figure.
func wait(v float64) []experiment.Figure { return []experiment.Figure{{Name: "wait", Value: v}} }

func TestFiguresAreEstimatedInOrderOfAppearanceOverThoseThatHaveThem(t *testing.T) {
	nan := math.NaN()
	estimates := experiment.Summarise([][]experiment.Figure{
		{{Name: "wait", Value: 1}, {Name: "errors", Value: nan}},
		{{Name: "errors", Value: 4}, {Name: "wait", Value: 3}, {Name: "shed", Value: 7}},
		{{Name: "wait", Value: 2}, {Name: "errors", Value: 6}},
	}, 0.95)
	require.Len(t, estimates, 3)

	wait := estimates[0]
	assert.Equal(t, "wait", wait.Name)
	assert.Equal(t, stats.MeanInterval([]float64{1, 3, 2}, 0.95), wait.Interval)

	failures := estimates[1]
	assert.Equal(t, "errors", failures.Name)
	assert.Equal(t, 5.0, failures.Mean)
	assert.Equal(t, 2, failures.N)
	assert.ErrorIs(t, errors.Join(failures.Warnings...), stats.ErrMissing)

	shed := estimates[2]
	assert.Equal(t, "shed", shed.Name)
	assert.Equal(t, 1, shed.N)
	assert.ErrorIs(t, errors.Join(shed.Warnings...), stats.ErrMissing)
	assert.ErrorIs(t, errors.Join(shed.Warnings...), stats.ErrTooFew)
}

func TestADifferenceIsThatOfPairsAndPositiveWhereBIsGreater(t *testing.T) {
	a := [][]experiment.Figure{wait(10), wait(20), wait(30), wait(math.NaN()), wait(50), nil}
	b := [][]experiment.Figure{wait(11), wait(19), wait(33), wait(1), {}, wait(2)}
	got := experiment.Compare(a, b, 0.9)
	require.Len(t, got, 1)
	c := got[0]
	assert.Equal(t, "wait", c.Name)
	assert.Equal(t, 20.0, c.A.Mean, "only what has a partner counts")
	assert.Equal(t, 21.0, c.B.Mean)
	assert.Equal(t, 1.0, c.Difference.Mean)
	assert.Equal(t, 1, c.Lower)
	for _, i := range []stats.Interval{c.A, c.B, c.Difference} {
		assert.Equal(t, 3, i.N)
		assert.Equal(t, 0.9, i.Confidence)
		assert.ErrorIs(t, errors.Join(i.Warnings...), stats.ErrMissing)
	}
	// Variances: 100 of 10, 20, 30; 124 of 11, 19, 33; 4 of 1, -1, 3.
	assert.InDelta(t, (100.0+124)/4, c.Reduction, 1e-12)
	assert.InDelta(t, 2.919986*2/math.Sqrt(3), c.Difference.HalfWidth(), 1e-6, "t(2 degrees, 90 %) = 2.920")
}

func TestFiguresOfOneScenarioOnlyAreSaidToHaveNoPartner(t *testing.T) {
	a := [][]experiment.Figure{{{Name: "wait", Value: 1}, {Name: "rejected.quota", Value: 2}}}
	b := [][]experiment.Figure{{{Name: "rejected.gate", Value: 3}, {Name: "wait", Value: 1}}, wait(4)}
	got := experiment.Compare(a, b, 0.95)
	var names []string
	for _, c := range got {
		names = append(names, c.Name)
	}
	assert.Equal(t, []string{"wait", "rejected.quota", "rejected.gate"}, names)
	assert.Equal(t, 1, got[0].Difference.N, "the second replication of B has no partner")
	assert.Zero(t, got[1].Difference.N)
	assert.Zero(t, got[2].Difference.N)
	assert.True(t, math.IsNaN(got[2].Reduction))
}

func TestPairsThatAreEqualAreNotLower(t *testing.T) {
	a := [][]experiment.Figure{wait(1), wait(2), wait(3)}
	c := experiment.Compare(a, a, 0.95)[0]
	assert.Zero(t, c.Lower)
	assert.Zero(t, c.Difference.Mean)
	assert.ErrorIs(t, errors.Join(c.Difference.Warnings...), stats.ErrConstant)
}

func TestComparingLeavesTheSpareRoomOfItsArgumentsAlone(t *testing.T) {
	a := make([][]experiment.Figure, 1, 4)
	a[0] = wait(1)
	experiment.Compare(a, [][]experiment.Figure{wait(2), wait(3)}, 0.95)
	assert.Equal(t, make([][]experiment.Figure, 3), a[1:4])
}

// Two scenarios share a demand of variance 9 and have noise of variance 1 each:
// unpaired, a difference has variance 20; paired, it has 2.
func TestPairedIntervalsCoverTheDifferenceAndAreNarrowerByTheReduction(t *testing.T) {
	r := random(t, 1)
	const runs, pairs, effect = 10_000, 8, -0.5
	covered, unpairedWidth, pairedWidth := 0, 0.0, 0.0
	for range runs {
		var a, b [][]experiment.Figure
		for range pairs {
			demand := 100 + 3*r.NormFloat64()
			a = append(a, wait(demand+r.NormFloat64()))
			b = append(b, wait(demand+effect+r.NormFloat64()))
		}
		c := experiment.Compare(a, b, 0.95)[0]
		if c.Difference.Contains(effect) {
			covered++
		}
		unpairedWidth += math.Pow(c.A.HalfWidth(), 2) + math.Pow(c.B.HalfWidth(), 2)
		pairedWidth += math.Pow(c.Difference.HalfWidth(), 2)
	}
	// 95 % within 4.42 standard deviations: a false alarm in 10⁵ seeds.
	assert.InDelta(t, 0.95, float64(covered)/runs, 4.42*math.Sqrt(0.95*0.05/runs))
	// Squared widths are proportional to variances, each estimated from 70,000
	// degrees of freedom.
	assert.InEpsilon(t, 10, unpairedWidth/pairedWidth, 0.05)
}

func TestTheReductionOfUnpairedScenariosIsAboutOne(t *testing.T) {
	r := random(t, 2)
	var a, b [][]experiment.Figure
	for range 5000 {
		a, b = append(a, wait(r.NormFloat64())), append(b, wait(2*r.NormFloat64()))
	}
	assert.InEpsilon(t, 1, experiment.Compare(a, b, 0.95)[0].Reduction, 0.06)
}
