package gpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// checked is a pool of n nodes of 2 slots that are checked every 10 s, and
// restarted for a minute after 3 checks that would wait for more than 5 s.
func checked(n int) Spec {
	return Spec{Name: "web", Nodes: unit.Count(n), GPUsPerNode: 1, SlotsPerNode: 2, Speed: 1,
		Health: &HealthSpec{Every: unit.Duration(10 * sim.Second), Timeout: unit.Duration(5 * sim.Second), Failures: 3, Restart: exactly(sim.Minute)}}
}

func TestANodeIsRestartedAfterSoManyFailedChecksInARowAndLosesItsWork(t *testing.T) {
	k, p, d := build(t, checked(1))
	_, ok := p.Start(0, 7, sim.Hour)
	require.True(t, ok)
	phase := sim.Time(p.nodes[0].rank%uint64(10*sim.Second)) + 1 // its first check

	d.probe = 5*sim.Second + 1
	k.RunUntil(phase + 15*sim.Second) // two checks fail
	d.probe = 5 * sim.Second
	k.RunUntil(phase + 25*sim.Second) // one is answered in time
	d.probe = 6 * sim.Second
	k.RunUntil(phase + 50*sim.Second) // the checks at 30 and 40 s fail
	require.Empty(t, d.take())
	assert.Zero(t, p.down[index(restarting)])

	k.RunUntil(phase + 50*sim.Second + 1)
	assert.Equal(t, []entry{{"lost", phase + 50*sim.Second, 7, 0}, {"changed", phase + 50*sim.Second, models.None, -1}}, d.take())
	assert.Equal(t, 2, p.down[index(restarting)])
	assert.Zero(t, p.Capacity())

	k.RunUntil(phase + 110*sim.Second) // it is not checked meanwhile
	require.Empty(t, d.take())
	d.probe = 0
	k.RunUntil(phase + 300*sim.Second)
	assert.Equal(t, []entry{{"changed", phase + 110*sim.Second, models.None, -1}}, d.take(), "it comes back empty, and stays")
	assert.Equal(t, [4]int{2, 0, 0, 2}, levelsOf(p))
	assert.Zero(t, p.down[index(restarting)])
}

func TestNodesAreCheckedInTurn(t *testing.T) {
	k, p, d := build(t, checked(100))
	d.probe = sim.Minute
	k.RunUntil(31 * sim.Second)
	assert.Equal(t, 200, p.down[index(restarting)], "no node answers")
	at := map[sim.Time]bool{}
	for _, e := range d.take() {
		at[e.At] = true
	}
	assert.Len(t, at, 100)
}

func TestANodeThatIsDownAnywayIsNotCountedAsRestarting(t *testing.T) {
	k, p, d := build(t, checked(10))
	d.probe = sim.Minute
	k.RunUntil(31 * sim.Second)
	require.Equal(t, 20, p.down[index(restarting)])
	out := checked(10)
	out.OutOfService = 0.5
	require.NoError(t, p.Reconfigure(k.Now(), out))
	assert.Equal(t, 10, p.down[index(restarting)])
}

func TestChecksEndAndBeginWithTheSpec(t *testing.T) {
	spec := checked(4)
	health := spec.Health
	spec.Health = nil
	k, p, d := build(t, spec)
	d.probe = sim.Minute
	k.RunUntil(sim.Hour)
	require.Equal(t, 8, p.Capacity(), "without a spec nothing is checked")

	spec.Health = health
	require.NoError(t, p.Reconfigure(k.Now(), spec))
	k.RunUntil(sim.Hour + 31*sim.Second)
	require.Zero(t, p.Capacity())

	spec.Health = nil
	require.NoError(t, p.Reconfigure(k.Now(), spec))
	k.RunUntil(2 * sim.Hour)
	assert.Equal(t, 8, p.Capacity(), "those in restart come back, and no check is left")
	assert.Equal(t, sim.Never, k.Next())
}

func TestAHealthSpecThatSaysNothingIsRefused(t *testing.T) {
	for field, change := range map[string]func(*HealthSpec){
		"health: every is 0s, it must be above 0":                      func(h *HealthSpec) { h.Every = 0 },
		"health: timeout is -1ns, it must be at least 0":               func(h *HealthSpec) { h.Timeout = -1 },
		"health: failures is 0, it must be at least 1":                 func(h *HealthSpec) { h.Failures = 0 },
		"health.restart: a mean of 0 s is too short: want more than 0": func(h *HealthSpec) { h.Restart = exactly(0) },
	} {
		spec := checked(1)
		change(spec.Health)
		assert.ErrorContains(t, spec.Check(), field)
	}
}
