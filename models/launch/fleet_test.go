package launch_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
)

// borrowing is a surge before a pool, training that lends to it, and prices.
const borrowing = `
name: borrowing
duration: 20h
interval: 10m
tiers: [{name: free}]
classes: [{name: image, pool: gpus, service: {dist: exponential, mean: 20s}}]
pools:
  - name: gpus
    nodes: 20
    gpus_per_node: 8
    slots_per_node: 8
    start_up: 2m
    failures: {mtbf: {dist: exponential, mean: 30h}, repair: {dist: exponential, mean: 1h}}
    cost: {usd_per_gpu_hour: 2.5, watts_idle: 200, watts_busy: 1000, pue: 1.25}
fleet:
  training:
    - {name: llm, pool: gpus, nodes: 60, hand_over: {dist: uniform, min: 5m, max: 15m}, hand_back: 10m, checkpoint: 30m, restart: 10m}
demand:
  streams:
    - {name: images, class: image, tier: free, rate: 6/s, profile: [{at: +4h, x: 1}, {at: +5h, x: 3}, {at: +9h, x: 3}, {at: +10h, x: 1}]}
timeline:
  - {at: +5h, label: borrow, set: {fleet.training.llm.lend: 30}}
  - {at: +6h30m, label: more, set: {fleet.training.llm.lend: 45}}
  - {at: +11h, label: back, set: {fleet.training.llm.lend: 5}}
`

// Every GPU is at every moment of the pool or of the job, so that their hours add up to
// those of the fleet: failures, hand-overs, drains and restarts included.
func TestGPUHoursAreConservedOverTheFleet(t *testing.T) {
	for _, scale := range []string{"1", "1/7"} {
		s := run(t, with(t, text(t, borrowing), "scale", scale), launch.Options{Seed: 5}).Summary
		j := s.Training["llm"]
		pool := s.Pools["gpus"].GPUHours
		total := (20 + 60) * 8 * 20 * s.Scale
		assert.InDelta(t, total, float64(pool+j.Useful+j.Lost+j.Restarting+j.Moving), 0.01*total*math.Abs(s.Scale-1)+1e-6, scale)
		assert.InDelta(t, 20*8*20*s.Scale+float64(j.Lent), float64(pool), 0.01*total*math.Abs(s.Scale-1)+1e-6, "what is lent is the pool's")
		// By hand: lost are the 30 minutes or less before each of four changes.
		for name, x := range map[string]metrics.Figure{"lost": j.Lost, "restarting": j.Restarting, "moving": j.Moving, "lent": j.Lent} {
			assert.Greater(t, float64(x), 0.0, name)
		}
		assert.InDelta(t, float64(s.GPU.GPUHours)*2.5, float64(s.GPU.CostUSD), 1e-6)
		busy := float64(s.GPU.BusyMean) * 20
		assert.InDelta(t, (float64(s.GPU.GPUHours)*0.2+busy*0.8)*1.25, float64(s.GPU.EnergyKWh), 1e-6)
		assert.InDelta(t, float64(s.GPU.CostUSD), float64(s.All.CostUSD), 1e-6, "one class bears it all")
		assert.InDelta(t, float64(s.All.CostUSD/s.All.Completed), float64(s.All.CostPerCompleted), 1e-12)
	}
	bare := run(t, with(t, text(t, borrowing), "timeline", "[]"), launch.Options{Seed: 5}).Summary
	lent := run(t, text(t, borrowing), launch.Options{Seed: 5}).Summary
	assert.Less(t, float64(lent.All.Wait.Mean), 0.2*float64(bare.All.Wait.Mean), "it helps")
	assert.Equal(t, 60*8*20.0, float64(bare.Training["llm"].Useful))
}

