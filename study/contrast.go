package study

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/report/paint"
	"github.com/launchday-sim/launchday/sim/experiment"
	"github.com/launchday-sim/launchday/sim/stats"
)

// contrasts are the figures that a comparison is told by in words and shown by in its
// chart.
var contrasts = []struct {
	path, what string
	as         paint.Measure
	less       bool // is better
}{
	{"all.goodput_slo_per_s", "served in time, per second", paint.Number, false},
	{"all.slo_attainment", "in time from the first try", paint.Share, false},
	{"all.users_satisfied_share", "users satisfied", paint.Share, false},
	{"all.request_latency_s.p50", "median from wish to answer", paint.Time, true},
	{"all.request_latency_s.p99", "p99 from wish to answer", paint.Time, true},
	{"all.turned_away_rate", "turned away, of attempts", paint.Share, true},
	{"all.error_rate", "errors, of attempts", paint.Share, true},
	{"all.abandonment_rate", "left by users, of attempts", paint.Share, true},
	{"all.retry_amplification", "attempts per request", paint.Number, true},
}

func (c *Comparison) figure(path string) (experiment.Comparison, bool) {
	for _, f := range c.Figures {
		if f.Name == path && f.Difference.N >= 2 && !math.IsNaN(f.Difference.Mean) {
			return f, true
		}
	}
	return experiment.Comparison{}, false
}

// verdicts say of each of the contrasts whether B is better than A, worse, or no other
// beyond the noise.
func (c *Comparison) verdicts(w io.Writer) {
	for _, k := range contrasts {
		f, ok := c.figure(k.path)
		if !ok || f.A.Mean == 0 && f.B.Mean == 0 {
			continue
		}
		verdict, pairs := "within noise", f.Lower
		if f.Difference.Mean > 0 {
			pairs = f.Higher
		}
		if f.Difference.Lo > 0 || f.Difference.Hi < 0 {
			verdict = map[bool]string{true: "better", false: "worse"}[k.less == (f.Difference.Mean < 0)]
		}
		way := map[bool]string{true: "higher", false: "lower"}[f.Difference.Mean > 0]
		if f.Lower+f.Higher == 0 {
			verdict, way, pairs = "the same", "equal", f.Difference.N
		}
		fmt.Fprintf(w, "  %s\t%s\t%s, not %s\tby %s [%s, %s]\t%s in %d of %d\n", verdict, k.what, k.as.Text(f.B.Mean), k.as.Text(f.A.Mean),
			k.as.Text(f.Difference.Mean), k.as.Text(f.Difference.Lo), k.as.Text(f.Difference.Hi), way, pairs, f.Difference.N)
	}
}

// statuses warns where some of what is compared turns away for load, with 503, what others
// turn away as a limit, with 429: figures that hang on it cannot be compared.
func statuses(pairs []*Comparison) {
	least, most := math.Inf(1), math.Inf(-1)
	look := func(away, limits float64) {
		if away > 0.01 {
			least, most = math.Min(least, limits/away), math.Max(most, limits/away)
		}
	}
	for _, c := range pairs {
		away, ok1 := c.figure("all.turned_away_rate")
		limits, ok2 := c.figure("all.refusal_rate")
		if ok1 && ok2 {
			look(away.A.Mean, limits.A.Mean)
			look(away.B.Mean, limits.B.Mean)
		}
	}
	if !(most-least > 0.5) {
		return
	}
	for _, c := range pairs {
		c.Warnings = append(c.Warnings, "some of what is compared turns away for load (503), and some as a limit (429), which is no error: error_rate, time_to_recover_s, overload_area and metastable count the former only; turned_away_rate and what is served in time do not hang on it")
	}
}

// Chart shows comparisons with one base: for each main figure the base, and the others
// with the interval of their paired difference from it. It is PNG or SVG.
func Chart(pairs []*Comparison, svg bool) ([]byte, error) {
	first := pairs[0]
	names := []string{first.A}
	for _, p := range pairs {
		names = append(names, p.B)
	}
	var columns []paint.Contrast
	for _, k := range contrasts {
		column := paint.Contrast{Title: k.what, As: k.as, Base: math.NaN()}
		any := false
		for _, p := range pairs {
			f, ok := p.figure(k.path)
			if !ok {
				column.Others = append(column.Others, paint.Around{Mean: math.NaN(), Lo: math.NaN(), Hi: math.NaN()})
				continue
			}
			any = any || f.A.Mean != 0 || f.B.Mean != 0
			column.Base = f.A.Mean
			column.Others = append(column.Others, paint.Around{Mean: f.B.Mean, Lo: f.A.Mean + f.Difference.Lo, Hi: f.A.Mean + f.Difference.Hi})
		}
		if any {
			columns = append(columns, column)
		}
	}
	caption := fmt.Sprintf("%d paired replications, seed %d, figures at full scale (simulated at %s)", first.Reps, first.Seed, unit.Fraction(first.Scale))
	if slices.ContainsFunc(first.Warnings, func(w string) bool { return strings.Contains(w, "(429)") }) {
		caption += "; errors are 503 alone, limits answer 429"
	}
	return paint.Contrasts("Against "+first.A, caption, names, columns, svg)
}

// TradeOff shows what one figure of the scenarios costs in another: a point for each,
// in their order. x and y are paths of figures. It is PNG or SVG.
func TradeOff(pairs []*Comparison, x, y string, svg bool) ([]byte, error) {
	first := pairs[0]
	of := func(c *Comparison, path string, side func(experiment.Comparison) stats.Interval) (paint.Around, error) {
		for _, f := range c.Figures {
			if i := side(f); f.Name == path && i.N > 0 && !math.IsNaN(i.Mean) {
				return paint.Around{Mean: i.Mean, Lo: i.Lo, Hi: i.Hi}, nil
			}
		}
		return paint.Around{}, fmt.Errorf("%s has no figure over which to draw %s", c.B, path)
	}
	base := func(f experiment.Comparison) stats.Interval { return f.A }
	other := func(f experiment.Comparison) stats.Interval { return f.B }
	var choices []paint.Choice
	add := func(c *Comparison, name string, side func(experiment.Comparison) stats.Interval) error {
		ax, err := of(c, x, side)
		if err != nil {
			return err
		}
		ay, err := of(c, y, side)
		if err == nil {
			choices = append(choices, paint.Choice{Name: name, X: ax, Y: ay})
		}
		return err
	}
	if err := add(first, first.A, base); err != nil {
		return nil, err
	}
	for _, p := range pairs {
		if err := add(p, p.B, other); err != nil {
			return nil, err
		}
	}
	caption := fmt.Sprintf("%d replications, seed %d, figures at full scale (simulated at %s)", first.Reps, first.Seed, unit.Fraction(first.Scale))
	return paint.TradeOff("What is bought, and at what price", caption, Axis(x), Axis(y), choices, svg)
}

// Axis says how a figure is written on an axis.
func Axis(path string) paint.Axis {
	a := paint.Axis{Title: path}
	for _, k := range contrasts {
		if k.path == path {
			return paint.Axis{Title: k.what, As: k.as}
		}
	}
	name := path[strings.LastIndex(path, ".")+1:]
	switch {
	case name == "quality_mean":
		return paint.Axis{Title: "mean quality of answers", As: paint.Share}
	case strings.HasSuffix(name, "_share"), strings.HasSuffix(name, "_rate"), name == "utilisation", name == "slo_attainment":
		a.As = paint.Share
	case strings.Contains(path, "_s.") || strings.HasSuffix(name, "_s") && !strings.HasSuffix(name, "_per_s"):
		a.As = paint.Time
	}
	return a
}
