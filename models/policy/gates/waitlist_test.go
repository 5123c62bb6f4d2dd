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

func list(lot float64, every sim.Time) *gates.WaitlistSpec {
	return &gates.WaitlistSpec{Lot: unit.Count(lot), Every: unit.Duration(every)}
}

func TestALotIsLetInAtATimeAndNobodyBetween(t *testing.T) {
	d := newDoor(t, list(3, sim.Hour))
	for user := range models.User(7) {
		require.Equal(t, "aside", d.come(user))
	}
	assert.Empty(t, d.until(sim.Hour-1))
	assert.Equal(t, []models.User{0, 1, 2}, d.until(sim.Hour))
	require.Equal(t, "aside", d.come(9))
	assert.Empty(t, d.until(2*sim.Hour-1))
	assert.Equal(t, []models.User{3, 4, 5}, d.until(3*sim.Hour-1))
	assert.Equal(t, []models.User{6, 9}, d.until(3*sim.Hour), "a lot takes those who are there")
}

func TestALotThatFoundNobodyIsGone(t *testing.T) {
	d := newDoor(t, list(3, sim.Hour))
	d.now = 7*sim.Hour + sim.Minute
	require.Equal(t, "aside", d.come(1))
	assert.Empty(t, d.until(8*sim.Hour-1), "it comes after the seventh lot")
	assert.Equal(t, []models.User{1}, d.until(8*sim.Hour))
}

func TestNewLotsComeFromTheMomentOfTheChange(t *testing.T) {
	d := newDoor(t, list(1, sim.Hour))
	for user := range models.User(9) {
		d.come(user)
	}
	d.until(90 * sim.Minute)
	require.NoError(t, d.Reconfigure(list(2, sim.Hour)))
	d.ask(nil)
	assert.Equal(t, []models.User{1, 2}, d.until(2*sim.Hour), "the lot alone is new: the hour stays")
	d.until(150 * sim.Minute)
	require.NoError(t, d.Reconfigure(list(2, 10*sim.Minute)))
	d.ask(nil)
	assert.Empty(t, d.until(160*sim.Minute-1))
	assert.Equal(t, []models.User{3, 4}, d.until(160*sim.Minute))

	assert.EqualError(t, d.Reconfigure(list(0, sim.Hour)), "lot is 0, it must be 1 to 2^53")
	assert.EqualError(t, d.Reconfigure(list(1, 0)), "every is 0s, it must be more than 0")
	assert.Equal(t, []models.User{5, 6}, d.until(170*sim.Minute), "nothing has changed")
}
