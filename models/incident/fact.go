// Package incident holds what the public knows of an incident and scores a run
// against it.
//
// A Fact is one published figure: a metric, the window of time it was said of,
// a value with its tolerance, where it stands and how far it is trusted. Its
// use is fixed beforehand: it may calibrate the scenario, it is predicted by
// it, or it was put into it as a dated cause. Score lays a run beside the facts
// and says hit, near or miss of each; a fact whose metric or window was not
// simulated is not scored, and a given one never counts as a success.
//
// The facts of a scenario are its list `record`:
//
//	record:
//	  - name: signups-week-1
//	    what: new sign-ups in the first week
//	    from: 2025-03-25T18:18:31Z
//	    to: 2025-04-01T18:18:31Z
//	    metric: classes.signup.completed
//	    value: 100M
//	    low: 80M
//	    high: 120M
//	    unit: users
//	    use: calibrate
//	    source: newsletter.pragmaticengineer.com/p/chatgpt-images
//	    confidence: H
//
// The run must keep figures of the windows that the facts speak of:
//
//	windows := incident.Windows(facts, warmup)   // for the recorder
//	rows := incident.Score(facts, res, clock)
//	for _, c := range incident.Tally(rows) {
//		fmt.Println(c.Use, c.Hit, c.Near, c.Miss)
//	}
//
// Published values are of the whole world. They are never scaled; simulated
// ones are brought to full scale before they are compared.
package incident

import (
	"errors"
	"fmt"

	"github.com/launchday-sim/launchday/models/unit"
)

// The uses of a fact.
const (
	Calibrate = "calibrate"
	Predict   = "predict"
	Given     = "given"
)

// A Fact is one published figure of an incident.
//
// The figure is that of Metric, a path in the summary of the window [From, To),
// changed by at most one of these:
//
//   - Plus adds what was there before the run.
//   - Over divides it by the same metric in another window.
//   - RankOf asks for a rank instead: 1 plus the number of other windows that
//     have at least as much of the metric as the window RankOf, among those of
//     its length that follow each other in both directions from it and lie whole
//     in [From, To).
//   - By takes the least over the clock hours (or whatever By says) that lie
//     whole in [From, To). It is made from the series, and its one metric is
//     classes.NAME.admitted_completed_share: of the attempts admitted in the
//     hour, the share that completed at any time. An interval of the series
//     belongs to the hour in which it starts.
type Fact struct {
	Name       string       `yaml:"name" required:"true" doc:"Name of the fact."`
	What       string       `yaml:"what" required:"true" doc:"What was said, in a few words."`
	From       unit.Instant `yaml:"from" required:"true" doc:"Start of the window that the figure was said of."`
	To         unit.Instant `yaml:"to" required:"true" doc:"End of that window."`
	Metric     string       `yaml:"metric" doc:"Path of the metric in the summary of that window; needed unless not_scored is set."`
	Value      unit.Count   `yaml:"value" required:"true" doc:"The published value, of the whole world whatever the scale, in the unit named by unit."`
	Low        *unit.Count  `yaml:"low" doc:"Least value that counts as a hit; absent: no lower bound."`
	High       *unit.Count  `yaml:"high" doc:"Largest value that counts as a hit; absent: no upper bound."`
	Unit       string       `yaml:"unit" required:"true" doc:"Unit of the value, for people: images, users, s, ratio."`
	Use        string       `yaml:"use" required:"true" enum:"calibrate,predict,given" doc:"Whether the fact may be tuned to (calibrate), may not (predict), or was put in as a dated cause (given)."`
	Source     string       `yaml:"source" required:"true" doc:"Where it was published."`
	Confidence string       `yaml:"confidence" required:"true" enum:"H,M,L" doc:"Primary or several independent sources (H), one decent secondary source (M), a single weak source or an assumption (L)."`

	Plus      unit.Count    `yaml:"plus" doc:"What is added to the simulated figure: an input of the whole world, such as users before the start."`
	Over      *Span         `yaml:"over" doc:"Window whose value of the metric divides the figure."`
	RankOf    *Span         `yaml:"rank_of" doc:"Window whose rank by the metric is the figure, among the windows of its length between from and to, counted from it in both directions; ties count against it."`
	By        unit.Duration `yaml:"by" min:"1s" doc:"Length of the stretches, aligned to the clock, over which take chooses; metric is classes.NAME.admitted_completed_share."`
	Take      string        `yaml:"take" enum:"min" doc:"What is taken over the stretches of by."`
	NotScored string        `yaml:"not_scored" doc:"Why the fact cannot be scored yet."`
}

// A Span is a stretch of time.
type Span struct {
	From unit.Instant `yaml:"from" required:"true" doc:"Start."`
	To   unit.Instant `yaml:"to" required:"true" doc:"End."`
}

// ScaleBy leaves a fact as it was published: nothing in it is simulated.
func (f *Fact) ScaleBy(float64) {}

// Check reports everything in the fact that contradicts itself.
func (f *Fact) Check() error {
	var errs []error
	fault := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("fact %s: "+format, append([]any{f.Name}, args...)...))
	}
	if f.To <= f.From {
		fault("to must be after from")
	}
	if f.Metric == "" && f.NotScored == "" {
		fault("metric is missing; without one, not_scored must say why")
	}
	if f.Low == nil && f.High == nil {
		fault("low and high are both missing: nothing would be a miss")
	}
	if f.Low != nil && f.High != nil && *f.High < *f.Low {
		fault("high %v is below low %v", *f.High, *f.Low)
	}
	if (f.By != 0) != (f.Take != "") {
		fault("by and take belong together")
	}
	if f.By != 0 && shareClass(f.Metric) == "" {
		fault("by takes the metric classes.NAME.admitted_completed_share, not %q", f.Metric)
	}
	if f.Over != nil && f.Over.To <= f.Over.From {
		fault("over: to must be after from")
	}
	if r := f.RankOf; r != nil && (r.To <= r.From || r.From < f.From || r.To > f.To) {
		fault("rank_of must be a window between from and to")
	}
	changes := 0
	for _, set := range []bool{f.Plus != 0, f.Over != nil, f.RankOf != nil, f.By != 0} {
		if set {
			changes++
		}
	}
	if changes > 1 {
		fault("only one of plus, over, rank_of and by can be set")
	}
	return errors.Join(errs...)
}

// An Unknown is a quantity of the scenario that nobody has published: it is
// reported as the range in which it may lie, with the value that the run used,
// never as a fact.
type Unknown struct {
	Name  string `yaml:"name" required:"true" doc:"Name of the quantity."`
	What  string `yaml:"what" required:"true" doc:"What it is, in a few words."`
	Knob  string `yaml:"knob" doc:"Path of the knob in the scenario that holds it; none if several do."`
	Value string `yaml:"value" required:"true" doc:"The value used, as it would stand in the file."`
	Low   string `yaml:"low" required:"true" doc:"Low end of the range, as it would stand in the file."`
	High  string `yaml:"high" required:"true" doc:"High end of the range, as it would stand in the file."`
	Unit  string `yaml:"unit" doc:"Unit of the three, where they do not say it themselves."`
	Why   string `yaml:"why" required:"true" doc:"Where the range comes from, or why nobody can know."`
}
