package report

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
)

// An outcomesPicture shows what became of each tier's attempts and requests.
type outcomesPicture struct {
	run    *Run
	blocks []outcomeBlock
}

// An outcomeBlock is a list of bars that are divided in the same way.
type outcomeBlock struct {
	title string
	parts []paint.Entry // in the order of the bars, from the left
	bars  []outcomeBar
}

// An outcomeBar is one tier.
type outcomeBar struct {
	label  string
	total  float64 // at full scale
	shares []float64
}

// newOutcomes makes the picture; nil if nothing was attempted.
func newOutcomes(r *Run) *outcomesPicture {
	type row struct {
		name string
		fig  *metrics.Figures
	}
	var rows []row
	for _, t := range r.Tiers {
		if f := servedFigures(r, r.Result.Summary.Tiers[t.Name]); f != nil && f.Attempts > 0 {
			rows = append(rows, row{t.Name, f})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	o := &outcomesPicture{run: r}
	block := func(title string, parts []part, total func(*metrics.Figures) metrics.Figure) {
		b := outcomeBlock{title: title}
		for _, p := range parts {
			if slices.ContainsFunc(rows, func(x row) bool { return p.of(x.fig) > 0 }) {
				as := paint.AsArea
				if p.striped {
					as = paint.AsStripes
				}
				b.parts = append(b.parts, paint.Entry{Label: p.label, Colour: p.colour, As: as})
				for len(b.bars) < len(rows) {
					x := rows[len(b.bars)]
					b.bars = append(b.bars, outcomeBar{label: x.name, total: r.full(float64(total(x.fig)))})
				}
				for i, x := range rows {
					share := float64(p.of(x.fig) / total(x.fig))
					if !(share >= 0 && share <= 1) {
						share = 0 // of nothing; and a raster that is given NaN does not end
					}
					b.bars[i].shares = append(b.bars[i].shares, share)
				}
			}
		}
		if len(b.bars) > 0 {
			o.blocks = append(o.blocks, b)
		}
	}
	block("Attempts by outcome", attemptParts(r), func(f *metrics.Figures) metrics.Figure { return f.Attempts })
	block("Requests by end", requestParts, func(f *metrics.Figures) metrics.Figure { return f.Requests })
	return o
}

// loadRefusal is how refusals for want of capacity are called, before their reason.
const loadRefusal = "refused for load: "

// A part is one kind of outcome.
type part struct {
	label   string
	colour  color.NRGBA
	striped bool
	of      func(*metrics.Figures) metrics.Figure
}

var requestParts = []part{
	{"satisfied", paint.Green, false, func(f *metrics.Figures) metrics.Figure { return f.Satisfied }},
	{"given up", paint.Vermillion, false, func(f *metrics.Figures) metrics.Figure { return f.GivenUp }},
	{"open at the end", mist, false, func(f *metrics.Figures) metrics.Figure { return f.Open }},
}

// leftWhat says what users left who would not wait.
func leftWhat(r *Run) string {
	for _, c := range r.Classes {
		if f := r.Result.Summary.Classes[c.Name]; f != nil && f.Held.Mean > 0 {
			return "left the queue or the room"
		}
	}
	return "left the queue"
}

func attemptParts(r *Run) []part {
	parts := []part{
		{"completed", paint.Green, false, func(f *metrics.Figures) metrics.Figure { return f.Completed - f.Degraded }},
		{"completed, degraded", paint.Pale(paint.Green, 0.5), false, func(f *metrics.Figures) metrics.Figure { return f.Degraded }},
	}
	var refused []part
	for _, g := range reasonGroups(r) {
		of := func(f *metrics.Figures) (n metrics.Figure) {
			for _, reason := range g.reasons {
				n += f.Rejected[reason]
			}
			return n
		}
		if g.load {
			refused = append(refused, part{loadRefusal + g.label, g.colour, g.striped, of})
		} else {
			parts = append(parts, part{"refused: " + g.label, g.colour, g.striped, of})
		}
	}
	parts = append(parts, part{leftWhat(r), paint.Grey, false, func(f *metrics.Figures) metrics.Figure { return f.Abandoned }})
	parts = append(parts, part{"left at the sight of the wait", paint.Pale(paint.Grey, 0.6), false, func(f *metrics.Figures) (n metrics.Figure) {
		for reason, k := range f.Rejected {
			if r.left(reason) {
				n += k
			}
		}
		return n
	}})
	parts = append(parts, refused...)
	return append(parts,
		part{"timed out", paint.Vermillion, false, func(f *metrics.Figures) metrics.Figure { return f.TimedOut }},
		part{"failed", paint.Black, false, func(f *metrics.Figures) metrics.Figure { return f.Failed }},
		part{"taken back", paint.Yellow, false, func(f *metrics.Figures) metrics.Figure { return f.Cancelled }},
		part{"in the system at the end", mist, false, func(f *metrics.Figures) metrics.Figure { return f.InSystem }},
	)
}

// servedFigures adds up the counts of a tier over the classes that are served:
// fluid work and sign-ups would drown them. Where the tier has but one of them,
// or none are told apart, the figures are those, distributions and rates
// included; a sum has none.
func servedFigures(r *Run, tier *metrics.Figures) *metrics.Figures {
	if tier == nil {
		return nil
	}
	var found []*metrics.Figures
	for _, c := range r.Classes {
		if f := tier.Classes[c.Name]; f != nil && served(c) {
			found = append(found, f)
		}
	}
	switch {
	case len(tier.Classes) == 0:
		return tier
	case len(found) == 0:
		return nil
	case len(found) == 1:
		return found[0]
	}
	sum := &metrics.Figures{Rejected: map[string]metrics.Figure{}}
	for _, f := range found {
		for _, add := range [][2]*metrics.Figure{
			{&sum.Requests, &f.Requests}, {&sum.Satisfied, &f.Satisfied}, {&sum.GivenUp, &f.GivenUp}, {&sum.Open, &f.Open},
			{&sum.Attempts, &f.Attempts}, {&sum.Admitted, &f.Admitted}, {&sum.Completed, &f.Completed}, {&sum.Degraded, &f.Degraded},
			{&sum.Abandoned, &f.Abandoned}, {&sum.TimedOut, &f.TimedOut}, {&sum.Failed, &f.Failed}, {&sum.Cancelled, &f.Cancelled},
			{&sum.InSystem, &f.InSystem},
		} {
			*add[0] += *add[1]
		}
		for reason, n := range f.Rejected {
			sum.Rejected[reason] += n
		}
	}
	sum.Latency = metrics.Spread{P50: metrics.Null(), P99: metrics.Null()}
	return sum
}

const (
	barHeight = 22
	barRow    = 30
	blockHead = 26
)

// height is that of a block: its bars or its legend, whichever is higher.
func (b *outcomeBlock) height() vg.Length {
	return blockHead + max(vg.Length(len(b.bars))*barRow, vg.Length(len(b.parts))*11.5+4) + 10
}

func (o *outcomesPicture) picture() paint.Picture {
	height := vg.Length(2*paint.Margin + paint.HeadHeight)
	about := o.run.caption() + ". For each tier the shares of its attempts and requests by what became of them; the counts are in summary.json."
	for i := range o.blocks {
		b := &o.blocks[i]
		height += b.height()
		for _, bar := range b.bars {
			about += fmt.Sprintf(" %s, %s of %s:", b.title, bar.label, paint.Count(bar.total))
			for k, p := range b.parts {
				about += fmt.Sprintf(" %s %s,", p.Label, paint.Percent(bar.shares[k]))
			}
			about = about[:len(about)-1] + "."
		}
	}
	return paint.Picture{Name: "outcomes", Title: o.run.title() + ": outcomes by tier", About: about, Width: 800, Height: height, Draw: o.draw}
}

func (o *outcomesPicture) draw(c draw.Canvas) {
	y := paint.Heading(c, o.run.title(), o.run.caption(), c.Max.Y)
	const left, right = 96, 800 - 190
	for i := range o.blocks {
		b := &o.blocks[i]
		paint.Write(c, paint.Words(10, paint.Black, true), paint.Margin, y-12, b.title)
		top := y - blockHead
		for k, bar := range b.bars {
			row := top - vg.Length(k)*barRow
			paint.Write(c, paint.Words(9, paint.Black, true), paint.Margin, row-9, paint.Shorten(paint.Words(9, paint.Black, true), bar.label, left-paint.Margin-8))
			paint.Write(c, paint.Words(8.5, paint.Grey, false), paint.Margin, row-20, paint.Count(bar.total))
			x := vg.Length(left)
			for n, share := range bar.shares {
				width := (right - left) * vg.Length(share)
				area, ground := paint.Box(x, row-barHeight, x+width, row), b.parts[n].Colour
				if b.parts[n].As == paint.AsStripes {
					if width > 0 {
						paint.Stripes(c, ground, area)
					}
					ground = paint.White
				} else {
					paint.Rectangle(c, ground, area)
				}
				style := paint.Words(8.5, onColour(ground), false)
				style.XAlign = draw.XCenter
				if text := paint.Percent(share); style.Width(text)+6 < width {
					if b.parts[n].As == paint.AsStripes {
						half := style.Width(text)/2 + 2
						paint.Rectangle(c, paint.White, paint.Box(x+width/2-half, row-barHeight/2-5, x+width/2+half, row-barHeight/2+6))
					}
					paint.Write(c, style, x+width/2, row-barHeight/2-3, text)
				}
				x += width
			}
		}
		paint.Legend(c, b.parts, right+14, top, 800-paint.Margin-right-14)
		y -= b.height()
	}
}

// onColour is black or white, whichever is read better on a colour (WCAG 2.2,
// relative luminance with a plain gamma of 2.2).
func onColour(c color.NRGBA) color.Color {
	square := func(v uint8) float64 { f := float64(v) / 255; return f * f }
	if 0.2126*square(c.R)+0.7152*square(c.G)+0.0722*square(c.B) > 0.2 {
		return paint.Black
	}
	return color.White
}
