package rng

import (
	"math"
	"sort"
)

// Empirical is the distribution that a list of observed values suggests. Its
// distribution function runs straight from each value to the next (quantiles of
// type 7 in Hyndman and Fan, "Sample quantiles in statistical packages", 1996): it
// yields values between the observed ones, none beyond the least and the greatest.
// Discrete with equal weights yields the observed values alone.
type Empirical struct{ values []float64 } // rising

// NewEmpirical returns the distribution of at least one observed value, in any
// order.
func NewEmpirical(values []float64) (Empirical, error) {
	faults := []string{inRange("number of values", float64(len(values)), len(values) > 0, "at least 1")}
	for _, v := range values {
		faults = append(faults, finite("value", v))
	}
	sorted := append([]float64(nil), values...)
	sort.Float64s(sorted)
	return Empirical{sorted}, check("empirical", faults...)
}

// Sample draws by inversion of one uniform.
func (d Empirical) Sample(src *Source) float64 { return d.Quantile(src.Float64()) }

// Mean returns the mean of the distribution: that of the values with the least and
// the greatest counted half.
func (d Empirical) Mean() float64 {
	v := d.values
	if len(v) == 1 {
		return v[0]
	}
	sum := 0.0
	for i := 1; i < len(v); i++ {
		sum += (v[i-1] + v[i]) / 2
	}
	return sum / float64(len(v)-1)
}

// Var returns the variance of the distribution, a little below that of the values.
func (d Empirical) Var() float64 {
	v := d.values
	if len(v) == 1 {
		return 0
	}
	mean, sum := d.Mean(), 0.0
	for i := 1; i < len(v); i++ {
		// Each step is a uniform distribution from a to b around the mean.
		a, b := v[i-1]-mean, v[i]-mean
		sum += (float64(a*a) + float64(a*b) + float64(b*b)) / 3
	}
	return sum / float64(len(v)-1)
}

// CDF returns the probability of a value of at most x.
func (d Empirical) CDF(x float64) float64 {
	v := d.values
	n := sort.Search(len(v), func(i int) bool { return v[i] > x })
	switch n {
	case 0:
		return 0
	case len(v):
		return 1
	}
	step := (x - v[n-1]) / (v[n] - v[n-1])
	return (float64(n-1) + step) / float64(len(v)-1)
}

// Quantile returns the p-quantile.
func (d Empirical) Quantile(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	h := float64(p * float64(len(d.values)-1))
	i := int(h)
	if i == len(d.values)-1 {
		return d.values[i]
	}
	a, b := d.values[i], d.values[i+1]
	return a + float64((h-float64(i))*(b-a))
}
