package gpu

import (
	"fmt"
	"reflect"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// An OutageSpec is something that many nodes hang on: a switch, a rack and its power
// supply, a row, a region. Nodes that follow one another in the pool, or in a lot, hang
// on the same; when it goes down all of them do, and come back together.
type OutageSpec struct {
	Name   string     `yaml:"name" required:"true" doc:"Name of what they hang on, such as rack."`
	Nodes  unit.Count `yaml:"nodes" required:"true" min:"1" doc:"Nodes that hang on one of it. As many as the pool has from the start is all of those; lots, and nodes that are bought or lent, hang on others."`
	MTBF   unit.Dist  `yaml:"mtbf" required:"true" doc:"Law of the time that one of it is up before it goes down. Its mean is 1ms or more."`
	Repair unit.Dist  `yaml:"repair" required:"true" doc:"Law of the time until it is up again."`
}

// A hanger is one of what nodes hang on.
type hanger struct {
	kind  int // of Pool.outages
	luck  rng.Key
	draws uint64
	down  bool
	timer sim.Timer
	nodes []int32
}

// outageKind is what a pool knows of an OutageSpec.
type outageKind struct {
	spec         OutageSpec
	size         int
	mtbf, repair rng.Dist
}

// size is how many nodes hang on one.
func (s *OutageSpec) size() int { return max(1, int(float64(s.Nodes)+0.5)) }

// hang lets a new node hang on what its place says.
func (p *Pool) hang(now sim.Time, n int32) {
	nd := &p.nodes[n]
	g := &p.groups[nd.group]
	for k := range p.outages {
		kind := &p.outages[k]
		at := int(nd.ordinal) / kind.size
		for len(g.hangers) <= k {
			g.hangers = append(g.hangers, nil)
		}
		if at == len(g.hangers[k]) {
			h := int32(len(p.hangers))
			luck := rng.StreamKey(p.seed, p.replication, "gpu/"+p.name+"/outages/"+kind.spec.Name+"/"+g.name).Child(uint64(at))
			p.hangers = append(p.hangers, hanger{kind: k, luck: luck})
			g.hangers[k] = append(g.hangers[k], h)
			p.armHanger(now, h)
		}
		h := &p.hangers[g.hangers[k][at]]
		h.nodes = append(h.nodes, n)
		if h.down {
			nd.outages++
			nd.why |= outage
		}
	}
}

// armHanger sets the next turn of a hanger.
func (p *Pool) armHanger(now sim.Time, i int32) {
	h := &p.hangers[i]
	law := p.outages[h.kind].mtbf
	if h.down {
		law = p.outages[h.kind].repair
	}
	p.source = h.luck.Child(h.draws).Draw(purposeTurn)
	h.draws++
	h.timer = p.k.Timer(sim.After(now, p.seconds(law)), p.event(hangerTurn, i))
}

// strike lets a hanger go down, or brings it back, with all that hang on it.
func (p *Pool) strike(now sim.Time, i int32) {
	before := p.levels()
	h := &p.hangers[i]
	h.down = !h.down
	p.armHanger(now, i)
	for _, n := range h.nodes {
		nd := &p.nodes[n]
		if h.down {
			nd.outages++
			nd.why |= outage
		} else if nd.outages--; nd.outages == 0 {
			nd.why &^= outage
		}
		p.settleNode(now, n)
	}
	p.tell(now, before)
}

// planOutages checks what nodes are to hang on against what they do.
func (p *Pool) planOutages(spec *Spec) ([]outageKind, error) {
	var kinds []outageKind
	for _, s := range spec.Outages {
		fault := func(field, format string, args ...any) error {
			return fmt.Errorf("gpu pool %s: outages.%s%s: %s", p.name, s.Name, field, fmt.Sprintf(format, args...))
		}
		for _, k := range kinds {
			if k.spec.Name == s.Name {
				return nil, fault("", "there are 2 of this name")
			}
		}
		k := outageKind{spec: s, size: s.size()}
		f := FailureSpec{MTBF: s.MTBF, Repair: s.Repair}
		var err error
		if k.mtbf, k.repair, err = f.laws(p.name, "outages."+s.Name); err != nil {
			return nil, err
		}
		kinds = append(kinds, k)
	}
	if len(p.nodes) == 0 {
		return kinds, nil
	}
	if len(kinds) != len(p.outages) {
		return nil, fmt.Errorf("gpu pool %s: outages: cannot come or go while the run goes on", p.name)
	}
	for i, k := range kinds {
		switch old := &p.outages[i]; {
		case k.spec.Name != old.spec.Name:
			return nil, fmt.Errorf("gpu pool %s: outages.%s.name: cannot change while the run goes on", p.name, old.spec.Name)
		case k.size != old.size:
			return nil, fmt.Errorf("gpu pool %s: outages.%s.nodes: it is %d and cannot become %d while the run goes on", p.name, old.spec.Name, old.size, k.size)
		}
	}
	return kinds, nil
}

// setOutages takes over new laws, as setFailures does.
func (p *Pool) setOutages(now sim.Time, kinds []outageKind) {
	old := p.outages
	p.outages = kinds
	for i := range p.hangers {
		h := &p.hangers[i]
		if !h.down && !reflect.DeepEqual(old[h.kind].spec.MTBF, kinds[h.kind].spec.MTBF) {
			p.k.Cancel(h.timer)
			p.armHanger(now, int32(i))
		}
	}
}
