package limits_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/limits"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func sliding(limit int, window sim.Time) *limits.UserQuotaSpec {
	q := perUser(limit, window)
	q.Reset = "sliding"
	return q
}

// With a million users, what the policy takes at its first attempt over the
// number of users: under 16 bytes for windows and GCRA, limit x 4 for a log.
func TestWhatAUserCosts(t *testing.T) {
	const users = 1 << 20
	for _, tc := range []struct {
		kind  string
		spec  policy.Spec
		bytes uintptr
	}{
		{"user-quota", perUser(3, sim.Day), 4},
		{"gcra", cells(0.1, 3, "user"), 8},
		{"fixed-window", fixed(3, sim.Day, "user"), 8},
		{"sliding-window", counter(3, sim.Day, "user"), 12},
		{"cost-limit", &limits.CostLimitSpec{Rate: 1, Burst: 10, Per: "user"}, 8},
		{"concurrency-limit", &limits.ConcurrencyLimitSpec{Limit: 3, Per: "user"}, 2},
		{"requests-and-tokens", &limits.RequestsAndTokensSpec{RPM: 3, TPM: 1000, Tokens: 5, Per: "user"}, 16},
		{"", log(3, sim.Day, "user"), 3 * 4},
		{"", sliding(50, 3*sim.Hour), 50 * 4},
	} {
		g := newGateway(t, 0, perUser(3, sim.Day))
		g.env.Users = users
		g.env.Tiers = make([]policy.TierInfo, 1)
		bytes := func(f func()) uint64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f()
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		assert.Less(t, bytes(func() { g.Policy, _ = tc.spec.New(g.env) }), uint64(10_000), "%T: nothing before the first attempt", tc.spec)
		assert.InDelta(t, float64(tc.bytes), float64(bytes(func() { g.try(0, users-1) }))/users, 0.02, "%T", tc.spec)
		if tc.kind != "" {
			assert.Equal(t, tc.bytes, limits.UserBytes[tc.kind], tc.kind)
		}
		switch tc.kind {
		case "user-quota", "gcra", "fixed-window", "sliding-window":
			assert.Less(t, tc.bytes, uintptr(16), tc.kind)
		}
	}
}

// every is a policy of each kind and scope.
func every() map[string]policy.Spec {
	return map[string]policy.Spec{
		"token-bucket":             bucket(1000, 10),
		"gcra":                     cells(1000, 10, "all"),
		"gcra/user":                cells(0.1, 3, "user"),
		"leaky-bucket":             &limits.LeakyBucketSpec{Rate: 1000, Size: 10},
		"fixed-window":             fixed(1000, sim.Second, "all"),
		"fixed-window/user":        fixed(3, sim.Minute, "user"),
		"sliding-window":           counter(1000, sim.Second, "all"),
		"sliding-window/user":      counter(3, sim.Minute, "user"),
		"sliding-log":              log(1000, sim.Second, "all"),
		"sliding-log/user":         log(3, sim.Minute, "user"),
		"concurrency-limit":        &limits.ConcurrencyLimitSpec{Limit: 100, Per: "all"},
		"concurrency-limit/user":   &limits.ConcurrencyLimitSpec{Limit: 3, Per: "user"},
		"requests-and-tokens":      &limits.RequestsAndTokensSpec{RPM: 60000, TPM: 1e9, Tokens: 1000, CV: 1, Per: "all"},
		"requests-and-tokens/user": &limits.RequestsAndTokensSpec{RPM: 3, TPM: 1e5, Tokens: 1000, CV: 1, Per: "user"},
		"cost-limit":               &limits.CostLimitSpec{Rate: 1000, Burst: 100, Per: "all"},
		"user-quota":               perUser(3, sim.Hour),
		"user-quota/midnight":      &limits.UserQuotaSpec{Limit: 3, Window: unit.Duration(sim.Day), Reset: "local-midnight", Offset: []float64{-5, 1, 8}},
		"user-quota/sliding":       sliding(3, sim.Hour),
	}
}

// decide drives a policy with an attempt a millisecond of a thousand users.
func decide(t testing.TB, spec policy.Spec) func() {
	g := &gateway{env: policy.Env{Name: "limit", Users: 1000, Horizon: 10 * sim.Day, Tiers: make([]policy.TierInfo, 1), Reasons: new(models.Reasons), Now: func() sim.Time { return 0 }}}
	p, err := spec.New(g.env)
	if err != nil {
		t.Fatal(err)
	}
	finisher, finishes := p.(policy.Finisher)
	a, s := &models.Attempt{Service: sim.Second}, &models.Signals{}
	return func() {
		a.User = (a.User + 1) % 1000
		a.Request++
		s.Now += sim.Millisecond
		if p.Admit(a, s).Reason == 0 && finishes {
			finisher.Finish(a, models.Completed, s.Now)
		}
	}
}

func TestLimitsAllocateNothingForAnAttempt(t *testing.T) {
	for name, spec := range every() {
		f := decide(t, spec)
		f() // tables are made at the first attempt
		assert.Zero(t, testing.AllocsPerRun(2000, f), name)
	}
}

func BenchmarkAdmit(b *testing.B) {
	for name, spec := range every() {
		b.Run(name, func(b *testing.B) {
			f := decide(b, spec)
			b.ReportAllocs()
			for range b.N {
				f()
			}
		})
	}
}
