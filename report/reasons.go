package report

import (
	"cmp"
	"fmt"
	"image/color"
	"maps"
	"slices"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
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
	limitColours = []color.NRGBA{paint.SkyBlue, paint.Blue, paint.Purple, navy, wine}
	errorColours = []color.NRGBA{paint.Orange, peach, umber}
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
// frequent first, those of one kind put together behind the others of it. Users who went
// by themselves are none of them.
func reasonGroups(r *Run) []reasonGroup {
	var out []reasonGroup
	for _, load := range []bool{false, true} {
		var names []string
		for _, reason := range reasonsOf(r) {
			if r.refusedForLoad(reason) == load && !r.left(reason) {
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
