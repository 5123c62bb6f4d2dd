// Package report is what a person looks at after a run, and the files that the
// run leaves: pictures, tables, a summary in plain words.
//
// It knows the values that a run ends with (metrics.Result, incident.Row) and
// nothing of how they were made. What a Result counts are simulated counts; the
// files hold them as they are, with the scale beside them. Pictures and words
// show the whole world: every count in them went through metrics.FullScale.
//
// A folder is prepared before the run, so that a place where nothing can be
// written is found out before an hour is spent, and appears under its name only
// when it is complete:
//
//	folder, err := report.Prepare("results/ghibli-2025", false)
//	if err != nil {
//		return err // exists already, cannot be written, ...
//	}
//	defer folder.Abort() // after Commit it does nothing
//	run := simulate()
//	if err := folder.Write(run, time.Since(begun)); err != nil {
//		return err
//	}
//	if err := folder.Commit(); err != nil {
//		return err
//	}
//	return report.Text(os.Stdout, run, folder.Path())
//
// The folder then holds
//
//	summary.json                 the figures (metrics.Summary)
//	series.csv, series.parquet   one row an interval, tier and class
//	summary.md                   what the figures of summary.json mean
//	pools.csv, pools.parquet     one row an interval and pool
//	training.csv, .parquet       one row an interval and training job, where there is one
//	series.md                    what each column of these means
//	latency.csv                  the curves of the latency picture
//	record.csv                   the run against the public record
//	manifest.json                the scenario as it was run, the run's id, hashes
//	timeline, latency, outcomes  as .png and .svg
//
// Files that have nothing to say are left out. Equal runs leave equal bytes,
// but for `environment` in the manifest.
package report

import (
	"fmt"
	"time"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/metrics"
)

// A Run is everything about a run that its report says.
type Run struct {
	Name         string        // of the scenario: ghibli-2025
	Title        string        // of the pictures; if empty, the name
	Version      string        // of the program
	Resolved     string        // the scenario as it was run, every default written out
	ScenarioFile string        // where the scenario was read, as the user named it; empty: it is shipped
	Start        time.Time     // UTC date of t_s = 0; zero: the run has no dates and its axis counts seconds
	Duration     time.Duration // from t_s = 0
	Interval     time.Duration // of the series; its last one may be shorter
	Scale        float64       // simulated share of the world, in (0, 1]
	Seed         uint64
	Replication  uint64

	Replications int    // how many were run, this one the first of them; 0 or 1: it stands alone
	Intervals    []byte // summary.json of all of them, with an interval for each figure; nil: Result.Summary

	Tiers    []metrics.TierInfo
	Classes  []metrics.ClassInfo
	Pools    []string
	Batches  []string         // of these, the pools whose servers are places in the batches of their nodes
	Refusals []models.Refusal // what the series' columns rejected_<name> count as
	Marks    []Mark
	Latency  []Distribution
	Result   *metrics.Result

	Score   []incident.Row // the run against the public record; may be empty
	NoLever []incident.Row // the same world with no lever pulled, in the same order; may be empty

	NoLeverScale float64  // its scale
	Warnings     []string // what a reader must know of the run before believing it
	Unknowns     []incident.Unknown
}

// A MarkKind says what sort of thing happened.
type MarkKind uint8

// The kinds of marks.
const (
	Lever MarkKind = iota // the operator did it
	Cause                 // it befell the operator: a dip of capacity, a deploy, a famous user
	Note                  // it was said or published, and changed nothing in the run
)

// A Mark is a moment that every panel of the timeline shows.
type Mark struct {
	At    time.Duration // after Start
	Label string        // a few words
	Kind  MarkKind
}

// A Distribution is a curve of the latency picture: a share P[i] of what it
// speaks of took at most X[i] seconds. Both ascend.
type Distribution struct {
	Label string
	X     []float64
	P     []float64
}

// title is what stands above a picture.
func (r *Run) title() string {
	if r.Title != "" {
		return r.Title
	}
	return r.Name
}

// standing says what its figures are worth.
func (r *Run) standing() string {
	if r.Replications > 1 {
		return fmt.Sprintf("first of %d replications, intervals in summary.json", r.Replications)
	}
	return "one run, no intervals"
}

// full brings a simulated count, flow or number of servers to full scale.
func (r *Run) full(v float64) float64 {
	return float64(metrics.FullScale("all.attempts", metrics.Figure(v), r.Scale))
}

// refusedForLoad reports whether a reason counts as an error: the service was
// not able to, where the others are limits that the operator wanted.
func (r *Run) refusedForLoad(reason string) bool {
	for _, f := range r.Refusals {
		if f.Name == reason {
			return f.Status == models.Unavailable
		}
	}
	return false
}

// left reports whether a reason is that of users who went by themselves, at the
// sight of the wait.
func (r *Run) left(reason string) bool {
	for _, f := range r.Refusals {
		if f.Name == reason {
			return f.Status == models.ClientClosed
		}
	}
	return false
}

// served reports whether a class consists of requests that are followed one by
// one and are not sign-ups: those that the pictures are about.
func served(c metrics.ClassInfo) bool { return !c.Fluid && !c.Signup }
