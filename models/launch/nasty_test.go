package launch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/launch"
)

// Worlds that nobody wants, each a sound run: Result holds both identities.
func TestLeversThatAreCombinedOddlyMakeASoundRun(t *testing.T) {
	const head = `
name: nasty
duration: 20m
tiers: [{name: free, users: 1k, priority: 1}, {name: plus, users: 100, paid: yes}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
demand: {streams: [{name: f, class: job, tier: free, per_user: 30/h}, {name: p, class: job, tier: plus, per_user: 10/h}]}
`
	const pool = "pools: [{name: main, nodes: 5, queue: {discipline: priority}}]\n"
	for name, rest := range map[string]string{
		"no servers": `pools: [{name: main, nodes: 0}]
policies: [{name: a, kind: pid, max_limit: 10}, {name: b, kind: partitioned-limit, shares: [{name: free, share: 50%}]}, {name: c, kind: waiting-room, total_active_users: 10, new_users_per_minute: 60/m}, {name: d, kind: spare-cycles}]`,
		"keepers behind keepers, switched in turns": pool + `
policies: [{name: q, kind: user-quota, limit: 1, window: 1d}, {name: w, kind: waitlist, lot: 1, every: 1h}, {name: w2, kind: waitlist, lot: 100, every: 1s}, {name: lb, kind: leaky-bucket, rate: 1/s, size: 1}, {name: dl, kind: deadline, max_wait: 1ns}]
timeline: [{at: +5m, label: off, set: {policies.w.enabled: no}}, {at: +6m, label: on, set: {policies.w.enabled: yes, policies.w2.enabled: no}}]`,
		"a pool that goes and comes": `
pools: [{name: main, nodes: 5, out_of_service: 100%, queue: {discipline: processor-sharing}}]
policies: [{name: ps, kind: priority-shedding, thresholds: [{name: free, waiting_per_server: 0}]}, {name: u, kind: worker-utilisation, order: [free]}, {name: d, kind: deadline-admission, deadline: 1ms, estimate: service}]
timeline: [{at: +5m, label: up, set: {pools.main.out_of_service: 0%}}, {at: +10m, label: gone, set: {pools.main.nodes: 0}}, {at: +12m, label: back, set: {pools.main.nodes: 1k}}]`,
		"users without any time": pool + `
clients: [{name: c, patience: 0s, retry: {max_tries: 5, base: 0s, cap: 0s, on_abandoned: yes, on_limited: yes}, hedge: {after: 0s, max: 7}, return: {share: 100%, after: 0s, max_visits: 3}, balk: {accepts: 0s}, session: {requests: {mean: 2}, think: 0s, think_after_failure: 0s}}]`,
		"every queue manager at a nanosecond": pool + `
policies: [{name: ed, kind: expired-work, deadline: 1ns}, {name: cd, kind: codel, target: 1ns, interval: 1ms}, {name: fc, kind: folly-codel, target: 1ns, interval: 1ns}, {name: ctl, kind: controlled-delay, m: 1ns, n: 1ns}, {name: r, kind: red, min: 0, max: 0, max_p: 100%, weight: 100%}]`,
		"a keeper whose tiers change": pool + `
policies: [{name: a, kind: spare-cycles}, {name: b, kind: spare-cycles}]
timeline: [{at: +5m, label: a, set: {policies.a.enabled: no, policies.b.share: 0%}}, {at: +6m, label: tiers, set: {policies.b.tiers: [plus]}}, {at: +7m, label: classes, set: {policies.b.classes: [job]}}]`,
		"switched in the warm-up and twice at one instant": pool + `
warmup: 1h
policies: [{name: a, kind: seda, rate: 0.000001/s}, {name: b, kind: breakwater, by: users}, {name: c, kind: dagor}, {name: d, kind: rajomon, tokens: 0}, {name: e, kind: cinnamon, initial: 0}]
timeline: [{at: -30m, label: early, set: {policies.a.enabled: no}}, {at: +0s, label: again, set: {policies.a.enabled: yes}}, {at: +0s, label: and off, set: {policies.a.enabled: no}}]`,
		"a world of one part in a billion": pool + "scale: 1/1000000000\npolicies: [{name: v, kind: vegas, initial: 1, max: 1}, {name: g, kind: gradient2, initial: 1, min: 1, max: 1}]",
		"nodes that are always being mended": `
pools: [{name: main, nodes: 5, failures: {mtbf: 1s, repair: 1d}, health: {every: 1ms, timeout: 0s, failures: 1, restart: 1ms}, lots: [{name: l, ordered: +5m, lead: 365d, nodes: 1M}, {name: k, ordered: -300d, nodes: 5}]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			s := run(t, text(t, head+rest), launch.Options{Seed: 1}).Summary
			assert.Positive(t, float64(s.All.Requests))
		})
	}
}
