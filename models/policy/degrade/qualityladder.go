package degrade

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
		Name: "quality-ladder", Heading: policy.Degrade,
		Doc:     "Serves at one of several levels of quality (fewer steps, lower resolution, a smaller model, shorter answers, fewer images), each with its share of the work. The level goes up as the load passes the thresholds of the levels, and comes down one by one when the load is below where each is left, but not before `min_dwell`.",
		Source:  "Practice: quality levels with hysteresis, as of adaptive bit rates; the public record of the launch names fewer images and lower quality as levers.",
		Fails:   "It refuses nobody: at the last level the queue grows. Thresholds too near to each other, or a level that frees more than lies between them, make the quality flap, once in min_dwell. All attempts get the level of the moment, whoever they are.",
		Held:    "No vector. Which level holds at which load, through hysteresis and dwell, call by call.",
		Presets: "min_dwell is 1 s in source, for calls of about 100 ms, and 60 s in inference: three services, in which a change of level shows in the load. That has a price: a ripple that fills the servers for a moment lowers the quality for a minute, and under a high steady load twice as many answers are degraded as with source.",
		Scale:   "With few servers one attempt more or less is a large step of the load.",
		Surge:   "levels: [{name: fewer-steps, above: 1, below: 0.9, work: 70%, quality: 90%}, {name: small-model, above: 1.2, below: 1, work: 40%, quality: 60%}]",
		Fresh:   func() policy.Spec { return new(QualityLadderSpec) },
	})
}

// QualityLadderSpec is a ladder of levels below full quality. When an attempt is
// started and the level has held for min_dwell or longer, the level becomes the
// last of those whose `above` the load has reached, if that is higher up the
// ladder; or one less, if the load is below the present level's `below`.
type QualityLadderSpec struct {
	Preset   string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Which times hold where none is given: source for calls of 100 ms, inference for work of some 20 seconds."`
	MinDwell unit.Duration `yaml:"min_dwell" doc:"Least time at a level: 1s in source, 60s in inference."`
	Levels   []Level       `yaml:"levels" required:"true" doc:"Levels below full quality, the mildest first."`
}

// A Level is one level of quality.
type Level struct {
	Name    string      `yaml:"name" required:"true" doc:"What is done, such as fewer-steps."`
	Above   unit.Factor `yaml:"above" required:"true" doc:"Load, in attempts in flight for each server, from which it holds."`
	Below   unit.Factor `yaml:"below" required:"true" doc:"Load below which it is left for the one before."`
	Work    unit.Share  `yaml:"work" required:"true" doc:"What is left of the service time."`
	Quality unit.Share  `yaml:"quality" required:"true" doc:"Quality of an answer, of that of a full one."`
}

// New returns the policy, at full quality.
func (s *QualityLadderSpec) New(env policy.Env) (policy.Policy, error) {
	p := &qualityLadder{rungs: make([]rung, max(1, len(env.Pools)))}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	return p, nil
}

type qualityLadder struct {
	levels []Level
	dwell  sim.Time
	rungs  []rung // by pool
}

// A rung is where a pool stands on the ladder.
type rung struct {
	level int      // 0: full quality; else 1 + the index of the level
	until sim.Time // to which it is kept at least
}

// Admit admits: the ladder refuses nobody.
func (p *qualityLadder) Admit(*models.Attempt, *models.Signals) models.Verdict {
	return models.Verdict{}
}

// Start serves at the level of the moment.
func (p *qualityLadder) Start(_ *models.Attempt, s *models.Signals) models.Verdict {
	r := &p.rungs[s.Pool]
	if s.Now >= r.until {
		if next := p.next(r.level, load(s)); next != r.level {
			r.level, r.until = next, s.Now+p.dwell
		}
	}
	if r.level == 0 {
		return models.Verdict{}
	}
	l := &p.levels[r.level-1]
	return models.Verdict{Work: float64(l.Work), Quality: float64(l.Quality)}
}

// next is the level that follows one at a load.
func (p *qualityLadder) next(level int, load float64) int {
	for i := len(p.levels); i > level; i-- {
		if load >= float64(p.levels[i-1].Above) {
			return i
		}
	}
	if level > 0 && load < float64(p.levels[level-1].Below) {
		return level - 1
	}
	return level
}

// Reconfigure changes the levels; the number of the present one stays.
func (p *qualityLadder) Reconfigure(spec policy.Spec) error {
	s := spec.(*QualityLadderSpec)
	set, err := policy.PresetOf(s.Preset)
	switch {
	case err != nil:
		return err
	case s.MinDwell < 0:
		return fmt.Errorf("min_dwell is %v, it must be 0 or more", sim.Time(s.MinDwell))
	case len(s.Levels) == 0:
		return fmt.Errorf("levels is empty, it must be a list of one level or more")
	}
	for i, l := range s.Levels {
		place := "levels." + l.Name + "."
		if err := cmp.Or(remains(place+"work", l.Work), remains(place+"quality", l.Quality)); err != nil {
			return err
		}
		if !(l.Above > 0 && l.Above <= math.MaxFloat64) {
			return fmt.Errorf("%sabove is %v, it must be more than 0", place, float64(l.Above))
		}
		if !(l.Below >= 0 && l.Below <= l.Above) {
			return fmt.Errorf("%sbelow is %v, it must be 0 to above, which is %v", place, float64(l.Below), float64(l.Above))
		}
		if i > 0 && l.Above <= s.Levels[i-1].Above {
			return fmt.Errorf("%sabove is %v, it must be more than that of the level before, %v", place, float64(l.Above), float64(s.Levels[i-1].Above))
		}
	}
	p.levels = append([]Level(nil), s.Levels...)
	p.dwell = set.Time(s.MinDwell, sim.Second, 60*sim.Second)
	for i := range p.rungs {
		p.rungs[i].level = min(p.rungs[i].level, len(p.levels))
	}
	return nil
}
