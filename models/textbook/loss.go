package textbook

import "math"

// MGcc is the M/G/c/c loss system: no place to wait, so that an arrival that
// finds all servers busy is refused. Only the mean of the service time matters
// (B. A. Sevastyanov, "An ergodic theorem for Markov processes and its
// application to telephone systems with refusals", 1957).
type MGcc struct {
	Lambda      float64 // arrivals per second, > 0
	MeanService float64 // seconds, > 0
	Servers     int     // >= 1
}

// ProbReject is the share of the arrivals that are refused (Erlang B).
func (q MGcc) ProbReject() float64 { return ErlangB(q.Servers, q.Lambda*q.MeanService) }

// BusyMean is the mean number of busy servers.
func (q MGcc) BusyMean() float64 { return q.Lambda * q.MeanService * (1 - q.ProbReject()) }

// MMcK is the M/M/c/K queue: an arrival that finds K in the system, those in
// service included, is refused. It has a steady state at any load.
type MMcK struct {
	Lambda   float64 // arrivals per second, > 0
	Mu       float64 // services per second and server, > 0
	Servers  int     // >= 1
	Capacity int     // places in the system, >= Servers
}

// waiting returns P(N = K) and the mean number waiting. With r = a/c and j
// waiting, P(N = c+j) is proportional to r^j, and P(N <= c) to 1/B.
func (q MMcK) waiting() (full, length float64) {
	a, places := q.Lambda/q.Mu, q.Capacity-q.Servers
	r := a / float64(q.Servers)
	upto := 1 / ErlangB(q.Servers, a)
	if r > 1 {
		// Relative to the full system instead of to c: no term exceeds 1.
		upto *= math.Pow(r, -float64(places))
	}
	total, weighted, last := upto, 0.0, 1.0
	for j := 1; j <= places; j++ {
		w := math.Pow(r, float64(j))
		if r > 1 {
			w = math.Pow(r, float64(j-places))
		}
		total += w
		weighted += float64(j) * w
		last = w
	}
	return last / total, weighted / total
}

// ProbReject is the share of the arrivals that are refused.
func (q MMcK) ProbReject() float64 {
	full, _ := q.waiting()
	return full
}

// QueueLengthMean is the mean number waiting.
func (q MMcK) QueueLengthMean() float64 {
	_, length := q.waiting()
	return length
}

// WaitMean is the mean wait of those admitted, by Little's law.
func (q MMcK) WaitMean() float64 {
	full, length := q.waiting()
	return length / (q.Lambda * (1 - full))
}

// SojournMean is the mean sojourn of those admitted.
func (q MMcK) SojournMean() float64 { return q.WaitMean() + 1/q.Mu }

// Utilisation is the share of the servers that is busy, time average.
func (q MMcK) Utilisation() float64 {
	return q.Lambda * (1 - q.ProbReject()) / (float64(q.Servers) * q.Mu)
}
