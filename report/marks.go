package report

import (
	"cmp"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/launchday-sim/launchday/report/paint"
)

// numbered is the number of marks from which on they are numbered above the
// panels and named in a key below.
const numbered = 9

const (
	labelRow  = 12 // height of a row of labels above the panels
	badgeSize = 13 // width and height of a numbered badge
	leader    = 14 // height in which leaders run from badges to their moments
)

var markNames = map[MarkKind]string{Lever: "operator's lever", Cause: "cause from outside", Note: "note"}

// markStyle is the line of a mark: levers, causes and notes differ in colour
// and in dashes.
func markStyle(k MarkKind) draw.LineStyle {
	switch k {
	case Lever:
		return draw.LineStyle{Color: paint.Slate, Width: 0.7}
	case Cause:
		return draw.LineStyle{Color: paint.Brown, Width: 0.8, Dashes: []vg.Length{4, 2}}
	}
	return draw.LineStyle{Color: paint.Grey, Width: 0.8, Dashes: []vg.Length{1, 2}}
}

// markLines draws the marks in one panel.
type markLines []Mark

// Plot implements plot.Plotter.
func (m markLines) Plot(c draw.Canvas, p *plot.Plot) {
	for _, mark := range m {
		x := c.X(p.X.Norm(mark.At.Seconds()))
		c.StrokeLine2(markStyle(mark.Kind), x, c.Min.Y, x, c.Max.Y)
	}
}

// visible are the marks within the run, in order of time.
func visible(r *Run) []Mark {
	out := slices.DeleteFunc(slices.Clone(r.Marks), func(m Mark) bool { return m.At < 0 || m.At > r.Duration })
	slices.SortStableFunc(out, func(a, b Mark) int { return cmp.Compare(a.At, b.At) })
	return out
}

// A markHead is what stands above the panels: the names of the marks, or
// numbered badges.
type markHead struct {
	marks  []Mark
	x      []vg.Length    // where each mark is
	boxes  []vg.Rectangle // of each name or badge, above a base at y = 0
	height vg.Length      // of the whole
	badges bool
}

// newMarkHead places the names of marks at x (ascending) so that none overlaps
// another and no leader crosses a name; right is where they must end.
func newMarkHead(marks []Mark, x []vg.Length, left, right vg.Length) *markHead {
	h := &markHead{marks: marks, x: x, boxes: make([]vg.Rectangle, len(marks)), badges: len(marks) >= numbered}
	if !h.badges {
		h.badges = !h.name(right)
	}
	if h.badges {
		for i, at := range spread(x, badgeSize+1.5, left, right) {
			h.boxes[i] = paint.Box(at-badgeSize/2, leader, at+badgeSize/2, leader+badgeSize)
		}
	}
	for _, b := range h.boxes {
		h.height = max(h.height, b.Max.Y+2)
	}
	return h
}

// name places names right of their leaders, from right to left, each in the
// lowest row in which it crosses nothing. It reports whether all fit.
func (h *markHead) name(right vg.Length) bool {
	style := paint.Words(8.5, paint.Black, false)
	rows := make([]int, len(h.marks))
	for i := len(h.marks) - 1; i >= 0; i-- {
		from := h.x[i]
		to := from + 4 + style.Width(h.marks[i].Label)
		if to > right {
			return false
		}
		for j := i + 1; j < len(h.marks); j++ {
			// The leader of j rises up to its row through every row below.
			if h.x[j] <= to+3 {
				rows[i] = max(rows[i], rows[j]+1)
			}
		}
		y := vg.Length(rows[i]) * labelRow
		h.boxes[i] = paint.Box(from, y+2, to, y+2+labelRow)
	}
	return true
}

// spread moves places apart until they are gap from each other, each as little
// as possible: isotonic regression by pooling adjacent violators.
func spread(x []vg.Length, gap, left, right vg.Length) []vg.Length {
	type pool struct {
		sum vg.Length
		n   int
	}
	var pools []pool
	for i, at := range x {
		pools = append(pools, pool{at - vg.Length(i)*gap, 1})
		for n := len(pools); n > 1 && pools[n-2].sum/vg.Length(pools[n-2].n) > pools[n-1].sum/vg.Length(pools[n-1].n); n = len(pools) {
			pools[n-2].sum += pools[n-1].sum
			pools[n-2].n += pools[n-1].n
			pools = pools[:n-1]
		}
	}
	out := make([]vg.Length, 0, len(x))
	last := right - vg.Length(len(x)-1)*gap
	for _, p := range pools {
		at := max(min(p.sum/vg.Length(p.n), last), left)
		for range p.n {
			out = append(out, at+vg.Length(len(out))*gap)
		}
	}
	return out
}

