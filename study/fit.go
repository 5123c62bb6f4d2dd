package study

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"gonum.org/v1/gonum/mat"

	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim/experiment"
)

// A Free is a knob that a fit may move, and the range that it stays in.
type Free struct {
	Knob   string
	Lo, Hi float64
	Format func(x float64) string // as it stands in the scenario file
}

// FitOptions say how a fit is run.
type FitOptions struct {
	Seed     uint64
	Reps     int // replications a trial
	Workers  int
	Rounds   int // at most
	Progress func(round int, knobs []float64, misfit float64)
}

// A Fitted is what a fit found.
type Fitted struct {
	Knobs  []Setting
	Facts  []string  // the calibrate rows that were fitted
	Misfit []float64 // of each: ln(simulated / target)
	Missed []string  // in words: rows that were not met, and knobs at the end of their range
	Runs   int
}

// notMet is how far from its target, as a logarithm, a row without a published
// tolerance may end.
const notMet = 0.02

// missed says which rows are not within their published tolerance, and then
// which knobs stand at the end of their range.
func (f *fit) missed(x, y []float64) (words []string) {
	for i := range f.facts {
		fact := &f.facts[i]
		v := target(fact) * math.Exp(y[i])
		switch {
		case fact.Low != nil && v < float64(*fact.Low), fact.High != nil && v > float64(*fact.High),
			fact.Low == nil && fact.High == nil && math.Abs(y[i]) > notMet:
			words = append(words, fmt.Sprintf("%s is not met: it is %+.2f %% off, outside what is accepted", fact.Name, 100*math.Expm1(y[i])))
		}
	}
	if len(words) == 0 {
		return nil
	}
	for i, k := range f.free {
		if math.Abs(x[i]-math.Log(k.Lo)) < 1e-9 || math.Abs(x[i]-math.Log(k.Hi)) < 1e-9 {
			words = append(words, fmt.Sprintf("%s stands at the end of its range, %s", k.Knob, k.Format(math.Exp(x[i]))))
		}
	}
	return words
}

// A Setting is a knob and its value as it stands in the scenario file.
type Setting struct{ Knob, Value string }

// Fit moves as many knobs as the record has `calibrate` rows until the
// simulated figures of these rows, and of no others, meet the published ones.
//
// It solves ln(simulated/target) = 0 in the logarithms of the knobs by
// Broyden's first method (Math. Comp. 19, 1965), with the Jacobian of the first
// round from forward differences of 5 %. Trials share their random numbers, so
// that differences between them are those of the knobs.
func Fit(ctx context.Context, sc *scenario.Scenario, free []Free, o FitOptions) (*Fitted, error) {
	f := fit{ctx: ctx, sc: sc, free: free, o: o}
	for _, fact := range sc.Record {
		if fact.Use == incident.Calibrate {
			f.facts = append(f.facts, fact)
		}
	}
	n := len(free)
	if n != len(f.facts) {
		return nil, fmt.Errorf("%d knobs are free, but the record has %d calibrate rows: want as many knobs as rows", n, len(f.facts))
	}
	x := make([]float64, n)
	// From the middle of the ranges, so that what comes out does not depend on
	// what stands in the file.
	for i, k := range free {
		x[i] = (math.Log(k.Lo) + math.Log(k.Hi)) / 2
	}
	y, err := f.misfit(x)
	if err != nil {
		return nil, err
	}
	jacobian := make([][]float64, n)
	for i := range jacobian {
		jacobian[i] = make([]float64, n)
	}
	const h = 0.05
	for j := range x {
		moved := append([]float64(nil), x...)
		moved[j] += h
		z, err := f.misfit(moved)
		if err != nil {
			return nil, err
		}
		for i := range y {
			jacobian[i][j] = (z[i] - y[i]) / h
		}
	}
	for round := 1; round <= o.Rounds; round++ {
		if o.Progress != nil {
			o.Progress(round, exp(x), norm(y))
		}
		if norm(y) < 0.002 {
			break
		}
		step, ok := solve(jacobian, y)
		if !ok {
			return nil, fmt.Errorf("the calibrate rows do not determine the knobs: their effects are proportional")
		}
		// No knob moves by more than a factor of 1.5 at once, and a step that
		// makes things worse is halved.
		better := false
		for most := 0.4; most > 0.02 && !better; most /= 2 {
			next, moved := make([]float64, n), false
			for j := range x {
				next[j] = x[j] - math.Min(math.Max(step[j], -most), most)
				next[j] = math.Min(math.Max(next[j], math.Log(free[j].Lo)), math.Log(free[j].Hi))
				moved = moved || next[j] != x[j]
			}
			if !moved {
				break // every knob is at the end of its range
			}
			z, err := f.misfit(next)
			if err != nil {
				return nil, err
			}
			broyden(jacobian, x, next, y, z)
			if better = norm(z) < norm(y); better {
				x, y = next, z
			}
		}
		if !better {
			break
		}
	}
	out := &Fitted{Misfit: y, Missed: f.missed(x, y), Runs: f.runs}
	for i, v := range exp(x) {
		out.Knobs = append(out.Knobs, Setting{free[i].Knob, free[i].Format(v)})
	}
	for _, fact := range f.facts {
		out.Facts = append(out.Facts, fact.Name)
	}
	return out, nil
}

