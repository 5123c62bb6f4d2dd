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
	Prompt     NumberLaw  `yaml:"prompt" required:"true" doc:"Tokens of the prompt, the history of its conversation included."`
	Output     NumberLaw  `yaml:"output" required:"true" doc:"Tokens of the answer."`
	Context    int        `yaml:"context" default:"32768" min:"2" max:"16777216" doc:"Tokens that prompt and answer may have together: the prompt is cut to one less, then the answer to what is left. At most kv_tokens of the pool."`
	PrefixHit  unit.Share `yaml:"prefix_hit" default:"0%" min:"0" max:"1" doc:"Chance that the node still has the keys and values of the beginning of the prompt, which then is not computed."`
	PrefixPart unit.Share `yaml:"prefix_part" default:"100%" min:"0" max:"1" doc:"How much of the prompt that beginning is; one token at least is computed."`
}

// Images are those of a request to a diffusion model. Numbers are drawn for each request,
// rounded, and at least 1.
type Images struct {
	Count      *NumberLaw `yaml:"count" doc:"Images of a request; 1 if absent."`
	Steps      NumberLaw  `yaml:"steps" required:"true" doc:"Denoising steps of each image."`
	Megapixels float64    `yaml:"megapixels" default:"1.048576" min:"0.000001" max:"10000" doc:"Size of an image; 1024 x 1024 pixels are 1.048576."`
}

// Check reports a law that cannot be built; the error names the field.
func (m *Images) Check() error {
	if _, err := m.Steps.Build(); err != nil {
		return fmt.Errorf("steps: %w", err)
	}
	if m.Count == nil {
		return nil
	}
	if _, err := m.Count.Build(); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	return nil
}

// A NumberLaw is a distribution of numbers, of tokens, steps or images, by the names that
// distributions of durations have.
type NumberLaw struct {
	Law    string  `yaml:"dist" required:"true" enum:"lognormal,gamma,exponential,uniform,deterministic,discrete" doc:"The law. lognormal: median and p90, p95, p99 or sigma, or mean and cv. gamma: mean and cv. exponential: mean. uniform: min and max. deterministic: value. discrete: values and weights."`
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

	Values  []float64 `yaml:"values" min:"0" max:"16777216" doc:"Discrete: the values."`
	Weights []float64 `yaml:"weights" min:"0" doc:"Discrete: their weights, divided by their sum."`
}

// Build returns the law.
func (l *NumberLaw) Build() (rng.Dist, error) {
	n := func(x float64) unit.Duration { return unit.Duration(sim.FromSeconds(x)) } // laws are built of durations
	d := unit.Dist{Law: l.Law, Mean: n(l.Mean), Median: n(l.Median), P90: n(l.P90), P95: n(l.P95), P99: n(l.P99), CV: l.CV, Sigma: l.Sigma, Min: n(l.Min), Max: n(l.Max), Value: n(l.Value), Weights: l.Weights}
	for _, v := range l.Values {
		d.Values = append(d.Values, n(v))
	}
	return d.Build()
}

// Check reports a law that cannot be built; the error names the field.
func (t *Tokens) Check() error {
	for _, f := range []struct {
		name string
		law  *NumberLaw
	}{{"prompt", &t.Prompt}, {"output", &t.Output}} {
		if _, err := f.law.Build(); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}
