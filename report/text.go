package report

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/report/paint"
)

// Text says in plain words what happened in a run, when it was worst, who
// suffered, how it compares with the public record, and what nobody knows. dir
// is the folder of its files, "" if there is none. Figures are of the whole
// world.
func Text(w io.Writer, r *Run, dir string) error {
	b := bufio.NewWriter(w)
	f := newFrame(r)
	fmt.Fprintf(b, "%s (%s)\n", r.title(), r.Name)
	terms := r.span() + ", seed " + fmt.Sprint(r.Seed)
	if r.Replication > 0 {
		terms += fmt.Sprintf(", replication %d", r.Replication)
	}
	if r.Scale != 1 {
		terms += ". Simulated at " + paint.ScaleName(r.Scale) + "; every figure here is full scale"
	}
	fmt.Fprintf(b, "%s; %s.\n", terms, r.standing())

	for _, warning := range r.Warnings {
		fmt.Fprintf(b, "Mind: %s.\n", warning)
	}

	section(b, "What happened", happened(r, f))
	section(b, "When it was worst", worst(r, f))
	section(b, "Who suffered", suffered(r))
	section(b, "What it cost", costs(r))
	section(b, "Against the public record", record(r))
	section(b, "What nobody has published (value used, and the range it may lie in)", unknowns(r))
	if dir != "" {
		names, err := written(dir)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "\nIn %s: %s\n", filepath.ToSlash(dir), strings.Join(names, ", "))
	}
	return b.Flush()
}

// section writes a heading and its lines; nothing if there are none.
func section(w io.Writer, heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", heading)
	for _, l := range lines {
		fmt.Fprintf(w, "  %s\n", strings.TrimRight(l, " "))
	}
}

// A tally is what became of attempts, at full scale.
type tally struct {
	requests, satisfied, attempts, completed float64
	ended, limited, errors, left, taken      float64
}

func (r *Run) tally(f *metrics.Figures) tally {
	full := func(v metrics.Figure) float64 { return r.full(float64(v)) }
	t := tally{requests: full(f.Requests), satisfied: full(f.Satisfied), attempts: full(f.Attempts), completed: full(f.Completed),
		ended: full(f.Attempts - f.InSystem), errors: full(f.Failed + f.TimedOut), left: full(f.Abandoned), taken: full(f.Cancelled)}
	for _, reason := range reasonsOf(r) {
		if n := full(f.Rejected[reason]); r.left(reason) {
			t.left += n
		} else if r.refusedForLoad(reason) {
			t.errors += n
		} else {
			t.limited += n
		}
	}
	return t
}

func (t *tally) add(o tally) {
	t.requests += o.requests
	t.satisfied += o.satisfied
	t.attempts += o.attempts
	t.completed += o.completed
	t.ended += o.ended
	t.limited += o.limited
	t.errors += o.errors
	t.left += o.left
	t.taken += o.taken
}

// written lists what lies in a folder, a picture in two forms as one.
func written(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		name := e.Name()
		if base, svg := strings.CutSuffix(name, ".svg"); svg {
			if n := len(names); n > 0 && names[n-1] == base+".png" {
				names[n-1] += " and .svg"
				continue
			}
		}
		names = append(names, name)
	}
	return names, err
}

// ofClasses says which classes the headline is about, where it leaves some out.
func ofClasses(r *Run) string {
	var names []string
	for _, c := range r.Classes {
		if served(c) {
			names = append(names, c.Name)
		}
	}
	switch {
	case len(names) == len(r.Classes):
		return ""
	case len(names) == 1:
		return " of class " + names[0]
	}
	return " of classes " + strings.Join(names, ", ")
}

