package launch_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
)

// Twice as much comes as can be served, from two hundred users of whom some are
// far busier than others.
const crowd = `name: crowd
start: 2025-03-25T23:50:00Z
duration: 20m
tiers: [{name: free, users: 200}, {name: plus, users: 20, paid: yes}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 10s}}]
pools: [{name: main, nodes: 20}]
demand:
  streams:
    - {name: free, class: job, tier: free, per_user: 1/m, top_tenth: 50%}
    - {name: plus, class: job, tier: plus, per_user: 2/m}
clients: [{name: app, patience: {dist: exponential, mean: 30s}, retry: {max_tries: 3, base: 5s, jitter: full}}]
policies: [{name: limit, POLICY}]
timeline: [{at: +15m, label: change, set: {CHANGE}}]
`

// Each kind of limit refuses in a run, keeps both identities, which every run
// checks, takes new parameters in the middle, and does the same again.
func TestEveryLimitActsInARun(t *testing.T) {
	for _, tc := range []struct{ policy, change string }{
		{"kind: gcra, rate: 2/s, burst: 5", "policies.limit.rate: 1/s"},
		{"kind: gcra, rate: 1/m, burst: 2, per: user", "policies.limit.burst: 1"},
		{"kind: leaky-bucket, rate: 1/s, size: 10", "policies.limit.size: 5"},
		{"kind: fixed-window, limit: 60, window: 1m", "policies.limit.window: 30s"},
		{"kind: fixed-window, limit: 2, window: 2m, per: user", "policies.limit.limit: 1"},
		{"kind: sliding-window, limit: 60, window: 1m", "policies.limit.window: 30s"},
		{"kind: sliding-window, limit: 2, window: 2m, per: user", "policies.limit.limit: 1"},
		{"kind: sliding-log, limit: 60, window: 1m", "policies.limit.limit: 20"},
		{"kind: sliding-log, limit: 2, window: 2m, per: user", "policies.limit.limit: 3"},
		{"kind: concurrency-limit, limit: 30", "policies.limit.limit: 10"},
		{"kind: concurrency-limit, limit: 15, per: tier", "policies.limit.limit: 20"},
		{"kind: concurrency-limit, limit: 1, per: user", "policies.limit.per: all"},
		{"kind: requests-and-tokens, rpm: 2, tpm: 3k, tokens: 1000, tokens_cv: 0.5", "policies.limit.rpm: 1"},
		{"kind: cost-limit, rate: 10/s, burst: 50", "policies.limit.rate: 5/s"},
		{"kind: user-quota, limit: 3, window: 1d, reset: utc-midnight", "policies.limit.reset: sliding"},
		{"kind: user-quota, limit: 3, window: 1h, reset: local-midnight, offset: [-5, 1, 8]", "policies.limit.limit: 4"},
		{"kind: user-quota, limit: 3, window: 5m, reset: sliding", "policies.limit.reset: rolling"},
		{"kind: x-time-rate, rate: 2/s, burst: 5", "policies.limit.rate: 1/s"},
		{"kind: throttled, rate: 1/m, burst: 2, per: user", "policies.limit.burst: 1"},
	} {
		text := strings.NewReplacer("POLICY", tc.policy, "CHANGE", tc.change).Replace(crowd)
		sc, err := scenario.ReadText("crowd.yaml", text)
		require.NoError(t, err, tc.policy)
		res := run(t, sc, launch.Options{Seed: 5})
		refused := 0.0
		for _, n := range res.Summary.All.Rejected {
			refused += float64(n)
		}
		assert.Greater(t, refused, 50.0, tc.policy)
		assert.Greater(t, float64(res.Summary.All.Completed), 200.0, tc.policy)
		assert.Equal(t, hash(t, res), hash(t, run(t, sc, launch.Options{Seed: 5})), tc.policy)
	}
}
