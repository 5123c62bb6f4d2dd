package launch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
)

// limits are one of each kind, with at most 25 in flight.
var limits = map[string]string{
	"aimd":             "initial: 20, max: 25, min: 1",
	"vegas":            "preset: source, initial: 20, max: 25",
	"gradient2":        "initial: 20, min: 1, max: 25",
	"envoy-gradient":   "min_concurrency: 20, max_concurrency: 25",
	"failsafe-limiter": "initial: 20, max: 25",
	"pid":              "max_limit: 25",
}

// Twenty servers and demand for thirty: what is let in beyond twenty waits. The
// pool's own count of what is in flight is the check on that of the policy.
func TestNeverMoreAreInFlightThanTheLargestLimit(t *testing.T) {
	for kind, parameters := range limits {
		res := run(t, twoPools(t, "  - {name: limit, kind: "+kind+", "+parameters+"}"), launch.Options{Seed: 1})
		f := res.Summary.All
		assert.LessOrEqual(t, float64(f.QueueLength.Max), 5.0, kind)
		assert.Greater(t, float64(f.Rejected["limit"]), 500.0, kind)
		assert.Greater(t, float64(f.ErrorRate), 0.1, kind)
		assert.Greater(t, float64(f.Completed), 1000.0, kind)
	}
}

// Nobody is counted for ever: not who left a line or the queue, was dropped at
// the head of it, refused by a later policy or lost with a node, nor who was there
// when the limit was switched off and on. In the calm at the end fewer ask than
// even the least limit lets in, so that none is refused.
func TestALimitForgetsAllWhoAreGone(t *testing.T) {
	world := func(kind, parameters, duration string) *metrics.Figures {
		return run(t, text(t, `
name: comings-and-goings
duration: `+duration+`
tiers: [{name: all}]
classes: [{name: job, pool: main, service: 10s}]
pools: [{name: main, nodes: 20, failures: {mtbf: {dist: exponential, mean: 5min}, repair: {dist: exponential, mean: 20s}}}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 3/s, profile: [{at: +2000s, x: 1}, {at: +2001s, x: 0}, {at: +3000s, x: 0}, {at: +3001s, x: 0.03}]}]}
clients: [{name: people, patience: {dist: exponential, mean: 20s}, retry: {max_tries: 2, on_abandoned: yes}}]
policies:
  - {name: keeper, kind: test-hold-back}
  - {name: limit, kind: `+kind+`, `+parameters+`}
  - {name: late, kind: deadline, max_wait: 1s}
  - {name: full, kind: queue-limit, limit: 1}
timeline:
  - {at: +605s, label: "off", set: {policies.limit.enabled: no}}
  - {at: +765s, label: "on", set: {policies.limit.enabled: yes}}
`), launch.Options{Seed: 1}).Summary.All
	}
	for kind, parameters := range map[string]string{
		"aimd":           "initial: 20, min: 20, max: 25",
		"gradient2":      "initial: 20, min: 20, max: 25",
		"envoy-gradient": "min_concurrency: 20, max_concurrency: 25",
		"pid":            "min_limit: 20, max_limit: 20",
	} {
		surge, whole := world(kind, parameters, "3000s"), world(kind, parameters, "20000s")
		assert.Greater(t, float64(surge.Failed), 5.0, kind)
		assert.Greater(t, float64(surge.TimedOut), 5.0, kind)
		assert.Greater(t, float64(surge.Abandoned), 100.0, kind)
		assert.Greater(t, float64(surge.Rejected["full"]), 5.0, kind)
		assert.Greater(t, float64(surge.Rejected["limit"]), 20.0, kind)
		assert.Equal(t, surge.Rejected["limit"], whole.Rejected["limit"], kind)
		assert.Greater(t, float64(whole.Completed), float64(surge.Completed)+50, kind)
	}
}
