package paint

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Measure is how figures of a kind are written.
type Measure uint8

// The measures.
const (
	Number Measure = iota
	Share          // of 1
	Time           // seconds
)

// Text writes a figure.
func (m Measure) Text(v float64) string {
	switch m {
	case Share:
		return Percent(v)
	case Time:
		return Seconds(v)
	}
	return Count(v)
}

// A Contrast is one figure of a base and of others held against it.
type Contrast struct {
	Title  string
	As     Measure
	Base   float64
	Others []Around
}

// An Around is a mean, and the base with the interval of the paired difference from
// it: where that leaves the base out, the difference is sure. NaN: there is none.
type Around struct{ Mean, Lo, Hi float64 }

// Contrasts is the picture of a comparison, as PNG or SVG: a row for each of names, of
// which the first is the base, and a column for each figure.
func Contrasts(title, caption string, names []string, columns []Contrast, svg bool) ([]byte, error) {
	p := contrastPicture(title, caption, names, columns)
	if svg {
		return p.SVG()
	}
	return p.PNG()
}

func contrastPicture(title, caption string, names []string, columns []Contrast) Picture {
	const row, gap, label = 24, 16, 150
	height := vg.Length(2*Margin+HeadHeight+44) + vg.Length(len(names))*row
	about := caption + ". A row for each scenario; the interval is that of the paired difference from " + names[0] + ", drawn from its line."
	return Picture{Name: "comparison", Title: title, About: about, Width: PageWidth, Height: height, Draw: func(c draw.Canvas) {
		top := Heading(c, title, caption, height) - 16
		bottom := top - vg.Length(len(names))*row
		name := Words(9, Black, false)
		for i, n := range names {
			Write(c, name, Margin, top-vg.Length(i)*row-row/2-3, Shorten(name, n, label-Margin))
		}
		Write(c, Words(8.5, Grey, false), Margin, Margin, "dashed: "+names[0]+"; bar: 95 % interval of the paired difference from it; hollow: the bar holds the line, so that no difference is sure")
		width := (vg.Length(PageWidth-Margin-label) - gap*vg.Length(len(columns)-1)) / vg.Length(max(1, len(columns)))
		for k, col := range columns {
			x0 := label + vg.Length(k)*(width+gap)
			lo, hi := col.Base, col.Base
			for _, o := range col.Others {
				for _, v := range []float64{o.Mean, o.Lo, o.Hi} {
					if !math.IsNaN(v) {
						lo, hi = math.Min(lo, v), math.Max(hi, v)
					}
				}
			}
			if lo = math.Min(lo, math.Max(0, lo-(hi-lo)/4)); hi <= lo {
				hi = lo + math.Max(1e-9, math.Abs(lo)*0.1)
			}
			x := func(v float64) vg.Length { return x0 + 4 + (width-8)*vg.Length((v-lo)/(hi-lo)) }
			title := Words(8, Black, true)
			Write(c, title, x0, top+5, Shorten(title, col.Title, width+gap-4))
			Rectangle(c, shade, Box(x0, bottom, x0+width, top))
			if !math.IsNaN(col.Base) {
				c.StrokeLine2(draw.LineStyle{Color: Silver, Width: 0.8, Dashes: Dashes}, x(col.Base), bottom, x(col.Base), top)
			}
			figure := Words(8, Black, false)
			say := func(i int, v float64) {
				text, at := col.As.Text(v), x(v)
				y := top - vg.Length(i)*row - row + 2
				at = min(max(at-figure.Width(text)/2, x0), x0+width-figure.Width(text))
				Rectangle(c, shade, Box(at-1, y-1, at+figure.Width(text)+1, y+8)) // over the line
				Write(c, figure, at, y, text)
			}
			y := func(i int) vg.Length { return top - vg.Length(i)*row - 8 }
			dot := func(i int, v float64, filled bool) {
				at := Box(x(v)-3, y(i)-3, x(v)+3, y(i)+3)
				Rectangle(c, Blue, at)
				if !filled {
					Rectangle(c, White, Box(x(v)-2, y(i)-2, x(v)+2, y(i)+2))
				}
			}
			if !math.IsNaN(col.Base) {
				Rectangle(c, Grey, Box(x(col.Base)-3, y(0)-3, x(col.Base)+3, y(0)+3))
				say(0, col.Base)
			}
			for i, o := range col.Others {
				if math.IsNaN(o.Mean) {
					continue
				}
				c.StrokeLine2(draw.LineStyle{Color: Blue, Width: 1.4}, x(o.Lo), y(i+1), x(o.Hi), y(i+1))
				dot(i+1, o.Mean, o.Lo > col.Base || o.Hi < col.Base)
				say(i+1, o.Mean)
			}
		}
	}}
}
