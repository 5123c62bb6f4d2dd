package admission_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// flood is a pool of 100 servers that completes 5 images a second, under twice
// of that for an hour of warm-up and an hour that counts. A tenth of the load is
// of pro, three tenths of plus, the rest of free, for which a sixth of its
// demand is left.
func flood(t testing.TB, policy string) *metrics.Summary { return pool(t, 100, policy, "") }

// pool is the same with so many servers and more sections.
func pool(t testing.TB, nodes int, policy, more string) *metrics.Summary {
	t.Helper()
	if policy != "" {
		policy = "{name: load, " + policy + "}"
	}
	sc, err := scenario.ReadText("flood.yaml", strings.TrimSpace(fmt.Sprintf(`
name: flood
duration: 1h
warmup: 1h
tiers: [{name: pro, priority: 0}, {name: plus, priority: 1}, {name: free, priority: 2}]
classes: [{name: image, pool: gpus, service: {dist: gamma, mean: 20s, cv: 0.3}}]
pools: [{name: gpus, nodes: %d}]
demand:
  streams:
    - {name: pro, class: image, tier: pro, rate: 1/s}
    - {name: plus, class: image, tier: plus, rate: 3/s}
    - {name: free, class: image, tier: free, rate: 6/s}
policies: [%s]
%s
`, nodes, policy, more)))
	require.NoError(t, err)
	r, err := launch.New(sc, launch.Options{Seed: rngtest.Seed(t, 1)})
	require.NoError(t, err)
	res, err := r.Result()
	require.NoError(t, err)
	return &res.Summary
}

// wait is the mean time from arrival to start, with that in a policy's own queue
// by Little's law.
func wait(s *metrics.Summary) float64 {
	return float64(s.All.Wait.Mean) + float64(s.All.Held.Mean)/float64(s.All.GoodputPerS)
}

// Each bound is five standard deviations or more away from the mean of 60 seeds.
func TestUnderTwiceTheCapacityTheWaitStaysNearItsTargetAndTheLowestTierPays(t *testing.T) {
	none := flood(t, "")
	require.Greater(t, float64(none.All.QueueLength.Mean)/5, 2000.0, "with no policy an image waits for most of an hour, and more each minute")

	for _, tc := range []struct {
		policy      string
		wait        float64 // at most, seconds
		utilisation float64 // at least
		pro, plus   float64 // completed at least; 0: the policy knows no tiers
	}{
		{"kind: deadline-admission, deadline: 10s", 10.5, 0.99, 0, 0},
		{"kind: reserved-capacity, critical: [pro, plus], share: 80%", 5, 0.95, 0.99, 0.99},
		{"kind: worker-utilisation, order: [free, plus]", 0.3, 0.83, 0.99, 0.95},
		{"kind: priority-shedding, thresholds: [{name: free, utilisation: 80%}, {name: plus, utilisation: 98%}]", 0.5, 0.83, 0.99, 0.95},
		{"kind: dagor", 3.7, 0.87, 0.99, 0.87},
		{"kind: seda, rate: 5/s", 16, 0.7, 0, 0},
		{"kind: seda, rate: 5/s, buckets: tiers", 20, 0.42, 0.99, 0},
		{"kind: breakwater", 2.1, 0.95, 0, 0},
		{"kind: cinnamon", 12, 0.99, 0.85, 0.85},
		{"kind: rajomon", 8.2, 0.91, 0, 0},
		{"kind: partitioned-limit, shares: [{name: pro, share: 30%}, {name: plus, share: 60%}]", 9, 0.98, 0.95, 0.85},
	} {
		t.Run(tc.policy, func(t *testing.T) {
			s := flood(t, tc.policy)
			pro, plus, free := s.Tiers["pro"], s.Tiers["plus"], s.Tiers["free"]
			t.Logf("wait %.1f s, utilisation %.3f, completed pro %.3f plus %.3f free %.3f", wait(s), float64(s.GPU.Utilisation),
				float64(pro.CompletedShare), float64(plus.CompletedShare), float64(free.CompletedShare))
			assert.Less(t, wait(s), tc.wait)
			assert.Greater(t, float64(s.GPU.Utilisation), tc.utilisation)
			assert.Greater(t, float64(pro.CompletedShare), tc.pro)
			assert.Greater(t, float64(plus.CompletedShare), tc.plus)
			if tc.plus > 0 {
				assert.Less(t, float64(free.CompletedShare), float64(plus.CompletedShare)/2, "free is refused first")
			}
		})
	}
}

// DAGOR is there to keep the high tiers. With the published window of a second it
// has moved its level through all of them and back before it sees what that did.
func TestDAGORKeepsTheHighTiersInInferenceAndLosesThemWithPublishedTimes(t *testing.T) {
	paid := func(policy string) float64 { return float64(flood(t, policy).Tiers["plus"].CompletedShare) }
	assert.Greater(t, paid("kind: dagor"), 0.87)
	assert.Less(t, paid("kind: dagor, preset: source"), 0.8)
}

// The constants of milliseconds are of no use for work of seconds, which is why
// there are two sets.
func TestWhatIsPublishedForMillisecondsStarvesAPoolThatWorksForSeconds(t *testing.T) {
	assert.Less(t, float64(flood(t, "kind: seda, rate: 5/s, preset: source").GPU.Utilisation), 0.1, "no answer can come within a second: the bucket closes")
	assert.Less(t, float64(flood(t, "kind: partitioned-limit, preset: source, shares: [{name: pro, share: 30%}]").GPU.Utilisation), 0.3, "nor within 5 s: the limit falls to its least")
}

func TestAPoolThatIsHalfIdleRefusesAlmostNobody(t *testing.T) {
	for _, p := range []string{
		"kind: deadline-admission, deadline: 10s", "kind: dagor", "kind: breakwater", "kind: cinnamon", "kind: seda, rate: 20/s", "kind: rajomon",
		"kind: worker-utilisation, order: [free, plus]", "kind: partitioned-limit, shares: [{name: pro, share: 30%}]",
	} {
		t.Run(p, func(t *testing.T) {
			s := pool(t, 400, p, "")
			assert.Greater(t, float64(s.All.CompletedShare), 0.99)
		})
	}
}

// A policy that counts who is in flight must not lose count where users leave the
// queue, its own or the pool's.
func TestCountsStayRightWhereUsersLeave(t *testing.T) {
	const impatient = "clients: [{name: people, patience: {dist: exponential, mean: 5s}, retry: {max_tries: 3, on_abandoned: yes, base: 5s}}]"
	for _, p := range []string{
		"kind: cinnamon", "kind: cinnamon, tuned: no", "kind: breakwater", "kind: reserved-capacity, critical: [pro], share: 10%",
		"kind: partitioned-limit, shares: [{name: pro, share: 30%}]",
	} {
		t.Run(p, func(t *testing.T) {
			s := pool(t, 100, p, impatient)
			assert.Greater(t, float64(s.GPU.Utilisation), 0.97)
			assert.Less(t, wait(s), 10.0)
			assert.Positive(t, float64(s.All.Abandoned))
		})
	}
}
