package launch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
)

// A limit that answers 429 to whom it pleases, retries among them, hides no storm.
func TestALimitBeforeAStormHidesItNot(t *testing.T) {
	limits := "[{name: limit, kind: token-bucket, rate: 20k/s, burst: 20k}, {name: gateway-timeout, kind: deadline, classes: [chat], max_wait: 15s}]"
	s := run(t, read(t, "retry-storm-2025", "scale", stormScale, "policies", limits), launch.Options{Seed: 1}).Summary
	require.Greater(t, float64(s.All.Rejected["limit"]), 0.4*float64(s.All.Requests), "in the three hours of the storm about as many as there are requests")
	assert.Equal(t, 1.0, float64(s.All.Metastable))
	assert.InDelta(t, 5100, float64(s.All.MetastableFrom), 300, "from the end of the dip")
}

// Where the second of two stations has too little, the load is what explains the
// queue before it: nothing is metastable.
func TestTheLoadOfALaterStationIsSeen(t *testing.T) {
	res := run(t, text(t, `
name: tandem
duration: 4h
interval: 1m
tiers: [{name: all}]
classes: [{name: job, pool: first, service: 10s, slo: 1m, then: [{pool: second, service: 20s}]}]
pools: [{name: first, nodes: 10}, {name: second, nodes: 10}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 3/10s, profile: [{at: +0s, x: 1}, {at: +1h, x: 1}, {at: +1h, x: 2}, {at: +2h, x: 2}, {at: +2h, x: 1}]}]}
`), launch.Options{Seed: 1})
	s := res.Summary
	load := map[string][]float64{}
	for i, pool := range res.Pools.Column("pool").Texts {
		load[pool] = append(load[pool], res.Pools.Column("load_past_limits").Floats[i])
	}
	mean := func(v []float64) (sum float64) {
		for _, x := range v {
			sum += x / float64(len(v))
		}
		return sum
	}
	// 1,080 arrivals an hour: a relative standard error of 3 %.
	assert.InDelta(t, 0.3, mean(load["first"][:60]), 0.04)
	assert.InDelta(t, 0.6, mean(load["second"][:60]), 0.08)
	assert.InDelta(t, 1.2, mean(load["second"][60:120]), 0.15)
	assert.Equal(t, 0.0, float64(s.All.Metastable))
	assert.Greater(t, float64(s.All.TimeToRecover), 300.0, "the queue of an hour above capacity")
	assert.Greater(t, float64(s.Pools["second"].QueueLength.Mean), 10*float64(s.Pools["first"].QueueLength.Mean))
	assert.Equal(t, float64(s.All.QueueLength.Mean), float64(s.Pools["first"].QueueLength.Mean+s.Pools["second"].QueueLength.Mean))
	assert.InDelta(t, 10, float64(s.Pools["second"].CapacityMean), 1e-9)
	assert.Greater(t, float64(s.All.WaitServedMean), 60.0, "the wait before both stations, and no service")
	assert.InDelta(t, float64(s.All.Latency.Mean), float64(s.All.WaitServedMean)+30, 1e-6)
}

// An attempt that shares servers holds the part of one that works on it, so that
// every class is busy for the work that it brings, and not for its stay.
func TestWhoSharesServersIsBusyForHisWork(t *testing.T) {
	res := run(t, text(t, `
name: shares
duration: 30h
tiers: [{name: free}, {name: plus, paid: yes}]
classes: [{name: short, pool: main, service: {dist: exponential, mean: 10s}}, {name: long, pool: main, service: {dist: exponential, mean: 40s}}]
pools: [{name: main, nodes: 1, queue: {discipline: processor-sharing}}]
demand: {streams: [{name: a, class: short, tier: free, rate: 4/100s}, {name: b, class: long, tier: plus, rate: 1/100s}]}
`), launch.Options{Seed: 1})
	s := res.Summary
	// 4,320 and 1,080 exponential services: relative standard errors of 2 and 4 %.
	assert.InDelta(t, 0.4, float64(s.Classes["short"].BusyMean), 0.04)
	assert.InDelta(t, 0.4, float64(s.Classes["long"].BusyMean), 0.08)
	assert.InDelta(t, float64(s.GPU.BusyMean), float64(s.Classes["short"].BusyMean+s.Classes["long"].BusyMean), 1e-9)
	assert.Greater(t, float64(s.Classes["long"].Latency.Mean), 120.0, "its stay is five times its work")
	sums := map[float64]float64{}
	for i, at := range res.Series.Column("t_s").Floats {
		sums[at] += res.Series.Column("busy_mean").Floats[i]
	}
	for at, busy := range sums {
		assert.LessOrEqual(t, busy, 1+1e-9, "one server, at %v", at)
	}
}

