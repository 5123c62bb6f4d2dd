package client_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// request is the n-th request of the tests: of seed 1 unless LAUNCHDAY_SEED
// says otherwise.
func request(t testing.TB, n int) rng.Key {
	seed := rngtest.Seed(t, 1)
	return rng.StreamKey(seed, 0, "requests").Child(uint64(n))
}

func newClient(t testing.TB, s client.Spec) *client.Client {
	t.Helper()
	c, err := client.New(s)
	require.NoError(t, err)
	return c
}

func exponential(meanSeconds float64) unit.Dist {
	return unit.Dist{Law: "exponential", Mean: unit.Duration(sim.FromSeconds(meanSeconds))}
}

func fixed(seconds float64) unit.Dist {
	return unit.Constant(unit.Duration(sim.FromSeconds(seconds)))
}

// fail is what the client does when a try of the request has failed.
func fail(c *client.Client, key rng.Key, try int) client.Reaction {
	return c.React(&models.Attempt{Request: key, Try: uint16(try)}, models.Failed, 0, 0, 0)
}

// assertMean holds a mean of n values, each between 0 and top, against the one
// expected, with a normal test of two-sided level 1e-6: 4.9 standard deviations.
func assertMean(t *testing.T, want, sd float64, sum float64, n int, what ...any) {
	t.Helper()
	assert.InDelta(t, want, sum/float64(n), 4.9*sd/math.Sqrt(float64(n)), what...)
}

func TestAClientOfNoSpecWaitsForEverAndNeverTriesTwice(t *testing.T) {
	c := newClient(t, client.Spec{})
	assert.Equal(t, sim.Never, c.Patience(request(t, 0)))
	for o := models.Rejected; o < models.NumOutcomes; o++ {
		assert.Equal(t, client.Reaction{Kind: client.GiveUp}, c.React(&models.Attempt{Try: 1}, o, models.Unavailable, 0, 0))
	}
	assert.Zero(t, c.MaxVisits())
}

func TestASpecIsForItsTiersAndClasses(t *testing.T) {
	for _, tc := range []struct {
		tiers, classes []string
		want           bool
	}{
		{nil, nil, true},
		{[]string{"plus", "free"}, nil, true},
		{nil, []string{"image"}, true},
		{[]string{"free"}, []string{"image"}, true},
		{[]string{"plus"}, nil, false},
		{[]string{"free"}, []string{"signup"}, false},
		{[]string{"plus"}, []string{"image"}, false},
	} {
		s := client.Spec{Tiers: tc.tiers, Classes: tc.classes}
		assert.Equal(t, tc.want, s.Matches("free", "image"), "%+v", tc)
	}
}

func TestPatienceBelongsToTheRequestAndFollowsItsLaw(t *testing.T) {
	c := newClient(t, client.Spec{Patience: exponential(30)})
	const n = 30_000
	sum := 0.0
	for i := range n {
		p := c.Patience(request(t, i))
		require.Positive(t, p)
		sum += p.Seconds()
	}
	assertMean(t, 30, 30, sum, n)
	assert.Equal(t, c.Patience(request(t, 5)), c.Patience(request(t, 5)), "drawn again it is the same")
	assert.NotEqual(t, c.Patience(request(t, 5)), c.Patience(request(t, 6)))
}

func TestAChangeHoldsFromTheNextReactionAndAFaultyOneChangesNothing(t *testing.T) {
	c := newClient(t, client.Spec{Name: "people", Patience: fixed(60), Retry: retries(3, sim.Second, client.NoJitter)})
	require.NoError(t, c.Reconfigure(client.Spec{Name: "people", Patience: fixed(20), Retry: retries(3, sim.Minute, client.NoJitter)}))
	assert.Equal(t, 20*sim.Second, c.Patience(request(t, 0)))
	assert.Equal(t, client.Reaction{Kind: client.Retry, After: sim.Minute}, fail(c, request(t, 0), 1))

	comeback := func(share float64, visits int) *client.ReturnSpec {
		return &client.ReturnSpec{Share: unit.Share(share), After: fixed(1), MaxVisits: visits}
	}
	backwards, never, strange := retries(3, sim.Hour, client.NoJitter), retries(0, 0, client.NoJitter), retries(3, 0, "some")
	late := retries(3, 0, client.NoJitter)
	late.GiveUpAfter = -1
	backwards.Cap = unit.Duration(sim.Minute)
	for want, s := range map[string]client.Spec{
		"retry: cap is 1m0s, it must be at least base, which is 1h0m0s":                           {Retry: backwards},
		"retry: base is negative: -1s":                                                            {Retry: retries(3, -sim.Second, client.NoJitter)},
		"retry: max_tries is 0, it must be 1 to 65535":                                            {Retry: never},
		"retry: give_up_after is -1ns, it must be 0 or more":                                      {Retry: late},
		`retry: jitter is "some", it must be none, equal, full, decorrelated, grpc or aws-legacy`: {Retry: strange},
		"return: share is 1.1, it must be 0 to 1":                                                 {Return: comeback(1.1, 0)},
		"return: share is NaN, it must be 0 to 1":                                                 {Return: comeback(math.NaN(), 0)},
		"return: max_visits is negative: -1":                                                      {Return: comeback(1, -1)},
		"return: after is missing":                                                                {Return: &client.ReturnSpec{Share: 1}},
	} {
		s.Name = "people"
		assert.EqualError(t, c.Reconfigure(s), "client people: "+want)
		_, err := client.New(s)
		assert.EqualError(t, err, "client people: "+want)
	}
	assert.Equal(t, 20*sim.Second, c.Patience(request(t, 0)))
}

func TestAClientAllocatesNothing(t *testing.T) {
	c := newClient(t, client.Spec{
		Patience: exponential(30),
		Retry:    retries(3, sim.Second, client.DecorrelatedJitter),
		Return:   &client.ReturnSpec{Share: 0.5, After: exponential(3600)},
	})
	key, a := request(t, 0), &models.Attempt{}
	n := 0
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		n++
		a.Request, a.Try = key.Child(uint64(n)), uint16(1+n%3)
		a.Patience = c.Patience(a.Request)
		c.React(a, models.Failed, 0, 0, sim.Time(n))
	}))
}

func ExampleClient() {
	c, err := client.New(client.Spec{
		Retry: &client.RetrySpec{
			MaxTries: 4, OnUnavailable: true, HeedsRetryAfter: true,
			Base: unit.Duration(sim.Second), Cap: unit.Duration(3 * sim.Second), Jitter: client.NoJitter,
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	a := models.Attempt{Request: rng.StreamKey(1, 0, "example").Child(0)}
	for a.Try = 1; ; a.Try++ {
		retryAfter := sim.Time(0)
		if a.Try == 2 {
			retryAfter = 10 * sim.Second
		}
		r := c.React(&a, models.Rejected, models.Unavailable, retryAfter, 0)
		if r.Kind == client.GiveUp {
			fmt.Println("gives up after try", a.Try)
			return
		}
		fmt.Println("waits", r.After)
	}
	// Output:
	// waits 1s
	// waits 10s
	// waits 3s
	// gives up after try 4
}