func happened(r *Run, f *frame) (lines []string) {
	var all tally
	for _, t := range r.Tiers {
		if fig := servedFigures(r, r.Result.Summary.Tiers[t.Name]); fig != nil {
			all.add(r.tally(fig))
		}
	}
	if all.attempts == 0 {
		return []string{"Nothing was asked for."}
	}
	if all.ended == 0 {
		lines = append(lines, fmt.Sprintf("%s requests%s in %s attempts, none of which had ended when the run did.", paint.Count(all.requests), ofClasses(r), paint.Count(all.attempts)))
	} else {
		lines = append(lines, fmt.Sprintf("%s requests%s in %s attempts. %s attempts were completed (%s of those that ended).",
			paint.Count(all.requests), ofClasses(r), paint.Count(all.attempts), paint.Count(all.completed), paint.Percent(all.completed/all.ended)))
	}
	var lost, keptLines []string
	for _, l := range []struct {
		n     float64
		label string
	}{{all.limited, "were refused by the operator's limits"}, {all.errors, "ended in errors"}, {all.left, "were left by users who would not wait"},
		{all.taken, "were taken back because another copy was answered"}} {
		if l.n > 0 {
			lost = append(lost, fmt.Sprintf("%s %s (%s)", paint.Count(l.n), l.label, paint.Percent(l.n/all.ended)))
		}
	}
	if len(lost) > 0 {
		lines = append(lines, "Of the others, "+strings.Join(lost, ", ")+".")
	}
	if open := all.attempts - all.ended; open > 0 && all.ended > 0 {
		lines = append(lines, fmt.Sprintf("At the end of the run %s attempts were still in the system.", paint.Count(open)))
	}
	for _, c := range r.Classes {
		if fig := r.Result.Summary.Classes[c.Name]; fig != nil && fig.Held.Mean > 0 {
			keptLines = append(keptLines, fmt.Sprintf("Before the queue policies kept %s of class %s at a time, on average, %s at most: that is no wait in the queue, and counts in the time that attempts took.",
				paint.Count(r.full(float64(fig.Held.Mean))), c.Name, paint.Count(r.full(float64(fig.Held.Max)))))
		}
	}
	for _, c := range r.Classes {
		if fig := r.Result.Summary.Classes[c.Name]; fig != nil && served(c) && fig.Users > 0 {
			lines = append(lines, fmt.Sprintf("%s users asked for class %s; %s of them got it at least once.",
				paint.Count(r.full(float64(fig.Users))), c.Name, paint.Count(r.full(float64(fig.UsersSatisfied)))))
		}
	}
	if v := f.sum("signups", func(cell) bool { return true }); paint.Total(v) > 0 {
		start, sums, _ := f.hours(v)
		best, at := paint.Largest(sums)
		lines = append(lines, fmt.Sprintf("%s people signed up, %s of them in the best %s (from %s).", paint.Count(paint.Total(v)), paint.Count(best), f.hour(), r.moment(start[at])))
	}
	for _, c := range r.Classes {
		fig := r.Result.Summary.Classes[c.Name]
		switch {
		case fig == nil || fig.Attempts == 0:
		case c.Fluid:
			lines = append(lines, fmt.Sprintf("Beside them %s messages of class %s, as a fluid: %s served.", paint.Count(r.full(float64(fig.Attempts))), c.Name, paint.Percent(float64(fig.CompletedShare))))
		case served(c) && fig.Latency.Mean > 0 && !fig.Wait.Mean.IsNull():
			joined := "joined the queue waited " + paint.Seconds(float64(fig.Wait.Mean)) + ", served or not"
			if len(c.Pools) > 1 {
				joined += " (before the first of its pools)"
			}
			lines = append(lines, fmt.Sprintf("Of class %s %s waited at a time, on average; who %s; an attempt that satisfied its user took %s, %s of them waiting.",
				c.Name, paint.Count(r.full(float64(fig.QueueLength.Mean))), joined, paint.Seconds(float64(fig.LatencyServedMean)), paint.Seconds(float64(fig.WaitServedMean))))
		}
	}
	lines = append(lines, heldBack(r, f)...)
	for _, c := range r.Classes {
		if fig := r.Result.Summary.Classes[c.Name]; fig != nil && fig.FirstToken.Mean > 0 {
			lines = append(lines, fmt.Sprintf("Of class %s the first token came after %s in the median (p99 %s), the others %s apart (p99 %s).", c.Name,
				paint.Seconds(float64(fig.FirstToken.P50)), paint.Seconds(float64(fig.FirstToken.P99)), paint.Seconds(float64(fig.PerToken.P50)), paint.Seconds(float64(fig.PerToken.P99))))
		}
	}
	lines = append(append(append(lines, keptLines...), inTime(r)...), released(r)...)
	for _, name := range r.Pools {
		if p, ok := r.Result.Summary.Pools[name]; ok && !p.Utilisation.IsNull() {
			lines = append(lines, fmt.Sprintf("%s of pool %s: %s up on average, %s of them busy.",
				r.servers(name), name, paint.Count(r.full(float64(p.CapacityMean))), paint.Percent(float64(p.Utilisation))))
		}
	}
	return lines
}

