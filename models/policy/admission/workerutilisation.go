package admission

import (
	"cmp"
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "worker-utilisation", Heading: policy.Admission,
		Doc: "While more than `utilisation` of the servers are busy, tiers are shed (503) one after the other in the given order, the least important first: `shed_step` of a tier more each period. " +
			"While fewer are busy they come back in the reverse order, `readmit_step` of a tier each period: slower, so that they do not flap. Tiers that are not in the order are never shed.",
		Source: "Tarjan, \"Scaling your API with rate limiters\", Stripe, 2017: the worker utilization load shedder; test traffic first, critical methods last. Stripe publishes no numbers.",
		Fails:  "Servers that do work of their own until the end show a change only when work has ended: with services longer than some periods it sheds all before the first effect is seen. A pool that is meant to be full, as a batch of GPUs is, looks overloaded.",
		Held:   "No vector. The order of tiers and the steps, period by period; Stripe publishes no numbers.",
		Presets: "All numbers are ours. Source: a period of 1 s, for the requests of an API. Inference: 2 s, " +
			"a tenth of a service of 20 s: 50 steps shed a tier within 100 s, about as long as people wait.",
		Surge:   "order: [free, plus]",
		Fresh:   func() policy.Spec { return new(WorkerUtilisationSpec) },
		PerPool: true,
	})
}

// WorkerUtilisationSpec is the worker utilization load shedder of Stripe (2017).
type WorkerUtilisationSpec struct {
	Preset      string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose period holds where none is given."`
	Order       []string      `yaml:"order" required:"true" ref:"tiers" doc:"Tiers in the order in which they are shed, the first to be shed first."`
	Utilisation unit.Share    `yaml:"utilisation" default:"90%" doc:"Busy share of the servers above which more is shed."`
	Period      unit.Duration `yaml:"period" min:"1ms" or:"0s" doc:"How often that is looked at; 0s: 1s in source, 2s in inference."`
	ShedStep    unit.Share    `yaml:"shed_step" default:"2%" doc:"Share of a tier that is shed more in a period above."`
	ReadmitStep unit.Share    `yaml:"readmit_step" default:"1%" doc:"Share of a tier that is admitted again in a period below."`
}

// New returns the policy with nobody shed.
func (s *WorkerUtilisationSpec) New(env policy.Env) (policy.Policy, error) {
	p := &workerUtilisation{tiers: env.Tiers, luck: env.Luck(), reason: env.Reason(models.Unavailable)}
	return p, p.Reconfigure(s)
}

type workerUtilisation struct {
	tiers             []policy.TierInfo
	place             []float64 // by tier, of the order; +Inf for those never shed
	n                 int       // tiers in the order
	utilisation       float64
	period            sim.Time
	shedStep, readmit float64
	luck              policy.Luck
	reason            models.Reason

	shed float64 // tiers of the order that are shed, the last of them in part
}

// Admit sheds the part of the tier that is to be shed, user by user.
func (p *workerUtilisation) Admit(a *models.Attempt, _ *models.Signals) models.Verdict {
	part := p.shed - p.place[a.Tier]
	if part <= 0 {
		return models.Verdict{}
	}
	user := p.luck.OfUser(a)
	if user.Bool(part) {
		return models.Verdict{Reason: p.reason}
	}
	return models.Verdict{}
}

// Period is that of Tick.
func (p *workerUtilisation) Period() sim.Time { return p.period }

// Tick looks at the servers.
func (p *workerUtilisation) Tick(s *models.Signals) sim.Time {
	if float64(s.Busy) > p.utilisation*float64(s.Capacity) {
		p.shed = min(p.shed+p.shedStep, float64(p.n))
	} else {
		p.shed = max(p.shed-p.readmit, 0)
	}
	return s.Now + p.period
}

// Reconfigure changes the parameters; as much as before is shed.
func (p *workerUtilisation) Reconfigure(spec policy.Spec) error {
	s := spec.(*WorkerUtilisationSpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	period := set.Time(s.Period, sim.Second, 2*sim.Second)
	if err := cmp.Or(positive("period", period), within("utilisation", float64(s.Utilisation), 0, 1), within("shed_step", float64(s.ShedStep), 0, 1), within("readmit_step", float64(s.ReadmitStep), 0, 1)); err != nil {
		return err
	}
	if len(s.Order) == 0 {
		return fmt.Errorf("order is empty, it must name a tier")
	}
	place := make([]float64, len(p.tiers))
	for t := range place {
		place[t] = math.Inf(1)
	}
	for i, name := range s.Order {
		t, err := tierOf("order", name, p.tiers)
		if err != nil {
			return err
		}
		if !math.IsInf(place[t], 1) {
			return fmt.Errorf("order: tier %q stands there twice", name)
		}
		place[t] = float64(i)
	}
	p.place, p.n, p.utilisation, p.period = place, len(s.Order), float64(s.Utilisation), period
	p.shedStep, p.readmit = float64(s.ShedStep), float64(s.ReadmitStep)
	p.shed = min(p.shed, float64(p.n))
	return nil
}
