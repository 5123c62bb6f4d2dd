package client

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	RegisterGuard(GuardKind{
		Name:    "adaptive-throttling",
		Doc:     "Each process refuses a share of its own tries, first ones too, that grows with the share of them that the service has not served in the last `window`: max(0, (requests - k accepts) / (requests + 1)). Variant failsafe: the same law of the recorded results alone, up to `max_rejection`.",
		Source:  "Beyer et al., Site Reliability Engineering, 2016, chapter 21, equation \"client request rejection probability\" (21-1); variant failsafe: failsafe-go 0.9.8, adaptivethrottler.",
		Fails:   "It sees only what its own process has sent: with few requests in the window the share is coarse and late. Requests under way count as not accepted, so that slow answers alone look like refusals where a window holds few services. In the variant failsafe old results leave the window only when new ones come: a process that is idle or holds everything back stays at its share.",
		Held:    "Vectors of failsafe-go v0.9.8's adaptivethrottler, `failsafe_throttler_a` and `_b`: all 800 rows, the probability of rejection; its coin is not in them. Besides: the share of the book's equation, statistically.",
		Presets: "source: window 2m, in failsafe 1m; inference: 10m in both, for work of some 20 seconds.",
		Fresh:   func() GuardSpec { return new(AdaptiveThrottlingSpec) },
	})
}

// AdaptiveThrottlingSpec is client-side throttling as the SRE book has it, or as
// failsafe-go does.
//
// The SRE book's requests are all tries that the application makes, counted when
// they are made, those that are refused locally among them; accepts are here the
// tries that were completed, and those that the client withdrew.
type AdaptiveThrottlingSpec struct {
	Preset       string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Where the window comes from: as published, or for work that takes some 20 seconds."`
	Variant      string        `yaml:"variant" default:"sre" enum:"sre,failsafe" doc:"sre: the book's rule. failsafe: that of failsafe-go."`
	K            float64       `yaml:"k" default:"2" min:"1" max:"100" doc:"sre: requests that may be made for each that is accepted before any is held back."`
	Window       unit.Duration `yaml:"window" doc:"Time over which both are counted, in 20 slices; that of the preset if 0: 2m (failsafe: 1m) in source, 10m in inference."`
	FailureShare unit.Share    `yaml:"failure_share" default:"10%" doc:"failsafe: share of failures above which tries are held back, at most 99%."`
	MinResults   int           `yaml:"min_results" default:"0" min:"0" doc:"failsafe: results in the window below which nothing is held back."`
	MaxRejection unit.Share    `yaml:"max_rejection" default:"90%" doc:"failsafe: largest share that is held back."`
}

// New returns a throttle that has seen nothing.
func (s *AdaptiveThrottlingSpec) New(env GuardEnv) (Guard, error) {
	g := &adaptiveThrottling{purpose: env.luck()}
	if err := g.Reconfigure(s); err != nil {
		return nil, err
	}
	return g, nil
}

const (
	throttleRequests = iota // failsafe: results
	throttleAccepts         // failsafe: successes
)

// An adaptiveThrottling counts requests and accepts of each process.
type adaptiveThrottling struct {
	freely
	failsafe   bool
	k          float64 // 1/(1 - failure share) in failsafe
	minResults float64
	most       float64
	window     window
	purpose    uint64
}

// Allow holds back a share of the tries.
func (g *adaptiveThrottling) Allow(now sim.Time, p int, a *models.Attempt) (sim.Time, bool) {
	if !g.failsafe {
		g.window.expire(now, p)
	}
	share := g.rejection(p)
	if !g.failsafe {
		g.window.add(p, throttleRequests, 1)
	}
	if share <= 0 {
		return 0, true
	}
	src := a.Request.Child(uint64(a.Try) + uint64(a.Copy)<<32).Draw(g.purpose)
	return 0, !src.Bool(share)
}

// rejection is the share of the tries that process p holds back.
func (g *adaptiveThrottling) rejection(p int) float64 {
	requests, accepts := float64(g.window.sums[p][throttleRequests]), float64(g.window.sums[p][throttleAccepts])
	if requests < g.minResults {
		return 0
	}
	return math.Min(g.most, math.Max(0, requests-float64(g.k*accepts))/(requests+1))
}

// Result counts what was accepted, in failsafe all results.
func (g *adaptiveThrottling) Result(now sim.Time, p int, _ *models.Attempt, e Ending, _ bool) {
	switch {
	case g.failsafe && (e == Succeeded || e.failure()):
		g.window.expire(now, p)
		g.window.add(p, throttleRequests, 1)
		if e == Succeeded {
			g.window.add(p, throttleAccepts, 1)
		}
	case !g.failsafe && (e == Succeeded || e == Withdrawn):
		g.window.expire(now, p)
		g.window.add(p, throttleAccepts, 1)
	}
}

// Reconfigure changes the parameters; counts stay, and mean what the variant says.
func (g *adaptiveThrottling) Reconfigure(spec GuardSpec) error {
	s := spec.(*AdaptiveThrottlingSpec)
	source := 2 * sim.Minute
	if s.Variant == "failsafe" {
		source = sim.Minute
	}
	span, err := preset(s.Preset, "window", s.Window, source, 10*sim.Minute)
	switch {
	case err != nil:
		return err
	case s.Variant != "sre" && s.Variant != "failsafe":
		return fmt.Errorf("variant is %q, it must be sre or failsafe", s.Variant)
	case !(s.K >= 1 && s.K <= 100):
		return fmt.Errorf("k is %v, it must be 1 to 100", s.K)
	case !(s.FailureShare >= 0 && s.FailureShare <= 0.99):
		return fmt.Errorf("failure_share is %v, it must be 0 to 0.99", float64(s.FailureShare))
	case s.MinResults < 0:
		return fmt.Errorf("min_results is %d, it must be 0 or more", s.MinResults)
	case !(s.MaxRejection >= 0 && s.MaxRejection <= 1):
		return fmt.Errorf("max_rejection is %v, it must be 0 to 1", float64(s.MaxRejection))
	}
	g.failsafe, g.k, g.minResults, g.most = false, s.K, 0, 1
	if s.Variant == "failsafe" {
		g.failsafe, g.k, g.minResults, g.most = true, 1/(1-float64(s.FailureShare)), float64(s.MinResults), float64(s.MaxRejection)
	}
	if g.window.n == 0 {
		g.window = newWindow(span, slicesOfWindow)
	}
	g.window.setSpan(span, slicesOfWindow)
	return nil
}

// Resize sets the number of processes.
func (g *adaptiveThrottling) Resize(processes int) { g.window.resize(processes) }
