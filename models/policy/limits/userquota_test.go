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

func midnight(reset string, offset ...float64) *limits.UserQuotaSpec {
	q := perUser(2, sim.Day)
	q.Reset, q.Offset = reset, offset
	return q
}

const h = sim.Hour

func TestAQuotaOfTheDayInUTCEndsAtMidnight(t *testing.T) {
	// The run begins at 18:00.
	play(t, startingAt(t, 20_000*sim.Day+18*h, midnight("utc-midnight", -7)), []step{
		{5 * h, 1, 0}, {5 * h, 1, 0}, {5*h + 30*sim.Minute, 1, 30 * sim.Minute},
		{6 * h, 1, 0}, {6 * h, 1, 0}, {7 * h, 1, 23 * h}, {29 * h, 2, 0}, {30 * h, 1, 0}, {30 * h, 2, 0}, {30 * h, 2, 0}, {31 * h, 2, 23 * h},
	})
	// Windows of eight hours begin at 0, 8 and 16 o'clock.
	q := midnight("utc-midnight")
	q.Window = unit.Duration(8 * h)
	play(t, startingAt(t, 18*h, q), []step{{0, 1, 0}, {5 * h, 1, 0}, {5 * h, 1, h}, {6 * h, 1, 0}, {7 * h, 1, 0}, {8 * h, 1, 6 * h}})
}

func TestAQuotaOfTheLocalDayEndsAtTheUsersMidnight(t *testing.T) {
	// 18:00 in UTC is 11:00 there.
	play(t, startingAt(t, 20_000*sim.Day+18*h, midnight("local-midnight", -7)), []step{
		{5 * h, 1, 0}, {5 * h, 1, 0}, {6 * h, 1, 7 * h}, {13 * h, 1, 0}, {13 * h, 1, 0}, {14 * h, 1, 23 * h},
	})
	// Of three offsets each user has one for good, and they are about equally many.
	const users = 900
	g := startingAt(t, 0, midnight("local-midnight", -5, 1, 8))
	ends := map[sim.Time]int{}
	for u := range models.User(users) {
		g.try(0, u)
		g.try(0, u)
		end := g.try(h, u).RetryAfter + h
		require.Equal(t, end, g.try(2*h, u).RetryAfter+2*h)
		ends[end]++
	}
	assert.Len(t, ends, 3)
	for _, at := range []sim.Time{5 * h, 23 * h, 16 * h} {
		assert.InDelta(t, users/3, ends[at], 5*14.2, "binomial: 5 standard deviations")
	}
}

func TestASlidingQuotaGivesBackEachAttemptAfterTheWindow(t *testing.T) {
	play(t, newGateway(t, 0, sliding(2, 3*h)), []step{
		{0, 1, 0}, {2 * h, 1, 0}, {2 * h, 1, h}, {2 * h, 2, 0}, {3 * h, 1, 0}, {3 * h, 1, 2 * h}, {5 * h, 1, 0}, {3 * h, models.Anonymous, 0},
	})
}

func TestAnotherResetKeepsWhatUsersHaveHad(t *testing.T) {
	g := newGateway(t, 0, perUser(3, 3*h))
	play(t, g, []step{{0, 1, 0}, {h, 1, 0}, {h, 2, 0}})
	require.NoError(t, g.Reconfigure(sliding(3, 3*h)))
	play(t, g, []step{{2 * h, 1, 0}, {2 * h, 1, h}, {2 * h, 2, 0}, {2 * h, 2, 0}, {2 * h, 2, 2 * h}, {2 * h, 3, 0}})
	g.now = 3 * h // two of the first user's are forgotten
	require.NoError(t, g.Reconfigure(perUser(3, 3*h)))
	play(t, g, []step{{3 * h, 1, 0}, {3 * h, 1, 0}, {3 * h, 1, 2 * h}, {3 * h, 2, h}, {4 * h, 2, 0}})
	q := perUser(3, 24*h)
	q.Reset = "utc-midnight"
	require.NoError(t, g.Reconfigure(q))
	play(t, g, []step{{4 * h, 1, 20 * h}, {24 * h, 1, 0}})
}

func TestAResetThatCannotBeIsRefused(t *testing.T) {
	week := midnight("utc-midnight")
	week.Window = unit.Duration(7 * sim.Day)
	for want, s := range map[string]*limits.UserQuotaSpec{
		"window is 168h0m0s, it must be a whole part of a day where reset is utc-midnight": week,
		"offset is 15 hours, it must be -14 to 14":                                         midnight("local-midnight", 15),
	} {
		_, err := s.New(newGateway(t, 0, perUser(1, h)).env)
		assert.EqualError(t, err, want)
	}
}

// A tick of 10 s cannot divide a run that begins 37 s after the full minute at its
// midnights: the first attempts of a day would seem to be of the day before.
func TestAQuotaOfTheDayCountsFromTheFirstInstantOfTheDay(t *testing.T) {
	for name, q := range map[string]*limits.UserQuotaSpec{"utc": midnight("utc-midnight"), "local": midnight("local-midnight", 5.5)} {
		g := startingAt(t, 20_000*sim.Day+12*h+37*sim.Second+sim.Millisecond, q)
		g.env.Horizon = 13 * sim.Day
		var err error
		g.Policy, err = q.New(g.env)
		require.NoError(t, err)
		day := 12*h - 37*sim.Second - sim.Millisecond // until midnight in UTC
		if name == "local" {
			day -= 5*h + 30*sim.Minute
		}
		admitted := 0
		for at := day - 5*sim.Second; at < day+20*sim.Second; at += 100 * sim.Millisecond {
			if g.try(at, 1).Reason == 0 {
				admitted++
			}
		}
		assert.Equal(t, 4, admitted, "%s: two on each day", name)
		assert.Zero(t, g.try(day+sim.Day, 1).Reason)
		assert.Zero(t, g.try(day+sim.Day, 1).Reason)
		assert.Equal(t, sim.Day, g.try(day+sim.Day, 1).RetryAfter)
	}
}

func TestALogThatBecomesAQuotaOfTheDayKeepsTheDaysApart(t *testing.T) {
	g := startingAt(t, 20_000*sim.Day+12*h+500*sim.Millisecond, sliding(2, sim.Day))
	day := 12*h - 500*sim.Millisecond
	require.Zero(t, g.try(day+100*sim.Millisecond, 1).Reason)
	g.now = day + h
	require.NoError(t, g.Reconfigure(midnight("utc-midnight")))
	assert.Zero(t, g.try(g.now, 1).Reason)
	assert.NotZero(t, g.try(g.now, 1).Reason, "it has had one since midnight")
}

func TestAWindowIsNoShorterThanWhatTellsAttemptsApart(t *testing.T) {
	g := newGateway(t, 0, perUser(1, h))
	assert.EqualError(t, g.Reconfigure(perUser(1, sim.Second/2)), "window is 500ms, it must be at least 1s in a run so long: that is how finely attempts are told apart")
	require.NoError(t, g.Reconfigure(perUser(1, sim.Second)))
	require.NoError(t, g.Reconfigure(sliding(1, sim.Second/2)), "a log is finer")
}
