package gpu

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// launchPool is a pool in which every field of a Spec says something. It is
// looked at after two hours: lot "here" has arrived, lot "away" has not.
func launchPool() Spec {
	return Spec{
		Name: "images", Nodes: 10, GPUsPerNode: 8, SlotsPerNode: 2, Speed: 1,
		Failures: &FailureSpec{MTBF: exactly(1000 * sim.Hour), Repair: exactly(sim.Hour)},
		Lots: []LotSpec{
			{Name: "here", Ordered: unit.Instant(sim.Hour), Lead: exactly(0), Nodes: 3},
			{Name: "away", Ordered: unit.Instant(sim.Hour), Lead: exactly(sim.Day), Nodes: 4},
		},
		OutOfService: 0.5,
	}
}

// deployed is launchPool in the life of whose nodes more happens.
func deployed() Spec {
	s := launchPool()
	s.Outages = []OutageSpec{{Name: "rack", Nodes: 4, MTBF: exactly(50 * sim.Hour), Repair: exactly(sim.Hour)}}
	s.Deploys = []DeploySpec{
		{Name: "bad", At: unit.Instant(sim.Hour), AtOnce: 0.1, Bad: 0.1, Mend: exactly(sim.Day)},
		{Name: "begun", At: unit.Instant(2*sim.Hour - 1), AtOnce: 0.1, Takes: exactly(sim.Hour), Mend: exactly(sim.Day)},
		{Name: "later", At: unit.Instant(sim.Day), AtOnce: 0.1, Takes: exactly(sim.Hour)},
	}
	s.StartUp = exactly(sim.Second)
	return s
}

// deploying is what has become of nodes some hours later.
func deploying(_ *testing.T, p *Pool) any {
	var list []any
	for range 30 {
		for p.Free() > 0 { // something that a node could finish
			p.Start(p.k.Now(), 1, sim.Hour+sim.Minute)
		}
		p.k.RunUntil(p.k.Now() + sim.Hour)
		for n := range p.nodes {
			list = append(list, p.nodes[n].why, p.nodes[n].loads, p.nodes[n].deploys, p.servers[n*p.slots].slot)
		}
	}
	return list
}

// hangs are the turns of what nodes hang on, in the next time.
func hangs(_ *testing.T, p *Pool) any {
	var list []sim.Time
	for range 40 {
		p.k.RunUntil(p.k.Now() + 8*sim.Hour)
		list = append(list, sim.Time(p.down[index(outage)]))
		for _, h := range p.hangers {
			list = append(list, sim.Time(h.draws))
		}
	}
	return list
}

