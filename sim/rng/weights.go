package rng

import (
	"math"
	"sort"
)

// weights is a finite probability distribution over 0 .. n-1, as cumulative sums
// that end in 1.
type weights []float64

// newWeights makes weights of numbers >= 0, not all 0, that need not sum to 1. It
// returns the fault of the list, or "".
func newWeights(name string, list []float64) (weights, string) {
	w := make(weights, len(list))
	sum := 0.0
	for i, x := range list {
		if f := inRange(name, x, x >= 0 && !math.IsInf(x, 1), "a number of at least 0"); f != "" {
			return nil, f
		}
		sum += x
		w[i] = sum
	}
	if !(sum > 0 && !math.IsInf(sum, 1)) {
		return nil, inRange("total "+name, sum, false, "a number above 0")
	}
	for i := range w {
		w[i] /= sum
	}
	return w, ""
}

// pick returns the least i with w[i] >= u, for u in (0, 1]: each i with its
// probability, never one of weight 0.
func (w weights) pick(u float64) int {
	if len(w) <= 8 { // a scan is quicker than a search
		i := 0
		for u > w[i] {
			i++
		}
		return i
	}
	return sort.Search(len(w), func(i int) bool { return w[i] >= u })
}

// prob returns the probability of i.
func (w weights) prob(i int) float64 {
	if i == 0 {
		return w[0]
	}
	return w[i] - w[i-1]
}
