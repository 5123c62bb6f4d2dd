package client_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/sim"
)

func TestAShareOfTheUsersComesBackAfterTheirTime(t *testing.T) {
	const n = 30_000
	c := newClient(t, client.Spec{Return: &client.ReturnSpec{Share: 0.4, After: exponential(3600)}})
	back, sum := 0, 0.0
	for i := range n {
		r := fail(c, request(t, i), 1)
		require.Equal(t, r, fail(c, request(t, i), 1), "asked again it is the same")
		if r.Kind == client.Return {
			back++
			sum += r.After.Seconds()
		}
	}
	assertMean(t, 0.4, 0.49, float64(back), n, "share")
	assertMean(t, 3600, 3600, sum, back, "time")
}

func TestAUserComesBackOnlyWhenTheRequestIsTriedNoMore(t *testing.T) {
	c := newClient(t, client.Spec{
		Retry:  retries(3, sim.Second, client.NoJitter),
		Return: &client.ReturnSpec{Share: 1, After: fixed(3600)},
	})
	assert.Equal(t, client.Retry, fail(c, request(t, 0), 2).Kind)
	assert.Equal(t, client.Reaction{Kind: client.Return, After: sim.Hour}, fail(c, request(t, 0), 3))
	for _, o := range []models.Outcome{models.Rejected, models.Abandoned, models.TimedOut} {
		r := c.React(&models.Attempt{Request: request(t, 0), Try: 1}, o, models.Forbidden, 0, 0)
		assert.Equal(t, client.Return, r.Kind, o)
	}
}

func TestWhoHeedsTheQuotaComesBackAfterItIsFreshAgain(t *testing.T) {
	refused := func(heeds bool) sim.Time {
		c := newClient(t, client.Spec{Return: &client.ReturnSpec{Share: 1, After: fixed(600), HeedsRetryAfter: heeds}})
		return c.React(&models.Attempt{Request: request(t, 0), Try: 1}, models.Rejected, models.TooManyRequests, 20*sim.Hour, 0).After
	}
	assert.Equal(t, 20*sim.Hour+10*sim.Minute, refused(true))
	assert.Equal(t, 10*sim.Minute, refused(false))
}

func TestTheNumberOfVisitsIsForTheCallerToHeed(t *testing.T) {
	spec := client.ReturnSpec{Share: 1, After: fixed(600), MaxVisits: 3}
	assert.Equal(t, 3, newClient(t, client.Spec{Return: &spec}).MaxVisits())
	spec.MaxVisits = 1
	assert.Equal(t, client.GiveUp, fail(newClient(t, client.Spec{Return: &spec}), request(t, 0), 1).Kind)
}
