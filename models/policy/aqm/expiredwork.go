package aqm

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "expired-work", Heading: policy.AQM,
		Doc:     "Drops an attempt as its turn comes if the time that its class is expected to take would end later than `deadline` after it came: no server works on what comes too late. Until then it may wait.",
		Source:  "\"Addressing Cascading Failures\", Site Reliability Engineering, 2016, chapter 22, on deadlines; \"Handling Overload\", chapter 21.",
		Fails:   "The queue stays as long as the deadline allows, so that under overload everybody waits nearly that long and little margin is left for a service that is slower than expected. It saves servers, not waits.",
		Held:    "No vector. Who is dropped to the instant at which his answer would be late, call by call.",
		Surge:   "deadline: 1m",
		Fresh:   func() policy.Spec { return new(ExpiredWorkSpec) },
		Unmoved: "it stands at the queue itself, and looks at the attempt whose turn has come",
	})
}

// ExpiredWorkSpec is a deadline that is looked at when a server is free for the
// attempt. The expected service is what the gateway expected of the attempt's
// class when the last of them was admitted: the mean at the pool's speed.
type ExpiredWorkSpec struct {
	Deadline unit.Duration `yaml:"deadline" required:"true" doc:"From the arrival of an attempt, the time by which it must be answered."`
}

// New returns the policy.
func (s *ExpiredWorkSpec) New(env policy.Env) (policy.Policy, error) {
	p := &expiredWork{expected: make([]sim.Time, len(env.Classes)), reason: env.Reason(models.Unavailable)}
	return p, p.Reconfigure(s)
}

type expiredWork struct {
	deadline sim.Time
	expected []sim.Time // service, by class
	reason   models.Reason
}

// Admit lets everything in and notes what its class is expected to take.
func (p *expiredWork) Admit(a *models.Attempt, _ *models.Signals) models.Verdict {
	p.expected[a.Class] = a.Service
	return models.Verdict{}
}

// Start drops what would be late.
func (p *expiredWork) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	if s.Now-a.Arrived > p.deadline-p.expected[a.Class] {
		return models.Verdict{Reason: p.reason}
	}
	return models.Verdict{}
}

// Reconfigure changes the deadline, of those who wait, too.
func (p *expiredWork) Reconfigure(spec policy.Spec) error {
	s := spec.(*ExpiredWorkSpec)
	if s.Deadline <= 0 {
		return fmt.Errorf("deadline is %v, it must be more than 0", sim.Time(s.Deadline))
	}
	p.deadline = sim.Time(s.Deadline)
	return nil
}
