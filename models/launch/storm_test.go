package launch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
)

// In a world of 1/2000 the storm has 17 workers and three requests in a second.
// The tests of it hold for seeds 1 to 16; the margins are those between
// a minute and two and a half hours.
const stormScale = "1/2000"

// The database fails after 1800 s and is back after 5100 s; the checks are mended
// after 14,400 s, three and a half hours after it all began, and until then nothing
// mends by itself.
func TestTheRetryStormStaysWhenItsCauseIsGone(t *testing.T) {
	for seed := range uint64(8) {
		s := run(t, read(t, "retry-storm-2025", "scale", stormScale), launch.Options{Seed: 1 + seed}).Summary
		assert.Equal(t, 1.0, float64(s.All.Metastable), seed)
		assert.InDelta(t, 5100, float64(s.All.MetastableFrom), 120, seed)
		assert.InDelta(t, 9300+450, float64(s.All.MetastableFor), 450, seed)
		assert.InDelta(t, 9300+450, float64(s.All.TimeToRecover), 450, seed)
		assert.Greater(t, float64(s.All.RetryAmplification), 4.0, seed)
		assert.Greater(t, float64(s.All.Wasted), 0.0, seed)
		assert.Greater(t, float64(s.GPU.RestartingMean), 5.0, seed)
		for name, tier := range s.Tiers {
			assert.Equal(t, 1.0, float64(tier.Metastable), name)
		}
	}
}

func TestWithoutRetriesTheServiceIsBackWithItsDatabase(t *testing.T) {
	s := run(t, read(t, "retry-storm-2025", "scale", stormScale, "clients.app.retry.max_tries", "1"), launch.Options{Seed: 1}).Summary
	assert.Equal(t, 0.0, float64(s.All.Metastable))
	assert.True(t, s.All.MetastableFrom.IsNull())
	assert.LessOrEqual(t, float64(s.All.TimeToRecover), 180.0)
	assert.Greater(t, float64(s.All.SLOAttainment), 0.8)
}

// A storm that is kept going by people who come back, rather than by retries, is one.
func TestAStormOfReturnsIsSeen(t *testing.T) {
	s := run(t, read(t, "retry-storm-2025", "scale", "1/4000", "clients.app.retry.max_tries", "1", "clients.app.return", "{share: 100%, after: 30s, max_visits: 8}"), launch.Options{Seed: 1}).Summary
	assert.Equal(t, 1.0, float64(s.All.Metastable))
	assert.InDelta(t, 5100, float64(s.All.MetastableFrom), 180)
	assert.InDelta(t, 9300+450, float64(s.All.MetastableFor), 450)
	assert.InDelta(t, 9300+450, float64(s.All.TimeToRecover), 450)
}

// The same crowd, as patient and as persistent, with a budget in its library.
func TestWithARetryBudgetTheServiceIsBackWithItsDatabase(t *testing.T) {
	for seed := range uint64(8) {
		s := run(t, read(t, "retry-storm-2025", "scale", stormScale, "clients.app.guards.budget.enabled", "yes"), launch.Options{Seed: 1 + seed}).Summary
		assert.Equal(t, 0.0, float64(s.All.Metastable), seed)
		assert.LessOrEqual(t, float64(s.All.TimeToRecover), 180.0, seed)
		assert.Greater(t, float64(s.All.SLOAttainment), 0.8, seed)
		assert.Less(t, float64(s.All.RetryAmplification), 1.1, seed)
		assert.Greater(t, float64(s.All.Suppressed), 10_000.0, seed)
	}
}

// Finagle's reserve of ten retries a second is one for each of 50,000 processes,
// each of which makes a request in four seconds: it is spent by nobody. Without
// the reserve the same bucket ends the storm.
func TestABudgetWhoseReserveIsNeverSpentEndsNoStorm(t *testing.T) {
	for perSecond, stays := range map[string]float64{"10": 1, "0": 0} {
		guard := "[{name: budget, kind: finagle-budget, min_retries_per_s: " + perSecond + "}]"
		s := run(t, read(t, "retry-storm-2025", "scale", stormScale, "clients.app.guards", guard), launch.Options{Seed: 1}).Summary
		assert.Equal(t, stays, float64(s.All.Metastable), "%s a second", perSecond)
	}
}

