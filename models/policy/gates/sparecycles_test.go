package gates_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/gates"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func spare(share, reserve, perSecond float64) *gates.SpareCyclesSpec {
	return &gates.SpareCyclesSpec{Share: unit.Share(share), Reserve: unit.Count(reserve), MinRate: unit.Rate(perSecond)}
}

// aside is a policy with so many aside, all at once.
func aside(t *testing.T, s policy.Spec, n int) *door {
	d := newDoor(t, s)
	for user := range models.User(n) {
		d.line = append(d.line, models.Attempt{User: user})
	}
	return d
}

// free asks at a pool of which the others leave so many servers free, beside
// those that run its own work, and returns how many it starts.
func (d *door) free(servers, waiting, running int) int {
	before := len(d.line)
	for {
		started := before - len(d.line)
		s := &models.Signals{Now: d.now, Capacity: 100, Busy: 100 - max(0, servers-running-started), Waiting: waiting, Kept: len(d.line)}
		n, next := d.Policy.(policy.Keeper).Let(len(d.line), s)
		if d.next = next; n <= 0 {
			return started
		}
		for range min(n, len(d.line)) {
			a := d.line[0]
			d.line = d.line[1:]
			d.Policy.(policy.Releaser).Release(&a, d.now)
		}
	}
}

func TestSpareWorkFillsItsShareOfWhatTheOthersLeaveFree(t *testing.T) {
	for _, tc := range []struct {
		share, reserve float64
		free, waiting  int
		want           int
	}{
		{1, 0, 10, 0, 10},
		{0.5, 0, 10, 0, 5},
		{0.5, 0, 9, 0, 4},
		{1, 3, 10, 0, 7},
		{0.5, 4, 10, 0, 3},
		{1, 10, 10, 0, 0},
		{1, 0, 0, 0, 0},
		{1, 0, 10, 1, 0}, // somebody waits for a server
		{0, 0, 10, 0, 0},
	} {
		d := aside(t, spare(tc.share, tc.reserve, 0), 1000)
		d.now = sim.Minute
		assert.Equal(t, tc.want, d.free(tc.free, tc.waiting, 0), "%+v", tc)
		d.now += sim.Second
		assert.Zero(t, d.free(tc.free, tc.waiting, tc.want), "what runs already counts: %+v", tc)
	}
}

func TestOneThatEndsLeavesItsServerToTheNext(t *testing.T) {
	d := aside(t, spare(1, 2, 0), 100)
	d.now = sim.Minute
	require.Equal(t, 8, d.free(10, 0, 0))
	finisher := d.Policy.(policy.Finisher)
	d.now += sim.Second
	finisher.Finish(&models.Attempt{}, models.Completed, d.now)
	assert.Equal(t, 1, d.free(10, 0, 7))
	d.now += sim.Second
	assert.Zero(t, d.free(6, 0, 8), "the others have taken back what was free: what runs is not pre-empted")
	for range 8 {
		finisher.Finish(&models.Attempt{}, models.Completed, d.now)
	}
	d.now += sim.Second
	assert.Equal(t, 4, d.free(6, 0, 0))
}

func TestOldSignalsAreNotFilledTwiceAtOneInstant(t *testing.T) {
	d := aside(t, spare(1, 0, 0), 1000)
	d.now = sim.Minute
	stale := &models.Signals{Capacity: 100, Busy: 90}
	d.ask(stale)
	assert.Len(t, d.came, 10)
}

func TestTheLeastRateGoesOnEvenIfThereIsNoRoom(t *testing.T) {
	d := aside(t, spare(1, 0, 0.5), 1000)
	full := &models.Signals{Capacity: 100, Busy: 100, Waiting: 50}
	d.ask(full)
	for d.now < 10*sim.Second {
		d.now = d.next
		d.ask(full)
	}
	assert.Len(t, d.came, 5)
	d.now += sim.Minute
	d.ask(full)
	assert.Len(t, d.came, 35, "what was due in the meantime is made up for")
	d.now += sim.Second
	room := d.free(40, 0, 0)
	assert.Positive(t, room)
	before := len(d.line)
	d.now += sim.Second
	d.ask(full)
	assert.Len(t, d.line, before, "those who found room count")
}

func TestNothingIsAskedForWhileNothingIsAside(t *testing.T) {
	d := newDoor(t, spare(1, 0, 0.5))
	d.now = sim.Hour
	require.Equal(t, "aside", d.come(1))
	assert.Len(t, d.line, 1, "the rate begins with the first")
	assert.LessOrEqual(t, d.next, d.now+sim.Second)
	d.until(d.now + 2*sim.Second)
	assert.Empty(t, d.line)
	assert.Equal(t, sim.Never, d.next)
}

func TestWrongParametersOfSpareCyclesAreRefused(t *testing.T) {
	d := newDoor(t, spare(1, 0, 0))
	assert.EqualError(t, d.Reconfigure(spare(1.5, 0, 0)), "share is 1.5, it must be 0% to 100%")
	assert.EqualError(t, d.Reconfigure(spare(1, -1, 0)), "reserve is -1, it must be 0 to 2^53")
	assert.EqualError(t, d.Reconfigure(spare(1, 0, 2e9)), "min_rate is 2e+09 a second, it must be 0 to 1G/s")
	require.NoError(t, d.Reconfigure(spare(0.1, 2, 3)))
}
