package limits_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/limits"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// A line is a run that knows nothing but who is kept, first come first served,
// and notes when they go on.
type line struct {
	chain *policy.Chain
	k     *sim.Kernel
	kept  []*models.Attempt
	went  []sim.Time
}

func newLine(t *testing.T, spec policy.Spec) *line {
	l := &line{k: sim.NewKernel()}
	env := policy.Env{Horizon: sim.Day, Tiers: make([]policy.TierInfo, 1), Classes: []string{"job"}, Pools: []string{"main"}, Reasons: new(models.Reasons), Now: l.k.Now}
	var err error
	l.chain, err = policy.NewChain([]policy.Item{{Name: "bucket", Kind: "leaky-bucket", Enabled: true, Spec: spec}}, env)
	require.NoError(t, err)
	l.chain.Begin(l.k, l)
	return l
}

func (l *line) See(models.Class) models.Signals     { return models.Signals{Now: l.k.Now()} }
func (l *line) SeePool(int) models.Signals          { return models.Signals{Now: l.k.Now()} }
func (l *line) Expected(models.Class, int) sim.Time { return sim.Second }
func (l *line) Forget(uint64)                       {}
func (l *line) Kept(int) int                        { return len(l.kept) }
func (l *line) GoOn(now sim.Time, _, n int) {
	for _, a := range l.kept[:n] {
		l.chain.Admit(a, &models.Signals{Now: now})
		l.went = append(l.went, now)
	}
	l.kept = l.kept[n:]
}

func (l *line) arrive(at sim.Time) models.Verdict {
	l.k.RunUntil(at)
	a := &models.Attempt{Arrived: at}
	v := l.chain.Admit(a, &models.Signals{Now: at})
	if v.Kept != models.NotKept {
		l.kept = append(l.kept, a)
		l.chain.Joined(0)
	}
	return v
}

func leaky(rate, size float64) policy.Spec {
	return &limits.LeakyBucketSpec{Rate: unit.Rate(rate), Size: unit.Count(size)}
}

func TestALeakyBucketSpreadsABurstAndRefusesWhatOverflows(t *testing.T) {
	l := newLine(t, leaky(2, 3))
	for i := range 6 {
		v := l.arrive(s)
		assert.Equal(t, i >= 4, v.Reason != 0, "one goes on, three wait, %d", i)
		if v.Reason != 0 {
			assert.Equal(t, 500*sim.Millisecond, v.RetryAfter)
		}
	}
	l.k.RunUntil(10 * s)
	assert.Equal(t, []sim.Time{s, s + s/2, 2 * s, 2*s + s/2}, l.went)

	l.arrive(10 * s)
	assert.Equal(t, 10*s, l.went[4], "an empty line lets one go on at once")
	l.arrive(10*s + s/10)
	l.k.RunUntil(20 * s)
	assert.Equal(t, 10*s+s/2, l.went[5])
}

func TestWhoLeavesTheLineMakesRoomInTheBucket(t *testing.T) {
	l := newLine(t, leaky(1, 2))
	l.arrive(0)
	l.arrive(0)
	l.arrive(0)
	require.NotZero(t, l.arrive(0).Reason)
	l.kept = l.kept[:1] // the patience of one has ended
	assert.Zero(t, l.arrive(0).Reason)
}

func TestInTheLongRunTheLeakyBucketLetsItsRateGoOn(t *testing.T) {
	l := newLine(t, leaky(7, 100))
	src := rng.NewSource(rngtest.Seed(t, 1), 0, t.Name())
	for at := sim.Time(0); at < 1000*s; at += sim.FromSeconds(src.Exp() / 20) {
		l.arrive(at)
	}
	l.k.RunUntil(1000 * s)
	assert.InDelta(t, 7000, len(l.went), 3)
	for i := 1; i < len(l.went); i++ {
		require.GreaterOrEqual(t, l.went[i]-l.went[i-1], sim.Time(142857142))
	}
}

