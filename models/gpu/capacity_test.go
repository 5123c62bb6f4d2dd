package gpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func TestAGreaterShareOutOfServiceTakesTheSameNodesAndMore(t *testing.T) {
	spec := Spec{Name: "images", Nodes: 50, GPUsPerNode: 8, SlotsPerNode: 2, Speed: 1}
	k, p, d := build(t, spec)
	down := func() map[int32]bool {
		set := map[int32]bool{}
		for n := range p.nodes {
			if p.nodes[n].why&out != 0 {
				set[int32(n)] = true
			}
		}
		return set
	}
	before := down()
	next := models.Slot(0)
	for _, percent := range []int{0, 1, 2, 10, 33, 34, 80, 100} {
		next = fill(k, p, next, sim.Never)
		busy := p.Busy()
		spec.OutOfService = unit.Share(float64(percent) / 100)
		require.NoError(t, p.Reconfigure(k.Now(), spec))

		want := (50*percent + 50) / 100 // round half up
		now := down()
		require.Len(t, now, want, "%d %%", percent)
		for n := range before {
			assert.True(t, now[n], "%d %%: node %d came back", percent, n)
		}
		assert.Equal(t, [4]int{100 - 2*want, 100 - 2*want, 0, 0}, levelsOf(p))

		// Each attempt of the nodes that went down is lost, in order, and then the host
		// hears of the capacity, once.
		entries := d.take()
		if len(now) == len(before) {
			require.Empty(t, entries)
			continue
		}
		require.Len(t, entries, busy-p.Busy()+1)
		for i, e := range entries[:len(entries)-1] {
			assert.Equal(t, "lost", e.What)
			assert.True(t, now[e.Server/2] && !before[e.Server/2])
			assert.True(t, i == 0 || entries[i-1].Server < e.Server, "not in order of nodes")
		}
		assert.Equal(t, "changed", entries[len(entries)-1].What)
		before = now
	}

	spec.OutOfService = 0
	require.NoError(t, p.Reconfigure(k.Now(), spec))
	assert.Equal(t, [4]int{100, 0, 0, 100}, levelsOf(p), "they come back empty")
	assert.Equal(t, []entry{{"changed", 0, models.None, -1}}, d.take())
}

func TestWhichNodesGoOutOfServiceDoesNotDependOnHowTheShareGotThere(t *testing.T) {
	spec := plain(200)
	_, direct, _ := build(t, spec)
	_, gradual, _ := build(t, spec)
	for _, share := range []unit.Share{0.9, 0.1, 0, 0.05, 0.3} {
		spec.OutOfService = share
		require.NoError(t, gradual.Reconfigure(0, spec))
	}
	require.NoError(t, direct.Reconfigure(0, spec))
	for n := range direct.nodes {
		assert.Equal(t, direct.nodes[n].why&out, gradual.nodes[n].why&out)
	}
}

func TestShrinkingDrainsTheHighestServersAndGrowingIsAtOnce(t *testing.T) {
	spec := Spec{Name: "images", Nodes: 3, GPUsPerNode: 8, SlotsPerNode: 2, Speed: 1}
	k, p, d := build(t, spec)
	for slot := range models.Slot(6) {
		server, ok := p.Start(0, slot, sim.Time(10*(slot+1)))
		require.True(t, ok)
		require.Equal(t, int32(slot), server, "a fresh pool is taken from its lowest server")
	}
	k.RunUntil(15) // server 0 is idle
	d.take()

	spec.Nodes = 1
	require.NoError(t, p.Reconfigure(15, spec))
	assert.Equal(t, [4]int{6, 5, 0, 1}, levelsOf(p), "those that drain are counted while they work")
	assert.Empty(t, d.take(), "nothing was lost, and no level changed yet")
	k.RunUntil(35)
	assert.Equal(t, []entry{{"done", 20, 1, 1}, {"done", 30, 2, 2}}, d.take())
	assert.Equal(t, [4]int{5, 3, 0, 2}, levelsOf(p), "server 2 left with its attempt")

	spec.Nodes = 2.5 // server 2 comes back, 3 and 4 had not left yet, 5 drains on
	require.NoError(t, p.Reconfigure(35, spec))
	assert.Equal(t, [4]int{6, 3, 0, 3}, levelsOf(p))
	assert.Equal(t, []entry{{"changed", 35, models.None, -1}}, d.take())
	k.RunUntil(100)
	assert.Equal(t, [4]int{5, 0, 0, 5}, levelsOf(p))

	spec.Nodes = 4
	require.NoError(t, p.Reconfigure(100, spec))
	assert.Equal(t, [4]int{8, 0, 0, 8}, levelsOf(p))
	spec.Nodes = 0
	require.NoError(t, p.Reconfigure(100, spec))
	assert.Equal(t, [4]int{0, 0, 0, 0}, levelsOf(p))
}

