package textbook

import "math"

// PriorityMG1 is the M/G/1 queue with priorities and no pre-emption: FIFO within
// a class, and a free server takes from the first class that has anyone waiting
// (A. Cobham, "Priority assignment in waiting line problems", Operations
// Research 2, 1954). Each class is an MG1 as if it were alone; class 0 is served
// first.
type PriorityMG1 []MG1

// WaitMean is the mean wait of class k:
//
//	W_k = sum_i lambda_i E[S_i^2] / (2 (1 - sigma_(k-1)) (1 - sigma_k))
//
// with sigma_k the load of classes 0 to k. It is NaN where the classes together
// load the server fully: the formula does not hold there.
func (q PriorityMG1) WaitMean(k int) float64 {
	residual, sigma := 0.0, make([]float64, len(q)+1)
	for i, c := range q {
		residual += c.Lambda * c.SecondMoment / 2
		sigma[i+1] = sigma[i] + c.Lambda*c.Mean
	}
	if sigma[len(q)] >= 1 {
		return math.NaN()
	}
	return residual / ((1 - sigma[k]) * (1 - sigma[k+1]))
}

// PriorityMMc is the M/M/c queue with priorities, no pre-emption and one
// service rate (O. Kella and U. Yechiali, "Waiting times in the non-preemptive
// priority M/M/c queue", Stochastic Models 1, 1985).
type PriorityMMc struct {
	Lambdas []float64 // arrivals per second by class, > 0; class 0 is served first
	Mu      float64   // services per second and server, > 0
	Servers int       // >= 1
}

// WaitMean is the mean wait of class k:
//
//	W_k = C / (c mu (1 - sigma_(k-1)) (1 - sigma_k))
//
// with C of all classes together and sigma_k the load of classes 0 to k over c.
// It is NaN where the classes together load the servers fully.
func (q PriorityMMc) WaitMean(k int) float64 {
	capacity := float64(q.Servers) * q.Mu
	sigma := make([]float64, len(q.Lambdas)+1)
	for i, lambda := range q.Lambdas {
		sigma[i+1] = sigma[i] + lambda/capacity
	}
	total := sigma[len(q.Lambdas)]
	if total >= 1 {
		return math.NaN()
	}
	return ErlangC(q.Servers, total*float64(q.Servers)) / (capacity * (1 - sigma[k]) * (1 - sigma[k+1]))
}