// What is said of the storm does not hang on how finely the series tells it.
func TestTheStormIsTheSameAtEveryInterval(t *testing.T) {
	for _, interval := range []string{"1m", "30s", "10s", "5s", "2m"} {
		s := run(t, read(t, "retry-storm-2025", "scale", stormScale, "interval", interval), launch.Options{Seed: 1}).Summary.All
		assert.InDelta(t, 9660, float64(s.MetastableFor), 180, interval)
		assert.InDelta(t, 9660, float64(s.TimeToRecover), 180, interval)
		assert.Equal(t, 1.0, float64(s.Recovered), interval)
	}
}

// Users of closed streams and of logs are users as all others are.
func TestUsersOfClosedStreamsAndLogsCountWithTheirTier(t *testing.T) {
	s := run(t, text(t, `
name: closed
duration: 2h
tiers: [{name: desk}, {name: web, users: 30}]
classes: [{name: job, pool: main, service: 10s}]
pools: [{name: main, nodes: 1}]
demand: {streams: [{name: a, class: job, tier: desk, closed: {users: 20, think: 10s}}, {name: b, class: job, tier: web, per_user: 0.1/h}]}
`), launch.Options{Seed: 1}).Summary
	desk := s.Tiers["desk"]
	require.Equal(t, 20.0, float64(desk.Users))
	assert.InDelta(t, float64(desk.Wait.Mean), float64(desk.WaitUserMean), 5, "all ask alike")
	assert.InDelta(t, 1, float64(desk.JainUsers), 0.01)
	assert.InDelta(t, (20*float64(desk.WaitUserMean)+float64(s.Tiers["web"].Users*s.Tiers["web"].WaitUserMean))/(20+float64(s.Tiers["web"].Users)), float64(s.All.WaitUserMean), 1)
}

// An overload is no mystery because demand ends behind it, or because a quiet night was
// before it.
func TestAnOverloadBeforeOrAfterQuietTimesIsNotMetastable(t *testing.T) {
	for _, profile := range []string{
		"[{at: +0s, x: 1}, {at: +60m, x: 10}, {at: +65m, x: 0}]",
		"[{at: +0s, x: 1}, {at: +60m, x: 10}, {at: +80m, x: 0}]",
		"[{at: +0s, x: 1}, {at: +60m, x: 0.0001}, {at: +200m, x: 6}, {at: +220m, x: 1}]",
	} {
		for seed := range uint64(3) {
			s := run(t, text(t, `
name: quiet
duration: 10h
interval: 1m
tiers: [{name: all}]
classes: [{name: job, pool: main, slo: 1m, service: {dist: exponential, mean: 20s}}]
pools: [{name: main, nodes: 100}]
clients: [{name: p, patience: 3m}]
demand: {streams: [{name: f, class: job, tier: all, rate: 3/s, shape: step, profile: `+profile+`}]}
`), launch.Options{Seed: seed}).Summary.All
			assert.Equal(t, 0.0, float64(s.Metastable), "%s: from %v for %v", profile, s.MetastableFrom, s.MetastableFor)
			assert.NotEqual(t, 0.0, float64(s.Recovered), profile) // nobody knows where nobody comes any more
		}
	}
}

