package report

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/launchday-sim/launchday/report/paint"
)

// Measures of a miniature, in points.
const (
	miniWidth  = 760
	miniHeight = 178
	miniPlot   = 104
)

// secondSteps are what people divide durations into: seconds, minutes, hours.
var secondSteps = []float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600, 86400}

// Miniature is the small picture of a lever in the documentation: the same world
// with it and without, as PNG. Three panels share the time axis: what was
// served, how long that took, and who was not served. instead names the world
// without it.
func Miniature(title, instead string, with, without *Run) ([]byte, error) {
	return miniature(title, instead, with, without).PNG()
}

func miniature(title, instead string, with, without *Run) paint.Picture {
	f, g := newFrame(with), newFrame(without)
	x := f.middle()
	minutes := make([]float64, len(x))
	for i := range x {
		minutes[i] = x[i] / 60
	}
	lost := func(f *frame) []float64 {
		out := make([]float64, len(f.t))
		columns := []string{"abandoned", "timed_out", "failed", "cancelled", "suppressed"}
		for _, reason := range f.reasons() {
			columns = append(columns, "rejected_"+reason)
		}
		for _, c := range columns {
			for i, v := range f.rate(c, f.inServed) {
				out[i] += v
			}
		}
		return out
	}
	served := "completed"
	if f.table.Column("completed_in_slo") != nil {
		served = "completed_in_slo"
	}
	best, _ := f.largestCell(false)
	slow := func(f *frame) []float64 {
		return f.only("latency_p50_s", func(c cell) bool { return c == best })
	}
	type mini struct {
		title      string
		with, less []float64
		behind     []float64
		ticks      paint.Ticker
	}
	perSecond := paint.Ticker{Name: paint.Count, Wanted: 4}
	minis := []mini{
		{"served in time, per second", f.rate(served, f.inServed), g.rate(served, g.inServed), f.rate("requests", f.inServed), perSecond},
		{"median latency of those served, tier " + best.tier, slow(f), slow(g), nil, paint.Ticker{Name: paint.RoundSeconds, Wanted: 4, Known: secondSteps}},
		{"refused, dropped, held back or gone, per second", lost(f), lost(g), nil, perSecond},
	}
	return paint.Picture{Name: "miniature", Title: title, About: title, Width: miniWidth, Height: miniHeight, Kept: true, Draw: func(c draw.Canvas) {
		paint.Rectangle(c, paint.White, c.Rectangle)
		paint.Write(c, paint.Words(11, paint.Black, true), 12, miniHeight-18, title)
		end := vg.Length(miniWidth - 12)
		for _, e := range []paint.Entry{{Label: instead, Colour: paint.Grey, As: paint.AsLine}, {Label: title, Colour: paint.Blue, As: paint.AsLine}, {Label: "new requests", Colour: paint.Pale(paint.Silver, 0.6), As: paint.AsArea}} {
			w := paint.Words(8.5, paint.Black, false).Width(e.Label) + 24
			end -= w
			paint.Legend(c, []paint.Entry{e}, end, miniHeight-9, w+20)
			end -= 6
		}
		const gap, left = 34, 30
		width := vg.Length(miniWidth-left-12-2*gap) / 3
		for k, m := range minis {
			x0 := left + vg.Length(k)*(width+gap)
			p := paint.NewPlot()
			p.X.Min, p.X.Max = 0, with.Duration.Minutes()
			p.X.Tick.Marker = paint.Ticker{Name: paint.Digits, Wanted: 4, Known: paint.MinuteSteps}
			top := 1e-9
			for _, v := range append(append(append([]float64(nil), m.with...), m.less...), m.behind...) {
				if !math.IsNaN(v) {
					top = math.Max(top, v)
				}
			}
			p.Y.Min, p.Y.Max = 0, top*1.05
			p.Y.Tick.Marker = m.ticks
			p.Add(paint.Backdrop{Axis: &paint.TimeAxis{}})
			if m.behind != nil {
				p.Add(paint.Band{X: minutes, Lo: make([]float64, len(minutes)), Hi: m.behind, Colour: paint.Pale(paint.Silver, 0.6)})
			}
			p.Add(paint.Line{X: minutes, Y: m.less, Colour: paint.Grey, Width: 1.2}, paint.Line{X: minutes, Y: m.with, Colour: paint.Blue, Width: 1.3})
			paint.Write(c, paint.Words(8.5, paint.Black, false), x0, 30+miniPlot+4, m.title)
			paint.DrawPanel(p, draw.Canvas{Canvas: c.Canvas, Rectangle: paint.Box(x0, 30, x0+width, 30+miniPlot)})
		}
		paint.Write(c, paint.Words(8.5, paint.Grey, false), miniWidth-12-paint.Words(8.5, paint.Grey, false).Width("minutes"), 6, "minutes")
	}}
}
