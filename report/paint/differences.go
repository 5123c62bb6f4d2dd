package paint

import (
	"math"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Course is a difference over time: its mean at each of the moments X, in seconds, with
// the interval.
type Course struct {
	Title, Unit string
	As          Measure
	Y           []Around
}

// Differences is the picture of how a world goes on otherwise after a moment, as PNG or
// SVG: a panel for each course, on one time axis. start is zero where time has no dates.
func Differences(title, caption string, start time.Time, duration time.Duration, at float64, mark string, x []float64, courses []Course, svg bool) ([]byte, error) {
	const left, right, panel, gap, axisRoom = 60, 30, 96, 22, 54
	const width = 900
	height := vg.Length(HeadHeight + 2*Margin + 24 + axisRoom + len(courses)*(panel+gap))
	axis := NewTimeAxis(start, duration, width-left-right)
	counts := axis.About
	axis.About = ""
	where := func(t float64) vg.Length { return left + (width-left-right)*vg.Length(t/duration.Seconds()) }
	about := caption + ". For each figure the paired difference over time, with a band of 95 %, from " + mark + " on."
	pic := Picture{Title: title, About: about, Width: width, Height: height, Draw: func(c draw.Canvas) {
		top := Heading(c, title, caption, height)
		label := Words(8.5, Black, false)
		Write(c, label, min(max(where(at)-label.Width(mark)/2, left), width-right-label.Width(mark)), top-14, mark)
		y := top - 16
		for _, k := range courses {
			y -= gap
			Write(c, Words(9.5, Black, true), left, y+5, k.Title)
			Write(c, Words(9, Grey, false), left+Words(9.5, Black, true).Width(k.Title)+5, y+5, k.Unit)
			p := NewPlot()
			p.X.Min, p.X.Max = 0, duration.Seconds()
			p.HideX()
			lo, hi := 0.0, 0.0
			mean, low, high := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
			for i, d := range k.Y {
				mean[i], low[i], high[i] = d.Mean, d.Lo, d.Hi
				for _, v := range []float64{d.Mean, d.Lo, d.Hi} {
					if !math.IsNaN(v) && !math.IsInf(v, 0) {
						lo, hi = math.Min(lo, v), math.Max(hi, v)
					}
				}
			}
			if hi == lo {
				lo, hi = -1, 1
			}
			room := (hi - lo) * 0.06
			p.Y.Min, p.Y.Max = lo-room, hi+room
			p.Y.Tick.Marker = Ticker{Name: k.As.Text, Wanted: 4}
			zero := []float64{0, 0}
			p.Add(Backdrop{&axis}, Band{x, low, high, Pale(Blue, 0.3)}, Line{X: []float64{0, duration.Seconds()}, Y: zero, Colour: Grey, Width: 0.7},
				Line{X: x, Y: mean, Colour: Blue, Width: 1.2})
			area := draw.Canvas{Canvas: c.Canvas, Rectangle: Box(left, y-panel, width-right, y)}
			DrawPanel(p, area)
			c.StrokeLine2(draw.LineStyle{Color: Slate, Width: 0.9}, where(at), y-panel, where(at), y)
			y -= panel
		}
		axis.Draw(c, where, width-right, y)
		grey := Words(8.5, Grey, false)
		Write(c, grey, width-right-grey.Width(counts), y-38, counts)
		Write(c, Words(8.5, Grey, false), Margin, Margin-2, "line: mean of the paired differences; band: its 95 % interval at each moment")
	}}
	if svg {
		return pic.SVG()
	}
	return pic.PNG()
}
