package rng

import "math"

// Erlang is the distribution of the sum of k exponentials of equal mean: k phases
// one after the other.
type Erlang struct {
	k    int
	mean float64
}

// NewErlang returns the Erlang distribution of k phases, 1 to 1000, and this mean
// > 0 of the whole. Its coefficient of variation is 1/sqrt(k).
func NewErlang(k int, mean float64) (Erlang, error) {
	return Erlang{k, mean}, check("erlang",
		inRange("number of phases", float64(k), k >= 1 && k <= 1000, "1 to 1000; gamma takes any shape"),
		positive("mean", mean))
}

// Sample draws as minus the logarithm of a product of k uniforms. It falls as each
// of them rises.
func (e Erlang) Sample(src *Source) float64 {
	sum, product := 0.0, 1.0
	for i := 1; i <= e.k; i++ {
		product *= src.Float64()
		if i%16 == 0 { // 16 factors of at least 2^-53 do not underflow
			sum -= Log(product)
			product = 1
		}
	}
	return float64((sum - Log(product)) * e.mean / float64(e.k))
}

// Mean returns the mean.
func (e Erlang) Mean() float64 { return e.mean }

// Var returns mean²/k.
func (e Erlang) Var() float64 { return e.mean * e.mean / float64(e.k) }

// CDF returns the probability of a value of at most x.
func (e Erlang) CDF(x float64) float64 { return gammaCDF(float64(e.k), x/e.mean*float64(e.k)) }

// Quantile returns the p-quantile, by bisection: it takes microseconds.
func (e Erlang) Quantile(p float64) float64 { return bisect(e, p, 0, math.Inf(1)) }
