package report

import (
	"math"
	"slices"
	"strings"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
)

// A frame is the series of a run the way pictures and words need it: one value
// an interval, over chosen tiers and classes.
type frame struct {
	run    *Run
	table  *metrics.Table
	t      []float64 // start of each interval, seconds
	width  []float64 // length of each interval, seconds
	cells  []cell
	number []int // of each row: its interval
	cellOf []int // of each row: its cell
}

// A cell is a tier and class that the series has rows of.
type cell struct{ tier, class string }

func newFrame(r *Run) *frame {
	f := &frame{run: r, table: r.Result.Series}
	if f.table == nil || f.table.Column("t_s") == nil {
		f.table = &metrics.Table{}
		return f
	}
	starts := f.table.Column("t_s").Floats
	f.t = slices.Compact(slices.Sorted(slices.Values(starts)))
	for i, t := range f.t {
		end := t + r.Interval.Seconds()
		if i+1 < len(f.t) {
			end = f.t[i+1]
		} else if r.Duration > 0 {
			end = math.Min(end, r.Duration.Seconds())
		}
		f.width = append(f.width, end-t)
	}
	text := func(name string, row int) string {
		if c := f.table.Column(name); c != nil {
			return c.Texts[row]
		}
		return ""
	}
	cells := map[cell]int{}
	f.number, f.cellOf = make([]int, len(starts)), make([]int, len(starts))
	at := 0
	for row, t := range starts {
		// Rows of one interval stand together, so that this rarely searches.
		if f.t[at] != t {
			at, _ = slices.BinarySearch(f.t, t)
		}
		c := cell{text("tier", row), text("class", row)}
		n, ok := cells[c]
		if !ok {
			n = len(f.cells)
			cells[c] = n
			f.cells = append(f.cells, c)
		}
		f.number[row], f.cellOf[row] = at, n
	}
	return f
}

// sum adds a column of counts or levels over the cells that are wanted, at full
// scale. It is nil if there is no such column.
func (f *frame) sum(column string, want func(cell) bool) []float64 {
	c := f.table.Column(column)
	if c == nil {
		return nil
	}
	wanted := f.wanted(want)
	out := make([]float64, len(f.t))
	scale := f.run.full(1)
	for row, i := range f.number {
		if !wanted[f.cellOf[row]] {
			continue
		}
		if c.Kind == metrics.Int {
			out[i] += float64(c.Ints[row]) * scale
		} else if v := c.Floats[row]; !math.IsNaN(v) {
			out[i] += v * scale
		}
	}
	return out
}

// rate is sum per second.
func (f *frame) rate(column string, want func(cell) bool) []float64 {
	out := f.sum(column, want)
	for i := range out {
		out[i] /= f.width[i]
	}
	return out
}

// only returns a column of figures that do not add up, quantiles say, of one
// cell; NaN where there is none.
func (f *frame) only(column string, want func(cell) bool) []float64 {
	c := f.table.Column(column)
	if c == nil {
		return nil
	}
	wanted := f.wanted(want)
	out := make([]float64, len(f.t))
	for i := range out {
		out[i] = math.NaN()
	}
	for row, i := range f.number {
		if wanted[f.cellOf[row]] && math.IsNaN(out[i]) {
			out[i] = c.Floats[row]
		}
	}
	return out
}

func (f *frame) wanted(want func(cell) bool) []bool {
	out := make([]bool, len(f.cells))
	for i, c := range f.cells {
		out[i] = want(c)
	}
	return out
}

// middle returns the middle of each interval, seconds.
func (f *frame) middle() []float64 {
	out := make([]float64, len(f.t))
	for i := range out {
		out[i] = f.t[i] + f.width[i]/2
	}
	return out
}

// reasons lists the reasons of refusals that the series has columns of.
func (f *frame) reasons() []string {
	var out []string
	for i := range f.table.Columns {
		if name, ok := strings.CutPrefix(f.table.Columns[i].Name, "rejected_"); ok {
			out = append(out, name)
		}
	}
	return out
}

// class returns what the run says of a class.
func (f *frame) class(name string) metrics.ClassInfo {
	for _, c := range f.run.Classes {
		if c.Name == name {
			return c
		}
	}
	return metrics.ClassInfo{Name: name}
}

// pool returns a column of the rows of a pool, at full scale; nil if there is none.
func (f *frame) pool(name, column string) []float64 {
	return f.of(f.run.Result.Pools, "pool", name, column)
}

