package launch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/textbook"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A customer comes at one moment with one need, in a class of its own.
type customer struct {
	name        string
	at, service float64 // seconds
	tier        string  // low if empty
}

// A trace is a few customers in a world with no luck in it.
type trace struct {
	servers   int
	queue     string
	customers []customer
	more      string
	until     float64
}

// arrivals brings customers to a run at their times.
type arrivals struct {
	run *launch.Run
	who []customer
}

func (a *arrivals) Handle(now sim.Time, ev sim.Event) {
	tier := models.Tier(1)
	if a.who[ev.Arg].tier == "high" {
		tier = 0
	}
	a.run.Request(now, rng.Key(ev.Arg), models.Anonymous, tier, models.Class(ev.Arg), 0)
}

func (a *arrivals) Describe(sim.Event) string { return "a customer comes" }

func (tr trace) start(t *testing.T) *launch.Run {
	t.Helper()
	var classes, streams strings.Builder
	for _, c := range tr.customers {
		fmt.Fprintf(&classes, "  - {name: %s, pool: servers, service: %vs}\n", c.name, c.service)
		for _, tier := range []string{"high", "low"} {
			fmt.Fprintf(&streams, "    - {name: %s-%s, tier: %s, class: %s, rate: 0/s}\n", c.name, tier, tier, c.name)
		}
	}
	sc := text(t, fmt.Sprintf(`
name: trace
duration: %vs
tiers: [{name: high, priority: 0}, {name: low, priority: 1}]
pools: [{name: servers, nodes: %d, queue: {%s}}]
classes:
%sdemand:
  streams:
%s%s
`, tr.until, tr.servers, tr.queue, classes.String(), streams.String(), tr.more))
	r, err := launch.New(sc, launch.Options{Seed: 1})
	require.NoError(t, err)
	a := &arrivals{r, tr.customers}
	id := r.Kernel().Register("customers", a)
	for i, c := range tr.customers {
		r.Kernel().At(sim.FromSeconds(c.at), sim.Event{Actor: id, Priority: models.PriorityArrival, Arg: uint32(i)})
	}
	return r
}

// A fate is what became of a customer, in seconds; a figure that is not there is -1.
type fate struct{ start, end, wait, rejected, abandoned, attempts float64 }

func (tr trace) fates(t *testing.T) map[string]fate {
	t.Helper()
	res, err := tr.start(t).Result()
	require.NoError(t, err)
	all := map[string]fate{}
	for _, c := range tr.customers {
		f := res.Summary.Classes[c.name]
		x := fate{start: -1, end: -1, wait: -1, abandoned: float64(f.Abandoned), attempts: float64(f.Attempts)}
		for _, n := range f.Rejected {
			x.rejected += float64(n)
		}
		if !f.Wait.Max.IsNull() {
			x.wait = float64(f.Wait.Max)
			x.start = c.at + x.wait
		}
		if f.Completed > 0 {
			x.end = c.at + float64(f.RequestLatency.Max)
		}
		all[c.name] = x
	}
	return all
}

// exactly holds a row of the wide table against what came out, to its last digit.
func exactly(t *testing.T, name, metric string, got float64) {
	t.Helper()
	for _, row := range textbook.WideTable() {
		if row.Name == "det: "+name && row.Metric == metric {
			assert.InDelta(t, row.Value, got, 5e-10*max(1, row.Value), "%s %s", name, metric)
			return
		}
	}
	t.Errorf("the table has no row %s %s", name, metric)
}

