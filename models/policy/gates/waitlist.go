package gates

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
		Name: "waitlist", Heading: policy.Gates,
		Doc:     "Takes sign-ups, or any class, down on a list, and every `every` lets the first `lot` of them go on. Those on the list are told and do not wait at a screen: nobody leaves. A lot that finds fewer takes those who are there.",
		Source:  "Sign-ups paused with a waitlist after OpenAI's DevDay in November 2023, and for Sora in December 2024.",
		Fails:   "It lets in at the planned pace whatever the load is, and each lot comes all at once. Who is let in days later may have lost interest, which is not modelled.",
		Held:    "No vector. Who is let in with each lot, call by call.",
		Surge:   "lot: 300, every: 1m",
		NoGain:  "it takes everybody and lets them in once a minute, a lot at a time: most are answered, and nearly all late by the SLO.",
		Fresh:   func() policy.Spec { return new(WaitlistSpec) },
		Unmoved: "it lets in by the clock, and looks at no pool",
	})
}

// WaitlistSpec is a waitlist. Its lots come at whole multiples of every after it
// was enabled or given another every.
type WaitlistSpec struct {
	Lot   unit.Count    `yaml:"lot" required:"true" min:"1" doc:"How many are let in at a time."`
	Every unit.Duration `yaml:"every" required:"true" min:"1ms" doc:"Time between two lots."`
}

// New returns an empty waitlist whose first lot comes after every.
func (s *WaitlistSpec) New(env policy.Env) (policy.Policy, error) {
	p := &waitlist{now: env.Now}
	return p, p.Reconfigure(s)
}

type waitlist struct {
	lot   int
	every sim.Time
	start sim.Time // lots come at whole multiples of every from here on
	lots  sim.Time // that have come, or had nobody to let in
	now   func() sim.Time
}

// Admit takes the attempt down.
func (p *waitlist) Admit(*models.Attempt, *models.Signals) models.Verdict {
	return models.Verdict{Kept: models.Aside}
}

// Let lets in a lot when its time has come. One whose time passed while the list
// was empty is gone.
func (p *waitlist) Let(_ int, s *models.Signals) (n int, next sim.Time) {
	if k := (s.Now - p.start) / p.every; k > p.lots {
		p.lots = k
		if s.Now == p.start+k*p.every {
			n = p.lot
		}
	}
	return n, p.start + (p.lots+1)*p.every
}

// Discipline is first come, first served.
func (p *waitlist) Discipline() string { return "fifo" }

// Reconfigure changes the next lots. Those on the list keep their places.
func (p *waitlist) Reconfigure(spec policy.Spec) error {
	s := spec.(*WaitlistSpec)
	if !(s.Lot >= 1 && s.Lot < 1<<53) {
		return fmt.Errorf("lot is %v, it must be 1 to 2^53", float64(s.Lot))
	}
	if s.Every <= 0 {
		return fmt.Errorf("every is %v, it must be more than 0", sim.Time(s.Every))
	}
	p.lot = int(math.Floor(float64(s.Lot)))
	if every := sim.Time(s.Every); every != p.every {
		p.every, p.start, p.lots = every, p.now(), 0
	}
	return nil
}
