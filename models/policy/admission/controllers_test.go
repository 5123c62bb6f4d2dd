package admission_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/admission"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// built is newPolicy for one that refuses for several causes.
func built(t testing.TB, s policy.Spec) (policy.Policy, policy.Env) {
	env := environment()
	env.Tiers = []policy.TierInfo{{Name: "free", Priority: 2}, {Name: "plus", Priority: 1}, {Name: "pro"}}
	p, err := s.New(env)
	require.NoError(t, err)
	return p, env
}

func cause(env policy.Env, v models.Verdict) string {
	if v.Reason == 0 {
		return ""
	}
	return env.Reasons.Get(v.Reason).Name
}

func TestTheBucketOfSedaLetsThroughItsRateAndSaysWhenToCome(t *testing.T) {
	p, env := built(t, &admission.SedaSpec{Rate: 2, AdjD: 1.2, ErrI: -0.5, CI: -0.1, Smoothing: 0.7, Burst: 3})
	at := func(x float64) models.Verdict {
		return p.Admit(&models.Attempt{}, &models.Signals{Now: sim.FromSeconds(x)})
	}
	for range 3 {
		assert.Zero(t, at(0))
	}
	assert.Equal(t, 500*sim.Millisecond, at(0).RetryAfter)
	assert.Equal(t, "load", cause(env, at(0.25)))
	assert.Equal(t, 250*sim.Millisecond, at(0.25).RetryAfter)
	assert.Zero(t, at(0.5))
	assert.NotZero(t, at(0.5).Reason)
	for range 3 {
		assert.Zero(t, at(100))
	}
	assert.NotZero(t, at(100).Reason, "it holds no more than 3")
}

func TestATimeoutRunsTheControllerOfSedaWithWhatThereIs(t *testing.T) {
	p, _ := built(t, &admission.SedaSpec{Preset: "source", Rate: 100, AdjD: 1.2, ErrI: -0.5, CI: -0.1, Smoothing: 0, Burst: 3})
	rate := p.(interface{ Rate() float64 }).Rate
	tick := p.(policy.Ticker).Tick
	assert.Equal(t, sim.Second, tick(&models.Signals{}))
	// The percentile is element 9 of ten, the largest: 1.3 s.
	for _, ms := range []sim.Time{100, 200, 300, 1300, 400, 500, 100, 100, 100, 100} {
		now := 900 * sim.Millisecond
		p.(policy.Finisher).Finish(&models.Attempt{Admitted: now - ms*sim.Millisecond}, models.Completed, now)
		p.(policy.Finisher).Finish(&models.Attempt{Admitted: now - 9*sim.Second}, models.Abandoned, now)
	}
	assert.Equal(t, 100.0, rate())
	assert.Equal(t, 2*sim.Second, tick(&models.Signals{Now: sim.Second}))
	assert.InDelta(t, 100/1.2, rate(), 1e-9)
	tick(&models.Signals{Now: 2 * sim.Second})
	assert.InDelta(t, 100/1.2, rate(), 1e-9, "nobody was completed")
}

func TestATierOverItsTargetFirstDividesTheRatesOfLowerTiers(t *testing.T) {
	p, _ := built(t, &admission.SedaSpec{Preset: "source", Buckets: "tiers", Rate: 0.4, AdjD: 2, ErrI: -0.5, CI: -0.1, Smoothing: 0, Burst: 1, Completions: 1})
	slow := func(tier models.Tier) {
		p.(policy.Finisher).Finish(&models.Attempt{Tier: tier}, models.Completed, 3*sim.Second)
	}
	// An attempt a second is refused with the time until the next token, which
	// tells the rate.
	rate := func(tier models.Tier) float64 {
		p.Admit(&models.Attempt{Tier: tier}, &models.Signals{Now: sim.Hour})
		return 1 / p.Admit(&models.Attempt{Tier: tier}, &models.Signals{Now: sim.Hour}).RetryAfter.Seconds()
	}
	slow(plus)
	slow(free)
	assert.InDelta(t, 0.05, rate(free), 1e-9, "0.04 is below the least rate")
	assert.InDelta(t, 0.4, rate(plus), 1e-9)
	slow(plus)
	assert.InDelta(t, 0.2, rate(plus), 1e-9, "free has nothing more to give")
	assert.InDelta(t, 0.4, rate(pro), 1e-9)
}

