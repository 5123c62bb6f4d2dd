package study

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
)

// policies are the levers that are policies.
func policies() (list []Lever) {
	for _, l := range Levers() {
		if policy.Of(l.Name).Fresh != nil {
			list = append(list, l)
		}
	}
	return list
}

// changed is a scenario with other values of knobs, given in pairs.
func changed(t *testing.T, sc *scenario.Scenario, pairs ...string) *scenario.Scenario {
	t.Helper()
	var changes scenario.Changes
	for i := 0; i < len(pairs); i += 2 {
		c, err := scenario.NewChange(pairs[i], pairs[i+1])
		require.NoError(t, err)
		changes = append(changes, c)
	}
	sc, err := sc.With(changes)
	require.NoError(t, err)
	return sc
}

// A patch of one policy gives all others their own parameters anew. That changes
// nothing in them: neither before the first attempt, when they have seen nothing of
// the pool, nor at the moment at which they are enabled, nor in the middle of the
// surge.
func TestAPatchOfOnePolicyChangesNothingInAnother(t *testing.T) {
	sc := changed(t, surge(t), "scale", "1/10", "warmup", "0s", "interval", "10m")
	const enable = "{at: +21m, label: on, set: {policies.lever.enabled: yes}}"
	const patch = "label: loose, set: {policies.other.limit: 99k}}"
	for _, l := range policies() {
		for _, variant := range l.Variants() {
			with := func(enabled, timeline string) string {
				lever := strings.TrimSuffix(strings.TrimPrefix(l.settings[0].with(variant), "["), "}]")
				world := changed(t, sc, "policies", "["+lever+", enabled: "+enabled+"}, {name: other, kind: concurrency-limit, limit: 100k}]", "timeline", "["+timeline+"]")
				res, err := launch.Play(context.Background(), world, launch.Options{Seed: 1})
				require.NoError(t, err)
				return digest(&res.Summary)
			}
			name := strings.TrimSpace(l.Name + " " + variant)
			plain := with("yes", "")
			assert.True(t, plain == with("yes", "{at: +0s, "+patch), "%s: before the first attempt", name)
			assert.True(t, plain == with("yes", "{at: +25m, "+patch), "%s: in the surge", name)
			assert.True(t, with("no", enable) == with("no", enable+", {at: +21m, "+patch), "%s: as it is enabled", name)
		}
	}
}

// periods are the keys of the periods in which controllers act.
var periods = map[string]string{
	"brownout": "period", "cinnamon": "period", "dagor": "window", "envoy-gradient": "update_interval", "pid": "period", "pie": "update",
	"rajomon": "price_update", "seda": "timeout", "starlark": "interval", "worker-utilisation": "period",
}

// A controller of two hours whose period is set to that of its preset ten minutes
// before the surge serves about as many in time as if it had had that all along.
func TestAShorterPeriodActsBeforeTheOldOneEnds(t *testing.T) {
	env := policy.Env{Now: func() sim.Time { return 0 }, Reasons: new(models.Reasons), Horizon: 2 * sim.Hour,
		Tiers: []policy.TierInfo{{Name: "free"}, {Name: "plus"}}, Classes: []string{"image"}, Pools: []string{"gpus"}}
	sc := surge(t)
	for _, l := range policies() {
		pulled, err := l.Pulled(sc, l.Variants()[0])
		require.NoError(t, err)
		p, err := pulled.Policies[0].Spec.New(env)
		require.NoError(t, err, l.Name)
		key, known := periods[l.Name]
		if _, ticks := p.(policy.Ticker); !ticks {
			assert.False(t, known, l.Name)
			continue
		}
		assert.Implements(t, (*policy.Periodic)(nil), p, l.Name)
		require.True(t, known, l.Name)
		if l.Name == "starlark" {
			continue // that which is shown has no tick
		}
		served := func(pairs ...string) float64 {
			res, err := launch.Play(context.Background(), changed(t, pulled, pairs...), launch.Options{Seed: 1})
			require.NoError(t, err)
			return inTime(&res.Summary)
		}
		short := served()
		patched := served("policies.lever."+key, "2h", "timeline", "[{at: +10m, label: shorter, set: {policies.lever."+key+": 0s}}]")
		assert.InEpsilon(t, short, patched, 0.1, l.Name)
	}
}
