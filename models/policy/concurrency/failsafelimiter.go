package concurrency

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "failsafe-limiter", Heading: policy.Concurrency,
		Doc:     "Lets `limit` attempts be in flight and refuses (503) the others. Over each window it compares a quantile of the rtt with its moving baseline, as Vegas does, and also lowers the limit when more in flight does not mean more throughput but more latency. The limit is at most `max_limit_factor` times what was in flight.",
		Source:  "failsafe-go v0.9.8, adaptivelimiter, with github.com/influxdata/tdigest v0.0.1.",
		Fails:   "A window needs `recent_min_samples` answers, so a small service is slow to learn. Failures count by their latency alone, and quick ones look like speed. The ceiling ties the limit to the demand: the first wave of a surge after a calm meets the calm's limit. " + perProcess,
		Held:    "Vectors of failsafe-go v0.9.8, `failsafe_limiter_a` and `_b`: all 5,000 calls, decisions, limit and in flight exactly. Its digest is held against quantiles of influxdata/tdigest.",
		Presets: "The recent window is 1 s to 30 s in source, made for calls of some 50 ms to 1 s; in inference it is 20 s to 10 min, 20 times as long.",
		Scale:   integerSteps,
		Surge:   "max: 1000",
		Fresh:   func() policy.Spec { return new(FailsafeLimiterSpec) },
		PerPool: true,
	})
}

// FailsafeLimiterSpec is the adaptive limiter of failsafe-go, without its own
// queue. A window ends with the first sample that is later than its length, which
// is twice its least rtt but at least recent_window_min and at most
// recent_window_max, if it holds recent_min_samples. Its quantile (of a t-digest)
// goes through a moving median of 5 and a moving average of 5 and is then
// compared with the baseline, the moving average over baseline_window windows.
// With l = max(1, floor(log10 limit)), queue = ceil(limit (1 - baseline/rtt)),
// full if no attempt more would be let in, and the correlations over
// correlation_window windows of what was in flight with the throughput (cT,
// variation vT) and with the rtt (cR), the limit moves by the first that holds:
//
//	queue > 6 l:                          - l
//	full and cT < 0:                      - l
//	full and cT < 0.3 and cR > 0.5:       - l
//	full and vT < 0.2 and cR > 0.5:       - l
//	queue < 3 l:                          + l
//
// It rises at most to max_limit_factor times what was in flight in the window,
// and comes down to that by steps of l.
//
// Attempts that were answered, be it with a failure, are measured. Those that
// timed out or were taken back only leave, but may end a window.
type FailsafeLimiterSpec struct {
	Preset            string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Which times hold where none is given: source as published, inference for work of some 20 seconds."`
	Initial           unit.Count    `yaml:"initial" doc:"Limit at the start; 0: 20 in source, the servers that are up in inference."`
	Min               unit.Count    `yaml:"min" default:"1" doc:"Least limit."`
	Max               unit.Count    `yaml:"max" min:"0" doc:"Largest limit; 0: 200 in source, as published for one process, ten times the servers that are up in inference."`
	MaxLimitFactor    unit.Factor   `yaml:"max_limit_factor" default:"5" min:"1" doc:"How many times what was in flight the limit may be."`
	RecentWindowMin   unit.Duration `yaml:"recent_window_min" doc:"Least length of a window: 1s in source, 20s in inference."`
	RecentWindowMax   unit.Duration `yaml:"recent_window_max" doc:"Largest length of a window: 30s in source, 10min in inference."`
	RecentMinSamples  int           `yaml:"recent_min_samples" default:"50" min:"1" max:"1000000" doc:"Answers with which a window counts."`
	RecentQuantile    unit.Share    `yaml:"recent_quantile" default:"90%" doc:"Which quantile of the rtt counts."`
	BaselineWindow    int           `yaml:"baseline_window" default:"10" min:"1" max:"1000000" doc:"Windows of the baseline."`
	CorrelationWindow int           `yaml:"correlation_window" default:"50" min:"2" max:"10000" doc:"Windows of the correlations."`
}

// New returns the policy, at its initial limit.
func (s *FailsafeLimiterSpec) New(env policy.Env) (policy.Policy, error) {
	p := &failsafeLimiter{bounds: bounds{env: &env}, next: env.Now(), reason: env.Reason(models.Unavailable)}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	p.limit = float64(p.initial)
	return p, nil
}

type failsafeLimiter struct {
	bounds
	counted
	spec       FailsafeLimiterSpec
	from, to   sim.Time // lengths of a window
	limit      float64
	next       sim.Time // when the window may end
	recent     *tdigest // ns; made with the first sample
	n          int
	leastRTT   sim.Time
	inFlight   int // the most in the window
	median     movingMedian
	smoothed   average
	baseline   average
	throughput correlation
	rtt        correlation
	reason     models.Reason
}

const (
	warmupSamples   = 10 // of averages and correlations
	smoothedSamples = 5
)

// A movingMedian is that of the last values, once there are enough; till then it
// is the last value.
type movingMedian struct {
	values, sorted [smoothedSamples]float64
	next, n        int
}

