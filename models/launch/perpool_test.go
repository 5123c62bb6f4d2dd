package launch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/policy"
	_ "github.com/launchday-sim/launchday/models/policy/all"
)

// fullAndIdle is a pool of images that is asked for twice what it has, and one of
// chats that is half idle.
const fullAndIdle = `
name: full-and-idle
duration: 1h
tiers: [{name: free, priority: 1}, {name: plus, paid: yes, priority: 0}]
classes:
  - {name: image, pool: images, service: {dist: lognormal, median: 17.6s, sigma: 0.5}}
  - {name: chat, pool: chats, service: 5s}
pools: [{name: images, nodes: 25, slots_per_node: 4}, {name: chats, nodes: 25, slots_per_node: 4}]
demand:
  streams:
    - {name: free-images, tier: free, class: image, rate: 6/s}
    - {name: plus-images, tier: plus, class: image, rate: 4/s}
    - {name: free-chats, tier: free, class: chat, rate: 6/s}
    - {name: plus-chats, tier: plus, class: chat, rate: 4/s}
clients: [{name: all, patience: {dist: lognormal, median: 90s, sigma: 0.6}}]
policies:
`

// What Rajomon's part in the client's library holds back never reaches the service:
// it is suppressed and no attempt, of first tries, of later ones and of copies.
func TestWhatRajomonHoldsBackAtTheClientIsSuppressedAndNoAttempt(t *testing.T) {
	world := fullAndIdle + "  - {name: x, kind: rajomon}\n"
	plain := run(t, text(t, world), launch.Options{Seed: 1}).Summary.Classes["image"]
	assert.Greater(t, float64(plain.Suppressed), 0.2*float64(plain.Requests))
	assert.Equal(t, plain.Requests, plain.Attempts+plain.Suppressed, "each is tried once, or not at all")
	for name, n := range plain.Rejected {
		assert.True(t, name == "x.price" || n == 0, name)
	}
	for _, more := range []string{
		"retry: {max_tries: 4, base: 5s, on_unavailable: yes, on_held: yes}",
		"retry: {max_tries: 4, base: 5s, on_unavailable: yes}, guards: [{name: g, kind: circuit-breaker}], hedge: {after: 10s, max: 2}",
		"resubmit: {after: 10s}",
	} {
		with := run(t, text(t, strings.Replace(world, "sigma: 0.6}}]", "sigma: 0.6}, "+more+"}]", 1)), launch.Options{Seed: 1}).Summary.Classes["image"]
		assert.Greater(t, float64(with.Suppressed), float64(plain.Suppressed), more)
	}
}

// A policy that learns from a pool does in a world of two what one for each of them
// does: the full one is held down, and nobody is refused at the idle one.
func TestTheFullPoolDoesNotThrottleTheIdleOneNorTheIdleOneHideTheFull(t *testing.T) {
	play := func(policies ...string) *metrics.Result {
		return run(t, text(t, fullAndIdle+"  - "+strings.Join(policies, "\n  - ")), launch.Options{Seed: 1})
	}
	refused := func(res *metrics.Result, class string) (n float64) {
		for _, x := range res.Summary.Classes[class].Rejected {
			n += float64(x)
		}
		return n + float64(res.Summary.Classes[class].Suppressed)
	}
	// The first lets nearly nobody in while it measures, the second has a rate.
	byDesign := map[string]bool{"envoy-gradient": true, "seda": true}
	for _, name := range policy.Kinds() {
		kind := policy.Of(name)
		if !kind.PerPool {
			continue
		}
		its := "kind: " + name
		if kind.Surge != "" {
			its += ", " + kind.Surge
		}
		one := play("{name: x, " + its + "}")
		each := play("{name: x, "+its+", classes: [image]}", "{name: y, "+its+", classes: [chat]}")
		of, want := one.Summary.Classes["image"], each.Summary.Classes["image"]
		assert.Equal(t, fmt.Sprint(want.Completed, want.Degraded, want.Abandoned, want.TimedOut, refused(each, "image")), fmt.Sprint(of.Completed, of.Degraded, of.Abandoned, of.TimedOut, refused(one, "image")), name)
		assert.InDelta(t, refused(each, "chat"), refused(one, "chat"), 0.001*float64(one.Summary.Classes["chat"].Attempts), name)
		if !byDesign[name] {
			assert.Less(t, refused(one, "chat"), 0.01*float64(one.Summary.Classes["chat"].Attempts), name)
		}
		assert.Greater(t, refused(one, "image")+float64(of.TimedOut+of.Degraded), 0.2*float64(of.Attempts), name)
	}
}

