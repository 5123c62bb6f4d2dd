package launch

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// randomClients is a small world, in overload for a while, whose clients do a bit
// of everything.
func randomClients(luck *rand.Rand) string {
	times := []string{"1s", "3s", "{dist: exponential, mean: 4s}", "0s"}
	some := func(chance float64, from ...string) string {
		return strings.ReplaceAll(lines(luck, chance, from...), "\n", "")
	}
	client := func(name, tiers string) string {
		text := fmt.Sprintf("  - {name: %s%s, instances: %d", name, tiers, 1+luck.IntN(5))
		text += some(0.5,
			", patience: {dist: exponential, mean: 6s}",
			fmt.Sprintf(", balk: {accepts: {dist: exponential, mean: 5s}, shown_age: %s}", pick(luck, "0s", "10s")),
			fmt.Sprintf(", retry: {max_tries: %d, on_abandoned: %s, on_held: %s, on_limited: yes, base: 2s, cap: 10s, growth: %s, jitter: %s}", 1+luck.IntN(5),
				pick(luck, "yes", "no"), pick(luck, "yes", "no"), pick(luck, "exponential", "linear", "fixed"), pick(luck, "none", "full", "decorrelated")),
			pick(luck, ", return: {share: 60%, after: 1m, max_visits: 3}", ", return: {share: 50%, tomorrow: yes, max_visits: 2}"),
			fmt.Sprintf(", session: {requests: %s, think: {dist: exponential, mean: 20s}%s}", pick(luck, "{mean: 3}", "{law: fixed, mean: 2}", "{law: discrete, values: [1, 4], weights: [3, 1]}"), pick(luck, "", ", think_after_failure: 2s")))
		if luck.IntN(3) > 0 {
			text += pick(luck,
				fmt.Sprintf(", hedge: {after: %s, max: %d, fresh: %s, quantile: %s}", pick(luck, times...), 1+luck.IntN(7), pick(luck, "yes", "no"), pick(luck, "0%", "0.5%")),
				fmt.Sprintf(", resubmit: {after: %s, max: %d}", pick(luck, times...), 1+luck.IntN(7)))
		}
		return text + ", guards: [" + strings.Trim(some(0.3,
			" {name: ratio, kind: retry-budget},",
			" {name: finagle, kind: finagle-budget, min_retries_per_s: 0},",
			" {name: bucket, kind: aws-standard, capacity: 30, costs: "+pick(luck, "legacy", "new2026")+"},",
			" {name: limiter, kind: aws-adaptive, unavailable_throttles: yes, preset: "+pick(luck, "source", "inference")+"},",
			" {name: tokens, kind: grpc-throttle},",
			" {name: throttle, kind: adaptive-throttling, variant: "+pick(luck, "sre", "failsafe")+"},",
			" {name: breaker, kind: circuit-breaker, preset: source, open: 10s, variant: "+pick(luck, "gobreaker", "hystrix")+"},"), ",") + "]}\n"
	}
	return fmt.Sprintf(`name: random-clients
duration: 20m
warmup: %s
tiers: [{name: tier0, users: 200}, {name: tier1}]
classes: [{name: job, pool: main, service: %s}, {name: other, pool: side, service: 1s}]
pools:
  - {name: main, nodes: %d, slots_per_node: 2, queue: {discipline: %s}, failures: {mtbf: {dist: exponential, mean: 4m}, repair: 20s}}
  - {name: side, nodes: 2}
demand:
  streams:
    - {name: s0, tier: tier0, class: job, per_user: 40/h, profile: [{at: +0s, x: 1}, {at: +10m, x: 3}, {at: +15m, x: 0}]}
    - {name: s1, tier: tier1, class: job, rate: 1/s, profile: [{at: +0s, x: 2}, {at: +15m, x: 0}]}
    - {name: s2, tier: tier1, class: other, rate: 1/s}
`, pick(luck, "0s", "3m"), pick(luck, laws...), 1+luck.IntN(3), pick(luck, "fifo", "lifo", "priority")) +
		"clients:\n" + client("app", ", tiers: [tier0]") + client("rest", "") +
		section("policies", lines(luck, 0.4,
			"  - {name: plea, kind: appeal, compliance: 30%, factor: 0.3, half_life: 5m}",
			"  - {name: bucket, kind: token-bucket, tiers: [tier0], rate: 90/m, burst: 10}",
			"  - {name: room, kind: queue-limit, limit: 6}",
			"  - {name: late, kind: deadline, max_wait: 5s}")) +
		section("timeline", lines(luck, 0.5,
			"  - {at: +5m, label: outage, kind: cause, set: {pools.main.out_of_service: 100%}}",
			"  - {at: +6m, label: back, kind: cause, set: {pools.main.out_of_service: 0%}}",
			"  - {at: +9m, label: another client, set: {clients.app.instances: 3, clients.app.patience: 3s}}"))
}

