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
		Name: "gradient2", Heading: policy.Concurrency,
		Doc:     "Lets `limit` attempts be in flight and refuses (503) the others. The limit is multiplied by the ratio of the long average of the rtt, with some tolerance, to the rtt of the moment, between a half and one, and `queue_size` is added for growth; the change is smoothed. Drops are ignored.",
		Source:  "Netflix/concurrency-limits, Gradient2Limit, ExpAvgMeasurement and WindowedLimit (commit 78a74b98).",
		Fails:   "A ratio cannot see a steadily bad level: under a lasting overload the long average becomes the overload, the ratio returns to one, and the limit grows until `max` (Netflix/concurrency-limits issue 137). Failures and timeouts are ignored, and the limit never falls below `min`. " + perProcess,
		Held:    "Vectors of Netflix/concurrency-limits (commit 78a74b98), `ncl_gradient2_a` and `_b` (all 800 rows, the estimate and the long average to 1e-9) and, for the window, `ncl_windowed_a` (all 400 rows, 14 of which end a window).",
		Presets: "window is 0 in source: every attempt is a sample, as in the bare limit. In inference it is 20 s, one service: with each window the limit grows by `smoothing` x `queue_size` at most, which longer ones would make too slow. The long average is of `long_window` samples: with the window, of as many windows.",
		Scale:   integerSteps,
		Surge:   "max: 1000",
		Fresh:   func() policy.Spec { return new(Gradient2Spec) },
		PerPool: true,
	})
}

// Gradient2Spec is a limit on what is in flight that compares the rtt with its
// long average. A sample (of an attempt, or of a window of them) enters the
// average, which is the arithmetic mean of the first 10 and exponential with the
// factor 2/(long_window + 1) from then on. If inFlight < limit/2 that is all;
// otherwise
//
//	gradient = max(1/2, min(1, rtt_tolerance x long/rtt))
//	limit    = (1 - smoothing) limit + smoothing (limit x gradient + queue_size)
//
// within min and max. After a sample with long/rtt > 2 the average is multiplied
// by 0.95, so that it comes down fast once an overload has ended.
type Gradient2Spec struct {
	Preset           string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Which times hold where none is given: source as published, inference for work of some 20 seconds."`
	Initial          unit.Count    `yaml:"initial" doc:"Limit at the start; 0: 20 in source, the servers that are up in inference."`
	Min              unit.Count    `yaml:"min" default:"20" doc:"Least limit."`
	Max              unit.Count    `yaml:"max" min:"0" doc:"Largest limit; 0: 200 in source, as published for one process, ten times the servers that are up in inference."`
	Smoothing        unit.Share    `yaml:"smoothing" default:"0.2" doc:"Weight of the new limit against the old."`
	QueueSize        unit.Count    `yaml:"queue_size" default:"4" doc:"What the limit may grow by, and the queue that it allows."`
	LongWindow       int           `yaml:"long_window" default:"600" min:"1" max:"1000000" doc:"Samples of the long average."`
	RTTTolerance     unit.Factor   `yaml:"rtt_tolerance" default:"1.5" min:"1" doc:"How many times its long average the rtt may be before the limit falls."`
	Window           unit.Duration `yaml:"window" doc:"Length of the window whose attempts make one sample: none in source, 20s in inference; Netflix uses 1s."`
	MinWindowSamples int           `yaml:"min_window_samples" default:"10" min:"1" max:"1000000" doc:"Attempts with which a window counts."`
}

// New returns the policy, at its initial limit.
func (s *Gradient2Spec) New(env policy.Env) (policy.Policy, error) {
	p := &gradient2{bounds: bounds{env: &env}, reason: env.Reason(models.Unavailable)}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	p.limit = float64(p.initial)
	return p, nil
}

type gradient2 struct {
	bounds
	counted
	spec   Gradient2Spec
	window window
	limit  float64
	long   average // of the rtt, ns
	reason models.Reason
}

// longWarmup is the samples whose arithmetic mean the long average is at first.
const longWarmup = 10

// An average is the arithmetic mean of its first samples and then exponential.
type average struct {
	value, sum float64
	n          int
}

func (m *average) add(x, factor float64, warmup int) float64 {
	if m.n < warmup {
		m.n++
		m.sum += x
		m.value = m.sum / float64(m.n)
	} else {
		m.value = float64(m.value*(1-factor)) + float64(x*factor)
	}
	return m.value
}

// Admit refuses while as many are in flight as the limit says.
func (p *gradient2) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
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

// Finish moves the limit. A drop counts as any other sample.
func (p *gradient2) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	e, ok := p.flights.Leave(a)
	if !ok {
		return
	}
	s, ok := sampleOf(e, a, o, now)
	if !ok {
		return
	}
	if s, ok = p.window.add(now, s); ok {
		p.update(s)
	}
}

func (p *gradient2) update(s sample) {
	short := float64(s.rtt)
	long := p.long.add(short, 2/float64(p.spec.LongWindow+1), longWarmup)
	if long/short > 2 {
		p.long.value = float64(p.long.value * 0.95)
	}
	if float64(s.inFlight) < p.limit/2 {
		return
	}
	gradient := math.Max(0.5, math.Min(1, float64(float64(p.spec.RTTTolerance)*long)/short))
	next := float64(p.limit*gradient) + math.Floor(float64(p.spec.QueueSize)+0.5)
	w := float64(p.spec.Smoothing)
	p.limit = p.within(float64(p.limit*(1-w)) + float64(next*w))
}

// Reconfigure changes the parameters; the limit and the averages stay.
func (p *gradient2) Reconfigure(spec policy.Spec) error {
	s := spec.(*Gradient2Spec)
	set, unknown := policy.PresetOf(s.Preset)
	b, err := p.bounds.with(set, s.Initial, s.Min, s.Max, 200)
	err = cmp.Or(unknown, err, share("smoothing", float64(s.Smoothing)), atLeast("long_window", s.LongWindow, 1),
		notNegative("window", s.Window), atLeast("min_window_samples", s.MinWindowSamples, 1))
	if err != nil {
		return err
	}
	if !(s.RTTTolerance >= 1 && s.RTTTolerance <= math.MaxFloat64) {
		return fmt.Errorf("rtt_tolerance is %v, it must be 1 or more", float64(s.RTTTolerance))
	}
	if !(s.QueueSize >= 0 && s.QueueSize <= 1<<30) {
		return fmt.Errorf("queue_size is %v, it must be 0 to 2^30", float64(s.QueueSize))
	}
	p.bounds, p.spec = b, *s
	p.window.length, p.window.least = set.Time(s.Window, 0, 20*sim.Second), s.MinWindowSamples
	p.limit = p.settled(p.limit)
	return nil
}
