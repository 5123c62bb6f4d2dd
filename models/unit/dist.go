package unit

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A Dist is a distribution of durations as a scenario writes it: a law and its
// parameters, natural ones or what people know. In a scenario a plain duration
// is short for the law that always yields it. The zero value is no distribution.
// Intensive.
//
//	{dist: exponential, mean: 1s}
//	{dist: lognormal, median: 20s, p99: 1m}
//	{dist: mixture, parts: [{dist: exponential, mean: 1s}, 5s], weights: [9, 1]}
//
// A parameter of 0 is one that was not given.
type Dist struct {
	Law     string     `yaml:"dist" required:"true" enum:"exponential,gamma,weibull,lognormal,pareto,hyperexponential,erlang,uniform,triangular,deterministic,discrete,empirical,mixture,truncated,shifted" doc:"The law."`
	Mean    Duration   `yaml:"mean" doc:"Mean."`
	Median  Duration   `yaml:"median" doc:"Median."`
	P90     Duration   `yaml:"p90" doc:"The 90 % quantile, beside the median."`
	P95     Duration   `yaml:"p95" doc:"The 95 % quantile, beside the median."`
	P99     Duration   `yaml:"p99" doc:"The 99 % quantile, beside the median."`
	CV      float64    `yaml:"cv" min:"0" doc:"Standard deviation over mean, beside the mean."`
	Sigma   float64    `yaml:"sigma" min:"0" doc:"Lognormal: standard deviation of the logarithm."`
	Shape   float64    `yaml:"shape" min:"0" doc:"Gamma, Weibull, Pareto: shape."`
	Scale   Duration   `yaml:"scale" doc:"Gamma, Weibull: scale."`
	Stages  int        `yaml:"stages" min:"0" doc:"Erlang: number of exponential stages."`
	Min     Duration   `yaml:"min" doc:"Uniform, triangular, Pareto, truncated: least value."`
	Mode    Duration   `yaml:"mode" doc:"Triangular: most likely value."`
	Max     Duration   `yaml:"max" doc:"Uniform, triangular, truncated: largest value."`
	Value   Duration   `yaml:"value" doc:"Deterministic: the value."`
	Values  []Duration `yaml:"values" doc:"Discrete: the values. Empirical: a sample, linear between its order statistics. Hyperexponential: the means of the phases."`
	File    string     `yaml:"file" doc:"Empirical, in place of values: a file with the sample, its path from the scenario's folder; a duration, or a number of seconds, a line."`
	Weights []float64  `yaml:"weights" min:"0" doc:"Discrete, mixture, hyperexponential: weights, divided by their sum."`
	Parts   []Dist     `yaml:"parts" doc:"Mixture: the laws that are mixed."`
	Of      *Dist      `yaml:"of" doc:"Truncated, shifted: the law."`
	By      Duration   `yaml:"by" doc:"Shifted: by how much."`
}

// IsZero reports whether no distribution was written.
func (d Dist) IsZero() bool { return d.Law == "" }

// Constant is the distribution of a duration that is always the same.
func Constant(value Duration) Dist { return Dist{Law: "deterministic", Value: value} }

// A form is one way to give the parameters of a law.
type form struct {
	needs []string // "quantile" is one of p90, p95 and p99
	may   []string // those that may be 0
	build func(d *Dist) (rng.Dist, error)
}

func needs(names ...string) form { return form{needs: names} }

func (f form) with(may ...string) form {
	f.may = may
	return f
}

func (f form) by(build func(d *Dist) (rng.Dist, error)) form {
	f.build = build
	return f
}

// laws are the forms in which each law can be given, in the words of the file.
var laws map[string][]form

