package textbook

import "math"

// MG1 is the M/G/1 queue: Poisson arrivals, any law of service, one server,
// FIFO (F. Pollaczek 1930, A. Khinchine 1932).
type MG1 struct {
	Lambda       float64 // arrivals per second, > 0
	Mean         float64 // mean service time, seconds, > 0
	SecondMoment float64 // E[S^2], seconds^2, >= Mean^2
}

// Utilisation is the share of the time that the server is busy.
func (q MG1) Utilisation() float64 { return math.Min(1, q.Lambda*q.Mean) }

// WaitMean is lambda E[S^2] / (2 (1 - rho)).
func (q MG1) WaitMean() float64 {
	if q.Utilisation() >= 1 {
		return math.Inf(1)
	}
	return q.Lambda * q.SecondMoment / (2 * (1 - q.Utilisation()))
}

// SojournMean is the mean wait and the mean service.
func (q MG1) SojournMean() float64 { return q.WaitMean() + q.Mean }

// QueueLengthMean is the mean number waiting, by Little's law.
func (q MG1) QueueLengthMean() float64 { return q.Lambda * q.WaitMean() }
