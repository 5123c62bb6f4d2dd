package proof

import (
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/textbook"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/experiment"
	"github.com/launchday-sim/launchday/sim/stats"
)

// Wide runs the cases of the wide table of exact values, as Theory does those of the
// narrow one: the quick ones, or all of them in the full proof. The rows are one
// family of their own, which holds together with 99.9 %.
func Wide(ctx context.Context, o Options) ([]Row, error) {
	cases, err := wideCases()
	if err != nil {
		return nil, err
	}
	if !o.Full {
		var quick []*wideCase
		for _, c := range cases {
			if !c.slow {
				quick = append(quick, c)
			}
		}
		cases = quick
	}
	return runWide(ctx, o, cases, familyOf(cases))
}

// familyOf is the number of rows of cases.
func familyOf(cases []*wideCase) int {
	rows := 0
	for _, c := range cases {
		rows += len(c.rows)
	}
	return rows
}

// runWide runs cases whose rows are of a family of so many.
func runWide(ctx context.Context, o Options, cases []*wideCase, family int) ([]Row, error) {
	confidence := stats.Bonferroni(narrowConfidence, family)
	var rows []Row
	first := uint64(1 << 20) // luck that no case of the narrow table has
	for i, c := range cases {
		options := experiment.Options{Replications: c.reps, First: first, Workers: o.Workers}
		first += uint64(c.reps)
		if o.Progress != nil {
			options.Progress = func(done, of int) { o.Progress(i*of+done, len(cases)*of) }
		}
		one, err := c.trial(o.Seed)
		if err == nil {
			var all [][]experiment.Figure
			if all, err = experiment.Run(ctx, one, options); err == nil {
				rows = append(rows, c.judge(experiment.Summarise(all, confidence), confidence)...)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("theory: %s %s: %w", c.name, c.parameters, err)
		}
	}
	return rows, nil
}

// A wideCase is a scenario and the rows of the wide table that it answers.
type wideCase struct {
	name, parameters string
	world            world
	reps             int
	warmup, run      float64 // seconds
	slow             bool    // only in the full proof
	repeated         bool    // so often that the variance over the replications is known
	drained          bool    // everybody who came is followed to his end, for figures of those who were served
	every            float64 // how often it is looked at, in seconds; 0: never
	looks            []float64
	rows             []wideRow
}

// A wideRow is a row and how it is measured.
type wideRow struct {
	textbook.Wide
	measure func(*sight) float64
	width   float64 // half-width that is asked for, relative to the value
	slack   float64 // relative: what an instrument adds to the interval
	floor   float64 // half-width, absolute, below which it is narrow enough
	bound   bool    // an upper bound
	limit   bool    // a limit, which holds to 3 % and has no interval test
	share   bool    // each replication says yes or no
	within  float64 // above 0: what it may be off, absolute, in the place of an interval test
}

// A sight is what is seen of one run.
type sight struct {
	summary *metrics.Summary
	waits   *stats.Sketch
	present []presence // at the looks
}

// A presence is how many wait, how many are served and how many will come back, at one
// moment.
type presence struct{ waiting, served, returning int }

func (p presence) all() int { return p.waiting + p.served }

// at is a figure of the summary; one that is not there is a fault of the case.
func (s *sight) at(path string) float64 {
	v, err := s.summary.Lookup(path)
	if err != nil {
		panic(err)
	}
	return float64(v)
}

// mean is the mean over the looks.
func (s *sight) mean(f func(presence) float64) float64 {
	sum := 0.0
	for _, p := range s.present {
		sum += f(p)
	}
	return sum / float64(len(s.present))
}

// share is the share of the waits that are at most x seconds.
func (s *sight) share(x float64) float64 {
	const steps = 1 << 20
	n := sort.Search(steps, func(i int) bool { return s.waits.Quantile((float64(i)+0.5)/steps) > x*1e9 })
	return float64(n) / steps
}

func (c *wideCase) trial(seed uint64) (experiment.Trial, error) {
	w := c.world
	duration := c.run
	if c.drained {
		duration += drainTime
		w.Drain = span(c.run)
	}
	w.Duration, w.Warmup, w.Interval = span(duration), span(c.warmup), span(duration)
	sc, err := w.scenario()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, replication uint64) ([]experiment.Figure, error) {
		run, err := launch.New(sc, launch.Options{Seed: seed, Replication: replication})
		if err != nil {
			return nil, err
		}
		s := &sight{}
		for _, t := range c.looks {
			if err := c.look(ctx, run, s, sim.FromSeconds(t)); err != nil {
				return nil, err
			}
		}
		if c.every > 0 {
			for n := 1; float64(n)*c.every < c.run; n++ {
				if err := c.look(ctx, run, s, sim.FromSeconds(float64(n)*c.every)); err != nil {
					return nil, err
				}
			}
		}
		if err := run.RunToEnd(ctx, nil); err != nil {
			return nil, err
		}
		res, err := run.Result()
		if err != nil {
			return nil, err
		}
		s.summary, s.waits = &res.Summary, run.Waits(0, 0)
		var list []experiment.Figure
		for _, row := range c.rows {
			list = append(list, experiment.Figure{Name: row.Metric, Value: row.measure(s)})
		}
		return list, nil
	}, nil
}