// job is a column of a training job, at full scale.
func (f *frame) job(name, column string) []float64 {
	return f.of(f.run.Result.Training, "job", name, column)
}

// of is a column of the rows of a table in which another holds a name, at full scale.
func (f *frame) of(t *metrics.Table, key, name, column string) []float64 {
	if t == nil || t.Column(column) == nil {
		return nil
	}
	var out []float64
	v := t.Column(column).Floats
	for row, text := range t.Column(key).Texts {
		if text == name {
			out = append(out, f.run.full(v[row]))
		}
	}
	return out
}

// inServed and inSignup choose cells.
func (f *frame) inServed(c cell) bool { return served(f.class(c.class)) }
func (f *frame) inSignup(c cell) bool { return f.class(c.class).Signup }

// both chooses what two choices share.
func both(a, b func(cell) bool) func(cell) bool { return func(c cell) bool { return a(c) && b(c) } }

func inTier(tier string) func(cell) bool { return func(c cell) bool { return c.tier == tier } }

// largestCell returns the served cell with most completions among those of
// tiers that pay or do not, and how many such cells have any.
func (f *frame) largestCell(paid bool) (best cell, cells int) {
	most := 0.0
	for _, c := range f.cells {
		if i := f.tier(c.tier); i < 0 || f.run.Tiers[i].Paid != paid || !f.inServed(c) {
			continue
		}
		if n := paint.Total(f.sum("completed", func(d cell) bool { return d == c })); n > 0 {
			cells++
			if n > most {
				most, best = n, c
			}
		}
	}
	return best, cells
}

// shownCells are those whose quantiles are shown, in the order of their tiers: of
// each tier that has that share of all completions the served cell with most of them,
// where there are no more than four, and otherwise of the largest tier that pays and
// of the largest that does not, since quantiles of several tiers cannot be put
// together. few reports whether tiers have less than the share, and rest whether
// others are left out.
func (f *frame) shownCells(share float64) (cells []cell, few, rest bool) {
	all := paint.Total(f.sum("completed", f.inServed))
	for _, t := range f.run.Tiers {
		best, most, sum := cell{}, 0.0, 0.0
		for _, c := range f.cells {
			if c.tier == t.Name && f.inServed(c) {
				n := paint.Total(f.sum("completed", func(d cell) bool { return d == c }))
				if sum += n; n > most {
					most, best = n, c
				}
			}
		}
		if most > 0 && sum >= share*all {
			cells = append(cells, best)
		} else if most > 0 {
			few = true
		}
	}
	if len(cells) <= 4 {
		return cells, few, false
	}
	paid, _ := f.largestCell(true)
	unpaid, _ := f.largestCell(false)
	return slices.DeleteFunc(cells, func(c cell) bool { return c != paid && c != unpaid }), few, true
}

// tier is the place of a tier in the run's list, -1 if it is not there.
func (f *frame) tier(name string) int {
	return slices.IndexFunc(f.run.Tiers, func(t metrics.TierInfo) bool { return t.Name == name })
}

// hours adds a series of counts into whole hours: of the UTC clock, or from the
// start where the run has no dates. It returns each hour's start in seconds of
// the run, and how much of it the run covers.
func (f *frame) hours(v []float64) (start, sums, covered []float64) {
	offset := 0.0
	if !f.run.Start.IsZero() {
		u := f.run.Start.UTC()
		offset = float64(u.Minute()*60+u.Second()) + float64(u.Nanosecond())/1e9
	}
	for i, t := range f.t {
		h := math.Floor((t+offset)/f.window())*f.window() - offset
		if n := len(start); n == 0 || start[n-1] != h {
			start, sums, covered = append(start, h), append(sums, 0), append(covered, 0)
		}
		n := len(start) - 1
		sums[n] += v[i]
		covered[n] += f.width[i]
	}
	return start, sums, covered
}

// window is the stretch of time, in seconds, that hours adds up over: an hour, less
// in a run of less than two, or an interval of the series where that is longer.
func (f *frame) window() float64 {
	w := 3600.0
	for _, shorter := range []float64{600, 60, 10, 1} {
		if 2*w > f.run.Duration.Seconds() {
			w = shorter
		}
	}
	return math.Max(w, f.run.Interval.Seconds())
}

// hour names that stretch: hour, 6 h, 10 min.
func (f *frame) hour() string {
	if w := f.window(); w != 3600 {
		return paint.Seconds(w)
	}
	return "hour"
}