// What training loses, by hand: 60 nodes run from 0 and are interrupted at 5h05m, 5
// minutes after a checkpoint; they restart until 5h15m with 50.
func TestTrainingGoesBackToItsLastCheckpoint(t *testing.T) {
	s := run(t, with(t, text(t, borrowing), "timeline", "[{at: +5h5m, label: borrow, set: {fleet.training.llm.lend: 10}}]",
		"fleet.training.llm.hand_over", "6m", "duration", "6h"), launch.Options{Seed: 5}).Summary.Training["llm"]
	assert.InDelta(t, 60*8*5/60.0, float64(s.Lost), 1e-9)
	assert.InDelta(t, 50*8*10/60.0, float64(s.Restarting), 1e-9)
	assert.InDelta(t, 10*8*6/60.0, float64(s.Moving), 1e-9)
	assert.InDelta(t, 10*8*49/60.0, float64(s.Lent), 1e-9)
	assert.InDelta(t, 60*8*(5+5/60.0)+50*8*45/60.0-60*8*5/60.0, float64(s.Useful), 1e-9)
}

// steady is an open stream before a pool of one node, and a fleet.
const steady = `
name: steady
duration: 10h
interval: 5m
tiers: [{name: free}]
classes: [{name: image, pool: gpus, service: {dist: exponential, mean: 20s}}]
pools: [{name: gpus, nodes: 5, slots_per_node: 4}]
demand: {streams: [{name: images, class: image, tier: free, rate: 4/s, profile: [{at: +5h, x: 1}, {at: +5h, x: 0.25}]}]}
fleet: {autoscaling: [{name: cloud, pool: gpus, by: %s, max_nodes: 100, delay: 3m, every: 30s, %s}]}
`

// Each law brings the pool to as many nodes as the load asks for, 80 busy servers and then
// 20, and back.
func TestAutoscalersFollowTheLoad(t *testing.T) {
	for by, law := range map[string]struct {
		more          string
		high, low     float64 // servers that it should come to
		within        float64
		wantsNoWaiter bool
	}{
		"target-tracking": {"target: 70%", 80 / 0.7, 20 / 0.7, 0.12, true},
		"predictive":      {"target: 70%, ahead: 4m", 80 / 0.7, 20 / 0.7, 0.3, true},
		"step":            {"steps: [{from: 0, change: -0.1}, {from: 0.6, change: 0}, {from: 0.8, change: 0.2}], cooldown_out: 4m, cooldown_in: 4m", 80 / 0.7, 20 / 0.7, 0.2, true},
		"queue-length":    {"backlog_per_node: 2", 92, 28, 0.2, false},
	} {
		t.Run(by, func(t *testing.T) {
			res := run(t, text(t, fmt.Sprintf(steady, by, law.more)), launch.Options{Seed: 2})
			servers := res.Pools.Column("servers_mean").Floats
			mean := func(from, to int) (sum float64) {
				for _, x := range servers[from:to] {
					sum += x / float64(to-from)
				}
				return sum
			}
			assert.Less(t, servers[0], 120.0)
			assert.InEpsilon(t, law.high, mean(36, 60), law.within, "in the third to fifth hour")
			assert.InEpsilon(t, law.low, mean(96, 120), law.within+0.15, "in the last two")
			if law.wantsNoWaiter {
				assert.Less(t, float64(res.Summary.All.ProbWait), 0.35)
			}
		})
	}
	none := run(t, with(t, text(t, fmt.Sprintf(steady, "target-tracking", "target: 70%")), "fleet.autoscaling.cloud.max_nodes", "0"), launch.Options{Seed: 2})
	assert.Equal(t, 20.0, float64(none.Summary.GPU.ServersMean))
}

func TestForecastsOrderInTimeWhatTargetTrackingOrdersLate(t *testing.T) {
	wait := func(by string) float64 {
		more := map[string]string{"predictive": "target: 70%, ahead: 16m", "target-tracking": "target: 70%"}[by]
		sc := with(t, text(t, fmt.Sprintf(steady, by, more)), "fleet.autoscaling.cloud.delay", "15m", "duration", "3h",
			"demand.streams.images.rate", "1/s", "demand.streams.images.profile", "[{at: +1h, x: 0.5}, {at: +3h, x: 12}]")
		return float64(run(t, sc, launch.Options{Seed: 4}).Summary.All.Wait.Mean)
	}
	assert.Less(t, wait("predictive"), 0.3*wait("target-tracking"))
}

