package gpu

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// What is drawn of a node beside its failures.
var (
	purposeLoad = rng.Purpose("gpu/load")
	purposeSlow = rng.Purpose("gpu/slow")
)

// warmUp lets a node that has come up load its model, and forgets that of one which
// went down or left. Nodes that are there when the pool is built have theirs.
func (p *Pool) warmUp(now sim.Time, n int32) {
	nd := &p.nodes[n]
	switch away := p.serversOf(n) == 0 && !p.holds(n); {
	case away || nd.why&^(loading|draining) != 0:
		p.k.Cancel(nd.loaded)
		nd.loaded, nd.warm = 0, false
		nd.why &^= loading
	case nd.warm:
	case p.startUp == nil || p.opening:
		p.k.Cancel(nd.loaded)
		nd.loaded, nd.warm = 0, true
		nd.why &^= loading
	case nd.why&loading == 0:
		nd.why |= loading
		p.source = nd.luck.Child(nd.loads).Draw(purposeLoad)
		nd.loads++
		nd.loaded = p.k.Timer(sim.After(now, p.seconds(p.startUp)), p.event(nodeLoaded, n))
	}
}

// load ends the loading of node n.
func (p *Pool) load(now sim.Time, n int32) {
	before := p.levels()
	nd := &p.nodes[n]
	nd.loaded, nd.warm = 0, true
	nd.why &^= loading
	p.settleNode(now, n)
	p.tell(now, before)
}

// A SlowSpec says how many nodes work more slowly than they should, and nobody knows:
// GPUs that throttle in the heat, a link that has fallen back, a noisy neighbour.
type SlowSpec struct {
	Share unit.Share  `yaml:"share" required:"true" doc:"Chance of a node to be one. A greater share holds the same nodes and more."`
	Speed unit.Factor `yaml:"speed" default:"0.5" min:"0.000001" max:"1" doc:"Their speed, beside that of the others: of services that start from now."`
}

// setSpeed finds whether node n is slow.
func (p *Pool) setSpeed(n int32) {
	nd := &p.nodes[n]
	nd.speed = 1
	if p.slow.Share > 0 {
		if p.source = nd.luck.Draw(purposeSlow); p.source.Float64() < float64(p.slow.Share) {
			nd.speed = float64(p.slow.Speed)
		}
	}
}

// setSlow takes over what nodes are slow.
func (p *Pool) setSlow(spec *Spec) {
	p.slow = SlowSpec{}
	if spec.Slow != nil {
		p.slow = *spec.Slow
	}
	for n := range p.nodes {
		p.setSpeed(int32(n))
	}
}

// atNode is the time that a service takes on server n.
func (p *Pool) atNode(n int32, service sim.Time) sim.Time {
	if p.slow.Share == 0 {
		return p.AtSpeed(service)
	}
	return atSpeed(service, float64(p.speed*p.nodes[n/int32(p.slots)].speed))
}

// lawOf builds a law of times; none is nil.
func lawOf(pool, field string, d unit.Dist) (rng.Dist, error) {
	if d.IsZero() {
		return nil, nil
	}
	law, err := d.Build()
	if err != nil {
		return nil, fmt.Errorf("gpu pool %s: %s: %w", pool, field, err)
	}
	return law, nil
}

func (p *Pool) event(kind uint8, n int32) sim.Event {
	return sim.Event{Actor: p.id, Kind: kind, Priority: models.PriorityCapacity, Arg: uint32(n)}
}
