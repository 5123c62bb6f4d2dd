package client

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// A hystrix is a circuit breaker of Netflix Hystrix for each process: its health
// is counted in slices, and looked at only where a slice ends.
type hystrix struct {
	freely
	open        sim.Time
	share       float64
	minRequests int64
	window      window
	processes   []hystrixProcess
}

type hystrixProcess struct {
	state  breakerState
	opened sim.Time
}

const (
	hystrixRequests = iota
	hystrixFailures
)

// Allow holds everything back while the breaker is open, but for one trial after
// its time.
func (g *hystrix) Allow(now sim.Time, p int, _ *models.Attempt) (sim.Time, bool) {
	g.look(now, p)
	b := &g.processes[p]
	if b.state == breakerOpen && now > b.opened+g.open {
		b.state = breakerHalfOpen
		return 0, true
	}
	return 0, b.state == breakerClosed
}

// Result counts an end. While the breaker is half-open any success closes it, even
// one of a try from before, and anything else opens it: so does the original.
func (g *hystrix) Result(now sim.Time, p int, _ *models.Attempt, e Ending, _ bool) {
	g.look(now, p)
	b := &g.processes[p]
	if b.state == breakerHalfOpen {
		if e == Succeeded {
			b.state = breakerClosed
			g.window.clear(p)
		} else {
			b.state, b.opened = breakerOpen, now
		}
	}
	if e == Succeeded || e.failure() {
		g.window.add(p, hystrixRequests, 1)
		if e.failure() {
			g.window.add(p, hystrixFailures, 1)
		}
	}
}

// look takes the looks that were due by now: at the end of each slice, at those
// of the window that have ended.
func (g *hystrix) look(now sim.Time, p int) {
	b, w := &g.processes[p], &g.window
	to := int64(now / w.slice)
	for w.heads[p] < to {
		n := w.sums[p]
		if b.state == breakerClosed && n[hystrixRequests] >= g.minRequests && float64(n[hystrixFailures]) >= float64(g.share*float64(n[hystrixRequests])) {
			b.state, b.opened = breakerOpen, sim.Time(w.heads[p]+1)*w.slice
		}
		if n[hystrixRequests] == 0 {
			w.advance(to, p)
			return
		}
		w.advance(w.heads[p]+1, p)
	}
}

// Reconfigure changes the parameters; counts stay.
func (g *hystrix) Reconfigure(spec GuardSpec) error {
	s := spec.(*CircuitBreakerSpec)
	if err := s.check(); err != nil {
		return err
	}
	if s.Variant != "hystrix" {
		return fmt.Errorf("variant is %q, it must be hystrix as at the start", s.Variant)
	}
	open, err := preset(s.Preset, "open", s.Open, 5*sim.Second, sim.Minute)
	if err != nil {
		return err
	}
	span, err := preset(s.Preset, "window", s.Window, 10*sim.Second, 2*sim.Minute)
	if err != nil {
		return err
	}
	every, err := preset(s.Preset, "snapshot", s.Snapshot, 500*sim.Millisecond, 6*sim.Second)
	if err != nil {
		return err
	}
	slices := span / every
	if slices < 1 || slices > 100 {
		return fmt.Errorf("snapshot is %v, it must be at most window and at least a hundredth of it", every)
	}
	g.open, g.share, g.minRequests = open, float64(s.FailureShare), int64(s.MinRequests)
	if g.share == 0 {
		g.share = 0.5
	}
	if g.window.n == 0 {
		g.window = newWindow(every*slices, int(slices))
	}
	g.window.setSpan(every*slices, int(slices))
	return nil
}

// Resize sets the number of processes.
func (g *hystrix) Resize(processes int) {
	g.window.resize(processes)
	g.processes = resized(g.processes, processes)
}