func TestALotArrivesAtItsOrderPlusItsLead(t *testing.T) {
	spec := plain(10)
	spec.Lots = []LotSpec{
		{Name: "there", Ordered: unit.Instant(-sim.Day), Lead: exactly(sim.Hour), Nodes: 1},
		{Name: "march", Ordered: unit.Instant(sim.Hour), Lead: exactly(2 * sim.Hour), Nodes: 5},
		{Name: "april", Ordered: unit.Instant(4 * sim.Hour), Nodes: 7},
	}
	k, p, d := build(t, spec)
	assert.Equal(t, 11, p.Capacity(), "what arrived before the start is there")
	k.RunUntil(5 * sim.Hour)
	assert.Equal(t, []entry{{"changed", 3 * sim.Hour, models.None, -1}, {"changed", 4 * sim.Hour, models.None, -1}}, d.entries)
	assert.Equal(t, []int{16, 23}, d.levels)
	assert.Equal(t, 23, p.Free())
}

func TestALeadTimeIsDrawnByTheNameOfItsLot(t *testing.T) {
	lot := LotSpec{Name: "march", Lead: exponential(sim.Day), Nodes: 5}
	arrival := func(lots ...LotSpec) sim.Time {
		spec := plain(1)
		spec.Lots = lots
		_, p, _ := build(t, spec)
		return p.groups[p.lot("march")].arrival
	}
	alone := arrival(lot)
	other := lot
	other.Name = "april"
	assert.Equal(t, alone, arrival(other, lot), "another lot does not shift it")
	twice := lot
	twice.Lead = exponential(2 * sim.Day)
	assert.InDelta(t, 2*alone.Seconds(), arrival(twice).Seconds(), 1e-6, "a longer law stretches the same luck")
}

func TestFluidWorkTakesWhatAttemptsLeaveAndComesBeforeTheQueue(t *testing.T) {
	k, p, d := build(t, plain(10))
	for slot := range models.Slot(6) {
		p.Start(0, slot, sim.Time(10*(slot+1)))
	}
	p.SetFluid(0, 3)
	assert.Equal(t, [4]int{10, 6, 3, 1}, levelsOf(p))
	assert.Equal(t, []entry{{"changed", 0, models.None, -1}}, d.take())

	p.SetFluid(0, 8)
	assert.Equal(t, [4]int{10, 6, 4, 0}, levelsOf(p), "no server is taken from an attempt")
	_, ok := p.Start(0, 6, 10)
	assert.False(t, ok)
	k.RunUntil(41)
	assert.Equal(t, [4]int{10, 2, 8, 0}, levelsOf(p), "four that ended went to fluid work")
	d.take()

	p.SetFluid(41, 9)
	assert.Equal(t, [4]int{10, 2, 8, 0}, levelsOf(p))
	assert.Empty(t, d.take(), "a claim that changes nothing is not news")
	k.RunUntil(100)
	assert.Equal(t, [4]int{10, 0, 9, 1}, levelsOf(p))
	d.take()

	p.SetFluid(100, 2)
	assert.Equal(t, []entry{{"changed", 100, models.None, -1}}, d.take(), "the queue can be pulled")
	assert.Equal(t, [4]int{10, 0, 2, 8}, levelsOf(p))
	spec := plain(1)
	require.NoError(t, p.Reconfigure(100, spec))
	assert.Equal(t, [4]int{1, 0, 1, 0}, levelsOf(p), "fluid work leaves with the server")
}

func TestTimesOfServiceFollowTheSpeed(t *testing.T) {
	for _, c := range []struct {
		service sim.Time
		speed   unit.Factor
		want    sim.Time
	}{
		{sim.Second, 1, sim.Second},
		{sim.Second, 2, sim.Second / 2},
		{sim.Second, 0.25, 4 * sim.Second},
		{10, 3, 3},
		{10, 4, 3}, // 2.5 rounds up
		{1, 1000, 1},
		{0, 1000, 0},
		{sim.Never - 1, 1, sim.Never - 1},
	} {
		spec := plain(1)
		spec.Speed = c.speed
		k, p, d := build(t, spec)
		p.Start(0, 1, c.service)
		require.True(t, k.Step())
		assert.Equal(t, []entry{{"done", c.want, 1, 0}}, d.take(), "%v at speed %v", c.service, c.speed)
	}
	for _, speed := range []unit.Factor{1, 0.5} {
		spec := plain(1)
		spec.Speed = speed
		k, p, _ := build(t, spec)
		p.Start(0, 1, sim.Never-1)
		p.Start(0, 1, sim.Never)
		assert.LessOrEqual(t, k.Pending(), 1, "an endless service has no end")
	}
}
