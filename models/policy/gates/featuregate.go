package gates

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "feature-gate", Heading: policy.Gates,
		Doc:     "Opens a feature to `percent` of the users and refuses the others (403). A user who is in stays in as the percentage rises. Anonymous requests are drawn one by one.",
		Source:  "Staged rollout as practised; the launch postponed the free tier.",
		Fails:   "Those who are outside see a refusal, and may come back or share it; the load of those inside is not bounded.",
		Held:    "No vector. Shares of users and of anonymous requests, statistically; that who is in stays in as the percentage rises, and the ramp at instants.",
		Surge:   "percent: 45%",
		NoGain:  "it stands half closed before and after the surge, too, when there would be room for all. A gate that the timeline moves does better.",
		Fresh:   func() policy.Spec { return new(FeatureGateSpec) },
		Unmoved: "it looks at no pool",
	})
}

// FeatureGateSpec is a staged rollout: each user has a number from 0 to 1 of
// his own, a hash of user and gate, and is in while it is below percent. Two
// gates draw different users.
type FeatureGateSpec struct {
	Percent unit.Share    `yaml:"percent" required:"true" doc:"Share of the users who are let in, 0 to 1."`
	Ramp    unit.Duration `yaml:"ramp" doc:"Time in which a change of percent takes effect, linearly; at once if absent."`
}

// New returns a gate that is open to percent at once.
func (s *FeatureGateSpec) New(env policy.Env) (policy.Policy, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	p := float64(s.Percent)
	return &featureGate{from: p, to: p, now: env.Now, luck: env.Luck(), reason: env.Reason(models.Forbidden)}, nil
}

func (s *FeatureGateSpec) check() error {
	if !(s.Percent >= 0 && s.Percent <= 1) {
		return fmt.Errorf("percent is %v, it must be 0%% to 100%%", float64(s.Percent))
	}
	if s.Ramp < 0 {
		return fmt.Errorf("ramp is %v, it must be 0 or more", sim.Time(s.Ramp))
	}
	return nil
}

// A featureGate is open to the share `from` at start and `to` after ramp.
type featureGate struct {
	from, to    float64
	start, ramp sim.Time
	now         func() sim.Time
	luck        policy.Luck
	reason      models.Reason
}

// Admit lets the attempt in if its user's number is below the share of now.
func (g *featureGate) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	draw := g.luck.OfUser(a)
	if !draw.Bool(g.share(s.Now)) {
		return models.Verdict{Reason: g.reason}
	}
	return models.Verdict{}
}

// Reconfigure sets out from the share that the gate has reached. While percent
// stays what it was, a ramp that is under way goes on as it began.
func (g *featureGate) Reconfigure(spec policy.Spec) error {
	s := spec.(*FeatureGateSpec)
	if err := s.check(); err != nil {
		return err
	}
	if to := float64(s.Percent); to != g.to {
		now := g.now()
		g.from, g.to, g.start, g.ramp = g.share(now), to, now, sim.Time(s.Ramp)
	}
	return nil
}

// share returns the share of the users to whom the gate is open.
func (g *featureGate) share(now sim.Time) float64 {
	passed := now - g.start
	if passed >= g.ramp {
		return g.to
	}
	return g.from + float64((g.to-g.from)*(float64(passed)/float64(g.ramp)))
}