// A manager of queues acts at the turn of an attempt, so that it is the same whether it
// stands before a fallback or behind it.
func TestAManagerOfQueuesIsTheSameBeforeAndBehindAFallback(t *testing.T) {
	for _, kind := range []string{"codel", "folly-codel"} {
		fallback := "{name: fb, kind: fallback, classes: [image], pool: small, above: 0.8, below: 0.7, quality: 40%}"
		manager := "{name: c, kind: " + kind + ", classes: [image]}"
		dropped := func(policies string) float64 {
			s := run(t, text(t, `
name: both
duration: 1h
tiers: [{name: all}]
classes: [{name: image, pool: big, service: {dist: exponential, mean: 10s}, slo: 60s}, {name: chat, pool: small, service: {dist: exponential, mean: 1s}, slo: 10s}]
pools: [{name: big, nodes: 50}, {name: small, nodes: 50}]
clients: [{name: p, patience: 2m}]
demand: {streams: [{name: f, class: image, tier: all, rate: 8/s}, {name: g, class: chat, tier: all, rate: 5/s}]}
policies: [`+policies+"]\n"), launch.Options{Seed: 1}).Summary.Classes["image"]
			return float64(s.Rejected["c"])
		}
		behind := dropped(fallback + ", " + manager)
		assert.Greater(t, behind, 100.0, kind)
		assert.Equal(t, behind, dropped(manager+", "+fallback), kind)
	}
}

// Reports that are under way when signals become fresher arrive as soon as these would.
func TestAShorterDelayBringsReportsThatAreUnderWay(t *testing.T) {
	res := run(t, text(t, `
name: late
duration: 60m
interval: 5m
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}, slo: 5s}]
pools: [{name: main, nodes: 60}]
policies: [{name: g, kind: aimd, preset: source, signal_delay: 30m, max: 1000}]
clients: [{name: p, patience: 10s}]
demand: {streams: [{name: f, class: job, tier: all, rate: 30/s}]}
timeline: [{at: +20m, kind: lever, label: fresher, set: {policies.g.signal_delay: 1s}}]
`), launch.Options{Seed: 1})
	completed := res.Series.Column("completed").Ints
	assert.Less(t, completed[3], int64(6000), "until then the limit stays at 20, for nothing is known of those who ended")
	assert.Greater(t, completed[4], int64(8500), "and from then on all is")
}

// Who learns late how attempts end knows all the same how many are under way: of a load
// that leaves half of the pool idle nobody refuses more for it. The controller of Envoy
// does while it measures, which it does that much longer.
func TestLateReportsRefuseNobodyOfALightLoad(t *testing.T) {
	refused := func(policy string) (n float64) {
		s := run(t, text(t, `
name: light
duration: 1h
interval: 1m
tiers: [{name: free, priority: 1}, {name: plus, paid: yes, priority: 0}]
classes: [{name: image, pool: gpus, slo: 1m, service: {dist: lognormal, median: 17.6s, sigma: 0.5}}]
pools: [{name: gpus, nodes: 25, slots_per_node: 4}]
demand: {streams: [{name: free, tier: free, class: image, rate: 2/s}]}
clients: [{name: all, patience: {dist: lognormal, median: 90s, sigma: 0.6}, retry: {max_tries: 4, base: 5s, cap: 1m, jitter: full, on_abandoned: yes, on_unavailable: yes, on_limited: yes}}]
policies: [{name: x, `+policy+`}]
`), launch.Options{Seed: 1}).Summary.All
		for _, x := range s.Rejected {
			n += float64(x)
		}
		return n / float64(s.Requests)
	}
	for _, name := range policy.Kinds() {
		kind := policy.Of(name)
		if kind.Unmoved != "" || kind.Heading != policy.Concurrency && kind.Heading != policy.Admission {
			continue
		}
		its := "kind: " + name
		if kind.Surge != "" {
			its += ", " + kind.Surge
		}
		most := 0.001
		if name == "envoy-gradient" {
			most = 0.1
		}
		assert.InDelta(t, refused(its), refused(its+", signal_delay: 45s"), most, name)
	}
}

