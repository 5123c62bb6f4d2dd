package launch_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
)

// Twice as much comes as can be served, and a script that keeps the queue short.
const scripted = `name: scripted
duration: 10m
tiers: [{name: free}, {name: plus, paid: yes}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: 10}]
demand:
  streams:
    - {name: free, class: job, tier: free, rate: 15/s}
    - {name: plus, class: job, tier: plus, rate: 5/s}
policies:
  - name: mine
    kind: starlark
    interval: 10s
    script: |
      causes = {"full": 503}
      state["ended"] = 0
      state["ticks"] = 0

      def admit(now, attempt, signals):
          if attempt.tier == "free" and signals.waiting >= 20:
              return {"reject": "full", "retry_after": 5.0}
          if now > 300.0 and attempt.luck < 0.1:
              return False

      def on_finish(now, attempt, outcome):
          state["ended"] += 1

      def tick(now, signals):
          state["ticks"] += 1
          if now > 0.0 and state["ticks"] != int(now) // 10 + 1:
              fail("tick %d at %s" % (state["ticks"], now))
timeline:
  - {at: +9m, label: all may come, set: {policies.mine.script: "def admit(now, attempt, signals): return state['ticks'] >= 54 and state['ended'] > 3000"}}
`

func TestAScriptActsInARun(t *testing.T) {
	sc, err := scenario.ReadText("scripted.yaml", scripted)
	require.NoError(t, err)
	res := run(t, sc, launch.Options{Seed: 3})
	free, plus := res.Summary.Tiers["free"], res.Summary.Tiers["plus"]
	assert.Greater(t, float64(free.Rejected["mine.full"]), 3000.0)
	assert.Zero(t, plus.Rejected["mine.full"])
	// A tenth of some 2,500 between the fifth and the ninth minute, of both tiers.
	assert.InDelta(t, 0.1*5*240, float64(plus.Rejected["mine"]), 60)
	assert.Equal(t, hash(t, res), hash(t, run(t, sc, launch.Options{Seed: 3})))
}

func TestAScriptThatFailsEndsItsRun(t *testing.T) {
	text := strings.Replace(scripted, `"retry_after": 5.0}`, `"retry_after": 1 // (attempt.user * 0)}`, 1)
	sc, err := scenario.ReadText("scripted.yaml", text)
	require.NoError(t, err)
	r, err := launch.New(sc, launch.Options{Seed: 3})
	require.NoError(t, err)
	_, err = r.Result()
	assert.EqualError(t, err, "policy mine: script:7:52: in admit: floored division by zero: want a divisor other than 0")
	assert.Less(t, r.Now(), sim.Minute, "it did not run to its end")
}
