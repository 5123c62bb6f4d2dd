package gpu

import (
	"math"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// Nodes that hang on the same rack and row are up together with the product of what
// both are up. A false alarm once in 100,000 runs.
func TestOutagesTakeAllThatHangOnThemAndMultiply(t *testing.T) {
	spec := plain(120)
	spec.Outages = []OutageSpec{
		{Name: "rack", Nodes: 4, MTBF: exponential(100 * sim.Hour), Repair: exponential(10 * sim.Hour)},
		{Name: "row", Nodes: 12, MTBF: exponential(200 * sim.Hour), Repair: exactly(10 * sim.Hour)},
	}
	var shares []float64
	for rep := range uint64(16) {
		k, p, d := buildReplication(t, spec, rep)
		shares = append(shares, available(k, p, d, 120, func() {
			for n := range p.nodes {
				require.Equal(t, p.nodes[n/4*4].why, p.nodes[n].why, "a rack is of one mind")
			}
		}))
	}
	assertMean(t, "availability", 100./110*200/210, shares, 1-1e-5)
}

func TestANodeThatComesBackLoadsItsModelFirst(t *testing.T) {
	spec := plain(2)
	spec.Failures = &FailureSpec{MTBF: exactly(100 * sim.Second), Repair: exactly(10 * sim.Second)}
	spec.StartUp = exactly(30 * sim.Second)
	spec.Lots = []LotSpec{{Name: "lot", Ordered: unit.Instant(50 * sim.Second), Nodes: 1}}
	k, p, _ := build(t, spec)
	at := func(s sim.Time) [3]int {
		k.RunUntil(s*sim.Second + 1)
		return [3]int{p.Capacity(), p.Down()[index(failed)], p.Down()[index(loading)]}
	}
	assert.Equal(t, [3]int{2, 0, 0}, at(0), "who is there from the start has loaded")
	assert.Equal(t, [3]int{2, 0, 1}, at(50), "the lot loads")
	assert.Equal(t, [3]int{3, 0, 0}, at(80))
	assert.Equal(t, [3]int{1, 2, 0}, at(100))
	assert.Equal(t, [3]int{1, 0, 2}, at(110))
	assert.Equal(t, [3]int{3, 0, 0}, at(140))
	assert.Equal(t, [3]int{2, 1, 0}, at(150), "the lot fails")
	assert.Equal(t, 3, p.Has())

	k, p, _ = build(t, spec)
	k.RunUntil(105 * sim.Second)
	slow := spec
	slow.StartUp = unit.Dist{}
	require.NoError(t, p.Reconfigure(k.Now(), slow))
	k.RunUntil(110*sim.Second + 1)
	assert.Equal(t, 3, p.Capacity(), "without the law there is nothing to load")
}

func TestADeployTakesSomeAtATimeLetsThemFinishAndLeavesBadOnesBehind(t *testing.T) {
	spec := plain(20)
	spec.SlotsPerNode = 2
	spec.StartUp = exactly(20 * sim.Second)
	spec.Deploys = []DeploySpec{{Name: "v2", At: unit.Instant(sim.Minute), AtOnce: 0.1, Drain: unit.Duration(15 * sim.Second), Takes: exactly(10 * sim.Second)}}
	k, p, d := build(t, spec)
	fill(k, p, 0, 70*sim.Second) // ends 10 s after the deploy begins
	k.RunUntil(sim.Minute + 1)
	assert.Equal(t, [4]int{40, 40, 0, 0}, levelsOf(p), "they drain")
	d.take()
	k.RunUntil(70*sim.Second + 1)
	for _, e := range d.take() {
		require.NotEqual(t, "lost", e.What)
	}
	assert.Equal(t, 36, p.Capacity())
	assert.Equal(t, 4, p.Down()[index(updating)])
	k.RunUntil(80*sim.Second + 1)
	assert.Equal(t, 4, p.Down()[index(loading)])
	most := 0
	for k.Now() < sim.Hour && p.deploys[0].next < 20 || p.Capacity() < 40 {
		k.Step()
		most = max(most, 40-p.Capacity())
	}
	assert.Equal(t, 4, most, "two nodes at a time")
	assert.Equal(t, 100*sim.Second+9*30*sim.Second, k.Now(), "two after two; those that are idle drain at once")

	spec.Deploys[0].Bad, spec.Deploys[0].Mend, spec.Deploys[0].AtOnce = 0.5, exactly(sim.Hour), 0.05
	spec.Nodes = 2000
	k, p, d = build(t, spec)
	fill(k, p, 0, sim.Never)
	k.RunUntil(55 * sim.Minute)
	bad := float64(p.Down()[index(updating)]) / 2
	assert.Equal(t, 1000.0, bad)
	lost := 0
	for _, e := range d.take() {
		if e.What == "lost" {
			lost++
		}
	}
	assert.Equal(t, 4000, lost, "what has not ended when the drain ends is lost")
	k.RunUntil(3 * sim.Hour)
	assert.Equal(t, 4000, p.Capacity(), "they are mended, and the deploy is over")
}

// Whatever instants a Spec has are moved: a run counts from the beginning of its warm-up.
func TestAllInstantsOfASpecAreShifted(t *testing.T) {
	spec := Spec{Lots: make([]LotSpec, 2), Deploys: make([]DeploySpec, 1)}
	copied := spec
	copied.Shift(sim.Hour)
	var instants func(v reflect.Value) int
	instants = func(v reflect.Value) (n int) {
		switch {
		case v.Type() == reflect.TypeFor[unit.Dist](): // which has parts of its own kind
		case v.Type() == reflect.TypeFor[unit.Instant]():
			require.Equal(t, unit.Instant(sim.Hour), v.Interface())
			return 1
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				n += instants(v.Field(i))
			}
		case v.Kind() == reflect.Slice:
			if v.Len() == 0 {
				return instants(reflect.New(v.Type().Elem()).Elem()) // fails if it holds one
			}
			for i := range v.Len() {
				n += instants(v.Index(i))
			}
		case v.Kind() == reflect.Pointer:
			return instants(reflect.New(v.Type().Elem()).Elem())
		}
		return n
	}
	assert.Equal(t, 3, instants(reflect.ValueOf(copied)))
	assert.Zero(t, spec.Lots[0].Ordered+spec.Deploys[0].At, "the copy shares nothing")
}