func TestEveryFieldTakesEffectWhileThePoolWorksOrIsRefusedByName(t *testing.T) {
	const now = 2 * sim.Hour
	lot := func(name string) func(p *Pool) *group { return func(p *Pool) *group { return &p.groups[p.lot(name)] } }
	here, away := lot("here"), lot("away")
	for _, c := range []struct {
		field   string
		change  func(s *Spec)
		refused string
		effect  func(t *testing.T, p *Pool) any // what differs after the change
	}{
		{field: "Name", change: func(s *Spec) { s.Name = "chat" }, refused: "name: it is images and cannot become chat"},
		{field: "GPUsPerNode", change: func(s *Spec) { s.GPUsPerNode = 4 }, refused: "gpus_per_node: it is 8 and cannot become 4"},
		{field: "Nodes", change: func(s *Spec) { s.Nodes = 30 }, effect: capacity},
		{field: "SlotsPerNode", change: func(s *Spec) { s.SlotsPerNode = 4 }, effect: capacity},
		{field: "OutOfService", change: func(s *Spec) { s.OutOfService = 0.25 }, effect: capacity},
		{field: "Speed", change: func(s *Spec) { s.Speed = 2 }, effect: func(t *testing.T, p *Pool) any {
			server, ok := p.Start(now, 1, sim.Hour)
			require.True(t, ok)
			return p.servers[server].until
		}},
		{field: "Failures", change: func(s *Spec) { s.Failures = nil }, effect: turns},
		{field: "Failures.MTBF", change: func(s *Spec) { s.Failures.MTBF = exactly(500 * sim.Hour) }, effect: turns},
		{field: "Failures.Repair", change: func(s *Spec) { s.Failures.Repair = exactly(sim.Day) }, effect: turns},
		{field: "Lots", change: func(s *Spec) { s.Lots = s.Lots[:1] }, effect: func(_ *testing.T, p *Pool) any { return away(p).timer }},
		{field: "Lots", change: func(s *Spec) { s.Lots = s.Lots[1:] }, effect: capacity},
		{field: "Lots", change: func(s *Spec) { s.Lots = append(s.Lots, LotSpec{Name: "new", Nodes: 5}) }, effect: capacity},
		{field: "Lots.Name", change: func(s *Spec) { s.Lots[0].Name = "renamed" }, effect: func(_ *testing.T, p *Pool) any { return p.lot("renamed") }},
		{field: "Lots.Nodes", change: func(s *Spec) { s.Lots[0].Nodes = 30 }, effect: capacity},
		{field: "Lots.Nodes", change: func(s *Spec) { s.Lots[1].Nodes = 30 }, effect: func(_ *testing.T, p *Pool) any { return away(p).wanted }},
		{field: "Lots.Ordered", change: func(s *Spec) { s.Lots[1].Ordered++ }, effect: func(_ *testing.T, p *Pool) any { return away(p).arrival }},
		{field: "Health", change: func(s *Spec) { s.Health = &HealthSpec{Every: 1, Failures: 1, Restart: exactly(sim.Hour)} }, effect: restarts},
		{field: "Lots.Lead", change: func(s *Spec) { s.Lots[1].Lead = exactly(2 * sim.Day) }, effect: func(_ *testing.T, p *Pool) any { return away(p).arrival }},
		{field: "Lots.Lead", change: func(s *Spec) { s.Lots[1].Lead = exactly(sim.Minute) }, effect: capacity},
		{field: "Lots.Ordered", change: func(s *Spec) { s.Lots[0].Ordered++ }, refused: "lots.here.ordered: the lot has arrived"},
		{field: "Routing", change: func(s *Spec) { s.Routing = &RoutingSpec{By: "random", Choices: 2} }, refused: "routing: cannot come or go"},
		{field: "Images", change: func(s *Spec) { s.Images = &ImageSpec{Step: 1} }, refused: "image_batching: "},
		{field: "Continuous", change: func(s *Spec) { s.Continuous = chat(1).Continuous }, refused: "continuous_batching: "},
		{field: "Lots.Over", change: func(s *Spec) { s.Lots[0].Over = unit.Duration(sim.Day) }, refused: "lots.here.over: all of the lot has come"},
		{field: "Lots.Over", change: func(s *Spec) { s.Lots[1].Over = unit.Duration(sim.Day) }, effect: func(_ *testing.T, p *Pool) any { return away(p).over }},
		{field: "Outages", change: func(s *Spec) { s.Outages = nil }, refused: "outages: cannot come or go"},
		{field: "Outages.Name", change: func(s *Spec) { s.Outages[0].Name = "row" }, refused: "outages.rack.name: cannot change"},
		{field: "Outages.Nodes", change: func(s *Spec) { s.Outages[0].Nodes = 5 }, refused: "outages.rack.nodes: it is 4 and cannot become 5"},
		{field: "Outages.MTBF", change: func(s *Spec) { s.Outages[0].MTBF = exactly(500 * sim.Hour) }, effect: hangs},
		{field: "Outages.Repair", change: func(s *Spec) { s.Outages[0].Repair = exactly(sim.Day) }, effect: hangs},
		{field: "Deploys", change: func(s *Spec) { s.Deploys = s.Deploys[:2] }, effect: deploying},
		{field: "Deploys", change: func(s *Spec) { s.Deploys = s.Deploys[1:] }, refused: "deploys.bad.name: deploys cannot be removed"},
		{field: "Deploys.Name", change: func(s *Spec) { s.Deploys[0].Name = "x" }, refused: "deploys.bad.name: deploys cannot be removed"},
		{field: "Deploys.At", change: func(s *Spec) { s.Deploys[0].At++ }, refused: "deploys.bad.at: the deploy has begun"},
		{field: "Deploys.At", change: func(s *Spec) { s.Deploys[2].At = 0 }, effect: deploying},
		{field: "Deploys.AtOnce", change: func(s *Spec) { s.Deploys[1].AtOnce = 0.5 }, effect: deploying},
		{field: "Deploys.Over", change: func(s *Spec) { s.Deploys[1].Over = unit.Duration(sim.Day) }, effect: deploying},
		{field: "Deploys.Drain", change: func(s *Spec) { s.Deploys[1].Drain = unit.Duration(2 * sim.Hour) }, effect: deploying},
		{field: "Deploys.Takes", change: func(s *Spec) { s.Deploys[1].Takes = exactly(sim.Minute) }, effect: deploying},
		{field: "Deploys.Bad", change: func(s *Spec) { s.Deploys[1].Bad = 1 }, effect: deploying},
		{field: "Deploys.Mend", change: func(s *Spec) { s.Deploys[0].Mend = exactly(sim.Minute) }, effect: deploying},
		{field: "StartUp", change: func(s *Spec) { s.StartUp = exactly(3 * sim.Hour) }, effect: deploying},
		{field: "Slow", change: func(s *Spec) { s.Slow = &SlowSpec{Share: 1, Speed: 0.5} }, effect: func(t *testing.T, p *Pool) any {
			server, ok := p.Start(now, 1, sim.Hour)
			require.True(t, ok)
			return p.servers[server].until
		}},
		{field: "LostWork", change: func(s *Spec) { s.LostWork = "retry" }, effect: nil}, // the host's
		{field: "Checkpoint", change: func(s *Spec) { s.Checkpoint = 1 }, effect: nil},   // the host's
		{field: "Degrade", change: func(s *Spec) {
			s.Degrade = &DegradeSpec{Steps: 0.5, Resolution: 1, Output: 1, Model: 1}
		}, effect: func(t *testing.T, p *Pool) any {
			server, ok := p.Start(now, 1, sim.Hour)
			require.True(t, ok)
			return p.servers[server].until
		}},
		{field: "Cost", change: func(s *Spec) { s.Cost = &CostSpec{GPUHour: 1} }, refused: "cost.usd_per_gpu_hour: cannot change"},
		{field: "Lots.Lead", change: func(s *Spec) { s.Lots[0].Lead = exactly(sim.Minute) }, refused: "lots.here.lead: the lot has arrived"},
	} {
		t.Run(c.field, func(t *testing.T) {
			covered[c.field] = true
			base := launchPool
			if name, _, _ := strings.Cut(c.field, "."); name == "Outages" || name == "Deploys" || name == "StartUp" {
				base = deployed
			}
			same, changed := base(), base()
			c.change(&changed)
			k1, as, _ := build(t, base())
			k2, is, d := build(t, base())
			k1.RunUntil(now)
			k2.RunUntil(now)
			require.True(t, here(is).arrived && !away(is).arrived)

			before := levelsOf(is)
			d.take()
			require.NoError(t, as.Reconfigure(now, same), "the same again is no change")
			require.Equal(t, before, levelsOf(as))
			err := is.Reconfigure(now, changed)
			if c.refused != "" {
				require.ErrorContains(t, err, "gpu pool images: "+c.refused)
				assert.Equal(t, before, levelsOf(is), "and nothing changed")
				return
			}
			require.NoError(t, err)
			if levelsOf(is) != before {
				require.Equal(t, []entry{{"changed", now, models.None, -1}}, d.take(), "one call for one change")
			} else {
				require.Empty(t, d.take())
			}
			if c.effect != nil {
				assert.NotEqual(t, c.effect(t, as), c.effect(t, is))
			}
		})
	}
	for _, of := range []struct {
		prefix string
		spec   any
	}{{"", Spec{}}, {"Failures.", FailureSpec{}}, {"Lots.", LotSpec{}}, {"Outages.", OutageSpec{}}, {"Deploys.", DeploySpec{}}} {
		for i := range reflect.TypeOf(of.spec).NumField() {
			name := of.prefix + reflect.TypeOf(of.spec).Field(i).Name
			assert.True(t, covered[name], "no case for field %s", name)
		}
	}
}

