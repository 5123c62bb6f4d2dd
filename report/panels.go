package report

import (
	"cmp"
	"image/color"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"
)

// A panel is one plot of the timeline.
type panel struct {
	title   string
	unit    string
	plot    *plot.Plot
	entries []entry
}

// add makes a panel. Its values reach from lo to hi; a logarithmic axis has lo
// above 0.
func (t *timeline) add(title, unit string, lo, hi float64, name func(float64) string) *panel {
	p := newPlot()
	p.X.Min, p.X.Max = 0, t.run.Duration.Seconds()
	p.HideX()
	p.Y.Min, p.Y.Max = lo, hi
	p.Y.Tick.Marker = ticker{name: name, wanted: 5}
	panel := &panel{title: title, unit: unit, plot: p}
	t.darken(panel)
	p.Add(backdrop{&t.axis})
	t.panels = append(t.panels, panel)
	return panel
}

// logarithmic makes the vertical axis logarithmic.
func (p *panel) logarithmic(name func(float64) string, known, finer []float64) {
	p.plot.Y.Scale = plot.LogScale{}
	p.plot.Y.Tick.Marker = logTicker{name, known, finer, 0.12}
}

// atMost names ticks; the lowest one stands for everything below it too.
func atMost(lo float64, name func(float64) string) func(float64) string {
	return func(v float64) string {
		if v <= lo*1.001 {
			return "≤ " + name(v)
		}
		return name(v)
	}
}

