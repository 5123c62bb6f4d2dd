package paint

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// column is the width within which a line is thinned: nobody sees less.
const column = 0.6

// Point returns where a value lies; values beyond the axis lie on its end, so
// that a logarithmic one never sees 0.
func Point(c draw.Canvas, p *plot.Plot, x, y float64) vg.Point {
	return vg.Point{X: c.X(p.X.Norm(x)), Y: c.Y(p.Y.Norm(math.Min(math.Max(y, p.Y.Min), p.Y.Max)))}
}

// A line runs through values over time. NaN breaks it.
type Line struct {
	X, Y   []float64
	Colour color.NRGBA
	Width  vg.Length
	dashed bool
}

// Plot implements plot.Plotter.
func (l Line) Plot(c draw.Canvas, p *plot.Plot) {
	style := draw.LineStyle{Color: l.Colour, Width: l.Width}
	if l.dashed {
		style.Dashes = Dashes
	}
	for _, run := range Runs(l.Y) {
		c.StrokeLines(style, thin(c, p, l.X[run[0]:run[1]], l.Y[run[0]:run[1]]))
	}
}

// Runs returns the stretches [from, to) without NaN.
func Runs(y []float64) (out [][2]int) {
	from := -1
	for i := 0; i <= len(y); i++ {
		switch bad := i == len(y) || math.IsNaN(y[i]); {
		case bad && from >= 0:
			out = append(out, [2]int{from, i})
			from = -1
		case !bad && from < 0:
			from = i
		}
	}
	return out
}

// thin leaves of the points in each column the first, the least, the largest
// and the last.
func thin(c draw.Canvas, p *plot.Plot, x, y []float64) []vg.Point {
	var out []vg.Point
	for i := 0; i < len(x); {
		first := Point(c, p, x[i], y[i])
		lo, hi, last := first, first, first
		loAt, hiAt := i, i
		j := i + 1
		for ; j < len(x); j++ {
			pt := Point(c, p, x[j], y[j])
			if pt.X-first.X >= column {
				break
			}
			if pt.Y < lo.Y {
				lo, loAt = pt, j
			}
			if pt.Y > hi.Y {
				hi, hiAt = pt, j
			}
			last = pt
		}
		a, b := lo, hi
		if loAt > hiAt {
			a, b = hi, lo
		}
		for _, pt := range []vg.Point{first, a, b, last} {
			if n := len(out); n == 0 || out[n-1] != pt {
				out = append(out, pt)
			}
		}
		i = j
	}
	return out
}

// A band fills the room between two lines. NaN in either breaks it.
type Band struct {
	X, Lo, Hi []float64
	Colour    color.NRGBA
}

// Plot implements plot.Plotter.
func (b Band) Plot(c draw.Canvas, p *plot.Plot) {
	sum := make([]float64, len(b.X))
	for i := range sum {
		sum[i] = b.Lo[i] + b.Hi[i]
	}
	c.SetColor(b.Colour)
	for _, run := range Runs(sum) {
		x := b.X[run[0]:run[1]]
		top, base := thin(c, p, x, b.Hi[run[0]:run[1]]), thin(c, p, x, b.Lo[run[0]:run[1]])
		fill(c, top, base)
	}
}

// fill fills what lies between two lines of points.
func fill(c draw.Canvas, top, base []vg.Point) {
	var path vg.Path
	path.Move(top[0])
	for _, pt := range top[1:] {
		path.Line(pt)
	}
	for i := len(base) - 1; i >= 0; i-- {
		path.Line(base[i])
	}
	path.Close()
	c.Fill(path)
}

// A stack piles layers on each other. Within a column it shows their mean, so
// that areas stay true.
type Stack struct {
	X       []float64
	Layers  [][]float64
	Colours []color.NRGBA
	Striped int // layer that is striped, from 1; 0: none
}

// Plot implements plot.Plotter.
func (s Stack) Plot(c draw.Canvas, p *plot.Plot) {
	var xs []float64
	sums := make([][]float64, len(s.Layers))
	for i := 0; i < len(s.X); {
		start := c.X(p.X.Norm(s.X[i]))
		j := i + 1
		for j < len(s.X) && c.X(p.X.Norm(s.X[j]))-start < 1.5*column {
			j++
		}
		xs = append(xs, (s.X[i]+s.X[j-1])/2)
		for k, layer := range s.Layers {
			sums[k] = append(sums[k], Total(layer[i:j])/float64(j-i))
		}
		i = j
	}
	base := make([]vg.Point, len(xs))
	height := make([]float64, len(xs))
	for i, x := range xs {
		base[i] = Point(c, p, x, 0)
	}
	for k := range s.Layers {
		top := make([]vg.Point, len(xs))
		for i, x := range xs {
			height[i] += sums[k][i]
			top[i] = Point(c, p, x, height[i])
		}
		if c.SetColor(s.Colours[k]); k+1 == s.Striped {
			c.SetColor(White)
		}
		if len(xs) > 1 {
			fill(c, top, base)
			if k+1 == s.Striped {
				stripesBetween(c, s.Colours[k], top, base)
			}
		}
		base = top
	}
}

// stripesBetween draws stripes between two lines over the same places.
func stripesBetween(c draw.Canvas, col color.Color, top, base []vg.Point) {
	i := 0
	for x := firstStripe(top[0].X); x < top[len(top)-1].X; x += stripeEvery {
		for i < len(top)-2 && top[i+1].X < x {
			i++
		}
		between := func(line []vg.Point) vg.Length {
			share := (x - line[i].X) / (line[i+1].X - line[i].X)
			return line[i].Y + min(max(share, 0), 1)*(line[i+1].Y-line[i].Y)
		}
		Rectangle(c, col, Box(x, between(base), min(x+stripe, top[len(top)-1].X), between(top)))
	}
}

// A backdrop is what lies behind the data: shaded stretches of time and a grid.
type Backdrop struct{ Axis *TimeAxis }

// Plot implements plot.Plotter.
func (b Backdrop) Plot(c draw.Canvas, p *plot.Plot) {
	for _, s := range b.Axis.shaded {
		Rectangle(c, shade, Box(c.X(p.X.Norm(s[0])), c.Min.Y, c.X(p.X.Norm(s[1])), c.Max.Y))
	}
	grid := draw.LineStyle{Color: Faint, Width: 0.5}
	for _, t := range b.Axis.ticks {
		c.StrokeLine2(grid, c.X(p.X.Norm(t)), c.Min.Y, c.X(p.X.Norm(t)), c.Max.Y)
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if y := c.Y(p.Y.Norm(t.Value)); !t.IsMinor() && c.ContainsY(y) {
			c.StrokeLine2(grid, c.Min.X, y, c.Max.X, y)
		}
	}
	c.StrokeLine2(draw.LineStyle{Color: Grey, Width: 0.6}, c.Min.X, c.Min.Y, c.Max.X, c.Min.Y)
}
