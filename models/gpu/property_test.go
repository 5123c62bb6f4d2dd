package gpu

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A ledger is a Host that holds the pool to its word: what was started ends
// exactly once, when it should, on the server it was started on.
type ledger struct {
	t          *rapid.T
	pool       *Pool
	inService  map[models.Slot]contract
	onServer   map[int32]models.Slot
	next       models.Slot
	told       [4]int // levels when the host was last told, or started something
	backToBack bool   // start something on every chance
}

type contract struct {
	server int32
	until  sim.Time
}

func (l *ledger) start(now sim.Time, service sim.Time) {
	free := l.pool.Free()
	server, ok := l.pool.Start(now, l.next, service)
	require.Equal(l.t, free > 0, ok)
	if ok {
		require.NotContains(l.t, l.onServer, server, "the server holds another")
		until := sim.Never
		if service != sim.Never {
			until = now + l.pool.atNode(server, service)
		}
		l.inService[l.next] = contract{server, until}
		l.onServer[server] = l.next
		l.next++
		require.Equal(l.t, free-1, l.pool.Free())
	}
	l.told = levelsOf(l.pool)
}

func (l *ledger) end(slot models.Slot, server int32) contract {
	c, ok := l.inService[slot]
	require.True(l.t, ok, "slot %d is not in service", slot)
	require.Equal(l.t, c.server, server)
	delete(l.inService, slot)
	delete(l.onServer, server)
	return c
}

func (l *ledger) Done(now sim.Time, slot models.Slot, server int32) {
	require.Equal(l.t, l.end(slot, server).until, now)
	l.told = levelsOf(l.pool)
	if l.backToBack {
		l.start(now, sim.Time(slot)%7)
	}
}

func (l *ledger) Lost(now sim.Time, slot models.Slot, server int32, until sim.Time) {
	c := l.end(slot, server)
	require.GreaterOrEqual(l.t, c.until, now)
	require.Equal(l.t, c.until, until)
	if l.backToBack {
		l.pool.SetFluid(now, int(slot)%3) // a change within a change
		l.start(now, sim.Time(slot)%7)
	}
}

func (l *ledger) CapacityChanged(sim.Time) { l.told = levelsOf(l.pool) }

// check compares the pool's counts with what follows from its nodes, naively,
// and with the ledger.
func (l *ledger) check() {
	p := l.pool
	stacked := map[int32]int{}
	for _, n := range p.stack {
		stacked[n]++
	}
	idle, inUse, present, has := 0, 0, 0, 0
	var down [models.NumDownCauses]int
	for n, nd := range p.nodes {
		g := &p.groups[nd.group]
		have := 0
		if g.arrived {
			have = g.servers
		}
		if int(nd.ordinal)*p.slots < have {
			present++
		}
		for i := range p.slots {
			at := int32(n*p.slots + i)
			slot, busy := l.onServer[at]
			ours := int(nd.ordinal)*p.slots+i < have
			takesWork := nd.why == 0 && ours
			require.False(l.t, busy && nd.why&^draining != 0, "an attempt on a node that is down")
			if ours || busy {
				has++
			}
			if ours && nd.why&^draining != 0 {
				down[index(nd.why&-nd.why)]++
			}
			if busy {
				inUse++
				require.Equal(l.t, slot, p.servers[at].slot)
				require.Zero(l.t, stacked[at])
			} else if takesWork {
				idle++
				require.Equal(l.t, 1, stacked[at], "an idle server that cannot be found")
			}
			require.LessOrEqual(l.t, stacked[at], 1)
		}
	}
	outs := 0
	for _, nd := range p.nodes {
		if nd.why&out != 0 {
			outs++
		}
	}
	require.Equal(l.t, int(p.outOfService*float64(present)+0.5), outs)
	require.Equal(l.t, has, p.Has())
	require.Equal(l.t, down, p.Down())
	fluid := min(p.claim, idle)
	require.Equal(l.t, [4]int{idle + inUse, inUse, fluid, idle - fluid}, levelsOf(p))
	require.Len(l.t, l.inService, inUse)
	require.Equal(l.t, l.told, levelsOf(p), "levels changed and the host was not told")
}

