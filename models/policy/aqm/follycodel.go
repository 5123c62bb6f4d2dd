package aqm

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "folly-codel", Heading: policy.AQM,
		Doc:     "It keeps the least wait of each `interval`. If that was above `target`, the next interval counts as overloaded: in it, whatever has waited longer than twice the target is dropped as its turn comes. The first of an interval always passes.",
		Source:  "facebook/folly, folly/executors/Codel.cpp, Codel::overloaded; it is what Facebook's services run, and not the rule of Maurer's article (controlled-delay).",
		Fails:   "In a first-in-first-out queue under steady overload all have waited longer than twice the target: it drops nearly all of an interval at once, then none, and the queue saws.",
		Held:    "Vectors of folly/executors/Codel (commit ff98381e), `folly_codel_a` and `_b`: all 800 rows, exactly.",
		Presets: "Source: target 5 ms, interval 100 ms. Inference: target 2 s, a tenth of a service of 20 s, so that what is kept has waited 4 s at most; interval 20 s, a service: so long a queue without one short wait is no ripple, and a third of a minute's patience is left to act in.",
		Fresh:   func() policy.Spec { return new(FollyCoDelSpec) },
		Unmoved: "it stands at the queue itself, and measures the wait of each attempt there",
		PerPool: true,
	})
}

// FollyCoDelSpec is the class Codel of Folly. Its intervals begin with the first
// attempt whose turn comes after the end of the last one.
type FollyCoDelSpec struct {
	Preset   string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times are taken where none are given: the published ones (source), or those for work of seconds (inference)."`
	Target   unit.Duration `yaml:"target" doc:"Least wait of an interval above which the next is overloaded; in that one, what waited more than twice as long is dropped. 5ms in source, 2s in inference."`
	Interval unit.Duration `yaml:"interval" doc:"Over how long the least wait is taken; 100ms in source, 20s in inference."`
}

// New returns the policy with its first interval just over.
func (s *FollyCoDelSpec) New(env policy.Env) (policy.Policy, error) {
	p := &follyCoDel{reason: env.Reason(models.Unavailable), end: env.Now(), restart: true}
	return p, p.Reconfigure(s)
}

type follyCoDel struct {
	target, interval sim.Time
	least            sim.Time // wait of the interval
	end              sim.Time // of the interval
	restart          bool     // the next wait is the first of an interval
	overloaded       bool
	reason           models.Reason
}

// Admit lets everything into the queue.
func (p *follyCoDel) Admit(*models.Attempt, *models.Signals) models.Verdict { return models.Verdict{} }

// Start is Codel::overloaded.
func (p *follyCoDel) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	wait := s.Now - a.Admitted
	if s.Now > p.end && !p.restart {
		p.restart = true
		p.end = s.Now + p.interval
		p.overloaded = p.least > p.target
	}
	if p.restart {
		p.restart = false
		p.least = wait
		return models.Verdict{}
	}
	p.least = min(p.least, wait)
	if p.overloaded && wait > 2*p.target {
		return models.Verdict{Reason: p.reason}
	}
	return models.Verdict{}
}

// Reconfigure changes the parameters; the interval under way ends as planned.
func (p *follyCoDel) Reconfigure(spec policy.Spec) error {
	s := spec.(*FollyCoDelSpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	if err := above0("target", s.Target); err != nil {
		return err
	}
	if err := above0("interval", s.Interval); err != nil {
		return err
	}
	p.target, p.interval = set.Time(s.Target, codelTarget, 2*sim.Second), set.Time(s.Interval, codelInterval, 20*sim.Second)
	return nil
}
