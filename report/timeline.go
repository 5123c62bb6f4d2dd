package report

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/launchday-sim/launchday/report/paint"
)

// Measures of the timeline, in points.
const (
	leftMargin  = 52  // up to the data area: the names of the ticks
	rightMargin = 176 // the legends
	panelHeight = 88
	titleHeight = 19
	axisHeight  = 34
)

// A timeline is the picture of a run over time: panels one below the other on
// one time axis.
type timeline struct {
	run    *Run
	axis   paint.TimeAxis
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
	const dataWidth = paint.PageWidth - leftMargin - rightMargin
	t := &timeline{run: r, axis: paint.NewTimeAxis(r.Start, r.Duration, dataWidth), marks: visible(r)}
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
	t.head = newMarkHead(t.marks, x, leftMargin, paint.PageWidth-paint.Margin)
	if t.head.badges {
		t.key = newMarkKey(r, t.marks, paint.PageWidth-2*paint.Margin)
	}
	return t
}

// x is where a moment lies on the page.
func (t *timeline) x(at float64) vg.Length {
	const dataWidth = paint.PageWidth - leftMargin - rightMargin
	return leftMargin + dataWidth*vg.Length(at/t.run.Duration.Seconds())
}

func (t *timeline) picture() paint.Picture {
	height := vg.Length(2*paint.Margin+paint.HeadHeight) + t.head.height + vg.Length(len(t.panels))*(panelHeight+titleHeight) + axisHeight
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
	return paint.Picture{Name: "timeline", Title: t.run.title() + ": timeline", About: about, Width: paint.PageWidth, Height: height, Draw: func(c draw.Canvas) { t.draw(c, height) }}
}

// caption says under which terms a picture is to be read.
func (r *Run) caption() string {
	s := fmt.Sprintf("%s · %s · seed %d", r.Name, r.span(), r.Seed)
	if r.Replication > 0 {
		s += fmt.Sprintf(", replication %d", r.Replication)
	}
	if r.Scale != 1 {
		s += fmt.Sprintf(" · simulated at %s, shown at full scale", paint.ScaleName(r.Scale))
	}
	return s + " · " + r.standing()
}

// areas are the data areas of the panels on a page of that height.
func (t *timeline) areas(top vg.Length) []vg.Rectangle {
	y := top - paint.Margin - paint.HeadHeight - t.head.height
	var out []vg.Rectangle
	for range t.panels {
		y -= titleHeight
		out = append(out, paint.Box(leftMargin, y-panelHeight, paint.PageWidth-rightMargin, y))
		y -= panelHeight
	}
	return out
}

func (t *timeline) draw(c draw.Canvas, top vg.Length) {
	paint.Heading(c, t.run.title(), t.run.caption(), top)
	t.head.kinds(c, t.axis.Shades, paint.PageWidth-paint.Margin, top-paint.Margin-paint.HeadHeight+13)
	var y vg.Length
	for i, area := range t.areas(top) {
		p := t.panels[i]
		title := area.Max.Y + 6
		if i == 0 {
			title += t.head.height
			t.head.draw(c, area.Max.Y)
		}
		end := paint.Write(c, paint.Words(10, paint.Black, true), leftMargin, title, p.title)
		paint.Write(c, paint.Words(10, paint.Grey, false), end+5, title, p.unit)
		paint.DrawPanel(p.plot, draw.Canvas{Canvas: c.Canvas, Rectangle: area})
		paint.Legend(c, p.entries, area.Max.X+12, area.Max.Y+2, rightMargin-paint.Margin-12)
		y = area.Min.Y
	}
	t.axis.Draw(c, t.x, paint.PageWidth-rightMargin, y)
	if t.key != nil {
		t.key.draw(c, paint.Margin, y-axisHeight)
	}
}

// pictures lists those that the run has data for.
func pictures(r *Run) []paint.Picture {
	var out []paint.Picture
	if t := newTimeline(r); t != nil {
		out = append(out, t.picture())
	}
	if d := newLatency(r); d != nil {
		out = append(out, d.picture())
	}
	if o := newOutcomes(r); o != nil {
		out = append(out, o.picture())
	}
	return out
}
