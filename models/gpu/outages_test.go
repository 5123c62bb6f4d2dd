package gpu

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A node is up again when the last of what it hangs on is.
func TestAnOutageThatEndsWhileAnotherLastsBringsNobodyBack(t *testing.T) {
	spec := plain(8)
	spec.Outages = []OutageSpec{
		{Name: "rack", Nodes: 8, MTBF: exactly(10 * sim.Second), Repair: exactly(20 * sim.Second)},
		{Name: "row", Nodes: 8, MTBF: exactly(20 * sim.Second), Repair: exactly(5 * sim.Second)},
	}
	k, p, _ := build(t, spec)
	for _, c := range []struct {
		at sim.Time
		up int
	}{{9, 8}, {11, 0}, {21, 0}, {26, 0}, {31, 8}} {
		k.RunUntil(c.at * sim.Second)
		assert.Equal(t, c.up, p.Capacity(), "at %d s", c.at)
	}
}

func TestWhatHangsTogetherIsScaledWithTheNodes(t *testing.T) {
	spec := plain(10_000)
	spec.Outages = []OutageSpec{{Name: "row", Nodes: 1000, MTBF: exactly(sim.Day), Repair: exactly(sim.Hour)}}
	spec.ScaleBy(0.01)
	assert.Equal(t, unit.Count(100), spec.Nodes)
	assert.Equal(t, unit.Count(10), spec.Outages[0].Nodes)
}

// Half of a service at half the speed leaves half of it for a server at full speed.
func TestWhatIsLeftOfADisplacedServiceIsThatOfAServerAtFullSpeed(t *testing.T) {
	spec := plain(1)
	spec.Slow = &SlowSpec{Share: 1, Speed: 0.5}
	k, p, _ := build(t, spec)
	n, _ := p.Start(0, 7, 10*sim.Second)
	assert.Equal(t, 20*sim.Second, p.Until(n))
	k.RunUntil(10 * sim.Second)
	left, ok := p.Preempt(k.Now(), n)
	assert.True(t, ok)
	assert.Equal(t, 5*sim.Second, left)
}