func TestANewRateHoldsFromTheNextDepartureOn(t *testing.T) {
	l := newLine(t, leaky(1, 10))
	for range 4 {
		l.arrive(0)
	}
	l.k.RunUntil(s / 2)
	require.NoError(t, l.chain.Reconfigure([]policy.Item{{Name: "bucket", Kind: "leaky-bucket", Enabled: true, Spec: leaky(4, 1)}}))
	l.k.RunUntil(5 * s)
	assert.Equal(t, []sim.Time{0, s, s + s/4, s + s/2}, l.went)
}

func TestAtMostSoManyAreUnderWay(t *testing.T) {
	for _, tc := range []struct {
		per     string
		refused []bool // an attempt each: tier 0 user 1, tier 0 user 1, tier 1 user 1, tier 0 user 2, anonymous of tier 1
	}{
		{"all", []bool{false, false, true, true, true}},
		{"tier", []bool{false, false, false, true, false}},
		{"user", []bool{false, false, true, false, false}},
	} {
		g := newGateway(t, 0, perUser(1, sim.Day))
		g.env.Tiers = make([]policy.TierInfo, 2)
		p, err := (&limits.ConcurrencyLimitSpec{Limit: 2, Per: tc.per}).New(g.env)
		require.NoError(t, err)
		list := []models.Attempt{{User: 1}, {User: 1}, {User: 1, Tier: 1}, {User: 2}, {User: models.Anonymous, Tier: 1}}
		for i := range list {
			assert.Equal(t, tc.refused[i], p.Admit(&list[i], &models.Signals{}).Reason != 0, "per %s, attempt %d", tc.per, i)
		}
		again := list[0]
		assert.NotZero(t, p.Admit(&again, &models.Signals{}).Reason, tc.per)
		p.(policy.Finisher).Finish(&list[0], models.Abandoned, 0)
		assert.Zero(t, p.Admit(&again, &models.Signals{}).Reason, "per %s: a place has come free", tc.per)

		require.NoError(t, p.Reconfigure(&limits.ConcurrencyLimitSpec{Limit: 3, Per: tc.per}))
		assert.Zero(t, p.Admit(&again, &models.Signals{}).Reason, "per %s: the third of three", tc.per)
		assert.NotZero(t, p.Admit(&again, &models.Signals{}).Reason, tc.per)
		assert.EqualError(t, p.Reconfigure(&limits.ConcurrencyLimitSpec{Per: tc.per, Limit: unit.Count(math.NaN())}), map[bool]string{
			false: "limit is NaN, it must be 1 to 9.007199254740992e+15", true: "limit is NaN, it must be 1 to 65535"}[tc.per == "user"])
	}
}

func TestALimitOfEachUserCountsWhatIsUnderWaySinceItWasOneOfAll(t *testing.T) {
	g := newGateway(t, 0, &limits.ConcurrencyLimitSpec{Limit: 100, Per: "all"})
	g.env.Tiers = make([]policy.TierInfo, 1)
	p, err := (&limits.ConcurrencyLimitSpec{Limit: 100, Per: "all"}).New(g.env)
	require.NoError(t, err)
	in := func() bool { return p.Admit(&models.Attempt{User: 1}, &models.Signals{}).Reason == 0 }
	out := func() { p.(policy.Finisher).Finish(&models.Attempt{User: 1}, models.Completed, 0) }
	for range 3 {
		require.True(t, in())
	}
	require.NoError(t, p.Reconfigure(&limits.ConcurrencyLimitSpec{Limit: 1, Per: "user"}))
	for range 2 {
		assert.False(t, in())
		out()
	}
	assert.False(t, in(), "one is under way still")
	out()
	assert.True(t, in())
	assert.False(t, in())
}

func quota(rpm, tpm, tokens, cv float64, per string) *limits.RequestsAndTokensSpec {
	return &limits.RequestsAndTokensSpec{RPM: unit.Count(rpm), TPM: unit.Count(tpm), Tokens: tokens, CV: cv, Per: per}
}

