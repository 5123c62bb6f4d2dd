package concurrency

import (
	"cmp"
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
		Name: "pid", Heading: policy.Concurrency,
		Doc:     "Steers a limit on what is in flight, or an admission rate, between `min` and `max` so that the queueing delay, or the utilisation, meets its target; what is over it is refused (503). A PID controller acts once a period on the relative error.",
		Source:  "Control practice: the PID controller in velocity form with the derivative of the measurement, Astrom and Hagglund, PID Controllers: Theory, Design, and Tuning, 1995, chapter 3; the names of its constants are theirs.",
		Fails:   "Gains fit one delay between cause and effect: with a queue of minutes before the servers, or signals that are old, the loop swings. The utilisation cannot tell a full pool from an overloaded one: its error is small at the top, and with a target near 1 the controller is slow to refuse.",
		Held:    "No vector. The velocity form with values reckoned by hand; in a closed loop, that delay and utilisation settle at their targets and a calm winds nothing up.",
		Presets: "period, target_delay and integral_time are 1 s, 100 ms and 10 s in source, for calls of about 100 ms. In inference they are 10 s, 10 s and 2 min: a wait of half a service is aimed at, and the integral takes six services.",
		Scale:   "A limit is a whole number: where only two may be in flight a change by less than a half is none. A small world also measures fewer waits a period.",
		Surge:   "min_limit: 50, max_limit: 300",
		Fresh:   func() policy.Spec { return new(PIDSpec) },
		PerPool: true,
		Gauges:  true,
	})
}

// PIDSpec is target tracking by a PID controller in velocity form, on a scale of
// ratios: what is steered, x, is multiplied once a period, dt, by exp(d) with
//
//	y = measured/target,  e = 1 - y, between -1 and 1
//	d = kp (e - e' + dt/integral_time e - derivative_time/dt ((y - y') - (y' - y'')))
//
// where a prime is one period ago, and kept between its bounds. So an error of
// 10 % has the same effect whatever x is, there is no integral that could wind
// up, and the policy is the same at any scale. It starts at the upper bound, as
// after a calm.
//
// The delay is the mean wait of those who were started in the period, 0 if nobody
// waits, and the last one if some wait and none was started. The utilisation is
// the share of the servers that are busy at the end of the period.
type PIDSpec struct {
	Preset            string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Which times hold where none is given: source for calls of 100 ms, inference for work of some 20 seconds."`
	Signal            string        `yaml:"signal" default:"queueing-delay" enum:"queueing-delay,utilisation" doc:"What is to meet its target."`
	TargetDelay       unit.Duration `yaml:"target_delay" doc:"Target of the queueing delay: 100ms in source, 10s in inference."`
	TargetUtilisation unit.Share    `yaml:"target_utilisation" default:"90%" doc:"Target of the utilisation."`
	Steers            string        `yaml:"steers" default:"limit" enum:"limit,rate" doc:"What is steered: a limit on what is in flight, or a rate of admission."`
	MinLimit          unit.Count    `yaml:"min_limit" default:"1" doc:"Least limit."`
	MaxLimit          unit.Count    `yaml:"max_limit" default:"0" doc:"Largest limit; where a limit is steered it has no default and must be given."`
	MinRate           unit.Rate     `yaml:"min_rate" default:"0" doc:"Least rate; where a rate is steered it has no default and must be given."`
	MaxRate           unit.Rate     `yaml:"max_rate" default:"0" doc:"Largest rate; where a rate is steered it has no default and must be given."`
	Period            unit.Duration `yaml:"period" min:"1ms" or:"0s" doc:"Time between changes: 1s in source, 10s in inference."`
	Kp                unit.Factor   `yaml:"kp" default:"0.3" doc:"Gain: by how much of itself a small relative error moves what is steered at once, for each 100 % of error."`
	IntegralTime      unit.Duration `yaml:"integral_time" doc:"Time in which an error that stays moves it as much again: 10s in source, 2min in inference."`
	DerivativeTime    unit.Duration `yaml:"derivative_time" default:"0s" doc:"How far ahead the change of the signal is looked at; 0s: not at all."`
}

// New returns the policy, wide open.
func (s *PIDSpec) New(env policy.Env) (policy.Policy, error) {
	p := &pid{last: env.Now(), filled: env.Now(), reason: env.Reason(models.Unavailable)}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	p.tokens = p.burst()
	return p, nil
}

type pid struct {
	counted
	spec                         PIDSpec
	period, integralTime, target sim.Time
	x, least, most               float64    // what is steered: attempts, or attempts a second
	y                            [2]float64 // measured over target, one and two periods ago
	last                         sim.Time
	waits, before                sim.Time
	starts                       int
	tokens                       float64
	filled                       sim.Time // when the tokens were counted
	reason                       models.Reason
}

func (p *pid) limit() int { return int(math.Floor(p.x + 0.5)) }

// burst is what the rate brings in one period, and at least one.
func (p *pid) burst() float64 { return math.Max(1, float64(p.x*p.period.Seconds())) }

