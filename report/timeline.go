package report

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Measures of the timeline, in points.
const (
	pageWidth   = 1000
	margin      = 14
	leftMargin  = 52  // up to the data area: the names of the ticks
	rightMargin = 176 // the legends
	panelHeight = 88
	titleHeight = 19
	headHeight  = 42 // the title of the picture and what stands below it
	axisHeight  = 34
)

// A timeline is the picture of a run over time: panels one below the other on
// one time axis.
type timeline struct {
	run    *Run
	axis   timeAxis
	panels []*panel
	marks  []Mark
	head   *markHead
	key    *markKey // nil where the marks are named above the panels
}

// newTimeline makes the panels that there is data for; nil if there is none.
func newTimeline(r *Run) *timeline {
	f := newFrame(r)
	if len(f.t) < 2 {
		return nil
	}
	const dataWidth = pageWidth - leftMargin - rightMargin
	t := &timeline{run: r, axis: newTimeAxis(r, dataWidth), marks: visible(r)}
	t.requests(f)
	t.goodput(f)
	t.queue(f)
	t.kept(f)
	t.clients(f)
	t.errors(f)
	t.limits(f)
	t.spread(f, "Latency of completed attempts", "latency", ".latency_s.p50")
	t.spread(f, "Time to first token", "ttft", ".ttft_s.p50")
	t.spread(f, "Time per token after the first", "tpot", ".tpot_s.p50")
	t.capacity(f)
	t.training(f)
	t.wasted(f)
	t.signups(f)
	if len(t.panels) == 0 {
		return nil
	}
	x := make([]vg.Length, len(t.marks))
	for i, m := range t.marks {
		x[i] = t.x(m.At.Seconds())
	}
	for _, p := range t.panels {
		p.plot.Add(markLines(t.marks))
	}
	t.head = newMarkHead(t.marks, x, leftMargin, pageWidth-margin)
	if t.head.badges {
		t.key = newMarkKey(r, t.marks, pageWidth-2*margin)
	}
	return t
}

// x is where a moment lies on the page.
func (t *timeline) x(at float64) vg.Length {
	const dataWidth = pageWidth - leftMargin - rightMargin
	return leftMargin + dataWidth*vg.Length(at/t.run.Duration.Seconds())
}

func (t *timeline) picture() picture {
	height := vg.Length(2*margin+headHeight) + t.head.height + vg.Length(len(t.panels))*(panelHeight+titleHeight) + axisHeight
	if t.key != nil {
		height += t.key.height() + 8
	}
	var names []string
	for _, p := range t.panels {
		names = append(names, p.title)
	}
	about := fmt.Sprintf("%s. %s. Panels on one time axis, from top to bottom: %s. The figures are in the tables beside it.", t.run.title(), t.run.caption(), strings.Join(names, "; "))
	for i, m := range t.marks {
		about += fmt.Sprintf(" Mark %d, %s: %s.", i+1, t.run.moment(m.At.Seconds()), m.Label)
	}
	return picture{name: "timeline", title: t.run.title() + ": timeline", about: about, width: pageWidth, height: height, draw: func(c draw.Canvas) { t.draw(c, height) }}
}

// caption says under which terms a picture is to be read.
func (r *Run) caption() string {
	s := fmt.Sprintf("%s · %s · seed %d", r.Name, r.span(), r.Seed)
	if r.Replication > 0 {
		s += fmt.Sprintf(", replication %d", r.Replication)
	}
	if r.Scale != 1 {
		s += fmt.Sprintf(" · simulated at %s, shown at full scale", scaleName(r.Scale))
	}
	return s + " · " + r.standing()
}

// areas are the data areas of the panels on a page of that height.
func (t *timeline) areas(top vg.Length) []vg.Rectangle {
	y := top - margin - headHeight - t.head.height
	var out []vg.Rectangle
	for range t.panels {
		y -= titleHeight
		out = append(out, box(leftMargin, y-panelHeight, pageWidth-rightMargin, y))
		y -= panelHeight
	}
	return out
}

func (t *timeline) draw(c draw.Canvas, top vg.Length) {
	heading(c, t.run.title(), t.run.caption(), top)
	t.head.kinds(c, t.axis.shades, pageWidth-margin, top-margin-headHeight+13)
	var y vg.Length
	for i, area := range t.areas(top) {
		p := t.panels[i]
		title := area.Max.Y + 6
		if i == 0 {
			title += t.head.height
			t.head.draw(c, area.Max.Y)
		}
		end := write(c, words(10, black, true), leftMargin, title, p.title)
		write(c, words(10, grey, false), end+5, title, p.unit)
		drawPanel(p.plot, draw.Canvas{Canvas: c.Canvas, Rectangle: area})
		legend(c, p.entries, area.Max.X+12, area.Max.Y+2, rightMargin-margin-12)
		y = area.Min.Y
	}
	t.axis.draw(c, t.x, pageWidth-rightMargin, y)
	if t.key != nil {
		t.key.draw(c, margin, y-axisHeight)
	}
}

// heading writes the title of a picture and returns where the room below it
// begins.
func heading(c draw.Canvas, title, caption string, top vg.Length) vg.Length {
	write(c, words(15, black, true), margin, top-margin-13, title)
	write(c, words(9, grey, false), margin, top-margin-29, caption)
	return top - margin - headHeight
}

// drawPanel draws a plot so that its data area is the given one; the names of
// its ticks stand left of it.
func drawPanel(p *plot.Plot, area draw.Canvas) {
	// The plot makes room for its axis within the canvas that it is given.
	inner := p.DataCanvas(area)
	area.Min.X -= inner.Min.X - area.Min.X
	area.Min.Y -= inner.Min.Y - area.Min.Y
	area.Max.Y += area.Max.Y - inner.Max.Y
	area.Max.X += area.Max.X - inner.Max.X
	p.Draw(area)
}