func init() { // mixtures build their parts through the table
	laws = map[string][]form{
		"exponential": {
			needs("mean").by(func(d *Dist) (rng.Dist, error) { return rng.NewExponential(d.Mean.seconds()) }),
			needs("median").by(func(d *Dist) (rng.Dist, error) { return rng.ExponentialFromMedian(d.Median.seconds()) }),
		},
		"gamma": {
			needs("shape", "scale").by(func(d *Dist) (rng.Dist, error) { return rng.NewGamma(d.Shape, d.Scale.seconds()) }),
			needs("mean", "cv").by(func(d *Dist) (rng.Dist, error) { return rng.GammaFromCV(d.Mean.seconds(), d.CV) }),
		},
		"weibull": {
			needs("shape", "scale").by(func(d *Dist) (rng.Dist, error) { return rng.NewWeibull(d.Shape, d.Scale.seconds()) }),
			needs("median", "quantile").by(func(d *Dist) (rng.Dist, error) { return rng.WeibullFromQuantile(d.upper()) }),
		},
		"lognormal": {
			needs("median", "sigma").by(func(d *Dist) (rng.Dist, error) { return rng.NewLogNormal(d.Median.seconds(), d.Sigma) }),
			needs("median", "quantile").by(func(d *Dist) (rng.Dist, error) { return rng.LogNormalFromQuantile(d.upper()) }),
			needs("mean", "cv").by(func(d *Dist) (rng.Dist, error) { return rng.LogNormalFromCV(d.Mean.seconds(), d.CV) }),
		},
		"pareto": {
			needs("min", "shape").by(func(d *Dist) (rng.Dist, error) { return rng.NewPareto(d.Min.seconds(), d.Shape) }),
			needs("min", "mean").by(func(d *Dist) (rng.Dist, error) { return rng.ParetoFromMean(d.Min.seconds(), d.Mean.seconds()) }),
			needs("median", "quantile").by(func(d *Dist) (rng.Dist, error) { return rng.ParetoFromQuantile(d.upper()) }),
		},
		"hyperexponential": {
			needs("mean", "cv").by(func(d *Dist) (rng.Dist, error) { return rng.HyperexponentialFromCV(d.Mean.seconds(), d.CV) }),
			needs("values", "weights").by(func(d *Dist) (rng.Dist, error) { return rng.NewHyperexponential(d.Weights, allSeconds(d.Values)) }),
		},
		"erlang":  {needs("stages", "mean").by(func(d *Dist) (rng.Dist, error) { return rng.NewErlang(d.Stages, d.Mean.seconds()) })},
		"uniform": {needs("max").with("min").by(func(d *Dist) (rng.Dist, error) { return rng.NewUniform(d.Min.seconds(), d.Max.seconds()) })},
		"triangular": {needs("max").with("min", "mode").by(func(d *Dist) (rng.Dist, error) {
			return rng.NewTriangular(d.Min.seconds(), d.Mode.seconds(), d.Max.seconds())
		})},
		"deterministic": {needs().with("value").by(func(d *Dist) (rng.Dist, error) { return rng.NewDeterministic(d.Value.seconds()) })},
		"discrete":      {needs("values", "weights").by(func(d *Dist) (rng.Dist, error) { return rng.NewDiscrete(allSeconds(d.Values), d.Weights) })},
		"empirical":     {needs("values").by(func(d *Dist) (rng.Dist, error) { return rng.NewEmpirical(allSeconds(d.Values)) })},
		"mixture":       {needs("parts", "weights").by((*Dist).mixture)},
		"truncated": {
			needs("of", "max").with("min").by(func(d *Dist) (rng.Dist, error) { return d.truncated(d.Max.seconds()) }),
			needs("of", "min").by(func(d *Dist) (rng.Dist, error) { return d.truncated(math.Inf(1)) }),
		},
		"shifted": {needs("of").with("by").by((*Dist).shifted)},
	}
}

func (d *Dist) mixture() (rng.Dist, error) {
	var parts []rng.Dist
	for i := range d.Parts {
		part, err := d.Parts[i].Build()
		if err != nil {
			return nil, fmt.Errorf("parts[%d]: %w", i, err)
		}
		parts = append(parts, part)
	}
	return rng.NewMixture(parts, d.Weights)
}

