package client

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

func key(t testing.TB, n int) rng.Key {
	seed := rngtest.Seed(t, 1)
	return rng.StreamKey(seed, 0, "guards").Child(uint64(n))
}

// typical is a sound spec of each kind.
func typical() map[string]GuardSpec {
	return map[string]GuardSpec{
		"retry-budget":        &RetryBudgetSpec{Preset: "source", Ratio: 0.1},
		"finagle-budget":      &FinagleBudgetSpec{Preset: "source", MinPS: 10, Share: 0.2},
		"aws-standard":        &AWSStandardSpec{Capacity: 500, Costs: "legacy"},
		"aws-adaptive":        &AWSAdaptiveSpec{Preset: "source"},
		"grpc-throttle":       &GRPCThrottleSpec{MaxTokens: 10, TokenRatio: 0.1},
		"adaptive-throttling": &AdaptiveThrottlingSpec{Preset: "source", Variant: "sre", K: 2, MaxRejection: 0.9},
		"circuit-breaker":     &CircuitBreakerSpec{Preset: "source", Variant: "gobreaker", Failures: 5, MinRequests: 20, Trials: 1},
	}
}

func hystrixSpec() *CircuitBreakerSpec {
	return &CircuitBreakerSpec{Preset: "source", Variant: "hystrix", MinRequests: 20, Trials: 1}
}

func TestEveryKindOfGuardIsDescribedAndMade(t *testing.T) {
	specs := typical()
	require.Len(t, specs, len(GuardKinds()))
	for _, name := range GuardKinds() {
		k := GuardOf(name)
		fresh, ok := FreshGuard(name)
		require.True(t, ok)
		assert.IsType(t, specs[name], fresh, name)
		for what, text := range map[string]string{"doc": k.Doc, "source": k.Source, "fails": k.Fails} {
			assert.Greater(t, len(text), 40, "%s of %s", what, name)
		}
		_, err := specs[name].New(GuardEnv{})
		assert.NoError(t, err, name)
	}
	assert.Panics(t, func() { RegisterGuard(GuardOf("aws-standard")) })
}

func TestAGuardRefusesParametersThatCannotBe(t *testing.T) {
	for want, s := range map[string]GuardSpec{
		`preset is "fast", it must be source or inference`:                           &RetryBudgetSpec{Preset: "fast"},
		"ratio is 2, it must be 0 to 1":                                              &RetryBudgetSpec{Ratio: 2},
		"window is negative: -1ns":                                                   &RetryBudgetSpec{Window: -1},
		"ttl is 1ms, it must be 1s or more":                                          &FinagleBudgetSpec{TTL: unit.Duration(sim.Millisecond)},
		"min_retries_per_s is -1, it must be 0 to 100000":                            &FinagleBudgetSpec{MinPS: -1},
		"percent_can_retry is NaN, it must be 0 to 1":                                &FinagleBudgetSpec{Share: unit.Share(math.NaN())},
		"capacity is 0, it must be 1 to 1000000":                                     &AWSStandardSpec{},
		`costs is "", it must be legacy or new2026`:                                  &AWSStandardSpec{Capacity: 1},
		"max_tokens is 0, it must be 1 to 1000":                                      &GRPCThrottleSpec{},
		"token_ratio is 0, it must be 0.001 to 1000":                                 &GRPCThrottleSpec{MaxTokens: 1},
		`variant is "", it must be sre or failsafe`:                                  &AdaptiveThrottlingSpec{},
		"k is 0.5, it must be 1 to 100":                                              &AdaptiveThrottlingSpec{Variant: "sre", K: 0.5},
		"failure_share is 1, it must be 0 to 0.99":                                   &AdaptiveThrottlingSpec{Variant: "failsafe", K: 2, FailureShare: 1},
		`variant is "x", it must be gobreaker or hystrix`:                            &CircuitBreakerSpec{Variant: "x"},
		"trials is 0, it must be 1 to 1000000":                                       &CircuitBreakerSpec{Variant: "gobreaker", MinRequests: 1},
		"bucket is 1ns, it must be at least a hundredth of interval":                 &CircuitBreakerSpec{Variant: "gobreaker", MinRequests: 1, Trials: 1, Interval: 101, Bucket: 1},
		"snapshot is 2m1s, it must be at most window and at least a hundredth of it": &CircuitBreakerSpec{Variant: "hystrix", MinRequests: 1, Trials: 1, Snapshot: unit.Duration(121 * sim.Second)},
	} {
		_, err := s.New(GuardEnv{})
		assert.EqualError(t, err, want)
	}
	for want, items := range map[string][]GuardItem{
		"client app: guards: a: there are two of this name":              {{Name: "a", Kind: "aws-standard", Spec: typical()["aws-standard"]}, {Name: "a", Kind: "retry-budget", Spec: typical()["retry-budget"]}},
		"client app: guards: b.kind: there are two of kind aws-standard": {{Name: "a", Kind: "aws-standard", Spec: typical()["aws-standard"]}, {Name: "b", Kind: "aws-standard", Spec: typical()["aws-standard"]}},
		"client app: guards: a.capacity is 0, it must be 1 to 1000000":   {{Name: "a", Kind: "aws-standard", Spec: &AWSStandardSpec{}}},
	} {
		_, err := New(Spec{Name: "app", Guards: items})
		assert.EqualError(t, err, want)
	}
	_, err := New(Spec{Name: "app", Instances: 2e6})
	assert.EqualError(t, err, "client app: instances: 2e+06 is out of range, it must be 1 to 1000000")
}