// Text prints what a fit found.
func (f *Fitted) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, k := range f.Knobs {
		fmt.Fprintf(t, "%s\t%s\n", k.Knob, k.Value)
	}
	fmt.Fprintln(t)
	for i, name := range f.Facts {
		fmt.Fprintf(t, "%s\tsimulated is %+.2f %% off\n", name, 100*math.Expm1(f.Misfit[i]))
	}
	fmt.Fprintf(t, "\n%d runs\n", f.Runs)
	return t.Flush()
}

type fit struct {
	ctx   context.Context
	sc    *scenario.Scenario
	free  []Free
	facts []incident.Fact
	o     FitOptions
	runs  int
}

// misfit is ln(simulated/target) of each fact, the simulated value being the
// mean over the replications.
func (f *fit) misfit(x []float64) ([]float64, error) {
	var set scenario.Changes
	for i, v := range exp(x) {
		c, err := scenario.NewChange(f.free[i].Knob, f.free[i].Format(v))
		if err != nil {
			return nil, err
		}
		set = append(set, c)
	}
	sc, err := f.sc.With(set)
	if err != nil {
		return nil, err
	}
	sum := make([]float64, len(f.facts))
	all, err := experiment.Run(f.ctx, func(ctx context.Context, replication uint64) ([]experiment.Figure, error) {
		rows, err := score(ctx, sc, launch.Options{Seed: f.o.Seed, Replication: replication, Record: true})
		var list []experiment.Figure
		for _, r := range rows {
			if r.Fact.Use == incident.Calibrate {
				if r.Simulated.IsNull() || r.Simulated <= 0 {
					return nil, fmt.Errorf("%s: nothing was simulated that could be fitted: %s", r.Fact.Name, r.Why)
				}
				list = append(list, experiment.Figure{Name: r.Fact.Name, Value: float64(r.Simulated)})
			}
		}
		return list, err
	}, experiment.Options{Replications: f.o.Reps, Workers: f.o.Workers})
	if err != nil {
		return nil, err
	}
	for _, list := range all {
		f.runs++
		for i := range list {
			sum[i] += list[i].Value
		}
	}
	y := make([]float64, len(sum))
	for i := range sum {
		y[i] = math.Log(sum[i] / float64(f.o.Reps) / target(&f.facts[i]))
	}
	return y, nil
}

// target is the published value, moved inside its tolerance by a twentieth of
// the width where it stands on an edge: a floor that was published ("over 700
// million") is to be cleared, not hit from below half of the time.
func target(f *incident.Fact) float64 {
	v := float64(f.Value)
	if f.Low == nil || f.High == nil {
		return v
	}
	margin := float64(*f.High-*f.Low) / 20
	return math.Min(math.Max(v, float64(*f.Low)+margin), float64(*f.High)-margin)
}

func exp(x []float64) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		y[i] = math.Exp(x[i])
	}
	return y
}

func norm(y []float64) float64 {
	worst := 0.0
	for _, v := range y {
		worst = math.Max(worst, math.Abs(v))
	}
	return worst
}

// broyden corrects the Jacobian by what the last step taught.
func broyden(j [][]float64, x, next, y, z []float64) {
	length := 0.0
	for k := range x {
		length += (next[k] - x[k]) * (next[k] - x[k])
	}
	for i := range y {
		expected := 0.0
		for k := range x {
			expected += j[i][k] * (next[k] - x[k])
		}
		for k := range x {
			j[i][k] += (z[i] - y[i] - expected) * (next[k] - x[k]) / length
		}
	}
}

// solve returns the s with a s = b; false where that does not determine it.
func solve(a [][]float64, b []float64) ([]float64, bool) {
	n := len(b)
	m := mat.NewDense(n, n, nil)
	for i := range a {
		m.SetRow(i, a[i])
	}
	var s mat.VecDense
	if err := s.SolveVec(m, mat.NewVecDense(n, b)); err != nil {
		return nil, false
	}
	return s.RawVector().Data, true
}

// ParseFree reads knob:lo..hi; the three are written as in a scenario file, and
// results are written in the form of lo.
func ParseFree(sc *scenario.Scenario, text string) (Free, error) {
	knob, span, ok := strings.Cut(text, ":")
	lo, hi, ok2 := strings.Cut(span, "..")
	if !ok || !ok2 {
		return Free{}, fmt.Errorf("%q: want knob:lo..hi, such as pools.gpus.nodes:1k..10k", text)
	}
	f := Free{Knob: knob}
	var err error
	for _, end := range []struct {
		text string
		to   *float64
	}{{lo, &f.Lo}, {hi, &f.Hi}} {
		c, err := scenario.NewChange(knob, end.text)
		if err != nil {
			return Free{}, err
		}
		changed, err := sc.With(scenario.Changes{c})
		if err != nil {
			return Free{}, err
		}
		if *end.to, err = changed.Number(knob); err != nil {
			return Free{}, err
		}
	}
	if !(f.Lo > 0 && f.Lo < f.Hi) {
		return Free{}, fmt.Errorf("%q: want a range of numbers above 0, the lower one first", text)
	}
	f.Format, err = sc.Formatter(knob)
	return f, err
}
