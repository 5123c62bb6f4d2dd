package launch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
)

// farm is servers with a line each.
const farm = `
name: farm
duration: 20000s
warmup: 1000s
interval: 1000s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: 2, routing: {by: shortest-queue}}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 1.6/s}]}
`

// Exact values of models/textbook's wide table for two servers and for many; at random
// each server is an M/M/1 queue.
func TestARuleOfRoutingHasItsKnownMeanTime(t *testing.T) {
	for _, c := range []struct {
		by      string
		servers string
		rate    string
		mean    float64
		within  float64
	}{
		{"{by: shortest-queue}", "2", "1.6/s", 2.955736618, 0.2},      // truncated Markov chain
		{"{by: random}", "2", "1.6/s", 5, 0.5},                        // M/M/1 at 0.8
		{"{by: power-of-choices}", "300", "270/s", 2.614057377, 0.08}, // fixed point at 0.9, of infinitely many
		{"{by: power-of-choices, choices: 1}", "20", "10/s", 2, 0.1},  // M/M/1 at 0.5
	} {
		knobs := []string{"pools.main.routing", c.by, "pools.main.nodes", c.servers, "demand.streams.jobs.rate", c.rate}
		if c.servers == "300" {
			knobs = append(knobs, "duration", "2000s", "warmup", "200s", "interval", "100s")
		}
		s := run(t, with(t, text(t, farm), knobs...), launch.Options{Seed: 1}).Summary.All
		assert.InDelta(t, c.mean, float64(s.Latency.Mean), c.within, "%s on %s", c.by, c.servers)
		require.Equal(t, s.Requests, s.Completed+s.InSystem)
	}
}

func TestTheBetterARuleKnowsTheNodesTheShorterTheWait(t *testing.T) {
	wait := func(by string) float64 {
		return float64(run(t, with(t, text(t, farm), "pools.main.routing", "{by: "+by+"}", "pools.main.nodes", "10", "demand.streams.jobs.rate", "9/s"), launch.Options{Seed: 2}).Summary.All.Wait.Mean)
	}
	random, turns, two, shortest := wait("random"), wait("round-robin"), wait("power-of-choices"), wait("shortest-queue")
	assert.Less(t, turns, 0.75*random)
	assert.Less(t, two, 0.5*random)
	assert.Less(t, shortest, 0.8*two)
	central := text(t, `
name: farm
duration: 20000s
warmup: 1000s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: 10}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 9/s}]}
`)
	assert.Less(t, float64(run(t, central, launch.Options{Seed: 2}).Summary.All.Wait.Mean), shortest)
}

// Nodes fail under their lines, users leave and come back: whoever has lost his node is
// sent to another, and both identities hold.
func TestLinesOfNodesThatFailGoToOthers(t *testing.T) {
	for _, by := range []string{"random", "round-robin", "shortest-queue", "power-of-choices", "session"} {
		sc := with(t, text(t, farm), "pools.main.routing", "{by: "+by+"}", "pools.main.nodes", "6", "pools.main.slots_per_node", "3", "demand.streams.jobs.rate", "17/s",
			"pools.main.failures", "{mtbf: {dist: exponential, mean: 5m}, repair: {dist: exponential, mean: 1m}}",
			"clients", "[{name: people, patience: {dist: exponential, mean: 20s}, retry: {max_tries: 3, base: 1s, cap: 10s, on_abandoned: yes}, hedge: {after: 10s}}]",
			"timeline", "[{at: +5000s, label: a, kind: cause, set: {pools.main.out_of_service: 100%}}, {at: +5300s, label: b, kind: cause, set: {pools.main.out_of_service: 0%}}, {at: +8000s, label: c, kind: lever, set: {pools.main.nodes: 9}}]")
		res := run(t, sc, launch.Options{Seed: 3}) // both identities are checked there
		assert.Equal(t, hash(t, res), hash(t, run(t, sc, launch.Options{Seed: 3})), by)
		s := res.Summary.All
		for what, n := range map[string]float64{"abandoned": float64(s.Abandoned), "failed": float64(s.Failed), "cancelled": float64(s.Cancelled)} {
			assert.Greater(t, n, 100.0, "%s: %s", by, what)
		}
		assert.Greater(t, float64(s.CompletedShare), 0.5, by)
	}
}

func TestChatIsRoutedToNodesToo(t *testing.T) {
	for _, by := range []string{"shortest-queue", "session"} {
		s := run(t, with(t, text(t, chat), "pools.gpus.routing", "{by: "+by+"}", "demand.streams.chat.rate", "160/s", "pools.gpus.failures", "{mtbf: {dist: exponential, mean: 10m}, repair: {dist: exponential, mean: 30s}}",
			"clients", "[{name: people, patience: {dist: exponential, mean: 15s}, retry: {max_tries: 3, base: 1s, cap: 10s}}]"), launch.Options{Seed: 3}).Summary.All
		assert.Greater(t, float64(s.CompletedShare), 0.7, by)
		assert.Greater(t, float64(s.Failed), 100.0, by)
	}
}

