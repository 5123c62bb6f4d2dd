package concurrency_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/concurrency"
	"github.com/launchday-sim/launchday/sim"
)

// serve lets n attempts through one after the other, each of which takes so long.
func (g *gateway) serve(n int, rtt sim.Time, o models.Outcome) {
	g.t.Helper()
	for range n {
		a, ok := g.come()
		require.True(g.t, ok)
		g.now += rtt
		g.end(a, o, g.now)
	}
}

func (g *gateway) tick() sim.Time {
	return g.Policy.(policy.Ticker).Tick(&models.Signals{Now: g.now})
}

func envoy(t testing.TB, more string) *gateway {
	return newGateway(t, spec[concurrency.EnvoyGradientSpec](t, "envoy-gradient", "preset: source, max_concurrency: 1000, jitter: 0%"+more))
}

func TestTheEnvoyControllerBeginsByMeasuringMinRTT(t *testing.T) {
	g := envoy(t, "")
	require.Equal(t, 3, concurrency.LimitOf(g.Policy))
	require.Equal(t, 100*sim.Millisecond, g.tick())
	g.serve(49, 20*sim.Millisecond, models.Completed)
	require.True(t, concurrency.MeasuringOf(g.Policy))
	g.serve(5, 10*sim.Millisecond, models.Abandoned) // which are no samples
	require.True(t, concurrency.MeasuringOf(g.Policy))
	g.serve(1, 20*sim.Millisecond, models.Completed)
	require.False(t, concurrency.MeasuringOf(g.Policy))
	assert.EqualValues(t, 20_500, concurrency.MinRTTOf(g.Policy), "the middle of the bin from 20 to 21 ms")

	// An update is due an interval after the end; one that comes earlier only asks
	// to be called again.
	ended := g.now
	g.now += 50 * sim.Millisecond
	require.Equal(t, ended+100*sim.Millisecond, g.tick())
	require.Equal(t, 3, concurrency.LimitOf(g.Policy))
	g.serve(1, 20*sim.Millisecond, models.Completed)
	g.now = ended + 100*sim.Millisecond
	require.Equal(t, ended+200*sim.Millisecond, g.tick())
	assert.Equal(t, 5, concurrency.LimitOf(g.Policy), "3 x 1.25 = 3.75, and its root")

	g.now = ended + 200*sim.Millisecond
	g.tick()
	assert.Equal(t, 5, concurrency.LimitOf(g.Policy), "nothing ended: nothing changes")
}

func TestMinRTTIsMeasuredAgainAfterItsIntervalAndTheOldLimitComesBack(t *testing.T) {
	g := envoy(t, "")
	g.serve(50, 20*sim.Millisecond, models.Completed)
	ended := g.now
	for concurrency.LimitOf(g.Policy) < 100 {
		g.serve(1, 20*sim.Millisecond, models.Completed)
		g.now = g.tick()
	}
	before, ok := g.come()
	require.True(t, ok)
	was := concurrency.LimitOf(g.Policy)
	for g.now < ended+60*sim.Second {
		require.False(t, concurrency.MeasuringOf(g.Policy))
		g.now = g.tick()
	}
	require.Equal(t, ended+60*sim.Second, g.now)
	g.tick()
	require.True(t, concurrency.MeasuringOf(g.Policy))
	require.Equal(t, 3, concurrency.LimitOf(g.Policy))

	g.end(before, models.Completed, g.now+sim.Second) // let through before: thrown away
	g.serve(49, 40*sim.Millisecond, models.Failed)
	require.True(t, concurrency.MeasuringOf(g.Policy))
	g.serve(1, 40*sim.Millisecond, models.Completed)
	assert.Equal(t, was, concurrency.LimitOf(g.Policy))
	assert.EqualValues(t, 40_500, concurrency.MinRTTOf(g.Policy))
}

func TestJitterDelaysAMeasurementByUpToItsShareOfTheInterval(t *testing.T) {
	g := newGateway(t, spec[concurrency.EnvoyGradientSpec](t, "envoy-gradient", "preset: source, max_concurrency: 1000, jitter: 50%, min_rtt_interval: 10s"))
	seen := map[sim.Time]bool{}
	for range 20 {
		g.serve(50, 20*sim.Millisecond, models.Completed)
		ended := g.now
		for !concurrency.MeasuringOf(g.Policy) {
			if next := g.tick(); !concurrency.MeasuringOf(g.Policy) {
				g.now = next
			}
		}
		require.GreaterOrEqual(t, g.now-ended, 10*sim.Second)
		require.Less(t, g.now-ended, 15*sim.Second)
		seen[g.now-ended] = true
	}
	assert.Greater(t, len(seen), 10)
}

func TestAMinRTTThatIsGivenIsNeverMeasured(t *testing.T) {
	g := envoy(t, ", min_rtt: 20ms, min_concurrency: 10")
	require.False(t, concurrency.MeasuringOf(g.Policy))
	for range 5000 {
		g.now = g.tick()
		g.serve(1, 60*sim.Millisecond, models.Completed)
		require.False(t, concurrency.MeasuringOf(g.Policy))
	}
	assert.Equal(t, 10, concurrency.LimitOf(g.Policy))

	measuring := envoy(t, "")
	require.NoError(t, measuring.Reconfigure(spec[concurrency.EnvoyGradientSpec](t, "envoy-gradient", "max_concurrency: 1000, min_rtt: 20ms")))
	assert.False(t, concurrency.MeasuringOf(measuring.Policy))
}

func TestAMinRTTThatIsGivenNoLongerIsMeasured(t *testing.T) {
	g := envoy(t, ", min_rtt: 20ms")
	require.False(t, concurrency.MeasuringOf(g.Policy))
	g.now = sim.Minute
	require.NoError(t, g.Reconfigure(spec[concurrency.EnvoyGradientSpec](t, "envoy-gradient", "preset: source, jitter: 0%, max_concurrency: 1000")))
	require.True(t, concurrency.MeasuringOf(g.Policy))
	g.serve(50, 40*sim.Millisecond, models.Completed)
	require.False(t, concurrency.MeasuringOf(g.Policy))
	assert.InDelta(t, 40_000, float64(concurrency.MinRTTOf(g.Policy)), 1000)
	g.now += sim.Minute
	g.tick()
	assert.True(t, concurrency.MeasuringOf(g.Policy), "and again after its interval")
}

func TestShorterIntervalsOfTheEnvoyControllerHoldAtOnce(t *testing.T) {
	g := envoy(t, ", update_interval: 2h, min_rtt_interval: 10h")
	g.serve(50, 20*sim.Millisecond, models.Completed)
	g.now = 10 * sim.Minute
	require.NoError(t, g.Reconfigure(spec[concurrency.EnvoyGradientSpec](t, "envoy-gradient", "preset: source, jitter: 0%, update_interval: 1s, min_rtt_interval: 1m")))
	require.Equal(t, sim.Second, g.Policy.(policy.Periodic).Period())
	g.serve(1, 20*sim.Millisecond, models.Completed)
	g.now = 10*sim.Minute + sim.Second
	g.tick()
	assert.Greater(t, concurrency.LimitOf(g.Policy), 3, "the limit has moved")
	g.now = 11 * sim.Minute
	g.tick()
	assert.True(t, concurrency.MeasuringOf(g.Policy))
}
