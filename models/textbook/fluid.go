package textbook

import "math"

// FluidOverload is the limit of M/M/c+M for many servers under lasting
// overload: randomness vanishes against the flow that leaves (W. Whitt, "Fluid
// models for multiserver queues with abandonments", Operations Research 54,
// 2006). Below full load nothing waits.
type FluidOverload struct {
	Lambda       float64 // arrivals per second, > 0
	Mu           float64 // services per second and server, > 0
	PatienceRate float64 // of leaving, per second and customer who waits, > 0
	Servers      int     // >= 1
}

func (q FluidOverload) load() float64 {
	return math.Max(1, q.Lambda/(float64(q.Servers)*q.Mu))
}

// ProbAbandon is 1 - 1/rho.
func (q FluidOverload) ProbAbandon() float64 { return 1 - 1/q.load() }

// QueueLengthMean is the number waiting: (lambda - c mu) / theta.
func (q FluidOverload) QueueLengthMean() float64 { return q.Lambda * q.ProbAbandon() / q.PatienceRate }

// OfferedWait is the wait of those who are served, ln(rho) / theta: after it,
// just enough have left that the rest can be served.
func (q FluidOverload) OfferedWait() float64 { return math.Log(q.load()) / q.PatienceRate }
