package paint

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Curve is a mean over a range of values, with the interval of each.
type Curve struct {
	Name string
	X    []float64
	Y    []Around
}

// A Frame is the axes of a picture of curves.
type Frame struct {
	X, Y       Axis
	LogX, LogY bool
	Ticks      []float64 // on the horizontal axis, under their Names; none: round numbers
	Names      []string
	Sideways   bool // the means and intervals of curves run along the horizontal axis
}

// Lines is the picture of curves with their bands, as PNG or SVG.
func Lines(title, caption string, f Frame, curves []Curve, svg bool) ([]byte, error) {
	x, y, logX, logY := f.X, f.Y, f.LogX, f.LogY
	if f.Sideways { // of the curves: the axes are turned at the end
		x, y, logX, logY = y, x, logY, logX
	}
	const width, height, left, bottom, right = 760, 440, 74, 62, 180
	p := NewPlot()
	lo, hi, least, most := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, c := range curves {
		for i, v := range c.X {
			lo, hi = math.Min(lo, v), math.Max(hi, v)
			for _, w := range []float64{c.Y[i].Mean, c.Y[i].Lo, c.Y[i].Hi} {
				if !math.IsNaN(w) && !math.IsInf(w, 0) && !(logY && w <= 0) {
					least, most = math.Min(least, w), math.Max(most, w)
				}
			}
		}
	}
	if !(hi >= lo) || !(most >= least) {
		lo, hi, least, most = 0, 1, 0, 1
	}
	across, up := &p.X, &p.Y
	if f.Sideways {
		across, up = up, across
	}
	across.Min, across.Max, across.Tick.Marker = widened(lo, hi, logX, x)
	up.Min, up.Max, up.Tick.Marker = widened(least, most, logY, y)
	if !logY && least >= 0 && least < most/2 {
		up.Min = 0
	}
	if logX {
		across.Scale = plot.LogScale{}
	}
	if logY {
		up.Scale = plot.LogScale{}
	}
	if len(f.Names) > 0 {
		var ticks plot.ConstantTicks
		for i, n := range f.Names {
			ticks = append(ticks, plot.Tick{Value: f.Ticks[i], Label: n})
		}
		across.Tick.Marker = ticks
	}
	x, y = f.X, f.Y
	p.Add(backgroundGrid{})
	var entries []Entry
	for i, c := range curves {
		colour := TierColours[i%len(TierColours)]
		p.Add(banded{c, colour, i >= len(TierColours), f.Sideways})
		as := AsLine
		if i >= len(TierColours) {
			as = asDashes
		}
		entries = append(entries, Entry{Label: c.Name, Colour: colour, As: as})
	}
	about := caption + ". " + y.Title + " over " + x.Title + ", with bands of 95 %."
	pic := Picture{Title: title, About: about, Width: width, Height: height, Draw: func(c draw.Canvas) {
		top := Heading(c, title, caption, height)
		area := draw.Crop(c, left, -right, bottom, top-height-14)
		DrawPanel(p, area)
		axis := Words(9, Black, true)
		Write(c, axis, Margin, top-6, y.Title)
		Write(c, axis, (left+width-right-axis.Width(x.Title))/2, Margin+14, x.Title)
		Write(c, Words(8.5, Grey, false), Margin, Margin-2, "band, or bar: 95 % interval of the mean")
		if len(entries) > 1 {
			Legend(c, entries, width-right+12, top-14, right-Margin-12)
		}
	}}
	if svg {
		return pic.SVG()
	}
	return pic.PNG()
}

// widened are the ends of an axis with room, and its ticks.
func widened(lo, hi float64, log bool, a Axis) (float64, float64, plot.Ticker) {
	if log && lo > 0 {
		known, finer, name := KnownCounts, FinerCounts, a.As.Text
		if a.As == Time {
			known, finer, name = KnownSeconds, FinerSeconds, RoundSeconds
		}
		return lo / 1.15, math.Max(hi*1.15, lo*2), LogTicker{Name: name, Known: known, Finer: finer, Apart: 0.08}
	}
	room := (hi - lo) * 0.05
	if room == 0 {
		room = math.Max(math.Abs(hi)*0.1, 1e-9)
	}
	return lo - room, hi + room, Ticker{Name: a.As.Text, Wanted: 6}
}

// A banded curve is drawn as points joined by lines, over its band.
type banded struct {
	Curve
	colour   color.NRGBA
	dashed   bool
	sideways bool
}

// Plot implements plot.Plotter.
func (b banded) Plot(c draw.Canvas, p *plot.Plot) {
	at := func(x, y float64) vg.Point {
		if b.sideways {
			x, y = y, x
		}
		return Point(c, p, x, y)
	}
	order := make([]int, len(b.X))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case b.X[i] < b.X[j]:
			return -1
		case b.X[i] > b.X[j]:
			return 1
		}
		return 0
	})
	var top, base, middle []vg.Point
	for _, i := range order {
		y := b.Y[i]
		if math.IsNaN(y.Mean) {
			continue
		}
		lo, hi := y.Lo, y.Hi
		if !(lo <= hi) || math.IsInf(lo, 0) || math.IsInf(hi, 0) {
			lo, hi = y.Mean, y.Mean
		}
		top, base, middle = append(top, at(b.X[i], hi)), append(base, at(b.X[i], lo)), append(middle, at(b.X[i], y.Mean))
	}
	if len(middle) == 0 {
		return
	}
	c.SetColor(Pale(b.colour, 0.25))
	if len(middle) > 1 {
		fill(c, top, base)
	}
	style := draw.LineStyle{Color: b.colour, Width: 1.3}
	if b.dashed {
		style.Dashes = Dashes
	}
	c.StrokeLines(style, middle)
	for i, m := range middle {
		c.StrokeLines(draw.LineStyle{Color: b.colour, Width: 1}, []vg.Point{base[i], top[i]})
		Rectangle(c, b.colour, Box(m.X-2, m.Y-2, m.X+2, m.Y+2))
	}
}
