package metrics

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// A row is one interval of one cell.
type row struct {
	cell       int
	start      sim.Time
	index      int
	counts     [numCounts]int64
	rejected   []int64
	levels     [numLevels]float64
	width      float64 // seconds
	capacity   float64
	restarting float64
	latency    [4]float64 // p50 p90 p95 p99, seconds
	wait       [2]float64 // p50 p99, seconds
}

// CloseInterval ends the current interval of the series at now. Distributions
// are those of the interval alone.
func (r *Recorder) CloseInterval(now sim.Time) {
	ns := int64(now - r.closedAt)
	if ns <= 0 {
		return
	}
	means, restarting := make([]float64, len(r.capacity)), make([]float64, len(r.capacity))
	for p := range r.capacity {
		down := r.restarted[p].Integral(int64(now))
		restarting[p] = down.Sub(r.lastRest[p]).Over(ns)
		r.lastRest[p] = down
		i := r.capacity[p].Integral(int64(now))
		means[p] = i.Sub(r.lastCap[p]).Over(ns)
		r.lastCap[p] = i
	}
	for _, i := range r.used {
		x := &r.cells[i]
		pool := r.w.Classes[x.class].Pool
		w := row{cell: i, start: r.closedAt, width: sim.Time(ns).Seconds(), index: r.interval, rejected: make([]int64, len(x.rejected)), capacity: means[pool], restarting: restarting[pool]}
		for k := range w.counts {
			w.counts[k] = x.counts[k] - x.last[k]
		}
		for k := range w.rejected {
			w.rejected[k] = x.rejected[k] - x.lastRej[k]
		}
		level := x.integrals(now)
		for k := range w.levels {
			w.levels[k] = level[k].Sub(x.lastInt[k]).Over(ns)
		}
		for k, q := range [...]float64{0.5, 0.9, 0.95, 0.99} {
			w.latency[k] = x.live[sLatency].Quantile(q) / 1e9
		}
		for k, q := range [...]float64{0.5, 0.99} {
			w.wait[k] = x.live[sWait].Quantile(q) / 1e9
		}
		for k := range x.live {
			x.closed[k].Merge(&x.live[k])
			x.live[k].Reset()
		}
		x.last, x.lastInt = x.counts, level
		copy(x.lastRej, x.rejected)
		r.rows = append(r.rows, w)
	}
	r.closedAt = now
	r.interval++
}

// table turns the rows into columns.
func (r *Recorder) table() *Table {
	t := &Table{}
	add := func(c Column, value func(w *row, c *Column)) {
		for i := range r.rows {
			value(&r.rows[i], &c)
		}
		t.Columns = append(t.Columns, c)
	}
	text := func(name, about string, f func(x *cell) string) {
		add(Column{Name: name, About: about, Kind: Text}, func(w *row, c *Column) { c.Texts = append(c.Texts, f(&r.cells[w.cell])) })
	}
	count := func(name, unit, about string, f func(w *row) int64) {
		add(Column{Name: name, Unit: unit, About: about, Kind: Int}, func(w *row, c *Column) { c.Ints = append(c.Ints, f(w)) })
	}
	float := func(name, unit, about string, f func(w *row) float64) {
		add(Column{Name: name, Unit: unit, About: about, Kind: Float}, func(w *row, c *Column) { c.Floats = append(c.Floats, f(w)) })
	}
	add(Column{Name: "time", About: "start of the interval, UTC", Kind: Instant}, func(w *row, c *Column) { c.Ints = append(c.Ints, r.w.Epoch+int64(w.start)) })
	float("t_s", "s", "start of the interval, after the scenario's start", func(w *row) float64 { return (w.start - r.w.From).Seconds() })
	text("tier", "tier of the users", func(x *cell) string { return r.w.Tiers[x.tier].Name })
	text("class", "class of the requests", func(x *cell) string { return r.w.Classes[x.class].Name })
	text("pool", "pool that serves the class", func(x *cell) string { return r.w.Pools[r.w.Classes[x.class].Pool] })
	for _, c := range []struct {
		name, unit, about string
		count             int
	}{
		{"requests", "requests", "new requests", cRequests},
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
		count(c.name, c.unit, c.about, func(w *row) int64 { return w.counts[c.count] })
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
	float("capacity_mean", "servers", "servers of the pool that are up, time average; the same in every row of the pool", func(w *row) float64 { return w.capacity })
	float("restarting_mean", "servers", "servers of the pool that failed health checks restart, time average; the same in every row of the pool", func(w *row) float64 { return w.restarting })
	float("offered_load", "1", "server time asked for by first attempts at the pool that no limit of the operator refused / server time that it has, servers that are restarting included; the same in every row of the pool", func(w *row) float64 { return r.pressure[r.w.Classes[r.cells[w.cell].class].Pool][w.index] })
	float("wasted_s", "s", "server time whose result nobody got, by the end of the interval in which it was lost", func(w *row) float64 { return float64(w.counts[cWastedMicros]) * 1e-6 })
	for k, name := range []string{"latency_p50_s", "latency_p90_s", "latency_p95_s", "latency_p99_s"} {
		float(name, "s", "quantile of the latency, over the attempts completed in the interval", func(w *row) float64 { return w.latency[k] })
	}
	for k, name := range []string{"wait_p50_s", "wait_p99_s"} {
		float(name, "s", "quantile of the wait, over the attempts that left the queue in the interval, served or not", func(w *row) float64 { return w.wait[k] })
	}
	for i := range t.Columns {
		for k, v := range t.Columns[i].Floats {
			if math.IsInf(v, 0) {
				t.Columns[i].Floats[k] = math.NaN()
			}
		}
	}
	return t
}
