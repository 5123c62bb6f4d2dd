package textbook

import "math"

// ErlangB returns the probability that all of c servers are busy when an
// arrival finds no place to wait, at an offered load of a >= 0 (the product of
// arrival rate and mean service time).
//
//	B(0) = 1,  1/B(k) = 1 + k/(a B(k-1))
//
// A. K. Erlang, "Solution of some problems in the theory of probabilities of
// significance in automatic telephone exchanges", 1917; the recursion is that
// of R. B. Cooper, Introduction to Queueing Theory, 1981, chapter 3.
func ErlangB(c int, a float64) float64 {
	if a == 0 {
		if c == 0 {
			return 1
		}
		return 0
	}
	inverse := 1.0
	for k := 1; k <= c; k++ {
		inverse = 1 + float64(k)/a*inverse
	}
	return 1 / inverse
}

// ErlangC returns the probability that an arrival has to wait for one of c
// servers in an unlimited queue, at an offered load of a >= 0; 1 if a >= c.
//
//	C = B / (1 - (a/c)(1 - B))
func ErlangC(c int, a float64) float64 {
	if a >= float64(c) {
		return 1
	}
	b := ErlangB(c, a)
	return b / (1 - a/float64(c)*(1-b))
}

// MMc is the M/M/c queue: Poisson arrivals, exponential service, FIFO,
// unlimited room. M/M/1 is the case of one server.
type MMc struct {
	Lambda  float64 // arrivals per second, > 0
	Mu      float64 // services per second and server, > 0
	Servers int     // >= 1
}

func (q MMc) load() float64 { return q.Lambda / q.Mu }

// spare is the rate at which the queue drains while all servers are busy.
func (q MMc) spare() float64 { return float64(q.Servers)*q.Mu - q.Lambda }

// Utilisation is the share of the servers that is busy, time average.
func (q MMc) Utilisation() float64 { return math.Min(1, q.load()/float64(q.Servers)) }

// ProbWait is the share of the arrivals that wait (Erlang C).
func (q MMc) ProbWait() float64 { return ErlangC(q.Servers, q.load()) }

// WaitMean is C / (c mu - lambda).
func (q MMc) WaitMean() float64 {
	if q.spare() <= 0 {
		return math.Inf(1)
	}
	return q.ProbWait() / q.spare()
}

// SojournMean is the mean wait and the mean service.
func (q MMc) SojournMean() float64 { return q.WaitMean() + 1/q.Mu }

// QueueLengthMean is the mean number waiting, by Little's law.
func (q MMc) QueueLengthMean() float64 { return q.Lambda * q.WaitMean() }

// WaitQuantile returns the p-quantile of the wait, 0 <= p < 1, zeros included:
// P(W > t) = C exp(-(c mu - lambda) t).
func (q MMc) WaitQuantile(p float64) float64 {
	if q.spare() <= 0 {
		return math.Inf(1)
	}
	return math.Max(0, math.Log(q.ProbWait()/(1-p))/q.spare())
}
