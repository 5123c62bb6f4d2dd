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
	return after(sim.Time(l.Ordered), sim.FromSeconds(law.Sample(&p.source))), nil
}

// receive takes a lot into the pool.
func (p *Pool) receive(now sim.Time, g int) {
	before := p.levels()
	p.groups[g].arrived = true
	p.groups[g].timer = 0
	p.settle(now)
	p.tell(now, before)
}
