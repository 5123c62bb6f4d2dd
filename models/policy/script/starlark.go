package script

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "starlark", Heading: policy.Custom,
		Doc: "A policy of your own without compiling: a Starlark script, in a file beside the scenario or in the scenario itself, that defines `admit(now, attempt, signals)` and, if it likes, `on_finish(now, attempt, outcome)` and `tick(now, signals)`. " +
			"`admit` returns None or True to let the attempt go on, False to refuse it (429), or a dict such as `{\"reject\": \"full\", \"status\": 503, \"retry_after\": 2.0}`. What it must remember it keeps in the dict `state`; it has no clock and no files, and its only chance is `attempt.luck`, so that a run with it is as repeatable as any.",
		Source: "The Starlark language, https://starlark-lang.org; go.starlark.net.",
		Scale:  "A script sees the counts of the small world, and its own numbers are not scaled for it: write thresholds as 100 * scale.",
		Fails:  "A decision costs ten times that of a policy in Go, and some hundred times where it reckons with floats. A fault of the script ends the run, in its last minute as well. What built-in functions compute costs no steps: a range is bounded to max_steps numbers, so that list(range(n)) is, but what repeats or doubles a list, as [0] * 100000000 does, takes its time and memory.",
		Held:   "No vector. go.starlark.net is the interpreter itself; what goes in and comes out of it, and what bounds it, in cases.",
		More:   section,
		Surge:  `script: "def admit(now, attempt, signals): return attempt.paid or signals.waiting < 50"`,
		Fresh:  func() policy.Spec { return new(StarlarkSpec) },
	})
}

// StarlarkSpec is a script and its limits.
//
// The names of an attempt: user (-1 for nobody that is told apart), tier,
// request_class, paid, priority, number (1 for the first try), visit, service (the
// mean that a gateway predicts; None in on_finish), first, arrived, and luck, a
// number of (0, 1) that belongs to the request and is the same for every try. Those
// of signals: pool, waiting, busy, capacity, free, in_flight, last_wait, started,
// completed. Both are there during a call only. now is the time since the run
// began, its warm-up included; scale is the share of the world that is simulated.
//
// The dict that admit returns may hold reject (a cause, or True for none), status
// (403, 429 or 503) and retry_after; or, of what goes on, max_wait, work and
// quality as a Verdict has them. Each cause has one status, 429 if it says none. A
// run counts only what it knows from its beginning: causes are found in the text of
// the script, where they are written as above; others it declares in a global
// causes, a list of names or a dict of their statuses.
//
// Globals may be changed in place, too, but a patch that changes the script makes
// them anew and keeps only state.
type StarlarkSpec struct {
	File     string        `yaml:"file" doc:"File with the script, its path from the scenario's folder. Beside script it only names it in messages."`
	Script   string        `yaml:"script" text:"long" doc:"The script itself, in place of a file; at most 64 KiB."`
	MaxSteps int           `yaml:"max_steps" default:"10000" min:"1" max:"100000000" doc:"Steps of computation that one call may take, at least 1, and numbers that a range may have."`
	Interval unit.Duration `yaml:"interval" default:"1s" min:"1ms" doc:"Time from one call of tick to the next, above 0. Only a script that has tick when the policy starts is ever called so."`
}

// TextFile lets the scenario read the file beside it.
func (s *StarlarkSpec) TextFile() (key string, name, text *string) { return "file", &s.File, &s.Script }

