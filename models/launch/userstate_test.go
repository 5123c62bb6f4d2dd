package launch

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/examples"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
)

func TestARunIsTheSameWhetherUsersAreWatchedOneByOneOrNot(t *testing.T) {
	sc, err := scenario.Read(examples.FS, "scenarios/retry-storm-2025.yaml")
	require.NoError(t, err)
	var changes scenario.Changes
	for path, value := range map[string]string{"scale": "1/4000", "duration": "2h", "record": "[]", "timeline": "[]"} {
		c, err := scenario.NewChange(path, value)
		require.NoError(t, err)
		changes = append(changes, c)
	}
	sc, err = sc.With(changes)
	require.NoError(t, err)

	var events [2]strings.Builder
	var figures [2]map[string]metrics.Figure
	for i := range events {
		r, err := New(sc, Options{Seed: 11})
		require.NoError(t, err)
		require.True(t, r.world.UserState)
		if i == 1 {
			r.world.UserState = false
			r.rec = metrics.NewRecorder(r.world)
			for p := range r.pools { // what it has missed
				r.rec.Capacity(0, p, r.pools[p].capacity)
				r.rec.Has(0, p, r.pools[p].has)
			}
		}
		r.k.Observe(func(now sim.Time, ev sim.Event) { fmt.Fprintln(&events[i], now, ev) })
		res, err := r.Result()
		require.NoError(t, err)
		figures[i] = map[string]metrics.Figure{}
		res.Summary.Walk(func(path string, v metrics.Figure) { figures[i][path] = v })
	}
	require.Greater(t, strings.Count(events[0].String(), "\n"), 10_000)
	assert.True(t, events[0].String() == events[1].String(), "the events differ")
	for path, v := range figures[0] {
		if strings.Contains(path, "_user_mean_s") || strings.HasSuffix(path, "jain_users") {
			assert.True(t, figures[1][path].IsNull(), path)
			continue
		}
		assert.Equal(t, math.Float64bits(float64(v)), math.Float64bits(float64(figures[1][path])), path)
	}
}
