package unit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

const s = unit.Duration(sim.Second)

// The expectations are the closed forms: means, and quantiles where those were
// given.
func TestEveryLawCanBeGivenByWhatPeopleKnow(t *testing.T) {
	exponential := unit.Dist{Law: "exponential", Mean: s}
	for _, c := range []struct {
		dist unit.Dist
		mean float64
		p, q float64 // a quantile that is known, if p is not 0
	}{
		{dist: exponential, mean: 1},
		{dist: unit.Dist{Law: "exponential", Median: s}, mean: 1 / 0.6931471805599453, p: 0.5, q: 1},
		{dist: unit.Dist{Law: "gamma", Shape: 2, Scale: 3 * s}, mean: 6},
		{dist: unit.Dist{Law: "gamma", Mean: 6 * s, CV: 0.5}, mean: 6},
		{dist: unit.Dist{Law: "weibull", Shape: 1, Scale: 3 * s}, mean: 3},
		{dist: unit.Dist{Law: "weibull", Median: 2 * s, P95: 9 * s}, p: 0.95, q: 9},
		{dist: unit.Dist{Law: "lognormal", Median: 20 * s, Sigma: 0.5}, mean: 20 * 1.1331484530668263, p: 0.5, q: 20},
		{dist: unit.Dist{Law: "lognormal", Median: 20 * s, P99: 60 * s}, p: 0.99, q: 60},
		{dist: unit.Dist{Law: "lognormal", Mean: 20 * s, CV: 2}, mean: 20},
		{dist: unit.Dist{Law: "pareto", Min: s, Shape: 3}, mean: 1.5},
		{dist: unit.Dist{Law: "pareto", Min: s, Mean: 2 * s}, mean: 2},
		{dist: unit.Dist{Law: "pareto", Median: 2 * s, P90: 5 * s}, p: 0.9, q: 5},
		{dist: unit.Dist{Law: "hyperexponential", Mean: 2 * s, CV: 3}, mean: 2},
		{dist: unit.Dist{Law: "hyperexponential", Values: []unit.Duration{s, 5 * s}, Weights: []float64{3, 1}}, mean: 2},
		{dist: unit.Dist{Law: "erlang", Stages: 4, Mean: 2 * s}, mean: 2},
		{dist: unit.Dist{Law: "uniform", Min: s, Max: 3 * s}, mean: 2},
		{dist: unit.Dist{Law: "uniform", Max: 3 * s}, mean: 1.5},
		{dist: unit.Dist{Law: "triangular", Min: s, Mode: 2 * s, Max: 6 * s}, mean: 3},
		{dist: unit.Constant(5 * s), mean: 5, p: 0.5, q: 5},
		{dist: unit.Dist{Law: "discrete", Values: []unit.Duration{s, 5 * s}, Weights: []float64{3, 1}}, mean: 2},
		{dist: unit.Dist{Law: "empirical", Values: []unit.Duration{s, 2 * s, 3 * s}}, mean: 2},
		{dist: unit.Dist{Law: "mixture", Parts: []unit.Dist{exponential, unit.Constant(5 * s)}, Weights: []float64{3, 1}}, mean: 2},
		{dist: unit.Dist{Law: "truncated", Of: &exponential, Min: 2 * s}, mean: 3},
		{dist: unit.Dist{Law: "truncated", Of: &exponential, Max: 2 * s}, p: 1, q: 2},
		{dist: unit.Dist{Law: "shifted", Of: &exponential, By: 2 * s}, mean: 3},
	} {
		law, err := c.dist.Build()
		require.NoError(t, err, "%+v", c.dist)
		if c.mean != 0 {
			assert.InEpsilon(t, c.mean, law.Mean(), 1e-6, "%+v", c.dist)
		}
		if c.p != 0 {
			assert.InEpsilon(t, c.q, law.Quantile(c.p), 1e-6, "%+v", c.dist)
		}
	}
}

func TestALawThatIsGivenBadlySaysWhatItTakes(t *testing.T) {
	for want, d := range map[string]unit.Dist{
		`lognormal takes median and sigma, or median and one of p90, p95 and p99, or mean and cv, not median`:                 {Law: "lognormal", Median: s},
		`lognormal takes median and sigma, or median and one of p90, p95 and p99, or mean and cv, not median and p90 and p99`: {Law: "lognormal", Median: s, P90: s, P99: s},
		`exponential takes mean or median, not nothing`:                                                                       {Law: "exponential"},
		`uniform takes max, and if not 0 min, not mean`:                                                                       {Law: "uniform", Mean: s},
		`truncated takes of and max, and if not 0 min, or of and min, not min`:                                                {Law: "truncated", Min: s},
		`"normal" is no law of a distribution: want one such as exponential or lognormal`:                                     {Law: "normal"},
		`of: exponential takes mean or median, not sigma`:                                                                     {Law: "shifted", By: s, Of: &unit.Dist{Law: "exponential", Sigma: 1}},
		`parts[0]: exponential takes mean or median, not sigma`:                                                               {Law: "mixture", Weights: []float64{1}, Parts: []unit.Dist{{Law: "exponential", Sigma: 1}}},
		`hyperexponential: cv is 0.5, it must be 1 to 1e6; gamma takes less`:                                                  {Law: "hyperexponential", Mean: s, CV: 0.5},
	} {
		law, err := d.Build()
		assert.EqualError(t, err, want)
		assert.Nil(t, law)
	}
	assert.True(t, unit.Dist{}.IsZero())
}
