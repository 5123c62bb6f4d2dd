package metrics

import (
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// A row is one interval of one cell.
type row struct {
	cell     int
	start    sim.Time
	index    int
	counts   [numCounts]int64
	rejected []int64
	levels   [numLevels]float64
	width    float64    // seconds
	latency  [4]float64 // p50 p90 p95 p99, seconds
	wait     [2]float64 // p50 p99, seconds
	first    [2]float64 // the same, of time to first token
	token    [2]float64 // the same, of time per token
}

// CloseInterval ends the current interval of the series at now. Distributions
// are those of the interval alone.
func (r *Recorder) CloseInterval(now sim.Time) {
	ns := int64(now - r.closedAt)
	if ns <= 0 {
		return
	}
	for _, i := range r.used {
		x := &r.cells[i]
		w := row{cell: i, start: r.closedAt, width: sim.Time(ns).Seconds(), index: r.interval, rejected: make([]int64, len(x.rejected))}
		for k := range w.counts {
			w.counts[k] = x.counts[k] - x.last[k]
		}
		for k := range w.rejected {
			w.rejected[k] = x.rejected[k] - x.lastRej[k]
		}
		level := r.integrals(x, now)
		for k := range w.levels {
			w.levels[k] = level[k].Sub(x.lastInt[k]).Over(ns)
		}
		for k, q := range [...]float64{0.5, 0.9, 0.95, 0.99} {
			w.latency[k] = x.live[sLatency].Quantile(q) / 1e9
		}
		for k, q := range [...]float64{0.5, 0.99} {
			w.wait[k] = x.live[sWait].Quantile(q) / 1e9
			w.first[k] = x.live[sFirstToken].Quantile(q) / 1e9
			w.token[k] = x.live[sPerToken].Quantile(q) / 1e9
		}
		for k := range x.live {
			x.closed[k].Merge(&x.live[k])
			x.live[k].Reset()
		}
		x.last, x.lastInt = x.counts, level
		copy(x.lastRej, x.rejected)
		r.rows = append(r.rows, w)
	}
	r.closePools(now)
	r.closeJobs(now)
	r.closedAt = now
	r.interval++
}

// table turns the rows into columns.
func (r *Recorder) table() *Table {
	t := &Table{}
	add := func(c Column, value func(w *row, c *Column)) { fill(t, r.rows, c, value) }
	text := func(name, about string, f func(x *cell) string) {
		add(Column{Name: name, About: about, Kind: Text}, func(w *row, c *Column) { c.Texts = append(c.Texts, f(&r.cells[w.cell])) })
	}
	count := func(name, unit, about string, f func(w *row) int64) {
		add(Column{Name: name, Unit: unit, About: about, Kind: Int}, func(w *row, c *Column) { c.Ints = append(c.Ints, f(w)) })
	}
	float := func(name, unit, about string, f func(w *row) float64) {
		add(Column{Name: name, Unit: unit, About: about, Kind: Float}, func(w *row, c *Column) { c.Floats = append(c.Floats, f(w)) })
	}
	moments(r, t, r.rows, func(w *row) sim.Time { return w.start })
	text("tier", "tier of the users", func(x *cell) string { return r.w.Tiers[x.tier].Name })
	text("class", "class of the requests", func(x *cell) string { return r.w.Classes[x.class].Name })
	for _, c := range []struct {
		name, unit, about string
		count             int
	}{
		{"requests", "requests", "new requests", cRequests},
		{"first_tries", "attempts", "of the attempts that reached the service, the first of their request; less than requests where clients hold them back", cFirst},
		{"attempts", "attempts", "attempts that reached the service", cAttempts},
		{"admitted", "attempts", "attempts that the policies let in", cAdmitted},
		{"completed", "attempts", "attempts served to their end", cCompleted},
		{"abandoned", "attempts", "attempts whose user left the queue", cAbandoned},
		{"timed_out", "attempts", "attempts that waited longer than the operator allows", cTimedOut},
		{"failed", "attempts", "attempts whose server was lost", cFailed},
		{"cancelled", "attempts", "attempts taken back by their client", cCancelled},
		{"suppressed", "requests", "tries that the client itself held back", cSuppressed},
		{"satisfied", "requests", "requests that got what they wanted", cSatisfied},
		{"given_up", "requests", "requests that ended unsatisfied", cGivenUp},
		{"signups", "users", "completed sign-ups", cSignups},
		{"completed_in_slo", "attempts", "attempts completed within the slo of their class; 0 where it has none", cGood},
	} {
		count(c.name, c.unit, c.about, func(w *row) int64 {
			if c.count == cFirst && r.w.Classes[r.cells[w.cell].class].Fluid {
				return w.counts[cRequests] // nobody holds a fluid back
			}
			return w.counts[c.count]
		})
	}
	count("admitted_completed", "attempts", "of the attempts admitted in this interval, those that were completed by the end of the run; of fluid work, what was completed in it", func(w *row) int64 {
		x := &r.cells[w.cell]
		if r.w.Classes[x.class].Fluid {
			return w.counts[cCompleted]
		}
		return x.cohort[w.index]
	})
	for reason := 1; reason < r.w.Reasons.Len(); reason++ {
		name := r.w.Reasons.Get(models.Reason(reason)).Name
		if t.Column("rejected_"+name) != nil {
			continue
		}
		count("rejected_"+name, "attempts", "attempts refused by "+name, func(w *row) int64 {
			n := int64(0)
			for k := 1; k < len(w.rejected); k++ {
				if r.w.Reasons.Get(models.Reason(k)).Name == name {
					n += w.rejected[k]
				}
			}
			return n
		})
	}
	for k, c := range [numLevels]struct{ name, unit, about string }{
		{"queue_length_mean", "attempts", "attempts waiting, time average"},
		{"retrying_mean", "requests", "requests between two tries, time average"},
		{"held_mean", "attempts", "attempts that a policy keeps before the queue, time average"},
		{"busy_mean", "servers", "servers held by this tier and class, time average"},
	} {
		float(c.name, c.unit, c.about, func(w *row) float64 { return w.levels[k] })
	}
	float("wasted_s", "s", "server time whose result nobody got, by the end of the interval in which it was lost", func(w *row) float64 { return float64(w.counts[cWastedMicros]) * 1e-6 })
	for k, name := range []string{"latency_p50_s", "latency_p90_s", "latency_p95_s", "latency_p99_s"} {
		float(name, "s", "quantile of the latency, over the attempts completed in the interval", func(w *row) float64 { return w.latency[k] })
	}
	for k, name := range []string{"wait_p50_s", "wait_p99_s"} {
		float(name, "s", "quantile of the wait, over the attempts that left the queue in the interval, served or not", func(w *row) float64 { return w.wait[k] })
	}
	if slices.ContainsFunc(r.w.Classes, func(c ClassInfo) bool { return c.Tokens }) {
		for k, q := range []string{"p50", "p99"} {
			float("ttft_"+q+"_s", "s", "quantile of the time to the first token, over the attempts that got theirs in the interval", func(w *row) float64 { return w.first[k] })
		}
		for k, q := range []string{"p50", "p99"} {
			float("tpot_"+q+"_s", "s", "quantile of the mean time between the tokens of an attempt, over those completed in the interval", func(w *row) float64 { return w.token[k] })
		}
	}
	return t
}

// fill makes a column of a table from its rows. What is infinite is null.
func fill[R any](t *Table, rows []R, c Column, value func(w *R, c *Column)) {
	for i := range rows {
		value(&rows[i], &c)
	}
	for k, v := range c.Floats {
		if math.IsInf(v, 0) {
			c.Floats[k] = math.NaN()
		}
	}
	t.Columns = append(t.Columns, c)
}

// moments makes the columns that tell the interval of a row.
func moments[R any](r *Recorder, t *Table, rows []R, start func(w *R) sim.Time) {
	fill(t, rows, Column{Name: "time", About: "start of the interval, UTC", Kind: Instant}, func(w *R, c *Column) { c.Ints = append(c.Ints, r.w.Epoch+int64(start(w))) })
	fill(t, rows, Column{Name: "t_s", Unit: "s", About: "start of the interval, after the scenario's start", Kind: Float}, func(w *R, c *Column) { c.Floats = append(c.Floats, (start(w) - r.w.From).Seconds()) })
}
