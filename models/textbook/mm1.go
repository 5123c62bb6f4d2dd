package textbook

import "math"

// MM1 is the M/M/1 queue where the order of service matters: the second moment
// of the wait. The means are those of MMc with one server, whatever the order.
type MM1 struct {
	Lambda float64 // arrivals per second, > 0
	Mu     float64 // services per second, > 0
}

// WaitMean is rho / (mu - lambda), the same under FIFO and LIFO.
func (q MM1) WaitMean() float64 { return MMc{q.Lambda, q.Mu, 1}.WaitMean() }

// WaitVarianceFIFO is the variance of the wait when the first come is served
// first: E[W^2] = 2 rho / (mu - lambda)^2.
func (q MM1) WaitVarianceFIFO() float64 {
	if q.Lambda >= q.Mu {
		return math.Inf(1)
	}
	w := q.WaitMean()
	return q.secondMomentFIFO() - w*w
}

// WaitVarianceLIFO is the variance of the wait when the last come is served
// first, without pre-emption: E[W^2] is that of FIFO over 1 - rho (L. Takacs,
// "Delay distributions for one line with Poisson input, general holding times,
// and various orders of service", Bell System Technical Journal 42, 1963).
func (q MM1) WaitVarianceLIFO() float64 {
	if q.Lambda >= q.Mu {
		return math.Inf(1)
	}
	w := q.WaitMean()
	return q.secondMomentFIFO()/(1-q.Lambda/q.Mu) - w*w
}

func (q MM1) secondMomentFIFO() float64 {
	spare := q.Mu - q.Lambda
	return 2 * q.Lambda / q.Mu / (spare * spare)
}
