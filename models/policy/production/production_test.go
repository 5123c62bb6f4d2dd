package production_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/limits"
	"github.com/launchday-sim/launchday/models/policy/production"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

const users = 50

func build(t testing.TB, now *sim.Time, s policy.Spec) policy.Policy {
	p, err := s.New(policy.Env{Name: "limit", Users: users, Horizon: 1000 * sim.Day, Reasons: new(models.Reasons), Now: func() sim.Time { return *now }})
	require.NoError(t, err)
	return p
}

// arrivals calls f with times that come in bursts and with silences, of which
// about as many are refused as admitted.
func arrivals(t *testing.T, n int, rate, burst float64, f func(i int, now sim.Time, user models.User)) {
	src := rng.NewSource(rngtest.Seed(t, 1), 0, t.Name())
	now := sim.Time(0)
	for i := range n {
		gap := src.Exp() / rate / 2
		if src.IntN(20*uint64(burst)) == 0 {
			gap *= 4 * burst
		} else if src.IntN(10) == 0 {
			gap = 0
		}
		now += sim.FromSeconds(gap)
		f(i, now, models.User(src.IntN(users)))
	}
}

func TestOurGCRADecidesAsThrottledDoesCallByCall(t *testing.T) {
	for _, tc := range []struct {
		rate, burst float64
		per         string
	}{{7, 5, "all"}, {20.0 / 60, 1, "all"}, {12345, 300, "all"}, {1.0 / 3, 4, "user"}, {50.0 / (3 * 3600), 50, "user"}} {
		t.Run(fmt.Sprintf("%.3g a second, burst %v, per %s", tc.rate, tc.burst, tc.per), func(t *testing.T) {
			var now sim.Time
			ours := build(t, &now, &limits.GCRASpec{Rate: unit.Rate(tc.rate), Burst: unit.Count(tc.burst), Per: tc.per})
			theirs := build(t, &now, &production.ThrottledSpec{Rate: unit.Rate(tc.rate), Burst: unit.Count(tc.burst), Per: tc.per})
			rate, burst := tc.rate, tc.burst
			if tc.per == "user" {
				rate, burst = rate*users, burst*users
			}
			refused := 0
			arrivals(t, 100_000, rate, burst, func(i int, at sim.Time, user models.User) {
				now = at
				a, s := &models.Attempt{User: user}, &models.Signals{Now: at}
				want := theirs.Admit(a, s)
				require.Equal(t, want, ours.Admit(a, s), "call %d at %v", i, at)
				if want.Reason != 0 {
					refused++
				}
			})
			assert.InDelta(t, 50_000, refused, 35_000, "neither all nor nothing")
		})
	}
}

// The library lets a token be taken up to a nanosecond before it is due, and
// ours rounds the rate up by a part in 2^64 a nanosecond. Where the two differ, the
// token must be due that close to the call; the one that refused is asked again
// when it is due, and both have taken the same again.
func TestOurTokenBucketDecidesAsXTimeRateDoesCallByCall(t *testing.T) {
	for _, tc := range []struct {
		rate, burst float64
		ties        int // at most, of 100,000
	}{{7, 5, 3}, {1.0 / 3, 1, 3}, {12345.6, 300, 30}, {1e6, 10, 500}, {0.25, 50, 3}} {
		t.Run(fmt.Sprintf("%.3g a second, burst %v", tc.rate, tc.burst), func(t *testing.T) {
			var now sim.Time
			ours := build(t, &now, &limits.TokenBucketSpec{Rate: unit.Rate(tc.rate), Burst: unit.Count(tc.burst)})
			theirs := build(t, &now, &production.XTimeRateSpec{Rate: unit.Rate(tc.rate), Burst: unit.Count(tc.burst)})
			close := 2 + 1e-5/tc.rate*1e9 // nanoseconds: a hundred thousandth of a token
			refused, ties := 0, 0
			arrivals(t, 100_000, tc.rate, tc.burst, func(i int, at sim.Time, user models.User) {
				now = max(now, at)
				a, s := &models.Attempt{User: user}, &models.Signals{Now: now}
				want, got := theirs.Admit(a, s), ours.Admit(a, s)
				require.InDelta(t, float64(want.RetryAfter), float64(got.RetryAfter), close, "call %d at %v", i, at)
				switch {
				case want.Reason != got.Reason:
					ties++
					refuser := theirs
					if got.Reason != 0 {
						refuser = ours
					}
					now += sim.Time(close) + 1
					require.Zero(t, refuser.Admit(a, &models.Signals{Now: now}).Reason)
				case want.Reason != 0:
					refused++
				}
				if i == 50_000 {
					require.NoError(t, theirs.Reconfigure(&production.XTimeRateSpec{Rate: unit.Rate(tc.rate / 1.5), Burst: unit.Count(2 * tc.burst)}))
					require.NoError(t, ours.Reconfigure(&limits.TokenBucketSpec{Rate: unit.Rate(tc.rate / 1.5), Burst: unit.Count(2 * tc.burst)}))
				}
			})
			assert.InDelta(t, 50_000, refused, 30_000, "neither all nor nothing")
			assert.LessOrEqual(t, ties, tc.ties)
			t.Logf("%d refused, %d ties", refused, ties)
		})
	}
}

