package paint

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Swing is what a factor does to a figure at each of its values: the paired difference
// from the scenario as it is.
type Swing struct {
	Name   string
	Values []string
	Ends   []Around
}

// Tornado is the picture of what each factor does to a figure, as PNG or SVG, in the order
// in which they are given.
func Tornado(title, caption string, figure Axis, base float64, swings []Swing, svg bool) ([]byte, error) {
	const width, row, label, right = 800, 34, 190, 30
	height := vg.Length(HeadHeight+2*Margin+56) + row*vg.Length(len(swings))
	lo, hi := 0.0, 0.0
	for _, s := range swings {
		for _, e := range s.Ends {
			for _, v := range []float64{e.Mean, e.Lo, e.Hi} {
				if !math.IsNaN(v) && !math.IsInf(v, 0) {
					lo, hi = math.Min(lo, v), math.Max(hi, v)
				}
			}
		}
	}
	if hi == lo {
		lo, hi = -1, 1
	}
	room := (hi - lo) * 0.14
	lo, hi = lo-room, hi+room
	about := caption + ". For each factor the paired difference of " + figure.Title + " from the scenario as it is."
	pic := Picture{Title: title, About: about, Width: width, Height: height, Draw: func(c draw.Canvas) {
		top := Heading(c, title, caption, height) - 10
		x := func(v float64) vg.Length {
			return label + (width-label-right)*vg.Length((v-lo)/(hi-lo))
		}
		bottom := top - row*vg.Length(len(swings))
		for _, t := range (Ticker{Name: figure.As.Text, Wanted: 6}).Ticks(base+lo, base+hi) {
			c.StrokeLine2(draw.LineStyle{Color: Faint, Width: 0.6}, x(t.Value-base), bottom, x(t.Value-base), top)
			style := Words(8.5, Grey, false)
			text := figure.As.Text(t.Value)
			Write(c, style, x(t.Value-base)-style.Width(text)/2, bottom-12, text)
		}
		name, small := Words(9.5, Black, false), Words(8, Black, false)
		for i, s := range swings {
			middle := top - row*vg.Length(i) - row/2
			Write(c, name, Margin, middle-3, Shorten(name, s.Name, label-Margin-8))
			for k, e := range s.Ends {
				if math.IsNaN(e.Mean) {
					continue
				}
				colour := []color.NRGBA{Blue, Orange}[k%2]
				y := middle + 4
				if k%2 == 1 {
					y = middle - 8
				}
				Rectangle(c, colour, Box(min(x(0), x(e.Mean)), y-3, max(x(0), x(e.Mean)), y+5))
				if e.Lo <= e.Hi && !math.IsInf(e.Lo, 0) {
					c.StrokeLine2(draw.LineStyle{Color: Black, Width: 0.9}, x(e.Lo), y+1, x(e.Hi), y+1)
				}
				text := s.Values[k]
				if e.Mean >= 0 {
					Write(c, small, max(x(e.Mean), x(e.Hi))+4, y-2, text)
				} else {
					Write(c, small, min(x(e.Mean), x(e.Lo))-4-small.Width(text), y-2, text)
				}
			}
		}
		c.StrokeLine2(draw.LineStyle{Color: Black, Width: 0.9}, x(0), bottom, x(0), top)
		axis := Words(9, Black, true)
		Write(c, axis, x((lo+hi)/2)-axis.Width(figure.Title)/2, bottom-26, figure.Title)
		Write(c, Words(8.5, Grey, false), Margin, Margin-2, "bars begin at the scenario as it is, "+figure.As.Text(base)+"; line: 95 % interval of the paired difference")
	}}
	if svg {
		return pic.SVG()
	}
	return pic.PNG()
}