// Admit refuses what is over the limit or the rate.
func (p *pid) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if p.spec.Steers == "rate" {
		p.fill(s.Now)
		if p.tokens < 1 {
			return models.Verdict{Reason: p.reason}
		}
		p.tokens--
	} else if p.flights.N >= p.limit() {
		return models.Verdict{Reason: p.reason}
	}
	p.flights.Enter(a, s.Now)
	return models.Verdict{}
}

func (p *pid) fill(now sim.Time) {
	p.tokens = math.Min(p.burst(), p.tokens+float64(p.x*(now-p.filled).Seconds()))
	p.filled = now
}

// Start takes down how long an attempt has waited.
func (p *pid) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	p.waits += s.Now - a.Admitted
	p.starts++
	return models.Verdict{}
}

// Finish counts what is in flight.
func (p *pid) Finish(a *models.Attempt, _ models.Outcome, _ sim.Time) { p.flights.Leave(a) }

// Period is the time between changes.
func (p *pid) Period() sim.Time { return p.period }

// Tick ends a period.
func (p *pid) Tick(s *models.Signals) sim.Time {
	dt := (s.Now - p.last).Seconds()
	p.last = s.Now
	if dt <= 0 {
		return s.Now + p.period
	}
	p.fill(s.Now)
	y := p.look(s)
	e, before := relative(y), relative(p.y[0])
	change := e - before + float64(dt/p.integralTime.Seconds()*e) - float64(sim.Time(p.spec.DerivativeTime).Seconds()/dt*(y-p.y[0]-(p.y[0]-p.y[1])))
	p.y = [2]float64{y, p.y[0]}
	p.x = math.Max(p.least, math.Min(p.most, float64(p.x*rng.Exp(float64(float64(p.spec.Kp)*change)))))
	return s.Now + p.period
}

// relative is the error of a signal over its target.
func relative(y float64) float64 { return math.Max(-1, math.Min(1, 1-y)) }

// look returns the signal over its target.
func (p *pid) look(s *models.Signals) float64 {
	if p.spec.Signal == "utilisation" {
		return float64(s.Busy) / float64(max(s.Capacity, 1)) / float64(p.spec.TargetUtilisation)
	}
	switch {
	case p.starts > 0:
		p.before = p.waits / sim.Time(p.starts)
	case s.Waiting == 0:
		p.before = 0
	}
	p.waits, p.starts = 0, 0
	return float64(p.before) / float64(p.target)
}

// Reconfigure changes the parameters. What is steered stays, within its bounds;
// if it is another thing now, it starts at its upper bound.
func (p *pid) Reconfigure(spec policy.Spec) error {
	s := spec.(*PIDSpec)
	set, err := policy.PresetOf(s.Preset)
	err = cmp.Or(err, notNegative("target_delay", s.TargetDelay), share("target_utilisation", float64(s.TargetUtilisation)),
		notNegative("period", s.Period), notNegative("integral_time", s.IntegralTime), notNegative("derivative_time", s.DerivativeTime))
	if err != nil {
		return err
	}
	switch {
	case s.Signal != "queueing-delay" && s.Signal != "utilisation":
		return fmt.Errorf("signal is %q, it must be queueing-delay or utilisation", s.Signal)
	case s.Steers != "limit" && s.Steers != "rate":
		return fmt.Errorf("steers is %q, it must be limit or rate", s.Steers)
	case !(s.Kp > 0 && s.Kp <= 1e6):
		return fmt.Errorf("kp is %v, it must be above 0 and at most 1e6", float64(s.Kp))
	case s.Steers == "limit" && !(s.MinLimit >= 1 && s.MinLimit <= 1<<30):
		return fmt.Errorf("min_limit is %v, it must be 1 to 2^30", s.MinLimit)
	case s.Steers == "limit" && s.MaxLimit == 0:
		return fmt.Errorf("max_limit is missing, it must be at least min_limit where a limit is steered, such as twice what is in flight when all is well")
	case s.Steers == "limit" && !(s.MaxLimit >= s.MinLimit && s.MaxLimit <= 1<<30):
		return fmt.Errorf("max_limit is %v, it must be at least min_limit, which is %v, and at most 2^30", s.MaxLimit, s.MinLimit)
	case s.Steers == "rate" && !(s.MinRate > 0 && s.MinRate <= 1e9):
		return fmt.Errorf("min_rate is %v, it must be more than 0 and at most 1G/s", s.MinRate)
	case s.Steers == "rate" && !(s.MaxRate >= s.MinRate && s.MaxRate <= 1e9):
		return fmt.Errorf("max_rate is %v, it must be at least min_rate, which is %v, and at most 1G/s", s.MaxRate, s.MinRate)
	}
	other := p.spec.Steers != s.Steers
	p.spec = *s
	p.period = set.Time(s.Period, sim.Second, 10*sim.Second)
	p.target = set.Time(s.TargetDelay, 100*sim.Millisecond, 10*sim.Second)
	p.integralTime = set.Time(s.IntegralTime, 10*sim.Second, 2*sim.Minute)
	p.least, p.most = float64(s.MinLimit), float64(s.MaxLimit)
	if s.Steers == "rate" {
		p.least, p.most = float64(s.MinRate), float64(s.MaxRate)
	}
	p.x = math.Max(p.least, math.Min(p.most, p.x))
	if other {
		p.x = p.most
	}
	return nil
}
