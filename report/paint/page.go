package paint

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Measures of pictures, in points.
const (
	PageWidth  = 1000
	Margin     = 14
	HeadHeight = 42 // the title of a picture and what stands below it
)

// Heading writes the title of a picture and returns where the room below it
// begins.
func Heading(c draw.Canvas, title, caption string, top vg.Length) vg.Length {
	Write(c, Words(15, Black, true), Margin, top-Margin-13, title)
	Write(c, Words(9, Grey, false), Margin, top-Margin-29, caption)
	return top - Margin - HeadHeight
}

// DrawPanel draws a plot so that its data area is the given one; the names of
// its ticks stand left of it.
func DrawPanel(p *plot.Plot, area draw.Canvas) {
	// The plot makes room for its axis within the canvas that it is given.
	inner := p.DataCanvas(area)
	area.Min.X -= inner.Min.X - area.Min.X
	area.Min.Y -= inner.Min.Y - area.Min.Y
	area.Max.Y += area.Max.Y - inner.Max.Y
	area.Max.X += area.Max.X - inner.Max.X
	p.Draw(area)
}

// NewPlot is a plot without title, padding and background.
func NewPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Padding = 0
		a.LineStyle = draw.LineStyle{Color: Grey, Width: 0.6}
		a.Tick.LineStyle = a.LineStyle
		a.Tick.Length = 3
		a.Tick.Label.Font = Words(8.5, Black, false).Font
		a.Tick.Label.Color = color.NRGBA{0x44, 0x44, 0x44, 0xff}
	}
	return p
}

// AtMost names ticks; the lowest one stands for everything below it too.
func AtMost(lo float64, name func(float64) string) func(float64) string {
	return func(v float64) string {
		if v <= lo*1.001 {
			return "≤ " + name(v)
		}
		return name(v)
	}
}
