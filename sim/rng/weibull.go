package rng

import "math"

// Weibull is the distribution of a lifetime whose hazard is a power of its age: it
// falls with age for a shape below 1, rises above, and is constant at 1.
type Weibull struct{ shape, scale float64 }

// NewWeibull returns the Weibull distribution of this shape > 0 and scale > 0: a
// share of 1 - 1/e of it lies below the scale.
func NewWeibull(shape, scale float64) (Weibull, error) {
	return Weibull{shape, scale}, check("weibull", positive("shape", shape), positive("scale", scale))
}

// WeibullFromQuantile returns the Weibull distribution of this median > 0 whose
// p-quantile is value, for p in (1/2, 1) and value above the median (p in (0, 1/2):
// below it).
func WeibullFromQuantile(median, p, value float64) (Weibull, error) {
	if err := check("weibull", medianAndQuantile(median, p, value)...); err != nil {
		return Weibull{}, err
	}
	// (value/median)^shape = ln(1-p) / ln(1/2).
	shape := Log(-log1p(-p)/math.Ln2) / (Log(value) - Log(median))
	return NewWeibull(shape, median/Pow(math.Ln2, 1/shape))
}

// WeibullFromCV returns the Weibull distribution of this mean > 0 and coefficient of
// variation of 0.001 to 100, by bisection for its shape.
func WeibullFromCV(mean, cv float64) (Weibull, error) {
	if err := check("weibull", positive("mean", mean), inRange("cv", cv, cv >= 0.001 && cv <= 100, "from 0.001 to 100")); err != nil {
		return Weibull{}, err
	}
	lo, hi := 0.05, 4096.0 // of the shape; the CV falls in it
	for {
		shape := math.Sqrt(lo) * math.Sqrt(hi)
		if !(shape > lo && shape < hi) {
			break
		}
		m := logGamma(1 + 1/shape)
		if expm1(logGamma(1+2/shape)-float64(2*m)) > float64(cv*cv) {
			lo = shape
		} else {
			hi = shape
		}
		if hi/lo < 1+1e-15 {
			break
		}
	}
	return NewWeibull(hi, mean/Exp(logGamma(1+1/hi)))
}

// Shape returns the shape.
func (w Weibull) Shape() float64 { return w.shape }

// Scale returns the scale.
func (w Weibull) Scale() float64 { return w.scale }

// Sample draws by inversion of one uniform.
func (w Weibull) Sample(src *Source) float64 { return w.Quantile(src.Float64()) }

// Mean returns scale Gamma(1 + 1/shape).
func (w Weibull) Mean() float64 { return float64(w.scale * Exp(logGamma(1+1/w.shape))) }

// Var returns scale² (Gamma(1 + 2/shape) - Gamma(1 + 1/shape)²).
func (w Weibull) Var() float64 {
	m := w.Mean()
	return float64(m * m * expm1(logGamma(1+2/w.shape)-float64(2*logGamma(1+1/w.shape))))
}

// CDF returns the probability of a value of at most x.
func (w Weibull) CDF(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return -expm1(-Pow(x/w.scale, w.shape))
}

// Quantile returns the p-quantile.
func (w Weibull) Quantile(p float64) float64 {
	return float64(w.scale * Exp(Log(-Log(1-p))/w.shape))
}