func TestTracesThatCanBeCheckedByHandComeOutToTheLastDigit(t *testing.T) {
	t.Run("reneging", func(t *testing.T) {
		tr := trace{servers: 1, until: 60, more: "clients: [{name: all, patience: 3s}]",
			customers: []customer{{"c1", 7, 11, ""}, {"c2", 14, 11, ""}, {"c3", 21, 11, ""}, {"c4", 28, 11, ""}}}
		f := tr.fates(t)
		exactly(t, "reneging", "start_1", f["c1"].start)
		exactly(t, "reneging", "end_1", f["c1"].end)
		exactly(t, "reneging", "renege_time_2", f["c2"].start) // the end of its wait
		exactly(t, "reneging", "start_3", f["c3"].start)
		exactly(t, "reneging", "end_3", f["c3"].end)
		exactly(t, "reneging", "renege_time_4", f["c4"].start)
		exactly(t, "reneging", "n_reneged_by_31.5", f["c2"].abandoned+f["c4"].abandoned)
	})
	t.Run("balking", func(t *testing.T) {
		tr := trace{servers: 1, until: 51, more: "policies: [{name: room, kind: queue-limit, limit: 2}]"}
		for i := 1; i <= 10; i++ {
			tr.customers = append(tr.customers, customer{fmt.Sprintf("c%d", i), float64(5 * i), 21, ""})
		}
		f := tr.fates(t)
		n := 0
		for _, c := range tr.customers {
			if f[c.name].rejected > 0 {
				n++
				exactly(t, "balking", fmt.Sprintf("balk_%d", n), c.at)
			}
		}
		exactly(t, "balking", "n_balked", float64(n))
		exactly(t, "balking", "start_2", f["c2"].start)
		exactly(t, "balking", "end_2", f["c2"].end)
		exactly(t, "balking", "wait_2", f["c2"].wait)
	})
	t.Run("priorities", func(t *testing.T) {
		f := trace{servers: 1, until: 60, queue: "discipline: priority", customers: []customer{{"low", 1, 6, ""}, {"high", 3, 10, "high"}}}.fates(t)
		exactly(t, "nonpreemptive", "low_end", f["low"].end)
		exactly(t, "nonpreemptive", "high_end", f["high"].end)

		tr := trace{servers: 1, until: 60, queue: "discipline: priority", customers: []customer{{"low1", 1.5, 5, ""}, {"low2", 5, 5, ""}, {"high", 7.5, 4, "high"}}}
		f = tr.fates(t)
		exactly(t, "priority", "wait_low2_nonpreempt", f["low2"].wait)
		exactly(t, "priority", "wait_high_nonpreempt", f["high"].wait)
		exactly(t, "priority", "end_high_nonpreempt", f["high"].end)
		tr.queue = "discipline: priority-preemptive"
		f = tr.fates(t)
		exactly(t, "priority", "end_high_preempt", f["high"].end)
		exactly(t, "priority", "end_low2_preempt_resume", f["low2"].end)
	})
	t.Run("processor sharing", func(t *testing.T) {
		f := trace{servers: 1, until: 60, queue: "discipline: processor-sharing", customers: []customer{{"a", 0, 1, ""}, {"b", 0, 1, ""}, {"c", 0, 1, ""}, {"d", 0, 1, ""}}}.fates(t)
		for _, name := range []string{"a", "b", "c", "d"} {
			exactly(t, "processor sharing", "end_all", f[name].end)
		}
		f = trace{servers: 1, until: 60, queue: "discipline: processor-sharing", customers: []customer{{"a", 0, 3, ""}, {"b", 1, 1, ""}}}.fates(t)
		exactly(t, "processor sharing", "end_A", f["a"].end)
		exactly(t, "processor sharing", "end_B", f["b"].end)
	})
	t.Run("two servers", func(t *testing.T) {
		tr := trace{servers: 2, until: 9, customers: []customer{{"c1", 0, 5, ""}, {"c2", 0, 3, ""}, {"c3", 0, 2, ""}, {"c4", 1, 4, ""}, {"c5", 1, 1, ""}}}
		res, err := tr.start(t).Result()
		require.NoError(t, err)
		exactly(t, "two servers FCFS", "Lq_time_avg_on_[0,9]", float64(res.Summary.All.QueueLength.Mean))
		tr.until = 20
		f := tr.fates(t)
		for _, c := range []string{"3", "4", "5"} {
			exactly(t, "two servers FCFS", "wait_"+c, f["c"+c].wait)
			exactly(t, "two servers FCFS", "end_"+c, f["c"+c].end)
		}
	})
	t.Run("states over time", func(t *testing.T) {
		tr := trace{servers: 1, until: 20}
		gaps, services := []float64{1.5, 0.3, 2.4, 1.1}, []float64{1.8, 2.2, 0.2, 0.2, 0.2, 0.2}
		at := 0.0
		for i := range 12 {
			at += gaps[i%4]
			tr.customers = append(tr.customers, customer{fmt.Sprintf("c%d", i), at, services[i%6], ""})
		}
		r := tr.start(t)
		var n [10]float64
		for i := range 50 { // everything happens at tenths of a second
			require.NoError(t, r.StepUntil(sim.FromSeconds(5.05+float64(i)/10)))
			waiting, served := r.Present(0)
			n[waiting+served] += 1.0 / 50
		}
		for k := range 4 {
			exactly(t, "time-weighted state probabilities on [5,10]", fmt.Sprintf("P(N=%d)", k), n[k])
		}
	})
	t.Run("token bucket", func(t *testing.T) {
		tr := trace{servers: 20, until: 20, more: "policies: [{name: bucket, kind: token-bucket, rate: 1/s, burst: 3}]"}
		for i, at := range []float64{0, 0, 0, 0, 0.5, 1, 1.2, 2.5} {
			tr.customers = append(tr.customers, customer{fmt.Sprintf("c%d", i), at, 0.01, ""})
		}
		res, err := tr.start(t).Result()
		require.NoError(t, err)
		exactly(t, "token bucket", "accepted", float64(res.Summary.All.Completed))
		exactly(t, "token bucket", "rejected", float64(res.Summary.All.Rejected["bucket"]))
	})
	t.Run("timeout and retry", func(t *testing.T) {
		tr := trace{servers: 1, until: 60, customers: []customer{{"a", 0, 10, ""}, {"b", 0.5, 10, ""}},
			more: "clients: [{name: all, patience: 4s, retry: {max_tries: 3, on_abandoned: yes, base: 1s, jitter: none}}]"}
		r := tr.start(t)
		leaves := func(metric string) {
			for _, row := range textbook.WideTable() {
				if row.Name == "det: timeout+retry+backoff" && row.Metric == metric {
					at := sim.FromSeconds(row.Value)
					require.NoError(t, r.StepUntil(at))
					waiting, _ := r.Present(0)
					assert.Equal(t, 1, waiting, metric)
					require.NoError(t, r.StepUntil(at+1))
					waiting, _ = r.Present(0)
					assert.Zero(t, waiting, metric)
				}
			}
		}
		leaves("B_abandon_1")
		leaves("B_abandon_2")
		f := tr.fates(t)["b"]
		exactly(t, "timeout+retry+backoff", "B_attempts", f.attempts)
		exactly(t, "timeout+retry+backoff", "B_end", f.end)
		exactly(t, "timeout+retry+backoff", "B_start", f.end-10)
	})
	t.Run("overload", func(t *testing.T) {
		tr := trace{servers: 10, until: 60}
		for k := 1; k <= 200; k++ {
			tr.customers = append(tr.customers, customer{fmt.Sprintf("c%d", k), float64(k) / 20, 1, ""})
		}
		var res *metrics.Result
		res, err := tr.start(t).Result()
		require.NoError(t, err)
		exactly(t, "D/D/c overload", "mean_wait", float64(res.Summary.All.Wait.Mean))
		exactly(t, "D/D/c overload", "max_wait", float64(res.Summary.All.Wait.Max))
		f := tr.fates(t)["c200"]
		exactly(t, "D/D/c overload", "start_200", f.start)
		exactly(t, "D/D/c overload", "makespan", f.end)
	})
	t.Run("ties", func(t *testing.T) {
		// Of priorities the kernel fires the lower first.
		k, order := sim.NewKernel(), &ties{}
		id := k.Register("ties", order)
		for i, priority := range []uint8{1, 1, 0} {
			k.At(5*sim.Second, sim.Event{Actor: id, Priority: priority, Arg: uint32(i)})
		}
		k.RunUntil(sim.Never)
		for place, i := range order.fired {
			exactly(t, "tie-breaking", "position_of_"+string(rune('A'+i)), float64(place+1))
		}
	})
}

