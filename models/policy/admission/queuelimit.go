package admission

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
)

func init() {
	policy.Register(policy.Kind{
		Name: "queue-limit", Heading: policy.Admission,
		Doc:    "Refuses (503) an attempt that would have to wait behind `limit` others or more (drop tail).",
		Source: "The finite waiting room of queueing theory: M/M/c/K.",
		Fails:  "A limit in attempts is a wait in seconds only at one speed of service; short of patience it admits work that will be abandoned.",
		Held:   "No vector. The published blocking probability of M/M/c/K, which `launchday validate` proves in whole runs with it, and Erlang's loss for a limit of 0.",
		Surge:  "limit: 150",
		Fresh:  func() policy.Spec { return new(QueueLimitSpec) },
	})
}

// QueueLimitSpec is the finite waiting room: c servers with it are M/M/c/K,
// K = c + limit. A limit of 0 is the loss system, where nobody waits.
type QueueLimitSpec struct {
	Limit unit.Count `yaml:"limit" required:"true" min:"0" doc:"Attempts in the queue at which the next is refused."`
}

// New returns the policy.
func (s *QueueLimitSpec) New(env policy.Env) (policy.Policy, error) {
	p := &queueLimit{reason: env.Reason(models.Unavailable)}
	return p, p.Reconfigure(s)
}

type queueLimit struct {
	limit  int
	reason models.Reason
}

// Admit looks at the length of the queue.
func (p *queueLimit) Admit(_ *models.Attempt, s *models.Signals) models.Verdict {
	if s.Waiting >= p.limit && mustWait(s) {
		return models.Verdict{Reason: p.reason}
	}
	return models.Verdict{}
}

// Reconfigure changes the limit; what waits already goes on waiting.
func (p *queueLimit) Reconfigure(spec policy.Spec) error {
	limit := float64(spec.(*QueueLimitSpec).Limit)
	if !(limit >= 0 && limit <= 1<<53) {
		return fmt.Errorf("limit is %v, it must be 0 to 2^53", limit)
	}
	p.limit = int(math.Floor(limit + 0.5))
	return nil
}
