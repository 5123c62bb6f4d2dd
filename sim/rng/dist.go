package rng

import (
	"errors"
	"fmt"
	"math"
)

// A Dist is a probability distribution on the real line. Its values are
// immutable and may be shared; the constructors of this package return them
// checked, so that no method fails.
type Dist interface {
	// Sample draws from the distribution. It allocates nothing.
	Sample(src *Source) float64
	// Mean returns the expectation; it may be +Inf.
	Mean() float64
	// Var returns the variance; it may be +Inf, and is NaN if the mean is not
	// finite.
	Var() float64
	// CDF returns the probability of a value of at most x.
	CDF(x float64) float64
	// Quantile returns the least x with CDF(x) >= p; Quantile(0) and Quantile(1)
	// are the ends of the support. It is NaN for a p outside [0, 1].
	Quantile(p float64) float64
}

// bisect returns the quantile of a distribution that has no closed form for it
// and whose support is [lo, hi]. It bisects down to neighbouring numbers, which
// takes at most 64 calls of CDF.
func bisect(d Dist, p, lo, hi float64) float64 {
	switch {
	case !(p >= 0 && p <= 1):
		return math.NaN()
	case p == 0:
		return lo
	case p == 1:
		return hi
	}
	// Halving the ordinals halves the exponent first: magnitude costs nothing.
	a, b := ordinal(lo), ordinal(hi)
	for a < b {
		mid := a + int64((uint64(b)-uint64(a))/2)
		if d.CDF(fromOrdinal(mid)) >= p {
			b = mid
		} else {
			a = mid + 1
		}
	}
	return fromOrdinal(a)
}

// ordinal maps floating-point numbers to integers of the same order, neighbours
// to neighbours.
func ordinal(x float64) int64 {
	b := int64(math.Float64bits(x))
	return b ^ b>>63&math.MaxInt64
}

func fromOrdinal(n int64) float64 {
	return math.Float64frombits(uint64(n ^ n>>63&math.MaxInt64))
}

// check joins the faults of a distribution's parameters, one error each; it is
// nil if all of them are empty.
func check(dist string, faults ...string) error {
	var errs []error
	for _, f := range faults {
		if f != "" {
			errs = append(errs, fmt.Errorf("%s: %s", dist, f))
		}
	}
	return errors.Join(errs...)
}

// The functions below return the fault of one parameter, or "".

func positive(name string, x float64) string {
	return inRange(name, x, x > 0 && !math.IsInf(x, 1), "a number above 0")
}

func finite(name string, x float64) string {
	return inRange(name, x, !math.IsNaN(x) && !math.IsInf(x, 0), "a finite number")
}

func inRange(name string, x float64, ok bool, want string) string {
	if ok {
		return ""
	}
	return fmt.Sprintf("%s is %v, it must be %s", name, x, want)
}
