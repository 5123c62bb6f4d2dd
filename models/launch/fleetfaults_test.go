package launch_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
)

// What a review of the fleet found, each in the smallest world that shows it.

func played(t *testing.T, yaml string) *metrics.Summary {
	t.Helper()
	s := run(t, text(t, yaml), launch.Options{Seed: 1}).Summary
	return &s
}

const oneJob = `
tiers: [{name: free}]
classes: [{name: image, pool: gpus, service: 1s}]
demand: {streams: [{name: s, class: image, tier: free, rate: 1/s}]}
`

// The balance at the instant at which it runs out may be a rounding error below 0.
func TestRentEndsWhereTheFundsDo(t *testing.T) {
	for _, usd := range []string{"88", "7", "33", "1k"} {
		s := played(t, "name: c\nduration: 20h"+oneJob+`
pools: [{name: gpus, nodes: 2}]
fleet:
  funds: [{name: a, at: +0s, usd: `+usd+`}]
  purchases: [{name: b, pool: gpus, at: +1h, nodes: 11, usd_per_gpu_hour: 0.1}]
`)
		assert.GreaterOrEqual(t, float64(s.Funds.Left), 0.0)
		assert.InDelta(t, float64(s.Funds.Raised), float64(s.Funds.Rented+s.Funds.Left), 1e-9)
		// 11 nodes of 8 GPUs from the second hour on, 8.8 USD an hour, 19 hours at most.
		assert.InDelta(t, math.Min(float64(s.Funds.Raised), 19*8.8), float64(s.Funds.Rented), 1e-6)
		assert.InDelta(t, 16*20+float64(s.Funds.Rented)/0.1, float64(s.GPU.GPUHours), 0.01, "what was paid for is what there was")
	}
}

func TestADeliveryOverTimeIsPaidForAsItComes(t *testing.T) {
	s := played(t, "name: c\nduration: 20h"+oneJob+`
pools: [{name: gpus, nodes: 2}]
fleet:
  funds: [{name: a, at: +0s, usd: 1M}]
  purchases: [{name: b, pool: gpus, at: +0s, nodes: 10, over: 10h, usd_per_gpu_hour: 1}]
`)
	// A node comes at each full hour from the first to the tenth: 80 GPUs for 10 hours and 80
	// x 4.5 before; paid are the 80 x 5 of an even stream.
	assert.InDelta(t, 80*10+80*4.5+16*20, float64(s.GPU.GPUHours), 1)
	assert.InDelta(t, 80*15, float64(s.Funds.Rented), 1e-6)
}

func TestADeliveryThatSlowsDownTakesNothingBack(t *testing.T) {
	s := played(t, "name: b\nduration: 10h"+oneJob+`
pools: [{name: gpus, nodes: 10, lots: [{name: l, ordered: +0s, over: 10h, nodes: 100}]}]
timeline: [{at: +5h, label: slower, set: {pools.gpus.lots.l.over: 100h}}]
`)
	// 10, and 49 more that come one each 6 minutes and stay; the fiftieth comes when it is too late.
	assert.InDelta(t, 10+24.5*0.5+49*0.5, float64(s.GPU.ServersMean), 0.01)
}

func TestWhatLargeJobsLoseDoesNotOverflow(t *testing.T) {
	s := played(t, "name: a\nduration: 10h"+oneJob+`
pools: [{name: gpus, nodes: 1, slots_per_node: 128}]
fleet: {training: [{name: llm, pool: gpus, nodes: 25k, checkpoint: 5h, hand_over: 1m, hand_back: 1m, restart: 0s}]}
timeline: [{at: +4h, label: lends, set: {fleet.training.llm.lend: 1}}]
`)
	assert.InDelta(t, 25_000*8*4, float64(s.Training["llm"].Lost), 1, "the work of four hours")
}

