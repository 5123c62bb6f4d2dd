package stats

import "math"

// Batches is an estimate along one stationary run by the method of batch means.
type Batches struct {
	Interval         // over the means of the batches: N is their number
	Size     int     // values in a batch
	Lag1     float64 // correlation of neighbouring batch means, NaN if it cannot be told
}

// BatchMeans cuts a stationary series into batches of equal length and treats
// their means as independent (Law, Simulation Modeling and Analysis, 5th ed.,
// section 9.5.3; 20 to 30 batches are usual). The first values, up to
// batches-1 of them, are left out where the length is no multiple: they are the
// nearest to the warm-up, which the caller has cut off before (see MSER5).
//
// Whether the batches are long enough for that is tested by von Neumann's ratio
// at the 5 % level (Fishman 1978, Management Science 24, 510-521), one-sided: if
// they are correlated the interval carries ErrCorrelated. NaN is a missing value.
// There must be at least 2 batches, and the confidence lie in (0, 1).
func BatchMeans(series []float64, batches int, confidence float64) Batches {
	if batches < 2 {
		panic("stats: batch means need at least 2 batches")
	}
	size := len(series) / batches
	series = series[len(series)-size*batches:]
	means := make([]float64, batches)
	for i := range means {
		means[i] = meanOf(series[i*size : (i+1)*size])
	}
	b := Batches{Interval: MeanInterval(means, confidence), Size: size}
	var correlated bool
	b.Lag1, correlated = lag1(means)
	if correlated {
		b.Warnings = append(b.Warnings, ErrCorrelated)
	}
	return b
}

// meanOf is the mean of the values that are not missing, NaN if all are.
func meanOf(values []float64) float64 {
	var m Moments
	for _, x := range values {
		if !math.IsNaN(x) {
			m.Add(x)
		}
	}
	if m.n == 0 {
		return math.NaN()
	}
	return m.mean
}

// lag1 returns the correlation of neighbours and whether von Neumann's ratio
// calls it positive at the 5 % level. For independent normal values
//
//	(1 - Σ(x[i]-x[i+1])² / 2Σ(x[i]-mean)²) · √((n²-1)/(n-2))
//
// is close to a standard normal variable from n = 8 on.
func lag1(values []float64) (r float64, positive bool) {
	const normal95 = 1.6449
	var m Moments
	for _, x := range values {
		m.Add(x)
	}
	n := float64(len(values))
	if !(m.m2 > 0) || n < 3 {
		return math.NaN(), false
	}
	var products, steps float64
	for i, x := range values[1:] {
		products += (values[i] - m.mean) * (x - m.mean)
		steps += (x - values[i]) * (x - values[i])
	}
	c := (1 - steps/(2*m.m2)) * math.Sqrt((n*n-1)/(n-2))
	return products / m.m2, c > normal95
}