func TestAttemptsComeInOnCreditsOfTheirClients(t *testing.T) {
	p, env := built(t, &admission.BreakwaterSpec{By: "tiers", A: 0.001, B: 0.02})
	s := &models.Signals{Capacity: 10}
	in := func(tier models.Tier) string { return cause(env, p.Admit(&models.Attempt{Tier: tier}, s)) }
	out := func(tier models.Tier) {
		p.(policy.Finisher).Finish(&models.Attempt{Tier: tier}, models.Completed, 0)
	}
	for range 10 {
		require.Empty(t, in(free), "the pool is as large as the servers are many, and one client may have all")
	}
	assert.Equal(t, "load.credits", in(free))
	for _, tier := range []models.Tier{plus, pro} {
		require.Empty(t, in(tier), "no more clients than servers: each has one credit")
		require.Equal(t, "load.credits", in(tier))
	}
	// 12 credits are held of a pool of 10: two come back before one is renewed.
	out(free)
	out(free)
	assert.Equal(t, "load.credits", in(plus))
	out(free)
	assert.Empty(t, in(free))

	s.Now, s.Waiting = sim.Minute, 5
	p.(policy.Starter).Start(&models.Attempt{Admitted: 50 * sim.Second}, s)
	assert.Equal(t, "load.delay", in(pro), "10 s are more than twice the target")
	s.Waiting = 0
	assert.NotEqual(t, "load.delay", in(pro), "the queue is empty again")
}

func TestAClientPaysWithAllItsTokens(t *testing.T) {
	spec := &admission.RajomonSpec{PriceStep: 3, GuidePrice: -1, DecayRate: 0.8, Tokens: 10, TokenStep: 1, TokenUpdate: unit.Duration(5 * sim.Second), Clients: 1}
	p, env := built(t, spec)
	at := func(x float64) models.Verdict {
		return p.Admit(&models.Attempt{}, &models.Signals{Now: sim.FromSeconds(x)})
	}
	held := func(x float64) bool { return p.(policy.Throttle).Throttles(&models.Attempt{}, sim.FromSeconds(x)) }
	raise := func(x float64) {
		now := sim.FromSeconds(x)
		p.(policy.Starter).Start(&models.Attempt{Admitted: now - 6*sim.Second}, &models.Signals{Now: now})
		p.(policy.Ticker).Tick(&models.Signals{Now: now})
	}
	raise(0)
	assert.Zero(t, at(0), "10 tokens are worth more than a price of 3")
	assert.True(t, held(5), "it offered all, has earned one, and was told the price")
	assert.True(t, held(14.9))
	assert.False(t, held(15), "three are enough")
	assert.Zero(t, at(15))
	raise(16)
	raise(17)
	assert.Equal(t, "load.price", cause(env, at(30)), "3 tokens do for the price it knows, and not for 9")
	assert.True(t, held(30), "they are gone")
	assert.True(t, held(74.9))
	assert.False(t, held(75), "nine periods later it has what it was told")

	spec.GuidePrice = 20
	require.NoError(t, p.Reconfigure(spec))
	raise(40)
	price, _ := p.(priced).Price()
	assert.Equal(t, int64(20), price)
	spec.Strategy = "auction"
	assert.EqualError(t, p.Reconfigure(spec), `strategy is "auction", it must be step, proportional or expdecay`)
}