// Amazon EC2: a change of less than one instance is one.
func TestStepsOfLessThanANodeAreOne(t *testing.T) {
	res := run(t, text(t, `
name: i
duration: 10h
tiers: [{name: free}]
classes: [{name: image, pool: gpus, service: 1s}]
demand: {streams: [{name: s, class: image, tier: free, rate: 1/s, profile: [{at: +1h, x: 9}, {at: +1h, x: 1}]}]}
pools: [{name: gpus, nodes: 1}]
fleet: {autoscaling: [{name: a, pool: gpus, by: step, every: 1m, max_nodes: 100, delay: 1m, stabilization_window: 1m, cooldown_in: 1m, cooldown_out: 1m, steps: [{from: 0, change: -0.1}, {from: 0.4, change: 0}, {from: 0.9, change: 0.1}]}]}
`), launch.Options{Seed: 1})
	servers := res.Pools.Column("servers_mean").Floats
	assert.Greater(t, slices.Max(servers), 9.0, "from one node on, a tenth more is one more")
	assert.Less(t, servers[len(servers)-1], 4.0, "and a tenth less one less, down to what one a second needs")
}

func TestABoundThatIsLoweredHoldsAtOnce(t *testing.T) {
	s := played(t, "name: j\nduration: 2h"+`
tiers: [{name: free}]
classes: [{name: image, pool: gpus, service: 10s}]
demand: {streams: [{name: s, class: image, tier: free, rate: 5/s}]}
pools: [{name: gpus, nodes: 2}]
fleet: {autoscaling: [{name: a, pool: gpus, by: target-tracking, every: 1m, max_nodes: 200, stabilization_window: 1h, cooldown_in: 1h}]}
timeline: [{at: +1h, label: no more, set: {fleet.autoscaling.a.max_nodes: 0}}]
`)
	assert.Less(t, float64(s.GPU.ServersMean), 2+200.0/2, "not for the hour of the window")
	assert.Greater(t, float64(s.GPU.ServersMean), 20.0)
}

func TestAnswersOfALaterStationOrMadeAnewHaveTheQualityOfWhatWasLeftAway(t *testing.T) {
	s := played(t, `
name: d
duration: 1h
tiers: [{name: free}]
classes: [{name: image, pool: a, service: 1s, then: [{pool: b, service: 10s}]}]
pools: [{name: a, nodes: 100}, {name: b, nodes: 100, degrade: {steps: 20%}}]
demand: {streams: [{name: s, class: image, tier: free, rate: 1/s}]}
`)
	assert.InDelta(t, math.Pow(0.2, 0.1), float64(s.All.QualityMean), 1e-5)
	assert.Equal(t, s.All.Completed, s.All.Degraded)

	s = played(t, `
name: l
duration: 2h
tiers: [{name: free}]
classes: [{name: image, pool: gpus, service: 1000s}]
pools: [{name: gpus, nodes: 10, lost_work: retry, degrade: {steps: 100%}}]
demand: {streams: [{name: s, class: image, tier: free, rate: 2/m, profile: [{at: +5m, x: 1}, {at: +5m, x: 0}]}]}
timeline:
  - {at: +15m, label: fewer steps, set: {pools.gpus.degrade.steps: 1%}}
  - {at: +15m10s, label: down, set: {pools.gpus.out_of_service: 100%}}
  - {at: +16m, label: up, set: {pools.gpus.out_of_service: 0%}}
`)
	assert.InDelta(t, math.Pow(0.01, 0.1), float64(s.All.QualityMean), 1e-5, "all were begun anew with a hundredth of the steps")
}

func TestWhoIsSentToAnotherNodeLeavesNoHoleInTheQueue(t *testing.T) {
	for _, lost := range []string{"retry", "resume"} {
		s := played(t, `
name: k
duration: 5h
tiers: [{name: free}]
classes: [{name: image, pool: gpus, service: {dist: exponential, mean: 10s}}]
pools: [{name: gpus, nodes: 100, failures: {mtbf: {dist: exponential, mean: 1h}, repair: 1m}, lost_work: `+lost+`, checkpoint: 1s, routing: {by: random}}]
demand: {streams: [{name: s, class: image, tier: free, rate: 1/s}]}
`)
		assert.GreaterOrEqual(t, float64(s.All.QueueLength.Mean), 0.0)
		assert.Greater(t, float64(s.All.Resumed), 20.0)
		assert.InDelta(t, float64(s.All.QueueLength.Mean), float64(s.GPU.QueueLength.Mean), 1e-9)
	}
}

func TestSpillOverOfALaterStationIsRefused(t *testing.T) {
	const world = `
name: h
duration: 2h
tiers: [{name: free}]
classes: [{name: image, pool: a, service: 1s, then: [{pool: b, service: 10s}]}]
pools: [{name: a, nodes: 100}, {name: b, nodes: 5}, {name: c, nodes: 100}]
demand: {streams: [{name: s, class: image, tier: free, rate: 1/s}]}
fleet: {spill_over: [{pool: b, to: [c]}]}
`
	_, err := launch.New(text(t, world), launch.Options{})
	assert.ErrorContains(t, err, "fleet.spill_over[0].pool: b is no class's first pool")
}

