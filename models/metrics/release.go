package metrics

import "github.com/launchday-sim/launchday/sim"

// A release is when a feature was to come out, and when it does.
type release struct{ planned, at sim.Time }

// Release records the dates of a feature, as they stand now.
func (r *Recorder) Release(i int, planned, at sim.Time) { r.releases[i] = release{planned, at} }

// figures are the dates as seconds after a moment, as they are known at another.
func (r release) figures(start, now sim.Time) ReleaseFigures {
	f := ReleaseFigures{Planned: Figure((r.planned - start).Seconds()), Released: Null(), Delay: Null()}
	if r.planned <= now {
		f.Delay = Figure((min(r.at, now) - r.planned).Seconds())
	}
	if r.at <= now {
		f.Released = Figure((r.at - start).Seconds())
	}
	return f
}
