package report

import (
	"cmp"
	"fmt"
	"image/color"
	"maps"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/launchday-sim/launchday/models/metrics"
)

// Colours of reasons beside those of Okabe and Ito: darker and lighter steps of
// them that people with any kind of colour vision tell from the others (a test
// measures it).
var (
	navy  = color.NRGBA{0x0b, 0x3a, 0x78, 0xff}
	wine  = color.NRGBA{0x7a, 0x10, 0x48, 0xff}
	peach = color.NRGBA{0xf7, 0xb9, 0x8a, 0xff}
	umber = color.NRGBA{0x7a, 0x4a, 0x00, 0xff}
	mist  = color.NRGBA{0xdc, 0xdc, 0xdc, 0xff}
)

// The colours of reasons: cool ones for the operator's limits, warm ones for
// refusals for want of capacity. No other outcome has one of them.
var (
	limitColours = []color.NRGBA{skyBlue, blue, purple, navy, wine}
	errorColours = []color.NRGBA{orange, peach, umber}
)

// reasonsOf lists the reasons for which anything was refused, the most frequent
// first.
func reasonsOf(r *Run) []string {
	counts := map[string]metrics.Figure{}
	for _, t := range r.Tiers {
		if f := servedFigures(r, r.Result.Summary.Tiers[t.Name]); f != nil {
			for reason, n := range f.Rejected {
				counts[reason] += n
			}
		}
	}
	maps.DeleteFunc(counts, func(_ string, n metrics.Figure) bool { return !(n > 0) })
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}

// A reasonGroup is a reason, or the rare ones for which there are no more colours,
// under one name.
type reasonGroup struct {
	label   string
	reasons []string
	load    bool // refused for want of capacity
	colour  color.NRGBA
	striped bool
}

// reasonGroups are the reasons of a run as all its pictures show them, the most
// frequent first, those of one kind put together behind the others of it.
func reasonGroups(r *Run) []reasonGroup {
	var out []reasonGroup
	for _, load := range []bool{false, true} {
		var names []string
		for _, reason := range reasonsOf(r) {
			if r.refusedForLoad(reason) == load {
				names = append(names, reason)
			}
		}
		colours := limitColours
		if load {
			colours = errorColours
		}
		for i, name := range names {
			if i == len(colours) {
				rest := names[i:]
				g := reasonGroup{label: fmt.Sprintf("other reasons (%d)", len(rest)), reasons: rest, load: load, colour: colours[0], striped: true}
				if len(rest) == 1 {
					g.label = rest[0]
				}
				out = append(out, g)
				break
			}
			out = append(out, reasonGroup{label: name, reasons: []string{name}, load: load, colour: colours[i]})
		}
	}
	return out
}

// The stripes of an area, and the distance from one to the next.
const (
	stripe      = 1.4
	stripeEvery = 4
)

// stripes fills a rectangle with white and stripes of the colour.
func stripes(c draw.Canvas, col color.Color, r vg.Rectangle) {
	rectangle(c, white, r)
	for x := firstStripe(r.Min.X); x < r.Max.X; x += stripeEvery {
		rectangle(c, col, box(max(x, r.Min.X), r.Min.Y, min(x+stripe, r.Max.X), r.Max.Y))
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
