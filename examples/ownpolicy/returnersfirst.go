package main

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
)

func init() {
	policy.Register(policy.Kind{
		Name: "returners-first", Heading: policy.Custom,
		Doc:   "Refuses first tries while `queue` attempts wait; who was refused before may always join.",
		Fresh: func() policy.Spec { return new(ReturnersFirst) },
	})
}

// ReturnersFirst is the policy's section of a scenario. A Count is scaled with
// the world.
type ReturnersFirst struct {
	Queue unit.Count `yaml:"queue" required:"true" min:"1" doc:"Attempts that may wait before first tries are refused."`
}

// New makes the policy for a run.
func (s *ReturnersFirst) New(env policy.Env) (policy.Policy, error) {
	p := &returnersFirst{refused: env.Reason(models.Unavailable)}
	return p, p.Reconfigure(s)
}

type returnersFirst struct {
	queue   int
	refused models.Reason
}

// Admit is asked about every attempt.
func (p *returnersFirst) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if a.Try == 1 && s.Waiting >= p.queue {
		return models.Verdict{Reason: p.refused}
	}
	return models.Verdict{}
}

// Reconfigure takes over what the timeline changes.
func (p *returnersFirst) Reconfigure(spec policy.Spec) error {
	s := spec.(*ReturnersFirst)
	if s.Queue < 1 {
		return fmt.Errorf("queue is %v, it must be at least 1", s.Queue)
	}
	p.queue = int(s.Queue)
	return nil
}
