package report

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
)

// facts lists the published figures that a panel can show: single figures of a
// metric that it wants. A count becomes a mean rate over its window, per so
// many seconds; per 0 leaves the figure as it is. The panel is made high enough.
func (t *timeline) facts(p *panel, per float64, want func(metric string) bool) []shownFact {
	var out []shownFact
	for _, row := range t.run.Score {
		fact := row.Fact
		if row.Verdict == incident.NotScored || fact.Over != nil || fact.RankOf != nil || fact.By != 0 || fact.Plus != 0 || !want(fact.Metric) {
			continue
		}
		length := float64(fact.To-fact.From) / 1e9
		rate := 1.0
		if per > 0 {
			rate = per / length
		}
		o := published{from: float64(fact.From) / 1e9, to: float64(fact.To) / 1e9, value: float64(fact.Value) * rate, low: math.NaN(), high: math.NaN()}
		// The mean of a window says nothing of a part of it.
		if o.from < 0 || o.to > t.run.Duration.Seconds() {
			continue
		}
		if fact.Low != nil {
			o.low = float64(*fact.Low) * rate
		}
		if fact.High != nil {
			o.high = float64(*fact.High) * rate
		}
		for _, v := range []float64{o.value, o.low, o.high} {
			if v > 0 {
				p.plot.Y.Max = math.Max(p.plot.Y.Max, v*1.08)
			}
		}
		out = append(out, shownFact{o, factLabel(row, length)})
	}
	return out
}

// A shownFact is a published figure with its line of the legend.
type shownFact struct {
	published
	label string
}

// factLabel names a published figure: "published: 1 M users in 1 h".
func factLabel(row incident.Row, length float64) string {
	s := "published: " + inUnit(metrics.Figure(row.Fact.Value), row.Fact.Unit)
	if row.Fact.Unit != "s" {
		s += " in " + paint.Seconds(length)
	}
	return s
}

func (p *panel) overlay(facts []shownFact) {
	for _, f := range facts {
		p.plot.Add(f.published)
		p.entries = append(p.entries, paint.Entry{Label: f.label, Colour: paint.Black, As: paint.AsFact})
	}
}

// A published figure is laid over the data: a line over the time that it was
// said of, with its tolerance behind it, or a diamond where that time is short.
type published struct {
	from, to         float64 // seconds
	value, low, high float64 // NaN where there is no bound
}

// Plot implements plot.Plotter.
func (f published) Plot(c draw.Canvas, p *plot.Plot) {
	from, to := math.Max(f.from, p.X.Min), math.Min(f.to, p.X.Max)
	a, b := paint.Point(c, p, from, f.value), paint.Point(c, p, to, f.value)
	style := draw.LineStyle{Color: paint.Black, Width: 1}
	middle := vg.Point{X: (a.X + b.X) / 2, Y: a.Y}
	low, high := a.Y, a.Y
	if !math.IsNaN(f.low) {
		low = paint.Point(c, p, from, f.low).Y
	}
	if !math.IsNaN(f.high) {
		high = paint.Point(c, p, from, f.high).Y
	}
	if b.X-a.X > 12 {
		c.StrokeLine2(style, a.X, a.Y, b.X, b.Y)
		c.StrokeLine2(style, a.X, a.Y-2.5, a.X, a.Y+2.5)
		c.StrokeLine2(style, b.X, b.Y-2.5, b.X, b.Y+2.5)
	}
	c.StrokeLine2(style, middle.X, low, middle.X, high)
	c.StrokeLine2(style, middle.X-2, low, middle.X+2, low)
	c.StrokeLine2(style, middle.X-2, high, middle.X+2, high)
	paint.Diamond(c, middle)
}
