package rng

import "math"

// Exponential is the distribution of the time to the next point of a Poisson
// process: memoryless, with a coefficient of variation of 1.
type Exponential struct{ mean float64 }

// NewExponential returns the exponential distribution of this mean > 0.
func NewExponential(mean float64) (Exponential, error) {
	return Exponential{mean}, check("exponential", positive("mean", mean))
}

// ExponentialFromMedian returns the exponential distribution of this median > 0;
// its mean is median / ln 2.
func ExponentialFromMedian(median float64) (Exponential, error) {
	return Exponential{median / math.Ln2}, check("exponential", positive("median", median))
}

// Sample draws by inversion of one uniform.
func (d Exponential) Sample(src *Source) float64 { return float64(d.mean * src.Exp()) }

// Mean returns the mean.
func (d Exponential) Mean() float64 { return d.mean }

// Var returns the square of the mean.
func (d Exponential) Var() float64 { return float64(d.mean * d.mean) }

// CDF returns the probability of a value of at most x.
func (d Exponential) CDF(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return -expm1(-x / d.mean)
}

// Quantile returns the p-quantile.
func (d Exponential) Quantile(p float64) float64 {
	if p < 0 {
		return math.NaN()
	}
	return float64(d.mean * -Log(1-p))
}
