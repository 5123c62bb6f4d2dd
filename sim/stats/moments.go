package stats

import "math"

// Moments are the count, mean and variance of a stream of numbers, updated by
// the method of Welford (1962), which does not cancel. The zero value is ready
// to use.
//
// There is no method for the mean: it comes as the Interval that it deserves.
type Moments struct {
	n    int
	mean float64
	m2   float64 // sum of the squared deviations from the mean
}

// Add counts x.
func (m *Moments) Add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.m2 += float64(d * (x - m.mean))
}

// Merge adds what o has counted, by Chan, Golub and LeVeque (1979), equation
// 2.1. Unlike a Sketch's, the last bits depend on the order of merging.
func (m *Moments) Merge(o Moments) {
	if o.n == 0 {
		return
	}
	n := m.n + o.n
	d := o.mean - m.mean
	m.m2 += o.m2 + float64(float64(d*d)*float64(m.n)*float64(o.n)/float64(n))
	m.mean += float64(d*float64(o.n)) / float64(n)
	m.n = n
}

// Count is how many numbers were added.
func (m *Moments) Count() int { return m.n }

// Var is the sample variance (divisor n-1), NaN for fewer than two numbers.
func (m *Moments) Var() float64 {
	if m.n < 2 {
		return math.NaN()
	}
	return m.m2 / float64(m.n-1)
}