// newPlot is a plot without title, padding and background.
func newPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Padding = 0
		a.LineStyle = draw.LineStyle{Color: grey, Width: 0.6}
		a.Tick.LineStyle = a.LineStyle
		a.Tick.Length = 3
		a.Tick.Label.Font = words(8.5, black, false).Font
		a.Tick.Label.Color = color.NRGBA{0x44, 0x44, 0x44, 0xff}
	}
	return p
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
	most, _ := largest(attempts)
	if !(most > 0) {
		return
	}
	lo, hi := 0.0, most*1.06
	best, _ := largest(completed)
	log := most > 6*best && best > 0
	if log { // what is served would lie flat on the ground
		lo, hi = math.Pow(10, math.Floor(math.Log10(best/30))), most*1.4
	}
	p := t.add("Attempts of class "+t.what(f), "per second", lo, hi, count)
	if log {
		p.logarithmic(atMost(lo, count), knownCounts, finerCounts)
		p.unit = "per second, logarithmic"
	}
	facts := t.facts(p, 1, func(m string) bool { return countOf(m, f, f.inServed) })
	arrived := "arrived"
	if total(attempts) > total(first) && first != nil {
		arrived = "arrived, retries included"
		behind := pale(silver, 0.55)
		p.plot.Add(band{x, make([]float64, len(x)), first, behind})
		p.entries = append(p.entries, entry{"of these, first tries", behind, asArea})
	}
	l := line{x: x, y: attempts, colour: blue, width: 0.9}
	if total(completed) > 0.95*total(attempts) {
		l.colour, l.width = pale(blue, 0.45), 2.6 // behind what is completed
	}
	p.plot.Add(l)
	p.entries = append([]entry{{arrived, l.colour, asLine}}, p.entries...)
	if total(admitted) < total(attempts) && admitted != nil {
		// Most of the time it coincides with what is completed: it lies behind.
		behind := pale(orange, 0.6)
		p.plot.Add(line{x: x, y: admitted, colour: behind, width: 2.4})
		p.entries = append(p.entries, entry{"admitted", behind, asLine})
	}
	if completed != nil {
		p.plot.Add(line{x: x, y: completed, colour: green, width: 0.9})
		p.entries = append(p.entries, entry{"completed", green, asLine})
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
	var lines []line
	var entries []entry
	most, least := 0.0, math.Inf(1)
	for i, tier := range t.run.Tiers {
		y := f.sum(column, both(f.inServed, inTier(tier.Name)))
		top, _ := largest(y)
		if !(top > 0) {
			continue
		}
		most, least = math.Max(most, top), math.Min(least, top)
		colour := tierColours[i%len(tierColours)]
		lines = append(lines, line{x: x, y: y, colour: colour, width: 0.9})
		entries = append(entries, entry{tier.Name, colour, asLine})
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
	p := t.add(title, unit, lo, hi, count)
	if log {
		p.unit = unit + ", logarithmic"
		p.logarithmic(atMost(lo, count), knownCounts, finerCounts)
	}
	p.entries = entries
	for _, l := range lines {
		p.plot.Add(l)
	}
}

// errors shows what the service failed to do.
func (t *timeline) errors(f *frame) {
	layers := map[string][]float64{"failed": f.rate("failed", f.inServed), "timed out": f.rate("timed_out", f.inServed)}
	shown := map[string]reasonGroup{"failed": {colour: black}, "timed out": {colour: vermillion}}
	for _, g := range reasonGroups(t.run) {
		if g.load {
			shown[loadRefusal+g.label], layers[loadRefusal+g.label] = g, refusals(f, g)
		}
	}
	left := f.rate("abandoned", f.inServed)
	leftMost, _ := largest(left)
	title := "Errors by reason"
	if leftMost > 0 {
		title = "Errors by reason, and users who left"
	}
	p := t.stacked(f, title, "attempts per second", shown, layers, leftMost)
	if p != nil && leftMost > 0 {
		p.plot.Add(line{x: f.middle(), y: left, colour: grey, width: 0.9})
		from := leftWhat(t.run)
		if from == "left the queue" {
			from += " (no error)"
		}
		p.entries = append(p.entries, entry{from, grey, asLine})
	}
}

// limits shows what the operator did not want to serve.
func (t *timeline) limits(f *frame) {
	layers, shown := map[string][]float64{}, map[string]reasonGroup{}
	for _, g := range reasonGroups(t.run) {
		g.reasons = slices.DeleteFunc(slices.Clone(g.reasons), t.run.left) // it stands beside the errors
		if !g.load && len(g.reasons) > 0 {
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
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !(total(layers[n]) > 0) })
	if len(names) == 0 && !(atLeast > 0) {
		return nil
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(total(layers[b]), total(layers[a])) })
	sum := make([]float64, len(f.t))
	s := stack{x: f.middle()}
	var entries []entry
	for k, name := range names {
		for i, v := range layers[name] {
			sum[i] += v
		}
		e := entry{name, shown[name].colour, asArea}
		if shown[name].striped {
			e.as, s.striped = asStripes, k+1
		}
		s.layers = append(s.layers, layers[name])
		s.colours = append(s.colours, e.colour)
		entries = append([]entry{e}, entries...)
	}
	most, _ := largest(sum)
	p := t.add(title, unit, 0, math.Max(most, atLeast)*1.06, count)
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
	for _, best := range cells {
		here := func(c cell) bool { return c == best }
		label := best.tier
		if rest {
			paid := t.run.Tiers[f.tier(best.tier)].Paid
			label += map[bool]string{true: " (most of the paid)", false: " (most of the unpaid)"}[paid]
		}
		curves = append(curves, curve{label, tierColours[f.tier(best.tier)%len(tierColours)], f.only(of+"_p50_s", here), f.only(of+"_p99_s", here)})
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
	p := t.add(title, unit, lo/1.3, math.Max(hi*1.3, lo*10), seconds)
	p.logarithmic(roundSeconds, knownSeconds, finerSeconds)
	x := f.middle()
	for _, c := range banded {
		p.plot.Add(band{x, c.p50, c.p99, pale(c.colour, 0.25)})
	}
	for _, c := range curves {
		p.plot.Add(line{x: x, y: c.p99, colour: pale(c.colour, 0.55), width: 0.5})
		p.plot.Add(line{x: x, y: c.p50, colour: c.colour, width: 1})
		p.entries = append(p.entries, entry{c.label, c.colour, asLine})
	}
	p.overlay(t.facts(p, 0, func(m string) bool { return strings.HasSuffix(m, fact) }))
}

// capacity shows for each pool the servers that are up and, stacked, what they
// do.
func (t *timeline) capacity(f *frame) {
	colours := []color.NRGBA{skyBlue, pale(purple, 0.8), yellow, orange, green, grey}
	for _, pool := range t.run.Pools {
		up := f.pool(pool, "capacity_mean")
		most, _ := largest(up)
		if !(most > 0) {
			continue
		}
		s := stack{x: f.middle()}
		var entries []entry
		sum := 0.0
		for _, class := range t.run.Classes {
			busy := f.pool(pool, "busy_mean_"+class.Name)
			if top, _ := largest(busy); top > 0 && len(s.layers) < len(colours) {
				colour := colours[len(s.layers)]
				s.layers = append(s.layers, busy)
				s.colours = append(s.colours, colour)
				entries = append([]entry{{"busy with " + class.Name, colour, asArea}}, entries...)
				sum = math.Max(sum, top)
			}
		}
		bands, down, top := t.down(f, pool, s.x, up)
		p := t.add(t.run.servers(pool)+" of pool "+pool, "up and busy", 0, math.Max(math.Max(most, sum), top)*1.1, count)
		p.plot.Add(s)
		for _, b := range bands {
			p.plot.Add(b)
		}
		p.plot.Add(line{x: s.x, y: up, colour: black, width: 1.1})
		p.entries = append(append(down, entry{"up", black, asLine}), entries...)
	}
}

// training shows what the GPUs of each training job do.
func (t *timeline) training(f *frame) {
	states := []struct {
		column, words string
		colour        color.NRGBA
	}{{"working_mean", "training", pale(purple, 0.8)}, {"restarting_mean", "restarting", yellow}, {"moving_mean", "on their way", pale(grey, 0.6)}, {"lent_mean", "lent", skyBlue}}
	for _, job := range slices.Sorted(maps.Keys(t.run.Result.Summary.Training)) {
		s := stack{x: f.middle()}
		var entries []entry
		sum := make([]float64, len(s.x))
		for _, state := range states {
			n := f.job(job, state.column)
			if !(total(n) > 0) {
				continue
			}
			for i := range n {
				sum[i] += n[i]
			}
			s.layers, s.colours = append(s.layers, n), append(s.colours, state.colour)
			entries = append([]entry{{state.words, state.colour, asArea}}, entries...)
		}
		most, _ := largest(sum)
		if !(most > 0) {
			continue
		}
		p := t.add("GPUs of training "+job, "", 0, most*1.1, count)
		p.plot.Add(s)
		p.entries = entries
	}
}

// downFor says what servers are down for, in the order of the columns of pools.csv.
var downFor = []struct {
	column, words string
	colour        color.NRGBA
}{
	{"failed_mean", "in repair", vermillion},
	{"outage_mean", "what they hang on is down", pale(vermillion, 0.6)},
	{"out_of_service_mean", "out of service", pale(grey, 0.6)},
	{"updating_mean", "in a deploy", pale(purple, 0.45)},
	{"restarting_mean", "restarting: failed checks", pale(vermillion, 0.35)},
	{"loading_mean", "loading a model", pale(yellow, 0.5)},
}

// down stacks the servers that are down on those that are up, and returns the greatest
// sum. What is next to nothing throughout is left out of the key.
func (t *timeline) down(f *frame, pool string, x, up []float64) (bands []band, entries []entry, top float64) {
	base := up
	most, _ := largest(up)
	for _, cause := range downFor {
		n := f.pool(pool, cause.column)
		if high, _ := largest(n); high < 0.01*most {
			continue
		}
		sum := make([]float64, len(n))
		for i := range n {
			sum[i] = base[i] + n[i]
		}
		bands = append(bands, band{x, base, sum, cause.colour})
		entries = append([]entry{{cause.words, cause.colour, asArea}}, entries...)
		base = sum
		high, _ := largest(sum)
		top = math.Max(top, high)
	}
	return bands, entries, top
}

// signups shows completed sign-ups by the hour.
func (t *timeline) signups(f *frame) {
	v := f.sum("signups", func(cell) bool { return true })
	if !(total(v) > 0) {
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
	most, _ := largest(y)
	if len(x) < 4 {
		return
	}
	p := t.add("Sign-ups", "completed, per hour", 0, most*1.08, count)
	p.plot.Add(band{x, make([]float64, len(x)), y, pale(green, 0.3)}, line{x: x, y: y, colour: green, width: 0.9})
	p.entries = []entry{{"completed, by clock hour", green, asLine}}
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
