package launch_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/sim"
)

// A free tier that asks for three times the pool, beside one that asks for half.
const twoTiers = `
name: kept
duration: 2000s
tiers: [{name: free, priority: 1}, {name: plus}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: 20, queue: {discipline: priority}}]
demand: {streams: [{name: many, class: job, tier: free, rate: 60/s, profile: [{at: +1000s, x: 1}, {at: +1000s, x: 0}]}, {name: few, class: job, tier: plus, rate: 10/s}]}
clients: [{name: all, patience: {dist: exponential, mean: 5s}}]
policies: [POLICY]
`

func kept(t *testing.T, policy string, seed uint64) *metrics.Summary {
	t.Helper()
	return &run(t, text(t, strings.Replace(twoTiers, "POLICY", policy, 1)), launch.Options{Seed: seed}).Summary
}

// What is put aside is done when the others leave room, late and without
// impatience; who is not put aside does not notice. Both identities, which Result
// checks, hold with tens of thousands still aside at the end.
func TestSpareCyclesAreUsedAndTheOthersDoNotNotice(t *testing.T) {
	s := kept(t, "{name: spare, kind: spare-cycles, tiers: [free]}", 1)
	free, plus := s.Tiers["free"], s.Tiers["plus"]
	assert.Zero(t, float64(free.Abandoned), "nobody waits for what is put aside")
	assert.Greater(t, float64(free.InSystem), 30_000.0)
	assert.Equal(t, free.Attempts, free.Completed+free.InSystem)
	assert.Greater(t, float64(free.Latency.P50), 300.0)
	assert.Less(t, float64(plus.Wait.P99), 1.0)
	assert.Greater(t, float64(s.Pools["main"].Utilisation), 0.99, "no server is idle while anything is aside")
	assert.InDelta(t, float64(free.InSystem), float64(free.Held.Max), 0.5*float64(free.Held.Max))
}

// In line before a leaky bucket the user's patience runs: with 4 a second let on,
// those who are let on have waited at most as long as they would, and most leave.
func TestPatienceRunsInLine(t *testing.T) {
	s := kept(t, "{name: bucket, kind: leaky-bucket, tiers: [free], rate: 4/s, size: 10k}", 1)
	free := s.Tiers["free"]
	// Sixty a second join, 4 go on; the others leave after 5 s on average.
	assert.InDelta(t, 4*1000, float64(free.Admitted), 0.05*4000)
	assert.InDelta(t, 56*1000, float64(free.Abandoned), 0.03*56_000)
	assert.InDelta(t, 56*5/2, float64(free.Held.Mean), 0.1*140, "Little's law, over a run of which they come half")
	assert.Equal(t, free.Attempts, free.Completed+free.Abandoned+free.InSystem)
}

// A policy that is switched off lets go whom it keeps.
func TestWhoIsKeptGoesOnWhenThePolicyIsSwitchedOff(t *testing.T) {
	sc := text(t, strings.Replace(twoTiers, "POLICY", "{name: list, kind: waitlist, tiers: [free], lot: 1, every: 1h}", 1))
	r, err := launch.New(sc, launch.Options{Seed: 1})
	require.NoError(t, err)
	require.NoError(t, r.StepUntil(1500*sim.Second))
	require.NoError(t, r.Apply(change(t, "policies.list.enabled", "no")))
	res, err := r.Result()
	require.NoError(t, err)
	free := res.Summary.Tiers["free"]
	assert.InDelta(t, 60_000, float64(free.Admitted), 1500)
	assert.InDelta(t, 60_000, float64(free.Held.Max), 1500)
}

// Ten million attempts aside: 24 bytes each, and no event of their own.
func TestMillionsAsideCostAFewBytesEach(t *testing.T) {
	if testing.Short() {
		t.Skip("ten million attempts take some seconds")
	}
	sc := text(t, `
name: flood
duration: 100s
tiers: [{name: free}]
classes: [{name: job, pool: main, service: 1s}]
pools: [{name: main, nodes: 1}]
demand: {streams: [{name: many, class: job, tier: free, rate: 100k/s}]}
policies: [{name: spare, kind: spare-cycles}]
`)
	r, err := launch.New(sc, launch.Options{Seed: 1})
	require.NoError(t, err)
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	require.NoError(t, r.StepUntil(99*sim.Second))
	assert.Less(t, (heap()-before)/9.9e6, 32.0, "bytes an attempt")
	res, err := r.Result()
	require.NoError(t, err)
	assert.Greater(t, float64(res.Summary.All.InSystem), 9.9e6)
}

