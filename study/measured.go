package study

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/scenario"
)

// A Stand is where levers are measured: the standard surge, and the same world
// under a steady load of nine tenths of its capacity, where a lever made for
// overload should keep still.
type Stand struct {
	surge, steady *scenario.Scenario
	bare          map[string]Trial // by what stands beside the lever
}

// steadyPerUser is what a user asks for so that the standard surge's 60,000 make
// 4.65 requests a second, of the 5 that its pool can serve.
const (
	steadyPerUser = "6.7/d"
	steadyLoad    = "93 %"
)

// NewStand makes one of the standard surge.
func NewStand(surge *scenario.Scenario) (*Stand, error) {
	var calm scenario.Changes
	for _, tier := range surge.Tiers {
		for _, s := range []setting{{".profile", "[]"}, {".per_user", steadyPerUser}} {
			c, err := scenario.NewChange("demand.streams."+tier.Name+s.knob, s.value)
			if err != nil {
				return nil, err
			}
			calm = append(calm, c)
		}
	}
	steady, err := surge.With(calm)
	if err != nil {
		return nil, err
	}
	return &Stand{surge: surge, steady: steady, bare: map[string]Trial{}}, nil
}

// A Trial is what became of both worlds.
type Trial struct {
	Preset        string
	Surge, Steady metrics.Summary
}

// InTime is how many attempts were completed in the surge within the SLO of their
// class and the patience of their user, an answer that was degraded counting for its
// quality.
func (t *Trial) InTime() float64 { return inTime(&t.Surge) }

func inTime(s *metrics.Summary) float64 {
	return math.Round(float64(s.All.GoodputQualityPerS) * float64(s.To-s.From))
}

// refusedShare is the share of attempts that the service turned away: refused, dropped
// from the queue, or left there until they timed out.
func refusedShare(s *metrics.Summary) float64 {
	n := float64(s.All.TimedOut)
	for _, reason := range s.All.Rejected {
		n += float64(reason)
	}
	return n / float64(s.All.Attempts)
}

// heldShare is the share of tries that a policy's part in the client's library held
// back.
func heldShare(s *metrics.Summary) float64 {
	return float64(s.All.Suppressed) / float64(s.All.Attempts+s.All.Suppressed)
}

func degradedShare(s *metrics.Summary) float64 {
	return float64(s.All.Degraded) / math.Max(1, float64(s.All.Completed))
}

// Trials are a lever's, in each of its presets, and that of the worlds without it.
type Trials struct {
	Without Trial
	With    []Trial // in the order of Variants

	lever *Lever
}

// Try plays both worlds with and without the lever, with seed 1.
func (s *Stand) Try(ctx context.Context, l *Lever) (*Trials, error) {
	trial := func(pull func(*scenario.Scenario) (*scenario.Scenario, error), preset string) (Trial, error) {
		t := Trial{Preset: preset}
		for _, w := range []struct {
			world *scenario.Scenario
			into  *metrics.Summary
		}{{s.surge, &t.Surge}, {s.steady, &t.Steady}} {
			sc, err := pull(w.world)
			if err != nil {
				return t, err
			}
			res, err := launch.Play(ctx, sc, launch.Options{Seed: 1})
			if err != nil {
				return t, fmt.Errorf("%s: %w", l.Name, err)
			}
			*w.into = res.Summary
		}
		return t, nil
	}
	beside := fmt.Sprint(l.beside)
	if _, done := s.bare[beside]; !done {
		bare, err := trial(l.Without, "")
		if err != nil {
			return nil, err
		}
		s.bare[beside] = bare
	}
	t := &Trials{Without: s.bare[beside], lever: l}
	for _, preset := range l.Variants() {
		with, err := trial(func(sc *scenario.Scenario) (*scenario.Scenario, error) { return l.Pulled(sc, preset) }, preset)
		if err != nil {
			return nil, err
		}
		t.With = append(t.With, with)
	}
	return t, nil
}

// measuredMark begins the paragraph with the figures of a lever, which is the only
// part of its section that a run has to be made for.
const measuredMark = "**Measured.** "

// Text is the paragraph of the documentation with the figures.
func (t *Trials) Text() string {
	var b strings.Builder
	with := &t.With[0]
	fmt.Fprintf(&b, "%sIn time under the standard surge: %s of %s requests (%s).", measuredMark, grouped(with.InTime()), grouped(float64(with.Surge.All.Requests)),
		t.beside("without: "+grouped(t.Without.InTime()), func(source *Trial) string { return grouped(source.InTime()) }))
	share := func(of func(*Trial) float64) string {
		text := percent(of(with))
		if beside := t.beside("", func(source *Trial) string { return percent(of(source)) }); beside != "" {
			text += " (" + beside + ")"
		}
		return text
	}
	if t.lever.Heading != queues && t.lever.Heading != clients {
		fmt.Fprintf(&b, " At a steady %s of the capacity: %s of %s in time (%s), and %s of the attempts turned away.", steadyLoad, grouped(inTime(&with.Steady)), grouped(float64(with.Steady.All.Requests)),
			t.beside("without: "+grouped(inTime(&t.Without.Steady)), func(source *Trial) string { return grouped(inTime(&source.Steady)) }),
			share(func(t *Trial) float64 { return refusedShare(&t.Steady) }))
	}
	if held := func(t *Trial) float64 { return heldShare(&t.Surge) }; t.lever.acts(policy.Admission) && held(with) > 0 {
		fmt.Fprintf(&b, " Tries held back by clients: %s in the surge, %s under the steady load.", share(held), share(func(t *Trial) float64 { return heldShare(&t.Steady) }))
	}
	if degraded := func(t *Trial) float64 { return degradedShare(&t.Surge) }; t.lever.acts(policy.Degrade) && degraded(with) > 0 {
		fmt.Fprintf(&b, " Degraded answers: %s in the surge, %s under the steady load.", share(degraded), share(func(t *Trial) float64 { return degradedShare(&t.Steady) }))
	}
	if t.lever.Heading == clients {
		fmt.Fprintf(&b, " From the first try on %s of the requests that ended were satisfied within the SLO, and those that were satisfied took %s in the median (%s).",
			percent(float64(with.Surge.All.SLOAttainment)), took(with), t.beside("without: "+attained(&t.Without), attained))
	}
	return b.String()
}

// attained is what became of requests from the first try on, what clients held back
// included.
func attained(t *Trial) string {
	return percent(float64(t.Surge.All.SLOAttainment)) + ", " + took(t)
}

func took(t *Trial) string { return fmt.Sprintf("%.0f s", float64(t.Surge.All.RequestLatency.P50)) }

// beside is what stands in brackets: what is said of no lever, and of the preset
// source where there is one.
func (t *Trials) beside(without string, of func(*Trial) string) string {
	var parts []string
	if without != "" {
		parts = append(parts, without)
	}
	for i := range t.With[1:] {
		parts = append(parts, "preset "+t.With[1+i].Preset+": "+of(&t.With[1+i]))
	}
	return strings.Join(parts, "; ")
}

// grouped writes a whole number of less than a million with a comma: 20,000.
func grouped(x float64) string {
	if n := int(x); n >= 1000 {
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprint(int(x))
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }
