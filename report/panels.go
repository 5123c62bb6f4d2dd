package report

import (
	"cmp"
	"image/color"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"

	"github.com/launchday-sim/launchday/report/paint"
)

// A panel is one plot of the timeline.
type panel struct {
	title   string
	unit    string
	plot    *plot.Plot
	entries []paint.Entry
}

// add makes a panel. Its values reach from lo to hi; a logarithmic axis has lo
// above 0.
func (t *timeline) add(title, unit string, lo, hi float64, name func(float64) string) *panel {
	p := paint.NewPlot()
	p.X.Min, p.X.Max = 0, t.run.Duration.Seconds()
	p.HideX()
	p.Y.Min, p.Y.Max = lo, hi
	p.Y.Tick.Marker = paint.Ticker{Name: name, Wanted: 5}
	panel := &panel{title: title, unit: unit, plot: p}
	t.darken(panel)
	p.Add(paint.Backdrop{Axis: &t.axis})
	t.panels = append(t.panels, panel)
	return panel
}

// logarithmic makes the vertical axis logarithmic.
func (p *panel) logarithmic(name func(float64) string, known, finer []float64) {
	p.plot.Y.Scale = plot.LogScale{}
	p.plot.Y.Tick.Marker = paint.LogTicker{Name: name, Known: known, Finer: finer, Apart: 0.12}
}

// what names the classes that are served: "image", or "image and chat".
func (t *timeline) what(f *frame) string {
	var names []string
	for _, c := range f.cells {
		if f.inServed(c) && !slices.Contains(names, c.class) {
			names = append(names, c.class)
		}
	}
	return strings.Join(names, " and ")
}

func (t *timeline) requests(f *frame) {
	x := f.middle()
	first, attempts := f.rate("first_tries", f.inServed), f.rate("attempts", f.inServed)
	admitted, completed := f.rate("admitted", f.inServed), f.rate("completed", f.inServed)
	most, _ := paint.Largest(attempts)
	if !(most > 0) {
		return
	}
	lo, hi := 0.0, most*1.06
	best, _ := paint.Largest(completed)
	log := most > 6*best && best > 0
	if log { // what is served would lie flat on the ground
		lo, hi = math.Pow(10, math.Floor(math.Log10(best/30))), most*1.4
	}
	p := t.add("Attempts of class "+t.what(f), "per second", lo, hi, paint.Count)
	if log {
		p.logarithmic(paint.AtMost(lo, paint.Count), paint.KnownCounts, paint.FinerCounts)
		p.unit = "per second, logarithmic"
	}
	facts := t.facts(p, 1, func(m string) bool { return countOf(m, f, f.inServed) })
	arrived := "arrived"
	if paint.Total(attempts) > paint.Total(first) && first != nil {
		arrived = "arrived, retries included"
		behind := paint.Pale(paint.Silver, 0.55)
		p.plot.Add(paint.Band{X: x, Lo: make([]float64, len(x)), Hi: first, Colour: behind})
		p.entries = append(p.entries, paint.Entry{Label: "of these, first tries", Colour: behind, As: paint.AsArea})
	}
	l := paint.Line{X: x, Y: attempts, Colour: paint.Blue, Width: 0.9}
	if paint.Total(completed) > 0.95*paint.Total(attempts) {
		l.Colour, l.Width = paint.Pale(paint.Blue, 0.45), 2.6 // behind what is completed
	}
	p.plot.Add(l)
	p.entries = append([]paint.Entry{{Label: arrived, Colour: l.Colour, As: paint.AsLine}}, p.entries...)
	if paint.Total(admitted) < paint.Total(attempts) && admitted != nil {
		// Most of the time it coincides with what is completed: it lies behind.
		behind := paint.Pale(paint.Orange, 0.6)
		p.plot.Add(paint.Line{X: x, Y: admitted, Colour: behind, Width: 2.4})
		p.entries = append(p.entries, paint.Entry{Label: "admitted", Colour: behind, As: paint.AsLine})
	}
	if completed != nil {
		p.plot.Add(paint.Line{X: x, Y: completed, Colour: paint.Green, Width: 0.9})
		p.entries = append(p.entries, paint.Entry{Label: "completed", Colour: paint.Green, As: paint.AsLine})
	}
	p.overlay(facts)
}

func (t *timeline) queue(f *frame) { t.level(f, "queue_length_mean", "Queue", "attempts waiting") }

// clients shows whom clients hold back, where their libraries hold back first tries.
func (t *timeline) clients(f *frame) {
	if most, _ := f.untried(f.inServed); most > 0 {
		t.level(f, "retrying_mean", "Held by their clients before or between tries", "requests")
	}
}

// kept shows whom policies keep before the queue: in a waiting room, aside for
// spare cycles.
func (t *timeline) kept(f *frame) {
	t.level(f, "held_mean", "Kept before the queue", "attempts kept")
}

// level shows for each tier how many attempts are somewhere.
func (t *timeline) level(f *frame, column, title, unit string) {
	x := f.middle()
	var lines []paint.Line
	var entries []paint.Entry
	most, least := 0.0, math.Inf(1)
	for i, tier := range t.run.Tiers {
		y := f.sum(column, both(f.inServed, inTier(tier.Name)))
		top, _ := paint.Largest(y)
		if !(top > 0) {
			continue
		}
		most, least = math.Max(most, top), math.Min(least, top)
		colour := paint.TierColours[i%len(paint.TierColours)]
		lines = append(lines, paint.Line{X: x, Y: y, Colour: colour, Width: 0.9})
		entries = append(entries, paint.Entry{Label: tier.Name, Colour: colour, As: paint.AsLine})
	}
	if len(lines) == 0 {
		return
	}
	lo, hi := 0.0, most*1.06
	log := most > 30*least || most > 1e4
	if log {
		// Below the least that the simulation can count, or a millionth of the
		// most, nothing is worth a decade.
		lo = math.Pow(10, math.Floor(math.Log10(math.Max(most/1e5, math.Min(t.run.full(1), most/100)))))
		hi = math.Pow(10, math.Log10(most)+0.15)
	}
	if len(t.run.Tiers) > 1 {
		title += " by tier"
	}
	p := t.add(title, unit, lo, hi, paint.Count)
	if log {
		p.unit = unit + ", logarithmic"
		p.logarithmic(paint.AtMost(lo, paint.Count), paint.KnownCounts, paint.FinerCounts)
	}
	p.entries = entries
	for _, l := range lines {
		p.plot.Add(l)
	}
}

// errors shows what the service failed to do.
func (t *timeline) errors(f *frame) {
	layers := map[string][]float64{"failed": f.rate("failed", f.inServed), "timed out": f.rate("timed_out", f.inServed)}
	shown := map[string]reasonGroup{"failed": {colour: paint.Black}, "timed out": {colour: paint.Vermillion}}
	for _, g := range reasonGroups(t.run) {
		if g.load {
			shown[loadRefusal+g.label], layers[loadRefusal+g.label] = g, refusals(f, g)
		}
	}
	left := f.rate("abandoned", f.inServed)
	for _, reason := range reasonsOf(t.run) {
		if t.run.left(reason) {
			for i, v := range f.rate("rejected_"+reason, f.inServed) {
				if i < len(left) {
					left[i] += v
				}
			}
		}
	}
	leftMost, _ := paint.Largest(left)
	held := f.rate("suppressed", f.inServed)
	heldMost, _ := paint.Largest(held)
	title := "Errors by reason"
	if leftMost > 0 {
		title = "Errors by reason, and users who left"
	}
	p := t.stacked(f, title, "attempts per second", shown, layers, math.Max(leftMost, heldMost))
	if p != nil && heldMost > 0 {
		p.plot.Add(paint.Line{X: f.middle(), Y: held, Colour: paint.Purple, Width: 0.9})
		p.entries = append(p.entries, paint.Entry{Label: "tries that clients held back", Colour: paint.Purple, As: paint.AsLine})
	}
	if p != nil && leftMost > 0 {
		p.plot.Add(paint.Line{X: f.middle(), Y: left, Colour: paint.Grey, Width: 0.9})
		from := leftWhat(t.run)
		if slices.ContainsFunc(reasonsOf(t.run), t.run.left) {
			from = "left, at the sight of the wait too"
		} else if from == "left the queue" {
			from += " (no error)"
		}
		p.entries = append(p.entries, paint.Entry{Label: from, Colour: paint.Grey, As: paint.AsLine})
	}
}

// limits shows what the operator did not want to serve.
func (t *timeline) limits(f *frame) {
	layers, shown := map[string][]float64{}, map[string]reasonGroup{}
	for _, g := range reasonGroups(t.run) {
		if !g.load {
			shown[g.label], layers[g.label] = g, refusals(f, g)
		}
	}
	t.stacked(f, "Refused by the operator's limits", "attempts per second", shown, layers, 0)
}

// refusals is the rate of what was refused for the reasons of a group.
func refusals(f *frame, g reasonGroup) []float64 {
	sum := make([]float64, len(f.t))
	for _, reason := range g.reasons {
		for i, v := range f.rate("rejected_"+reason, f.inServed) {
			sum[i] += v
		}
	}
	return sum
}

// stacked adds a panel of layers, the largest at the bottom. It is nil if all is 0;
// atLeast is shown in any case.
func (t *timeline) stacked(f *frame, title, unit string, shown map[string]reasonGroup, layers map[string][]float64, atLeast float64) *panel {
	names := slices.Sorted(maps.Keys(layers))
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !(paint.Total(layers[n]) > 0) })
	if len(names) == 0 && !(atLeast > 0) {
		return nil
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(paint.Total(layers[b]), paint.Total(layers[a])) })
	sum := make([]float64, len(f.t))
	s := paint.Stack{X: f.middle()}
	var entries []paint.Entry
	for k, name := range names {
		for i, v := range layers[name] {
			sum[i] += v
		}
		e := paint.Entry{Label: name, Colour: shown[name].colour, As: paint.AsArea}
		if shown[name].striped {
			e.As, s.Striped = paint.AsStripes, k+1
		}
		s.Layers = append(s.Layers, layers[name])
		s.Colours = append(s.Colours, e.Colour)
		entries = append([]paint.Entry{e}, entries...)
	}
	most, _ := paint.Largest(sum)
	p := t.add(title, unit, 0, math.Max(most, atLeast)*1.06, paint.Count)
	p.plot.Add(s)
	p.entries = entries
	return p
}

