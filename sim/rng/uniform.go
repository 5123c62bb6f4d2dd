package rng

import "math"

// Uniform is the distribution of a number of which only the ends are known.
type Uniform struct{ min, max float64 }

// NewUniform returns the uniform distribution from min to max > min.
func NewUniform(min, max float64) (Uniform, error) {
	return Uniform{min, max}, check("uniform", finite("min", min), finite("max", max),
		inRange("max", max, !(max <= min), "above min"))
}

// Sample draws by inversion of one uniform.
func (d Uniform) Sample(src *Source) float64 { return d.Quantile(src.Float64()) }

// Mean returns the middle.
func (d Uniform) Mean() float64 { return d.min/2 + d.max/2 }

// Var returns (max - min)²/12.
func (d Uniform) Var() float64 { return (d.max - d.min) * (d.max - d.min) / 12 }

// CDF returns the probability of a value of at most x.
func (d Uniform) CDF(x float64) float64 {
	return math.Max(0, math.Min(1, (x-d.min)/(d.max-d.min)))
}

// Quantile returns the p-quantile.
func (d Uniform) Quantile(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	return d.min + float64(p*(d.max-d.min))
}
