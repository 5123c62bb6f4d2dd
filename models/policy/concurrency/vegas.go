package concurrency

import (
	"cmp"
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "vegas", Heading: policy.Concurrency,
		Doc:     "Lets `limit` attempts be in flight and refuses (503) the others. From the least rtt that it has seen it reckons how many of those in flight only wait, limit x (1 - least/rtt), and raises the limit while they are few and lowers it when they are many or something was dropped. Now and then the least rtt is forgotten and measured anew.",
		Source:  "Netflix/concurrency-limits, VegasLimit and WindowedLimit (commit 78a74b98), after TCP Vegas (Brakmo and Peterson, 1995).",
		Fails:   "Its thresholds are a few attempts, whatever the limit. Where service times vary, the noise of the mean rtt alone is taken for a queue longer than that, and the limit sinks: a pool of 200 servers whose service times vary by half their mean was used to a seventh with windows of 20 s and to two thirds with 2 min. Bare, without a window, the least rtt is that of the shortest work, and all other work seems to wait. A probe that falls into an overload takes the overload for normal. Users who give up are not seen. " + perProcess,
		Held:    "Vectors of Netflix/concurrency-limits (commit 78a74b98), `ncl_vegas_a`, `_b` and `_c`: all 1,100 rows, limits and probes exactly, the estimate to 1e-9. The jitter of probes is pinned in them.",
		Presets: "window is 0 in source: every attempt is a sample, as in the bare limit. In inference it is 2 min, six services of 20 s: the window of 1 s that Netflix puts before its limits is some services long there, too.",
		Scale:   integerSteps,
		Surge:   "max: 1000",
		Fresh:   func() policy.Spec { return new(VegasSpec) },
		PerPool: true,
	})
}

// VegasSpec is a limit on what is in flight that keeps the queue short which
// latency betrays. With l = max(1, floor(log10 limit)) and
//
//	queue = ceil(limit x (1 - rttNoLoad/rtt))
//
// a sample (of an attempt, or of a window of them) moves the limit, by the first
// of these that holds:
//
//	it sets a new least rtt:  nothing else
//	dropped:                  - l
//	2 x inFlight < limit:     unchanged
//	queue <= l:               + beta x l
//	queue < alpha x l:        + l
//	queue > beta x l:         - l
//
// within 1 and max, and smoothed. After jitter x probe_multiplier x limit samples
// the least rtt is replaced by the present one; the jitter is drawn uniformly
// from probe_jitter_min to probe_jitter_max each time.
type VegasSpec struct {
	Preset           string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Which times hold where none is given: source as published, inference for work of some 20 seconds."`
	Initial          unit.Count    `yaml:"initial" doc:"Limit at the start; 0: 20 in source, the servers that are up in inference."`
	Max              unit.Count    `yaml:"max" min:"0" doc:"Largest limit; 0: 1000 in source, as published for one process, ten times the servers that are up in inference."`
	Alpha            int           `yaml:"alpha" default:"3" min:"1" max:"1000000" doc:"Queue below which the limit rises, in units of log10 of the limit."`
	Beta             int           `yaml:"beta" default:"6" min:"1" max:"1000000" doc:"Queue above which the limit falls, and the step while there is none, in units of log10 of the limit."`
	Smoothing        unit.Share    `yaml:"smoothing" default:"1" doc:"Weight of the new limit against the old; 1 is no smoothing."`
	ProbeMultiplier  int           `yaml:"probe_multiplier" default:"30" min:"1" max:"1000000" doc:"Samples for each attempt of the limit after which the least rtt is measured anew."`
	ProbeJitterMin   unit.Share    `yaml:"probe_jitter_min" default:"50%" doc:"Least share of that number of samples."`
	ProbeJitterMax   unit.Share    `yaml:"probe_jitter_max" default:"100%" doc:"Largest share of that number of samples."`
	Window           unit.Duration `yaml:"window" doc:"Length of the window whose attempts make one sample: none in source, 2min in inference; Netflix uses 1s."`
	MinWindowSamples int           `yaml:"min_window_samples" default:"10" min:"1" max:"1000000" doc:"Attempts with which a window counts."`
}