func (d *Dist) truncated(upper float64) (rng.Dist, error) {
	base, err := d.Of.Build()
	if err != nil {
		return nil, fmt.Errorf("of: %w", err)
	}
	return rng.NewTruncated(base, d.Min.seconds(), upper)
}

func (d *Dist) shifted() (rng.Dist, error) {
	base, err := d.Of.Build()
	if err != nil {
		return nil, fmt.Errorf("of: %w", err)
	}
	return rng.NewShifted(base, d.By.seconds())
}

// upper is the median and the quantile that was given beside it.
func (d *Dist) upper() (median, p, value float64) {
	median = d.Median.seconds()
	switch {
	case d.P90 != 0:
		return median, 0.9, d.P90.seconds()
	case d.P95 != 0:
		return median, 0.95, d.P95.seconds()
	}
	return median, 0.99, d.P99.seconds()
}

// given lists the parameters that were given.
func (d *Dist) given() []string {
	var names []string
	for _, p := range []struct {
		name string
		is   bool
	}{
		{"mean", d.Mean != 0}, {"median", d.Median != 0}, {"p90", d.P90 != 0}, {"p95", d.P95 != 0}, {"p99", d.P99 != 0}, {"cv", d.CV != 0},
		{"sigma", d.Sigma != 0}, {"shape", d.Shape != 0}, {"scale", d.Scale != 0}, {"stages", d.Stages != 0}, {"min", d.Min != 0},
		{"mode", d.Mode != 0}, {"max", d.Max != 0}, {"value", d.Value != 0}, {"values", len(d.Values) > 0}, {"weights", len(d.Weights) > 0},
		{"parts", len(d.Parts) > 0}, {"of", d.Of != nil}, {"by", d.By != 0},
	} {
		if p.is {
			names = append(names, p.name)
		}
	}
	return names
}

// fits reports whether the parameters given are those of the form.
func (f form) fits(given []string) bool {
	missing := slices.Clone(f.needs)
	for _, name := range given {
		if name[0] == 'p' && len(name) == 3 {
			name = "quantile"
		}
		if i := slices.Index(missing, name); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		} else if !slices.Contains(f.may, name) {
			return false
		}
	}
	return len(missing) == 0
}

// Forms says in which ways the parameters of a law can be given: "median and
// sigma, or mean and cv". It is empty if there is no such law.
func Forms(law string) string {
	var ways []string
	for _, f := range laws[law] {
		way := strings.ReplaceAll(strings.Join(f.needs, " and "), "quantile", "one of p90, p95 and p99")
		if optional := strings.Join(f.may, " and "); way == "" {
			way = optional
		} else if optional != "" {
			way += ", and if not 0 " + optional
		}
		ways = append(ways, way)
	}
	if text := strings.Join(ways, " or "); !strings.Contains(text, " and ") {
		return text
	}
	return strings.Join(ways, ", or ")
}

// Build returns the law, whose values are in seconds, or an error that says
// which parameters it takes or what is wrong with them.
func (d Dist) Build() (rng.Dist, error) {
	given := d.given()
	for _, f := range laws[d.Law] {
		if f.fits(given) {
			law, err := f.build(&d)
			if err != nil {
				return nil, err // and no law beside it
			}
			return law, nil
		}
	}
	if len(given) == 0 {
		given = []string{"nothing"}
	}
	if laws[d.Law] == nil {
		return nil, &Error{d.Law, "is no law of a distribution", "one such as exponential or lognormal"}
	}
	return nil, fmt.Errorf("%s takes %s, not %s", d.Law, Forms(d.Law), strings.Join(given, " and "))
}

func (d Duration) seconds() float64 { return sim.Time(d).Seconds() }

func allSeconds(ds []Duration) []float64 {
	xs := make([]float64, len(ds))
	for i, d := range ds {
		xs[i] = d.seconds()
	}
	return xs
}
