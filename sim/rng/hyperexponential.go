package rng

import "math"

// Hyperexponential is one of several exponentials, chosen by probability: short
// jobs and long ones, with a coefficient of variation of at least 1.
type Hyperexponential struct {
	probs weights
	means []float64
}

// NewHyperexponential returns the mixture of exponentials of these means > 0 with
// these probabilities, which may be any weights >= 0.
func NewHyperexponential(probs, means []float64) (Hyperexponential, error) {
	w, fault := newWeights("probability", probs)
	faults := []string{fault}
	if len(probs) != len(means) {
		faults = append(faults, inRange("number of means", float64(len(means)), false, "that of the probabilities"))
	}
	for _, m := range means {
		faults = append(faults, positive("mean", m))
	}
	return Hyperexponential{w, append([]float64(nil), means...)}, check("hyperexponential", faults...)
}

// HyperexponentialFromCV returns the hyperexponential distribution of two phases
// of this mean > 0 and coefficient of variation >= 1 with balanced means: both
// phases carry the same share of the mean (Tijms, "A first course in stochastic
// models", 2003, appendix B).
func HyperexponentialFromCV(mean, cv float64) (Hyperexponential, error) {
	err := check("hyperexponential", positive("mean", mean), inRange("cv", cv, cv >= 1 && cv <= 1e6, "1 to 1e6; gamma takes less"))
	if err != nil {
		return Hyperexponential{}, err
	}
	c2 := float64(cv * cv)
	// q = (1 - sqrt((c²-1)/(c²+1))) / 2, written so that nothing cancels.
	q := 1 / ((c2 + 1) * (1 + math.Sqrt((c2-1)/(c2+1))))
	return NewHyperexponential([]float64{1 - q, q}, []float64{mean / (2 * (1 - q)), mean / (2 * q)})
}

// Sample takes two uniforms: one chooses the phase, one is inverted.
func (d Hyperexponential) Sample(src *Source) float64 {
	mean := d.means[d.probs.pick(src.Float64())]
	return float64(mean * src.Exp())
}

// Mean returns the mean.
func (d Hyperexponential) Mean() float64 {
	sum := 0.0
	for i, m := range d.means {
		sum += float64(d.probs.prob(i) * m)
	}
	return sum
}

// Var returns the variance.
func (d Hyperexponential) Var() float64 {
	mean, sum := d.Mean(), 0.0
	for i, m := range d.means {
		off := m - mean
		sum += float64(d.probs.prob(i) * (float64(m*m) + float64(off*off)))
	}
	return sum
}

// CDF returns the probability of a value of at most x.
func (d Hyperexponential) CDF(x float64) float64 {
	if x <= 0 {
		return 0
	}
	sum := 0.0
	for i, m := range d.means {
		sum -= float64(d.probs.prob(i) * expm1(-x/m))
	}
	return sum
}

// Quantile returns the p-quantile, by bisection: it takes microseconds.
func (d Hyperexponential) Quantile(p float64) float64 { return bisect(d, p, 0, math.Inf(1)) }
