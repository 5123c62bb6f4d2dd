package gates_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy/gates"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func chill(compliance, factor float64, halfLife sim.Time) *gates.AppealSpec {
	return &gates.AppealSpec{Compliance: unit.Share(compliance), Factor: unit.Factor(factor), HalfLife: unit.Duration(halfLife)}
}

// held counts the first tries that are held back, one of each user.
func (g *gateway) held(user func(i int) models.User) int {
	n := 0
	for i := range users {
		if g.hold(models.Attempt{User: user(i), Request: request(i), Try: 1}) {
			n++
		}
	}
	return n
}

func everyone(i int) models.User { return models.User(i) }
func nobody(int) models.User     { return models.Anonymous }

// The held share is compliance x (1 - factor) x 2^(-t/half_life).
func TestTheEffectOfAnAppealIsHalvedInEachHalfLife(t *testing.T) {
	const made = 5 * sim.Hour
	for _, who := range []func(int) models.User{everyone, nobody} {
		g := newGateway(t, "chill", made, chill(0.4, 0.25, 6*sim.Hour))
		for _, tc := range []struct {
			after sim.Time
			want  float64
		}{{0, 0.3}, {6 * sim.Hour, 0.15}, {9 * sim.Hour, 0.15 / 1.4142135623730951}, {12 * sim.Hour, 0.075}, {400 * sim.Hour, 0}} {
			g.now = made + tc.after
			assertShare(t, tc.want, g.held(who), users, "%v after", tc.after)
		}
	}
}

func TestOnlyThoseWhoComplyHoldBackAndTheyAlwaysComply(t *testing.T) {
	g := newGateway(t, "chill", 0, chill(0.3, 0, sim.Day))
	complying := 0
	for u := range 1000 {
		held := 0
		for i := range 10 {
			if g.hold(models.Attempt{User: models.User(u), Request: request(10*u + i), Try: 1}) {
				held++
			}
		}
		require.Contains(t, []int{0, 10}, held, "a factor of 0 is all or nothing")
		complying += held / 10
	}
	assertShare(t, 0.3, complying, 1000, "of the users")
}

func TestWhatIsHeldBackLateWouldHaveBeenHeldBackEarly(t *testing.T) {
	g := newGateway(t, "chill", 0, chill(0.5, 0.2, sim.Hour))
	for i := range users {
		a := models.Attempt{User: models.User(i), Request: request(i), Try: 1}
		g.now = 0
		early := g.hold(a)
		g.now = 2 * sim.Hour
		require.False(t, g.hold(a) && !early)
	}
}

func TestAnAppealRefusesNobodyAndLeavesRetriesAlone(t *testing.T) {
	g := newGateway(t, "chill", 0, chill(1, 0, sim.Day))
	assert.True(t, g.hold(models.Attempt{Try: 1}))
	assert.False(t, g.hold(models.Attempt{Try: 2}))
	assert.Zero(t, g.try(models.Attempt{Try: 1}))
}

func TestNewParametersDoNotMakeTheAppealAgain(t *testing.T) {
	g := newGateway(t, "chill", 0, chill(0.5, 0.5, sim.Hour))
	g.now = 2 * sim.Hour
	require.NoError(t, g.Reconfigure(chill(1, 0, 2*sim.Hour)))
	assertShare(t, 0.5, g.held(everyone), users, "a half-life of the new ones after the old start")
}

func TestAnAppealThatCannotBeIsRefused(t *testing.T) {
	for want, s := range map[string]*gates.AppealSpec{
		"compliance is 1.5, it must be 0 to 1":    chill(1.5, 0.5, sim.Day),
		"factor is 2, it must be 0 to 1":          chill(0.5, 2, sim.Day),
		"half_life is 0s, it must be more than 0": chill(0.5, 0.5, 0),
	} {
		g := newGateway(t, "chill", 0, chill(0, 1, sim.Day))
		_, err := s.New(g.env)
		assert.EqualError(t, err, want)
		assert.EqualError(t, g.Reconfigure(s), want)
	}
}
