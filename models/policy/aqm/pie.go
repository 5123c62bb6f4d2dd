package aqm

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "pie", Heading: policy.AQM,
		Doc:    "Refuses on arrival with a probability that a proportional-integral controller moves each `update`, by `alpha` times how far the wait is from `target` and `beta` times how much it has grown. A burst shorter than `burst` passes after calm, and refusals are spread evenly. Nothing is refused while at most two wait.",
		Source: "Pan, Natarajan, Baker and White, RFC 8033 (2017), sections 4, 5 and appendix A; Linux, net/sched/sch_pie.c.",
		Fails:  "The controller is tuned for many senders that slow down: with retries the same attempts come again and the probability climbs until nearly all are refused. It needs many updates to follow a surge.",
		Held:   "Vectors of the Linux kernel's sch_pie.c, `pie_linux_a` and `_b`: all 800 rows, the probability to 1e-6. In the files the caller takes the burst allowance away with the next update: here it is set to one update, which comes to the same. Besides: RFC 8033's steps in cases, and the law of its refusals between two updates.",
		Presets: "Source: target and update 15 ms, burst 150 ms, alpha 0.125, beta 1.25. Inference: target 2 s, a tenth of a service of 20 s; burst 10 s. update 500 ms: above 10 % the probability grows by at most 2 % an update, and as far as 80 % takes 18 s so; scaled like the work it would be 9 minutes, when all have gone. " +
			"alpha and beta are a 250th of the published ones: a wait is measured late by itself, 20 s as the surge begins, and with retries six times the capacity comes, so that the loop is stable for beta x 6 x 20 s well below pi/2; it is 0.6. Source has no loop here: it refuses nearly all while more than two wait, which costs nothing in a surge, as with a hundred servers the next arrival is there at once, and under a steady high load refuses those who would not have waited long.",
		Scale:   "Nothing is refused while at most two wait, whatever the scale.",
		Fresh:   func() policy.Spec { return new(PIESpec) },
		PerPool: true,
	})
}

// PIESpec is the proportional integral controller enhanced of RFC 8033. The wait
// is that of the attempt started last, as with time stamps (section 5.2), and 0
// while nobody waits.
//
// The variant linux differs from rfc as sch_pie.c does: while the wait is above
// 250 ms (30 s in inference) the probability rises by another 0.02 an update, and after two
// updates without any wait and with an empty queue it falls by 1/64 instead of
// 2 %. There is no inactive state (RFC 8033, section 5.3 and appendix), as the
// queue has no tail to drop at.
type PIESpec struct {
	Preset  string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times and gains are taken where none are given: the published ones (source), or those for work of seconds (inference)."`
	Variant string        `yaml:"variant" default:"rfc" enum:"rfc,linux" doc:"Which implementation is followed: RFC 8033 (rfc) or the Linux kernel (linux)."`
	Target  unit.Duration `yaml:"target" doc:"Wait that is steered to; 15ms in source, 2s in inference."`
	Update  unit.Duration `yaml:"update" min:"1ms" or:"0s" doc:"Time between two updates of the probability; 15ms in source, 500ms in inference."`
	Burst   unit.Duration `yaml:"burst" doc:"How long nothing is refused after calm; 150ms in source, 10s in inference."`
	Alpha   unit.Factor   `yaml:"alpha" doc:"Probability added at each update for each second that the wait is above target; 0.125 in source, 0.0005 in inference."`
	Beta    unit.Factor   `yaml:"beta" doc:"Probability added at each update for each second that the wait has grown; 1.25 in source, 0.005 in inference."`
}

// The constants of RFC 8033, section 5.1 and appendix A.
const (
	pieTarget = 15 * sim.Millisecond
	pieUpdate = 15 * sim.Millisecond
	pieBurst  = 150 * sim.Millisecond
	pieHigh   = 250 * sim.Millisecond // wait from which the probability of the Linux variant rises faster; some 17 targets
	pieAlpha  = 0.125
	pieBeta   = 1.25
)

// New returns the policy at probability 0 with its whole allowance for a burst.
func (s *PIESpec) New(env policy.Env) (policy.Policy, error) {
	p := &pie{luck: env.Luck(), reason: env.Reason(models.Unavailable)}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	p.allowance = p.burst
	return p, nil
}

