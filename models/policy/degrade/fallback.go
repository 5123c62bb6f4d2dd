package degrade

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
)

func init() {
	policy.Register(policy.Kind{
		Name: "fallback", Heading: policy.Degrade,
		Doc:    "While the load is high, sends a share of the attempts to another pool, as to a smaller model, or answers them at once, as from a cache. Their answers are of lower quality. Policies behind it see the other pool; an answer at once ends the chain.",
		Source: "Practice: graceful degradation, \"Addressing Cascading Failures\", Site Reliability Engineering, 2016, chapter 22; caches and smaller models as fallbacks of AI services.",
		Fails:  "The other pool is not looked at: it can be overrun in turn, so put a limit behind the fallback. A path that is seldom taken is seldom known to work.",
		Held:   "No vector. Its share at each load, statistically and in whole runs of two pools.",
		Scale:  "With few servers one attempt more or less is a large step of the load.",
		Surge:  "above: 1.2, below: 1, quality: 40%",
		Fresh:  func() policy.Spec { return new(FallbackSpec) },
	})
}

// FallbackSpec is another way for attempts, of lower quality: it is on from the
// load `above` until the load is below `below`, and takes the share of them whose
// draw, one for each request, falls under it. The load is that of the pool
// that would serve the attempt otherwise.
type FallbackSpec struct {
	Pool    string      `yaml:"pool" ref:"pools" doc:"The pool that serves them; none: they are answered at once, without a server."`
	Share   unit.Share  `yaml:"share" default:"100%" doc:"Share of the requests that take it while it is on."`
	Above   unit.Factor `yaml:"above" default:"0" doc:"Load, in attempts in flight for each server, from which it is on; 0: always."`
	Below   unit.Factor `yaml:"below" default:"0" doc:"Load below which it is off again."`
	Work    unit.Share  `yaml:"work" default:"100%" doc:"What is left of the service time in the other pool."`
	Quality unit.Share  `yaml:"quality" required:"true" doc:"Quality of an answer, of that of a full one."`
}

// New returns the policy.
func (s *FallbackSpec) New(env policy.Env) (policy.Policy, error) {
	p := &fallback{hysteresis: newHysteresis(&env), luck: env.Luck(), pools: env.Pools}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	return p, nil
}

// Route is the pool to which it may send attempts; none if empty.
func (s *FallbackSpec) Route() string { return s.Pool }

type fallback struct {
	hysteresis
	share   float64
	verdict models.Verdict
	luck    policy.Luck
	pools   []string
}

// Admit sends the attempt the other way, or lets it go its own.
func (p *fallback) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if !p.look(s) {
		return models.Verdict{}
	}
	if draw := p.luck.OfRequest(a.Request); !draw.Bool(p.share) {
		return models.Verdict{}
	}
	return p.verdict
}

// Reconfigure changes the parameters; if it is on it stays on until the load is
// below the new `below`.
func (p *fallback) Reconfigure(spec policy.Spec) error {
	s := spec.(*FallbackSpec)
	v := models.Verdict{Answered: s.Pool == "", Quality: float64(s.Quality)}
	if s.Pool != "" {
		i := slices.Index(p.pools, s.Pool)
		if i < 0 {
			return fmt.Errorf("pool: there is no pool %q", s.Pool)
		}
		v.Pool, v.Work = uint8(i+1), float64(s.Work)
	}
	if err := cmp.Or(remains("work", s.Work), remains("quality", s.Quality)); err != nil {
		return err
	}
	switch {
	case !(s.Share >= 0 && s.Share <= 1):
		return fmt.Errorf("share is %v, it must be 0 to 1", float64(s.Share))
	case !(s.Above >= 0 && s.Above <= math.MaxFloat64):
		return fmt.Errorf("above is %v, it must be 0 or more", float64(s.Above))
	case !(s.Below >= 0 && s.Below <= s.Above):
		return fmt.Errorf("below is %v, it must be 0 to above, which is %v", float64(s.Below), float64(s.Above))
	}
	p.verdict, p.share = v, float64(s.Share)
	p.above, p.below = float64(s.Above), float64(s.Below)
	return nil
}
