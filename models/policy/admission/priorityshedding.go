package admission

import (
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
)

func init() {
	policy.Register(policy.Kind{
		Name: "priority-shedding", Heading: policy.Admission,
		Doc:    "Refuses (503) a tier while the queue, in attempts a server, is at or above the tier's threshold: the lower the threshold, the earlier the tier is shed. Tiers without a threshold are not shed.",
		Source: "\"Handling Overload\", Site Reliability Engineering, 2016, chapter 21.",
		Fails:  "Where most of the load is of the highest tier there is nothing left to shed, and a threshold in attempts a server is a wait only as long as service times stay what they were.",
		Surge:  "thresholds: [{name: free, waiting_per_server: 0.5}, {name: plus, waiting_per_server: 2}]",
		Fresh:  func() policy.Spec { return new(PrioritySheddingSpec) },
	})
}

// PrioritySheddingSpec sheds load by criticality ("Handling Overload", Site
// Reliability Engineering, O'Reilly 2016, chapter 21); the book names the
// criticalities and leaves the thresholds to the operator. Thresholds are in
// units of the capacity that is up, so that they hold while it changes: with a
// mean service of 30 s, 4 waiting a server are a wait of two minutes.
type PrioritySheddingSpec struct {
	Thresholds []Threshold `yaml:"thresholds" required:"true" doc:"The queue at which each tier is shed."`
}

// A Threshold is the queue at which a tier is shed.
type Threshold struct {
	Name             string      `yaml:"name" required:"true" ref:"tiers" doc:"Tier."`
	WaitingPerServer unit.Factor `yaml:"waiting_per_server" required:"true" doc:"Attempts in the queue for each server that is up, from which the tier is refused; 0: it never waits."`
}

// New returns the policy.
func (s *PrioritySheddingSpec) New(env policy.Env) (policy.Policy, error) {
	p := &priorityShedding{tiers: env.Tiers, reason: env.Reason(models.Unavailable)}
	return p, p.Reconfigure(s)
}

type priorityShedding struct {
	tiers      []policy.TierInfo
	thresholds []float64 // by tier, +Inf for those not shed
	reason     models.Reason
}

// Admit compares the queue with the threshold of the attempt's tier.
func (p *priorityShedding) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if mustWait(s) && float64(s.Waiting) >= p.thresholds[a.Tier]*float64(max(s.Capacity, 1)) {
		return models.Verdict{Reason: p.reason}
	}
	return models.Verdict{}
}

// Reconfigure changes the thresholds.
func (p *priorityShedding) Reconfigure(spec policy.Spec) error {
	thresholds := make([]float64, len(p.tiers))
	for t := range thresholds {
		thresholds[t] = math.Inf(1)
	}
	for _, th := range spec.(*PrioritySheddingSpec).Thresholds {
		t := slices.IndexFunc(p.tiers, func(t policy.TierInfo) bool { return t.Name == th.Name })
		switch {
		case t < 0:
			return fmt.Errorf("thresholds: there is no tier %q", th.Name)
		case !(th.WaitingPerServer >= 0):
			return fmt.Errorf("thresholds.%s.waiting_per_server is %v, it must be 0 or more", th.Name, float64(th.WaitingPerServer))
		case !math.IsInf(thresholds[t], 1):
			return fmt.Errorf("thresholds: tier %q stands there twice", th.Name)
		}
		thresholds[t] = float64(th.WaitingPerServer)
	}
	p.thresholds = thresholds
	return nil
}
