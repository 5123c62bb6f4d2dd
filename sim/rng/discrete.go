package rng

import (
	"math"
	"sort"
)

// Discrete is a distribution of finitely many values.
type Discrete struct {
	values []float64 // rising
	probs  weights
}

// NewDiscrete returns the distribution that takes each of the values with its
// weight >= 0. The weights need not sum to 1.
func NewDiscrete(values, wts []float64) (Discrete, error) {
	var faults []string
	if len(values) != len(wts) {
		faults = append(faults, inRange("number of weights", float64(len(wts)), false, "that of the values"))
	}
	for _, v := range values {
		faults = append(faults, finite("value", v))
	}
	if err := check("discrete", faults...); err != nil {
		return Discrete{}, err
	}
	order := make([]int, 0, len(values))
	for i := range values {
		if wts[i] != 0 {
			order = append(order, i)
		}
	}
	sort.SliceStable(order, func(a, b int) bool { return values[order[a]] < values[order[b]] })
	v, w := make([]float64, len(order)), make([]float64, len(order))
	for to, from := range order {
		v[to], w[to] = values[from], wts[from]
	}
	probs, fault := newWeights("weight", w)
	return Discrete{v, probs}, check("discrete", fault)
}

// Sample draws by inversion of one uniform.
func (d Discrete) Sample(src *Source) float64 { return d.values[d.probs.pick(src.Float64())] }

// Mean returns the mean.
func (d Discrete) Mean() float64 {
	sum := 0.0
	for i, v := range d.values {
		sum += float64(d.probs.prob(i) * v)
	}
	return sum
}

// Var returns the variance.
func (d Discrete) Var() float64 {
	mean, sum := d.Mean(), 0.0
	for i, v := range d.values {
		sum += float64(d.probs.prob(i) * (v - mean) * (v - mean))
	}
	return sum
}

// CDF returns the probability of a value of at most x.
func (d Discrete) CDF(x float64) float64 {
	n := sort.Search(len(d.values), func(i int) bool { return d.values[i] > x })
	if n == 0 {
		return 0
	}
	return d.probs[n-1]
}

// Quantile returns the p-quantile.
func (d Discrete) Quantile(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	return d.values[d.probs.pick(p)]
}
