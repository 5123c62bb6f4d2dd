package paint

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The stripes of an area, and the distance from one to the next.
const (
	stripe      = 1.4
	stripeEvery = 4
)

// Stripes fills a rectangle with white and stripes of the colour.
func Stripes(c draw.Canvas, col color.Color, r vg.Rectangle) {
	Rectangle(c, White, r)
	for x := firstStripe(r.Min.X); x < r.Max.X; x += stripeEvery {
		Rectangle(c, col, Box(max(x, r.Min.X), r.Min.Y, min(x+stripe, r.Max.X), r.Max.Y))
	}
	c.SetColor(col)
	c.SetLineWidth(0.5)
	c.Stroke(r.Path())
}

// firstStripe is where the first stripe begins that is seen from x on.
func firstStripe(x vg.Length) vg.Length {
	n := int(x / stripeEvery)
	for vg.Length(n)*stripeEvery+stripe <= x {
		n++
	}
	return vg.Length(n) * stripeEvery
}

// Total adds up a series.
func Total(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum
}

// Largest is the largest value of a series and the place where it stands.
func Largest(v []float64) (float64, int) {
	best, at := math.Inf(-1), -1
	for i, x := range v {
		if x > best {
			best, at = x, i
		}
	}
	return best, at
}

// Diamond is the sign of a published figure.
func Diamond(c draw.Canvas, at vg.Point) {
	const r = 3.6
	var path vg.Path
	path.Move(vg.Point{X: at.X, Y: at.Y + r})
	path.Line(vg.Point{X: at.X + r, Y: at.Y})
	path.Line(vg.Point{X: at.X, Y: at.Y - r})
	path.Line(vg.Point{X: at.X - r, Y: at.Y})
	path.Close()
	c.SetColor(color.White)
	c.Fill(path)
	c.SetLineStyle(draw.LineStyle{Color: Black, Width: 1})
	c.Stroke(path)
}
