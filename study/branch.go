package study

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/report/paint"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/experiment"
	"github.com/launchday-sim/launchday/sim/stats"
)

// A Branch is a world and what it becomes by a decision at a moment. Up to that both are the
// same, draw by draw.
type Branch struct {
	*Comparison
	At     float64   // of the decision, seconds after the start
	Label  string    // of it
	Moment []float64 // of the series, seconds after the start: the middle of each interval
	Course []paint.Course

	title    string
	start    time.Time
	duration time.Duration
}

// courses are what a branch shows over time, summed over the tiers and classes that are
// followed, per second or as a level.
var courses = []struct {
	title, unit string
	columns     []string
	level       bool
}{
	{"Completed", "attempts per second", []string{"completed"}, false},
	{"Waiting in the queue", "attempts", []string{"queue_length_mean"}, true},
	{"Turned away, failed, or gone", "attempts per second", []string{"rejected_", "failed", "timed_out", "abandoned"}, false},
}

// BranchAt plays a scenario as it is and with a decision at a moment, on the same random
// numbers, and pairs the two replication by replication.
func BranchAt(ctx context.Context, sc *scenario.Scenario, at, label string, set scenario.Changes, seed uint64, reps, workers int, progress func(done, of int)) (*Branch, error) {
	other, when, err := sc.Decided(at, label, set)
	if err != nil {
		return nil, err
	}
	if err := launch.Rehearse(other); err != nil {
		return nil, err
	}
	if sim.Time(when) < 0 || sim.Time(when) >= sim.Time(sc.Duration) {
		return nil, fmt.Errorf("--at %s: lies outside the run: want a moment from its start to its end", at)
	}
	worlds := []*scenario.Scenario{sc, other}
	series := make([][][]float64, 2*reps) // of each run: the courses
	var moments []float64
	all, err := experiment.Run(ctx, func(ctx context.Context, k uint64) ([]experiment.Figure, error) {
		res, err := launch.Play(ctx, worlds[k%2], launch.Options{Seed: seed, Replication: k / 2})
		if err != nil {
			return nil, err
		}
		x, y := course(sc, res.Series)
		if series[k] = y; k == 0 {
			moments = x
		}
		list := figures(&res.Summary)
		for i := range list {
			list[i].Value = float64(metrics.FullScale(list[i].Name, metrics.Figure(list[i].Value), float64(sc.Scale)))
		}
		return list, nil
	}, experiment.Options{Replications: 2 * reps, Workers: workers, Progress: progress})
	if err != nil {
		return nil, err
	}
	b := &Branch{At: sim.Time(when).Seconds(), Label: label, Moment: moments, title: sc.Title, duration: sim.Time(sc.Duration).Duration()}
	if sc.Dated() {
		b.start = sc.Start.UTC()
	}
	if b.title == "" {
		b.title = sc.Name
	}
	var as, bs [][]experiment.Figure
	for k, list := range all {
		if k%2 == 0 {
			as = append(as, list)
		} else {
			bs = append(bs, list)
		}
	}
	b.Comparison = &Comparison{A: sc.Name, B: label, Seed: seed, Reps: reps, Scale: float64(sc.Scale), Others: 1, Figures: compared(as, bs, 1)}
	for c, what := range courses {
		k := paint.Course{Title: what.title, Unit: what.unit}
		for i := range moments {
			var d []float64
			for rep := range reps {
				d = append(d, series[2*rep+1][c][i]-series[2*rep][c][i])
			}
			k.Y = append(k.Y, bar(stats.MeanInterval(d, Confidence)))
		}
		b.Course = append(b.Course, k)
	}
	return b, nil
}

func bar(i stats.Interval) paint.Around { return paint.Around{Mean: i.Mean, Lo: i.Lo, Hi: i.Hi} }

// course sums the columns of the courses over tiers and classes, at full scale. Fluid work
// is left out.
func course(sc *scenario.Scenario, t *metrics.Table) (x []float64, sums [][]float64) {
	fluid := map[string]bool{}
	for _, c := range sc.Classes {
		fluid[c.Name] = c.Kind == "fluid"
	}
	at, class := t.Column("t_s").Floats, t.Column("class").Texts
	for row := range at {
		if row == 0 || at[row] != at[row-1] {
			x = append(x, at[row])
		}
	}
	width := func(i int) float64 {
		if i+1 < len(x) {
			return x[i+1] - x[i]
		}
		return sim.Time(sc.Duration).Seconds() - x[i]
	}
	for _, what := range courses {
		y := make([]float64, len(x))
		for k := range t.Columns {
			col := &t.Columns[k]
			if !matches(col.Name, what.columns) {
				continue
			}
			i := -1
			for row := range at {
				if row == 0 || at[row] != at[row-1] {
					i++
				}
				if fluid[class[row]] {
					continue
				}
				v := 0.0
				if col.Kind == metrics.Int {
					v = float64(col.Ints[row])
				} else if v = col.Floats[row]; math.IsNaN(v) {
					v = 0
				}
				y[i] += v / float64(sc.Scale)
			}
		}
		if !what.level {
			for i := range y {
				y[i] /= width(i)
			}
		}
		sums = append(sums, y)
	}
	for i := range x {
		x[i] += width(i) / 2
	}
	return x, sums
}

// matches reports whether a column is one of a list; one that ends with _ stands for all
// that begin so.
func matches(name string, list []string) bool {
	for _, want := range list {
		if name == want || want[len(want)-1] == '_' && len(name) > len(want) && name[:len(want)] == want {
			return true
		}
	}
	return false
}

// Text prints when the two worlds part, and how they compare.
func (b *Branch) Text(w io.Writer) error {
	fmt.Fprintf(w, "Up to %v after the start both are the same world; then: %s.\n", unit.Duration(sim.FromSeconds(b.At)), b.Label)
	return b.Comparison.Text(w)
}

// Picture shows the differences over time, as PNG or SVG.
func (b *Branch) Picture(svg bool) ([]byte, error) {
	caption := fmt.Sprintf("%d paired replications, seed %d, figures at full scale (simulated at %s)", b.Reps, b.Seed, unit.Fraction(b.Scale))
	return paint.Differences(b.title+": had it been decided otherwise", caption, b.start, b.duration, b.At, b.Label, b.Moment, b.Course, svg)
}
