package aqm

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "controlled-delay", Heading: policy.AQM,
		Doc:     "Nothing waits longer than `n`; and if the queue has not been empty for the last `n`, nothing that comes now waits longer than `m`. What reaches its limit times out in the queue. Put an adaptive LIFO queue behind it, as the article does, so that the newest are served within the short limit.",
		Source:  "Maurer, \"Fail at scale\", ACM Queue 13(8), 2015, the listing onNewRequest; the code that Facebook published is another rule (folly-codel).",
		Fails:   "Alone, in front of a first-in-first-out queue, it keeps everybody waiting up to the limit and then serves those who have waited longest. A queue that is briefly empty now and then is never seen as overloaded.",
		Held:    "No vector. When the queue counts as empty within N, call by call; the CoDel of the same authors, `folly-codel`, has one.",
		Presets: "Source: m 5 ms, n 100 ms. Inference: m 5 s, a quarter of a service of 20 s; n 20 s, a service: who has waited it can still be served within a minute, as with twenty times m, which the source has, nobody could.",
		Scale:   "A queue before fewer servers comes and goes more slowly: near capacity it stands for longer in a world of reduced scale, and the short limit is in force more often.",
		Fresh:   func() policy.Spec { return new(ControlledDelaySpec) },
		Unmoved: "it stands at the queue itself, and sees when it is empty",
		PerPool: true,
	})
}

// ControlledDelaySpec is the controlled delay of Maurer's article. There the
// limit is given to a request as it is put into the queue, so that here it is a
// longest wait set on admission (models.Verdict.MaxWait) and not a drop at the
// head: what is over its limit leaves at once and its user knows at once.
type ControlledDelaySpec struct {
	Preset string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times are taken where none are given: the published ones (source), or those for work of seconds (inference)."`
	M      unit.Duration `yaml:"m" doc:"Longest wait of what comes while the queue has not been empty for n; 5ms in source, 5s in inference."`
	N      unit.Duration `yaml:"n" doc:"Longest wait otherwise, and how long a queue must have held somebody to count as standing; 100ms in source, 20s in inference."`
}

// New returns the policy; the queue counts as empty until now.
func (s *ControlledDelaySpec) New(env policy.Env) (policy.Policy, error) {
	p := &controlledDelay{empty: env.Now()}
	return p, p.Reconfigure(s)
}

type controlledDelay struct {
	m, n  sim.Time
	empty sim.Time // when the queue was last seen empty
}

// Admit sets the longest wait.
func (p *controlledDelay) Admit(_ *models.Attempt, s *models.Signals) models.Verdict {
	p.look(s)
	if p.empty < s.Now-p.n {
		return models.Verdict{MaxWait: p.m}
	}
	return models.Verdict{MaxWait: p.n}
}

// Start looks whether the queue is empty now that the attempt has left it.
func (p *controlledDelay) Start(_ *models.Attempt, s *models.Signals) models.Verdict {
	p.look(s)
	return models.Verdict{}
}

// look notes an empty queue. One that empties does so by the start of its last
// attempt, or by the impatience of it, which the next to arrive sees.
func (p *controlledDelay) look(s *models.Signals) {
	if s.Waiting == 0 {
		p.empty = s.Now
	}
}

// Reconfigure changes the limits of what comes from now on.
func (p *controlledDelay) Reconfigure(spec policy.Spec) error {
	s := spec.(*ControlledDelaySpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	if err := above0("m", s.M); err != nil {
		return err
	}
	if err := above0("n", s.N); err != nil {
		return err
	}
	p.m, p.n = set.Time(s.M, 5*sim.Millisecond, 5*sim.Second), set.Time(s.N, 100*sim.Millisecond, 20*sim.Second)
	return nil
}