func TestWithoutTheDipThereIsNoStormAndWithoutTheLeverNoEnd(t *testing.T) {
	calm := run(t, read(t, "retry-storm-2025", "scale", stormScale, "timeline", "[]"), launch.Options{Seed: 1}).Summary
	assert.Equal(t, 0.0, float64(calm.All.Metastable))
	assert.Greater(t, float64(calm.All.SLOAttainment), 0.99)
	bare := run(t, read(t, "retry-storm-2025", "scale", stormScale), launch.Options{Seed: 1, NoLevers: true}).Summary
	assert.InDelta(t, 5*3600+1800-5100, float64(bare.All.MetastableFor), 120, "from the end of the dip to the end of the run")
}

// The metastable region is the loads at which the state that the dip leaves
// depends on whether clients retry: below it the crash loop's own capacity serves
// what is asked, within it both states last.
func TestTheMetricFindsTheRegionInWhichTheStormLasts(t *testing.T) {
	for _, c := range []struct {
		perUser string // of the free tier; 2.85/d is a load of 0.58, beside 0.12 of the others
		lasts   bool
	}{{"0.3/d", false}, {"1.4/d", true}, {"2.2/d", true}, {"2.85/d", true}} {
		for _, tries := range []string{"8", "1"} {
			s := run(t, read(t, "retry-storm-2025", "scale", stormScale, "demand.streams.chat-free.per_user", c.perUser, "demand.streams.chat-plus.per_user", "2/d",
				"clients.app.retry.max_tries", tries), launch.Options{Seed: 1}).Summary
			assert.Equal(t, c.lasts && tries == "8", s.All.Metastable == 1, "%s, %s tries: load %v, metastable for %v s", c.perUser, tries, s.All.Load, s.All.MetastableFor)
		}
	}
}

// Healthy runs, with a promise that suits them. In erlang-a the load is above 1,
// in the launch there are days of it, with nights in which a backlog is worked
// off: neither is metastable.
func TestFiveHealthyRunsAreNotMetastable(t *testing.T) {
	for _, c := range []struct {
		name, class string
		slo         []string
		knobs       []string
	}{
		{"quiet-day", "image", []string{"1m", "20s"}, []string{"scale", "1/5000"}},
		{"mm1", "job", []string{"5s", "30s", "5m"}, nil},
		{"mmc", "job", []string{"1s", "3s", "30s"}, nil},
		{"erlang-a", "call", []string{"500ms", "2s", "10s"}, nil},
		{"ghibli-2025", "image", []string{"1m", "5m", "1h"}, []string{"scale", "1/5000"}},
	} {
		for _, slo := range c.slo {
			s := run(t, read(t, c.name, append(c.knobs, "classes."+c.class+".slo", slo)...), launch.Options{Seed: 3}).Summary
			require.False(t, s.All.Metastable.IsNull(), c.name)
			assert.Equal(t, 0.0, float64(s.All.Metastable), "%s with %s: from %v s for %v s", c.name, slo, s.All.MetastableFrom, s.All.MetastableFor)
			assert.Equal(t, 0.0, float64(s.Classes[c.class].Metastable), c.name)
		}
		s := run(t, read(t, c.name, c.knobs...), launch.Options{Seed: 3}).Summary
		assert.True(t, s.All.Metastable.IsNull(), "%s promises nothing", c.name)
		assert.True(t, s.All.GoodputSLOPerS.IsNull(), c.name)
	}
}

func TestAPoolWhoseQueueIsEmptyAnswersItsChecks(t *testing.T) {
	res := run(t, text(t, `
name: burst
duration: 20m
interval: 1m
tiers: [{name: all}]
classes: [{name: job, pool: main, service: 10s}]
pools: [{name: main, nodes: 10, health: {every: 10s, timeout: 5s, failures: 6, restart: 1m}}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 3/s, profile: [{at: +0s, x: 1}, {at: +20s, x: 1}, {at: +20s, x: 0}]}]}
`), launch.Options{Seed: 1})
	s := res.Summary.All
	require.Greater(t, float64(s.Wait.Max), 30.0, "the last who were served waited longer than a check may")
	require.Equal(t, s.Requests, s.Completed)
	assert.Equal(t, 0.0, float64(res.Summary.GPU.RestartingMean), "but nobody waits when they have gone")
}
