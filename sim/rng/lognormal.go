package rng

import "math"

// LogNormal is the distribution of a number whose logarithm is normal: many
// factors multiplied, as in how long people wait and how long jobs run.
type LogNormal struct{ median, sigma float64 }

// NewLogNormal returns the lognormal distribution of this median > 0 whose
// logarithm has standard deviation sigma > 0.
func NewLogNormal(median, sigma float64) (LogNormal, error) {
	return LogNormal{median, sigma}, check("lognormal", positive("median", median), positive("sigma", sigma))
}

// LogNormalFromQuantile returns the lognormal distribution of this median > 0
// whose p-quantile is value, for p in (1/2, 1) and value above the median (p in
// (0, 1/2): below it).
func LogNormalFromQuantile(median, p, value float64) (LogNormal, error) {
	if err := check("lognormal", medianAndQuantile(median, p, value)...); err != nil {
		return LogNormal{}, err
	}
	return NewLogNormal(median, (Log(value)-Log(median))/NormalQuantile(p))
}

// LogNormalFromCV returns the lognormal distribution of this mean > 0 and
// coefficient of variation > 0.
func LogNormalFromCV(mean, cv float64) (LogNormal, error) {
	if err := check("lognormal", positive("mean", mean), positive("cv", cv)); err != nil {
		return LogNormal{}, err
	}
	s2 := log1p(float64(cv * cv))
	return NewLogNormal(mean*Exp(-s2/2), math.Sqrt(s2))
}

// Sample draws by inversion of one uniform.
func (d LogNormal) Sample(src *Source) float64 { return d.Quantile(src.Float64()) }

// Mean returns median exp(sigma²/2).
func (d LogNormal) Mean() float64 { return float64(d.median * Exp(float64(d.sigma*d.sigma)/2)) }

// Var returns mean² (exp(sigma²) - 1).
func (d LogNormal) Var() float64 {
	m := d.Mean()
	return float64(m * m * expm1(float64(d.sigma*d.sigma)))
}

// CDF returns the probability of a value of at most x.
func (d LogNormal) CDF(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return NormalCDF(Log(x/d.median) / d.sigma)
}

// Quantile returns the p-quantile.
func (d LogNormal) Quantile(p float64) float64 {
	return float64(d.median * Exp(float64(d.sigma*NormalQuantile(p))))
}

// medianAndQuantile returns the faults of a distribution that is given by its
// median and another quantile.
func medianAndQuantile(median, p, value float64) []string {
	f := []string{
		positive("median", median),
		inRange("quantile's probability", p, p > 0 && p < 1 && p != 0.5, "between 0 and 1 and not 0.5"),
		positive("quantile's value", value),
	}
	if f[0] == "" && f[1] == "" && f[2] == "" {
		if p > 0.5 {
			f = append(f, inRange("quantile's value", value, value > median, "above the median"))
		} else {
			f = append(f, inRange("quantile's value", value, value < median, "below the median"))
		}
	}
	return f
}