func TestANewQuotaKeepsTheStore(t *testing.T) {
	var now sim.Time
	ours := build(t, &now, &limits.GCRASpec{Rate: 1, Burst: 2})
	theirs := build(t, &now, &production.ThrottledSpec{Rate: 1, Burst: 2})
	a, s := &models.Attempt{}, &models.Signals{}
	for range 2 {
		require.Zero(t, theirs.Admit(a, s).Reason)
		require.Zero(t, ours.Admit(a, s).Reason)
	}
	require.NoError(t, theirs.Reconfigure(&production.ThrottledSpec{Rate: 10, Burst: 2}))
	require.NoError(t, ours.Reconfigure(&limits.GCRASpec{Rate: 10, Burst: 2}))
	assert.Equal(t, ours.Admit(a, s), theirs.Admit(a, s))
	assert.NotZero(t, ours.Admit(a, s).RetryAfter)
}

func TestALimiterThatCannotBeIsRefused(t *testing.T) {
	env := policy.Env{Reasons: new(models.Reasons), Now: func() sim.Time { return 0 }}
	for want, s := range map[string]policy.Spec{
		"rate is 1e+09 a second, it must be 0 to 1e8":                                &production.XTimeRateSpec{Rate: 1e9, Burst: 1},
		"burst is 0, it must be 1 to 2^31-1":                                         &production.XTimeRateSpec{Rate: 1},
		"rate is 0 a second, it must be above 0 and at most 1e8":                     &production.ThrottledSpec{Burst: 1},
		"burst is 0, it must be 1 to 2^31-1, and at most what comes in 73 years":     &production.ThrottledSpec{Rate: 1},
		"burst is 1e+09, it must be 1 to 2^31-1, and at most what comes in 73 years": &production.ThrottledSpec{Rate: 0.001, Burst: 1e9},
	} {
		_, err := s.New(env)
		assert.EqualError(t, err, want)
	}
}

func TestAnonymousRequestsHaveNoLimitOfTheirOwn(t *testing.T) {
	var now sim.Time
	p := build(t, &now, &production.ThrottledSpec{Rate: 1, Burst: 1, Per: "user"})
	for range 3 {
		assert.Zero(t, p.Admit(&models.Attempt{User: models.Anonymous}, &models.Signals{}).Reason)
	}
}

func TestTheLimiterOfXTimeRateAllocatesNothing(t *testing.T) {
	var now sim.Time
	p := build(t, &now, &production.XTimeRateSpec{Rate: 1000, Burst: 3})
	a, s := &models.Attempt{}, &models.Signals{}
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		s.Now += sim.Millisecond / 2
		p.Admit(a, s)
	}))
}

func BenchmarkAdmit(b *testing.B) {
	for name, spec := range map[string]policy.Spec{
		"x-time-rate": &production.XTimeRateSpec{Rate: 1000, Burst: 10}, "throttled": &production.ThrottledSpec{Rate: 1000, Burst: 10},
		"throttled/user": &production.ThrottledSpec{Rate: 10, Burst: 3, Per: "user"},
	} {
		b.Run(name, func(b *testing.B) {
			var now sim.Time
			p := build(b, &now, spec)
			a, s := &models.Attempt{}, &models.Signals{}
			b.ReportAllocs()
			for range b.N {
				a.User = (a.User + 1) % users
				s.Now += sim.Millisecond
				p.Admit(a, s)
			}
		})
	}
}
