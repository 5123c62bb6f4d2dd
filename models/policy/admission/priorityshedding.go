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
		Doc: "Refuses (503) a tier while the queue, in attempts a server, is at or above the tier's threshold: the lower the threshold, the earlier the tier is shed. A threshold may be a utilisation of the servers instead, and may be set for a criticality that tiers are given. " +
			"Tiers without a threshold are not shed.",
		Source: "\"Handling Overload\", Site Reliability Engineering, 2016, chapter 21.",
		Fails:  "Where most of the load is of the highest tier there is nothing left to shed, and a threshold in attempts a server is a wait only as long as service times stay what they were.",
		Held:   "No vector. Which tier is shed at which queue or utilisation, call by call; the book gives no numbers.",
		Surge:  "thresholds: [{name: free, waiting_per_server: 0.5}, {name: plus, waiting_per_server: 2}]",
		Fresh:  func() policy.Spec { return new(PrioritySheddingSpec) },
	})
}

// criticalities are those of the book, the most critical first.
var criticalities = []string{"CRITICAL_PLUS", "CRITICAL", "SHEDDABLE_PLUS", "SHEDDABLE"}

// PrioritySheddingSpec sheds load by criticality ("Handling Overload", Site
// Reliability Engineering, O'Reilly 2016, chapter 21); the book names the
// criticalities and leaves the thresholds to the operator. Thresholds are in
// units of the capacity that is up, so that they hold while it changes: with a
// mean service of 30 s, 4 waiting a server are a wait of two minutes.
type PrioritySheddingSpec struct {
	Thresholds    []Threshold   `yaml:"thresholds" required:"true" doc:"The load at which each tier, or each tier of a criticality, is shed."`
	Criticalities []Criticality `yaml:"criticalities" doc:"How critical tiers are, for thresholds by criticality."`
}

// A Threshold is the queue at which a tier is shed, or the utilisation. One that
// is named after a criticality holds for the tiers that have it and no threshold
// of their own.
type Threshold struct {
	Name             string      `yaml:"name" required:"true" ref:"tiers,CRITICAL_PLUS,CRITICAL,SHEDDABLE_PLUS,SHEDDABLE" doc:"Tier or criticality."`
	WaitingPerServer unit.Factor `yaml:"waiting_per_server" doc:"Attempts in the queue for each server that is up, from which the tier is refused; 0: it never waits."`
	Utilisation      unit.Share  `yaml:"utilisation" doc:"Busy share of the servers from which the tier is refused, instead of waiting_per_server; 0% is none."`
}

// A Criticality is how critical a tier is.
type Criticality struct {
	Name        string `yaml:"name" required:"true" ref:"tiers" doc:"Tier."`
	Criticality string `yaml:"criticality" required:"true" enum:"CRITICAL_PLUS,CRITICAL,SHEDDABLE_PLUS,SHEDDABLE" doc:"How critical it is."`
}

// New returns the policy.
func (s *PrioritySheddingSpec) New(env policy.Env) (policy.Policy, error) {
	p := &priorityShedding{tiers: env.Tiers, reason: env.Reason(models.Unavailable)}
	return p, p.Reconfigure(s)
}

type priorityShedding struct {
	tiers      []policy.TierInfo
	thresholds []threshold // by tier
	reason     models.Reason
}

// A threshold is +Inf in both for a tier that is not shed.
type threshold struct{ waiting, utilisation float64 }

var never = threshold{math.Inf(1), math.Inf(1)}

// Admit compares the load with the threshold of the attempt's tier.
func (p *priorityShedding) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	t := p.thresholds[a.Tier]
	if mustWait(s) && float64(s.Waiting) >= t.waiting*float64(max(s.Capacity, 1)) ||
		float64(s.Busy) >= t.utilisation*float64(max(s.Capacity, 1)) {
		return models.Verdict{Reason: p.reason}
	}
	return models.Verdict{}
}

// Reconfigure changes the thresholds.
func (p *priorityShedding) Reconfigure(spec policy.Spec) error {
	s := spec.(*PrioritySheddingSpec)
	own := make([]threshold, len(p.tiers))
	byName := make([]threshold, len(criticalities))
	for i := range own {
		own[i] = never
	}
	for i := range byName {
		byName[i] = never
	}
	for _, th := range s.Thresholds {
		list, i := byName, slices.Index(criticalities, th.Name)
		if i < 0 {
			var err error
			if i, err = tierOf("thresholds", th.Name, p.tiers); err != nil {
				return err
			}
			list = own
		}
		switch {
		case !(th.WaitingPerServer >= 0):
			return fmt.Errorf("thresholds.%s.waiting_per_server is %v, it must be 0 or more", th.Name, float64(th.WaitingPerServer))
		case !(th.Utilisation >= 0 && th.Utilisation <= 1):
			return fmt.Errorf("thresholds.%s.utilisation is %v, it must be 0 to 1", th.Name, float64(th.Utilisation))
		case th.Utilisation > 0 && th.WaitingPerServer > 0:
			return fmt.Errorf("thresholds.%s.utilisation stands beside waiting_per_server, it must be one of the two", th.Name)
		case list[i] != never:
			return fmt.Errorf("thresholds: tier %q stands there twice", th.Name)
		}
		list[i] = threshold{float64(th.WaitingPerServer), math.Inf(1)}
		if th.Utilisation > 0 {
			list[i] = threshold{math.Inf(1), float64(th.Utilisation)}
		}
	}
	for _, c := range s.Criticalities {
		t, err := tierOf("criticalities", c.Name, p.tiers)
		if err != nil {
			return err
		}
		i := slices.Index(criticalities, c.Criticality)
		if i < 0 {
			return fmt.Errorf("criticalities.%s.criticality is %q, it must be one of %v", c.Name, c.Criticality, criticalities)
		}
		if own[t] == never {
			own[t] = byName[i]
		}
	}
	p.thresholds = own
	return nil
}
