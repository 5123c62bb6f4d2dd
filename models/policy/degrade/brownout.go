package degrade

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "brownout", Heading: policy.Degrade,
		Doc:    "Does the optional part of the work for a share of the attempts, the dimmer, and leaves it out for the others, whose answers are of lower quality. Once a period an adaptive controller learns how the response time depends on the dimmer and steers it so that a percentile of the response times meets the setpoint.",
		Source: "Klein, Maggio, Arzen, Hernandez-Rodriguez, Brownout: Building More Robust Cloud Applications, ICSE 2014; the controller is that of cloud-control/brownout-lb-simulator (commit 15bdc548), controllers/server/cf_mm.py.",
		Fails:  "It refuses nobody: where even the dimmed work is too much, the dimmer is at 0 and the queue grows. It sees response times of what was completed only, so users who give up hide the overload from it. And the response times of now were decided a wait ago: with long waits it swings.",
		Held:   "Vectors of the authors' cf_mm.py (brownout-lb-simulator, commit 15bdc548), `brownout_a` and `brownout_b`: all 400 periods, dimmer and both estimates to 1e-7.",
		Presets: "period, setpoint and pole are 0.5 s, 1 s and 0.9 in source. In inference the setpoint is 45 s: the 95th percentile of a service of 20 s is 40 s, and 5 s more are for the queue; it must be below the minute that people give it, or the dimmer moves when they have gone. " +
			"period is 10 s, in which enough are completed for a percentile, and pole 0.99: the error dies away at 1 - pole a second, and as response times are 45 s late, (1 - pole) x 45 s should be below a half; it is 0.45. In source work of 20 s never takes 1 s, so that its dimmer is at 0 for good: it serves more answers in time in a surge, and degrades every one, at night, too.",
		Scale: "A percentile of the few response times of a period of a small world is a noisier one.",
		Surge: "optional_work: 40%, quality: 70%",
		Fresh: func() policy.Spec { return new(BrownoutSpec) },

		PerPool: true,
	})
}

// BrownoutSpec is the brownout controller. At the end of a period with response
// times, of which t is the percentile, in seconds, a recursive least squares
// estimate of t = alpha x dimmer with the forgetting factor f is renewed, P and
// alpha being 1000 and 1 at first,
//
//	g = 1/(f + P dimmer^2),  alpha += g P dimmer (t - alpha dimmer),  P = P/f - g (P dimmer)^2/f
//
// and then
//
//	dimmer += period (1 - pole)/alpha (setpoint - t)
//
// within 0 and 1. The response time is from admission to the end.
//
// At a dimmer of 0 nothing is learned and P grows without bound in the original;
// here it stays at most 1000. An alpha of less than a thousandth of the setpoint
// counts as that much.
type BrownoutSpec struct {
	Preset       string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Which times hold where none is given: source as published, inference for work of some 20 seconds."`
	OptionalWork unit.Share    `yaml:"optional_work" required:"true" doc:"Share of the service time that is optional."`
	Quality      unit.Share    `yaml:"quality" required:"true" doc:"Quality of an answer without it, of that of a full one."`
	Setpoint     unit.Duration `yaml:"setpoint" doc:"Response time that is aimed at: 1s in source, 45s in inference."`
	Percentile   unit.Share    `yaml:"percentile" default:"95%" doc:"Which percentile of the response times counts."`
	Period       unit.Duration `yaml:"period" min:"1ms" or:"0s" doc:"Time between changes of the dimmer: 500ms in source, 10s in inference."`
	Pole         unit.Share    `yaml:"pole" default:"0" doc:"How slowly the error is to die away, below 1; 0: 0.9 in source, 0.99 in inference."`
	Forgetting   unit.Share    `yaml:"forgetting" default:"95%" doc:"Weight that what was learned keeps from period to period."`
	Dimmer       unit.Share    `yaml:"dimmer" default:"50%" doc:"The dimmer at the start."`
}

// New returns the policy.
func (s *BrownoutSpec) New(env policy.Env) (policy.Policy, error) {
	p := &brownout{luck: env.Luck(), last: env.Now(), alpha: 1, p: mostP}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	p.dimmer = float64(s.Dimmer)
	return p, nil
}

// mostP is what P starts at, and the most that it may be.
const mostP = 1000

type brownout struct {
	spec     BrownoutSpec
	period   sim.Time
	setpoint float64 // seconds
	pole     float64
	dimmer   float64
	alpha    float64 // seconds for each unit of the dimmer
	p        float64
	times    []float64 // response times of the period, seconds
	last     sim.Time  // when the period began
	luck     policy.Luck
}

