package client_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// The table of exact results, "det: timeout+retry+backoff": 1 s after the first
// try, 2 s after the second.
func TestTheBackoffDoublesUpToItsCap(t *testing.T) {
	s := retries(65535, sim.Second, client.NoJitter)
	s.Cap = unit.Duration(10 * sim.Second)
	c := newClient(t, client.Spec{Retry: s})
	for try, seconds := range []sim.Time{1: 1, 2: 2, 3: 4, 4: 8, 5: 10, 6: 10, 62: 10, 63: 10, 64: 10, 65: 10, 1000: 10} {
		if seconds > 0 {
			assert.Equal(t, seconds*sim.Second, fail(c, request(t, 0), try).After, "after try %d", try)
		}
	}
}

func TestABackoffBeyondTheEndOfTimeStaysThere(t *testing.T) {
	for _, j := range []client.Jitter{client.NoJitter, client.EqualJitter, client.FullJitter, client.DecorrelatedJitter} {
		s := retries(65535, 200*365*sim.Day, j)
		s.Cap = unit.Duration(sim.Never)
		c := newClient(t, client.Spec{Retry: s})
		for _, try := range []int{1, 2, 3, 64, 100} {
			assert.GreaterOrEqual(t, fail(c, request(t, 0), try).After, sim.Time(0), "%s after try %d", j, try)
		}
	}
}

func TestNoBackoffIsARetryAtOnce(t *testing.T) {
	for _, j := range []client.Jitter{client.NoJitter, client.EqualJitter, client.FullJitter, client.DecorrelatedJitter} {
		c := newClient(t, client.Spec{Retry: retries(5, 0, j)})
		assert.Equal(t, client.Reaction{Kind: client.Retry}, fail(c, request(t, 0), 4), j)
	}
}

// Bounds, mean and standard deviation of each law of the AWS post, in seconds,
// with base 1 s and a cap of 20 s. Those of decorrelated jitter follow from
// E[d'] = (base + 3 E[d])/2 while the cap is out of reach: a uniform number
// between base and 3d has mean (base + 3d)/2 and mean square (b^2 + 3bd + 9d^2)/3.
func TestEachJitterHasItsLaw(t *testing.T) {
	const n = 30_000
	uniform := func(lo, hi float64) (mean, sd float64) { return (lo + hi) / 2, (hi - lo) / math.Sqrt(12) }
	decorrelated := func(try int) (mean, sd float64) {
		mean, square := 1.0, 1.0
		for range try {
			mean, square = (1+3*mean)/2, (1+3*mean+9*square)/3
		}
		return mean, math.Sqrt(square - mean*mean)
	}
	for _, tc := range []struct {
		jitter client.Jitter
		try    int
		lo, hi float64
		law    func() (mean, sd float64)
	}{
		{client.EqualJitter, 1, 0.5, 1, func() (float64, float64) { return uniform(0.5, 1) }},
		{client.EqualJitter, 4, 4, 8, func() (float64, float64) { return uniform(4, 8) }},
		{client.EqualJitter, 9, 10, 20, func() (float64, float64) { return uniform(10, 20) }},
		{client.FullJitter, 1, 0, 1, func() (float64, float64) { return uniform(0, 1) }},
		{client.FullJitter, 4, 0, 8, func() (float64, float64) { return uniform(0, 8) }},
		{client.FullJitter, 9, 0, 20, func() (float64, float64) { return uniform(0, 20) }},
		{client.DecorrelatedJitter, 1, 1, 3, func() (float64, float64) { return decorrelated(1) }},
		{client.DecorrelatedJitter, 2, 1, 9, func() (float64, float64) { return decorrelated(2) }},
	} {
		s := retries(20, sim.Second, tc.jitter)
		s.Cap = unit.Duration(20 * sim.Second)
		c := newClient(t, client.Spec{Retry: s})
		sum := 0.0
		for i := range n {
			after := fail(c, request(t, i), tc.try).After.Seconds()
			require.GreaterOrEqual(t, after, tc.lo, "%s after try %d", tc.jitter, tc.try)
			require.LessOrEqual(t, after, tc.hi, "%s after try %d", tc.jitter, tc.try)
			sum += after
		}
		mean, sd := tc.law()
		assertMean(t, mean, sd, sum, n, "%s after try %d", tc.jitter, tc.try)
	}
}

func TestDecorrelatedJitterGoesOnFromTheBackoffBefore(t *testing.T) {
	s := retries(20, sim.Second, client.DecorrelatedJitter)
	s.Cap = unit.Duration(20 * sim.Second)
	c := newClient(t, client.Spec{Retry: s})
	capped := 0
	for i := range 1000 {
		before := sim.Second
		for try := 1; try < 10; try++ {
			after := fail(c, request(t, i), try).After
			require.GreaterOrEqual(t, after, sim.Second)
			require.LessOrEqual(t, after, min(20*sim.Second, 3*before))
			if after == 20*sim.Second {
				capped++
			}
			before = after
		}
	}
	assert.Greater(t, capped, 1000)
}

func TestJitterBelongsToTheRequestAndItsTry(t *testing.T) {
	c := newClient(t, client.Spec{Retry: retries(20, sim.Minute, client.FullJitter)})
	once := fail(c, request(t, 1), 6)
	fail(c, request(t, 2), 6)
	assert.Equal(t, once, fail(c, request(t, 1), 6), "asked again it is the same")
	assert.NotEqual(t, once, fail(c, request(t, 2), 6), "another request")
	assert.NotEqual(t, float64(once.After), float64(2*fail(c, request(t, 1), 5).After), "another try")
}

func TestABackoffGrowsAsItIsToldTo(t *testing.T) {
	for growth, want := range map[client.Growth][]sim.Time{
		client.ExponentialGrowth: {2, 4, 8, 16, 20, 20},
		client.LinearGrowth:      {2, 4, 6, 8, 10, 12},
		client.FixedGrowth:       {2, 2, 2, 2, 2, 2},
		"":                       {2, 4, 8, 16, 20, 20},
	} {
		b, err := client.NewBackoff(2, 20, growth, client.NoJitter)
		require.NoError(t, err)
		for i, w := range want {
			assert.Equal(t, w, b.Wait(request(t, 0), i+1, 0), "%s after try %d", growth, i+1)
		}
		if growth != client.FixedGrowth {
			assert.Equal(t, sim.Time(20), b.Wait(request(t, 0), 60_000, 0), "%s ends at the cap", growth)
		}
	}
	_, err := client.NewBackoff(2, 20, "quadratic", client.NoJitter)
	assert.EqualError(t, err, `growth is "quadratic", it must be exponential, linear or fixed`)
}
