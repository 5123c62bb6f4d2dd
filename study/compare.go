package study

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim/experiment"
	"github.com/launchday-sim/launchday/sim/stats"
)

// A Comparison is two scenarios on the same random numbers.
type Comparison struct {
	A, B     string // names
	Seed     uint64
	Reps     int
	Scale    float64
	Warnings []string // of either
	Others   int      // alternatives that are held against A, this one among them

	// Figures are all that both have, at full scale. The intervals of a figure's
	// differences hold together for all alternatives (Bonferroni), and so do their
	// p-values (Holm); figures are judged each by itself.
	Figures []experiment.Comparison
}

// Compare runs both scenarios reps times on common random numbers: replication
// k of one has the same requests, users, patience and service demands as
// replication k of the other, as far as their worlds go together.
func Compare(ctx context.Context, a, b *scenario.Scenario, seed uint64, reps, workers int, progress func(done, of int)) (*Comparison, error) {
	pairs, err := CompareAll(ctx, Named(a, b), seed, reps, workers, progress)
	if err != nil {
		return nil, err
	}
	return pairs[0], nil
}

// An Entrant is a scenario under the name by which a comparison speaks of it.
type Entrant struct {
	Name string
	*scenario.Scenario
}

// Named are scenarios under their names, with a number behind those that are not the only
// ones of their name.
func Named(scenarios ...*scenario.Scenario) []Entrant {
	times := map[string]int{}
	for _, sc := range scenarios {
		times[sc.Name]++
	}
	var list []Entrant
	for i, sc := range scenarios {
		name := sc.Name
		if times[name] > 1 {
			name += fmt.Sprintf(" (%d)", i+1)
		}
		list = append(list, Entrant{name, sc})
	}
	return list
}

// Vary are a scenario and, behind it, what it is with a knob at each of the values.
func Vary(base Entrant, knob string, values []string) ([]Entrant, error) {
	list := []Entrant{base}
	for _, v := range values {
		c, err := scenario.NewChange(knob, v)
		if err != nil {
			return nil, err
		}
		sc, err := base.With(scenario.Changes{c})
		if err != nil {
			return nil, err
		}
		list = append(list, Entrant{knob + "=" + v, sc})
	}
	return list, nil
}

// CompareAll holds each scenario but the first against the first, all of them on the
// same random numbers, as Compare does two. The first is run once for all.
func CompareAll(ctx context.Context, scenarios []Entrant, seed uint64, reps, workers int, progress func(done, of int)) ([]*Comparison, error) {
	if len(scenarios) < 2 {
		return nil, fmt.Errorf("%d scenarios: want at least two", len(scenarios))
	}
	var trials []experiment.Trial
	var warned [][]string
	base := scenarios[0]
	for _, sc := range scenarios {
		if sc.Scale != base.Scale {
			return nil, fmt.Errorf("the scenarios are at different scales, %v and %v: want one (--scale)", base.Scale, sc.Scale)
		}
		warnings, err := Warnings(sc.Scenario)
		if err != nil {
			return nil, err
		}
		for i := range warnings {
			warnings[i] = sc.Name + ": " + warnings[i]
		}
		trials, warned = append(trials, trial(sc.Scenario, seed)), append(warned, warnings)
	}
	n := uint64(len(scenarios))
	all, err := experiment.Run(ctx, func(ctx context.Context, k uint64) ([]experiment.Figure, error) {
		return trials[k%n](ctx, k/n)
	}, experiment.Options{Replications: len(scenarios) * reps, Workers: workers, Progress: progress})
	if err != nil {
		return nil, err
	}
	of := make([][][]experiment.Figure, n)
	for k, figures := range all {
		for i := range figures {
			figures[i].Value = float64(metrics.FullScale(figures[i].Name, metrics.Figure(figures[i].Value), float64(base.Scale)))
		}
		of[uint64(k)%n] = append(of[uint64(k)%n], figures)
	}
	var pairs []*Comparison
	for k := 1; k < len(scenarios); k++ {
		pairs = append(pairs, &Comparison{A: base.Name, B: scenarios[k].Name, Seed: seed, Reps: reps, Scale: float64(base.Scale),
			Warnings: slices.Concat(warned[0], warned[k]), Others: len(scenarios) - 1, Figures: compared(of[0], of[k], len(scenarios)-1)})
	}
	adjust(pairs)
	statuses(pairs)
	return pairs, nil
}

// adjust makes the p-values of each figure hold together for all pairs.
func adjust(pairs []*Comparison) {
	ps := map[string][]float64{}
	for _, p := range pairs {
		for _, f := range p.Figures {
			ps[f.Name] = append(ps[f.Name], f.P)
		}
	}
	for name := range ps {
		ps[name] = stats.Holm(ps[name])
	}
	for _, p := range pairs {
		for i := range p.Figures {
			f := &p.Figures[i]
			f.P, ps[f.Name] = ps[f.Name][0], ps[f.Name][1:]
		}
	}
}

