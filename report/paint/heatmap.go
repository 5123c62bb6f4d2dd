package paint

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// HeatMap is the picture of a figure over two factors, as PNG or SVG: z[i][j] is that of
// the i-th of the rows, from the bottom, and the j-th column; NaN is none. The colours go
// from white to dark blue, which every kind of colour vision tells apart, and each field
// says its value.
func HeatMap(title, caption string, x, y string, z Axis, columns, rows []string, values [][]float64, svg bool) ([]byte, error) {
	label := vg.Length(40)
	for _, r := range rows {
		label = max(label, Words(9, Black, false).Width(r)+16)
	}
	label = min(label, 200)
	const bottom, cellHeight = 64, 30
	cellWidth := min(max(700/vg.Length(max(1, len(columns))), 34), 110)
	width := max(460, label+Margin*2+cellWidth*vg.Length(len(columns))+10)
	height := HeadHeight + 2*Margin + 20 + bottom + cellHeight*vg.Length(len(rows))
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, row := range values {
		for _, v := range row {
			if !math.IsNaN(v) {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
			}
		}
	}
	about := caption + ". " + z.Title + " by " + x + " and " + y + "."
	pic := Picture{Title: title, About: about, Width: width, Height: height, Draw: func(c draw.Canvas) {
		top := Heading(c, title, caption, height)
		Write(c, Words(9, Black, true), Margin, top-4, y)
		left, floor := Margin+label, vg.Length(bottom)
		name := Words(9, Black, false)
		for i, r := range rows {
			at := floor + cellHeight*vg.Length(i)
			text := Shorten(name, r, label-10)
			Write(c, name, left-8-name.Width(text), at+cellHeight/2-3, text)
			for j := range columns {
				v := values[i][j]
				field := Box(left+cellWidth*vg.Length(j)+0.5, at+0.5, left+cellWidth*vg.Length(j+1)-0.5, at+cellHeight-0.5)
				if math.IsNaN(v) {
					Stripes(c, Silver, field)
					continue
				}
				share := 0.5
				if hi > lo {
					share = (v - lo) / (hi - lo)
				}
				Rectangle(c, blend(share), field)
				ink := Black
				if share > 0.42 {
					ink = White
				}
				style := Words(8.5, ink, false)
				text := z.As.Text(v)
				if style.Width(text) < cellWidth-2 {
					Write(c, style, field.Min.X+(cellWidth-style.Width(text))/2, at+cellHeight/2-3, text)
				}
			}
		}
		for j, n := range columns {
			text := Shorten(name, n, cellWidth-2)
			Write(c, name, left+cellWidth*vg.Length(j)+(cellWidth-name.Width(text))/2, floor-13, text)
		}
		axis := Words(9, Black, true)
		Write(c, axis, left+(cellWidth*vg.Length(len(columns))-axis.Width(x))/2, floor-30, x)
		Write(c, Words(8.5, Grey, false), Margin, Margin-2, "colour and number: "+z.Title+", mean of the replications; dark is more")
	}}
	if svg {
		return pic.SVG()
	}
	return pic.PNG()
}

// blend goes from nearly white over sky blue to dark blue.
func blend(share float64) color.NRGBA {
	stops := []color.NRGBA{{0xf2, 0xf7, 0xfb, 0xff}, SkyBlue, Blue, {0x0b, 0x2a, 0x4a, 0xff}}
	at := math.Min(math.Max(share, 0), 1) * float64(len(stops)-1)
	i := min(int(at), len(stops)-2)
	f := at - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-f) + float64(b)*f + 0.5) }
	a, b := stops[i], stops[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}
