// Package proof holds the simulator against queueing theory: tables of exact values
// are played as scenarios, from the same file format and through the same models as
// a launch.
//
// The narrow table (models/textbook/testdata/queueing.csv) has the figures that an
// operator knows of the textbook's queues; the wide one (exact.csv) all else that the
// models can express, up to moments, distributions and states at one moment.
package proof

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/textbook"
	"github.com/launchday-sim/launchday/sim/experiment"
	"github.com/launchday-sim/launchday/sim/stats"
)

// Options are what the proof against theory takes.
type Options struct {
	Full     bool // half-widths of 1 % where that takes at most 10^8 customers, in the place of 5 %
	Seed     uint64
	Workers  int                // 0: one for each processor
	Progress func(done, of int) // in replications; may be nil
}

// A Row is one figure of one model of queueing theory, beside what the
// simulator says of the same queue written as a scenario.
type Row struct {
	Model, Parameters, Metric string
	Exact                     float64
	Estimate                  float64 // mean over the replications
	Lo, Hi                    float64 // Student interval; all rows together hold with 99.9 %
	N                         int     // replications
	Rule                      string  // what is asked of the row
	OK                        bool
}

// narrowConfidence is that of all rows together: a simulator without fault fails
// once in a thousand seeds, in one row or another.
const narrowConfidence = 0.999

// narrowReplications is the number of runs of each case. Many short runs are
// worth more than a few long ones as long as the warm-up is a small part: the
// interval knows its own variance better.
const narrowReplications = 128

// Narrow runs every case of the narrow table of exact values as a scenario, from the
// same file format and through the same models as a launch, and says of each
// row whether it holds: the exact value lies in the interval of the estimate,
// and the interval is narrow. Limits for many servers hold to 3 % and have no
// such test.
//
// A row that does not hold is no error.
func Narrow(ctx context.Context, o Options) ([]Row, error) {
	cases, err := narrowCases(o.Full)
	if err != nil {
		return nil, err
	}
	return runNarrow(ctx, o, cases)
}

func runNarrow(ctx context.Context, o Options, cases []narrowCase) ([]Row, error) {
	tests := 0
	for _, c := range cases {
		tests += len(c.rows)
	}
	confidence := stats.Bonferroni(narrowConfidence, tests)
	var rows []Row
	for i, c := range cases {
		// Each case has replications of its own, so that no two share their luck.
		options := experiment.Options{Replications: narrowReplications, First: uint64(i * narrowReplications), Workers: o.Workers}
		if o.Progress != nil {
			options.Progress = func(done, of int) { o.Progress(i*of+done, len(cases)*of) }
		}
		one, err := c.trial(o.Seed)
		if err == nil {
			var all [][]experiment.Figure
			if all, err = experiment.Run(ctx, one, options); err == nil {
				rows = append(rows, c.judge(experiment.Summarise(all, confidence))...)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("theory: %s %s %s: %w", c.model, c.parameters, c.variant, err)
		}
	}
	return rows, nil
}

// A narrowCase is a scenario and the rows of the table that it answers.
type narrowCase struct {
	model, parameters, variant string
	world                      world
	rows                       []textbook.Exact
	numbers                    [][]float64
	precision                  float64 // half-width that is asked for, relative to the value
}

// narrowCases groups the table by model and parameters.
func narrowCases(full bool) ([]narrowCase, error) {
	var cases []narrowCase
	table := textbook.Table()
	for len(table) > 0 {
		first := table[0]
		n := 1
		for n < len(table) && table[n].Model == first.Model && table[n].Parameters == first.Parameters {
			n++
		}
		group := table[:n]
		table = table[n:]
		numbers := first.Numbers()
		worlds, err := worldsOf(first.Model, numbers)
		if err != nil {
			return nil, err
		}
		for _, variant := range slices.Sorted(maps.Keys(worlds)) {
			c := narrowCase{model: first.Model, parameters: first.Parameters, variant: variant, world: worlds[variant], numbers: numbers}
			for _, row := range group {
				if variant == "" || !strings.HasPrefix(row.Metric, "wait_var") || strings.HasSuffix(row.Metric, variant) {
					c.rows = append(c.rows, row)
				}
			}
			if err := c.length(full); err != nil {
				return nil, err
			}
			cases = append(cases, c)
		}
	}
	return cases, nil
}

// length sets how long the case runs.
func (c *narrowCase) length(full bool) error {
	l, ok := narrowLengths[strings.TrimSpace(c.model+" "+c.parameters+" "+c.variant)]
	if !ok {
		return fmt.Errorf("theory: %s %s %s has no length", c.model, c.parameters, c.variant)
	}
	c.precision = cmp.Or(l.precision, 0.05)
	if full {
		// The half-width shrinks with the root of the length.
		longer := math.Min(math.Pow(c.precision/0.01, 2), math.Max(1, 1e8/(c.rate()*l.run*narrowReplications)))
		l.run = math.Ceil(l.run * longer)
		c.precision /= math.Sqrt(longer)
	}
	c.world.Duration, c.world.Warmup, c.world.Interval = span(l.run), span(l.warmup), span(l.run)
	if c.model == "mt_m_inf" {
		c.world.Interval = span(sineInterval)
	}
	return nil
}

// rate is the number of customers a second.
func (c *narrowCase) rate() float64 {
	rate := 0.0
	for _, lambda := range c.numbers[0] {
		rate += lambda
	}
	return rate
}

// trial runs the scenario of the case once for each replication.
func (c *narrowCase) trial(seed uint64) (experiment.Trial, error) {
	sc, err := c.world.scenario()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, replication uint64) ([]experiment.Figure, error) {
		res, err := launch.Play(ctx, sc, launch.Options{Seed: seed, Replication: replication})
		if err != nil {
			return nil, err
		}
		var list []experiment.Figure
		for _, row := range c.rows {
			v, err := c.measure(row.Metric, res)
			if err != nil {
				return nil, err
			}
			list = append(list, experiment.Figure{Name: row.Metric, Value: v})
		}
		return list, nil
	}, nil
}

