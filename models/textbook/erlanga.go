package textbook

// ErlangA is the M/M/c+M queue: those who wait leave after an exponential
// patience. It has a steady state at any load (C. Palm, "Research on telephone
// traffic carried by full availability groups", Tele 1, 1957; O. Garnett,
// A. Mandelbaum and M. Reiman, "Designing a call center with impatient
// customers", Manufacturing & Service Operations Management 4, 2002).
type ErlangA struct {
	Lambda       float64 // arrivals per second, > 0
	Mu           float64 // services per second and server, > 0
	PatienceRate float64 // of leaving, per second and customer who waits, > 0
	Servers      int     // >= 1
}

// waiting returns P(N >= c) and the mean number waiting. P(N = c+j) is
// proportional to the product over i = 1..j of lambda / (c mu + i theta), and
// P(N <= c) to 1/B.
func (q ErlangA) waiting() (prob, length float64) {
	const huge = 1e250
	capacity := float64(q.Servers) * q.Mu
	below := 1/ErlangB(q.Servers, q.Lambda/q.Mu) - 1
	w, all, weighted := 1.0, 1.0, 0.0
	for j := 1; ; j++ {
		ratio := q.Lambda / (capacity + float64(j)*q.PatienceRate)
		w *= ratio
		all += w
		weighted += float64(j) * w
		if all > huge {
			w, all, weighted, below = w/huge, all/huge, weighted/huge, below/huge
		}
		// From here on the terms fall at least as fast as the powers of ratio.
		if ratio < 1 && float64(j)*w < 1e-17*weighted*(1-ratio)*(1-ratio) {
			break
		}
	}
	return all / (below + all), weighted / (below + all)
}

// ProbWait is the share of the arrivals that find all servers busy.
func (q ErlangA) ProbWait() float64 {
	prob, _ := q.waiting()
	return prob
}

// QueueLengthMean is the mean number waiting.
func (q ErlangA) QueueLengthMean() float64 {
	_, length := q.waiting()
	return length
}

// WaitMean is the mean wait of all, served or not, by Little's law.
func (q ErlangA) WaitMean() float64 { return q.QueueLengthMean() / q.Lambda }

// ProbAbandon is the share of the arrivals that leave unserved: theta E[Q] / lambda.
func (q ErlangA) ProbAbandon() float64 { return q.PatienceRate * q.WaitMean() }

// Utilisation is the share of the servers that is busy, time average.
func (q ErlangA) Utilisation() float64 {
	return q.Lambda * (1 - q.ProbAbandon()) / (float64(q.Servers) * q.Mu)
}
