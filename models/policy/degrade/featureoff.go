package degrade

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
)

func init() {
	policy.Register(policy.Kind{
		Name: "feature-off", Heading: policy.Degrade,
		Doc:    "Closes the classes that it acts on (503) while the load of their pool is high, so that they yield it to the others: from `off_above` until the load is below `on_below`.",
		Source: "Practice: features that are switched off under load, as Twitter Decider and Facebook Gatekeeper do; the public record of the launch.",
		Fails:  "Those who want the feature come back, and come at once when it opens: if the gap between the thresholds is less than they bring, it opens and closes in turn.",
		Held:   "No vector. Where it is closed and opened again, call by call.",
		Scale:  "With few servers one attempt more or less is a large step of the load.",
		Surge:  "tiers: [free], off_above: 1.3, on_below: 0.9",
		Fresh:  func() policy.Spec { return new(FeatureOffSpec) },
	})
}

// FeatureOffSpec closes the classes of its item while the load of their pool is high.
type FeatureOffSpec struct {
	OffAbove unit.Factor `yaml:"off_above" required:"true" doc:"Load, in attempts in flight for each server, from which the feature is off."`
	OnBelow  unit.Factor `yaml:"on_below" required:"true" doc:"Load below which it is on again."`
}

// New returns the policy, with the feature on.
func (s *FeatureOffSpec) New(env policy.Env) (policy.Policy, error) {
	p := &featureOff{hysteresis: newHysteresis(&env), reason: env.Reason(models.Unavailable)}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	return p, nil
}

type featureOff struct {
	hysteresis
	reason models.Reason
}

// Admit refuses while the feature is off.
func (p *featureOff) Admit(_ *models.Attempt, s *models.Signals) models.Verdict {
	if p.look(s) {
		return models.Verdict{Reason: p.reason}
	}
	return models.Verdict{}
}

// Reconfigure changes the thresholds; a feature that is off stays off until the
// load is below the new one.
func (p *featureOff) Reconfigure(spec policy.Spec) error {
	s := spec.(*FeatureOffSpec)
	if !(s.OffAbove > 0 && s.OffAbove <= math.MaxFloat64) {
		return fmt.Errorf("off_above is %v, it must be more than 0", float64(s.OffAbove))
	}
	if !(s.OnBelow >= 0 && s.OnBelow <= s.OffAbove) {
		return fmt.Errorf("on_below is %v, it must be 0 to off_above, which is %v", float64(s.OnBelow), float64(s.OffAbove))
	}
	p.above, p.below = float64(s.OffAbove), float64(s.OnBelow)
	return nil
}
