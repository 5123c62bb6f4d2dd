package paint

import (
	"bytes"
	"cmp"
	"html"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// DPI is the resolution of the PNG pictures: sharp on a laptop, and a page wide
// in print.
const DPI = 120

// A picture is drawn the same way as PNG and as SVG.
type Picture struct {
	Name          string // of its files, without the ending
	Title, About  string // for those who cannot see it
	Width, Height vg.Length
	Kept          bool // it is committed: its size matters more than the time to make it
	Draw          func(c draw.Canvas)
}

func (p Picture) PNG() ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(p.Width, p.Height), vgimg.UseDPI(DPI))
	p.Draw(draw.New(c))
	var b bytes.Buffer
	// The pictures are flat: the fastest level costs a fifth of the default's
	// time and a quarter more room.
	if !p.Kept {
		err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, c.Image())
		return b.Bytes(), err
	}
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, fewColours(c.Image()))
	return b.Bytes(), err
}

// fewColours is a picture in the 256 colours that it has most of, each channel
// rounded to 16 steps: a third of the bytes, for pictures that are committed.
func fewColours(m image.Image) image.Image {
	rounded := func(x, y int) color.NRGBA {
		r, g, b, _ := m.At(x, y).RGBA()
		step := func(v uint32) uint8 { return uint8((v>>8 + 8) / 17 * 17) }
		return color.NRGBA{step(r), step(g), step(b), 0xff}
	}
	counts := map[color.NRGBA]int{}
	box := m.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			counts[rounded(x, y)]++
		}
	}
	most := slices.SortedFunc(maps.Keys(counts), func(a, b color.NRGBA) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	var p color.Palette
	for _, c := range most[:min(len(most), 256)] {
		p = append(p, c)
	}
	out := image.NewPaletted(box, p)
	index := map[color.NRGBA]uint8{}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			c := rounded(x, y)
			i, known := index[c]
			if !known {
				i = uint8(p.Index(c))
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}

// SVG keeps text as text, in whatever sans-serif font the viewer has.
func (p Picture) SVG() ([]byte, error) {
	c := vgsvg.New(p.Width, p.Height)
	dc := draw.New(c)
	Rectangle(dc, White, dc.Rectangle)
	p.Draw(dc)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, err
	}
	const space = `xmlns:xlink="http://www.w3.org/1999/xlink"`
	head := space + ` role="img" aria-labelledby="title desc"`
	alt := "\n<title id=\"title\">" + html.EscapeString(p.Title) + "</title>\n<desc id=\"desc\">" + html.EscapeString(p.About) + "</desc>"
	s := strings.Replace(b.String(), space+">", head+">"+alt, 1)
	return []byte(strings.ReplaceAll(s, "font-family:Liberation Sans", "font-family:'Liberation Sans',Arial,Helvetica,sans-serif")), nil
}

// The colours of Okabe and Ito, which people with any kind of colour vision
// tell apart, and greys.
var (
	Black      = color.NRGBA{0x22, 0x22, 0x22, 0xff}
	Orange     = color.NRGBA{0xe6, 0x9f, 0x00, 0xff}
	SkyBlue    = color.NRGBA{0x56, 0xb4, 0xe9, 0xff}
	Green      = color.NRGBA{0x00, 0x9e, 0x73, 0xff}
	Yellow     = color.NRGBA{0xf0, 0xe4, 0x42, 0xff}
	Blue       = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	Vermillion = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	Purple     = color.NRGBA{0xcc, 0x79, 0xa7, 0xff}
	Grey       = color.NRGBA{0x70, 0x70, 0x70, 0xff}
	Silver     = color.NRGBA{0xb8, 0xb8, 0xb8, 0xff}
	Faint      = color.NRGBA{0xe6, 0xe6, 0xe6, 0xff}
	Slate      = color.NRGBA{0x2f, 0x3e, 0x5c, 0xff} // levers: no colour of the data
	Brown      = color.NRGBA{0x9c, 0x2a, 0x10, 0xff} // causes
	White      = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	shade      = color.NRGBA{0xf4, 0xf4, 0xf1, 0xff}
)

// TierColours are those of the tiers in the scenario's order.
var TierColours = []color.NRGBA{Blue, Vermillion, Green, Purple, Orange, SkyBlue, Black, Grey}

// Pale mixes a colour with white: what SVG viewers and printers do with an
// opacity differs, and overlaps would look like a third colour.
func Pale(c color.NRGBA, share float64) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8(float64(v)*share + 255*(1-share) + 0.5) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), 0xff}
}

// Words is a style of text, placed by its left end and its base line.
func Words(size vg.Length, c color.Color, bold bool) text.Style {
	f := font.From(plot.DefaultFont, size)
	f.Variant = "Sans"
	if bold {
		f.Weight = xfont.WeightBold
	}
	return text.Style{Color: c, Font: f, XAlign: draw.XLeft, YAlign: draw.YBottom, Handler: plot.DefaultTextHandler}
}

// Write puts text with its base line at y and returns where it ends.
func Write(c draw.Canvas, s text.Style, x, y vg.Length, txt string) vg.Length {
	w := s.Width(txt)
	start := x + w*vg.Length(s.XAlign)
	c.SetColor(s.Color)
	face := s.Handler.Cache().Lookup(s.Font, s.Font.Size)
	c.FillString(face, vg.Point{X: start, Y: y}, txt)
	return start + w
}

// Rectangle fills a rectangle.
func Rectangle(c draw.Canvas, col color.Color, r vg.Rectangle) {
	c.SetColor(col)
	c.Fill(r.Path())
}

// Box is the rectangle between two corners.
func Box(x0, y0, x1, y1 vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: x0, Y: y0}, Max: vg.Point{X: x1, Y: y1}}
}

// Shorten cuts text to a width.
func Shorten(s text.Style, txt string, width vg.Length) string {
	if s.Width(txt) <= width {
		return txt
	}
	runes := []rune(txt)
	for len(runes) > 1 && s.Width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ,") + "…"
}

// A swatch is how a legend shows what it names.
type swatch uint8

const (
	AsLine swatch = iota
	AsArea
	AsStripes
	asDashes
	AsFact
)

// An entry is one line of a legend.
type Entry struct {
	Label  string
	Colour color.NRGBA
	As     swatch
}

// Legend writes entries one below the other from the top left corner, no wider
// than width.
func Legend(c draw.Canvas, entries []Entry, x, top, width vg.Length) {
	style := Words(8.5, Black, false)
	const line, mark = 11.5, 15
	for i, e := range entries {
		y := top - vg.Length(i)*line - line/2
		switch e.As {
		case AsArea:
			Rectangle(c, e.Colour, Box(x, y-3.5, x+mark, y+3.5))
		case AsStripes:
			Stripes(c, e.Colour, Box(x, y-3.5, x+mark, y+3.5))
		case asDashes:
			c.StrokeLine2(draw.LineStyle{Color: e.Colour, Width: 1.2, Dashes: Dashes}, x, y, x+mark, y)
		case AsFact:
			Diamond(c, vg.Point{X: x + mark/2, Y: y})
		default:
			c.StrokeLine2(draw.LineStyle{Color: e.Colour, Width: 1.6}, x, y, x+mark, y)
		}
		Write(c, style, x+mark+5, y-3, Shorten(style, e.Label, width-mark-5))
	}
}

var Dashes = []vg.Length{3, 2}