func TestUsersThatComeOftenAreTheFirstToRunOutOfTokens(t *testing.T) {
	p, _ := built(t, &admission.RajomonSpec{PriceStep: 1, GuidePrice: -1, DecayRate: 0.8, Tokens: 0, TokenStep: 1, TokenUpdate: unit.Duration(5 * sim.Second), Clients: 1000})
	s := &models.Signals{}
	var admitted [2]int
	for now := sim.Time(0); now < 10*sim.Minute; now += 5 * sim.Second {
		s.Now = now
		if now < 100*sim.Second {
			p.(policy.Starter).Start(&models.Attempt{Admitted: now - sim.Minute}, s)
			p.(policy.Ticker).Tick(s)
		}
		for who, every := range []sim.Time{20 * sim.Second, 120 * sim.Second} {
			if now%every == 0 && p.Admit(&models.Attempt{User: models.User(who)}, s).Reason == 0 {
				admitted[who]++
			}
		}
	}
	assert.LessOrEqual(t, admitted[0], 7, "it must save up for 20 periods, which are 100 s")
	assert.GreaterOrEqual(t, admitted[1], 4, "it comes each 120 s and has always enough")
}

func TestCinnamonKeepsWhatIsBeyondItsLimitAndRejectsTheLowestPriorities(t *testing.T) {
	p, env := built(t, &admission.CinnamonSpec{Initial: 10, KP: 0, KI: 0.5})
	s := &models.Signals{}
	come := func(tier models.Tier, n int) (in, kept, out int) {
		for range n {
			key := rng.Key(s.Now).Child(uint64(in + kept + out))
			switch v := p.Admit(&models.Attempt{Tier: tier, User: models.Anonymous, Request: key}, s); {
			case v.Reason != 0:
				assert.Equal(t, "load", cause(env, v))
				out++
			case v.Kept == models.InLine:
				kept++
			default:
				in++
			}
		}
		return in, kept, out
	}
	ratio := func() float64 { return p.(interface{ Ratio() float64 }).Ratio() }
	period := func() { s.Now += 5 * sim.Second; p.(policy.Ticker).Tick(s) }
	in, kept, out := come(free, 100)
	require.Equal(t, []int{10, 90, 0}, []int{in, kept, out})
	n, next := p.(policy.Keeper).Let(90, s)
	require.Equal(t, 0, n)
	require.Equal(t, 500*sim.Millisecond, next)

	period()
	period()
	require.Zero(t, ratio(), "the queue has not been there for more than 10 s")
	come(free, 60)
	come(plus, 20)
	come(pro, 20)
	// Half of what is in flight ends; as many go on.
	for range 5 {
		p.(policy.Finisher).Finish(&models.Attempt{}, models.Completed, s.Now)
	}
	n, _ = p.(policy.Keeper).Let(190, s)
	require.Equal(t, 5, n)
	period()
	// In 100, out 5, nothing free: the error is 19, more than the ratio can be.
	require.Equal(t, 1.0, ratio())
	_, _, out = come(free, 50)
	assert.Equal(t, 50, out)

	// Now 5 ended and nothing came: the error is -1, and the integral falls by
	// it from 2, its bound, to 1: half of the last 250, free to nine in ten.
	for range 5 {
		p.(policy.Finisher).Finish(&models.Attempt{}, models.Completed, s.Now)
	}
	p.(policy.Keeper).Let(185, s)
	period()
	require.Equal(t, 0.5, ratio())
	_, _, out = come(plus, 50)
	assert.Zero(t, out)
	_, _, out = come(free, 100)
	assert.Greater(t, out, 30)
	assert.Less(t, out, 90)

	v := p.(policy.Starter).Start(&models.Attempt{Arrived: s.Now - 10*sim.Second - 1}, s)
	assert.Equal(t, "load.timeout", cause(env, v))
	assert.Zero(t, p.(policy.Starter).Start(&models.Attempt{Arrived: s.Now - 10*sim.Second}, s))
}

func TestTheTunerOfCinnamonHoldsAShortQueueBehindItsLimit(t *testing.T) {
	// Of 100 in flight those who wait in the pool are 100 x (1 - served/latency);
	// 3 and 5 log10(100) are 6 and 10, and a step is 2.
	for _, tc := range []struct {
		inFlight int
		waited   float64 // of a latency of 100 s
		limit    int
	}{{100, 0, 102}, {100, 5, 102}, {100, 7, 100}, {100, 9, 100}, {100, 11, 98}, {7, 0, 70}} {
		p, _ := built(t, &admission.CinnamonSpec{Tuned: true, Initial: 100, Samples: 5})
		for range tc.inFlight {
			require.Zero(t, p.Admit(&models.Attempt{}, &models.Signals{}))
		}
		for range 5 {
			now := sim.Hour
			a := &models.Attempt{Admitted: now - 100*sim.Second, Started: now - sim.FromSeconds(100-tc.waited)}
			p.(policy.Finisher).Finish(a, models.Completed, now)
		}
		assert.Equal(t, tc.limit, p.(interface{ Limit() int }).Limit(), "%+v", tc)
	}
}

