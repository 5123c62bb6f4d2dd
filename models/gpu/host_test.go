package gpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

func seed(t testing.TB) uint64 { return rngtest.Seed(t, 20250325) }

// plain is a pool of n servers that never fail.
func plain(n int) Spec {
	return Spec{Name: "images", Nodes: unit.Count(n), GPUsPerNode: 8, SlotsPerNode: 1, Speed: 1}
}

// An entry is one call that a diary received.
type entry struct {
	What   string // done, lost, changed
	At     sim.Time
	Slot   models.Slot
	Server int32
}

// A diary is a Host that has no queue and writes down what it is told, with the
// levels of the pool at that moment.
type diary struct {
	pool    *Pool
	entries []entry
	levels  []int // capacity at each entry
	probe   sim.Time
}

func (d *diary) Probe(sim.Time) sim.Time { return d.probe }

func (d *diary) Done(now sim.Time, slot models.Slot, server int32) {
	d.write(entry{"done", now, slot, server})
}

func (d *diary) Lost(now sim.Time, slot models.Slot, server int32, _ sim.Time) {
	d.write(entry{"lost", now, slot, server})
}

func (d *diary) CapacityChanged(now sim.Time) { d.write(entry{"changed", now, models.None, -1}) }

func (d *diary) write(e entry) {
	d.entries = append(d.entries, e)
	d.levels = append(d.levels, d.pool.Capacity())
}

// take returns what was written since the last take.
func (d *diary) take() []entry {
	e := d.entries
	d.entries, d.levels = nil, nil
	return e
}

// build makes a pool with a diary for its host.
func build(t testing.TB, spec Spec) (*sim.Kernel, *Pool, *diary) {
	t.Helper()
	return buildReplication(t, spec, 0)
}

func buildReplication(t testing.TB, spec Spec, replication uint64) (*sim.Kernel, *Pool, *diary) {
	t.Helper()
	k, d := sim.NewKernel(), &diary{}
	p, err := New(k, spec, seed(t), replication, d)
	require.NoError(t, err)
	d.pool = p
	return k, p, d
}

// fill gives the pool attempts of that service until no server is free, in slots
// from first on, and returns the slot after the last.
func fill(k *sim.Kernel, p *Pool, first models.Slot, service sim.Time) models.Slot {
	for p.Free() > 0 {
		p.Start(k.Now(), first, service)
		first++
	}
	return first
}

// levelsOf is what a host sees of a pool.
func levelsOf(p *Pool) [4]int { return [4]int{p.Capacity(), p.Busy(), p.Fluid(), p.Free()} }

func exponential(mean sim.Time) unit.Dist {
	return unit.Dist{Law: "exponential", Mean: unit.Duration(mean)}
}

func exactly(value sim.Time) unit.Dist { return unit.Constant(unit.Duration(value)) }
