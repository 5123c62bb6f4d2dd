package proof

import (
	"context"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/textbook"
	"github.com/launchday-sim/launchday/sim/experiment"
	"github.com/launchday-sim/launchday/sim/stats"
)

// A Covered says how often 95 % intervals over replications held the exact value.
type Covered struct {
	World, Figure string
	Exact         float64
	Held, Of      int
	HalfWidth     float64 // mean, as a share of the exact value
}

// OK reports whether that is as often as it should be: in 365 to 393 of 400, which a right
// interval leaves about once in 500.
func (c *Covered) OK() bool {
	share := float64(c.Held) / float64(c.Of)
	return share >= 365./400 && share <= 393./400
}

// Replications of each experiment of Coverage.
const coverageReps = 20

// The worlds of Coverage. The surge has a server for everybody, so that the number in
// service has an exact mean at every moment.
const (
	coverageMM1 = `
name: mm1
warmup: 200s
duration: 4000s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: 1, speed: %s}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 0.5/s}]}
`
	coverageErlangA = `
name: erlang-a
warmup: 60s
duration: 2000s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: 10}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 10/s}]}
clients: [{name: people, patience: {dist: exponential, mean: 2s}}]
`
	coverageSurge = `
name: surge
duration: 1h
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 60s}}]
pools: [{name: main, nodes: 1000}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 1/s, profile: [{at: +20m, x: 1}, {at: +25m, x: 4}, {at: +35m, x: 4}, {at: +40m, x: 1}]}]}
`
)

// Coverage repeats experiments of 20 replications and counts how often their 95 % intervals
// hold the exact value: of means, of a quantile, of a paired difference, and of a transient.
func Coverage(ctx context.Context, seed uint64, experiments int, progress func(done, of int)) ([]Covered, error) {
	type value struct {
		world, figure string
		exact         float64
		of            func(s *metrics.Summary) metrics.Figure
	}
	erlang := textbook.ErlangA{Lambda: 10, Mu: 1, Servers: 10, PatienceRate: 0.5}
	slow, fast := textbook.MM1{Lambda: 0.5, Mu: 1}, textbook.MM1{Lambda: 0.5, Mu: 1.25}
	busy, completed := surge()
	worlds := []struct {
		text   string
		values []value
	}{
		{fmt.Sprintf(coverageMM1, "1"), []value{
			{"M/M/1", "mean wait", slow.WaitMean(), func(s *metrics.Summary) metrics.Figure { return s.All.Wait.Mean }},
			{"M/M/1", "90 % quantile of the wait", textbook.MMc{Lambda: 0.5, Mu: 1, Servers: 1}.WaitQuantile(0.9), func(s *metrics.Summary) metrics.Figure { return s.All.Wait.P90 }},
		}},
		{fmt.Sprintf(coverageMM1, "1.25"), []value{
			{"M/M/1, a quarter faster", "paired difference of the mean wait", fast.WaitMean() - slow.WaitMean(), func(s *metrics.Summary) metrics.Figure { return s.All.Wait.Mean }},
		}},
		{coverageErlangA, []value{
			{"Erlang A", "mean wait", erlang.WaitMean(), func(s *metrics.Summary) metrics.Figure { return s.All.Wait.Mean }},
			{"Erlang A", "share that leaves", erlang.ProbAbandon(), func(s *metrics.Summary) metrics.Figure { return s.All.AbandonmentRate }},
		}},
		{coverageSurge, []value{
			{"transient surge", "servers busy", busy, func(s *metrics.Summary) metrics.Figure { return s.GPU.BusyMean }},
			{"transient surge", "completed", completed, func(s *metrics.Summary) metrics.Figure { return s.All.Completed }},
		}},
	}
	var rows []Covered
	var before [][]experiment.Figure // of the world before, for the pairs
	for w, world := range worlds {
		sc, err := scenario.ReadText("coverage.yaml", world.text)
		if err != nil {
			return nil, err
		}
		all, err := experiment.Run(ctx, func(ctx context.Context, k uint64) ([]experiment.Figure, error) {
			res, err := launch.Play(ctx, sc, launch.Options{Seed: seed, Replication: k})
			if err != nil {
				return nil, err
			}
			var list []experiment.Figure
			for _, v := range world.values {
				list = append(list, experiment.Figure{Name: v.figure, Value: float64(v.of(&res.Summary))})
			}
			return list, nil
		}, experiment.Options{Replications: experiments * coverageReps, Progress: func(done, of int) {
			if progress != nil {
				progress(w*of+done, len(worlds)*of)
			}
		}})
		if err != nil {
			return nil, err
		}
		for i, v := range world.values {
			row := Covered{World: v.world, Figure: v.figure, Exact: v.exact, Of: experiments}
			for e := range experiments {
				var values []float64
				for k := e * coverageReps; k < (e+1)*coverageReps; k++ {
					x := all[k][i].Value
					if w == 1 {
						x -= before[k][0].Value
					}
					values = append(values, x)
				}
				interval := stats.MeanInterval(values, 0.95)
				if interval.Contains(v.exact) {
					row.Held++
				}
				row.HalfWidth += interval.HalfWidth() / math.Abs(v.exact) / float64(experiments)
			}
			rows = append(rows, row)
		}
		before = all
	}
	return rows, nil
}

// surge is the mean number in service, over time, and of completions, where everybody is
// served at once: m' = rate - m/60s, from 0.
func surge() (busy, completed float64) {
	rate := func(t float64) float64 {
		switch m := t / 60; {
		case m < 20, m >= 40:
			return 1
		case m < 25:
			return 1 + 3*(m-20)/5
		case m < 35:
			return 4
		default:
			return 4 - 3*(m-35)/5
		}
	}
	const h, end = 0.01, 3600.0
	m, arrived := 0.0, 0.0
	for k := range int(end / h) {
		t := (float64(k) + 0.5) * h
		next := m + h*(rate(t)-m/60)
		next = m + h*(rate(t)-(m+next)/2/60) // the midpoint
		busy += h * (m + next) / 2 / end
		arrived += h * rate(t)
		m = next
	}
	return busy, arrived - m
}

// CoverageText prints every count.
func CoverageText(w io.Writer, rows []Covered) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "world\tfigure\texact\t95 %% intervals that hold it\tmean half-width\tas it should be\n")
	for i := range rows {
		r := &rows[i]
		fmt.Fprintf(t, "%s\t%s\t%.5g\t%d of %d\t%.2g %%\t%s\n", r.World, r.Figure, r.Exact, r.Held, r.Of, 100*r.HalfWidth, map[bool]string{true: "yes", false: "NO"}[r.OK()])
	}
	return t.Flush()
}
