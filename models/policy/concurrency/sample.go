package concurrency

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim"
)

// A counted knows what a limit let through and has not seen the end of: its own count, and
// so never late.
type counted struct{ flights policy.InFlight }

// Left takes an attempt that has ended out of the count.
func (c *counted) Left(a *models.Attempt, _ models.Outcome) { c.flights.Left(a) }

// A sample is what one attempt, or a window of them, tells a limit.
type sample struct {
	rtt      sim.Time
	inFlight int
	dropped  bool
}

// sampleOf is what the end of an attempt tells, if anything.
func sampleOf(e policy.Flight, a *models.Attempt, o models.Outcome, now sim.Time) (sample, bool) {
	s := sample{rtt: now - e.Since, inFlight: int(e.InFlight)}
	if !ran(a, o) || s.rtt <= 0 {
		return s, false
	}
	s.dropped = o != models.Completed
	return s, true
}

// ran reports whether an attempt came to its end behind the whole chain, and
// neither its user nor its client took it back. One that a later policy refuses
// has passed no link.
func ran(a *models.Attempt, o models.Outcome) bool {
	switch o {
	case models.Completed, models.TimedOut, models.Failed:
		return true
	case models.Rejected:
		return a.Passed > 0
	}
	return false
}
