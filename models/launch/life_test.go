package launch_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// failing is work of 100 s each on nodes that fail every 100 s on average, of which some
// are always free: whoever loses his goes on at another at once.
const failing = `
name: failing
duration: 40000s
warmup: 2000s
tiers: [{name: user}]
classes: [{name: job, pool: main, service: 100s}]
pools: [{name: main, nodes: 400, failures: {mtbf: {dist: exponential, mean: 100s}, repair: 10s}}]
demand: {streams: [{name: jobs, class: job, tier: user, rate: 1/s}]}
`

// What is lost with its node fails with chance 1-exp(-S/M), for work S and a mean time M
// between failures; if it begins anew it takes (exp(S/M)-1) M in the mean, and with a
// checkpoint every c, S/c times (exp(c/M)-1) M (Daly, Future Generation Computer Systems
// 22, 2006, for checkpoints that cost nothing). A false alarm once in 10,000 runs.
func TestLostWorkTakesWhatTheorySays(t *testing.T) {
	play := func(lost string) *metrics.Figures {
		s := run(t, with(t, text(t, failing), "pools.main.lost_work", lost, "pools.main.checkpoint", "10s"), launch.Options{Seed: rngtest.Seed(t, 7)}).Summary
		return s.All
	}
	near := func(want float64, got metrics.Figure, sd, n float64, what string) {
		t.Helper()
		assert.InDelta(t, want, float64(got), 4.2*sd/math.Sqrt(n), what)
	}
	r := play("report")
	p := 1 - math.Exp(-1)
	near(p, r.Failed/(r.Failed+r.Completed), math.Sqrt(p*(1-p)), float64(r.Failed+r.Completed), "share that fails")
	assert.Zero(t, float64(r.Resumed))

	r = play("retry")
	assert.Zero(t, float64(r.Failed))
	near(100*(math.E-1), r.Latency.Mean, float64(r.Latency.SD), float64(r.Completed), "time when work begins anew")
	near(math.E-1, r.Resumed/r.Completed, 2.2, float64(r.Completed), "losses of each") // geometric, success 1/e: sd sqrt(e^2-e)
	near(100*(math.E-1)-100, r.Wasted/r.Completed, float64(r.Latency.SD), float64(r.Completed), "what is wasted")
	again := r.Latency.Mean

	r = play("resume")
	near(1000*(math.Exp(0.1)-1), r.Latency.Mean, float64(r.Latency.SD), float64(r.Completed), "time with checkpoints")
	near(1000*(math.Exp(0.1)-1)-100, r.Wasted/r.Completed, float64(r.Latency.SD), float64(r.Completed), "what is wasted since the last checkpoint")
	assert.Less(t, float64(r.Latency.Mean), float64(again))
}

// In lines of nodes and in batches, too, work that is to be tried again is never lost.
func TestLostWorkIsTriedAgainInLinesAndInBatches(t *testing.T) {
	for name, knobs := range map[string][]string{
		"lines":    {"pools.main.routing", "{by: power-of-choices}"},
		"batches":  {"pools.main.slots_per_node", "4", "pools.main.nodes", "150", "classes", "[{name: job, pool: main, images: {steps: {dist: deterministic, value: 20}}}]", "pools.main.image_batching", "{step: 1s, per_megapixel: 0.2s}"},
		"priority": {"pools.main.queue.discipline", "priority-preemptive", "pools.main.slots_per_node", "2"},
		"srpt":     {"pools.main.queue.discipline", "srpt", "pools.main.slots_per_node", "2"},
		"apf":      {"pools.main.queue.discipline", "apf", "pools.main.slots_per_node", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := run(t, with(t, text(t, failing), append(knobs, "duration", "8000s", "pools.main.lost_work", "retry")...), launch.Options{Seed: 3}).Summary.All
			assert.Zero(t, float64(s.Failed))
			assert.Greater(t, float64(s.Resumed), 100.0)
			assert.Greater(t, float64(s.Completed), 4000.0)
		})
	}
}

// With a warm-up, too, a deploy begins at its date.
func TestADeployBeginsAtItsDate(t *testing.T) {
	sc := with(t, text(t, failing), "duration", "4h", "warmup", "30m", "interval", "10m", "pools.main.deploys", "[{name: v2, at: +1h, at_once: 100%, takes: 2h, bad: 50%, mend: 1h}]",
		"pools.main.failures.mtbf", "1000h")
	down := run(t, sc, launch.Options{Seed: 1}).Pools.Column("updating_mean").Floats
	for i, want := range []float64{0, 0, 0, 0, 0, 0, 400, 400, 400, 400, 400, 400, 200, 200, 200, 200, 200, 200, 0} {
		assert.InDelta(t, want, down[i], 1e-6, "in the %d-th ten minutes", i)
	}
}