// worst says when each thing was at its worst, by hour where it is a flow.
func worst(r *Run, f *frame) []string {
	if len(f.t) == 0 {
		return nil
	}
	var rows [][]string
	attempts := f.sum("attempts", f.inServed)
	start, demand, covered := f.hours(attempts)
	for i := range demand {
		demand[i] /= math.Max(covered[i], math.Min(f.window()/2, r.Duration.Seconds())) // a short hour at an end counts as half an hour at least
	}
	if most, at := paint.Largest(demand); most > 0 {
		rows = append(rows, []string{"most demand", paint.Count(most) + "/s", f.hour() + " from " + r.moment(start[at])})
	}
	if most, at := paint.Largest(f.sum("queue_length_mean", f.inServed)); most > 0 {
		rows = append(rows, []string{"longest queue", paint.Count(most) + " waiting, mean of " + paint.Seconds(r.Interval.Seconds()), r.moment(f.t[at])})
	}
	if most, at := paint.Largest(f.sum("held_mean", f.inServed)); most > 0 {
		rows = append(rows, []string{"most kept by policies", paint.Count(most) + ", mean of " + paint.Seconds(r.Interval.Seconds()), r.moment(f.t[at])})
	}
	bad := f.sum("failed", f.inServed)
	ended := f.sum("completed", f.inServed)
	plus := func(to []float64, column string) {
		for i, v := range f.sum(column, f.inServed) {
			to[i] += v
		}
	}
	if bad != nil && ended != nil {
		plus(bad, "timed_out")
		for _, column := range []string{"failed", "timed_out", "abandoned", "cancelled"} {
			plus(ended, column)
		}
		for _, reason := range f.reasons() {
			plus(ended, "rejected_"+reason)
			if r.refusedForLoad(reason) {
				plus(bad, "rejected_"+reason)
			}
		}
		_, errors, _ := f.hours(bad)
		_, ends, _ := f.hours(ended)
		share := make([]float64, len(errors))
		for i := range errors {
			// An hour in which next to nothing ended says nothing.
			if ends[i] > paint.Total(ends)/float64(len(ends))/20 {
				share[i] = errors[i] / ends[i]
			}
		}
		if most, at := paint.Largest(share); most > 0 {
			rows = append(rows, []string{"most errors", paint.Percent(most) + " of what ended", f.hour() + " from " + r.moment(start[at])})
		}
	}
	cells, _, _ := f.shownCells(0)
	for _, best := range cells {
		slow := f.only("latency_p50_s", func(c cell) bool { return c == best })
		if most, at := paint.Largest(slow); most > 0 {
			rows = append(rows, []string{"slowest for " + best.tier, paint.Seconds(most) + " median", r.moment(f.t[at])})
		}
	}
	return aligned(append(rows, aftermath(r)...))
}

func suffered(r *Run) []string {
	rows := [][]string{{"tier", "requests", "satisfied", "refused", "errors", "left", "median", "p99"}}
	row := func(name string, f *metrics.Figures) {
		if f == nil || f.Attempts == 0 {
			return
		}
		n := r.tally(f)
		rows = append(rows, []string{name, paint.Count(n.requests), paint.Percent(n.satisfied / n.requests), paint.Percent(n.limited / n.ended), paint.Percent(n.errors / n.ended), paint.Percent(n.left / n.ended),
			paint.Seconds(float64(f.Latency.P50)), paint.Seconds(float64(f.Latency.P99))})
	}
	for _, t := range r.Tiers {
		tier := r.Result.Summary.Tiers[t.Name]
		var classes []string
		for _, c := range r.Classes {
			if tier != nil && tier.Classes[c.Name] != nil && served(c) {
				classes = append(classes, c.Name)
			}
		}
		if len(classes) < 2 {
			row(t.Name, servedFigures(r, tier))
			continue
		}
		for _, c := range classes { // together they would have no median
			row(t.Name+", "+c, tier.Classes[c])
		}
	}
	if len(rows) == 1 {
		return nil
	}
	return append(aligned(rows), "satisfied: of requests"+ofClasses(r)+"; refused by limits, errors (refused for load among them), left: of attempts that ended; median, p99: latency of completed attempts")
}