// What users or their clients hold back never reached the service, which does not fail
// because of it: neither under an appeal, whether it is healthy or has been overloaded,
// nor behind guards that shut, nor while guards find their way after a cold start.
func TestWhatIsHeldBackMakesNoStorm(t *testing.T) {
	const appeal = "[{name: chill, kind: appeal, compliance: 80%, factor: 0.1, half_life: 300d, enabled: no}]"
	const guarded = "retry: {max_tries: 3, base: 2s, on_unavailable: yes, on_abandoned: yes}, guards: [{name: g, kind: adaptive-throttling}]"
	for _, c := range []struct {
		pool, profile, client, policies, timeline string
		seed                                      uint64
		recovered                                 float64 // within seconds; 0: no overload
	}{
		{"failures: {mtbf: 10m, repair: 30s}", "", "", appeal, "[{at: +60m, kind: lever, label: chill, set: {policies.chill.enabled: yes}}]", 1, 0},
		{"", "profile: [{at: +20m, x: 1}, {at: +22m, x: 2.5}, {at: +50m, x: 2.5}, {at: +52m, x: 1}]", "", appeal, "[{at: +45m, kind: lever, label: chill, set: {policies.chill.enabled: yes}}]", 1, 600},
		{"", "", guarded, "[{name: wedged, kind: concurrency-limit, limit: 20, enabled: no}]", "[{at: +60m, kind: lever, label: w, set: {policies.wedged.enabled: yes}}]", 1, 0},
		{"", "", guarded, "[]", "[]", 4, 0},
	} {
		s := run(t, text(t, `
name: held
duration: 4h
interval: 1m
tiers: [{name: all, users: 20k}]
classes: [{name: image, pool: big, slo: 1m, service: {dist: lognormal, median: 17.6s, sigma: 0.5}}]
pools: [{name: big, nodes: 200, `+c.pool+`}]
demand: {streams: [{name: f, tier: all, class: image, per_user: 26/d, `+c.profile+`}]}
clients: [{name: p, patience: 60s, `+c.client+`}]
policies: `+c.policies+`
timeline: `+c.timeline+`
`), launch.Options{Seed: c.seed}).Summary.All
		assert.Equal(t, 0.0, float64(s.Metastable), "%v: from %v for %v", c, s.MetastableFrom, s.MetastableFor)
		assert.Greater(t, float64(s.Suppressed), 1000.0)
		if c.recovered == 0 {
			assert.True(t, s.TimeToRecover.IsNull(), c)
			continue
		}
		assert.LessOrEqual(t, float64(s.TimeToRecover), c.recovered)
		assert.Equal(t, 1.0, float64(s.Recovered))
	}
}

// A pool that has little to do proves no overload by a few who wait.
func TestAFewWhoWaitMakeNoOverload(t *testing.T) {
	s := run(t, text(t, `
name: few
duration: 24h
interval: 5m
tiers: [{name: all, users: 100}]
classes: [{name: image, pool: gpus, slo: 1m, service: {dist: exponential, mean: 30s}}]
pools: [{name: gpus, nodes: 1, slots_per_node: 1}]
demand: {streams: [{name: f, tier: all, class: image, rate: 12/h}]}
clients: [{name: p, patience: 10m}]
`), launch.Options{Seed: 1}).Summary.All
	assert.Equal(t, 0.0, float64(s.OverloadArea))
}

// A tier of which few come in the storm of all is told of with care: it has not recovered
// because once nobody, or one, asked and was served.
func TestASmallTierHasNotRecoveredFromAStormThatGoesOn(t *testing.T) {
	for rate, storm := range map[string]bool{"0.02/s": false, "0.1/s": true} {
		for _, interval := range []string{"10s", "60s", "600s"} {
			s := run(t, text(t, `
name: small
duration: 12000s
warmup: 20s
interval: `+interval+`
tiers: [{name: free}, {name: plus, paid: yes}]
classes: [{name: chat, pool: web, service: {dist: lognormal, median: 1.6s, sigma: 0.67}, slo: 10s}]
pools: [{name: web, nodes: 50}]
demand: {streams: [{name: c, class: chat, tier: free, rate: 17.5/s}, {name: d, class: chat, tier: plus, rate: `+rate+`}]}
clients:
  - name: app
    patience: {dist: lognormal, median: 30s, sigma: 0.7}
    resubmit: {after: 15s, max: 2}
    retry: {max_tries: 8, on_abandoned: yes, base: 5s, cap: 40s}
timeline:
  - {at: +3600s, kind: cause, label: dip, set: {pools.web.out_of_service: 95%}}
  - {at: +4200s, kind: cause, label: back, set: {pools.web.out_of_service: 0%}}
`), launch.Options{Seed: 1}).Summary
			assert.Equal(t, 1.0, float64(s.All.Metastable), interval)
			assert.Equal(t, 0.0, float64(s.All.Recovered), interval)
			plus := s.Tiers["plus"]
			assert.NotEqual(t, 1.0, float64(plus.Recovered), "%s, %s", rate, interval)
			if storm {
				assert.Equal(t, 1.0, float64(plus.Metastable), "%s, %s", rate, interval)
				assert.Greater(t, float64(plus.TimeToRecover), 7000.0, "%s, %s", rate, interval)
			}
		}
	}
}
