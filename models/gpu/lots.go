package gpu

import (
	"fmt"

	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// lot returns the index of the group of that lot, -1 if there is none.
func (p *Pool) lot(name string) int {
	for g := 1; g < len(p.groups); g++ {
		if p.groups[g].name == name {
			return g
		}
	}
	return -1
}

// arrival is when a lot comes: ordered plus a lead time, drawn by the lot's name.
func (p *Pool) arrival(l LotSpec) (sim.Time, error) {
	if l.Lead.IsZero() {
		return sim.Time(l.Ordered), nil
	}
	law, err := l.Lead.Build()
	if err != nil {
		return 0, fmt.Errorf("gpu pool %s: lots.%s.lead: %w", p.name, l.Name, err)
	}
	p.source = rng.NewSource(p.seed, p.replication, "gpu/"+p.name+"/lots/"+l.Name)
	return sim.After(sim.Time(l.Ordered), sim.FromSeconds(law.Sample(&p.source))), nil
}

// receive takes a lot into the pool.
func (p *Pool) receive(now sim.Time, g int) {
	before := p.levels()
	had := p.groups[g].present()
	p.deliver(now, g)
	p.settleGroup(now, g, had)
	p.tell(now, before)
}

// settleGroup is settle where nothing has changed but the servers of group g, which had
// so many.
func (p *Pool) settleGroup(now sim.Time, g, had int) {
	if p.outOfService > 0 {
		p.settle(now) // the share is one of all nodes
		return
	}
	group := &p.groups[g]
	for len(group.nodes)*p.slots < group.present() {
		p.addNode(now, int32(g))
		group = &p.groups[g]
	}
	for i := len(group.nodes) - 1; i >= min(had, group.present())/p.slots; i-- {
		p.settleNode(now, group.nodes[i])
	}
	p.watch(now)
}

// Order lets a group of nodes beside the Spec's have that many servers, which come at a
// time, or evenly within a time after that; those that it has keep their places, and
// surplus ones finish their work. It is for who buys, rents or lends nodes.
func (p *Pool) Order(now sim.Time, name string, servers int, at, over sim.Time) {
	g := p.lot(name)
	if g < 0 {
		g = len(p.groups)
		p.groups = append(p.groups, p.newGroup(name))
	}
	before := p.levels()
	group := &p.groups[g]
	had := group.present()
	group.placed, group.wanted, group.arrival, group.over = true, servers, at, over
	p.deliver(now, g)
	p.settleGroup(now, g, had)
	p.tell(now, before)
}

// HasOf is the number of servers of a group that the pool has, those included that have
// left it and still finish their work.
func (p *Pool) HasOf(name string) int {
	sum := 0
	if g := p.lot(name); g > 0 {
		for _, n := range p.groups[g].nodes {
			for _, s := range p.servers[int(n)*p.slots : (int(n)+1)*p.slots] {
				if s.ours {
					sum++
				}
			}
		}
	}
	return sum
}