func TestAnAutoscalerObeysItsDelayItsCooldownsAndItsWindow(t *testing.T) {
	first := func(knobs ...string) (out, in sim.Time) {
		sc := with(t, text(t, fmt.Sprintf(steady, "target-tracking", "target: 70%")), append([]string{"interval", "30s"}, knobs...)...)
		res := run(t, sc, launch.Options{Seed: 2})
		servers := res.Pools.Column("servers_mean").Floats
		width := sim.Time(sc.Duration) / sim.Time(len(servers))
		most := 0.0
		for i, x := range servers {
			at := sim.Time(i) * width
			if out == 0 && x > 20 {
				out = at
			}
			if at < 5*sim.Hour {
				most = max(most, x)
			} else if in == 0 && x < 60 {
				in = at - 5*sim.Hour
			}
		}
		return out, in
	}
	out, in := first()
	assert.InDelta(t, (3*sim.Minute + 30*sim.Second).Seconds(), out.Seconds(), 30)
	later, _ := first("fleet.autoscaling.cloud.delay", "10m")
	assert.InDelta(t, (10*sim.Minute + 30*sim.Second).Seconds(), later.Seconds(), 30)
	_, slow := first("fleet.autoscaling.cloud.stabilization_window", "20m")
	assert.InDelta(t, (15 * sim.Minute).Seconds(), (slow - in).Seconds(), 90)
}

// Two rounds of money: nodes are bought as far as each goes, and come after their lead.
func TestMoneyBuysNodesAsItComes(t *testing.T) {
	sc := text(t, `
name: bought
duration: 10h
interval: 1h
tiers: [{name: free}]
classes: [{name: image, pool: gpus, service: 20s}]
pools: [{name: gpus, nodes: 1, gpus_per_node: 8, slots_per_node: 8}]
demand: {streams: [{name: images, class: image, tier: free, rate: 1/h}]}
fleet:
  funds: [{name: first, at: +1h, usd: 1M}, {name: second, at: +4h, usd: 3M}]
  purchases:
    - {name: lot, pool: gpus, at: +2h, nodes: 10, lead: 1h, usd_per_gpu: 30k}
    - {name: cloud, pool: gpus, at: +2h, nodes: 20, lead: 30m, usd_per_gpu_hour: 1000}
`)
	res := run(t, sc, launch.Options{Seed: 2})
	servers := res.Pools.Column("servers_mean").Floats
	f := res.Summary.Funds
	// 1M buys 4 nodes at 240k and leaves 40k, a quarter of an hour of 160 GPUs at 1,000:
	// rented at 2h30, back at 2h45. 3M buys the other 6 and leaves 1.56M: from 4h30 on
	// the rent takes that in 9.75 h.
	assert.Equal(t, 4e6, float64(f.Raised))
	assert.InDelta(t, 10*240e3, float64(f.Bought), 1e-6)
	assert.InDelta(t, 8*8+160*15/60.-56, servers[2]-0, 48.1)
	assert.InDelta(t, 8+160*15./60, servers[2], 1e-6)
	assert.InDelta(t, 8+32, servers[3], 1e-6)
	assert.InDelta(t, 8+32+80, servers[4], 1e-6)
	assert.InDelta(t, 8+80+160, servers[6], 1e-6)
	assert.InDelta(t, 40e3+160e3*5.5, float64(f.Rented), 0.1)
	assert.InDelta(t, float64(f.Raised-f.Bought-f.Rented), float64(f.Left), 1e-6)

	// At a reduced scale shares are the same.
	small := run(t, with(t, sc, "scale", "1/4"), launch.Options{Seed: 2})
	assert.InDelta(t, float64(f.Bought)/4, float64(small.Summary.Funds.Bought), 240e3)
}

