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

	"github.com/launchday-sim/launchday/report/paint"
)

// A latencyPicture shows whole distributions: what share took longer than x.
// Both axes are logarithmic, so that the worst thousandth is seen as well as
// the half.
type latencyPicture struct {
	run    *Run
	plot   *plot.Plot
	curves []paint.Entry
	lines  [][2]string // median and p99 of each curve
}

// newLatency makes the picture; nil if there are no distributions.
func newLatency(r *Run) *latencyPicture {
	l := &latencyPicture{run: r, plot: paint.NewPlot()}
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
		l.plot.Add(paint.Line{X: x, Y: y, Colour: colour, Width: 1.4})
		l.curves = append(l.curves, paint.Entry{Label: d.Label, Colour: colour, As: paint.AsLine})
		l.lines = append(l.lines, [2]string{paint.Seconds(d.quantile(0.5)), paint.Seconds(d.quantile(0.99))})
	}
	if len(l.curves) == 0 {
		return nil
	}
	p := l.plot
	p.X.Min, p.X.Max = lo/1.1, math.Max(hi*1.1, lo*10)
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = paint.LogTicker{Name: paint.RoundSeconds, Known: paint.KnownSeconds, Finer: paint.FinerSeconds, Apart: 0.06}
	p.Y.Min, p.Y.Max = least, 1
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = paint.LogTicker{Name: func(v float64) string { return paint.Digits(v*100) + " %" }, Known: paint.KnownCounts, Finer: paint.FinerCounts, Apart: 0.06}
	return l
}

// curveColours gives the first curve of each tier ("plus", "plus image") the
// colour that the tier has in the timeline, and others what is left.
func curveColours(r *Run) []color.NRGBA {
	out := make([]color.NRGBA, len(r.Latency))
	left := slices.Clone(paint.TierColours)
	take := func(i, k int) {
		out[i] = left[k%len(left)]
		if len(left) > 1 {
			left = slices.Delete(left, k%len(left), k%len(left)+1)
		}
	}
	for k, t := range r.Tiers {
		i := slices.IndexFunc(r.Latency, func(d Distribution) bool { return d.Label == t.Name || strings.HasPrefix(d.Label, t.Name+" ") })
		if at := slices.Index(left, paint.TierColours[k%len(paint.TierColours)]); i >= 0 && at >= 0 && out[i] == (color.NRGBA{}) {
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

func (l *latencyPicture) picture() paint.Picture {
	about := l.run.caption() + ". For each curve the share of completed attempts that took longer than the time on the horizontal axis; the points are in latency.csv."
	for i, e := range l.curves {
		about += fmt.Sprintf(" %s: median %s, p99 %s.", e.Label, l.lines[i][0], l.lines[i][1])
	}
	return paint.Picture{Name: "latency", Title: l.run.title() + ": latency", About: about, Width: 800, Height: 440, Draw: l.draw}
}

func (l *latencyPicture) draw(c draw.Canvas) {
	top := paint.Heading(c, l.run.title(), l.run.caption(), c.Max.Y)
	end := paint.Write(c, paint.Words(10, paint.Black, true), leftMargin, top-10, "Latency of completed attempts")
	paint.Write(c, paint.Words(10, paint.Grey, false), end+5, top-10, "share that took longer, both axes logarithmic")
	area := draw.Canvas{Canvas: c.Canvas, Rectangle: paint.Box(leftMargin, 46, c.Max.X-200, top-18)}
	grid(l.plot, area)
	paint.DrawPanel(l.plot, area)
	y := area.Y(l.plot.Y.Norm(0.5))
	c.StrokeLine2(draw.LineStyle{Color: paint.Silver, Width: 0.7, Dashes: paint.Dashes}, area.Min.X, y, area.Max.X, y)
	paint.Write(c, paint.Words(8, paint.Grey, false), area.Min.X+4, y-9, "median")
	style := paint.Words(9, paint.Grey, false)
	style.XAlign = draw.XCenter
	paint.Write(c, style, (area.Min.X+area.Max.X)/2, 16, "time from arrival to end")
	x := area.Max.X + 14
	head := paint.Words(8.5, paint.Grey, false)
	head.XAlign = draw.XRight
	paint.Write(c, head, c.Max.X-paint.Margin-48, area.Max.Y-6, "median")
	paint.Write(c, head, c.Max.X-paint.Margin, area.Max.Y-6, "p99")
	for i, e := range l.curves {
		y := area.Max.Y - 22 - vg.Length(i)*14
		c.StrokeLine2(draw.LineStyle{Color: e.Colour, Width: 2}, x, y, x+15, y)
		name := paint.Words(8.5, paint.Black, false)
		paint.Write(c, name, x+20, y-3, paint.Shorten(name, e.Label, 64))
		figure := name
		figure.XAlign = draw.XRight
		paint.Write(c, figure, c.Max.X-paint.Margin-48, y-3, l.lines[i][0])
		paint.Write(c, figure, c.Max.X-paint.Margin, y-3, l.lines[i][1])
	}
}

// grid draws lines at the named ticks of both axes behind a plot.
func grid(p *plot.Plot, c draw.Canvas) {
	style := draw.LineStyle{Color: paint.Faint, Width: 0.5}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		x := c.X(p.X.Norm(t.Value))
		c.StrokeLine2(style, x, c.Min.Y, x, c.Max.Y)
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		y := c.Y(p.Y.Norm(t.Value))
		c.StrokeLine2(style, c.Min.X, y, c.Max.X, y)
	}
}
