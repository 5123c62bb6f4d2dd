package gpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

func TestADisplacedServiceLeavesItsServerFreeAndTheRestIsReturned(t *testing.T) {
	k, p, d := build(t, plain(1))
	n, ok := p.Start(0, 1, 10*sim.Second)
	require.True(t, ok)
	k.RunUntil(4 * sim.Second)
	left, ok := p.Preempt(4*sim.Second, n)
	require.True(t, ok)
	assert.Equal(t, 6*sim.Second, left)
	assert.Equal(t, [4]int{1, 0, 0, 1}, levelsOf(p))
	_, ok = p.Start(4*sim.Second, 2, 2*sim.Second)
	require.True(t, ok)
	k.RunUntil(7 * sim.Second)
	assert.Equal(t, []entry{{"done", 6 * sim.Second, 2, n}}, d.take())
	_, ok = p.Start(7*sim.Second, 1, left)
	require.True(t, ok)
	k.RunUntil(20 * sim.Second)
	assert.Equal(t, []entry{{"done", 13 * sim.Second, 1, n}}, d.take(), "not at 10s, when it would have ended first")
}

func TestWhatIsLeftIsToldAtFullSpeed(t *testing.T) {
	spec := plain(1)
	spec.Speed = 2
	k, p, _ := build(t, spec)
	n, _ := p.Start(0, 1, 10*sim.Second)
	k.RunUntil(3 * sim.Second)
	left, ok := p.Preempt(3*sim.Second, n)
	require.True(t, ok)
	assert.Equal(t, 4*sim.Second, left)
}

func TestAServerThatNobodyCouldTakeIsNotPreempted(t *testing.T) {
	_, p, _ := build(t, plain(1))
	n, _ := p.Start(0, 1, 10*sim.Second)
	p.SetFluid(0, 1) // it would go to fluid work
	_, ok := p.Preempt(0, n)
	assert.False(t, ok)
	assert.Equal(t, 1, p.Busy())
}

func TestThoseWhoShareProgressAlikeAndSlowerWhereServersGoDown(t *testing.T) {
	k, p, d := build(t, plain(2))
	p.Share(0)
	for slot := range 4 {
		_, ok := p.Start(0, models.Slot(slot), sim.Time(slot+1)*sim.Second) // 4 on 2 servers: half speed
		require.True(t, ok)
	}
	assert.Equal(t, 4, p.Working())
	assert.Equal(t, 2, p.Busy())
	k.RunUntil(3 * sim.Second) // the first ended at 2 s; three on two servers
	assert.Equal(t, []entry{{"done", 2 * sim.Second, 0, -1}}, d.take())
	p.SetFluid(3*sim.Second, 1) // one server left
	assert.Equal(t, []entry{{"changed", 3 * sim.Second, models.None, -1}}, d.take())
	k.RunUntil(sim.Hour)
	// At 3 s each has had 1 + 2/3 s. A third of a second is left of the second: 1 s.
	// Then two share one server: 1 s each is left of both, and 1 s more of the last.
	assert.Equal(t, []entry{{"done", 4 * sim.Second, 1, -1}, {"done", 6 * sim.Second, 2, -1}, {"done", 7 * sim.Second, 3, -1}}, d.take())
}

func TestAPoolIsSharedByNoMoreThanItsLimit(t *testing.T) {
	_, p, _ := build(t, plain(1))
	p.Share(3)
	for slot := range 3 {
		assert.Equal(t, 3-slot, p.Free())
		p.Start(0, models.Slot(slot), sim.Second)
	}
	assert.Zero(t, p.Free())
	_, ok := p.Start(0, 4, sim.Second)
	assert.False(t, ok)
}

func TestSharingAllocatesNothingOnceItHasGrown(t *testing.T) {
	k, p, d := build(t, plain(1))
	p.Share(0)
	round := func() {
		for slot := range 20 {
			p.Start(k.Now(), models.Slot(slot), sim.Time(slot+1)*sim.Second)
		}
		k.RunUntil(k.Now() + sim.Hour)
		d.entries, d.levels = d.entries[:0], d.levels[:0]
	}
	round()
	assert.Zero(t, testing.AllocsPerRun(50, round))
}

// The clock of a shared pool tells what an attempt has had that was there all the
// time; who is taken out has had the part of the servers that worked on it.
func TestTheClockOfASharedPoolTellsWhatEachHasHad(t *testing.T) {
	k, p, _ := build(t, plain(1))
	assert.Equal(t, sim.Second, p.Shared(sim.Second), "each has its own server")
	p.Share(0)
	p.Start(0, 0, 10*sim.Second)
	p.Start(0, 1, 10*sim.Second)
	k.RunUntil(6 * sim.Second)
	assert.Equal(t, 3*sim.Second, p.Shared(k.Now()))
	had, ok := p.Cancel(k.Now(), 1, 0)
	require.True(t, ok)
	assert.Equal(t, 3*sim.Second, had)
	_, ok = p.Cancel(k.Now(), 1, 0)
	assert.False(t, ok, "it is gone")
	k.RunUntil(8 * sim.Second)
	assert.Equal(t, 5*sim.Second, p.Shared(k.Now()))
	k.RunUntil(sim.Minute) // the other ends at 13 s, and the clock stands still
	assert.Equal(t, 10*sim.Second, p.Shared(k.Now()))
	p.Start(k.Now(), 2, sim.Second)
	k.RunUntil(2 * sim.Minute)
	assert.Equal(t, 11*sim.Second, p.Shared(k.Now()), "it goes on where it stood")
}
