package launch_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/sim"
)

// plainQueues are queues of the textbook with a second of service each, longer
// than any benchmark.
var plainQueues = []struct {
	name    string
	servers int
	rate    float64 // customers a second
	more    string
}{
	{"MM1", 1, 0.9, ""},
	{"MM100", 100, 90, ""},
	{"ErlangA", 100, 120, "clients: [{name: callers, patience: {dist: exponential, mean: 1s}}]"},
}

// warm is a run of a plain queue that has come to its steady state: what grows
// has grown.
func warm(t testing.TB, servers int, rate float64, more string) *launch.Run {
	t.Helper()
	sc := text(t, fmt.Sprintf(`
name: plain-queue
duration: 30000d
interval: 30d
tiers: [{name: everyone}]
classes: [{name: job, pool: servers, service: {dist: exponential, mean: 1s}}]
pools: [{name: servers, nodes: %d}]
demand: {streams: [{name: arrivals, tier: everyone, class: job, rate: %v/s}]}
%s
`, servers, rate, more))
	r, err := launch.New(sc, launch.Options{Seed: 1})
	require.NoError(t, err)
	require.NoError(t, r.StepUntil(sim.FromSeconds(200_000/rate)))
	return r
}

// BenchmarkCustomer is the full path of a scenario, recorder included, for each
// customer of a plain queue: two events, or three with patience.
func BenchmarkCustomer(b *testing.B) {
	for _, q := range plainQueues {
		b.Run(q.name, func(b *testing.B) {
			r := warm(b, q.servers, q.rate, q.more)
			from := r.Kernel().Fired()
			b.ReportAllocs()
			b.ResetTimer()
			// b.N customers on average.
			require.NoError(b, r.StepUntil(r.Now()+sim.FromSeconds(float64(b.N)/q.rate)))
			b.StopTimer()
			perSecond := 1 / b.Elapsed().Seconds()
			b.ReportMetric(float64(b.N)*perSecond/1e6, "Mcustomers/s")
			b.ReportMetric(float64(r.Kernel().Fired()-from)*perSecond/1e6, "Mevents/s")
		})
	}
}

// chains are five policies each, loose enough to let all in: as a gateway has them
// before a service, one of each heading, and five that learn from how attempts end.
var chains = []struct{ name, policies string }{
	{"five", `policies:
  - {name: rollout, kind: feature-gate, percent: 100%}
  - {name: rate, kind: gcra, rate: 10k/s, burst: 1k}
  - {name: bucket, kind: token-bucket, rate: 10k/s, burst: 1k}
  - {name: in-flight, kind: aimd, max: 1000, min: 1000, initial: 1000}
  - {name: full, kind: queue-limit, limit: 100k}
`},
	{"five-of-all", `policies:
  - {name: quota, kind: user-quota, limit: 100, window: 1d}
  - {name: dagor, kind: dagor}
  - {name: codel, kind: codel}
  - {name: vegas, kind: vegas, max: 1000}
  - {name: pie, kind: pie}
`},
	{"five-that-learn", `policies:
  - {name: aimd, kind: aimd, max: 1000, min: 1000, initial: 1000}
  - {name: gradient, kind: gradient2, max: 1000, min: 1000, initial: 1000}
  - {name: parts, kind: partitioned-limit, max: 1000, min: 1000, initial: 1000, shares: [{name: everyone, share: 50%}]}
  - {name: failsafe, kind: failsafe-limiter, max: 1000, min: 1000, initial: 1000}
  - {name: brownout, kind: brownout, setpoint: 1h, optional_work: 10%, quality: 90%}
`},
}

// BenchmarkChain is the same path with a chain of five; share is what of it the chain
// costs, by the time that the path takes without one.
func BenchmarkChain(b *testing.B) {
	b.Run("none", func(b *testing.B) { alongQueue(b, "") })
	for _, c := range chains {
		b.Run(c.name, func(b *testing.B) {
			without := alongQueue(b, "")
			with := alongQueue(b, c.policies)
			b.ReportMetric(1-without/with, "share")
		})
	}
}

// alongQueue is the seconds that b.N customers of M/M/100 take.
func alongQueue(b *testing.B, policies string) float64 {
	r := warm(b, 100, 90, policies)
	b.ReportAllocs()
	b.ResetTimer()
	from := time.Now()
	require.NoError(b, r.StepUntil(r.Now()+sim.FromSeconds(float64(b.N)/90)))
	return time.Since(from).Seconds()
}

// BenchmarkLaunch is a run of the shipped launch at 1/2000, from New to Result.
// An attempt is one at an image or a sign-up, refused or not; chat is fluid, and
// its share of the time is in that of the attempts.
func BenchmarkLaunch(b *testing.B) {
	sc := read(b, "ghibli-2025", "scale", "1/2000")
	var attempts, events float64
	b.ReportAllocs()
	for b.Loop() {
		s := run(b, sc, launch.Options{Seed: 1}).Summary
		attempts += float64(s.Classes["image"].Attempts + s.Classes["signup"].Attempts)
		events += float64(s.Events)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/attempts, "ns/attempt")
	b.ReportMetric(events/b.Elapsed().Seconds()/1e6, "Mevents/s")
	b.ReportMetric(attempts/float64(b.N), "attempts")
}

// allocations counts what f allocates.
func allocations(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// A queue in its steady state, and the whole launch with every room in it: what
// a run of twice the length allocates beyond the short one is told by event.
func TestNothingIsAllocatedForAnEvent(t *testing.T) {
	for _, q := range plainQueues {
		r := warm(t, q.servers, q.rate, q.more)
		from, until := r.Kernel().Fired(), r.Now()+sim.FromSeconds(300_000/q.rate)
		n := allocations(func() { require.NoError(t, r.StepUntil(until)) })
		events := r.Kernel().Fired() - from
		require.Greater(t, events, uint64(500_000))
		t.Logf("%s: %d allocations in %d events", q.name, n, events)
		assert.Less(t, float64(n)/float64(events), 0.001, q.name)
	}

	// The same patches, intervals and windows in both: only the demand is double.
	var mallocs [2]uint64
	var events [2]float64
	for i, scale := range []string{"1/4000", "1/2000"} {
		sc := read(t, "ghibli-2025", "scale", scale, "duration", "6d", "record", "[]")
		var res *metrics.Result
		mallocs[i] = allocations(func() { res = run(t, sc, launch.Options{Seed: 1}) })
		events[i] = float64(res.Summary.Events)
	}
	t.Logf("ghibli-2025: %d allocations in %.0f events, %d in %.0f", mallocs[0], events[0], mallocs[1], events[1])
	require.Greater(t, events[1], 1.5*events[0])
	assert.Less(t, (float64(mallocs[1])-float64(mallocs[0]))/(events[1]-events[0]), 0.001)
}