// compared is experiment.Compare, one of so many at once; what only one of the two has,
// the refusals of a policy say, has its interval there all the same, and no difference.
func compared(a, b [][]experiment.Figure, others int) []experiment.Comparison {
	alone := func(all [][]experiment.Figure) map[string]stats.Interval {
		of := map[string]stats.Interval{}
		for _, e := range experiment.Summarise(all, Confidence) {
			of[e.Name] = e.Interval
		}
		return of
	}
	onlyA, onlyB := alone(a), alone(b)
	pairs, together := experiment.Compare(a, b, Confidence), experiment.Compare(a, b, stats.Bonferroni(Confidence, others))
	for i := range pairs {
		p := &pairs[i]
		p.Difference = together[i].Difference
		if p.Difference.N > 0 {
			continue
		}
		if own, ok := onlyA[p.Name]; ok {
			p.A = own
		}
		if own, ok := onlyB[p.Name]; ok {
			p.B = own
		}
	}
	return pairs
}

// mainMetrics are those that Text prints, of all and of each tier.
var mainMetrics = []string{"attempts", "completed", "users_satisfied", "signups", "goodput_per_s", "latency_s.mean", "latency_s.p50", "latency_s.p99", "request_latency_s.p50", "request_latency_s.p99", "wait_s.mean", "queue_length.mean", "held.mean", "turned_away_rate", "error_rate", "refusal_rate", "abandonment_rate", "slo_attainment", "goodput_slo_per_s", "retry_amplification", "wasted_s", "time_to_recover_s", "jain_users", "jain_tiers", "metastable", "metastable_s", "revenue_at_risk_usd"}

// mainCosts are those that it prints of what a run cost, where that differs; * is any
// name.
var mainCosts = []string{"classes.*.cost_per_completed_usd", "classes.*.energy_per_completed_wh", "gpu.gpu_hours", "gpu.cost_usd", "gpu.energy_kwh", "training.*.useful_gpu_hours", "training.*.lost_gpu_hours", "funds.left_usd", "releases.*.delay_s"}

// Text prints, for the main metrics, both means and the paired difference with
// its interval.
func (c *Comparison) Text(w io.Writer) error {
	fmt.Fprintf(w, "%s against %s: %d paired replications, seed %d, figures at full scale (simulated at %s)\n", c.B, c.A, c.Reps, c.Seed, unit.Fraction(c.Scale))
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "Mind: %s.\n", warning)
	}
	words := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	c.verdicts(words)
	if err := words.Flush(); err != nil {
		return err
	}
	if c.Others > 1 {
		fmt.Fprintf(w, "Of each metric the intervals of all %d differences hold together with 95 %% (Bonferroni), and so do the p-values (Holm).\n", c.Others)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "metric\tA: %s\tB: %s\tdifference B - A\t95 %% interval\tp\tB lower in\n", c.A, c.B)
	for _, f := range c.Figures {
		main, cost := isMain(f.Name)
		same := f.Difference.Lo == 0 && f.Difference.Hi == 0
		if !main && !(cost && !same) || f.Difference.N < 2 || (f.A.Mean == 0 && f.B.Mean == 0) {
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t[%s, %s]\t%s\t%d of %d\n", f.Name, number(f.A.Mean), number(f.B.Mean), signed(f.Difference.Mean), signed(f.Difference.Lo), signed(f.Difference.Hi), chance(f.P), f.Lower, f.Difference.N)
	}
	return t.Flush()
}

// MainFigures are those that comparisons of a scenario print, by their paths: of all, of
// each tier and class, and what a run cost.
func MainFigures(sc *scenario.Scenario) (paths []string) {
	groups := []string{"all"}
	for _, t := range sc.Tiers {
		groups = append(groups, "tiers."+t.Name)
	}
	for _, c := range sc.Classes {
		groups = append(groups, "classes."+c.Name)
	}
	for _, g := range groups {
		for _, m := range mainMetrics {
			paths = append(paths, g+"."+m)
		}
	}
	names := map[string][]string{}
	for _, c := range sc.Classes {
		names["classes"] = append(names["classes"], c.Name)
	}
	for _, j := range sc.Fleet.Training {
		names["training"] = append(names["training"], j.Name)
	}
	for _, r := range sc.Demand.Releases {
		names["releases"] = append(names["releases"], r.Name)
	}
	for _, path := range mainCosts {
		section, figure, any := strings.Cut(path, ".*.")
		if !any {
			paths = append(paths, path)
		}
		for _, name := range names[section] {
			if any {
				paths = append(paths, section+"."+name+"."+figure)
			}
		}
	}
	return paths
}

func isMain(path string) (main, cost bool) {
	section, rest, _ := strings.Cut(path, ".")
	_, figure, _ := strings.Cut(rest, ".")
	main = section == "all" && slices.Contains(mainMetrics, rest) || section == "tiers" && slices.Contains(mainMetrics, figure)
	return main, slices.Contains(mainCosts, path) || slices.Contains(mainCosts, section+".*."+figure)
}

// chance writes a p-value.
func chance(p float64) string {
	switch {
	case math.IsNaN(p):
		return "-"
	case p < 0.001:
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

func number(x float64) string { return fmt.Sprintf("%.4g", x) }

func signed(x float64) string {
	if math.IsNaN(x) {
		return "-"
	}
	return fmt.Sprintf("%+.3g", x)
}