// What an item acts on, and whether it acts, may change while attempts are under
// way whom it has admitted: none is counted for ever, and none twice.
func TestCountsInFlightSurviveChangesOfWhomAPolicyActsOn(t *testing.T) {
	const world = `
name: patched
duration: 6000s
warmup: 1500s
tiers: [{name: paid}, {name: free}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 10s}}]
pools: [{name: main, nodes: 200}]
demand: {streams: [{name: p, class: job, tier: paid, rate: 3/s}, {name: f, class: job, tier: free, rate: 3/s}]}
policies: [{name: limit, kind: concurrency-limit, limit: 60, tiers: [BEFORE]}]
timeline: [{at: -500s, label: x, set: {policies.limit.tiers: [AFTER]}}]
`
	refused := func(before, after string) float64 {
		sc := text(t, strings.NewReplacer("BEFORE", before, "AFTER", after).Replace(world))
		return float64(run(t, sc, launch.Options{Seed: 1}).Summary.All.Rejected["limit"])
	}
	assert.Equal(t, refused("paid", "paid"), refused("paid, free", "paid"), "narrower")
	assert.InDelta(t, refused("paid, free", "paid, free"), refused("paid", "paid, free"), 400, "wider: some 6,000 of 36,000")
}

// Two that keep, the second from a moment on: all who wait in the first line at that
// moment come to their turn.
func TestAKeeperEnabledBehindALineStarvesNobody(t *testing.T) {
	for _, second := range []string{"kind: spare-cycles, share: 50%", "kind: cinnamon", "kind: leaky-bucket, rate: 100/s, size: 1M", "kind: concurrency-limit, limit: 100k", "kind: aimd, max: 100k, min: 100k, initial: 100k"} {
		sc := text(t, strings.Replace(`
name: keepers
duration: 8000s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 10s}}]
pools: [{name: main, nodes: 20}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 0.5/s}]}
policies:
  - {name: list, kind: waitlist, lot: 1M, every: 700s}
  - {name: second, enabled: no, SECOND}
timeline: [{at: +600s, label: x, set: {policies.second.enabled: yes}}]
`, "SECOND", second, 1))
		s := run(t, sc, launch.Options{Seed: 1}).Summary.All
		if second != "kind: cinnamon" { // whose timeout counts from the arrival
			assert.Greater(t, float64(s.Completed), 3000.0, second)
		}
		assert.LessOrEqual(t, float64(s.InSystem), 500.0, second)
	}
}

// The wait that signals tell is that in the queue of the pool, at any station, and
// the service of earlier stations is wasted if the last refuses the attempt.
func TestALaterStationIsMeasuredByItself(t *testing.T) {
	s := run(t, text(t, `
name: series
duration: 3000s
interval: 60s
tiers: [{name: all}]
classes: [{name: job, pool: one, service: 30s, then: [{pool: two, service: {dist: exponential, mean: 1s}}]}]
pools:
  - {name: one, nodes: 500}
  - {name: two, nodes: 11, health: {every: 10s, timeout: 5s, failures: 3, restart: 1m}}
demand: {streams: [{name: jobs, class: job, tier: all, rate: 9/s}]}
`), launch.Options{Seed: 1}).Summary
	assert.Zero(t, float64(s.GPU.RestartingMean), "nobody waits for 5 s before the second pool")
	lost := run(t, text(t, `
name: dropped
duration: 3000s
tiers: [{name: all}]
classes: [{name: job, pool: one, service: 10s, then: [{pool: two, service: 100s}]}]
pools: [{name: one, nodes: 100}, {name: two, nodes: 1, queue: {limit: 1}}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 1/s}]}
`), launch.Options{Seed: 1}).Summary.All
	assert.InDelta(t, 10*float64(lost.Rejected["two.drop-tail"]), float64(lost.Wasted), 1)
	assert.Greater(t, float64(lost.Wasted), 20_000.0)
}

// A waiting room shows how long the line before it is, and who accepts less leaves
// at once, as at the sight of the queue.
func TestAWaitingRoomShowsItsWaitAndUsersBalkAtIt(t *testing.T) {
	room := "{name: room, kind: waiting-room, tiers: [free], total_active_users: 1M, new_users_per_minute: 240/min}"
	world := strings.Replace(strings.Replace(twoTiers, "POLICY", room, 1), "rate: 60/s,", "per_user: 0.06/s,", 1)
	world = strings.Replace(world, "{name: free, priority: 1}", "{name: free, priority: 1, users: 1k}", 1)
	patient := strings.Replace(world, "patience: {dist: exponential, mean: 5s}", "patience: 1d", 1)
	balking := strings.Replace(world, "patience: {dist: exponential, mean: 5s}", "patience: 1d, balk: {accepts: 2m}", 1)
	without := run(t, text(t, patient), launch.Options{Seed: 1}).Summary.Tiers["free"]
	with := run(t, text(t, balking), launch.Options{Seed: 1}).Summary.Tiers["free"]
	assert.Zero(t, float64(without.Rejected["balked"]))
	assert.Greater(t, float64(with.Rejected["balked"]), 0.2*float64(with.Attempts))
	assert.Less(t, float64(with.Held.Max), 0.5*float64(without.Held.Max))
}