// draw draws the head with its base at y.
func (h *markHead) draw(c draw.Canvas, y vg.Length) {
	for i, m := range h.marks {
		b := h.boxes[i]
		style := markStyle(m.Kind)
		if !h.badges {
			c.StrokeLine2(style, h.x[i], y, h.x[i], y+b.Max.Y-1)
			paint.Write(c, paint.Words(8.5, paint.Black, false), h.x[i]+4, y+b.Min.Y+2, m.Label)
			continue
		}
		middle := (b.Min.X + b.Max.X) / 2
		style.Dashes = nil
		c.StrokeLines(style, []vg.Point{{X: h.x[i], Y: y}, {X: h.x[i], Y: y + 3}, {X: middle, Y: y + leader - 1}, {X: middle, Y: y + leader}})
		badge(c, vg.Point{X: middle, Y: y + leader + badgeSize/2}, m.Kind, strconv.Itoa(i+1))
	}
}

// badge draws a sign with a number in it: a disc for a lever, a square for a
// cause, a ring for a note.
func badge(c draw.Canvas, at vg.Point, k MarkKind, text string) {
	const r = badgeSize / 2.
	ink := color.Color(color.White)
	style := markStyle(k)
	style.Dashes = nil
	var path vg.Path
	switch k {
	case Cause:
		path = paint.Box(at.X-r+0.6, at.Y-r+0.6, at.X+r-0.6, at.Y+r-0.6).Path()
	default:
		path.Move(vg.Point{X: at.X + r, Y: at.Y})
		path.Arc(at, r, 0, 2*math.Pi)
		path.Close()
	}
	c.SetColor(style.Color)
	if k == Note {
		c.SetColor(color.White)
		ink = paint.Black
	}
	c.Fill(path)
	if k == Note {
		c.SetLineStyle(style)
		c.Stroke(path)
	}
	s := paint.Words(7.5, ink, true)
	s.XAlign = draw.XCenter
	paint.Write(c, s, at.X, at.Y-2.7, text)
}

// A markKey names numbered marks in columns below the panels.
type markKey struct {
	run     *Run
	marks   []Mark
	columns int
	width   vg.Length // of a column
}

const keyRow = 15

func newMarkKey(r *Run, marks []Mark, width vg.Length) *markKey {
	k := &markKey{run: r, marks: marks}
	style := paint.Words(8.5, paint.Black, false)
	widest := vg.Length(0)
	for _, m := range marks {
		widest = max(widest, badgeSize+6+k.when()+style.Width(m.Label)+14)
	}
	k.columns = min(max(int(width/widest), 1), 4)
	k.width = width / vg.Length(k.columns)
	return k
}

// when is the width of the column of dates.
func (k *markKey) when() vg.Length {
	return paint.Words(8.5, paint.Black, false).Width(k.run.moment(k.run.Duration.Seconds())) + 12
}

func (k *markKey) rows() int { return (len(k.marks) + k.columns - 1) / k.columns }

// height is that of the whole key.
func (k *markKey) height() vg.Length { return vg.Length(k.rows()) * keyRow }

// draw writes the key from the top left corner.
func (k *markKey) draw(c draw.Canvas, x, top vg.Length) {
	for i, m := range k.marks {
		left := x + vg.Length(i/k.rows())*k.width
		y := top - vg.Length(i%k.rows())*keyRow - keyRow/2
		badge(c, vg.Point{X: left + badgeSize/2, Y: y}, m.Kind, strconv.Itoa(i+1))
		paint.Write(c, paint.Words(8.5, paint.Grey, false), left+badgeSize+6, y-3, k.run.moment(m.At.Seconds()))
		style := paint.Words(8.5, paint.Black, false)
		start := left + badgeSize + 6 + k.when()
		paint.Write(c, style, start, y-3, paint.Shorten(style, m.Label, left+k.width-8-start))
	}
}

// kinds says at the right of a line what the signs mean, for those that there
// are, and what the shading means.
func (h *markHead) kinds(c draw.Canvas, shades string, right, y vg.Length) {
	style := paint.Words(8.5, paint.Grey, false)
	if shades != "" {
		right -= style.Width(shades)
		paint.Write(c, style, right, y, shades)
		paint.Rectangle(c, paint.Faint, paint.Box(right-18, y-1.5, right-5, y+7.5))
		right -= 34
	}
	for _, kind := range []MarkKind{Note, Cause, Lever} {
		if !slices.ContainsFunc(h.marks, func(m Mark) bool { return m.Kind == kind }) {
			continue
		}
		right -= style.Width(markNames[kind])
		paint.Write(c, style, right, y, markNames[kind])
		if h.badges {
			badge(c, vg.Point{X: right - 5 - badgeSize/2, Y: y + 3}, kind, "")
		} else {
			c.StrokeLine2(markStyle(kind), right-9, y-3, right-9, y+9)
		}
		right -= 34
	}
}