// New compiles the script and runs its top level. What is wrong with it is of
// type policy.TextFaults.
func (s *StarlarkSpec) New(env policy.Env) (policy.Policy, error) {
	if s.Script == "" {
		return nil, fmt.Errorf("script is empty, it must be a script with def admit(now, attempt, signals), or file must name one")
	}
	if s.MaxSteps < 1 {
		return nil, fmt.Errorf("max_steps is %d, it must be at least 1", s.MaxSteps)
	}
	if s.Interval <= 0 {
		return nil, fmt.Errorf("interval is %v, it must be more than 0", sim.Time(s.Interval))
	}
	p := &scripted{env: env, luck: env.Luck(), state: starlark.NewDict(0)}
	p.attempt.p, p.signals.p = p, p
	for _, t := range env.Tiers {
		p.tiers = append(p.tiers, starlark.String(t.Name))
	}
	for _, c := range env.Classes {
		p.classes = append(p.classes, starlark.String(c))
	}
	for _, name := range env.Pools {
		p.pools = append(p.pools, starlark.String(name))
	}
	m, err := p.load(s)
	if err != nil {
		return nil, err
	}
	p.spec, p.module = *s, m
	return p, nil
}

// A scripted policy calls a script. After its first fault, which ends the run, it
// calls it no more.
type scripted struct {
	spec   StarlarkSpec
	module *module
	env    policy.Env
	luck   policy.Luck
	state  *starlark.Dict
	failed bool

	// What a script looks at; boxed once.
	attempt attempt
	signals signals
	tiers   []starlark.Value
	classes []starlark.Value
	pools   []starlark.Value
	args    [3]starlark.Value
}

// Admit asks the script.
func (p *scripted) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if p.failed {
		return models.Verdict{}
	}
	p.attempt.of, p.attempt.ended, p.signals.of = a, false, s
	p.args = [3]starlark.Value{seconds(s.Now), &p.attempt, &p.signals}
	answer, ok := p.call(p.module.admit, p.args[:3])
	p.attempt.of, p.signals.of = nil, nil
	if !ok {
		return models.Verdict{}
	}
	v, err := p.module.verdict(answer)
	if err != nil {
		at, where := p.module.answered(answer)
		p.fail(p.module.fault(at, where+": "+err.Error(), wantVerdict))
	}
	return v
}

// Finish tells the script how an attempt ended, if it wants to know.
func (p *scripted) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	if p.failed || p.module.onFinish == nil {
		return
	}
	p.attempt.of, p.attempt.ended = a, true
	p.args = [3]starlark.Value{seconds(now), &p.attempt, outcomes[o]}
	p.call(p.module.onFinish, p.args[:3])
	p.attempt.of = nil
}

// Period is the interval.
func (p *scripted) Period() sim.Time { return sim.Time(p.spec.Interval) }

// Tick calls the script's own, if there is one.
func (p *scripted) Tick(s *models.Signals) (next sim.Time) {
	if p.failed || p.module.tick == nil {
		return sim.Never
	}
	p.signals.of = s
	p.args = [3]starlark.Value{seconds(s.Now), &p.signals}
	p.call(p.module.tick, p.args[:2])
	p.signals.of = nil
	return s.Now + sim.Time(p.spec.Interval)
}

// call calls a function of the script within its limit of steps.
func (p *scripted) call(f *starlark.Function, args starlark.Tuple) (answer starlark.Value, ok bool) {
	m := p.module
	m.thread.Steps = 0
	answer, err := starlark.Call(m.thread, f, args, nil)
	if err != nil {
		fault := p.module.faults(err)[0]
		fault.Problem = "in " + f.Name() + ": " + fault.Problem
		m.thread.Uncancel()
		p.fail(fault)
		return nil, false
	}
	if m.kept.tooMuch() {
		p.fail(m.fault(f.Position(), "in "+f.Name()+": "+heavy.problem, heavy.want))
		return nil, false
	}
	return answer, true
}

func (p *scripted) fail(err error) {
	p.failed = true
	if p.env.Fail != nil {
		p.env.Fail(fmt.Errorf("policy %s: %w", p.env.Name, err))
	}
}

// Reconfigure takes over limits, and a script that is another one with the state
// of the old.
func (p *scripted) Reconfigure(spec policy.Spec) error {
	s := spec.(*StarlarkSpec)
	m := p.module
	if s.Script != p.spec.Script || s.File != p.spec.File {
		var err error
		if m, err = p.load(s); err != nil {
			return err
		}
	}
	m.mayTake(s.MaxSteps)
	p.spec, p.module = *s, m
	return nil
}
