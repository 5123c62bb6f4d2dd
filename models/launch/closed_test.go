package launch_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
	"github.com/launchday-sim/launchday/sim/stats"
)

const circle = `
name: circle
duration: %s
warmup: 200s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: %d}]
demand: {streams: [{name: sources, class: job, tier: all, closed: {users: %d, think: {dist: %s}}}]}
`

func TestMachineRepairIsAClosedStream(t *testing.T) {
	// Rows 210 to 218 of the table of exact values: M/M/c//N by birth and death. The
	// law of the time between repairs does not matter to L (Bunday and Scraton 1980),
	// only its mean.
	for _, c := range []struct {
		users, servers       int
		think                string
		l, throughput, queue float64
	}{
		{10, 1, "exponential, mean: 5s", 5.091922852, 0.9816154297, 4.18728893},
		{20, 3, "exponential, mean: 10s", 2.126231622, 1.787376838, 0.1895821727},
		{50, 10, "exponential, mean: 3333333333ns", 17.19313034, 9.842060899, 0.7469034702},
		{20, 3, "deterministic, value: 10s", 2.126231622, 1.787376838, 0.1895821727},
	} {
		name := fmt.Sprintf("%d sources, %d repairers, %s", c.users, c.servers, c.think)
		t.Run(name, func(t *testing.T) {
			sc := text(t, fmt.Sprintf(circle, "2000s", c.servers, c.users, c.think))
			var l, throughput, wait []float64
			for r := range 64 {
				res := run(t, sc, launch.Options{Seed: rngtest.Seed(t, 2025), Replication: uint64(r)})
				get := func(path string) float64 {
					x, err := res.Summary.Lookup(path)
					require.NoError(t, err)
					return float64(x)
				}
				l = append(l, get("all.queue_length.mean")+get("pools.main.busy_mean"))
				throughput = append(throughput, get("all.goodput_per_s"))
				wait = append(wait, get("all.wait_s.mean"))
				require.Equal(t, float64(c.users), get("all.users"), "every user has asked")
			}
			// 64 independent runs each.
			for what, x := range map[string]struct {
				exact float64
				got   []float64
			}{"L": {c.l, l}, "throughput": {c.throughput, throughput}, "Wq": {c.queue, wait}} {
				i := stats.MeanInterval(x.got, 1-1e-5)
				assert.True(t, i.Contains(x.exact), "%s: exact %v, %v", what, x.exact, i)
				assert.Less(t, i.HalfWidth()/x.exact, 0.1, "%s: the interval proves something", what)
			}
		})
	}
}

func TestAUserOfAClosedStreamNeverHasTwoRequests(t *testing.T) {
	// With refusals, impatience, tries and returns there are at most as many
	// requests open as users, and nobody gets lost: all of them keep asking.
	sc := text(t, fmt.Sprintf(circle, "4000s", 2, 30, "exponential, mean: 5s")+`
clients: [{name: people, patience: {dist: exponential, mean: 3s}, retry: {max_tries: 3, on_abandoned: yes, base: 1s, cap: 4s}, return: {share: 90%, after: 5s, max_visits: 2}}]
policies: [{name: room, kind: queue-limit, limit: 4}]
`)
	res := run(t, sc, launch.Options{Seed: rngtest.Seed(t, 2025)})
	get := func(path string) float64 {
		x, err := res.Summary.Lookup(path)
		require.NoError(t, err)
		return float64(x)
	}
	assert.LessOrEqual(t, get("all.open"), 30.0)
	assert.Greater(t, get("all.given_up"), 100.0)
	assert.Equal(t, 30.0, get("all.users"))
	// Were a user lost at every hundredth give-up, the servers would stand idle.
	assert.Greater(t, get("pools.main.utilisation"), 0.9)
}