type pie struct {
	target, update, burst, high sim.Time
	alpha, beta                 float64 // per second of wait
	linux                       bool
	luck                        policy.Luck
	reason                      models.Reason

	prob      float64
	sum       float64  // of the probabilities since the last refusal
	last      sim.Time // wait at the last update
	allowance sim.Time // what is left of the burst
}

// Admit refuses with the present probability (RFC 8033, sections 4.1, 4.4 and
// 5.4): never before the probabilities sum to 0.85, always from 8.5 on.
func (p *pie) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if p.allowance > 0 || p.last < p.target/2 && p.prob < 0.2 || s.Waiting <= 2 {
		return models.Verdict{}
	}
	if p.prob == 0 {
		p.sum = 0
	}
	p.sum += p.prob
	if p.sum < 0.85 {
		return models.Verdict{}
	}
	if p.sum < 8.5 {
		draw := ofTry(p.luck, a)
		if !draw.Bool(p.prob) {
			return models.Verdict{}
		}
	}
	p.sum = 0
	return models.Verdict{Reason: p.reason}
}

// Period is that of the probability.
func (p *pie) Period() sim.Time { return p.update }

// Tick is the update of the probability (RFC 8033, section 4.2).
func (p *pie) Tick(s *models.Signals) (next sim.Time) {
	wait := s.LastWait
	if s.Waiting == 0 {
		wait = 0
	}
	over, growth := (wait - p.target).Seconds(), (wait - p.last).Seconds()
	change := (float64(p.alpha*over) + float64(p.beta*growth)) / damping(p.prob)
	if p.prob >= 0.1 {
		change = min(change, 0.02)
	}
	if p.linux && wait > p.high {
		change += 0.02
	}
	p.prob = min(max(p.prob+change, 0), 1)
	if wait == 0 && p.last == 0 {
		switch {
		case !p.linux:
			p.prob = float64(p.prob * 0.98)
		case s.Waiting == 0: // a wait of 0 with somebody in the queue is too short to tell
			p.prob -= p.prob / 64
		}
	}
	p.allowance = max(0, p.allowance-p.update)
	if p.prob == 0 && wait < p.target/2 && p.last < p.target/2 {
		p.allowance, p.sum = p.burst, 0
	}
	p.last = wait
	return s.Now + p.update
}

// damping divides a change of the probability, so that small ones move in small
// steps (RFC 8033, section 5.1).
func damping(prob float64) float64 {
	switch {
	case prob < 1e-6:
		return 2048
	case prob < 1e-5:
		return 512
	case prob < 1e-4:
		return 128
	case prob < 1e-3:
		return 32
	case prob < 1e-2:
		return 8
	case prob < 1e-1:
		return 2
	}
	return 1
}

// Reconfigure changes the parameters; probability and allowance stay.
func (p *pie) Reconfigure(spec policy.Spec) error {
	s := spec.(*PIESpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	if s.Variant != "rfc" && s.Variant != "linux" && s.Variant != "" {
		return fmt.Errorf("variant is %q, it must be rfc or linux", s.Variant)
	}
	for _, d := range []struct {
		name string
		d    unit.Duration
	}{{"target", s.Target}, {"update", s.Update}, {"burst", s.Burst}} {
		if err := above0(d.name, d.d); err != nil {
			return err
		}
	}
	for _, g := range []struct {
		name string
		x    unit.Factor
	}{{"alpha", s.Alpha}, {"beta", s.Beta}} {
		if !(g.x >= 0 && g.x < 1e9) {
			return fmt.Errorf("%s is %v, it must be 0 to 1G", g.name, float64(g.x))
		}
	}
	p.linux = s.Variant == "linux"
	p.target, p.update, p.burst = set.Time(s.Target, pieTarget, 2*sim.Second), set.Time(s.Update, pieUpdate, 500*sim.Millisecond), set.Time(s.Burst, pieBurst, 10*sim.Second)
	p.high = set.Time(0, pieHigh, 30*sim.Second)
	p.alpha, p.beta = set.Number(float64(s.Alpha), pieAlpha, 0.0005), set.Number(float64(s.Beta), pieBeta, 0.005)
	return nil
}
