package concurrency

import (
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim"
)

// LimitOf is the limit that Admit goes by.
func LimitOf(p policy.Policy) int {
	switch p := p.(type) {
	case *aimd:
		return p.limit
	case *vegas:
		return int(p.limit)
	case *gradient2:
		return int(p.limit)
	case *envoyGradient:
		return p.limit
	case *failsafeLimiter:
		return int(p.limit)
	}
	return p.(*pid).limit()
}

// MostOf is the largest limit.
func MostOf(p policy.Policy) int {
	switch p := p.(type) {
	case *aimd:
		return p.most
	case *vegas:
		return p.most
	case *gradient2:
		return p.most
	case *envoyGradient:
		return p.most
	}
	return p.(*failsafeLimiter).most
}

// EstimateOf is the limit before it is made whole, and what it goes by: the
// least rtt of vegas, the long average of gradient2, in nanoseconds.
func EstimateOf(p policy.Policy) (limit, rtt float64) {
	switch p := p.(type) {
	case *vegas:
		return p.limit, float64(p.noLoad)
	case *gradient2:
		return p.limit, p.long.value
	}
	return 0, 0
}

// ProbesOf is the number of samples since vegas measured the least rtt anew.
func ProbesOf(p policy.Policy) int { return p.(*vegas).probes }

// MeasuringOf reports whether envoy-gradient is measuring minRTT.
func MeasuringOf(p policy.Policy) bool { return p.(*envoyGradient).deferred > 0 }

// MinRTTOf is the minRTT of envoy-gradient in microseconds.
func MinRTTOf(p policy.Policy) int64 { return p.(*envoyGradient).minRTT }

// GradientOf is the gradient by which envoy-gradient multiplies the limit for a
// sampleRTT in microseconds, and how often in a row it has set the limit to the least.
func GradientOf(p policy.Policy, us int64) (gradient float64, atLeast int) {
	e := p.(*envoyGradient)
	return e.gradient(us), e.atLeast
}

// InFlightOf is what the policy thinks is in flight.
func InFlightOf(p policy.Policy) int {
	switch p := p.(type) {
	case *aimd:
		return p.flights.N
	case *vegas:
		return p.flights.N
	case *gradient2:
		return p.flights.N
	case *envoyGradient:
		return p.flights.N
	case *failsafeLimiter:
		return p.flights.N
	}
	return p.(*pid).flights.N
}

// QuantileOf is the quantile of a histogram of the values, as of latencies in
// microseconds.
func QuantileOf(q float64, values ...int64) float64 {
	var h histogram
	for _, v := range values {
		h.add(v)
	}
	return h.quantile(q)
}

// Delay is the mean wait that pid took down last, as a share of its target.
func Delay(p policy.Policy) float64 { return p.(*pid).y[0] }

// OutputOf is what pid steers, as a share of its upper bound.
func OutputOf(p policy.Policy) float64 { return p.(*pid).x / p.(*pid).most }

// RateOf is the rate that pid admits.
func RateOf(p policy.Policy) float64 { return p.(*pid).x }

// WindowOf is the length of the window before vegas or gradient2.
func WindowOf(p policy.Policy) sim.Time {
	if v, ok := p.(*vegas); ok {
		return v.window.length
	}
	return p.(*gradient2).window.length
}

// DigestQuantiles are quantiles of a t-digest of the values.
func DigestQuantiles(values []float64, qs ...float64) []float64 {
	t := newTDigest()
	for _, v := range values {
		t.add(v)
	}
	for i, q := range qs {
		qs[i] = t.quantile(q)
	}
	return qs
}