type ties struct{ fired []uint32 }

func (x *ties) Handle(_ sim.Time, ev sim.Event) { x.fired = append(x.fired, ev.Arg) }
func (x *ties) Describe(sim.Event) string       { return "" }

// A server that is off duty for a while goes on where it stopped where servers are
// shared, one attempt at a time: work on it is not lost with its node.
func TestAServerThatIsOffDutyGoesOnWhereItStopped(t *testing.T) {
	f := trace{servers: 1, until: 60, queue: "discipline: processor-sharing, sharing: 1",
		more:      "timeline: [{at: +24s, kind: cause, label: off, set: {pools.servers.out_of_service: 100%}}, {at: +29s, kind: cause, label: on, set: {pools.servers.out_of_service: 0%}}]",
		customers: []customer{{"c1", 7, 4, ""}, {"c2", 14, 4, ""}, {"c3", 21, 4, ""}}}.fates(t)
	exactly(t, "server off duty", "end_1", f["c1"].end)
	exactly(t, "server off duty", "start_3", f["c3"].start)
	exactly(t, "server off duty", "end_3", f["c3"].end)
	exactly(t, "server off duty", "resume_3", f["c3"].end-(21+4-24)) // what was left at 24
}

func TestSharingStopsAtSoManyAndTheRestWaitFIFO(t *testing.T) {
	// Three share a server until 3 s, when each has had 1 s of it; then the fourth.
	f := trace{servers: 1, until: 60, queue: "discipline: processor-sharing, sharing: 3",
		customers: []customer{{"a", 0, 1, ""}, {"b", 0, 1, ""}, {"c", 0, 2, ""}, {"d", 0.5, 1, ""}}}.fates(t)
	assert.InDelta(t, 3, f["a"].end, 1e-8)
	assert.InDelta(t, 3, f["b"].end, 1e-8)
	assert.InDelta(t, 3, f["d"].start, 1e-8)
	assert.InDelta(t, 5, f["c"].end, 1e-8) // both need 1 s more, at half speed
	assert.InDelta(t, 5, f["d"].end, 1e-8)
}