func (m *movingMedian) add(x float64) float64 {
	m.values[m.next] = x
	m.next = (m.next + 1) % smoothedSamples
	if m.n < smoothedSamples-1 {
		m.n++
		return x
	}
	m.sorted = m.values
	slices.Sort(m.sorted[:])
	return m.sorted[smoothedSamples/2]
}

// Admit refuses while as many are in flight as the limit says.
func (p *failsafeLimiter) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	p.follow(s.Capacity)
	if p.limit == 0 {
		p.limit = p.first(s.Capacity)
	}
	if p.flights.N >= int(p.limit) {
		return models.Verdict{Reason: p.reason}
	}
	p.flights.Enter(a, s.Now)
	return models.Verdict{}
}

// Finish takes the sample down, and ends the window if it is time.
func (p *failsafeLimiter) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	e, ok := p.flights.Leave(a)
	if !ok || o == models.Rejected && !ran(a, o) || now == e.Since {
		return
	}
	if p.recent == nil {
		p.recent = newTDigest()
	}
	if ran(a, o) && o != models.TimedOut {
		rtt := now - e.Since
		if p.n == 0 {
			p.leastRTT, p.inFlight = rtt, 0
		}
		p.n++
		p.leastRTT = min(p.leastRTT, rtt)
		p.inFlight = max(p.inFlight, int(e.InFlight))
		p.recent.add(float64(rtt))
	}
	if now <= p.next || p.n < p.spec.RecentMinSamples {
		return
	}
	quantile := p.median.add(p.recent.quantile(float64(p.spec.RecentQuantile)))
	p.update(p.smoothed.add(quantile, 2.0/(smoothedSamples+1), warmupSamples), int(e.AtEnd) >= int(p.limit))
	p.next = now + min(max(2*p.leastRTT, p.from), p.to)
	p.recent.clear()
	p.n = 0
}

// update moves the limit by the rtt of a window, in nanoseconds.
func (p *failsafeLimiter) update(rtt float64, full bool) {
	baseline := p.baseline.add(rtt, 2/float64(p.spec.BaselineWindow+1), warmupSamples)
	queue := int(math.Ceil(float64(p.limit * (1 - baseline/rtt))))
	load := float64(p.inFlight)
	cT, vT := p.throughput.add(load, load/(rtt/1e9))
	cR, _ := p.rtt.add(load, rtt)

	l := log10(int(p.limit))
	next := p.limit
	switch {
	case queue > 6*l, full && (cT < 0 || cR > 0.5 && (cT < 0.3 || vT < 0.2)):
		next -= float64(l)
	case queue < 3*l:
		next += float64(l)
	}
	if ceiling := float64(load * float64(p.spec.MaxLimitFactor)); next > ceiling {
		next = ceiling
		if p.limit > ceiling {
			next = p.limit - float64(l)
		}
	}
	p.limit = p.within(next)
}

// maxCorrelation is the most windows of the correlations, which are kept.
const maxCorrelation = 10_000

// Reconfigure changes the parameters; the limit and what was measured stay, but
// for the correlations, which start anew when their window changes.
func (p *failsafeLimiter) Reconfigure(spec policy.Spec) error {
	s := spec.(*FailsafeLimiterSpec)
	set, unknown := policy.PresetOf(s.Preset)
	b, err := p.bounds.with(set, s.Initial, s.Min, s.Max, 200)
	err = cmp.Or(unknown, err, notNegative("recent_window_min", s.RecentWindowMin), notNegative("recent_window_max", s.RecentWindowMax),
		atLeast("recent_min_samples", s.RecentMinSamples, 1), atLeast("baseline_window", s.BaselineWindow, 1), atLeast("correlation_window", s.CorrelationWindow, 2))
	if err != nil {
		return err
	}
	if s.CorrelationWindow > maxCorrelation {
		return fmt.Errorf("correlation_window is %d, it must be 2 to %d", s.CorrelationWindow, maxCorrelation)
	}
	if !(s.RecentQuantile > 0 && s.RecentQuantile < 1) {
		return fmt.Errorf("recent_quantile is %v, it must be above 0 and below 1", float64(s.RecentQuantile))
	}
	if !(s.MaxLimitFactor >= 1 && s.MaxLimitFactor <= math.MaxFloat64) {
		return fmt.Errorf("max_limit_factor is %v, it must be 1 or more", float64(s.MaxLimitFactor))
	}
	from := set.Time(s.RecentWindowMin, sim.Second, 20*sim.Second)
	to := set.Time(s.RecentWindowMax, 30*sim.Second, 10*sim.Minute)
	if from > to {
		return fmt.Errorf("recent_window_min is %v, it must be at most recent_window_max, which is %v", from, to)
	}
	if p.spec.CorrelationWindow != s.CorrelationWindow {
		p.throughput, p.rtt = newCorrelation(s.CorrelationWindow), newCorrelation(s.CorrelationWindow)
	}
	p.bounds, p.spec, p.from, p.to = b, *s, from, to
	p.limit = p.settled(p.limit)
	return nil
}