func TestBothIdentitiesHoldWhateverClientsDo(t *testing.T) {
	luck := rand.New(rand.NewPCG(rngtest.Seed(t, 1), 11))
	var sum metrics.Figures
	sum.Rejected = map[string]metrics.Figure{}
	for range 60 {
		text, n := randomClients(luck), luck.Uint64()
		f := finish(t, text, n).Summary.All // which refuses a run that breaks one
		sum.Cancelled += f.Cancelled
		sum.Suppressed += f.Suppressed
		sum.Wasted += f.Wasted
		sum.Rejected["balked"] += f.Rejected["balked"]
	}
	assert.Greater(t, sum.Cancelled, metrics.Figure(1000))
	assert.Greater(t, sum.Suppressed, metrics.Figure(1000))
	assert.Greater(t, sum.Wasted, metrics.Figure(1000))
	assert.Greater(t, sum.Rejected["balked"], metrics.Figure(1000))
}

// Servers are held exactly as long as attempts are in service, cancelled ones too.
func TestNoServerIsLostByCopies(t *testing.T) {
	luck := rand.New(rand.NewPCG(rngtest.Seed(t, 1), 12))
	for range 20 {
		text := randomClients(luck)
		r := start(t, text, luck.Uint64())
		for at := sim.Minute; at <= 20*sim.Minute; at += 37 * sim.Second {
			require.NoError(t, r.StepUntil(at))
			vacant := map[int]bool{}
			for _, s := range r.free {
				require.False(t, vacant[int(s)], "a slot is free twice, of\n%s", text)
				vacant[int(s)] = true
			}
			busy, waiting := make([]int, len(r.pools)), make([]int, len(r.pools))
			live := map[int32]int{}
			for s := range r.attempts {
				a := &r.attempts[s]
				switch {
				case vacant[s]:
					continue
				case a.Server >= 0:
					busy[a.Pool]++
				default:
					waiting[a.Pool]++
				}
				if a.Copies != 0 {
					live[a.Copies]++
				}
			}
			for p := range r.pools {
				require.Equal(t, r.pools[p].gpu.Busy(), busy[p], text)
				require.Equal(t, r.pools[p].queue.Len(), waiting[p], text)
			}
			require.Len(t, live, len(r.copies)-len(r.vacant), "records of\n%s", text)
			for i, n := range live {
				require.EqualValues(t, n, r.copies[i-1].n, text)
			}
		}
	}
}

// world is an M/M/10 at the given load with a client of the given keys.
func clientWorld(t *testing.T, load float64, client, more string) *metrics.Figures {
	t.Helper()
	return finish(t, clientText(load, client, more), rngtest.Seed(t, 1)).Summary.All
}

func clientText(load float64, client, more string) string {
	return fmt.Sprintf(`
name: clients
duration: 2h
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 20s}}]
pools: [{name: main, nodes: 10}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: %.4f/s}]}
clients: [{name: app, %s}]
%s`, load/2, client, more)
}

const (
	full    = "policies: [{name: full, kind: queue-limit, limit: 1}]\n"
	eager   = "retry: {max_tries: 4, base: 5s, cap: 20s}"
	persist = "retry: {max_tries: 4, base: 5s, cap: 20s, on_held: yes}"
)

