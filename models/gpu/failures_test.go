package gpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A false alarm once in 100,000 runs.
func TestAvailabilityIsMTBFOverMTBFPlusRepairTime(t *testing.T) {
	const mtbf, repair = 100 * sim.Hour, 10 * sim.Hour
	spec := plain(150)
	spec.Failures = &FailureSpec{MTBF: exponential(mtbf), Repair: exactly(repair)}
	var shares []float64
	for rep := range uint64(16) {
		k, p, d := buildReplication(t, spec, rep)
		shares = append(shares, available(k, p, d, 150, nil))
	}
	assertMean(t, "availability", 100./110, shares, 1-1e-5)
}

// available is the share of servers that are up, from the time on at which nodes, which
// begin as new, have failed ten times or so. look is called every 50 hours.
func available(k *sim.Kernel, p *Pool, d *diary, servers int, look func()) float64 {
	from, until := 1000*sim.Hour, 3000*sim.Hour
	k.RunUntil(from)
	d.take()
	last, level, area := from, p.Capacity(), 0.0
	for k.Now() < until {
		k.RunUntil(min(k.Now()+50*sim.Hour, until))
		if look != nil {
			look()
		}
	}
	for i, e := range d.entries {
		area += float64(level) * float64(e.At-last)
		last, level = e.At, d.levels[i]
	}
	area += float64(level) * float64(until-last)
	return area / (float64(servers) * float64(until-from))
}

func TestAFailureLosesWhatTheNodeHoldsAndRepairBringsItBackEmpty(t *testing.T) {
	spec := Spec{Name: "images", Nodes: 2, GPUsPerNode: 8, SlotsPerNode: 3, Speed: 1,
		Failures: &FailureSpec{MTBF: exactly(10 * sim.Second), Repair: exactly(5 * sim.Second)}}
	spec.Nodes = 1
	k, p, d := build(t, spec)
	_, ok := p.Start(0, 7, sim.Minute)
	require.True(t, ok)
	_, ok = p.Start(0, 8, 10*sim.Second) // done at the instant of the failure: departures come first
	require.True(t, ok)
	_, ok = p.Start(0, 9, sim.Minute)
	require.True(t, ok)

	k.RunUntil(12 * sim.Second)
	assert.Equal(t, []entry{
		{"done", 10 * sim.Second, 8, 1},
		{"lost", 10 * sim.Second, 7, 0},
		{"lost", 10 * sim.Second, 9, 2},
		{"changed", 10 * sim.Second, models.None, -1},
	}, d.take())
	assert.Equal(t, [4]int{0, 0, 0, 0}, levelsOf(p))
	_, ok = p.Start(12*sim.Second, 10, sim.Second)
	assert.False(t, ok)

	k.RunUntil(16 * sim.Second)
	assert.Equal(t, []entry{{"changed", 15 * sim.Second, models.None, -1}}, d.take())
	assert.Equal(t, [4]int{3, 0, 0, 3}, levelsOf(p))

	// The ends of the lost attempts are still to come, and do not touch a new one.
	server, ok := p.Start(16*sim.Second, 11, 8*sim.Second)
	require.True(t, ok)
	k.RunUntil(25 * sim.Second)
	assert.Equal(t, []entry{{"done", 24 * sim.Second, 11, server}}, d.take())
	k.RunUntil(2 * sim.Minute)
	for _, e := range d.take() {
		assert.Equal(t, "changed", e.What)
	}
}

func TestALostAttemptsEndDoesNotEndAnotherEarly(t *testing.T) {
	spec := plain(1)
	k, p, d := build(t, spec)
	p.Start(0, 1, 10)
	down, up := spec, spec
	down.OutOfService = 1
	k.RunUntil(4)
	require.NoError(t, p.Reconfigure(4, down))
	require.NoError(t, p.Reconfigure(4, up))
	p.Start(4, 2, 6) // due at the very instant of the lost one
	k.RunUntil(10)
	d.take()
	k.RunUntil(11)
	assert.Equal(t, []entry{{"done", 10, 2, 0}}, d.take(), "once, at its time")
	p.Start(11, 3, 100)
	k.RunUntil(200)
	assert.Equal(t, []entry{{"done", 111, 3, 0}}, d.take())
}