// covered is the fields that the table of the test above has a case for.
var covered = map[string]bool{}

func capacity(_ *testing.T, p *Pool) any { return p.Capacity() }

// restarts is the servers that are restarting when no check was answered for a while.
func restarts(_ *testing.T, p *Pool) any {
	p.prober.(*diary).probe = sim.Second
	p.k.RunUntil(p.k.Now() + sim.Microsecond)
	return p.down[index(restarting)]
}

// turns is when nodes fail and come back in the next time.
func turns(_ *testing.T, p *Pool) any {
	var times []sim.Time
	for p.k.Next() < 2000*sim.Hour {
		times = append(times, p.k.Next())
		p.k.Step()
	}
	return times
}

func TestALotThatIsCancelledAndOrderedAgainComesOnce(t *testing.T) {
	spec := plain(10)
	spec.Lots = []LotSpec{{Name: "may", Lead: exactly(sim.Hour), Nodes: 5}}
	k, p, d := build(t, spec)
	require.NoError(t, p.Reconfigure(0, plain(10)))
	require.NoError(t, p.Reconfigure(0, spec))
	spec.Lots[0].Lead = exactly(2 * sim.Hour)
	require.NoError(t, p.Reconfigure(0, spec))
	k.RunUntil(sim.Day)
	assert.Equal(t, []entry{{"changed", 2 * sim.Hour, models.None, -1}}, d.take())
	assert.Equal(t, 15, p.Capacity())

	require.NoError(t, p.Reconfigure(sim.Day, plain(10)))
	assert.Equal(t, 10, p.Capacity(), "given back after it came")
	require.NoError(t, p.Reconfigure(sim.Day, spec))
	assert.Equal(t, 15, p.Capacity(), "and taken again")
}