// New returns the policy, at its initial limit.
func (s *VegasSpec) New(env policy.Env) (policy.Policy, error) {
	p := &vegas{bounds: bounds{env: &env}, reason: env.Reason(models.Unavailable), luck: env.Luck()}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	p.limit = float64(p.initial)
	return p, nil
}

type vegas struct {
	bounds
	counted
	spec   VegasSpec
	window window
	limit  float64
	noLoad sim.Time // least rtt; 0: none yet
	jitter float64  // 0: not drawn yet
	probes int      // samples since the least rtt was measured anew
	luck   policy.Luck
	reason models.Reason
}

// Admit refuses while as many are in flight as the limit says.
func (p *vegas) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
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

// Finish moves the limit.
func (p *vegas) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	e, ok := p.flights.Leave(a)
	if !ok {
		return
	}
	s, ok := sampleOf(e, a, o, now)
	if !ok {
		return
	}
	if s, ok = p.window.add(now, s); ok {
		p.update(s, a)
	}
}

// drawJitter draws from the luck of the request whose attempt ended.
func (p *vegas) drawJitter(a *models.Attempt) {
	from, to := float64(p.spec.ProbeJitterMin), float64(p.spec.ProbeJitterMax)
	src := p.luck.OfRequest(a.Request)
	p.jitter = from + float64((to-from)*src.Float64())
}

func (p *vegas) update(s sample, a *models.Attempt) {
	if p.jitter == 0 {
		p.drawJitter(a)
	}
	p.probes++
	if float64(float64(p.jitter*float64(p.spec.ProbeMultiplier))*p.limit) <= float64(p.probes) {
		p.drawJitter(a)
		p.probes = 0
		p.noLoad = s.rtt
		return
	}
	if p.noLoad == 0 || s.rtt < p.noLoad {
		p.noLoad = s.rtt
		return
	}
	queue := int(math.Ceil(float64(p.limit * (1 - float64(p.noLoad)/float64(s.rtt)))))
	l := log10(int(p.limit))
	next := p.limit
	switch {
	case s.dropped:
		next -= float64(l)
	case float64(2*s.inFlight) < p.limit:
		return
	case queue <= l:
		next += float64(p.spec.Beta * l)
	case queue < p.spec.Alpha*l:
		next += float64(l)
	case queue > p.spec.Beta*l:
		next -= float64(l)
	default:
		return
	}
	next = p.within(next)
	w := float64(p.spec.Smoothing)
	p.limit = float64((1-w)*p.limit) + float64(w*next)
}

// Reconfigure changes the parameters; the limit and the least rtt stay.
func (p *vegas) Reconfigure(spec policy.Spec) error {
	s := spec.(*VegasSpec)
	set, unknown := policy.PresetOf(s.Preset)
	b, err := p.bounds.with(set, s.Initial, 1, s.Max, 1000)
	err = cmp.Or(unknown, err, atLeast("alpha", s.Alpha, 1), atLeast("beta", s.Beta, s.Alpha), share("smoothing", float64(s.Smoothing)),
		atLeast("probe_multiplier", s.ProbeMultiplier, 1), share("probe_jitter_min", float64(s.ProbeJitterMin)), share("probe_jitter_max", float64(s.ProbeJitterMax)),
		notNegative("window", s.Window), atLeast("min_window_samples", s.MinWindowSamples, 1))
	if err != nil {
		return err
	}
	if s.ProbeJitterMin > s.ProbeJitterMax {
		return fmt.Errorf("probe_jitter_min is %v, it must be at most probe_jitter_max, which is %v", float64(s.ProbeJitterMin), float64(s.ProbeJitterMax))
	}
	p.bounds, p.spec = b, *s
	p.window.length, p.window.least = set.Time(s.Window, 0, 2*sim.Minute), s.MinWindowSamples
	p.limit = p.settled(p.limit)
	return nil
}