// drainTime is how long after the last arrival all are served or gone, in seconds.
const drainTime = 60

func (c *wideCase) look(ctx context.Context, run *launch.Run, s *sight, t sim.Time) error {
	if err := run.StepUntil(t); err != nil {
		return err
	}
	waiting, served := run.Present(0)
	s.present = append(s.present, presence{waiting, served, run.Returning()})
	return ctx.Err()
}

// judge holds the estimates against the exact values.
func (c *wideCase) judge(estimates []experiment.Estimate, confidence float64) []Row {
	var rows []Row
	for i, exact := range c.rows {
		e := estimates[i]
		row := Row{Model: c.name, Parameters: c.parameters, Metric: exact.Metric, Exact: exact.Value, Estimate: e.Mean, Lo: e.Lo, Hi: e.Hi, N: e.N}
		switch {
		case exact.bound:
			row.Rule = "at most (a bound)"
			row.OK = e.N == c.reps && e.Lo <= exact.Value && e.HalfWidth() <= 0.1*exact.Value
		case exact.limit:
			row.Rule = "within 3 % (a limit)"
			row.OK = math.Abs(e.Mean-exact.Value) <= 0.03*exact.Value
		case exact.within > 0:
			row.Rule = fmt.Sprintf("within %.2g", exact.within)
			row.OK = math.Abs(e.Mean-exact.Value) <= exact.within
		case exact.share:
			off := bernstein(exact.Value, e.N, confidence)
			row.Rule = fmt.Sprintf("within %.2g (Bernstein)", off)
			row.OK = math.Abs(e.Mean-exact.Value) <= off
		case exact.Value < smallest:
			row.Rule = "within 1e-4 of the interval"
			row.OK = e.Lo-smallest <= exact.Value && exact.Value <= e.Hi+smallest && e.HalfWidth() <= max(exact.floor, 20*smallest)
		default:
			slack := exact.slack * exact.Value
			asked := max(exact.width*exact.Value, exact.floor)
			row.Rule = fmt.Sprintf("in ±%.2g %%", 100*asked/exact.Value)
			if slack > 0 {
				row.Rule += ", sketch 0.4 %"
			}
			// An exact value has ten digits.
			digits := 1e-9 * exact.Value
			if exact.Value > 0.999 && exact.Value <= 1 {
				digits = smallest // what is left of a share of 1 is small in its turn
			}
			row.OK = e.N == c.reps && e.Lo-slack-digits <= exact.Value && exact.Value <= e.Hi+slack+digits && e.HalfWidth() <= asked
		}
		rows = append(rows, row)
	}
	return rows
}

// bernstein is how far the share of n independent trials is from the chance p of one
// at most, with that confidence, by the inequality of Bernstein: a Student interval
// says nothing of events that are rare or nearly certain.
func bernstein(p float64, n int, confidence float64) float64 {
	l := math.Log(2 / (1 - confidence))
	return math.Sqrt(2*p*(1-p)*l/float64(n)) + 2*l/(3*float64(n))
}

// smallest is the value below which probabilities and queue lengths are held to it
// absolutely.
const smallest = 1e-4
