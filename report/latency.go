package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A latencyPicture shows whole distributions: what share took longer than x.
// Both axes are logarithmic, so that the worst thousandth is seen as well as
// the half.
type latencyPicture struct {
	run    *Run
	plot   *plot.Plot
	curves []entry
	lines  [][2]string // median and p99 of each curve
}

// newLatency makes the picture; nil if there are no distributions.
func newLatency(r *Run) *latencyPicture {
	l := &latencyPicture{run: r, plot: newPlot()}
	const least = 1e-4
	lo, hi := math.Inf(1), 0.0
	colours := curveColours(r)
	for i, d := range r.Latency {
		var x, y []float64
		for k := range d.X {
			if d.X[k] > 0 && 1-d.P[k] >= least {
				x, y = append(x, d.X[k]), append(y, 1-d.P[k])
			}
		}
		if len(x) < 2 {
			continue
		}
		lo, hi = math.Min(lo, x[0]), math.Max(hi, x[len(x)-1])
		colour := colours[i]
		l.plot.Add(line{x: x, y: y, colour: colour, width: 1.4})
		l.curves = append(l.curves, entry{d.Label, colour, asLine})
		l.lines = append(l.lines, [2]string{seconds(d.quantile(0.5)), seconds(d.quantile(0.99))})
	}
	if len(l.curves) == 0 {
		return nil
	}
	p := l.plot
	p.X.Min, p.X.Max = lo/1.1, math.Max(hi*1.1, lo*10)
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = logTicker{roundSeconds, knownSeconds, finerSeconds, 0.06}
	p.Y.Min, p.Y.Max = least, 1
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = logTicker{func(v float64) string { return digits(v*100) + " %" }, knownCounts, finerCounts, 0.06}
	return l
}

// curveColours gives the first curve of each tier ("plus", "plus image") the
// colour that the tier has in the timeline, and others what is left.
func curveColours(r *Run) []color.NRGBA {
	out := make([]color.NRGBA, len(r.Latency))
	left := slices.Clone(tierColours)
	take := func(i, k int) {
		out[i] = left[k%len(left)]
		if len(left) > 1 {
			left = slices.Delete(left, k%len(left), k%len(left)+1)
		}
	}
	for k, t := range r.Tiers {
		i := slices.IndexFunc(r.Latency, func(d Distribution) bool { return d.Label == t.Name || strings.HasPrefix(d.Label, t.Name+" ") })
		if at := slices.Index(left, tierColours[k%len(tierColours)]); i >= 0 && at >= 0 && out[i] == (color.NRGBA{}) {
			take(i, at)
		}
	}
	for i := range out {
		if out[i] == (color.NRGBA{}) {
			take(i, 0)
		}
	}
	return out
}

// quantile reads the curve at a share; NaN beyond its ends.
func (d *Distribution) quantile(share float64) float64 {
	for i, p := range d.P {
		if p >= share {
			return d.X[i]
		}
	}
	return math.NaN()
}

func (l *latencyPicture) picture() picture {
	about := l.run.caption() + ". For each curve the share of completed attempts that took longer than the time on the horizontal axis; the points are in latency.csv."
	for i, e := range l.curves {
		about += fmt.Sprintf(" %s: median %s, p99 %s.", e.label, l.lines[i][0], l.lines[i][1])
	}
	return picture{name: "latency", title: l.run.title() + ": latency", about: about, width: 800, height: 440, draw: l.draw}
}

func (l *latencyPicture) draw(c draw.Canvas) {
	top := heading(c, l.run.title(), l.run.caption(), c.Max.Y)
	end := write(c, words(10, black, true), leftMargin, top-10, "Latency of completed attempts")
	write(c, words(10, grey, false), end+5, top-10, "share that took longer, both axes logarithmic")
	area := draw.Canvas{Canvas: c.Canvas, Rectangle: box(leftMargin, 46, c.Max.X-200, top-18)}
	grid(l.plot, area)
	drawPanel(l.plot, area)
	y := area.Y(l.plot.Y.Norm(0.5))
	c.StrokeLine2(draw.LineStyle{Color: silver, Width: 0.7, Dashes: dashes}, area.Min.X, y, area.Max.X, y)
	write(c, words(8, grey, false), area.Min.X+4, y-9, "median")
	style := words(9, grey, false)
	style.XAlign = draw.XCenter
	write(c, style, (area.Min.X+area.Max.X)/2, 16, "time from arrival to end")
	x := area.Max.X + 14
	head := words(8.5, grey, false)
	head.XAlign = draw.XRight
	write(c, head, c.Max.X-margin-48, area.Max.Y-6, "median")
	write(c, head, c.Max.X-margin, area.Max.Y-6, "p99")
	for i, e := range l.curves {
		y := area.Max.Y - 22 - vg.Length(i)*14
		c.StrokeLine2(draw.LineStyle{Color: e.colour, Width: 2}, x, y, x+15, y)
		name := words(8.5, black, false)
		write(c, name, x+20, y-3, shorten(name, e.label, 64))
		figure := name
		figure.XAlign = draw.XRight
		write(c, figure, c.Max.X-margin-48, y-3, l.lines[i][0])
		write(c, figure, c.Max.X-margin, y-3, l.lines[i][1])
	}
}

// grid draws lines at the named ticks of both axes behind a plot.
func grid(p *plot.Plot, c draw.Canvas) {
	style := draw.LineStyle{Color: faint, Width: 0.5}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		x := c.X(p.X.Norm(t.Value))
		c.StrokeLine2(style, x, c.Min.Y, x, c.Max.Y)
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		y := c.Y(p.Y.Norm(t.Value))
		c.StrokeLine2(style, c.Min.X, y, c.Max.X, y)
	}
}
