package demand

import (
	"fmt"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// Arrivals is how irregular the requests of a stream are, at its rate.
//
// gamma and weibull are renewal processes in operational time: the integral of
// the rate between two requests is a draw from a gamma or Weibull law of mean 1
// (Gerhard and Nelson, "Methods for generating non-stationary non-Poisson
// arrival processes", INFORMS J. Computing 2009). The first gap is the excess
// life of the stationary process, so that the expected count of every interval
// is the integral of the rate from the outset. Over long intervals the variance
// of a count is cv² times its mean.
//
// mmpp is the Markov-modulated Poisson process (Fischer and Meier-Hellstern,
// "The Markov-modulated Poisson process (MMPP) cookbook", Performance Evaluation
// 18, 1993): the rate is multiplied by the factor of a hidden state, which
// begins in its stationary law and lasts an exponential time.
type Arrivals struct {
	Process string  `yaml:"process" required:"true" enum:"poisson,gamma,weibull,mmpp" doc:"poisson; gamma, weibull: independent gaps of this law and mean 1 in the integral of the rate; mmpp: a Poisson process whose rate is multiplied by the factor of a random state (Fischer and Meier-Hellstern 1993)."`
	CV      float64 `yaml:"cv" min:"0" max:"10" doc:"gamma, weibull: standard deviation over mean of the gaps, from 0.01: above 1 is burstier than Poisson, below 1 more regular. It is that of the stream as it is simulated: at a smaller scale the bursts are as many requests and so a larger share of them."`
	Shape   float64 `yaml:"shape" min:"0" max:"10000" doc:"gamma, weibull, in place of cv: the shape of the law, from 0.01; 1 is Poisson."`
	States  []State `yaml:"states" doc:"mmpp: two states or more. A state is followed by any other with the same chance, so that the share of time in a state goes with its sojourn."`
}

// A State is a state of an MMPP.
type State struct {
	Factor  unit.Factor   `yaml:"factor" required:"true" min:"0" doc:"Rate in this state, in any unit: factors are divided by their mean over time, so that the stream keeps its rate on average."`
	Sojourn unit.Duration `yaml:"sojourn" required:"true" min:"1ms" doc:"Mean time in this state, exponential."`
}

func (a *Arrivals) modulated() bool { return a != nil && a.Process == "mmpp" }

// A renewal is the law of the gaps, in operational time.
type renewal struct {
	gap rng.Dist
	// The stationary excess is a uniform part of a gap drawn by its length. For a
	// Weibull law the power of such a gap is a gamma number; for a gamma law it is
	// one of a shape larger by 1.
	biased  rng.Gamma
	weibull float64 // shape of a Weibull law
	scale   float64 // of it
}

func newRenewal(a *Arrivals) (*renewal, error) {
	if a == nil || a.Process == "poisson" || a.Process == "mmpp" {
		if a != nil && (a.CV != 0 || a.Shape != 0) {
			return nil, fmt.Errorf("arrivals.cv: goes with gamma and weibull only: want no cv and no shape for %s", a.Process)
		}
		return nil, nil
	}
	if (a.CV == 0) == (a.Shape == 0) {
		return nil, fmt.Errorf("arrivals.cv: want one of cv and shape for %s", a.Process)
	}
	if a.CV != 0 && a.CV < 0.01 {
		return nil, fmt.Errorf("arrivals.cv: %v is too small: want at least 0.01", a.CV)
	}
	if a.Shape != 0 && a.Shape < 0.01 {
		return nil, fmt.Errorf("arrivals.shape: %v is too small: want at least 0.01", a.Shape)
	}
	shape := a.Shape
	r := &renewal{}
	var err error
	if a.Process == "gamma" {
		if shape == 0 {
			shape = 1 / a.CV / a.CV
		}
		if r.gap, err = rng.NewGamma(shape, 1/shape); err != nil {
			return nil, err
		}
		r.biased, err = rng.NewGamma(shape+1, 1/shape)
		return r, err
	}
	var law rng.Weibull
	if shape == 0 {
		law, err = rng.WeibullFromCV(1, a.CV)
	} else if law, err = rng.NewWeibull(shape, 1); err == nil {
		law, err = rng.NewWeibull(shape, 1/law.Mean())
	}
	if err != nil {
		return nil, err
	}
	r.gap, r.weibull, r.scale = law, law.Shape(), law.Scale()
	r.biased, err = rng.NewGamma(1+1/r.weibull, 1)
	return r, err
}

// first is the operational time until the first point.
func (r *renewal) first(src *rng.Source) float64 {
	gap := r.biased.Sample(src)
	if r.weibull != 0 {
		gap = float64(r.scale * rng.Pow(gap, 1/r.weibull))
	}
	return float64(gap * src.Float64())
}

// A modulation is the state of an MMPP.
type modulation struct {
	factor  []float64 // of mean 1
	sojourn []float64 // means, seconds
	src     rng.Source
	state   int
	until   sim.Time
}

// newModulation returns the states of an MMPP, which has not begun.
func newModulation(a *Arrivals) (*modulation, error) {
	if !a.modulated() {
		if a != nil && len(a.States) > 0 {
			return nil, fmt.Errorf("arrivals.states: go with mmpp only: want none for %s", a.Process)
		}
		return nil, nil
	}
	if len(a.States) < 2 {
		return nil, fmt.Errorf("arrivals.states: %d are too few: want two or more", len(a.States))
	}
	m := &modulation{}
	total, mean := 0.0, 0.0
	for _, s := range a.States {
		x := sim.Time(s.Sojourn).Seconds()
		m.sojourn = append(m.sojourn, x)
		total += x
		mean += float64(float64(s.Factor) * x)
	}
	if mean == 0 {
		return nil, fmt.Errorf("arrivals.states: all factors are 0: want at least one above")
	}
	for _, s := range a.States {
		m.factor = append(m.factor, float64(float64(s.Factor)*total)/mean)
	}
	return m, nil
}

// begin draws the first state from the stationary law.
func (m *modulation) begin(now sim.Time, src rng.Source) {
	m.src = src
	total := 0.0
	for _, x := range m.sojourn {
		total += x
	}
	u := float64(m.src.Float64() * total)
	for m.state = 0; m.state < len(m.sojourn)-1 && u >= m.sojourn[m.state]; m.state++ {
		u -= m.sojourn[m.state]
	}
	m.stay(now)
}

// leave goes over to one of the other states.
func (m *modulation) leave(now sim.Time) {
	next := int(m.src.IntN(uint64(len(m.factor) - 1)))
	if next >= m.state {
		next++
	}
	m.state = next
	m.stay(now)
}

func (m *modulation) stay(now sim.Time) {
	m.until = later(now, max(1, sim.FromSeconds(float64(m.src.Exp()*m.sojourn[m.state]))))
}

// later is a time after another; beyond the range it is never.
func later(now, after sim.Time) sim.Time {
	if after >= sim.Never-now {
		return sim.Never
	}
	return now + after
}
