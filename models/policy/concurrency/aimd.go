package concurrency

import (
	"cmp"
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "aimd", Heading: policy.Concurrency,
		Doc:     "Lets `limit` attempts be in flight and refuses (503) the others. The limit rises by one with each sample, if at least half of it was used, and falls to `backoff_ratio` of itself with each that was dropped or took longer than `timeout`. It starts at `initial` and stays within `min` and `max`.",
		Source:  "Netflix/concurrency-limits, AIMDLimit (commit 78a74b98); additive increase, multiplicative decrease is of Chiu and Jain, 1989, and TCP.",
		Fails:   "It sees only losses: where the queue is long and nothing times out it grows until something does, and users who give up are no losses. Every drop of one bad moment cuts the limit again. " + perProcess,
		Held:    "Vectors of Netflix/concurrency-limits (commit 78a74b98), `ncl_aimd_a` and `ncl_aimd_b`, the limit after each sample exactly: 794 of 800 rows. Left out are 6 rows of file b with nothing in flight that come to nothing, for here one is the least; the 73 others with nothing in flight are played with one.",
		Presets: "timeout is 5 s in source. In inference it is 2 min, six services of 20 s: the longest one in a thousand is of 60 to 80 s where service times vary by half their mean, and each of those must not cut the limit.",
		Scale:   integerSteps,
		Surge:   "max: 1000",
		Fresh:   func() policy.Spec { return new(AIMDSpec) },
		PerPool: true,
	})
}

// AIMDSpec is additive increase and multiplicative decrease of a limit on what
// is in flight, once for each sample:
//
//	dropped or rtt > timeout:  limit = floor(limit x backoff_ratio)
//	2 x inFlight >= limit:     limit = limit + 1
//
// and then within min and max.
type AIMDSpec struct {
	Preset       string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Which times hold where none is given: source as published, inference for work of some 20 seconds."`
	Initial      unit.Count    `yaml:"initial" doc:"Limit at the start; 0: 20 in source, the servers that are up in inference."`
	Min          unit.Count    `yaml:"min" default:"20" doc:"Least limit."`
	Max          unit.Count    `yaml:"max" min:"0" doc:"Largest limit; 0: 200 in source, as published for one process, ten times the servers that are up in inference."`
	BackoffRatio unit.Share    `yaml:"backoff_ratio" default:"0.9" doc:"What is left of the limit after a drop."`
	Timeout      unit.Duration `yaml:"timeout" doc:"Time from which a sample counts as dropped: 5s in source, 2min in inference."`
}

// New returns the policy, at its initial limit.
func (s *AIMDSpec) New(env policy.Env) (policy.Policy, error) {
	p := &aimd{bounds: bounds{env: &env}, reason: env.Reason(models.Unavailable)}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	p.limit = p.initial
	return p, nil
}

type aimd struct {
	bounds
	counted
	backoff float64
	timeout sim.Time
	limit   int
	reason  models.Reason
}

// Admit refuses while as many are in flight as the limit says.
func (p *aimd) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	p.follow(s.Capacity)
	if p.limit == 0 {
		p.limit = int(p.first(s.Capacity))
	}
	if p.flights.N >= p.limit {
		return models.Verdict{Reason: p.reason}
	}
	p.flights.Enter(a, s.Now)
	return models.Verdict{}
}

// Finish moves the limit.
func (p *aimd) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	e, ok := p.flights.Leave(a)
	if !ok {
		return
	}
	s, ok := sampleOf(e, a, o, now)
	if !ok {
		return
	}
	if s.dropped || s.rtt > p.timeout {
		p.limit = int(float64(p.limit) * p.backoff)
	} else if 2*s.inFlight >= p.limit {
		p.limit++
	}
	p.limit = min(p.most, max(p.least, p.limit))
}

// Reconfigure changes the parameters; the limit stays, within the new bounds.
func (p *aimd) Reconfigure(spec policy.Spec) error {
	s := spec.(*AIMDSpec)
	set, unknown := policy.PresetOf(s.Preset)
	b, err := p.bounds.with(set, s.Initial, s.Min, s.Max, 200)
	if err := cmp.Or(unknown, err, notNegative("timeout", s.Timeout)); err != nil {
		return err
	}
	if !(s.BackoffRatio > 0 && s.BackoffRatio < 1) {
		return fmt.Errorf("backoff_ratio is %v, it must be above 0 and below 1", float64(s.BackoffRatio))
	}
	p.bounds, p.backoff = b, float64(s.BackoffRatio)
	p.timeout = set.Time(s.Timeout, 5*sim.Second, 2*sim.Minute)
	p.limit = int(b.settled(float64(p.limit)))
	return nil
}