// A retry-budget of 10 % that sees only failures: of every ten requests one is
// retried, the first of them.
func TestTheRetryBudgetBoundsRetriesToItsRatio(t *testing.T) {
	g := made[*retryBudget](t, &RetryBudgetSpec{Preset: "source", Ratio: 0.1})
	granted := 0
	for i := range 1000 {
		now := sim.Time(i) * 100 * sim.Millisecond
		a := &models.Attempt{Try: 1}
		g.Allow(now, 0, a)
		if g.Retry(now, 0, a, Overloaded) {
			assert.Zero(t, i%10)
			granted++
			g.Allow(now, 0, &models.Attempt{Try: 2}) // which is no request
		}
	}
	assert.Equal(t, 100, granted)
	first := g.Retry(100*sim.Second, 0, &models.Attempt{}, Overloaded)
	second := g.Retry(100*sim.Second, 0, &models.Attempt{}, Overloaded)
	assert.False(t, first && second)
	assert.False(t, g.Retry(10*sim.Minute, 0, &models.Attempt{}, Overloaded), "without requests in the window there are no retries")
}

// Equation 21-1 with k = 2: a service that accepts none is sent 1/(n+1) of the
// tries, one that accepts at least half all of them. The share of the tries that
// pass is held against the law at a normal test of level 1e-6.
func TestAdaptiveThrottlingHoldsBackTheShareOfTheEquation(t *testing.T) {
	for _, tc := range []struct{ requests, accepts, want float64 }{
		{100, 100, 0}, {100, 50, 0}, {100, 40, 20. / 101}, {99, 0, 0.99}, {0, 0, 0},
	} {
		g := made[*adaptiveThrottling](t, &AdaptiveThrottlingSpec{Preset: "source", Variant: "sre", K: 2})
		g.window.add(0, throttleRequests, int64(tc.requests))
		g.window.add(0, throttleAccepts, int64(tc.accepts))
		assert.InDelta(t, tc.want, g.rejection(0), 1e-12)
		held, n := 0.0, 10_000
		for i := range n {
			if _, ok := g.Allow(sim.Second, 0, &models.Attempt{Request: key(t, i), Try: 1}); !ok {
				held++
			}
			g.window.add(0, throttleRequests, -1) // as if it had not been asked
		}
		assert.InDelta(t, tc.want, held/float64(n), 4.9*math.Sqrt(tc.want*(1-tc.want)/float64(n)))
	}
}

func TestAdaptiveThrottlingCountsWhatItHoldsBackAsRequestsAndForgetsAfterItsWindow(t *testing.T) {
	g := made[*adaptiveThrottling](t, &AdaptiveThrottlingSpec{Preset: "source", Variant: "sre", K: 2})
	for i := range 500 {
		g.Allow(sim.Second, 0, &models.Attempt{Request: key(t, i), Try: 1})
	}
	assert.EqualValues(t, 500, g.window.sums[0][throttleRequests])
	assert.InDelta(t, 500./501, g.rejection(0), 1e-12)
	g.Allow(2*sim.Minute, 0, &models.Attempt{Request: 1, Try: 1})
	assert.EqualValues(t, 1, g.window.sums[0][throttleRequests], "the window is over")
}

