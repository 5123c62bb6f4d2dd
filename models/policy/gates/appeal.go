package gates

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

func init() {
	policy.Register(policy.Kind{
		Name: "appeal", Heading: policy.Gates,
		Doc:     "Asks for moderation (\"can yall please chill\"): a share of the users cut their demand to `factor` of what it was, and fall back to their habits with `half_life`. It begins when it is enabled. What they hold back is counted as suppressed.",
		Source:  "\"can yall please chill on generating images\": the operator during the launch.",
		Fails:   "What is not held back is not bounded, and the effect wears off.",
		Held:    "No vector. The share of requests that is held back at whole half-lives, and of the users who comply, statistically.",
		Surge:   "compliance: 60%, factor: 0.2, half_life: 1h",
		NoGain:  "it takes effect from its first moment, before the surge as well, and what people hold back while there is room is simply not served.",
		Fresh:   func() policy.Spec { return new(AppealSpec) },
		Unmoved: "it looks at no pool",
	})
}

// AppealSpec is an appeal for moderation. Each user complies or does not, for
// good. A complying user holds a request back, t after the appeal, with the
// probability
//
//	(1 - factor) * 2^(-t/half_life)
//
// so that the demand of those who comply is factor of what it was at first and
// all of it in the end.
type AppealSpec struct {
	Compliance unit.Share    `yaml:"compliance" required:"true" doc:"Share of the users who heed the appeal, 0 to 1."`
	Factor     unit.Factor   `yaml:"factor" required:"true" max:"1" doc:"What is left of their demand at first, 0 to 1."`
	HalfLife   unit.Duration `yaml:"half_life" required:"true" doc:"Time in which half of the effect wears off."`
}

// New returns an appeal that is made at env.Now().
func (s *AppealSpec) New(env policy.Env) (policy.Policy, error) {
	p := &appeal{made: env.Now(), luck: env.Luck()}
	return p, p.Reconfigure(s)
}

type appeal struct {
	spec AppealSpec
	made sim.Time
	luck policy.Luck
}

// Admit admits: an appeal refuses nobody.
func (p *appeal) Admit(*models.Attempt, *models.Signals) models.Verdict { return models.Verdict{} }

// Hold reports whether the user heeds the appeal with this request. One that
// has been tried is not held back any more.
func (p *appeal) Hold(a *models.Attempt, now sim.Time) bool {
	if a.Try > 1 {
		return false
	}
	user := p.luck.OfUser(a)
	if !user.Bool(float64(p.spec.Compliance)) {
		return false
	}
	// A user who is not told apart has but one source: the second number of it
	// is as good as a source of the request's own.
	request := p.luck.OfRequest(a.Request)
	request.Uint64()
	halfLives := float64(now-p.made) / float64(p.spec.HalfLife)
	return request.Bool(float64((1 - float64(p.spec.Factor)) * rng.Exp(-math.Ln2*halfLives)))
}

// Reconfigure changes the parameters of the appeal that was made.
func (p *appeal) Reconfigure(spec policy.Spec) error {
	s := spec.(*AppealSpec)
	if !(s.Compliance >= 0 && s.Compliance <= 1) {
		return fmt.Errorf("compliance is %v, it must be 0 to 1", float64(s.Compliance))
	}
	if !(s.Factor >= 0 && s.Factor <= 1) {
		return fmt.Errorf("factor is %v, it must be 0 to 1", float64(s.Factor))
	}
	if s.HalfLife <= 0 {
		return fmt.Errorf("half_life is %v, it must be more than 0", sim.Time(s.HalfLife))
	}
	p.spec = *s
	return nil
}