// spread shows the median and the 99th percentile of each interval for up to four
// tiers (shownCells). Those with next to no completions would be noise.
func (t *timeline) spread(f *frame, title, of, fact string) {
	if f.table.Column(of+"_p50_s") == nil {
		return
	}
	type curve struct {
		label    string
		colour   color.NRGBA
		p50, p99 []float64
	}
	var curves []curve
	cells, few, rest := f.shownCells(0.05)
	mixed := len(cells) > 0 && slices.ContainsFunc(f.cells, func(c cell) bool { return f.inServed(c) && c.class != cells[0].class })
	for _, best := range cells {
		here := func(c cell) bool { return c == best }
		label := best.tier
		if mixed {
			label += ", " + best.class
		}
		if rest {
			paid := t.run.Tiers[f.tier(best.tier)].Paid
			label += map[bool]string{true: " (most of the paid)", false: " (most of the unpaid)"}[paid]
		}
		curves = append(curves, curve{label, paint.TierColours[f.tier(best.tier)%len(paint.TierColours)], f.only(of+"_p50_s", here), f.only(of+"_p99_s", here)})
	}
	lo, hi := math.Inf(1), 0.0
	for _, c := range curves {
		for _, q := range [][]float64{c.p50, c.p99} {
			for _, v := range q {
				if v > 0 {
					lo, hi = math.Min(lo, v), math.Max(hi, v)
				}
			}
		}
	}
	if !(hi > 0) {
		return
	}
	banded, unit := curves, "logarithmic; line: median, band: up to p99"
	if len(curves) > 2 { // bands of many would hide one another
		banded, unit = nil, "logarithmic; line: median, faint: p99"
	}
	if few {
		unit += "; tiers with 5 % or more of what was completed"
	}
	p := t.add(title, unit, lo/1.3, math.Max(hi*1.3, lo*10), paint.Seconds)
	p.logarithmic(paint.RoundSeconds, paint.KnownSeconds, paint.FinerSeconds)
	x := f.middle()
	for _, c := range banded {
		p.plot.Add(paint.Band{X: x, Lo: c.p50, Hi: c.p99, Colour: paint.Pale(c.colour, 0.25)})
	}
	for _, c := range curves {
		p.plot.Add(paint.Line{X: x, Y: c.p99, Colour: paint.Pale(c.colour, 0.55), Width: 0.5})
		p.plot.Add(paint.Line{X: x, Y: c.p50, Colour: c.colour, Width: 1})
		p.entries = append(p.entries, paint.Entry{Label: c.label, Colour: c.colour, As: paint.AsLine})
	}
	p.overlay(t.facts(p, 0, func(m string) bool { return strings.HasSuffix(m, fact) }))
}

// capacity shows for each pool the servers that are up and, stacked, what they
// do.
func (t *timeline) capacity(f *frame) {
	colours := []color.NRGBA{paint.SkyBlue, paint.Pale(paint.Purple, 0.8), paint.Yellow, paint.Orange, paint.Green, paint.Grey}
	for _, pool := range t.run.Pools {
		up := f.pool(pool, "capacity_mean")
		most, _ := paint.Largest(up)
		if !(most > 0) {
			continue
		}
		s := paint.Stack{X: f.middle()}
		var entries []paint.Entry
		sum := 0.0
		for _, class := range t.run.Classes {
			busy := f.pool(pool, "busy_mean_"+class.Name)
			if top, _ := paint.Largest(busy); top > 0 && len(s.Layers) < len(colours) {
				colour := colours[len(s.Layers)]
				s.Layers = append(s.Layers, busy)
				s.Colours = append(s.Colours, colour)
				entries = append([]paint.Entry{{Label: "busy with " + class.Name, Colour: colour, As: paint.AsArea}}, entries...)
				sum = math.Max(sum, top)
			}
		}
		bands, down, top := t.down(f, pool, s.X, up)
		p := t.add(t.run.servers(pool)+" of pool "+pool, "up and busy", 0, math.Max(math.Max(most, sum), top)*1.1, paint.Count)
		p.plot.Add(s)
		for _, b := range bands {
			p.plot.Add(b)
		}
		p.plot.Add(paint.Line{X: s.X, Y: up, Colour: paint.Black, Width: 1.1})
		p.entries = append(append(down, paint.Entry{Label: "up", Colour: paint.Black, As: paint.AsLine}), entries...)
	}
}

// training shows what the GPUs of each training job do.
func (t *timeline) training(f *frame) {
	states := []struct {
		column, words string
		colour        color.NRGBA
	}{{"working_mean", "training", paint.Pale(paint.Purple, 0.8)}, {"restarting_mean", "restarting", paint.Yellow}, {"moving_mean", "on their way", paint.Pale(paint.Grey, 0.6)}, {"lent_mean", "lent", paint.SkyBlue}}
	for _, job := range slices.Sorted(maps.Keys(t.run.Result.Summary.Training)) {
		s := paint.Stack{X: f.middle()}
		var entries []paint.Entry
		sum := make([]float64, len(s.X))
		for _, state := range states {
			n := f.job(job, state.column)
			if !(paint.Total(n) > 0) {
				continue
			}
			for i := range n {
				sum[i] += n[i]
			}
			s.Layers, s.Colours = append(s.Layers, n), append(s.Colours, state.colour)
			entries = append([]paint.Entry{{Label: state.words, Colour: state.colour, As: paint.AsArea}}, entries...)
		}
		most, _ := paint.Largest(sum)
		if !(most > 0) {
			continue
		}
		p := t.add("GPUs of training "+job, "", 0, most*1.1, paint.Count)
		p.plot.Add(s)
		p.entries = entries
	}
}