func TestADeployTakesItsTimeEvenly(t *testing.T) {
	spec := plain(100)
	spec.Deploys = []DeploySpec{{Name: "v2", AtOnce: 1, Over: unit.Duration(100 * sim.Minute), Bad: 1, Mend: exactly(sim.Day)}}
	k, p, _ := build(t, spec)
	for minute := range sim.Time(100) {
		k.RunUntil(minute*sim.Minute + sim.Second)
		assert.Equal(t, 99-int(minute), p.Capacity())
	}
}

func TestALotIsDeliveredNodeByNode(t *testing.T) {
	spec := plain(1)
	spec.Lots = []LotSpec{{Name: "lot", Ordered: unit.Instant(sim.Hour), Lead: exactly(sim.Hour), Over: unit.Duration(10 * sim.Hour), Nodes: 5}}
	k, p, _ := build(t, spec)
	for hour := range sim.Time(14) {
		k.RunUntil(hour*sim.Hour + 1)
		want := 1 + min(5, max(0, int(hour-2)/2))
		assert.Equal(t, want, p.Capacity(), "after %d h", hour)
	}
	// Half-way more are ordered: what has come by now follows from the new number.
	k, p, _ = build(t, spec)
	k.RunUntil(7 * sim.Hour)
	more := spec
	more.Lots = []LotSpec{spec.Lots[0]}
	more.Lots[0].Nodes = 10
	require.NoError(t, p.Reconfigure(k.Now(), more))
	assert.Equal(t, 1+5, p.Capacity())
	k.RunUntil(12*sim.Hour + 1)
	assert.Equal(t, 1+10, p.Capacity())
}

func TestSlowNodesWorkAtTheirSpeedAndAreTheSameAtAGreaterShare(t *testing.T) {
	spec := plain(4000)
	spec.Slow = &SlowSpec{Share: 0.1, Speed: 0.25}
	spec.Speed = 2
	k, p, d := build(t, spec)
	fill(k, p, 0, 10*sim.Second)
	k.RunUntil(sim.Minute)
	slow := map[int32]bool{}
	for _, e := range d.take() {
		if e.At != 5*sim.Second {
			require.Equal(t, 20*sim.Second, e.At)
			slow[e.Server] = true
		}
	}
	// Binomial, a false alarm once in a million runs.
	assert.InDelta(t, 400, len(slow), 4.9*math.Sqrt(360))
	spec.Slow = &SlowSpec{Share: 0.2, Speed: 0.25}
	_, p, _ = build(t, spec)
	for n := range slow {
		require.Equal(t, 0.25, p.nodes[n].speed)
	}
	left, ok := p.Start(0, 1, 10*sim.Second)
	require.True(t, ok)
	rest, ok := p.Preempt(p.Until(left)/2, left)
	require.True(t, ok)
	assert.Equal(t, 5*sim.Second, rest, "at full speed, whatever the node")
}

func TestOrderedNodesComeAndLeaveAndAreCounted(t *testing.T) {
	k, p, _ := build(t, plain(2))
	p.Order(0, "rented", 3, sim.Minute, 0)
	k.RunUntil(sim.Minute + 1)
	assert.Equal(t, 5, p.Capacity())
	assert.Equal(t, 3, p.HasOf("rented"))
	fill(k, p, 0, 2*sim.Minute)
	p.Order(k.Now(), "rented", 1, 0, 0)
	assert.Equal(t, 3, p.HasOf("rented"), "they finish")
	assert.Equal(t, 5, p.Has())
	require.NoError(t, p.Reconfigure(k.Now(), plain(2)), "it is no business of the Spec")
	k.RunUntil(4 * sim.Minute)
	assert.Equal(t, 1, p.HasOf("rented"))
	assert.Equal(t, 3, p.Has())
	assert.Zero(t, p.HasOf("nobody"))
}
