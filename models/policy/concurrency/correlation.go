package concurrency

import "math"

// A movingSum is a moving window of values with their sum and the sum of their
// squares. A value of 0 is not taken in.
type movingSum struct {
	values       []float64
	n, next      int
	sum, squares float64
}

// add takes a value in and returns the one that it displaces, if the window is full.
func (m *movingSum) add(x float64) (old float64, full bool) {
	if x == 0 {
		return 0, false
	}
	if m.n == len(m.values) {
		full = true
		old = m.values[m.next]
		m.sum -= old
		m.squares -= float64(old * old)
	} else {
		m.n++
	}
	m.values[m.next] = x
	m.sum += x
	m.squares += float64(x * x)
	m.next = (m.next + 1) % len(m.values)
	return old, full
}

// moments are the coefficient of variation, the mean and the variance; false
// where there are none.
func (m *movingSum) moments() (cv, mean, variance float64, ok bool) {
	if m.n < 2 {
		return 0, 0, 0, false
	}
	mean = m.sum / float64(m.n)
	variance = m.squares/float64(m.n) - float64(mean*mean)
	if variance < 0 || mean == 0 {
		return 0, 0, 0, false
	}
	return math.Sqrt(variance) / mean, mean, variance, true
}

// A correlation is that of two moving windows.
type correlation struct {
	x, y     movingSum
	products float64
}

func newCorrelation(size int) correlation {
	return correlation{x: movingSum{values: make([]float64, size)}, y: movingSum{values: make([]float64, size)}}
}

// leastCV is the variation below which no correlation is taken seriously.
const leastCV = 0.01

// add takes two values in and returns the correlation, from -1 to 1, and the
// coefficient of variation of y; both 0 where there are too few values, and the
// correlation where they hardly vary.
func (c *correlation) add(x, y float64) (correlation, cvY float64) {
	if math.IsInf(x, 0) || math.IsInf(y, 0) {
		return 0, 0
	}
	oldX, full := c.x.add(x)
	oldY, _ := c.y.add(y)
	cvX, meanX, varX, okX := c.x.moments()
	cvY, meanY, varY, okY := c.y.moments()
	if full {
		c.products -= float64(oldX * oldY)
	}
	c.products += float64(x * y)
	if !okX || !okY || c.x.n < warmupSamples {
		return 0, 0
	}
	if cvX < leastCV || cvY < leastCV {
		return 0, cvY
	}
	covariance := c.products/float64(c.x.n) - float64(meanX*meanY)
	return covariance / float64(math.Sqrt(varX)*math.Sqrt(varY)), cvY
}
