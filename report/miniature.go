package report

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Measures of a miniature, in points.
const (
	miniWidth  = 760
	miniHeight = 178
	miniPlot   = 104
)

// minuteSteps are what people divide hours into.
var minuteSteps = []float64{1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1440}

// secondSteps are what people divide durations into: seconds, minutes, hours.
var secondSteps = []float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600, 86400}

// Miniature is the small picture of a lever in the documentation: the same world
// with it and without, as PNG. Three panels share the time axis: what was
// served, how long that took, and who was not served. instead names the world
// without it.
func Miniature(title, instead string, with, without *Run) ([]byte, error) {
	return miniature(title, instead, with, without).png()
}

func miniature(title, instead string, with, without *Run) picture {
	f, g := newFrame(with), newFrame(without)
	x := f.middle()
	minutes := make([]float64, len(x))
	for i := range x {
		minutes[i] = x[i] / 60
	}
	lost := func(f *frame) []float64 {
		out := make([]float64, len(f.t))
		columns := []string{"abandoned", "timed_out", "failed", "cancelled"}
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
		ticks      ticker
	}
	perSecond := ticker{name: count, wanted: 4}
	minis := []mini{
		{"served in time, per second", f.rate(served, f.inServed), g.rate(served, g.inServed), f.rate("requests", f.inServed), perSecond},
		{"median latency of those served, tier " + best.tier, slow(f), slow(g), nil, ticker{name: roundSeconds, wanted: 4, known: secondSteps}},
		{"refused, dropped or gone, per second", lost(f), lost(g), nil, perSecond},
	}
	return picture{name: "miniature", title: title, about: title, width: miniWidth, height: miniHeight, kept: true, draw: func(c draw.Canvas) {
		rectangle(c, white, c.Rectangle)
		write(c, words(11, black, true), 12, miniHeight-18, title)
		end := vg.Length(miniWidth - 12)
		for _, e := range []entry{{instead, grey, asLine}, {title, blue, asLine}, {"new requests", pale(silver, 0.6), asArea}} {
			w := words(8.5, black, false).Width(e.label) + 24
			end -= w
			legend(c, []entry{e}, end, miniHeight-9, w+20)
			end -= 6
		}
		const gap, left = 34, 30
		width := vg.Length(miniWidth-left-12-2*gap) / 3
		for k, m := range minis {
			x0 := left + vg.Length(k)*(width+gap)
			p := newPlot()
			p.X.Min, p.X.Max = 0, with.Duration.Minutes()
			p.X.Tick.Marker = ticker{name: digits, wanted: 4, known: minuteSteps}
			top := 1e-9
			for _, v := range append(append(append([]float64(nil), m.with...), m.less...), m.behind...) {
				if !math.IsNaN(v) {
					top = math.Max(top, v)
				}
			}
			p.Y.Min, p.Y.Max = 0, top*1.05
			p.Y.Tick.Marker = m.ticks
			p.Add(backdrop{&timeAxis{}})
			if m.behind != nil {
				p.Add(band{minutes, make([]float64, len(minutes)), m.behind, pale(silver, 0.6)})
			}
			p.Add(line{x: minutes, y: m.less, colour: grey, width: 1.2}, line{x: minutes, y: m.with, colour: blue, width: 1.3})
			write(c, words(8.5, black, false), x0, 30+miniPlot+4, m.title)
			drawPanel(p, draw.Canvas{Canvas: c.Canvas, Rectangle: box(x0, 30, x0+width, 30+miniPlot)})
		}
		write(c, words(8.5, grey, false), miniWidth-12-words(8.5, grey, false).Width("minutes"), 6, "minutes")
	}}
}
