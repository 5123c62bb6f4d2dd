package gpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func TestScalingKeepsTheServersExactAndMakesNodesSmallerBelowTwenty(t *testing.T) {
	for _, c := range []struct {
		nodes   float64
		slots   int
		f       float64
		servers int
		after   int // slots of a node
		why     string
	}{
		{12_500, 20, 1, 250_000, 20, "full scale"},
		{12_500, 20, 1. / 10, 25_000, 20, "1,250 nodes"},
		{1_563, 8, 1. / 10, 1_250, 8, "156.25 nodes: the last has 2 slots"},
		{1_563, 8, 1. / 78.15, 160, 8, "20 nodes, just"},
		{1_563, 8, 1. / 100, 125, 6, "15.6 nodes: 20.8 smaller ones"},
		{1_563, 8, 1. / 1_000, 13, 1, "13 servers are 13 nodes"},
		{1_563, 8, 1. / 1_000_000, 1, 1, "never 0"},
		{1_563, 1, 1. / 10, 156, 1, "a node of one slot cannot get smaller"},
		{1_563, 1, 1. / 1_000, 2, 1, "2 servers are 2 nodes"},
		{4, 8, 1. / 2, 16, 4, "4 nodes stay 4"},
		{4, 8, 1. / 3, 11, 2, "5.5 nodes of 2: 3 slots would leave fewer than 4"},
		{1, 8, 1. / 3, 3, 3, "one node stays one"},
		{1, 1, 1. / 1_000, 1, 1, "never 0"},
		{10, 8, 3, 240, 8, "more nodes"},
		{0, 8, 1. / 10, 0, 8, "none of none"},
	} {
		spec := plain(0)
		spec.Nodes, spec.SlotsPerNode = unit.Count(c.nodes), c.slots
		spec.ScaleBy(c.f)
		assert.Equal(t, c.after, spec.SlotsPerNode, c.why)
		_, p, _ := build(t, spec)
		assert.Equal(t, c.servers, p.Capacity(), c.why)
	}
}

func TestLotsScaleWithTheNodesOfTheirPool(t *testing.T) {
	lots := []LotSpec{{Name: "may", Nodes: 100}, {Name: "june", Nodes: 1}, {Name: "none", Nodes: 0}}
	spec := Spec{Name: "images", Nodes: 400, GPUsPerNode: 8, SlotsPerNode: 8, Speed: 1, Lots: lots}
	spec.ScaleBy(1. / 40)
	assert.Equal(t, 4, spec.SlotsPerNode, "80 servers are 20 nodes of 4")
	assert.Equal(t, []LotSpec{{Name: "may", Nodes: 5}, {Name: "june", Nodes: 0.25}, {Name: "none", Nodes: 0}}, spec.Lots,
		"20 servers; 1 and not 0; 0")
	assert.Equal(t, unit.Count(100), lots[0].Nodes, "another Spec that shares the list is left alone")

	spec = Spec{Name: "images", GPUsPerNode: 8, SlotsPerNode: 8, Speed: 1, Lots: []LotSpec{{Name: "a", Nodes: 50}, {Name: "b", Nodes: 50}}}
	spec.ScaleBy(1. / 10)
	assert.Equal(t, 4, spec.SlotsPerNode, "a pool without nodes is judged by its lots: 80 servers are 20 nodes of 4")
	assert.Equal(t, unit.Count(10), spec.Lots[0].Nodes)
}

func TestAPoolThatCannotBeIsRefusedByTheNameOfTheField(t *testing.T) {
	for field, spoil := range map[string]func(*Spec){
		"nodes: ":               func(s *Spec) { s.Nodes = -1 },
		"nodes: makes the pool": func(s *Spec) { s.Nodes = 1e12 },
		"slots_per_node: ":      func(s *Spec) { s.SlotsPerNode = 0 },
		"gpus_per_node: ":       func(s *Spec) { s.GPUsPerNode = 0 },
		"out_of_service: ":      func(s *Spec) { s.OutOfService = 1.1 },
		"speed: ":               func(s *Spec) { s.Speed = 0 },
		"failures.mtbf: ":       func(s *Spec) { s.Failures = &FailureSpec{Repair: exactly(sim.Hour)} },
		"failures.repair: ":     func(s *Spec) { s.Failures = &FailureSpec{MTBF: exactly(sim.Hour)} },
		"failures.mtbf: a mean": func(s *Spec) { s.Failures = &FailureSpec{MTBF: exactly(0), Repair: exactly(0)} },
		"lots.may.lead: ":       func(s *Spec) { s.Lots = []LotSpec{{Name: "may", Lead: unit.Dist{Law: "soon"}}} },
		"lots.may.nodes: ":      func(s *Spec) { s.Lots = []LotSpec{{Name: "may", Nodes: -1}} },
		"lots.may: there are 2": func(s *Spec) { s.Lots = []LotSpec{{Name: "may"}, {Name: "may"}} },
	} {
		spec := plain(10)
		spoil(&spec)
		_, err := New(sim.NewKernel(), spec, seed(t), 0, &diary{})
		require.ErrorContains(t, err, field)
		require.ErrorContains(t, err, "gpu pool images: ")
	}
}
