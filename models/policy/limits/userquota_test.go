package limits_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy/limits"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func perUser(limit int, window sim.Time) *limits.UserQuotaSpec {
	return &limits.UserQuotaSpec{Limit: limit, Window: unit.Duration(window)}
}

func TestThreeADayForEachUser(t *testing.T) {
	const ann, bob models.User = 1, 999
	g := newGateway(t, 0, perUser(3, sim.Day))
	for _, tc := range []struct {
		hours      sim.Time
		user       models.User
		retryAfter sim.Time // 0: admitted
	}{
		{10, ann, 0}, // her window is 10 to 34
		{11, ann, 0},
		{12, bob, 0}, // his is 12 to 36
		{13, ann, 0},
		{14, ann, 20 * sim.Hour},
		{33, ann, sim.Hour}, // what was refused did not count or shift the window
		{33, bob, 0},
		{34, ann, 0}, // a new window, 34 to 58
		{35, ann, 0},
		{35, bob, 0},
		{35, bob, sim.Hour},
		{36, bob, 0},
		{57, ann, 0},
		{57, ann, sim.Hour},
		{90, ann, 0}, // a window opens with an attempt: this one is 90 to 114
		{113, ann, 0},
		{113, ann, 0},
		{113, ann, sim.Hour},
	} {
		v := g.try(tc.hours*sim.Hour, tc.user)
		assert.Equal(t, tc.retryAfter, v.RetryAfter, "%+v", tc)
		assert.Equal(t, tc.retryAfter != 0, v.Reason != 0, "%+v", tc)
	}
	assert.Equal(t, models.Refusal{Name: "limit", Status: models.TooManyRequests}, g.env.Reasons.Get(1))
}

func TestAnonymousRequestsHaveNoQuota(t *testing.T) {
	g := newGateway(t, 0, perUser(1, sim.Day))
	for range 10 {
		assert.Zero(t, g.try(sim.Hour, models.Anonymous))
	}
}

func TestAWindowEndsEarlyByLessThanItsTick(t *testing.T) {
	g := newGateway(t, 0, perUser(1, 3*sim.Hour)) // in a run of ten days the tick is a second
	opened := 5*sim.Minute + 999*sim.Millisecond
	require.Zero(t, g.try(opened, 0).Reason)
	v := g.try(opened+sim.Minute, 0)
	assert.Equal(t, 3*sim.Hour-sim.Minute-999*sim.Millisecond, v.RetryAfter)
	assert.NotZero(t, g.try(opened+sim.Minute+v.RetryAfter-1, 0).Reason)
	assert.Zero(t, g.try(opened+sim.Minute+v.RetryAfter, 0).Reason, "a try at the time that was told succeeds")
}

func TestTheLargestQuotaFitsToTheLastAttemptAndInstant(t *testing.T) {
	g := newGateway(t, 0, perUser(4095, sim.Hour))
	end := g.env.Horizon
	for range 4095 {
		require.Zero(t, g.try(end-sim.Second, 0).Reason)
	}
	assert.Equal(t, sim.Hour-sim.Second, g.try(end, 0).RetryAfter)
}

func TestNewParametersKeepTheCountsAndTheWindows(t *testing.T) {
	g := newGateway(t, 0, perUser(2, sim.Day))
	g.try(0, 0)
	g.try(0, 0)
	require.NotZero(t, g.try(sim.Hour, 0).Reason)

	require.NoError(t, g.Reconfigure(perUser(3, sim.Day)))
	assert.Zero(t, g.try(sim.Hour, 0).Reason, "the third of three")
	assert.Equal(t, 23*sim.Hour, g.try(sim.Hour, 0).RetryAfter)

	require.NoError(t, g.Reconfigure(perUser(1, 2*sim.Hour)))
	assert.Equal(t, sim.Hour, g.try(sim.Hour, 0).RetryAfter, "the window that opened at 0 ends at 2 h now")
}

func TestAUserCostsFourBytesAndOnlyOnceThePolicyIsAtWork(t *testing.T) {
	const users = 1 << 20
	g := newGateway(t, 0, perUser(3, sim.Day))
	g.env.Users = users
	bytes := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	assert.Less(t, bytes(func() { g.Policy, _ = perUser(3, sim.Day).New(g.env) }), uint64(10_000))
	assert.InDelta(t, 4*users, bytes(func() { g.try(0, users-1) }), 20_000)
}

func TestAQuotaThatCannotBeIsRefused(t *testing.T) {
	for want, s := range map[string]*limits.UserQuotaSpec{
		"limit is 0, it must be 1 to 4095":     perUser(0, sim.Day),
		"limit is 4096, it must be 1 to 4095":  perUser(4096, sim.Day),
		"window is 0s, it must be more than 0": perUser(3, 0),
	} {
		g := newGateway(t, 0, perUser(1, sim.Day))
		_, err := s.New(g.env)
		assert.EqualError(t, err, want)
		assert.EqualError(t, g.Reconfigure(s), want)
	}
}
