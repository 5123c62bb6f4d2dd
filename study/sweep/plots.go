package sweep

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/report/paint"
	"github.com/launchday-sim/launchday/sim/stats"
	"github.com/launchday-sim/launchday/study"
)

// Draw makes a picture of the table, PNG or SVG.
func (s *Study) Draw(st *Store, p *Plot, svg bool) ([]byte, error) {
	title := s.Title
	if title == "" {
		title = s.Name
	}
	caption := fmt.Sprintf("%s · %d replications of each of %d cells, seed %d, figures at full scale (simulated at %s)", p.Name, s.Reps, len(s.Cells), s.Seed, unit.Fraction(s.Base.Scale))
	switch p.Kind {
	case "lines":
		return s.lines(st, p, title, caption, svg)
	case "heat-map":
		return s.heatMap(st, p, title, caption, svg)
	case "pareto":
		return s.pareto(st, p, title, caption, svg)
	case "tornado":
		return s.tornado(st, p, title, caption, svg)
	}
	return s.ccdf(st, p, title, caption, svg)
}

// factor is the place of a factor; -1 for none.
func (s *Study) factor(name string) int {
	return slices.IndexFunc(s.Factors, func(f Factor) bool { return f.Name == name })
}

// values are those of a factor, in the order in which they first appear.
func (s *Study) values(i int) (list []string) {
	for c := range s.Cells {
		if v := s.Cells[c].Values[i]; !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// over is the mean of a figure over all runs of the cells that are wanted, which a factor
// may be averaged over, with the interval over the replications.
func (s *Study) over(st *Store, path string, want func(c *Cell) bool) stats.Interval {
	var means []float64
	for rep := range s.Reps {
		sum, n := 0.0, 0
		for cell := range s.Cells {
			if want(&s.Cells[cell]) {
				if v := s.value(st, cell, rep, path); !math.IsNaN(v) {
					sum += v
					n++
				}
			}
		}
		mean := math.NaN()
		if n > 0 {
			mean = sum / float64(n)
		}
		means = append(means, mean)
	}
	return stats.MeanInterval(means, study.Confidence)
}

func around(i stats.Interval) paint.Around { return paint.Around{Mean: i.Mean, Lo: i.Lo, Hi: i.Hi} }

func (s *Study) lines(st *Store, p *Plot, title, caption string, svg bool) ([]byte, error) {
	x, by := s.factor(p.X), s.factor(p.By)
	groups := []string{""}
	if by >= 0 {
		groups = s.values(by)
	}
	places := s.values(x)
	numbers := !math.IsNaN(s.Cells[0].Numbers[x])
	f := paint.Frame{X: paint.Axis{Title: p.X, As: measure(s.unit(s.Factors[x].Knob))}, Y: study.Axis(p.Y), LogX: s.Factors[x].Log && numbers}
	var curves []paint.Curve
	for n, g := range groups {
		c := paint.Curve{Name: g}
		for k, v := range places {
			at := float64(k)
			in := func(c *Cell) bool { return s.where(p, c) && c.Values[x] == v && (by < 0 || c.Values[by] == g) }
			if i := slices.IndexFunc(s.Cells, func(c Cell) bool { return in(&c) }); i < 0 {
				continue
			} else if numbers {
				at = s.Cells[i].Numbers[x]
			}
			if n == 0 && (!numbers || len(places) <= 12) {
				f.Ticks, f.Names = append(f.Ticks, at), append(f.Names, v)
			}
			c.X, c.Y = append(c.X, at), append(c.Y, around(s.over(st, p.Y, in)))
		}
		curves = append(curves, c)
	}
	return paint.Lines(title, caption, f, curves, svg)
}

func measure(unit string) paint.Measure {
	if unit == "s" {
		return paint.Time
	}
	return paint.Number
}

func (s *Study) heatMap(st *Store, p *Plot, title, caption string, svg bool) ([]byte, error) {
	x, y := s.factor(p.X), s.factor(p.Y)
	columns, rows := s.values(x), s.values(y)
	z := make([][]float64, len(rows))
	for i, r := range rows {
		for _, c := range columns {
			z[i] = append(z[i], s.over(st, p.Z, func(k *Cell) bool { return s.where(p, k) && k.Values[x] == c && k.Values[y] == r }).Mean)
		}
	}
	return paint.HeatMap(title, caption, p.X, p.Y, study.Axis(p.Z), columns, rows, z, svg)
}

// pareto draws the cells that no other beats in both figures, joined, and the others.
func (s *Study) pareto(st *Store, p *Plot, title, caption string, svg bool) ([]byte, error) {
	var choices []paint.Choice
	for i := range s.Cells {
		if !s.where(p, &s.Cells[i]) {
			continue
		}
		name := s.Cells[i].Label()
		if k, _, only := strings.Cut(p.Where, "="); only {
			rest := slices.Clone(s.Cells[i].Values)
			at := s.factor(k)
			name = strings.Join(slices.Delete(rest, at, at+1), ", ")
		}
		choices = append(choices, paint.Choice{Name: name, X: around(s.mean(st, i, p.X)), Y: around(s.mean(st, i, p.Y))})
	}
	return paint.Front(title, caption, study.Axis(p.X), study.Axis(p.Y), choices, svg)
}

func (s *Study) tornado(st *Store, p *Plot, title, caption string, svg bool) ([]byte, error) {
	var swings []paint.Swing
	for i := range s.Factors {
		w := paint.Swing{Name: s.Factors[i].Name}
		for cell := 1; cell < len(s.Cells); cell++ {
			v := s.Cells[cell].Values[i]
			if v == asItIs {
				continue
			}
			var differences []float64
			for rep := range s.Reps {
				differences = append(differences, s.value(st, cell, rep, p.Y)-s.value(st, 0, rep, p.Y))
			}
			w.Values = append(w.Values, v)
			w.Ends = append(w.Ends, around(stats.MeanInterval(differences, study.Confidence)))
		}
		swings = append(swings, w)
	}
	widest := func(w paint.Swing) float64 {
		most := 0.0
		for _, e := range w.Ends {
			most = math.Max(most, math.Abs(e.Mean))
		}
		return most
	}
	sort.SliceStable(swings, func(a, b int) bool { return widest(swings[a]) > widest(swings[b]) })
	return paint.Tornado(title, caption, study.Axis(p.Y), s.mean(st, 0, p.Y).Mean, swings, svg)
}

// ccdf draws the share that takes longer, from the quantiles that the table has.
func (s *Study) ccdf(st *Store, p *Plot, title, caption string, svg bool) ([]byte, error) {
	by := s.factor(p.By)
	groups := []string{""}
	if by >= 0 {
		groups = s.values(by)
	}
	var curves []paint.Curve
	for _, g := range groups {
		c := paint.Curve{Name: g}
		for _, q := range quantiles {
			i := s.over(st, p.Y+"."+q.name, func(c *Cell) bool { return s.where(p, c) && (by < 0 || c.Values[by] == g) })
			c.X, c.Y = append(c.X, q.above), append(c.Y, around(i))
		}
		curves = append(curves, c)
	}
	f := paint.Frame{X: paint.Axis{Title: p.Y, As: paint.Time}, Y: paint.Axis{Title: "share of attempts that took longer", As: paint.Share}, LogX: true, LogY: true, Sideways: true}
	return paint.Lines(title, caption, f, curves, svg)
}

// where reports whether a plot is of the cell.
func (s *Study) where(p *Plot, c *Cell) bool {
	name, value, only := strings.Cut(p.Where, "=")
	return !only || c.Values[s.factor(name)] == value
}