// At 1/100 this pool has 20 nodes of 4 slots, and a patch to 3,000 nodes is 30
// nodes of 8: the servers are what counts.
func TestAPatchThatChangesTheSizeOfScaledNodesSetsTheServers(t *testing.T) {
	full := Spec{Name: "images", Nodes: 1000, GPUsPerNode: 8, SlotsPerNode: 8, Speed: 1}
	start, patched := full, full
	start.ScaleBy(1. / 100)
	patched.Nodes = 3000
	patched.ScaleBy(1. / 100)
	require.NotEqual(t, start.SlotsPerNode, patched.SlotsPerNode)
	_, p, _ := build(t, start)
	assert.Equal(t, 80, p.Capacity())
	require.NoError(t, p.Reconfigure(0, patched))
	assert.Equal(t, 240, p.Capacity())
	require.NoError(t, p.Reconfigure(0, start))
	assert.Equal(t, 80, p.Capacity())
}

func TestANewLawOfFailureHoldsForNodesThatAreUp(t *testing.T) {
	spec := plain(100)
	spec.Failures = &FailureSpec{MTBF: exponential(1000 * sim.Hour), Repair: exactly(sim.Hour)}
	k, p, d := build(t, spec)
	k.RunUntil(sim.Hour)
	up := p.Capacity()
	fill(k, p, 0, sim.Never)
	d.take()
	spec.Failures = &FailureSpec{MTBF: exactly(50 * sim.Hour), Repair: exactly(sim.Hour)}
	require.NoError(t, p.Reconfigure(sim.Hour, spec))
	k.RunUntil(51*sim.Hour + 1)
	assert.Equal(t, 0, p.Busy())
	lost := 0
	for _, e := range d.take() {
		if e.What == "lost" {
			assert.Equal(t, 51*sim.Hour, e.At, "the failure that was due before is off")
			lost++
		}
	}
	assert.Equal(t, up, lost)

	spec.Failures = nil
	require.NoError(t, p.Reconfigure(k.Now(), spec))
	k.RunUntil(1000 * sim.Hour)
	assert.Equal(t, 100, p.Capacity(), "all were repaired, and none failed again")
	assert.Zero(t, k.Pending())
}
