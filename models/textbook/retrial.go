package textbook

import "math"

// RetrialMM1 is the M/M/1 queue without a place to wait: who finds the server
// busy tries again after an exponential time, each on its own, until it is
// served (G. I. Falin and J. G. C. Templeton, Retrial Queues, 1997, chapter 1).
type RetrialMM1 struct {
	Lambda    float64 // first tries per second, > 0
	Mu        float64 // services per second, > 0
	RetryRate float64 // tries per second and customer in orbit, > 0
}

// Utilisation is the share of the time that the server is busy.
func (q RetrialMM1) Utilisation() float64 { return math.Min(1, q.Lambda/q.Mu) }

// OrbitMean is the mean number of customers between two tries:
// rho / (1 - rho) (rho + lambda / nu).
func (q RetrialMM1) OrbitMean() float64 {
	rho := q.Utilisation()
	if rho >= 1 {
		return math.Inf(1)
	}
	return rho / (1 - rho) * (rho + q.Lambda/q.RetryRate)
}

// WaitMean is the mean time from the first try to the start of service, over
// all customers, by Little's law.
func (q RetrialMM1) WaitMean() float64 { return q.OrbitMean() / q.Lambda }