func TestAFullQueueDropsWhomItsScenarioSays(t *testing.T) {
	customers := []customer{{"first", 0, 10, "high"}, {"old", 1, 10, "high"}, {"low", 2, 10, "low"}, {"late", 3, 10, "high"}}
	for drop, gone := range map[string]string{"tail": "late", "head": "old", "lowest": "low"} {
		tr := trace{servers: 1, until: 60, queue: "discipline: priority, limit: 2, drop: " + drop, customers: customers}
		for name, f := range tr.fates(t) {
			if name == gone {
				assert.Equal(t, 1.0, f.rejected, "%s: %s", drop, name)
			} else {
				assert.Zero(t, f.rejected, "%s: %s", drop, name)
				assert.Positive(t, f.end, "%s: %s", drop, name)
			}
		}
		res, err := tr.start(t).Result()
		require.NoError(t, err)
		assert.EqualValues(t, 1, res.Summary.All.Rejected["servers.drop-"+drop])
		assert.InDelta(t, 0.25, float64(res.Summary.All.ErrorRate), 1e-12)
	}
}

func TestWhoIsDisplacedResumesBeforeThoseOfItsPriorityWhoCameLater(t *testing.T) {
	f := trace{servers: 1, until: 60, queue: "discipline: priority-preemptive",
		customers: []customer{{"low1", 0, 10, ""}, {"low2", 1, 1, ""}, {"high", 4, 2, "high"}}}.fates(t)
	assert.InDelta(t, 6, f["high"].end, 1e-9)
	assert.InDelta(t, 12, f["low1"].end, 1e-9)
	assert.InDelta(t, 13, f["low2"].end, 1e-9)
	assert.Zero(t, f["low1"].wait) // until it was served first
}

func TestTheShortestRestPreempts(t *testing.T) {
	f := trace{servers: 1, until: 60, queue: "discipline: srpt",
		customers: []customer{{"long", 0, 10, ""}, {"short", 2, 3, ""}, {"longer", 3, 9, ""}}}.fates(t)
	assert.InDelta(t, 5, f["short"].end, 1e-9)
	assert.InDelta(t, 13, f["long"].end, 1e-9) // 8 s are left of it, which is less than 9
	assert.InDelta(t, 22, f["longer"].end, 1e-9)
}

func TestAnAttemptPassesAllStationsOfItsClass(t *testing.T) {
	r, err := launch.New(text(t, `
name: stations
duration: 60s
tiers: [{name: high}, {name: low}]
pools: [{name: first, nodes: 2}, {name: second, nodes: 1}]
classes: [{name: image, pool: first, service: 2s, then: [{pool: second, service: 3s}, {pool: first, service: 1s}]}]
demand: {streams: [{name: none, tier: low, class: image, rate: 0/s}]}
`), launch.Options{Seed: 1})
	require.NoError(t, err)
	a := &arrivals{r, []customer{{"one", 0, 0, ""}}}
	id := r.Kernel().Register("customers", a)
	for range 2 {
		r.Kernel().At(0, sim.Event{Actor: id, Priority: models.PriorityArrival, Arg: 0})
	}
	res, err := r.Result()
	require.NoError(t, err)
	all := res.Summary.All
	assert.EqualValues(t, 2, all.Attempts)
	assert.EqualValues(t, 2, all.Completed)
	assert.InDelta(t, 7.5, float64(all.Latency.Mean), 1e-9) // 6 s, and 9 s for the one that waits for the second
	assert.InDelta(t, 3.0/60, float64(all.QueueLength.Mean), 1e-9)
	assert.Zero(t, float64(all.Wait.Max))
	assert.InDelta(t, 6.0/60, float64(res.Summary.Pools["second"].BusyMean), 1e-9)
	assert.InDelta(t, 6.0/60, float64(res.Summary.Pools["first"].BusyMean), 1e-9)
}