// At twice the capacity three of four tries fail, and a client of four tries adds
// most of them to the load.
func TestEveryGuardTakesFromTheLoadThatRetriesAdd(t *testing.T) {
	storm := clientWorld(t, 2, eager, full)
	amplified := float64(storm.Attempts / storm.Requests)
	require.Greater(t, amplified, 2.0)
	require.Zero(t, storm.Suppressed)
	for guard, most := range map[string]float64{
		"kind: retry-budget": 1.11,
		"kind: finagle-budget, percent_can_retry: 10%, min_retries_per_s: 0": 1.11,
		"kind: aws-standard, capacity: 50":                                   2,
		"kind: grpc-throttle":                                                1.5,
		"kind: adaptive-throttling":                                          2.5,
		"kind: adaptive-throttling, variant: failsafe":                       2.5,
		"kind: circuit-breaker":                                              1.5,
		"kind: circuit-breaker, variant: hystrix":                            1.5,
	} {
		f := clientWorld(t, 2, eager+", guards: [{name: g, "+guard+"}]", full)
		assert.Less(t, float64(f.Attempts/f.Requests), most, guard)
		assert.Greater(t, f.Suppressed, metrics.Figure(500), guard)
	}
	// The limiter delays instead: nothing is suppressed, and many wait for a token.
	f := clientWorld(t, 2, "retry: {max_tries: 2, base: 1s, cap: 1s}, guards: [{name: g, kind: aws-adaptive, unavailable_throttles: yes}]", full)
	g := clientWorld(t, 2, "retry: {max_tries: 2, base: 1s, cap: 1s}", full)
	assert.Zero(t, f.Suppressed)
	assert.Greater(t, float64(f.Retrying.Mean), 10*float64(g.Retrying.Mean))
	assert.Less(t, float64(f.ErrorRate), float64(g.ErrorRate))
}

func TestWhatAGuardHoldsBackEndsTheRequestUnlessItIsRetriedLater(t *testing.T) {
	const breaker = ", guards: [{name: g, kind: circuit-breaker}]"
	ends, goesOn := clientWorld(t, 2, eager+breaker, full), clientWorld(t, 2, persist+breaker, full)
	assert.Greater(t, float64(ends.GivenUp), float64(ends.Requests)/2)
	assert.Greater(t, goesOn.Suppressed, ends.Suppressed, "each try of it is held back")
	assert.Greater(t, goesOn.Retrying.Mean, ends.Retrying.Mean)
}

func TestWithManyProcessesABudgetBindsLess(t *testing.T) {
	guard := eager + ", guards: [{name: g, kind: retry-budget}], instances: "
	few, many := clientWorld(t, 2, guard+"1", full), clientWorld(t, 2, guard+"500", full)
	assert.Greater(t, float64(many.Attempts/many.Requests), 1.2*float64(few.Attempts/few.Requests), "each has room for one retry in its window")
}

// Of a service with a mean of 20 s, 1 % take more than 92 s; with a copy after
// 40 s that has a time of its own, more than 66 s.
func TestAHedgeCutsTheTailAndItsLosersAreCancelled(t *testing.T) {
	plain, hedged := clientWorld(t, 0.5, "hedge: {after: 2h}", ""), clientWorld(t, 0.5, "hedge: {after: 40s, fresh: yes}", "")
	assert.InDelta(t, 92, float64(plain.RequestLatency.P99), 12)
	assert.InDelta(t, 66, float64(hedged.RequestLatency.P99), 9)
	assert.Zero(t, plain.Cancelled)
	assert.Zero(t, plain.Wasted)
	assert.Greater(t, hedged.Cancelled, metrics.Figure(100))
	assert.Greater(t, hedged.Wasted, metrics.Figure(300))
	assert.Equal(t, hedged.Satisfied, hedged.Completed, "no request gets two answers")
	assert.InDelta(t, float64(hedged.Attempts), float64(hedged.Requests+hedged.Cancelled+hedged.InSystem), float64(hedged.InSystem)+1)
}

