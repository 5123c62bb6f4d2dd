package gates_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy/gates"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func open(percent float64, ramp sim.Time) *gates.FeatureGateSpec {
	return &gates.FeatureGateSpec{Percent: unit.Share(percent), Ramp: unit.Duration(ramp)}
}

const users = 100_000

// inside returns which of the users the gate lets in.
func (g *gateway) inside() (in [users]bool, n int) {
	for u := range in {
		in[u] = g.try(models.Attempt{User: models.User(u), Request: request(u)}).Reason == 0
		if in[u] {
			n++
		}
	}
	return in, n
}

func TestTheGateIsOpenToItsPercentageAndClosedToTheOthersWith403(t *testing.T) {
	for _, percent := range []float64{0, 0.01, 0.3, 0.99, 1} {
		g := newGateway(t, "gate", 0, open(percent, 0))
		_, n := g.inside()
		assertShare(t, percent, n, users, "percent %v", percent)
		assert.Equal(t, models.Refusal{Name: "gate", Status: models.Forbidden}, g.env.Reasons.Get(1))
	}
}

func TestAUserStaysInWhateverHeAsksForAndAsThePercentageRises(t *testing.T) {
	g := newGateway(t, "gate", 0, open(0.1, 0))
	before, _ := g.inside()
	for u := range 1000 {
		again := g.try(models.Attempt{User: models.User(u), Request: request(users + u), Try: 3}).Reason == 0
		require.Equal(t, before[u], again, "another request of user %d", u)
	}
	require.NoError(t, g.Reconfigure(open(0.2, 0)))
	after, n := g.inside()
	assertShare(t, 0.2, n, users, "after the rise")
	for u := range before {
		require.False(t, before[u] && !after[u], "user %d fell out", u)
	}
}

func TestTwoGatesDrawDifferentUsers(t *testing.T) {
	a, _ := newGateway(t, "images", 0, open(0.5, 0)).inside()
	b, _ := newGateway(t, "video", 0, open(0.5, 0)).inside()
	both := 0
	for u := range a {
		if a[u] && b[u] {
			both++
		}
	}
	assertShare(t, 0.25, both, users, "in both")
}

func TestAnonymousRequestsAreDrawnOneByOneAndEachTheSameOnEveryTry(t *testing.T) {
	g := newGateway(t, "gate", 0, open(0.3, 0))
	n := 0
	for i := range users {
		a := models.Attempt{User: models.Anonymous, Request: request(i), Try: 1}
		in := g.try(a).Reason == 0
		a.Try = 2
		require.Equal(t, in, g.try(a).Reason == 0)
		if in {
			n++
		}
	}
	assertShare(t, 0.3, n, users, "of the requests")
}

func TestAChangeTakesEffectLinearlyOverTheRamp(t *testing.T) {
	g := newGateway(t, "gate", sim.Hour, open(0.1, 10*sim.Hour))
	_, n := g.inside()
	assertShare(t, 0.1, n, users, "at the start there is nothing to ramp from")

	require.NoError(t, g.Reconfigure(open(0.6, 10*sim.Hour)))
	for _, tc := range []struct {
		hours sim.Time
		want  float64
	}{{1, 0.1}, {2, 0.15}, {6, 0.35}} {
		g.now = tc.hours * sim.Hour
		_, n := g.inside()
		assertShare(t, tc.want, n, users, "hour %d", tc.hours)
	}
	require.NoError(t, g.Reconfigure(open(0.6, 10*sim.Hour)))
	g.now = 8 * sim.Hour
	_, n = g.inside()
	assertShare(t, 0.45, n, users, "a change elsewhere leaves the ramp alone")

	require.NoError(t, g.Reconfigure(open(0.05, 4*sim.Hour)))
	g.now = 10 * sim.Hour
	_, n = g.inside()
	assertShare(t, 0.25, n, users, "half-way from what it had reached")
	g.now = 20 * sim.Hour
	_, n = g.inside()
	assertShare(t, 0.05, n, users, "in the end")
}

func TestAGateThatCannotBeIsRefused(t *testing.T) {
	for want, s := range map[string]*gates.FeatureGateSpec{
		"percent is 1.2, it must be 0% to 100%": open(1.2, 0),
		"percent is NaN, it must be 0% to 100%": open(math.NaN(), 0),
		"ramp is -1s, it must be 0 or more":     open(0.5, -sim.Second),
	} {
		g := newGateway(t, "gate", 0, open(1, 0))
		_, err := s.New(g.env)
		assert.EqualError(t, err, want)
		assert.EqualError(t, g.Reconfigure(s), want)
		assert.Zero(t, g.try(models.Attempt{}), "nothing has changed")
	}
}
