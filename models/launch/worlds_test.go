package launch

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// laws are laws of service with a mean of about a second.
var laws = []string{
	"{dist: exponential, mean: 1s}", "1s", "{dist: lognormal, median: 600ms, sigma: 1}", "{dist: hyperexponential, mean: 1s, cv: 3}",
	"{dist: uniform, max: 2s}", "{dist: gamma, mean: 1s, cv: 0.5}", "{dist: discrete, values: [0s, 1s, 3s], weights: [1, 3, 1]}",
}

func pick(luck *rand.Rand, from ...string) string { return from[luck.IntN(len(from))] }

// lines writes what chance lets through.
func lines(luck *rand.Rand, chance float64, from ...string) string {
	var b strings.Builder
	for _, line := range from {
		if luck.Float64() < chance {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// section writes a list under a key, or nothing where it is empty.
func section(key, items string) string {
	if items == "" {
		return ""
	}
	return key + ":\n" + items
}

// randomQueue is a queue of two tiers whose demand ends at half time, with load
// enough to wait and time enough to empty. If leave is set, attempts may end
// otherwise than served.
func randomQueue(luck *rand.Rand, leave bool) string {
	servers := 1 + luck.IntN(8)
	load := 0.5 + luck.Float64()
	stream := func(tier int) string {
		return fmt.Sprintf("    - {name: s%d, tier: tier%d, class: job, rate: %.4f/s, profile: [{at: +5m, x: 1}, {at: +5m, x: 0}]}", tier, tier, load*float64(servers)/2)
	}
	text := fmt.Sprintf(`name: random-queue
duration: 30m
interval: %s
tiers: [{name: tier0, priority: %d}, {name: tier1, priority: %d}]
classes: [{name: job, pool: servers, service: %s}]
pools: [{name: servers, nodes: %d, speed: %.2f, queue: {discipline: %s}}]
demand:
  streams:
%s
%s
`, pick(luck, "0s", "1m", "7s"), luck.IntN(3), luck.IntN(3), pick(luck, laws...), servers, 0.9+luck.Float64(), pick(luck, "fifo", "lifo", "priority"), stream(0), stream(1))
	if leave {
		text += section("clients", lines(luck, 0.7,
			"  - {name: app, tiers: [tier0], patience: {dist: exponential, mean: 3s}, retry: {max_tries: 3, on_abandoned: yes, base: 2s, cap: 10s}}",
			"  - {name: web, patience: {dist: lognormal, median: 2s, sigma: 1}, return: {share: 50%, after: 20s, max_visits: 3}}"))
		text += section("policies", lines(luck, 0.4,
			"  - {name: room, kind: queue-limit, limit: 5}",
			"  - {name: late, kind: deadline, max_wait: 4s}"))
	}
	return text
}

// randomWorld is a small world with a bit of everything: tiers, classes and
// pools, sign-ups, word of mouth and fluid work, failures and lots, levers and
// patches, impatience, retries and returns, a warm-up or none.
func randomWorld(luck *rand.Rand) string {
	var b strings.Builder
	tiers := 1 + luck.IntN(3)
	fmt.Fprintf(&b, "name: random-world\nduration: %s\nwarmup: %s\ninterval: %s\ntiers:\n", pick(luck, "20m", "31m", "45m"), pick(luck, "0s", "4m", "61s"), pick(luck, "0s", "1m", "90s"))
	for k := range tiers {
		fmt.Fprintf(&b, "  - {name: tier%d, users: %d, paid: %s, priority: %d}\n", k, 20+luck.IntN(300), pick(luck, "yes", "no"), luck.IntN(4))
	}
	fluid, signup := luck.IntN(2) == 0, luck.IntN(2) == 0
	fmt.Fprintf(&b, "classes:\n  - {name: class0, pool: main, service: %s}\n  - {name: class1, pool: %s, service: %s}\n", pick(luck, laws...), pick(luck, "main", "side"), pick(luck, laws...))
	if fluid {
		fmt.Fprintf(&b, "  - {name: chat, kind: fluid, pool: main, service: 500ms, share: %d%%, patience: %s}\n", 20+luck.IntN(80), pick(luck, "5s", "1m"))
	}
	if signup {
		b.WriteString("  - {name: join, kind: signup, pool: side, service: {dist: exponential, mean: 2s}}\n")
	}
	pool := func(name string) {
		fmt.Fprintf(&b, "  - name: %s\n    nodes: %d\n    slots_per_node: %d\n    queue: {discipline: %s}\n", name, 1+luck.IntN(6), 1+luck.IntN(3), pick(luck, "fifo", "lifo", "priority"))
		b.WriteString(lines(luck, 0.5,
			"    failures: {mtbf: {dist: exponential, mean: 5m}, repair: {dist: exponential, mean: 40s}}",
			"    lots: [{name: late, ordered: +1m, lead: {dist: uniform, min: 1m, max: 10m}, nodes: 2}]",
			"    speed: 1.3"))
	}
	b.WriteString("pools:\n")
	pool("main")
	pool("side")
	b.WriteString("demand:\n  step: 20s\n  streams:\n")
	for k := range tiers {
		fmt.Fprintf(&b, "    - {name: users%d, tier: tier%d, class: class0, per_user: %d/h, interest: %d%%, top_tenth: %s", k, k, 5+luck.IntN(60), 40+luck.IntN(60), pick(luck, "10%", "50%"))
		if luck.IntN(2) == 0 {
			b.WriteString(", adoption: {from: +2m, at_once: 20%, innovation: 3/h, imitation: 0.4, memory: 2m}")
		}
		fmt.Fprintf(&b, "}\n    - {name: open%d, tier: tier%d, class: class1, rate: %.2f/s, profile: [{at: +0s, x: 0.5}, {at: +5m, x: %d}, {at: +9m, x: 0}, {at: +12m, x: 1}]%s}\n", k, k, luck.Float64(), luck.IntN(4), pick(luck, "",
			", arrivals: {process: weibull, cv: 3}", ", arrivals: {process: mmpp, states: [{factor: 0, sojourn: 1m}, {factor: 1, sojourn: 10s}]}", ", shape: step, spikes: [{at: +7m, height: 9, fall: 20s, decay: exponential}]"))
	}
	fmt.Fprintf(&b, "    - {name: circle, tier: tier0, class: %s, closed: {users: %d, think: %s}}\n", pick(luck, "class0", "class1"), 1+luck.IntN(20), pick(luck, laws...))
	if fluid {
		fmt.Fprintf(&b, "    - {name: chats, tier: tier0, class: chat, per_user: %d/h, profile: [{at: +0s, x: 1}, {at: +8m, x: 3}, {at: +20m, x: 0}]}\n", 10+luck.IntN(100))
	}
	if signup {
		b.WriteString("    - {name: joins, tier: tier0, class: join, rate: 3/m, sharing: {class: class0, per_completion: 0.1, memory: 1m, reach: 500}}\n")
	}
	b.WriteString(section("clients", lines(luck, 0.6,
		"  - {name: app, tiers: [tier0], classes: [class0], patience: {dist: exponential, mean: 6s}, retry: {max_tries: 4, on_abandoned: yes, on_limited: yes, give_up_after: 3m}}",
		"  - {name: page, classes: [class0], patience: 2s, return: {share: 60%, after: {dist: exponential, mean: 90s}, max_visits: 4}}",
		"  - {name: rest, patience: {dist: lognormal, median: 5s, sigma: 1}, retry: {max_tries: 3, after: {dist: exponential, mean: 30s}}, return: {share: 30%, after: 5m}}")))
	b.WriteString(section("policies", lines(luck, 0.5,
		"  - {name: gate, kind: feature-gate, classes: [class0], percent: 60%, ramp: 5m}",
		"  - {name: plea, kind: appeal, compliance: 50%, factor: 0.3, half_life: 5m}",
		"  - {name: quota, kind: user-quota, classes: [class0], limit: 3, window: 4m}",
		"  - {name: bucket, kind: token-bucket, tiers: [tier0], rate: 30/m, burst: 10}",
		"  - {name: shed, kind: priority-shedding, thresholds: [{name: tier0, waiting_per_server: 0.5}]}",
		"  - {name: room, kind: queue-limit, limit: 6}",
		"  - {name: late, kind: deadline, max_wait: 5s}")))
	b.WriteString(section("timeline", lines(luck, 0.5,
		"  - {at: +2m, label: fewer nodes, kind: cause, set: {pools.main.nodes: 1}}",
		"  - {at: +4m, label: a new order, set: {pools.main.queue.discipline: priority}}",
		"  - {at: +5m, label: outage, kind: cause, set: {pools.main.out_of_service: 100%}}",
		"  - {at: +6m, label: last come first, set: {pools.main.queue.discipline: lifo, tiers.tier0.priority: 3}}",
		"  - {at: +8m, label: back, kind: cause, set: {pools.main.out_of_service: 0%, pools.main.nodes: 8}}",
		"  - {at: +9m, label: fair again, set: {pools.main.queue.discipline: fifo, pools.main.speed: 2}}",
		"  - {at: +10m, label: more of it, kind: cause, set: {demand.streams.open0.rate: 2/s, demand.streams.users0.per_user: 90/h, demand.streams.circle.closed.think: 20s}}")))
	return b.String()
}
