package study

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim/experiment"
)

// A Comparison is two scenarios on the same random numbers.
type Comparison struct {
	A, B     string // names
	Seed     uint64
	Reps     int
	Scale    float64
	Warnings []string                // of either
	Figures  []experiment.Comparison // every figure that both have, at full scale
}

// Compare runs both scenarios reps times on common random numbers: replication
// k of one has the same requests, users, patience and service demands as
// replication k of the other, as far as their worlds go together.
func Compare(ctx context.Context, a, b *scenario.Scenario, seed uint64, reps, workers int, progress func(done, of int)) (*Comparison, error) {
	if a.Scale != b.Scale {
		return nil, fmt.Errorf("the scenarios are at different scales, %v and %v: want one (--scale)", a.Scale, b.Scale)
	}
	both := [2]experiment.Trial{trial(a, seed), trial(b, seed)}
	all, err := experiment.Run(ctx, func(ctx context.Context, n uint64) ([]experiment.Figure, error) {
		return both[n%2](ctx, n/2)
	}, experiment.Options{Replications: 2 * reps, Workers: workers, Progress: progress})
	if err != nil {
		return nil, err
	}
	var of [2][][]experiment.Figure
	for n, figures := range all {
		for i := range figures {
			figures[i].Value = float64(metrics.FullScale(figures[i].Name, metrics.Figure(figures[i].Value), float64(a.Scale)))
		}
		of[n%2] = append(of[n%2], figures)
	}
	c := &Comparison{A: a.Name, B: b.Name, Seed: seed, Reps: reps, Scale: float64(a.Scale)}
	if c.A == c.B {
		c.A, c.B = c.A+" (A)", c.B+" (B)"
	}
	for _, sc := range []*scenario.Scenario{a, b} {
		warnings, err := Warnings(sc)
		if err != nil {
			return nil, err
		}
		for _, w := range warnings {
			c.Warnings = append(c.Warnings, sc.Name+": "+w)
		}
	}
	c.Figures = experiment.Compare(of[0], of[1], Confidence)
	return c, nil
}

// mainMetrics are those that Text prints, of all, and of each tier.
var mainMetrics = []string{"attempts", "completed", "users_satisfied", "signups", "goodput_per_s", "latency_s.mean", "latency_s.p50", "latency_s.p99", "wait_s.mean", "queue_length.mean", "held.mean", "error_rate", "refusal_rate", "abandonment_rate", "slo_attainment", "goodput_slo_per_s", "retry_amplification", "wasted_s", "metastable_s"}

// Text prints, for the main metrics, both means and the paired difference with
// its interval.
func (c *Comparison) Text(w io.Writer) error {
	fmt.Fprintf(w, "%s against %s: %d paired replications, seed %d, figures at full scale (simulated at %s)\n", c.B, c.A, c.Reps, c.Seed, unit.Fraction(c.Scale))
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "Mind: %s.\n", warning)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "metric\t%s\t%s\tdifference B - A\t95 %% interval\tB lower in\n", c.A, c.B)
	for _, f := range c.Figures {
		if !isMain(f.Name) || f.Difference.N < 2 || (f.A.Mean == 0 && f.B.Mean == 0) {
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t[%s, %s]\t%d of %d\n", f.Name, number(f.A.Mean), number(f.B.Mean), signed(f.Difference.Mean), signed(f.Difference.Lo), signed(f.Difference.Hi), f.Lower, f.Difference.N)
	}
	return t.Flush()
}

func isMain(path string) bool {
	rest, ok := strings.CutPrefix(path, "all.")
	if !ok {
		if rest, ok = strings.CutPrefix(path, "tiers."); !ok {
			return false
		}
		_, rest, _ = strings.Cut(rest, ".")
	}
	for _, m := range mainMetrics {
		if rest == m {
			return true
		}
	}
	return false
}

func number(x float64) string { return fmt.Sprintf("%.4g", x) }

func signed(x float64) string {
	if math.IsNaN(x) {
		return "-"
	}
	return fmt.Sprintf("%+.3g", x)
}