// Admit admits: brownout refuses nobody.
func (p *brownout) Admit(*models.Attempt, *models.Signals) models.Verdict { return models.Verdict{} }

// Start leaves out the optional work where the draw of the request lies above
// the dimmer: as the dimmer falls, the same requests are among those dimmed.
func (p *brownout) Start(a *models.Attempt, _ *models.Signals) models.Verdict {
	draw := p.luck.OfRequest(a.Request)
	if draw.Float64() < p.dimmer {
		return models.Verdict{}
	}
	return models.Verdict{Work: 1 - float64(p.spec.OptionalWork), Quality: float64(p.spec.Quality)}
}

// Finish takes down the response time of what was completed.
func (p *brownout) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	if o == models.Completed {
		p.times = append(p.times, (now - a.Admitted).Seconds())
	}
}

// Period is that of the dimmer.
func (p *brownout) Period() sim.Time { return p.period }

// Tick ends a period.
func (p *brownout) Tick(s *models.Signals) sim.Time {
	if s.Now < p.last+p.period {
		return p.last + p.period // it has just begun, or its length is another now
	}
	p.last = s.Now
	if len(p.times) > 0 {
		p.control(percentile(p.times, float64(p.spec.Percentile)))
		p.times = p.times[:0]
	}
	return s.Now + p.period
}

func (p *brownout) control(t float64) {
	f := float64(p.spec.Forgetting)
	a := float64(p.p * p.dimmer)
	k := a / (f + float64(p.dimmer*a))
	p.alpha += float64(k * (t - float64(p.dimmer*p.alpha)))
	p.p = math.Min(mostP, (p.p-float64(a*k))/f)
	gain := float64(p.period.Seconds()*(1-p.pole)) / math.Max(p.alpha, p.setpoint/1000)
	p.dimmer = math.Max(0, math.Min(1, p.dimmer+float64(gain*(p.setpoint-t))))
}

// percentile is that of values, linear between order statistics (numpy's default;
// type 7 of Hyndman and Fan, 1996). It changes their order.
func percentile(values []float64, q float64) float64 {
	at := float64(q * float64(len(values)-1))
	i := int(at)
	if i+1 >= len(values) {
		return slices.Max(values)
	}
	place(values, i)
	above := slices.Min(values[i+1:])
	return values[i] + float64((at-float64(i))*(above-values[i]))
}

// place brings the values into an order in which none before i is above that at i,
// and none behind it below (Hoare's algorithm 65, Find, 1961).
func place(values []float64, i int) {
	from, to := 0, len(values)-1
	for from < to {
		middle := values[i]
		low, high := from, to
		for low <= high {
			for values[low] < middle {
				low++
			}
			for middle < values[high] {
				high--
			}
			if low <= high {
				values[low], values[high] = values[high], values[low]
				low++
				high--
			}
		}
		if high < i {
			from = low
		}
		if i < low {
			to = high
		}
	}
}

// Reconfigure changes the parameters; the dimmer and what was learned stay.
func (p *brownout) Reconfigure(spec policy.Spec) error {
	s := spec.(*BrownoutSpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	switch {
	case !(s.OptionalWork > 0 && s.OptionalWork < 1):
		return fmt.Errorf("optional_work is %v, it must be more than 0%% and less than 100%%", s.OptionalWork)
	case s.Setpoint < 0:
		return fmt.Errorf("setpoint is %v, it must be 0 or more", sim.Time(s.Setpoint))
	case s.Period < 0:
		return fmt.Errorf("period is %v, it must be 0 or more", sim.Time(s.Period))
	case !(s.Pole >= 0 && s.Pole < 1):
		return fmt.Errorf("pole is %v, it must be 0 or more and below 1", float64(s.Pole))
	case !(s.Dimmer >= 0 && s.Dimmer <= 1):
		return fmt.Errorf("dimmer is %v, it must be 0 to 1", float64(s.Dimmer))
	}
	if err := cmp.Or(remains("quality", s.Quality), remains("percentile", s.Percentile), remains("forgetting", s.Forgetting)); err != nil {
		return err
	}
	p.spec = *s
	p.period = set.Time(s.Period, 500*sim.Millisecond, 10*sim.Second)
	p.setpoint = set.Time(s.Setpoint, sim.Second, 45*sim.Second).Seconds()
	p.pole = set.Number(float64(s.Pole), 0.9, 0.99)
	return nil
}
