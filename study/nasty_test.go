package study

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
)

// Whatever the lever, in each preset: it is switched off and on, its signals become late
// and early again, users send copies, nodes fail and have lines of their own. Both
// identities are checked by every run, and none panics.
func TestEveryLeverLivesThroughWhatMayHappenToIt(t *testing.T) {
	sc := surge(t)
	pool, people := "pools."+sc.Pools[0].Name+".", "clients."+sc.Clients[0].Name+"."
	turns := func(knob string, values ...string) string {
		var list []string
		for i, v := range values {
			list = append(list, "{at: +"+[]string{"10m", "25m", "40m", "41m"}[i]+", label: x, set: {policies.lever."+knob+": "+v+"}}")
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	played := 0
	for _, l := range Levers() {
		for _, preset := range l.Variants() {
			pulled, err := l.Pulled(sc, preset)
			require.NoError(t, err, l.Name)
			for _, knobs := range [][]string{
				{"timeline", turns("enabled", "no", "yes", "no", "yes")},
				{"policies.lever.signal_delay", "20s", "timeline", turns("signal_delay", "5s", "0s", "40s")},
				{people + "hedge", "{after: 10s}"},
				{people + "resubmit", "{after: 15s, max: 2}"},
				{pool + "failures", "{mtbf: {dist: exponential, mean: 10m}, repair: {dist: exponential, mean: 1m}}"},
				{pool + "routing", "{by: shortest-queue}"},
				{pool + "routing", "{by: session}", people + "hedge", "{after: 10s}"},
			} {
				changes := scenario.Changes{}
				for i := 0; i < len(knobs); i += 2 {
					c, err := scenario.NewChange(knobs[i], knobs[i+1])
					require.NoError(t, err)
					changes = append(changes, c)
				}
				scale, err := scenario.NewChange("scale", "1/10")
				require.NoError(t, err)
				world, err := pulled.With(append(changes, scale))
				if err != nil {
					continue // a queue has no signals, and a lifo does nothing before lines
				}
				played++
				_, err = launch.Play(context.Background(), world, launch.Options{Seed: 4})
				assert.NoError(t, err, "%s %s, %v", l.Name, preset, knobs)
			}
		}
	}
	assert.Greater(t, played, 500)
}