// A node that batches works whole, however few its batch holds: alone on a node an attempt
// takes the power of all of it.
func TestABatchOfOneTakesThePowerOfItsNode(t *testing.T) {
	for _, slots := range []string{"1", "8"} {
		s := played(t, `
name: e
duration: 10h
tiers: [{name: free}]
classes: [{name: image, pool: gpus, images: {steps: {dist: deterministic, value: 10}}}]
pools: [{name: gpus, nodes: 1, gpus_per_node: 1, slots_per_node: `+slots+`, image_batching: {step: 36s, max_batch: 1}, cost: {watts_idle: 50, watts_busy: 1050, pue: 1}}]
demand: {streams: [{name: s, class: image, tier: free, rate: 50/h}]}
`)
		// Nearly always somebody waits: the node is at work from the first request on.
		assert.InDelta(t, 10*1.05, float64(s.GPU.EnergyKWh), 0.3, slots)
	}
	idle := played(t, `
name: e
duration: 10h
tiers: [{name: free}]
classes: [{name: image, pool: gpus, images: {steps: {dist: deterministic, value: 10}}}]
pools: [{name: gpus, nodes: 10, gpus_per_node: 1, slots_per_node: 8, image_batching: {step: 36s}, cost: {watts_idle: 50, watts_busy: 1050, pue: 1}}]
demand: {streams: [{name: s, class: image, tier: free, rate: 1/s, profile: [{at: +1s, x: 1}, {at: +1s, x: 0}]}]}
`)
	assert.InDelta(t, 10*10*0.05, float64(idle.GPU.EnergyKWh), 1.01, "but for a service or ten")
}

func TestFundsOfTheWarmUpAreThere(t *testing.T) {
	s := played(t, "name: w\nduration: 5h\nwarmup: 5h"+oneJob+`
pools: [{name: gpus, nodes: 2}]
fleet:
  funds: [{name: a, at: -4h, usd: 1000}]
  purchases: [{name: b, pool: gpus, at: -2h, nodes: 10, usd_per_gpu_hour: 1}]
`)
	assert.Equal(t, metrics.Figure(1000), s.Funds.Raised)
	assert.InDelta(t, 80*7, float64(s.Funds.Rented), 1e-6)
	assert.InDelta(t, 440, float64(s.Funds.Left), 1e-6)
}

// refused is what is wrong with a scenario, whoever finds it.
func refused(yaml string) error {
	sc, err := scenario.ReadText("t.yaml", yaml)
	if err != nil {
		return err
	}
	_, err = launch.New(sc, launch.Options{})
	return err
}

func TestWhatIsTooLargeOrDoesNothingIsRefusedAtItsKnob(t *testing.T) {
	for fleet, want := range map[string]string{
		"fleet: {training: [{name: llm, pool: gpus, nodes: 50M, hand_over: 1m, hand_back: 1m}]}":                            "fleet.training.llm.nodes: makes 5e+07 servers of pool gpus: want at most 16777216",
		"fleet: {autoscaling: [{name: a, pool: gpus, by: queue-length, metric: in-flight, max_nodes: 3}]}":                  "metric: does nothing by queue-length: want none",
		"fleet: {autoscaling: [{name: a, pool: gpus, by: step, target: 50%, steps: [{from: 0, change: 0}], max_nodes: 3}]}": "target: does nothing by step: want none",
	} {
		assert.ErrorContains(t, refused("name: w\nduration: 1h"+oneJob+"pools: [{name: gpus, nodes: 2}]\n"+fleet), want)
	}
	for cost, want := range map[string]string{"watts_idle: 3": "cost.watts_busy: is missing beside watts_idle", "watts_idle: 3, watts_busy: 2": "cost.watts_busy: 2 is less than watts_idle, 3"} {
		assert.ErrorContains(t, refused("name: w\nduration: 1h"+oneJob+"pools: [{name: gpus, nodes: 2, cost: {"+cost+"}}]\n"), want)
	}
}