func TestACopyGoesOutAtOnceAfterAFailureUnlessAGuardHoldsItBack(t *testing.T) {
	f := clientWorld(t, 2, "hedge: {after: 1h, max: 3}", full)
	assert.InDelta(t, 4, float64(f.Attempts-f.Completed)/float64(f.GivenUp), 0.05, "the first and three copies, at the same moment")
	g := clientWorld(t, 2, "hedge: {after: 1h, max: 3}, guards: [{name: g, kind: grpc-throttle}]", full)
	assert.Less(t, float64(g.Attempts), 0.6*float64(f.Attempts))
	assert.Greater(t, g.Suppressed, metrics.Figure(1000))
}

func TestAHedgeByAQuantileComesAfterItIsKnown(t *testing.T) {
	f := clientWorld(t, 0.5, "hedge: {after: 2h, quantile: 90%}", "")
	share := float64(f.Cancelled) / float64(f.Requests)
	assert.InDelta(t, 0.05, share, 0.05, "a tenth of those after the first thousand answers")
	assert.Greater(t, f.Cancelled, metrics.Figure(50))
}

func TestAResubmissionLeavesWorkThatNobodyWants(t *testing.T) {
	plain, again := clientWorld(t, 0.8, "patience: 2h", ""), clientWorld(t, 0.8, "resubmit: {after: 40s, max: 2}", "")
	assert.Zero(t, plain.Wasted)
	assert.Greater(t, again.Completed, again.Satisfied, "the first goes on")
	assert.Zero(t, again.Cancelled)
	assert.Greater(t, float64(again.Wasted), 0.02*float64(again.BusyMean)*7200)
	assert.Greater(t, float64(again.BusyMean), 1.02*float64(plain.BusyMean))
	assert.InDelta(t, float64(again.Completed-again.Satisfied)*20, float64(again.Wasted), 0.5*float64(again.Wasted))
}

// The first copy of a form that is sent again is done as well, and makes no
// second account: not in the figures, and not among those who then use the service,
// ten times an hour each.
func TestASignupThatIsSentAgainAndDoneTwiceIsOne(t *testing.T) {
	text := strings.NewReplacer(
		"{name: job,", "{name: use, kind: fluid, pool: side, service: 1s}, {name: job, kind: signup,",
		"pools: [", "pools: [{name: side, nodes: 100}, ",
		"streams: [", "streams: [{name: uses, class: use, tier: all, per_user: 10/h}, ").Replace(clientText(0.4, "resubmit: {after: 20s, max: 1}", ""))
	s := finish(t, text, rngtest.Seed(t, 1)).Summary
	f := s.Classes["job"]
	assert.Greater(t, float64(f.Completed), 1.3*float64(f.Satisfied), "some are done twice")
	assert.Equal(t, f.Satisfied, f.Signups)
	// Accounts grow in proportion to time, so that on average each is an hour old.
	// The standard deviation is 1.7 % of it; second accounts would add some 45 %.
	assert.InEpsilon(t, 10*float64(f.Signups), float64(s.Classes["use"].Requests), 0.1)
}

func TestWhoSeesAWaitThatIsTooLongLeavesAndIsNoError(t *testing.T) {
	f := clientWorld(t, 2, "balk: {accepts: 30s}", "")
	balked := f.Rejected["balked"]
	assert.InDelta(t, 0.5, float64(balked)/float64(f.Attempts), 0.05, "about half of twice the capacity")
	assert.Zero(t, f.ErrorRate)
	assert.Zero(t, f.RefusalRate)
	assert.InDelta(t, float64(balked)/float64(balked+f.Completed), float64(f.AbandonmentRate), 1e-9)
	assert.Less(t, float64(f.QueueLength.Max), 17.0, "30 s are 15 who wait")
	old := clientWorld(t, 2, "balk: {accepts: 30s, shown_age: 2m}", "")
	assert.Greater(t, float64(old.QueueLength.Max), 25.0, "who sees an old wait joins a long queue")
}

