package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
	"github.com/launchday-sim/launchday/sim/stats"
)

func moments(values ...float64) *stats.Moments {
	m := new(stats.Moments)
	for _, v := range values {
		m.Add(v)
	}
	return m
}

func TestTheTTestHasTheValueOfTheTables(t *testing.T) {
	// t = 2.570582 at 5 degrees of freedom is the 97.5 % point: of 1-d and 1+d, three
	// times each, the standard error is d/√5.
	d := math.Sqrt(5) / 2.570582
	assert.InDelta(t, 0.05, moments(1-d, 1+d, 1-d, 1+d, 1-d, 1+d).P(), 1e-6)
	assert.Equal(t, 1.0, moments(0, 0, 0).P())
	assert.Equal(t, 0.0, moments(2, 2, 2).P())
	assert.Equal(t, 1.0, moments(-1, 1).P())
	assert.True(t, math.IsNaN(moments(3).P()))
	// Two values a and b with mean 1 and t = 1: the quartiles of Cauchy's law.
	assert.InDelta(t, 0.5, moments(0, 2).P(), 1e-9)
}

func TestHolmStepsDownAndNeverFallsBack(t *testing.T) {
	nan := math.NaN()
	got := stats.Holm([]float64{0.01, 0.04, nan, 0.03, 0.005, 0.9})
	want := []float64{0.04, 0.09, nan, 0.09, 0.025, 0.9}
	for i := range want {
		if math.IsNaN(want[i]) {
			assert.True(t, math.IsNaN(got[i]))
			continue
		}
		assert.InDelta(t, want[i], got[i], 1e-12)
	}
	assert.Equal(t, []float64{1, 1}, stats.Holm([]float64{0.8, 0.7}))
}

// Of families of ten tests of which nothing is true, 5 % have a value of at most 5 %.
func TestHolmKeepsTheChanceOfAnyFalseAlarm(t *testing.T) {
	r := rand.New(rand.NewPCG(rngtest.Seed(t, 77), 1))
	const families = 4000
	wrong := 0
	for range families {
		var ps []float64
		for range 10 {
			m := new(stats.Moments)
			for range 8 {
				m.Add(r.NormFloat64())
			}
			ps = append(ps, m.P())
		}
		for _, p := range stats.Holm(ps) {
			if p <= 0.05 {
				wrong++
				break
			}
		}
	}
	// 1 - 0.995^10 = 4.89 % of independent tests; within 4.4 standard deviations.
	assert.InDelta(t, 0.0489, float64(wrong)/families, 4.4*math.Sqrt(0.0489*0.9511/families))
}
