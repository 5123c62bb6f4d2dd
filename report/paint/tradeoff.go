package paint

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// An Axis of a trade-off is a figure, and how it is written.
type Axis struct {
	Title string
	As    Measure
}

// A Choice is one alternative: its means of two figures, with their intervals.
type Choice struct {
	Name string
	X, Y Around
}

// TradeOff is the picture of what one figure costs in another, as PNG or SVG: a point
// for each choice, joined along the horizontal axis.
func TradeOff(title, caption string, x, y Axis, choices []Choice, svg bool) ([]byte, error) {
	return tradeOff(title, caption, x, y, points{choices: choices, based: true}, "hollow: the first, against which the others were compared", svg)
}

// Front is the picture of choices of which more is better in both figures: those that no
// other beats in both are joined and named, the others hollow.
func Front(title, caption string, x, y Axis, choices []Choice, svg bool) ([]byte, error) {
	best := slices.Clone(choices)
	slices.SortStableFunc(best, func(a, b Choice) int { return cmp.Or(cmp.Compare(b.X.Mean, a.X.Mean), cmp.Compare(b.Y.Mean, a.Y.Mean)) })
	top, front, rest := math.Inf(-1), []Choice(nil), []Choice(nil)
	for _, c := range best {
		switch {
		case math.IsNaN(c.X.Mean) || math.IsNaN(c.Y.Mean):
		case c.Y.Mean > top:
			top, front = c.Y.Mean, append(front, c)
		default:
			rest = append(rest, c)
		}
	}
	return tradeOff(title, caption, x, y, points{choices: front, beaten: rest}, "hollow: another is better in both", svg)
}

func tradeOff(title, caption string, x, y Axis, of points, hollow string, svg bool) ([]byte, error) {
	p := tradeOffPicture(title, caption, x, y, of, hollow)
	if svg {
		return p.SVG()
	}
	return p.PNG()
}

func tradeOffPicture(title, caption string, x, y Axis, of points, hollow string) Picture {
	const width, height, left, bottom, names = 720, 460, 74, 62, 150
	p := NewPlot()
	choices := slices.Concat(of.choices, of.beaten)
	p.X.Min, p.X.Max = reach(choices, func(c Choice) Around { return c.X })
	p.Y.Min, p.Y.Max = reach(choices, func(c Choice) Around { return c.Y })
	p.X.Tick.Marker = Ticker{Name: x.As.Text, Wanted: 6}
	p.Y.Tick.Marker = Ticker{Name: y.As.Text, Wanted: 6}
	grid := backgroundGrid{}
	p.Add(grid, of)
	about := caption + ". " + y.Title + " over " + x.Title + ", a point for each choice with 95 % intervals of both means."
	return Picture{Name: "tradeoff", Title: title, About: about, Width: width, Height: height, Draw: func(c draw.Canvas) {
		top := Heading(c, title, caption, height)
		area := draw.Crop(c, left, -names, bottom, top-height-6)
		DrawPanel(p, area)
		axis := Words(9, Black, true)
		Write(c, axis, Margin, top+2, y.Title)
		Write(c, axis, (left+width-names-axis.Width(x.Title))/2, Margin+14, x.Title)
		Write(c, Words(8.5, Grey, false), Margin, Margin-2, "bar: 95 % interval of the mean; "+hollow)
	}}
}

// reach is an axis that holds all of the values with room around them.
func reach(choices []Choice, of func(Choice) Around) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, c := range choices {
		a := of(c)
		for _, v := range []float64{a.Mean, a.Lo, a.Hi} {
			if !math.IsNaN(v) {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
			}
		}
	}
	if !(hi > lo) {
		room := math.Max(math.Abs(hi)*0.1, 1e-9)
		return hi - room, hi + room
	}
	return lo - (hi-lo)*0.08, hi + (hi-lo)*0.08
}

// backgroundGrid draws lines at the ticks of both axes.
type backgroundGrid struct{}

// Plot implements plot.Plotter.
func (backgroundGrid) Plot(c draw.Canvas, p *plot.Plot) {
	style := draw.LineStyle{Color: Faint, Width: 0.6}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		at := c.X(p.X.Norm(t.Value))
		c.StrokeLine2(style, at, c.Min.Y, at, c.Max.Y)
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		at := c.Y(p.Y.Norm(t.Value))
		c.StrokeLine2(style, c.Min.X, at, c.Max.X, at)
	}
}

// points are the choices of a trade-off.
type points struct {
	choices []Choice
	beaten  []Choice // of a front: the others
	based   bool     // the first is what the others are compared with
}

// Plot implements plot.Plotter.
func (q points) Plot(c draw.Canvas, p *plot.Plot) {
	at := func(x, y float64) vg.Point { return Point(c, p, x, y) }
	var path []vg.Point
	for _, k := range q.choices {
		path = append(path, at(k.X.Mean, k.Y.Mean))
	}
	along := slices.Clone(path)
	slices.SortStableFunc(along, func(a, b vg.Point) int { return cmp.Compare(a.X, b.X) })
	c.StrokeLines(draw.LineStyle{Color: Silver, Width: 1}, along)
	bar := draw.LineStyle{Color: Blue, Width: 1.1}
	for _, k := range q.beaten {
		m := at(k.X.Mean, k.Y.Mean)
		Rectangle(c, Silver, Box(m.X-3, m.Y-3, m.X+3, m.Y+3))
		Rectangle(c, White, Box(m.X-2, m.Y-2, m.X+2, m.Y+2))
	}
	for i := len(q.choices) - 1; i >= 0; i-- { // the first on top
		k := q.choices[i]
		if k.X.Lo <= k.X.Hi { // one replication has no interval
			c.StrokeLines(bar, []vg.Point{at(k.X.Lo, k.Y.Mean), at(k.X.Hi, k.Y.Mean)})
		}
		if k.Y.Lo <= k.Y.Hi {
			c.StrokeLines(bar, []vg.Point{at(k.X.Mean, k.Y.Lo), at(k.X.Mean, k.Y.Hi)})
		}
		Rectangle(c, Blue, Box(path[i].X-3, path[i].Y-3, path[i].X+3, path[i].Y+3))
		if i == 0 && q.based {
			Rectangle(c, White, Box(path[i].X-2, path[i].Y-2, path[i].X+2, path[i].Y+2))
		}
	}
	// A name stands right of its point, or where it would cover another, below that.
	style := Words(8.5, Black, false)
	var taken []vg.Rectangle
	for i, k := range q.choices {
		y := path[i].Y + 4
		place := func() vg.Rectangle { return Box(path[i].X+6, y, path[i].X+6+style.Width(k.Name), y+9) }
		for overlaps(taken, place()) {
			y -= 10
		}
		taken = append(taken, place())
		Write(c, style, path[i].X+6, y, k.Name)
	}
}

// overlaps reports whether a rectangle covers a part of any of the others.
func overlaps(taken []vg.Rectangle, r vg.Rectangle) bool {
	for _, t := range taken {
		if r.Min.X < t.Max.X && t.Min.X < r.Max.X && r.Min.Y < t.Max.Y && t.Min.Y < r.Max.Y {
			return true
		}
	}
	return false
}
