package gpu

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A treadmill is a Host that starts the next attempt where one ended.
type treadmill struct {
	pool     *Pool
	source   rng.Source
	ends     int
	services [1 << 12]sim.Time
}

func (m *treadmill) Done(now sim.Time, slot models.Slot, _ int32) {
	m.ends++
	m.pool.Start(now, slot, m.services[m.source.Uint64()%uint64(len(m.services))])
}
func (m *treadmill) Lost(now sim.Time, slot models.Slot, server int32, _ sim.Time) {
	m.Done(now, slot, server)
}
func (m *treadmill) CapacityChanged(sim.Time) {}

// tread starts a treadmill with so many attempts on nodes of 20 slots.
func tread(t testing.TB, nodes, attempts int, failures *FailureSpec) (*sim.Kernel, *treadmill) {
	k, m := sim.NewKernel(), &treadmill{source: rng.NewSource(seed(t), 0, "treadmill")}
	for i := range m.services {
		m.services[i] = sim.FromSeconds(20 * m.source.Exp())
	}
	var err error
	m.pool, err = New(k, Spec{Name: "images", Nodes: unit.Count(nodes), GPUsPerNode: 8, SlotsPerNode: 20, Speed: 1.1, Failures: failures}, seed(t), 0, m)
	require.NoError(t, err)
	for i := range attempts {
		m.pool.Start(0, models.Slot(i), m.services[i%len(m.services)])
	}
	for range 3 * attempts {
		k.Step()
	}
	return k, m
}

func TestSteadyWorkAllocatesNothing(t *testing.T) {
	k, m := tread(t, 100, 1500, &FailureSpec{MTBF: exponential(sim.Hour), Repair: exponential(10 * sim.Minute)})
	for range 200_000 { // until the kernel has its size
		k.Step()
	}
	before := m.ends
	assert.Zero(t, testing.AllocsPerRun(10_000, func() { k.Step() }))
	assert.Greater(t, m.ends, before)
}

// The pool's share of an attempt must not grow with its nodes: in "200 busy"
// nothing else does. In "all busy" the kernel holds an event for each server,
// and what grows is its queue and the misses of the cache.
func BenchmarkAnAttempt(b *testing.B) {
	for _, nodes := range []int{10, 100, 1_000, 12_500} {
		for _, load := range []struct {
			name     string
			attempts int
		}{{"200 busy", 200}, {"all busy", nodes * 20}} {
			b.Run(fmt.Sprintf("%s/%d nodes", load.name, nodes), func(b *testing.B) {
				k, _ := tread(b, nodes, load.attempts, nil)
				b.ReportAllocs()
				b.ResetTimer()
				for range b.N {
					k.Step()
				}
			})
		}
	}
}
