package textbook

import "math"

// MtMInf is the Mt/M/inf system: Poisson arrivals at the rate
// Base + Amplitude sin(2 pi t / Period), exponential service, as many servers
// as it takes (S. G. Eick, W. A. Massey and W. Whitt, "Mt/G/inf queues with
// sinusoidal arrival rates", Management Science 39, 1993).
type MtMInf struct {
	Base      float64 // arrivals per second, >= Amplitude
	Amplitude float64 // arrivals per second, >= 0
	Period    float64 // seconds, > 0
	Mu        float64 // services per second and server, > 0
}

// BusyMean is the mean number in service t seconds after a zero of the sine,
// many periods after the start:
//
//	base / mu + amplitude (mu sin(w t) - w cos(w t)) / (mu^2 + w^2),  w = 2 pi / period
func (q MtMInf) BusyMean(t float64) float64 {
	w := 2 * math.Pi / q.Period
	sin, cos := math.Sincos(w * t)
	return q.Base/q.Mu + q.Amplitude*(q.Mu*sin-w*cos)/(q.Mu*q.Mu+w*w)
}