// What is wrong with a fleet is named, at its knob.
func TestAFleetThatCannotBeIsRefused(t *testing.T) {
	for spec, want := range map[string]string{
		"{autoscaling: [{name: a, pool: gpus, by: step, max_nodes: 3}]}":                                                                "fleet.autoscaling.a.steps: are missing",
		"{autoscaling: [{name: a, pool: gpus, by: predictive, max_nodes: 3, steps: [{from: 0, change: 0}]}]}":                           "fleet.autoscaling.a.steps: do nothing by predictive",
		"{autoscaling: [{name: a, pool: gpus, by: step, max_nodes: 3, steps: [{from: 1, change: 0}, {from: 1, change: 1}]}]}":           "want them in ascending order",
		"{autoscaling: [{name: a, pool: gpus, by: queue-length, max_nodes: 3}, {name: b, pool: gpus, by: queue-length, max_nodes: 3}]}": "fleet.autoscaling.b.pool: has an autoscaler already",
		"{training: [{name: a, pool: gpus, nodes: 3, lend: 5}]}":                                                                        "fleet.training.a.lend: is 5, and the job has 3 nodes",
		"{purchases: [{name: a, pool: gpus, at: +1h, nodes: 5}]}":                                                                       "fleet.purchases.a.usd_per_gpu: is 0 beside usd_per_gpu_hour of 0",
		"{purchases: [{name: a, pool: gpus, at: +1h, nodes: 5, usd_per_gpu: 1, usd_per_gpu_hour: 1}]}":                                  "fleet.purchases.a.usd_per_gpu: is 1 beside usd_per_gpu_hour of 1",
		"{spill_over: [{pool: gpus, to: [gpus]}]}":                                                                                      "is the pool itself",
		"{autoscaling: [{name: a, pool: gups, by: step, max_nodes: 3}]}":                                                                `fleet.autoscaling.a.pool: "gups" is not in pools: want gpus`,
	} {
		_, err := text(t, borrowing).With(scenario.Changes{mustChange(t, "fleet", spec), mustChange(t, "timeline", "[]")})
		assert.ErrorContains(t, err, want, spec)
	}
}

func mustChange(t *testing.T, knob, value string) scenario.Change {
	t.Helper()
	c, err := scenario.NewChange(knob, value)
	require.NoError(t, err)
	return c
}

func TestAFullPoolSpillsOver(t *testing.T) {
	sc := text(t, `
name: spill
duration: 5h
tiers: [{name: free}]
classes: [{name: image, pool: east, service: {dist: exponential, mean: 20s}}, {name: other, pool: west, service: 1s}]
pools: [{name: east, nodes: 40}, {name: west, nodes: 60}]
demand: {streams: [{name: images, class: image, tier: free, rate: 4/s}]}
fleet: {spill_over: [{pool: east, to: [west]}]}
`)
	s := run(t, sc, launch.Options{Seed: 1}).Summary

	// What overflows from 40 servers under 80 erlang: 80 B(40, 80), with B of Erlang.
	b := 1.0
	for n := 1.0; n <= 40; n++ {
		b = 80 * b / (n + 80*b)
	}
	assert.InEpsilon(t, 80*(1-b), float64(s.Pools["east"].BusyMean), 0.01)
	assert.InEpsilon(t, b, float64(s.All.Spilled/s.All.Admitted), 0.02)
	assert.Less(t, float64(s.All.ProbWait), 0.05)

	late := run(t, with(t, sc, "fleet.spill_over", "[{pool: east, to: [west], above: 1m}]"), launch.Options{Seed: 1}).Summary
	assert.InDelta(t, 60, float64(late.All.Wait.P90), 15, "they wait as long as they may, and then go")
	require.Greater(t, float64(late.All.Spilled), 10000.0)
}