var uses = map[string]string{incident.Calibrate: "calibrated", incident.Predict: "predicted", incident.Given: "given"}

func record(r *Run) []string {
	if len(r.Score) == 0 {
		return nil
	}
	head := []string{"fact", "use", "published", "accepted", "simulated", "verdict"}
	if len(r.NoLever) > 0 {
		head = append(head, bare(r))
	}
	rows := [][]string{head}
	for i, s := range r.Score {
		f := s.Fact
		row := []string{f.Name, uses[f.Use], inUnit(metrics.Figure(f.Value), f.Unit), accepted(f), inUnit(s.Simulated, f.Unit), string(s.Verdict)}
		switch {
		case s.Why != "":
			row = append(row, s.Why)
		case i < len(r.NoLever):
			row = append(row, inUnit(r.NoLever[i].Simulated, f.Unit)+", "+string(r.NoLever[i].Verdict))
		}
		rows = append(rows, row)
	}
	lines := append(aligned(rows), scored("this run", r.Score))
	if len(r.NoLever) > 0 {
		lines = append(lines, scored(bare(r), r.NoLever))
	}
	return lines
}

// bare names the world with no lever pulled, with its scale where that is not
// the run's.
func bare(r *Run) string {
	if r.NoLeverScale != 0 && r.NoLeverScale != r.Scale {
		return "no lever pulled (at " + paint.ScaleName(r.NoLeverScale) + ")"
	}
	return "no lever pulled"
}

// accepted writes the tolerance of a fact.
func accepted(f incident.Fact) string {
	end := func(c *unit.Count) string {
		if f.Unit == "s" {
			return paint.Seconds(float64(*c))
		}
		return paint.Count(float64(*c))
	}
	switch {
	case f.Low != nil && f.High != nil && *f.Low == *f.High:
		return end(f.Low)
	case f.Low != nil && f.High != nil:
		return end(f.Low) + " to " + end(f.High)
	case f.Low != nil:
		return "from " + end(f.Low)
	case f.High != nil:
		return "to " + end(f.High)
	}
	return ""
}

// scored counts verdicts: those that were predicted first, for they are the
// test; the given ones are no success.
func scored(what string, rows []incident.Row) string {
	counts := map[string]string{}
	for _, c := range incident.Tally(rows) {
		s := fmt.Sprintf("%d hit, %d near, %d miss", c.Hit, c.Near, c.Miss)
		if c.NotScored > 0 {
			s += fmt.Sprintf(", %d not scored", c.NotScored)
		}
		counts[c.Use] = s
	}
	return fmt.Sprintf("%s: predicted %s; calibrated %s", what, counts[incident.Predict], counts[incident.Calibrate])
}

func unknowns(r *Run) []string {
	var rows [][]string
	for _, u := range r.Unknowns {
		suffix := ""
		if u.Unit != "" {
			suffix = " " + u.Unit
		}
		rows = append(rows, []string{u.Name, u.Value + suffix, u.Low + " to " + u.High + suffix, u.What})
	}
	return aligned(rows)
}

// aligned joins the fields of rows so that they stand in columns. The last
// field of a row is as long as it is.
func aligned(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, s := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(s))
		}
	}
	var out []string
	for _, row := range rows {
		var line strings.Builder
		for i, s := range row {
			line.WriteString(s)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(s)+2))
			}
		}
		out = append(out, line.String())
	}
	return out
}

// servers says what the servers of a pool are.
func (r *Run) servers(pool string) string {
	if slices.Contains(r.Batches, pool) {
		return "Places in batches"
	}
	return "Servers"
}