// A policy that decides at the gateway by what it measures at the turn or the end of an
// attempt measures and decides in one place: before a fallback as behind it, it does not
// go blind.
func TestWhoMeasuresDecidesWhereHeMeasuresBeforeAFallbackToo(t *testing.T) {
	const off = "off, kind: fallback, enabled: no, pool: small, above: 0.8, below: 0.7, quality: 40%}, {name: "
	for _, kind := range []string{"c, kind: dagor, classes: [image]", "c, kind: rajomon, classes: [image]", "c, kind: breakwater, classes: [image]", "c, kind: dagor", "c, kind: rajomon", "c, kind: breakwater",
		off + "c, kind: dagor, classes: [image]", off + "c, kind: rajomon", off + "c, kind: breakwater"} {
		s := run(t, text(t, `
name: both
duration: 45m
tiers: [{name: all}]
classes: [{name: image, pool: big, service: {dist: exponential, mean: 10s}, slo: 60s}, {name: chat, pool: small, service: {dist: exponential, mean: 1s}, slo: 10s}]
pools: [{name: big, nodes: 50}, {name: small, nodes: 50}]
clients: [{name: p, patience: 2m}]
demand: {streams: [{name: f, class: image, tier: all, rate: 13/s}, {name: g, class: chat, tier: all, rate: 5/s}]}
policies: [{name: `+kind+`}, {name: fb, kind: fallback, classes: [image], pool: small, above: 0.8, below: 0.7, quality: 40%}]
`), launch.Options{Seed: 3}).Summary.Classes["image"]
		assert.Less(t, float64(s.Abandoned), 1000.0, kind)
	}
}

// A client asks Rajomon at the pool that is his class's own, for a copy as for a first
// try, wherever a fallback has sent the one before.
func TestACopyIsAskedAtItsOwnPool(t *testing.T) {
	for _, copies := range []string{"hedge: {after: 5s, max: 1}", "resubmit: {after: 5s}"} {
		s := run(t, text(t, `
name: both
duration: 45m
tiers: [{name: all, users: 10k}]
classes: [{name: image, pool: big, service: {dist: exponential, mean: 10s}, slo: 60s}, {name: chat, pool: small, service: {dist: exponential, mean: 5s}, slo: 10s}]
pools: [{name: big, nodes: 50}, {name: small, nodes: 50}]
clients: [{name: p, patience: 2m, `+copies+`}]
demand: {streams: [{name: f, class: image, tier: all, per_user: 20/d}, {name: g, class: chat, tier: all, per_user: 150/d}]}
policies: [{name: fb, kind: fallback, classes: [image], pool: small, above: 0, below: 0, quality: 40%}, {name: c, kind: rajomon}]
`), launch.Options{Seed: 3}).Summary.Classes["image"]
		assert.Zero(t, float64(s.Suppressed), "nobody is at the pool big: %s", copies)
		assert.Greater(t, float64(s.Attempts), 1.2*float64(s.Requests), copies)
	}
}

// Nobody need be dimmed at a setpoint of 200 s, whether his item names classes or not.
func TestABrownoutBeforeAFallbackHearsOfThoseWhomItDims(t *testing.T) {
	for _, classes := range []string{"", ", classes: [image]"} {
		s := run(t, text(t, `
name: both
duration: 4h
tiers: [{name: all}]
classes: [{name: image, pool: big, service: {dist: exponential, mean: 10s}, slo: 60s}, {name: chat, pool: small, service: {dist: exponential, mean: 1s}, slo: 10s}]
pools: [{name: big, nodes: 50}, {name: small, nodes: 50}]
clients: [{name: p, patience: 2m}]
demand: {streams: [{name: f, class: image, tier: all, rate: 8/s}, {name: g, class: chat, tier: all, rate: 5/s}]}
policies: [{name: c, kind: brownout, optional_work: 40%, quality: 70%, setpoint: 200s`+classes+`}, {name: fb, kind: fallback, classes: [image], pool: small, above: 0.8, below: 0.7, quality: 100%}]
`), launch.Options{Seed: 1}).Summary.Classes["image"]
		assert.Less(t, float64(s.Degraded), 2000.0, classes)
		assert.Greater(t, float64(s.Completed), 100000.0)
	}
}
