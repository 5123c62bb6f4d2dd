package rng

import "math"

// Deterministic is the distribution of a number that is always the same.
type Deterministic struct{ value float64 }

// NewDeterministic returns the distribution that always yields value.
func NewDeterministic(value float64) (Deterministic, error) {
	return Deterministic{value}, check("deterministic", finite("value", value))
}

// Sample returns the value. It takes no uniform.
func (d Deterministic) Sample(*Source) float64 { return d.value }

// Mean returns the value.
func (d Deterministic) Mean() float64 { return d.value }

// Var returns 0.
func (d Deterministic) Var() float64 { return 0 }

// CDF returns 0 below the value, 1 from it on.
func (d Deterministic) CDF(x float64) float64 {
	if x < d.value {
		return 0
	}
	return 1
}

// Quantile returns the value.
func (d Deterministic) Quantile(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	return d.value
}