func TestTheSixthFailureInARowTripsGobreakerAndOneSuccessClosesIt(t *testing.T) {
	g := made[*gobreaker](t, typical()["circuit-breaker"])
	fail := func(at sim.Time, e Ending) bool {
		_, ok := g.Allow(at, 0, &models.Attempt{Arrived: at})
		if ok {
			g.Result(at, 0, &models.Attempt{Arrived: at}, e, true)
		}
		return ok
	}
	for i := range 6 {
		assert.True(t, fail(sim.Time(i), Overloaded), "failure %d", i+1)
	}
	assert.False(t, fail(7, Overloaded))
	assert.False(t, fail(5+sim.Minute, Overloaded), "the minute must have passed")
	_, ok := g.Allow(6+sim.Minute, 0, &models.Attempt{})
	assert.True(t, ok, "one trial")
	_, ok = g.Allow(6+sim.Minute, 0, &models.Attempt{})
	assert.False(t, ok, "and no other")
	g.Result(sim.Hour, 0, &models.Attempt{Arrived: 3}, Succeeded, false)
	assert.Equal(t, breakerHalfOpen, g.processes[0].state, "a result of an older generation counts nothing")
	g.Result(sim.Hour, 0, &models.Attempt{Arrived: 6 + sim.Minute}, Succeeded, false)
	assert.Equal(t, breakerClosed, g.processes[0].state)
}

// HystrixCommandProperties: 20 requests, 50 %, 10 s, looked at every 500 ms, 5 s.
func TestHystrixTripsOnlyWhenItLooksAndLetsOneTrialThrough(t *testing.T) {
	g := made[*hystrix](t, hystrixSpec())
	allow := func(at sim.Time) bool {
		_, ok := g.Allow(at, 0, &models.Attempt{})
		return ok
	}
	for i := range 20 {
		e := Succeeded
		if i%2 == 0 {
			e = Overloaded
		}
		g.Result(100*sim.Millisecond, 0, nil, e, true)
	}
	assert.True(t, allow(499*sim.Millisecond), "it has not looked yet")
	assert.False(t, allow(500*sim.Millisecond))
	assert.False(t, allow(5500*sim.Millisecond), "the 5 s must have passed")
	assert.True(t, allow(5501*sim.Millisecond))
	assert.False(t, allow(5502*sim.Millisecond), "one trial alone")
	g.Result(6*sim.Second, 0, nil, Broken, true)
	assert.False(t, allow(11*sim.Second))
	assert.True(t, allow(11*sim.Second+1))
	g.Result(12*sim.Second, 0, nil, Succeeded, false)
	for range 100 {
		assert.True(t, allow(12*sim.Second))
	}
	assert.EqualValues(t, 1, g.window.sums[0][hystrixRequests], "closing clears the counts")
}

func TestHystrixBearsUnderTwentyRequestsAndUnderHalfOfFailures(t *testing.T) {
	for _, tc := range []struct {
		ok, failed int
		trips      bool
	}{{0, 19, false}, {0, 20, true}, {11, 10, false}, {10, 10, true}} {
		g := made[*hystrix](t, hystrixSpec())
		for range tc.ok {
			g.Result(0, 0, nil, Succeeded, false)
		}
		for range tc.failed {
			g.Result(0, 0, nil, Timeout, true)
		}
		_, ok := g.Allow(sim.Second, 0, &models.Attempt{})
		assert.Equal(t, tc.trips, !ok, "%+v", tc)
	}
}

func TestTheAWSLimiterDoesNothingBeforeTheFirstThrottling(t *testing.T) {
	for _, on503 := range []bool{false, true} {
		g := made[*awsAdaptive](t, &AWSAdaptiveSpec{Preset: "inference", UnavailableThrottles: on503})
		for i := range 50 {
			now := sim.Time(i) * sim.Second
			wait, _ := g.Allow(now, 0, &models.Attempt{})
			assert.Zero(t, wait)
			g.Result(now, 0, nil, Broken, true)
		}
		g.Result(50*sim.Second, 0, nil, Overloaded, true)
		for range 20 { // the bucket holds at most a burst of the rate
			g.Allow(50*sim.Second, 0, &models.Attempt{})
		}
		wait, ok := g.Allow(50*sim.Second, 0, &models.Attempt{})
		assert.True(t, ok)
		assert.Equal(t, on503, wait > 0)
	}
}

func TestEachProcessOfAClientHasItsOwnGuards(t *testing.T) {
	items := []GuardItem{{Name: "breaker", Kind: "circuit-breaker", Enabled: true, Spec: typical()["circuit-breaker"]}}
	c, err := New(Spec{Name: "app", Instances: 10, Guards: items})
	require.NoError(t, err)
	a := &models.Attempt{User: 7, Try: 1}
	for i := range 6 {
		a.Arrived = sim.Time(i)
		assert.True(t, c.Allow(sim.Time(i), a, 0).OK)
		c.Ended(sim.Time(i), a, models.Failed, 0)
	}
	assert.False(t, c.Allow(10, a, 0).OK, "the process of user 7 has tripped")
	held := 0
	for u := range 1000 {
		b := &models.Attempt{User: models.User(u), Request: key(t, u), Try: 1, Arrived: 11}
		if !c.Allow(11, b, 0).OK {
			held++
		}
		c.Ended(11, b, models.Completed, 0)
	}
	assert.InDelta(t, 100, held, 50, "a tenth of the users has the same process")
}