func TestASessionIsSoManyRequestsWithTimeToThinkBetween(t *testing.T) {
	for law, mean := range map[string]float64{"{mean: 4}": 4, "{law: fixed, mean: 3}": 3, "{law: discrete, values: [1, 5], weights: [1, 1]}": 3} {
		one, many := clientWorld(t, 0.1, "patience: 2h", ""), clientWorld(t, 0.1, "session: {requests: "+law+", think: 10s}", "")
		assert.InDelta(t, mean, float64(many.Requests/one.Requests), 0.15*mean, law)
	}
	slow := clientWorld(t, 2, "session: {requests: {mean: 4}, think: 10m}", full)
	hasty := clientWorld(t, 2, "session: {requests: {mean: 4}, think: 10m, think_after_failure: 1s}", full)
	assert.Greater(t, float64(hasty.Requests), 1.5*float64(slow.Requests), "a failure ends a session unless its user comes back")
}

func TestWhoComesBackTomorrowComesAtTheSameTimeOfDay(t *testing.T) {
	text := strings.Replace(clientText(2, "return: {share: 100%, tomorrow: yes, spread: 30m, max_visits: 2}", full), "duration: 2h", "duration: 27h\ninterval: 30m", 1)
	text = strings.Replace(text, "/s}]", "/s, profile: [{at: +1h, x: 1}, {at: +1h, x: 0}]}]", 1)
	res := finish(t, text, rngtest.Seed(t, 1))
	f := res.Summary.All
	assert.Greater(t, f.GivenUp, metrics.Figure(1000))
	requests := res.Series.Column("requests").Ints
	total, window := int64(0), int64(0)
	for i, n := range requests {
		if at := float64(i) / 2; at >= 2 {
			total += n
			if at >= 23.5 && at < 25.5 {
				window += n
			}
		}
	}
	assert.Greater(t, total, int64(500))
	assert.Equal(t, total, window)
}

func TestEveryKnobOfAClientTakesEffectInMidRun(t *testing.T) {
	const before = persist + ", guards: [{name: g, kind: retry-budget, ratio: 60%}, {name: b, kind: circuit-breaker, consecutive_failures: 4}], balk: {accepts: 10h}, hedge: {after: 10h}, session: {requests: {mean: 1}, think: 1s}"
	text := clientText(2, before, "policies: [{name: full, kind: queue-limit, limit: 9}]\n")
	want := finish(t, text, 1).Summary.All
	for path, value := range map[string]string{
		"clients.app.guards.g.ratio":        "5%",
		"clients.app.guards.g.enabled":      "no",
		"clients.app.guards.b.enabled":      "no",
		"clients.app.instances":             "50",
		"clients.app.balk.accepts":          "1s",
		"clients.app.hedge.after":           "1s",
		"clients.app.hedge.max":             "3",
		"clients.app.retry.growth":          "fixed",
		"clients.app.retry.on_held":         "no",
		"clients.app.session.requests.mean": "3",
		"clients.app.guards.g.window":       "20s",
	} {
		r := start(t, text, 1)
		require.NoError(t, r.StepUntil(sim.Hour))
		c, err := scenario.NewChange(path, value)
		require.NoError(t, err)
		require.NoError(t, r.Apply(scenario.Changes{c}), path)
		res, err := r.Result()
		require.NoError(t, err, path)
		got := res.Summary.All
		assert.NotEqual(t, [4]metrics.Figure{want.Attempts, want.Suppressed, want.Satisfied, want.Retrying.Mean}, [4]metrics.Figure{got.Attempts, got.Suppressed, got.Satisfied, got.Retrying.Mean}, path)
	}
	r := start(t, clientText(2, eager, full), 1)
	c, err := scenario.NewChange("clients.app.balk", "{accepts: 1s}")
	require.NoError(t, err)
	assert.ErrorContains(t, r.Apply(scenario.Changes{c}), "clients.app.balk: cannot be the first of a run under way")
}

func TestCopiesAllocateNothing(t *testing.T) {
	r := start(t, clientText(0.8, "hedge: {after: 5s, max: 2, fresh: yes}, session: {requests: {mean: 3}, think: 10s}, guards: [{name: g, kind: grpc-throttle}]", ""), 1)
	require.NoError(t, r.StepUntil(sim.Hour))
	at := sim.Hour
	allocs := testing.AllocsPerRun(10, func() {
		at += 2 * sim.Minute
		require.NoError(t, r.StepUntil(at))
	})
	assert.Less(t, allocs, 40.0, "hundreds of copies a turn")
}