// history is the times at which the nodes' servers came and went, by server:
// what it holds is lost at a failure, so an endless attempt tells of it.
func history(t *testing.T, spec Spec, until sim.Time, change func(now sim.Time, p *Pool)) map[int32][]sim.Time {
	k, p, d := build(t, spec)
	lost := map[int32][]sim.Time{}
	for now := sim.Time(0); now < until; now += sim.Hour {
		k.RunUntil(now)
		if change != nil {
			change(now, p)
		}
		fill(k, p, 0, sim.Never)
		for _, e := range d.take() {
			if e.What == "lost" {
				lost[e.Server] = append(lost[e.Server], e.At)
			}
		}
	}
	return lost
}

func TestANodesLuckDoesNotDependOnOtherNodes(t *testing.T) {
	spec := plain(10)
	spec.Failures = &FailureSpec{MTBF: exponential(50 * sim.Hour), Repair: exponential(4 * sim.Hour)}
	few := history(t, spec, 1500*sim.Hour, nil)
	require.Len(t, few, 10)

	more := spec
	more.Nodes = 40
	more.Lots = []LotSpec{{Name: "may", Ordered: unit.Instant(20 * sim.Hour), Nodes: 5}}
	many := history(t, more, 1500*sim.Hour, func(now sim.Time, p *Pool) {
		changed := more
		changed.Speed = 2
		changed.Nodes = 20 + unit.Count(now/sim.Hour%10)
		require.NoError(t, p.Reconfigure(now, changed))
	})
	for server, at := range few {
		assert.Equal(t, at, many[server], "server %d", server)
	}
	seen := map[sim.Time]bool{}
	for _, at := range few {
		assert.False(t, seen[at[0]], "two nodes with one luck")
		seen[at[0]] = true
	}
}

func TestANodeOfALotKeepsItsLuckWhateverThePoolItJoins(t *testing.T) {
	spec := plain(0)
	spec.Failures = &FailureSpec{MTBF: exponential(50 * sim.Hour), Repair: exponential(4 * sim.Hour)}
	spec.Lots = []LotSpec{{Name: "may", Nodes: 4}}
	alone := history(t, spec, 1000*sim.Hour, nil)
	require.Len(t, alone, 4)
	spec.Nodes = 6
	joined := history(t, spec, 1000*sim.Hour, nil)
	for server, at := range alone {
		assert.Equal(t, at, joined[server+6])
		assert.NotEqual(t, at, joined[server])
	}
}

func TestReplicationsHaveDifferentLuck(t *testing.T) {
	spec := plain(1)
	spec.Failures = &FailureSpec{MTBF: exponential(50 * sim.Hour), Repair: exponential(4 * sim.Hour)}
	first := func(replication uint64) sim.Time {
		k, _, _ := buildReplication(t, spec, replication)
		return k.Next()
	}
	assert.Equal(t, first(0), first(0))
	assert.NotEqual(t, first(0), first(1))
}

func TestTheTraceSaysWhatHappensToWhat(t *testing.T) {
	spec := Spec{Name: "images", Nodes: 1, GPUsPerNode: 8, SlotsPerNode: 1, Speed: 1,
		Failures: &FailureSpec{MTBF: exactly(10 * sim.Second), Repair: exactly(5 * sim.Second)},
		Lots:     []LotSpec{{Name: "may", Ordered: unit.Instant(12 * sim.Second), Nodes: 1}}}
	k, p, _ := build(t, spec)
	var trace []string
	k.Observe(func(now sim.Time, ev sim.Event) { trace = append(trace, now.String()+" "+k.Describe(ev)) })
	p.Start(0, 1, sim.Second)
	k.RunUntil(2 * sim.Second)
	p.Start(2*sim.Second, 2, 9*sim.Second)
	k.RunUntil(16 * sim.Second)
	assert.Equal(t, []string{
		"1s gpu/images: server 0 is done",
		"10s gpu/images: node 0 fails",
		"11s gpu/images: server 0 would be done, but what it held was lost or cancelled",
		"12s gpu/images: lot may arrives",
		"15s gpu/images: node 0 is repaired",
	}, trace)
}
