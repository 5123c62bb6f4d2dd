package rng

import "math"

// Pareto is the distribution whose upper tail is a power law: the chance of more
// than x is (min/x)^shape. Its mean is infinite for a shape of at most 1, its
// variance for one of at most 2.
type Pareto struct{ min, shape float64 }

// NewPareto returns the Pareto distribution of this least value > 0 and shape > 0.
func NewPareto(min, shape float64) (Pareto, error) {
	return Pareto{min, shape}, check("pareto", positive("min", min), positive("shape", shape))
}

// ParetoFromMean returns the Pareto distribution of this least value > 0 and mean >
// min.
func ParetoFromMean(min, mean float64) (Pareto, error) {
	if err := check("pareto", positive("min", min), finite("mean", mean)); err != nil {
		return Pareto{}, err
	}
	return Pareto{min, mean / (mean - min)}, check("pareto", inRange("mean", mean, mean > min, "above min"))
}

// ParetoFromQuantile returns the Pareto distribution of this median > 0 whose
// p-quantile is value, for p in (1/2, 1) and value above the median (p in (0, 1/2):
// below it).
func ParetoFromQuantile(median, p, value float64) (Pareto, error) {
	if err := check("pareto", medianAndQuantile(median, p, value)...); err != nil {
		return Pareto{}, err
	}
	// (value/median)^shape = (1/2) / (1-p).
	shape := -(math.Ln2 + log1p(-p)) / (Log(value) - Log(median))
	return NewPareto(median*Pow(0.5, 1/shape), shape)
}

// Sample draws by inversion of one uniform.
func (d Pareto) Sample(src *Source) float64 { return d.Quantile(src.Float64()) }

// Mean returns min shape / (shape - 1), or +Inf.
func (d Pareto) Mean() float64 {
	if d.shape <= 1 {
		return math.Inf(1)
	}
	return d.min * d.shape / (d.shape - 1)
}

// Var returns min² shape / ((shape-1)² (shape-2)), +Inf, or NaN if the mean is +Inf.
func (d Pareto) Var() float64 {
	switch {
	case d.shape <= 1:
		return math.NaN()
	case d.shape <= 2:
		return math.Inf(1)
	}
	m := d.min / (d.shape - 1)
	return m * m * d.shape / (d.shape - 2)
}

// CDF returns the probability of a value of at most x.
func (d Pareto) CDF(x float64) float64 {
	if x <= d.min {
		return 0
	}
	return -expm1(-d.shape * Log(x/d.min))
}

// Quantile returns the p-quantile.
func (d Pareto) Quantile(p float64) float64 {
	if p < 0 {
		return math.NaN()
	}
	return float64(d.min * Exp(-Log(1-p)/d.shape))
}