func TestWhoLeavesTheQueueOfCinnamonWasNotInFlight(t *testing.T) {
	p, _ := built(t, &admission.CinnamonSpec{Initial: 2})
	s := &models.Signals{}
	for range 2 {
		require.Zero(t, p.Admit(&models.Attempt{}, s))
	}
	require.Equal(t, models.InLine, p.Admit(&models.Attempt{}, s).Kept)
	p.(policy.Keeper).Let(1, s)
	// The chain notes on an attempt which link keeps it.
	p.(policy.Finisher).Finish(&models.Attempt{Line: 1}, models.Abandoned, 0)
	assert.Equal(t, models.InLine, p.Admit(&models.Attempt{}, s).Kept)
	n, _ := p.(policy.Keeper).Let(1, s)
	assert.Zero(t, n)
	p.(policy.Finisher).Finish(&models.Attempt{}, models.Abandoned, 0)
	n, _ = p.(policy.Keeper).Let(1, s)
	assert.Equal(t, 1, n)
}

// clientsOf returns a user of each of so many clients of a Breakwater.
func clientsOf(env policy.Env, n int) (users []models.User) {
	luck := env.Luck()
	found := map[uint64]bool{}
	for u := models.User(0); len(users) < n; u++ {
		src := luck.OfUser(&models.Attempt{User: u})
		if c := src.IntN(uint64(n)); !found[c] {
			found[c] = true
			users = append(users, u)
		}
	}
	return users
}

func TestACreditThatAClientDoesNotAskForIsFreeForOthers(t *testing.T) {
	p, env := built(t, &admission.BreakwaterSpec{Preset: "source", A: 0.001, B: 0.02, Clients: 20})
	s := &models.Signals{Capacity: 4}
	users := clientsOf(env, 20)
	in := func(c int) bool { return p.Admit(&models.Attempt{User: users[c]}, s).Reason == 0 }
	for c := range 4 {
		require.True(t, in(c), "an asking client is dealt two credits and keeps the one that it uses")
	}
	assert.False(t, in(4))
	assert.False(t, in(0))
}

func TestAPoolOfCreditsThatShrinksTakesOneBackWithEachAnswer(t *testing.T) {
	p, env := built(t, &admission.BreakwaterSpec{Preset: "source", Target: unit.Duration(5 * sim.Second), A: 1, B: 1, Clients: 20})
	s := &models.Signals{Capacity: 4}
	users := clientsOf(env, 20)
	in := func(c int) bool { return p.Admit(&models.Attempt{User: users[c]}, s).Reason == 0 }
	out := func(c int) {
		p.(policy.Finisher).Finish(&models.Attempt{User: users[c]}, models.Completed, s.Now)
	}
	p.(policy.Starter).Start(&models.Attempt{}, s)
	credits, _ := p.(pooled).Pool()
	require.Equal(t, 24, credits)
	for range 16 {
		require.True(t, in(0))
	}
	for c := 1; c < 9; c++ {
		require.True(t, in(c))
	}
	// A delay of 7.5 s is half above the target: half of the pool goes.
	s.Now = sim.Minute
	p.(policy.Starter).Start(&models.Attempt{Admitted: s.Now - 7500*sim.Millisecond}, s)
	credits, _ = p.(pooled).Pool()
	require.Equal(t, 12, credits)
	// 24 are held. Each of 12 answers costs its client the credit, and nobody is
	// let in for it; the next is renewed.
	for range 12 {
		out(0)
		require.False(t, in(0))
	}
	out(0)
	assert.True(t, in(0))
}
