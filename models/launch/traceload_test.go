package launch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
)

// What first tries of a trace ask for is what its rows say, whatever the class takes on
// average: load, and with it recovery and metastability, go by it.
func TestTheLoadOfATraceIsThatOfItsRows(t *testing.T) {
	var log strings.Builder
	log.WriteString("t,size,in,out\n")
	for i := range 6000 {
		fmt.Fprintf(&log, "%g,%d,10,100\n", float64(i)/5, 2)
	}
	world := func(of, class, pool string) *scenario.Scenario {
		text := fmt.Sprintf(`
name: replayed
duration: 20m
tiers: [{name: all}]
classes: [{name: c, pool: p, %s}]
pools: [{name: p, %s}]
demand: {streams: [{name: s, class: c, tier: all, trace: {file: log.csv, time: t, %s}}]}
`, class, pool, of)
		sc, err := scenario.Read(fstest.MapFS{"w.yaml": {Data: []byte(text)}, "log.csv": {Data: []byte(log.String())}}, "w.yaml")
		require.NoError(t, err)
		return sc
	}
	for _, mean := range []string{"1s", "60s"} {
		s := run(t, world("size: size", "service: {dist: exponential, mean: "+mean+"}", "nodes: 30"), launch.Options{Seed: 1}).Summary.All
		assert.InDelta(t, 10.0/30, float64(s.Load), 1e-3, mean)
	}
	chat := func(output string) float64 {
		return float64(run(t, world("tokens_in: in, tokens_out: out", "tokens: {prompt: {dist: deterministic, value: 10}, output: {dist: deterministic, value: "+output+"}}",
			"nodes: 10, slots_per_node: 8, continuous_batching: {step: 50ms, kv_tokens: 100k}"), launch.Options{Seed: 1}).Summary.All.Load)
	}
	assert.InDelta(t, chat("100"), chat("1000"), 1e-6)
	assert.InDelta(t, 5*100*0.05/80, chat("100"), 0.01, "tokens of 50 ms, 8 of 10 nodes at once")
}
