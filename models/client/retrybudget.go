package client

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	RegisterGuard(GuardKind{
		Name:    "retry-budget",
		Doc:     "A process retries only while its retries of the last `window` are fewer than `ratio` of its requests, so that over a window retries raise the load by no more than that; within it they may come all at once, when the budget of an earlier one falls due. What is over the budget is not tried again. First tries are never held back.",
		Source:  "Beyer et al., Site Reliability Engineering, 2016, chapter 21, \"Deciding to retry\": a per-client retry budget of 10 %, beside at most 3 attempts of a request. The book gives no window; it is that of its adaptive throttling.",
		Fails:   "A process with few requests has always room for one retry in its window: with many idle processes the budget binds nobody. It counts retries, not their cost, and all classes of its process together: one of them may take the budget of another.",
		Held:    "No vector. That retries are bounded to the ratio, in long sequences.",
		Presets: "source: window 2m; inference: 10m, for work of some 20 seconds the same number of services.",
		Fresh:   func() GuardSpec { return new(RetryBudgetSpec) },
	})
}

// RetryBudgetSpec is the per-client retry budget of the SRE book.
type RetryBudgetSpec struct {
	Preset string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Where the window comes from: as published, or for work that takes some 20 seconds."`
	Ratio  unit.Share    `yaml:"ratio" default:"10%" doc:"Largest ratio of retries to requests."`
	Window unit.Duration `yaml:"window" doc:"Time over which both are counted, in 20 slices; that of the preset if 0: 2m in source, 10m in inference."`
}

// New returns a budget that has seen nothing.
func (s *RetryBudgetSpec) New(GuardEnv) (Guard, error) {
	b := new(retryBudget)
	if err := b.Reconfigure(s); err != nil {
		return nil, err
	}
	return b, nil
}

const (
	budgetRequests = iota
	budgetRetries
)

// A retryBudget counts requests and retries.
type retryBudget struct {
	freely
	ratio  float64
	window window
}

// slicesOfWindow is the resolution of the moving windows of guards.
const slicesOfWindow = 20

// Allow counts requests.
func (b *retryBudget) Allow(now sim.Time, p int, a *models.Attempt) (sim.Time, bool) {
	if a.Try == 1 && a.Copy == 0 {
		b.window.expire(now, p)
		b.window.add(p, budgetRequests, 1)
	}
	return 0, true
}

// Retry allows a retry while the ratio is below the largest.
func (b *retryBudget) Retry(now sim.Time, p int, _ *models.Attempt, _ Ending) bool {
	b.window.expire(now, p)
	n := &b.window.sums[p]
	if float64(n[budgetRetries]) >= float64(b.ratio*float64(n[budgetRequests])) {
		return false
	}
	b.window.add(p, budgetRetries, 1)
	return true
}

// Reconfigure changes ratio and window.
func (b *retryBudget) Reconfigure(spec GuardSpec) error {
	s := spec.(*RetryBudgetSpec)
	if !(s.Ratio >= 0 && s.Ratio <= 1) {
		return fmt.Errorf("ratio is %v, it must be 0 to 1", float64(s.Ratio))
	}
	span, err := preset(s.Preset, "window", s.Window, 2*sim.Minute, 10*sim.Minute)
	if err != nil {
		return err
	}
	b.ratio = float64(s.Ratio)
	if b.window.n == 0 {
		b.window = newWindow(span, slicesOfWindow)
	}
	b.window.setSpan(span, slicesOfWindow)
	return nil
}

// Resize sets the number of processes.
func (b *retryBudget) Resize(processes int) { b.window.resize(processes) }

// preset is a time as the spec gives it, or that of its preset where it is 0.
func preset(name, field string, given unit.Duration, source, inference sim.Time) (sim.Time, error) {
	if given < 0 {
		return 0, fmt.Errorf("%s is negative: %v", field, sim.Time(given))
	}
	if given > 0 {
		return sim.Time(given), nil
	}
	switch name {
	case "source":
		return source, nil
	case "inference", "":
		return inference, nil
	}
	return 0, fmt.Errorf("preset is %q, it must be source or inference", name)
}
