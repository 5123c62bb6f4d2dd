package rng

import "math"

// Mixture is one of several distributions, chosen by probability.
type Mixture struct {
	probs weights
	parts []Dist
}

// NewMixture returns the mixture of these parts with these weights >= 0, which
// need not sum to 1.
func NewMixture(parts []Dist, wts []float64) (Mixture, error) {
	probs, fault := newWeights("weight", wts)
	faults := []string{fault}
	if len(parts) != len(wts) {
		faults = append(faults, inRange("number of weights", float64(len(wts)), false, "that of the parts"))
	}
	return Mixture{probs, append([]Dist(nil), parts...)}, check("mixture", faults...)
}

// Sample takes one uniform to choose a part, and then what that takes.
func (m Mixture) Sample(src *Source) float64 {
	return m.parts[m.probs.pick(src.Float64())].Sample(src)
}

// Mean returns the mean.
func (m Mixture) Mean() float64 {
	return m.expect(func(d Dist) float64 { return d.Mean() })
}

// Var returns the variance.
func (m Mixture) Var() float64 {
	mean := m.Mean()
	return m.expect(func(d Dist) float64 {
		off := d.Mean() - mean
		return d.Var() + float64(off*off)
	})
}

// CDF returns the probability of a value of at most x.
func (m Mixture) CDF(x float64) float64 {
	return m.expect(func(d Dist) float64 { return d.CDF(x) })
}

// Quantile returns the p-quantile, by bisection: it takes microseconds.
func (m Mixture) Quantile(p float64) float64 {
	lo, hi := math.Inf(1), math.Inf(-1)
	for i, d := range m.parts {
		if m.probs.prob(i) > 0 {
			lo, hi = math.Min(lo, d.Quantile(0)), math.Max(hi, d.Quantile(1))
		}
	}
	return bisect(m, p, lo, hi)
}

// expect returns the weighted sum of a figure of the parts.
func (m Mixture) expect(figure func(Dist) float64) float64 {
	sum := 0.0
	for i, d := range m.parts {
		if p := m.probs.prob(i); p > 0 { // an infinite figure of weight 0 counts nothing
			sum += float64(p * figure(d))
		}
	}
	return sum
}
