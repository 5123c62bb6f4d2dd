package study

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/scenario"
)

// A bucket whose burst is scaled away lets through less, and a run says so.
func TestABurstThatIsScaledAwayIsSaid(t *testing.T) {
	const text = `
name: bucket
duration: 1h
scale: 1/50
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: 1000}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 10/s}]}
policies: [{name: limit, kind: token-bucket, rate: 5/s, burst: 50}]
`
	mind := func(text string) string {
		sc, err := scenario.ReadText("t.yaml", text)
		require.NoError(t, err)
		lines, err := Warnings(sc)
		require.NoError(t, err)
		return strings.Join(lines, "\n")
	}
	assert.Equal(t, "policy limit has a burst of 50, which is 1 at scale 1/50: of so little it is coarser than of the whole world, and may let through less, or nothing", mind(text))
	assert.Empty(t, mind(strings.Replace(text, "1/50", "1/5", 1)))
	assert.Empty(t, mind(strings.Replace(text, "burst: 50", "burst: 5k", 1)))
	assert.Empty(t, mind(strings.Replace(text, "scale: 1/50", "scale: 1", 1)))

	// Policies that are not free of scale are named.
	codel := strings.Replace(text, "{name: limit, kind: token-bucket, rate: 5/s, burst: 50}", "{name: wait, kind: codel, preset: inference}, {name: v, kind: vegas, preset: inference}", 1)
	assert.Equal(t, "at scale 1/50 these policies act otherwise than in the whole world, so that nothing is to be concluded of their order: wait (codel), v (vegas); launchday levers show says why", mind(codel))
	assert.Empty(t, mind(strings.Replace(codel, "scale: 1/50", "scale: 1", 1)))

	// Nobody is told apart here.
	quota := strings.Replace(strings.Replace(text, "kind: token-bucket, rate: 5/s, burst: 50", "kind: user-quota, limit: 3, window: 1d", 1), "scale: 1/50", "scale: 1", 1)
	assert.Contains(t, mind(quota), "policy limit counts by user, and does nothing")
	assert.Empty(t, mind(strings.Replace(strings.Replace(quota, "rate: 10/s", "per_user: 1/d", 1), "{name: all}", "{name: all, users: 1k}", 1)))

	// What is counted may be dearer than one.
	cost := strings.Replace(strings.Replace(text, "kind: token-bucket, rate: 5/s, burst: 50", "kind: cost-limit, rate: 90/s, burst: 1k", 1), "mean: 1s", "mean: 20s", 1)
	assert.Contains(t, mind(cost), "policy limit has a burst of 1000, which is 20 at scale 1/50")
	assert.Empty(t, mind(strings.Replace(cost, "burst: 1k", "burst: 100k", 1)))
}
