package admission

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "deadline", Heading: policy.Admission,
		Doc:     "Admits, but lets nothing wait longer than `max_wait`: then it times out in the queue.",
		Source:  "Timeouts in queue as in every request queue.",
		Fails:   "It does not look ahead: an attempt without a chance waits in vain, and its user longer than with a refusal.",
		Held:    "No vector. The longest wait that it sets, call by call.",
		Surge:   "max_wait: 30s",
		Fresh:   func() policy.Spec { return new(DeadlineSpec) },
		Unmoved: "it bounds a wait, and looks at no pool",
	})
}

// DeadlineSpec is a bound on the wait in the queue. It does not look ahead: an
// attempt that has no chance to be served in time waits in vain.
type DeadlineSpec struct {
	MaxWait unit.Duration `yaml:"max_wait" required:"true" doc:"Longest wait in the queue."`
}

// New returns the policy.
func (s *DeadlineSpec) New(policy.Env) (policy.Policy, error) {
	p := &deadline{}
	return p, p.Reconfigure(s)
}

type deadline struct{ maxWait sim.Time }

// Admit sets the longest wait.
func (p *deadline) Admit(*models.Attempt, *models.Signals) models.Verdict {
	return models.Verdict{MaxWait: p.maxWait}
}

// Reconfigure changes the longest wait of the attempts that come from now on.
func (p *deadline) Reconfigure(spec policy.Spec) error {
	s := spec.(*DeadlineSpec)
	if s.MaxWait <= 0 {
		return fmt.Errorf("max_wait is %v, it must be more than 0", sim.Time(s.MaxWait))
	}
	p.maxWait = sim.Time(s.MaxWait)
	return nil
}