// downFor says what servers are down for, in the order of the columns of pools.csv.
var downFor = []struct {
	column, words string
	colour        color.NRGBA
}{
	{"failed_mean", "in repair", paint.Vermillion},
	{"outage_mean", "what they hang on is down", paint.Pale(paint.Vermillion, 0.6)},
	{"out_of_service_mean", "out of service", paint.Pale(paint.Grey, 0.6)},
	{"updating_mean", "in a deploy", paint.Pale(paint.Purple, 0.45)},
	{"restarting_mean", "restarting: failed checks", paint.Pale(paint.Vermillion, 0.35)},
	{"loading_mean", "loading a model", paint.Pale(paint.Yellow, 0.5)},
}

// down stacks the servers that are down on those that are up, and returns the greatest
// sum. What is next to nothing throughout is left out of the key.
func (t *timeline) down(f *frame, pool string, x, up []float64) (bands []paint.Band, entries []paint.Entry, top float64) {
	base := up
	most, _ := paint.Largest(up)
	for _, cause := range downFor {
		n := f.pool(pool, cause.column)
		if high, _ := paint.Largest(n); high < 0.01*most {
			continue
		}
		sum := make([]float64, len(n))
		for i := range n {
			sum[i] = base[i] + n[i]
		}
		bands = append(bands, paint.Band{X: x, Lo: base, Hi: sum, Colour: cause.colour})
		entries = append([]paint.Entry{{Label: cause.words, Colour: cause.colour, As: paint.AsArea}}, entries...)
		base = sum
		high, _ := paint.Largest(sum)
		top = math.Max(top, high)
	}
	return bands, entries, top
}

// signups shows completed sign-ups by the hour.
func (t *timeline) signups(f *frame) {
	v := f.sum("signups", func(cell) bool { return true })
	if !(paint.Total(v) > 0) {
		return
	}
	start, sums, covered := f.hours(v)
	var x, y []float64
	for i := range start {
		// Less than half an hour at either end says little of its hour.
		if covered[i] >= 1800 {
			rate := sums[i] / covered[i] * 3600
			x = append(x, math.Max(start[i], 0), math.Min(start[i]+3600, t.run.Duration.Seconds()))
			y = append(y, rate, rate)
		}
	}
	most, _ := paint.Largest(y)
	if len(x) < 4 {
		return
	}
	p := t.add("Sign-ups", "completed, per hour", 0, most*1.08, paint.Count)
	p.plot.Add(paint.Band{X: x, Lo: make([]float64, len(x)), Hi: y, Colour: paint.Pale(paint.Green, 0.3)}, paint.Line{X: x, Y: y, Colour: paint.Green, Width: 0.9})
	p.entries = []paint.Entry{{Label: "completed, by clock hour", Colour: paint.Green, As: paint.AsLine}}
	p.overlay(t.facts(p, 3600, func(m string) bool { return strings.HasSuffix(m, ".signups") || countOf(m, f, f.inSignup) }))
}

// countOf reports whether a metric counts completions in a class that is
// wanted: classes.image.completed.
func countOf(metric string, f *frame, want func(cell) bool) bool {
	name, ok := strings.CutPrefix(metric, "classes.")
	if !ok {
		return metric == "all.completed"
	}
	name, ok = strings.CutSuffix(name, ".completed")
	return ok && want(cell{class: name})
}