// Memory that is full is as good as places that are taken.
func TestAnAutoscalerSeesThatMemoryIsFull(t *testing.T) {
	s := played(t, `
name: kv
duration: 3h
tiers: [{name: free}]
classes: [{name: chat, pool: a, tokens: {prompt: {dist: deterministic, value: 1000}, output: {dist: deterministic, value: 1000}, context: 4000}}]
pools: [{name: a, nodes: 4, gpus_per_node: 1, slots_per_node: 128, continuous_batching: {step: 10ms, per_prefill_token: 20us, kv_tokens: 20000}}]
demand: {streams: [{name: s, class: chat, tier: free, rate: 8/s}]}
clients: [{name: c, patience: 60s}]
fleet: {autoscaling: [{name: up, pool: a, by: target-tracking, target: 70%, max_nodes: 100, delay: 1m}]}
`)
	assert.Less(t, float64(s.All.AbandonmentRate), 0.05)
}

// watched is the servers of a pool over time, each minute, under an autoscaler.
func watched(t *testing.T, load, scaler string) []float64 {
	t.Helper()
	res := run(t, text(t, `
name: watched
duration: 6h
interval: 1m
tiers: [{name: free}]
classes: [{name: image, pool: gpus, service: {dist: exponential, mean: 20s}}]
pools: [{name: gpus, nodes: 5, slots_per_node: 1}]
demand: {streams: [{name: s, class: image, tier: free, rate: 4/s, profile: `+load+`}]}
fleet: {autoscaling: [{name: a, pool: gpus, max_nodes: 400, every: 30s, `+scaler+`}]}
`), launch.Options{Seed: 3})
	return res.Pools.Column("servers_mean").Floats
}

// rises are the minutes in which servers came.
func rises(servers []float64) (at []int) {
	for i := 1; i < len(servers); i++ {
		if servers[i] > servers[i-1]+0.75 {
			at = append(at, i)
		}
	}
	return at
}

func TestCooldownsKeepChangesApart(t *testing.T) {
	const steps = "by: step, delay: 10s, stabilization_window: 0s, steps: [{from: 0, change: -0.2}, {from: 0.5, change: 0}, {from: 0.9, change: 0.3}]"
	quick := rises(watched(t, "[]", steps))
	slow := rises(watched(t, "[]", steps+", cooldown_out: 20m"))
	assert.GreaterOrEqual(t, len(slow), 5)
	for i := 1; i < len(slow); i++ {
		// A rise that comes within a minute is seen in that and the next.
		assert.True(t, slow[i]-slow[i-1] <= 1 || slow[i]-slow[i-1] >= 19, "%v", slow)
	}
	assert.Greater(t, slow[len(slow)-1], 2*quick[len(quick)/2], "%v, %v", slow, quick)

	// After the load has gone, a step down each half hour and not each half minute.
	const gone = "[{at: +2h, x: 1}, {at: +2h, x: 0}]"
	fast, late := watched(t, gone, steps), watched(t, gone, steps+", cooldown_in: 30m")
	assert.Less(t, fast[150], 10.0)
	assert.Greater(t, late[150], 50.0)
}

// In flight counts those that wait, at work does not: with it a pool that is far too small
// asks at once for all that it needs.
func TestInFlightSeesTheQueue(t *testing.T) {
	work := watched(t, "[]", "by: target-tracking, delay: 10m, target: 70%")
	flight := watched(t, "[]", "by: target-tracking, metric: in-flight, delay: 10m, target: 70%")
	assert.Less(t, work[14], 20.0, "five are at work, whatever waits")
	assert.Greater(t, flight[14], 100.0)
}

// The trend of a load that rises evenly is what is added: it orders for the load of ahead.
func TestAForecastFollowsTheTrendAndNotOnlyTheLoad(t *testing.T) {
	const rising = "[{at: +1h, x: 0.25}, {at: +5h, x: 2.25}]"
	far := watched(t, rising, "by: predictive, delay: 10s, ahead: 60m, target: 100%, level: 10%, trend: 5%")
	near := watched(t, rising, "by: predictive, delay: 10s, ahead: 0s, target: 100%, level: 10%, trend: 5%")
	// In an hour the load rises by 4/s x 20 s x 0.5 = 40 servers.
	assert.InDelta(t, 40, far[200]-near[200], 15)
}