func TestWhatIsStartedEndsExactlyOnceUnderAnySequenceOfChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := Spec{Name: "images", Nodes: unit.Count(rapid.IntRange(0, 6).Draw(t, "nodes")), GPUsPerNode: 8,
			SlotsPerNode: rapid.IntRange(1, 4).Draw(t, "slots"), Speed: 1}
		laws := []*FailureSpec{nil,
			{MTBF: exponential(40), Repair: exponential(10)},
			{MTBF: exactly(10), Repair: exactly(5)}} // on the instants of everything else
		spec.Failures = rapid.SampledFrom(laws).Draw(t, "failures")
		if rapid.Bool().Draw(t, "racks") {
			spec.Outages = []OutageSpec{{Name: "rack", Nodes: 2, MTBF: exponential(60), Repair: exactly(10)}, {Name: "row", Nodes: 4, MTBF: exactly(50), Repair: exponential(5)}}
		}
		k := sim.NewKernel()
		l := &ledger{t: t, inService: map[models.Slot]contract{}, onServer: map[int32]models.Slot{},
			backToBack: rapid.Bool().Draw(t, "back to back")}
		var err error
		l.pool, err = New(k, spec, rapid.Uint64().Draw(t, "seed"), 0, l)
		require.NoError(t, err)
		l.told = levelsOf(l.pool)
		p := l.pool
		reconfigure := func() { require.NoError(t, p.Reconfigure(k.Now(), spec)) }
		lots, deploys := 0, 0
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { l.check() },
			"start": func(t *rapid.T) {
				for range rapid.IntRange(1, 5).Draw(t, "attempts") {
					l.start(k.Now(), rapid.SampledFrom([]sim.Time{0, 1, 2, 5, 5, 10, 30, sim.Never}).Draw(t, "service"))
				}
			},
			"time goes on": func(t *rapid.T) {
				k.RunUntil(k.Now() + sim.Time(rapid.IntRange(1, 20).Draw(t, "by")))
			},
			"an event": func(*rapid.T) { k.Step() },
			"fluid": func(t *rapid.T) {
				p.SetFluid(k.Now(), rapid.IntRange(-1, 12).Draw(t, "claim"))
			},
			"nodes": func(t *rapid.T) {
				spec.Nodes = unit.Count(rapid.IntRange(0, 12).Draw(t, "halves")) / 2
				reconfigure()
			},
			"out of service": func(t *rapid.T) {
				spec.OutOfService = unit.Share(rapid.IntRange(0, 4).Draw(t, "quarters")) / 4
				reconfigure()
			},
			"speed": func(t *rapid.T) {
				spec.Speed = unit.Factor(rapid.SampledFrom([]float64{0.5, 1, 2}).Draw(t, "speed"))
				reconfigure()
			},
			"failures": func(t *rapid.T) {
				spec.Failures = rapid.SampledFrom(laws).Draw(t, "law")
				reconfigure()
			},
			"start up": func(t *rapid.T) {
				spec.StartUp = rapid.SampledFrom([]unit.Dist{{}, exactly(5), exponential(10)}).Draw(t, "load")
				reconfigure()
			},
			"slow": func(t *rapid.T) {
				spec.Slow = rapid.SampledFrom([]*SlowSpec{nil, {Share: 0.5, Speed: 0.5}}).Draw(t, "slow")
				reconfigure()
			},
			"deploy": func(t *rapid.T) {
				deploys++
				spec.Deploys = append(spec.Deploys, DeploySpec{Name: string(rune('a' + deploys)), At: unit.Instant(k.Now()) + unit.Instant(rapid.IntRange(0, 10).Draw(t, "in")),
					AtOnce: 0.4, Over: unit.Duration(rapid.IntRange(0, 20).Draw(t, "over")), Drain: unit.Duration(rapid.IntRange(0, 20).Draw(t, "drain")), Takes: exactly(sim.Time(rapid.IntRange(0, 10).Draw(t, "takes"))),
					Bad: unit.Share(rapid.IntRange(0, 2).Draw(t, "bad")) / 2, Mend: exponential(10)})
				reconfigure()
			},
			"mend": func(t *rapid.T) {
				if len(spec.Deploys) > 0 {
					spec.Deploys = append([]DeploySpec{}, spec.Deploys...)
					spec.Deploys[0].Mend = exactly(sim.Time(rapid.IntRange(1, 10).Draw(t, "mend")))
					reconfigure()
				}
			},
			"order a lot": func(t *rapid.T) {
				lots++
				spec.Lots = append(spec.Lots, LotSpec{Name: string(rune('a' + lots)), Ordered: unit.Instant(k.Now()),
					Lead: exactly(sim.Time(rapid.IntRange(0, 20).Draw(t, "lead"))), Nodes: 1.5})
				reconfigure()
			},
			"give a lot back": func(t *rapid.T) {
				if len(spec.Lots) > 0 {
					spec.Lots = append([]LotSpec{}, spec.Lots[1:]...)
					reconfigure()
				}
			},
		})

		// Without failures and after all that, whatever has an end comes to it.
		spec.Failures = nil
		for i := range spec.Outages {
			spec.Outages[i].MTBF = exactly(sim.Day) // they go on for ever
		}
		reconfigure()
		l.backToBack = false
		k.RunUntil(k.Now() + sim.Second)
		l.check()
		for _, nd := range p.nodes {
			require.Zero(t, nd.deploy, "a deploy that does not end")
			require.Zero(t, nd.why&^out)
		}
		for slot, c := range l.inService {
			require.Equal(t, sim.Never, c.until, "slot %d was forgotten", slot)
		}
	})
}