func TestAGuardKeepsWhatItKnowsWhenItsParametersChange(t *testing.T) {
	spec := func(capacity, instances int) Spec {
		return Spec{Name: "app", Instances: unit.Count(instances), Retry: &RetrySpec{MaxTries: 100, OnFailed: true, Jitter: NoJitter},
			Guards: []GuardItem{{Name: "bucket", Kind: "aws-standard", Enabled: true, Spec: &AWSStandardSpec{Capacity: capacity, Costs: "legacy"}}}}
	}
	c, err := New(spec(25, 1))
	require.NoError(t, err)
	a := &models.Attempt{Request: key(t, 1), User: models.Anonymous, Try: 1}
	retry := func() Reaction { return c.React(a, models.Failed, 0, 0, 0) }
	for range 3 {
		require.Equal(t, Retry, retry().Kind)
	}
	assert.EqualValues(t, 5, a.Paid)
	require.NoError(t, c.Reconfigure(spec(20, 1)))
	assert.Equal(t, Retry, retry().Kind, "15 of 20 tokens are spent")
	assert.Equal(t, Reaction{Kind: GiveUp, Held: true}, retry())
	require.NoError(t, c.Reconfigure(spec(25, 3)))
	assert.Equal(t, 20, int(c.guards.links[0].guard.(*awsStandard).spent[0]))
	off := spec(25, 3)
	off.Guards[0].Enabled = false
	require.NoError(t, c.Reconfigure(off))
	assert.Equal(t, Retry, retry().Kind)
	require.NoError(t, c.Reconfigure(spec(25, 3)))
	assert.Equal(t, Retry, retry().Kind, "it starts afresh")
	assert.Error(t, c.Reconfigure(spec(0, 3)))
}

func TestATryThatALaterGuardHoldsBackIsNoTrialOfABreaker(t *testing.T) {
	breaker := &CircuitBreakerSpec{Preset: "source", Variant: "gobreaker", Failures: 0, MinRequests: 1, Trials: 1}
	c, err := New(Spec{Name: "app", Guards: []GuardItem{
		{Name: "breaker", Kind: "circuit-breaker", Enabled: true, Spec: breaker},
		{Name: "throttle", Kind: "adaptive-throttling", Enabled: true, Spec: &AdaptiveThrottlingSpec{Preset: "source", Variant: "failsafe", K: 2, MaxRejection: 1}},
	}})
	require.NoError(t, err)
	g, throttle := c.guards.links[0].guard.(*gobreaker), c.guards.links[1].guard.(*adaptiveThrottling)
	a := &models.Attempt{Try: 1}
	require.True(t, c.Allow(0, a, 0).OK)
	c.Ended(0, a, models.Failed, 0)
	throttle.window.add(0, throttleRequests, 1e15) // which is a rejection for certain
	a.Arrived = 2 * sim.Minute
	require.False(t, c.Allow(a.Arrived, a, 0).OK)
	assert.Equal(t, breakerHalfOpen, g.processes[0].state)
	_, ok := g.Allow(a.Arrived, 0, a)
	assert.True(t, ok, "the trial is still to be had")
}

func TestAGuardAllocatesNothing(t *testing.T) {
	specs := typical()
	specs["circuit-breaker/hystrix"] = hystrixSpec()
	for name, s := range specs {
		g, err := s.New(GuardEnv{})
		require.NoError(t, err)
		a, n := &models.Attempt{Try: 1}, 0
		assert.Zero(t, testing.AllocsPerRun(1000, func() { turn(g, a, &n) }), name)
	}
}

// turn is a try that fails now and then.
func turn(g Guard, a *models.Attempt, n *int) {
	*n++
	now := sim.Time(*n) * sim.Millisecond
	a.Request, a.Arrived = rng.Key(*n), now
	if _, ok := g.Allow(now, 0, a); !ok {
		return
	}
	e := Succeeded
	if *n%8 == 0 {
		e = Throttled
	}
	g.Result(now, 0, a, e, e != Succeeded)
	if e != Succeeded {
		g.Retry(now, 0, a, e)
	}
}

func BenchmarkGuard(b *testing.B) {
	specs := typical()
	specs["circuit-breaker/hystrix"] = hystrixSpec()
	for name, s := range specs {
		b.Run(name, func(b *testing.B) {
			g, err := s.New(GuardEnv{})
			require.NoError(b, err)
			a, n := &models.Attempt{Try: 1}, 0
			for b.Loop() {
				turn(g, a, &n)
			}
		})
	}
}