// What is on its way and no longer wanted is cancelled.
func TestWhatIsNoLongerWantedDoesNotCome(t *testing.T) {
	servers := watched(t, "[{at: +3m, x: 1}, {at: +3m, x: 0}]", "by: target-tracking, metric: in-flight, delay: 2h, stabilization_window: 1m, target: 70%")
	assert.Equal(t, 5.0, slices.Max(servers), "all were ordered in the first minutes, and given back an hour before they would have come")
}

// Nodes come back after their hand-back, a second recall with those of the first; the job is
// interrupted when they join, and loses what it has done since its checkpoint.
func TestNodesThatJoinAJobInterruptIt(t *testing.T) {
	world := func(lends string) *metrics.Summary {
		return played(t, "name: b\nduration: 10h"+oneJob+`
pools: [{name: gpus, nodes: 1, gpus_per_node: 8, slots_per_node: 1}]
fleet: {training: [{name: llm, pool: gpus, nodes: 100, lend: 50, checkpoint: 1h, hand_over: 1m, hand_back: 20m, restart: 0s}]}
timeline: [`+lends+`]
`)
	}
	one := world("{at: +3h10m, label: all back, set: {fleet.training.llm.lend: 0}}").Training["llm"]
	// 50 nodes work from 0; at 3h30m the others join, half an hour after a checkpoint.
	assert.InDelta(t, 50*8*0.5, float64(one.Lost), 1e-6)
	assert.InDelta(t, 50*8/3.0, float64(one.Moving), 1)
	assert.InDelta(t, 50*8*3+100*8*6.5, float64(one.Useful), 1)

	// The second recall begins the way back of all.
	two := world("{at: +3h10m, label: some back, set: {fleet.training.llm.lend: 20}}, {at: +3h25m, label: all back, set: {fleet.training.llm.lend: 0}}").Training["llm"]
	assert.InDelta(t, 50*8*0.75, float64(two.Lost), 1e-6, "joined once, at 3h45m")
	assert.InDelta(t, 30*8*35/60.0+20*8*20/60.0, float64(two.Moving), 1)
}

// Rent that was to begin after the funds are used up does not.
func TestNodesThatComeAfterTheFundsAreNotPaidFor(t *testing.T) {
	s := played(t, "name: c\nduration: 20h"+oneJob+`
pools: [{name: gpus, nodes: 2}]
fleet:
  funds: [{name: a, at: +0s, usd: 80}]
  purchases:
    - {name: b, pool: gpus, at: +0s, nodes: 10, usd_per_gpu_hour: 1}
    - {name: late, pool: gpus, at: +0s, lead: 5h, nodes: 10, usd_per_gpu_hour: 1}
`)
	assert.InDelta(t, 80, float64(s.Funds.Rented), 1e-9)
	assert.InDelta(t, 16*20+80, float64(s.GPU.GPUHours), 0.1, "the first are there for an hour, the others never")
}

// A pool spills while somebody waits at it, and helpers join by a patch.
func TestSpillOverGoesByWhoWaitsAndCanBeginLater(t *testing.T) {
	const two = `
name: two
duration: 2h
interval: 1h
tiers: [{name: free}]
classes: [{name: image, pool: east, service: {dist: exponential, mean: 10s}}]
pools: [{name: east, nodes: 10, slots_per_node: 1}, {name: west, nodes: 100, slots_per_node: 1}]
demand: {streams: [{name: s, class: image, tier: free, rate: 3/s}]}
clients: [{name: c, patience: 30s}]
`
	whole := played(t, two+"fleet: {spill_over: [{pool: east, to: [west]}]}\n")
	later := played(t, two+"timeline: [{at: +1h, label: help, set: {fleet.spill_over: [{pool: east, to: [west]}]}}]\n")
	assert.Zero(t, whole.All.QueueLength.Max)
	assert.InDelta(t, 0.5, float64(later.All.Spilled/whole.All.Spilled), 0.05)
}

func TestSlowNodesMakePicturesSlowly(t *testing.T) {
	s := played(t, `
name: slow
duration: 1h
tiers: [{name: free}]
classes: [{name: image, pool: gpus, images: {steps: {dist: deterministic, value: 10}}}]
pools: [{name: gpus, nodes: 50, slots_per_node: 1, image_batching: {step: 1s}, slow: {share: 100%, speed: 0.5}}]
demand: {streams: [{name: s, class: image, tier: free, rate: 1/s}]}
`)
	assert.InDelta(t, 20, float64(s.All.Latency.P50), 0.2)
}
