package admission

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "reserved-capacity", Heading: policy.Admission,
		Doc:     "A share of the servers is kept for the critical tiers (a bulkhead; Stripe's fleet usage load shedder). The others may have as many attempts in flight as the rest of the servers; more are refused (503). Critical tiers may use all.",
		Source:  "Tarjan, \"Scaling your API with rate limiters\", Stripe, 2017: \"if our reserved number is 20 %, then any non-critical request over their 80 % allocation would be rejected\"; the 20 % is its example.",
		Fails:   "What is reserved and not used is idle, and the critical tiers are protected only up to what was reserved: their own flood still queues.",
		Held:    "No vector. The article's example of 20 %, call by call.",
		Surge:   "critical: [plus]",
		Fresh:   func() policy.Spec { return new(ReservedCapacitySpec) },
		PerPool: true,
		Unmoved: "it counts what it lets through itself, and knows how many servers there are",
	})
}

// ReservedCapacitySpec is the fleet usage load shedder of Stripe (2017). The
// policy must act on the tiers that are not critical, or on all.
type ReservedCapacitySpec struct {
	Critical []string   `yaml:"critical" required:"true" ref:"tiers" doc:"Tiers for which capacity is reserved."`
	Share    unit.Share `yaml:"share" default:"20%" doc:"Share of the servers that is reserved."`
}

// New returns the policy with nobody in flight.
func (s *ReservedCapacitySpec) New(env policy.Env) (policy.Policy, error) {
	p := &reservedCapacity{tiers: env.Tiers, reason: env.Reason(models.Unavailable), counted: make([]bool, len(env.Tiers))}
	return p, p.Reconfigure(s)
}

type reservedCapacity struct {
	tiers    []policy.TierInfo
	counted  []bool // by tier, those that are not critical
	open     float64
	inFlight [256]int // by tier
	others   int      // in flight of those that are not critical
	reason   models.Reason
}

// Admit counts those in flight that are not critical.
func (p *reservedCapacity) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if p.counted[a.Tier] {
		if p.others >= int(math.Floor(float64(p.open*float64(s.Capacity))+1e-9)) {
			return models.Verdict{Reason: p.reason}
		}
		p.others++
	}
	p.inFlight[a.Tier]++
	return models.Verdict{}
}

// Finish is the end of one in flight.
func (p *reservedCapacity) Finish(a *models.Attempt, _ models.Outcome, _ sim.Time) {
	p.inFlight[a.Tier]--
	if p.counted[a.Tier] {
		p.others--
	}
}

// Reconfigure changes share and tiers; who is in flight stays so.
func (p *reservedCapacity) Reconfigure(spec policy.Spec) error {
	s := spec.(*ReservedCapacitySpec)
	if err := within("share", float64(s.Share), 0, 1); err != nil {
		return err
	}
	if len(s.Critical) == 0 {
		return fmt.Errorf("critical is empty, it must name a tier")
	}
	critical := make([]bool, len(p.tiers))
	for _, name := range s.Critical {
		t, err := tierOf("critical", name, p.tiers)
		if err != nil {
			return err
		}
		critical[t] = true
	}
	p.open, p.others = 1-float64(s.Share), 0
	for t, c := range critical {
		p.counted[t] = !c
		if !c {
			p.others += p.inFlight[t]
		}
	}
	return nil
}