func TestWhatDoesNothingBesideRoutingIsRefused(t *testing.T) {
	for want, knobs := range map[string][]string{
		"pools.main.queue.discipline: does nothing": {"pools.main.queue", "{discipline: lifo}"},
		"pools.main.queue.limit: does nothing":      {"pools.main.queue", "{limit: 10}"},
		"has lines at its nodes":                    {"classes.job.kind", "fluid"},
		"routing.by":                                {"pools.main.routing", "{by: luck}"},
	} {
		var changes scenario.Changes
		for i := 0; i < len(knobs); i += 2 {
			c, err := scenario.NewChange(knobs[i], knobs[i+1])
			require.NoError(t, err)
			changes = append(changes, c)
		}
		_, err := text(t, farm).With(changes)
		assert.ErrorContains(t, err, want)
	}
}

// A policy that drops an attempt at its turn may bring its next copy before the pool while
// those who lost their nodes are sent to others.
func TestWhoIsDroppedAtHisTurnMayComeAgainWhileLinesAreSentOn(t *testing.T) {
	for _, by := range []string{"random", "round-robin", "shortest-queue", "power-of-choices", "session"} {
		for _, policy := range []string{"{name: c, kind: codel, target: 100ms, interval: 1s}", "{name: c, kind: expired-work, deadline: 5s}"} {
			s := run(t, with(t, text(t, farm), "duration", "1h", "interval", "10m", "pools.main.routing", "{by: "+by+"}", "pools.main.nodes", "5", "pools.main.slots_per_node", "2", "demand.streams.jobs.rate", "9/s",
				"policies", "["+policy+"]", "clients", "[{name: p, patience: {dist: exponential, mean: 60s}, hedge: {after: 5s, max: 3}, retry: {max_tries: 3, base: 1s, on_abandoned: yes}}]",
				"timeline", "[{at: +6m, label: a, kind: cause, set: {pools.main.out_of_service: 100%}}, {at: +7m, label: b, kind: cause, set: {pools.main.out_of_service: 0%}}]"), launch.Options{Seed: 1}).Summary.All
			assert.Greater(t, float64(s.Completed), 10000.0, "%s, %s", by, policy)
		}
	}
}

// The line of a node that drains is sent on at once, though no server comes or goes.
func TestTheLineOfANodeThatDrainsIsSentOn(t *testing.T) {
	for seed := range uint64(20) {
		res := run(t, text(t, `
name: drain
duration: 4h
interval: 10m
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: discrete, values: [1s, 10h], weights: [4, 1]}}]
pools: [{name: main, nodes: 3, routing: {by: round-robin}}]
demand: {streams: [{name: f, class: job, tier: all, rate: 12/m, profile: [{at: +0s, x: 1}, {at: +1m, x: 1}, {at: +1m, x: 0}]}]}
timeline: [{at: +10m, label: drain, set: {pools.main.nodes: 1}}]
`), launch.Options{Seed: seed})
		last := res.Pools.Len() - 1
		idle := res.Pools.Column("capacity_mean").Floats[last] - res.Pools.Column("busy_mean_job").Floats[last]
		if idle > 0.5 {
			assert.Zero(t, res.Pools.Column("queue_length_mean").Floats[last], "seed %d: somebody waits before an idle server", seed)
		}
	}
}

// Spare cycles let nobody wait in the lines of nodes while they let others go on.
func TestSpareCyclesBeforeLinesOfNodesStartWhatThereIsRoomFor(t *testing.T) {
	s := run(t, with(t, text(t, farm), "duration", "3h", "interval", "10m", "warmup", "0s", "tiers", "[{name: free}, {name: plus}]",
		"demand.streams", "[{name: a, class: job, tier: free, rate: 1/s}, {name: b, class: job, tier: plus, rate: 20/s}]",
		"policies", "[{name: spare, kind: spare-cycles, tiers: [free]}]", "pools.main.nodes", "1",
		"timeline", "[{at: +10m, label: more, kind: lever, set: {pools.main.nodes: 100}}]", "clients", "[{name: p, patience: 10s}]"), launch.Options{Seed: 1}).Summary
	assert.Greater(t, float64(s.Tiers["free"].Completed), 9000.0)
	assert.Less(t, float64(s.Tiers["free"].QueueLength.Max), 5.0)
}
