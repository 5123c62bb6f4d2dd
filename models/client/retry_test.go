package client_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// retries returns a spec that retries failures alone, with a cap of an hour.
func retries(max int, base sim.Time, j client.Jitter) *client.RetrySpec {
	return &client.RetrySpec{MaxTries: max, OnFailed: true, HeedsRetryAfter: true, Base: unit.Duration(base), Cap: unit.Duration(sim.Hour), Jitter: j}
}

func TestEachOutcomeIsRetriedOnlyWhereTheSpecSaysSoAndForbiddenNever(t *testing.T) {
	endings := []struct {
		outcome models.Outcome
		status  models.Status
	}{
		{models.Rejected, models.Unavailable},
		{models.Rejected, models.TooManyRequests},
		{models.TimedOut, 0},
		{models.Failed, 0},
		{models.Abandoned, 0},
		{models.Rejected, models.Forbidden},
		{models.Cancelled, 0},
	}
	for which := range 1 << 5 {
		bit := func(n int) bool { return which>>n&1 == 1 }
		c := newClient(t, client.Spec{Retry: &client.RetrySpec{
			MaxTries: 2, OnUnavailable: bit(0), OnLimited: bit(1), OnTimedOut: bit(2), OnFailed: bit(3), OnAbandoned: bit(4), Jitter: client.NoJitter,
		}})
		for i, e := range endings {
			r := c.React(&models.Attempt{Try: 1}, e.outcome, e.status, 0, 0)
			assert.Equal(t, bit(i), r.Kind == client.Retry, "%v %v of %05b", e.outcome, e.status, which)
		}
	}
}

func TestARequestIsTriedSoManyTimesAndNoMore(t *testing.T) {
	c := newClient(t, client.Spec{Retry: retries(3, sim.Second, client.NoJitter)})
	for try, want := range []client.Kind{1: client.Retry, 2: client.Retry, 3: client.GiveUp, 4: client.GiveUp} {
		if try > 0 {
			assert.Equal(t, want, fail(c, request(t, 0), try).Kind, "try %d", try)
		}
	}
}

// The table of exact results, "retry amplification": with a failure probability
// of 0.5 and at most 5 tries a request takes 1.9375 of them on average.
func TestRetriesAmplifyTheLoadAsTheTruncatedGeometricLawSays(t *testing.T) {
	const n = 30_000
	c := newClient(t, client.Spec{Retry: retries(5, sim.Second, client.FullJitter)})
	tries, lost := 0, 0
	for i := range n {
		key := request(t, i)
		coin := key.Draw(1)
		for try := 1; ; try++ {
			tries++
			if !coin.Bool(0.5) {
				break
			}
			if fail(c, key, try).Kind == client.GiveUp {
				lost++
				break
			}
		}
	}
	assertMean(t, 1.9375, 1.2, float64(tries), n, "tries a request") // the sd is 1.197
	assertMean(t, 0.03125, 0.174, float64(lost), n, "share lost")
}

func TestNoRetryComesLaterThanTheClientGivesUp(t *testing.T) {
	s := retries(100, 10*sim.Second, client.NoJitter)
	s.Cap = s.Base
	s.GiveUpAfter = unit.Duration(sim.Minute)
	c := newClient(t, client.Spec{Retry: s})
	at := func(now, retryAfter sim.Time) client.Kind {
		a := &models.Attempt{Request: request(t, 0), Try: 3, First: sim.Hour}
		return c.React(a, models.Failed, 0, retryAfter, sim.Hour+now).Kind
	}
	assert.Equal(t, client.Retry, at(50*sim.Second, 0), "it comes at the last moment")
	assert.Equal(t, client.GiveUp, at(50*sim.Second+1, 0))
	assert.Equal(t, client.GiveUp, at(0, sim.Day), "the refusal asks for more than it would wait")
	assert.Equal(t, client.GiveUp, at(2*sim.Minute, 0))
}

func TestARetryAfterIsHeededOrNot(t *testing.T) {
	s := retries(9, sim.Second, client.NoJitter)
	after := func(retryAfter sim.Time) sim.Time {
		a := &models.Attempt{Request: request(t, 0), Try: 3}
		return newClient(t, client.Spec{Retry: s}).React(a, models.Failed, 0, retryAfter, 0).After
	}
	assert.Equal(t, 4*sim.Second, after(0))
	assert.Equal(t, 4*sim.Second, after(3*sim.Second), "the backoff is longer")
	assert.Equal(t, 7*sim.Second, after(7*sim.Second))
	s.HeedsRetryAfter = false
	assert.Equal(t, 4*sim.Second, after(7*sim.Second))
}

func TestThoseWhoAreSentAwayTogetherDoNotComeBackTogether(t *testing.T) {
	const n, asked = 10_000, 100 * sim.Second
	for _, tc := range []struct {
		jitter   client.Jitter
		from, to sim.Time // of the fourth try, backoff 8 s
	}{
		{client.NoJitter, asked, asked + 1},
		{client.EqualJitter, asked, asked + 4*sim.Second},
		{client.FullJitter, asked, asked + 8*sim.Second},
		{client.DecorrelatedJitter, asked, asked + 80*sim.Second},
	} {
		c := newClient(t, client.Spec{Retry: retries(9, sim.Second, tc.jitter)})
		different := map[sim.Time]bool{}
		for i := range n {
			a := &models.Attempt{Request: request(t, i), Try: 4}
			after := c.React(a, models.Failed, 0, asked, 0).After
			require.GreaterOrEqual(t, after, tc.from, tc.jitter)
			require.Less(t, after, tc.to, tc.jitter)
			different[after] = true
		}
		if tc.jitter != client.NoJitter {
			assert.Greater(t, len(different), n*99/100, tc.jitter)
		}
	}
}

func TestALawTakesThePlaceOfTheBackoff(t *testing.T) {
	const n = 10_000
	s := retries(math.MaxUint16, sim.Hour, client.NoJitter)
	s.After = exponential(2)
	c := newClient(t, client.Spec{Retry: s})
	sum := 0.0
	for i := range n {
		key := request(t, i)
		after := fail(c, key, 1).After
		sum += after.Seconds()
		assert.Equal(t, after, fail(c, key, 1).After, "the time belongs to the request and its try")
		assert.NotEqual(t, after, fail(c, key, 2).After)
		asked := c.React(&models.Attempt{Request: key, Try: 1}, models.Failed, 0, sim.Minute, 0)
		assert.Equal(t, sim.Minute+after, asked.After)
	}
	assertMean(t, 2, 2, sum, n)

	s.After = unit.Dist{Law: "exponential"}
	_, err := client.New(client.Spec{Name: "app", Retry: s})
	assert.ErrorContains(t, err, "client app: retry: after: exponential takes mean or median")
}