func TestAnAttemptMustFitIntoBothBuckets(t *testing.T) {
	g := newGateway(t, 0, quota(6, 4000, 1000, 0, "user"))
	for range 4 {
		require.Zero(t, g.try(0, 1).Reason)
	}
	v := g.try(0, 1)
	assert.Equal(t, "limit.tokens", g.env.Reasons.Get(v.Reason).Name)
	assert.Equal(t, 15*s, v.RetryAfter, "a thousand tokens come in 15 s")
	require.Zero(t, g.try(15*s, 1).Reason, "the request that was refused took no place of the six")
	require.Zero(t, g.try(30*s, 1).Reason)

	g = newGateway(t, 0, quota(2, 40000, 1000, 0, "user"))
	g.try(0, 1)
	g.try(0, 1)
	v = g.try(0, 1)
	assert.Equal(t, "limit.requests", g.env.Reasons.Get(v.Reason).Name)
	assert.Equal(t, 30*s, v.RetryAfter)
	assert.Zero(t, g.try(0, 2).Reason, "another user has his own")

	g = newGateway(t, 0, quota(2, 999, 1000, 0, "all"))
	v = g.try(0, 1)
	assert.Equal(t, "limit.tokens", g.env.Reasons.Get(v.Reason).Name)
	assert.Zero(t, v.RetryAfter, "it will never fit")
}

func TestTheTokensOfARequestAreTheSameForEveryTry(t *testing.T) {
	// How many of the same request fit into a bucket tells how many tokens it needs.
	fit := func(a *models.Attempt) (n int) {
		g := newGateway(t, 0, quota(6e9, 1e5, 1000, 1, "all"))
		for g.Admit(a, &models.Signals{}).Reason == 0 {
			n++
		}
		return n
	}
	const requests = 300
	var sum float64
	for i := range uint64(requests) {
		a := &models.Attempt{Request: rng.StreamKey(rngtest.Seed(t, 1), 0, "requests").Child(i)}
		n := fit(a)
		require.Equal(t, n, fit(a))
		sum += 1e5 / (float64(n) + 0.5)
	}
	// Mean and standard deviation are 1000: 5 standard errors.
	assert.InDelta(t, 1000, sum/requests, 5*1000/math.Sqrt(requests))
}

func TestAQuotaOfTokensThatCannotBeIsRefused(t *testing.T) {
	for want, spec := range map[string]*limits.RequestsAndTokensSpec{
		"rpm is 0, it must be 1 to 6e+09":                 quota(0, 1, 1, 0, ""),
		"tpm is 0, it must be 1 to 9.007199254740992e+15": quota(1, 0, 1, 0, ""),
		"tokens is 0, it must be above 0 and at most 1e9": quota(1, 1, 0, 0, ""),
	} {
		_, err := spec.New(newGateway(t, 0, perUser(1, h)).env)
		assert.EqualError(t, err, want)
	}
}

func TestADearClassTakesMoreOfTheCostLimit(t *testing.T) {
	g := newGateway(t, 0, &limits.CostLimitSpec{Rate: 10, Burst: 100, Per: "all"})
	ask := func(at, service sim.Time) models.Verdict {
		return g.Admit(&models.Attempt{Service: service}, &models.Signals{Now: at})
	}
	for range 4 {
		require.Zero(t, ask(0, 20*s).Reason)
	}
	assert.Zero(t, ask(0, 15*s).Reason)
	v := ask(0, 20*s)
	assert.Equal(t, models.Verdict{Reason: 1, RetryAfter: 1500 * sim.Millisecond}, v, "15 GPU-seconds are missing, and 10 a second come")
	assert.Zero(t, ask(0, 5*s).Reason, "what is cheap still passes")
	assert.Zero(t, ask(2*s, 20*s).Reason)
	assert.Equal(t, models.Verdict{Reason: 1}, ask(100*s, 101*s), "dearer than the bucket: never")

	require.NoError(t, g.Reconfigure(&limits.CostLimitSpec{Rate: 10, Burst: 200, Per: "all"}))
	assert.Zero(t, ask(200*s, 101*s).Reason)
	assert.EqualError(t, g.Reconfigure(&limits.CostLimitSpec{Rate: 0, Burst: 200}), "rate is 0 a second, it must be above 0 and at most 1e+08")
	assert.EqualError(t, g.Reconfigure(&limits.CostLimitSpec{Rate: 1, Burst: 0}), "burst is 0, it must be 1 to 73 years of rate")
}
