package demand

import (
	"fmt"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// Tokens are those of a request to a language model. They are drawn for each request,
// rounded, and at least 1.
type Tokens struct {
	Prompt     TokenLaw   `yaml:"prompt" required:"true" doc:"Tokens of the prompt, the history of its conversation included."`
	Output     TokenLaw   `yaml:"output" required:"true" doc:"Tokens of the answer."`
	Context    int        `yaml:"context" default:"32768" min:"2" max:"16777216" doc:"Tokens that prompt and answer may have together: the prompt is cut to one less, then the answer to what is left. At most kv_tokens of the pool."`
	PrefixHit  unit.Share `yaml:"prefix_hit" default:"0%" min:"0" max:"1" doc:"Chance that the node still has the keys and values of the beginning of the prompt, which then is not computed."`
	PrefixPart unit.Share `yaml:"prefix_part" default:"100%" min:"0" max:"1" doc:"How much of the prompt that beginning is; one token at least is computed."`
}

// A TokenLaw is a distribution of numbers of tokens, by the names that distributions of
// durations have.
type TokenLaw struct {
	Law    string  `yaml:"dist" required:"true" enum:"lognormal,gamma,exponential,uniform,deterministic" doc:"The law. lognormal: median and p90, p95, p99 or sigma, or mean and cv. gamma: mean and cv. exponential: mean. uniform: min and max. deterministic: value."`
	Mean   float64 `yaml:"mean" min:"0" max:"16777216" doc:"Mean."`
	Median float64 `yaml:"median" min:"0" max:"16777216" doc:"Median."`
	P90    float64 `yaml:"p90" min:"0" max:"16777216" doc:"The 90 % quantile, beside the median."`
	P95    float64 `yaml:"p95" min:"0" max:"16777216" doc:"The 95 % quantile, beside the median."`
	P99    float64 `yaml:"p99" min:"0" max:"16777216" doc:"The 99 % quantile, beside the median."`
	CV     float64 `yaml:"cv" min:"0" doc:"Standard deviation over mean, beside the mean."`
	Sigma  float64 `yaml:"sigma" min:"0" doc:"Lognormal: standard deviation of the logarithm."`
	Min    float64 `yaml:"min" min:"0" max:"16777216" doc:"Uniform: least value."`
	Max    float64 `yaml:"max" min:"0" max:"16777216" doc:"Uniform: largest value."`
	Value  float64 `yaml:"value" min:"0" max:"16777216" doc:"Deterministic: the value."`
}

// Build returns the law, in tokens.
func (l *TokenLaw) Build() (rng.Dist, error) {
	n := func(x float64) unit.Duration { return unit.Duration(sim.FromSeconds(x)) } // laws are built of durations
	d := unit.Dist{Law: l.Law, Mean: n(l.Mean), Median: n(l.Median), P90: n(l.P90), P95: n(l.P95), P99: n(l.P99), CV: l.CV, Sigma: l.Sigma, Min: n(l.Min), Max: n(l.Max), Value: n(l.Value)}
	return d.Build()
}

// Check reports a law that cannot be built; the error names the field.
func (t *Tokens) Check() error {
	for _, f := range []struct {
		name string
		law  *TokenLaw
	}{{"prompt", &t.Prompt}, {"output", &t.Output}} {
		if _, err := f.law.Build(); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}