// measure is the figure of a result that a metric of the table means.
func (c *narrowCase) measure(metric string, res *metrics.Result) (float64, error) {
	at := func(path string) (float64, error) {
		v, err := res.Summary.Lookup(path)
		return float64(v), err
	}
	switch {
	case metric == "busy_mean_at_t":
		return busyAt(res.Series, c.numbers[4][0], c.numbers[2][0]), nil
	case metric == "wait_mean_s" && c.model == "retrial_mm1":
		// The time in orbit: all of a request but its service.
		whole, err := at("all.request_latency_s.mean")
		if err != nil {
			return 0, err
		}
		service, err := at("all.latency_s.mean")
		return whole - service, err
	case strings.HasPrefix(metric, "wait_var"):
		sd, err := at("all.wait_s.sd")
		return sd * sd, err
	}
	return at(narrowMetrics[metric])
}

// busyAt is the mean number of busy servers at the time t of every period.
func busyAt(series *metrics.Table, t, period float64) float64 {
	sum, n := 0.0, 0
	from, busy := series.Column("t_s").Floats, series.Column("busy_mean").Floats
	for i := range from {
		// The two intervals that meet at t.
		if off := math.Mod(from[i], period) - t; off == 0 || off == -sineInterval {
			sum += busy[i]
			n++
		}
	}
	return sum / float64(n)
}

// judge holds the estimates against the exact values.
func (c *narrowCase) judge(estimates []experiment.Estimate) []Row {
	var rows []Row
	for i, exact := range c.rows {
		e := estimates[i]
		row := Row{Model: c.model, Parameters: c.parameters, Metric: exact.Metric, Exact: exact.Value, Estimate: e.Mean, Lo: e.Lo, Hi: e.Hi, N: e.N}
		if c.variant != "" {
			row.Parameters += ", " + c.variant
		}
		if c.model == "overload_fluid" {
			row.Rule = "within 3 % (a limit)"
			row.OK = math.Abs(e.Mean-exact.Value) <= 0.03*exact.Value
		} else {
			// Quantiles are those of a sketch, which is true to 1/256.
			slack := 0.0
			row.Rule = fmt.Sprintf("in ±%.2g %%", 100*c.precision)
			if strings.HasPrefix(exact.Metric, "wait_p9") {
				slack = exact.Value / 256
				row.Rule += ", sketch 0.4 %"
			}
			row.OK = e.N == narrowReplications && e.Lo-slack <= exact.Value && exact.Value <= e.Hi+slack && e.HalfWidth() <= c.precision*exact.Value
		}
		rows = append(rows, row)
	}
	return rows
}

// Text writes rows as a table, and below it how many hold.
func Text(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "model\tparameters\tfigure\texact\tsimulated\tinterval\truns\trule\tholds")
	held := 0
	for _, r := range rows {
		holds := "NO"
		if r.OK {
			holds = "yes"
			held++
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%.5g\t%.5g\t%.5g to %.5g\t%d\t%s\t%s\n", r.Model, r.Parameters, r.Metric, r.Exact, r.Estimate, r.Lo, r.Hi, r.N, r.Rule, holds)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d of %d rows hold; the intervals hold together with %.4g %%.\n", held, len(rows), 100*narrowConfidence)
	return err
}
