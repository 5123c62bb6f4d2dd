package gpu

import (
	"fmt"
	"reflect"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// turn lets node n fail, or brings it back from repair.
//
// That goes on for a node that is out of service or has left the pool: levers
// do not change the luck of a machine.
func (p *Pool) turn(now sim.Time, n int32) {
	before := p.levels()
	p.nodes[n].why ^= failed
	p.arm(now, n)
	p.settleNode(now, n)
	p.tell(now, before)
}

// arm sets the time of the next turn of node n.
func (p *Pool) arm(now sim.Time, n int32) {
	nd := &p.nodes[n]
	nd.timer = 0
	law := p.mtbf
	if nd.why&failed != 0 {
		law = p.repair
	}
	if law == nil {
		return
	}
	p.source = nd.luck.Child(nd.draws).Draw(purposeTurn)
	nd.draws++
	nd.timer = p.k.Timer(sim.After(now, p.seconds(law)),
		sim.Event{Actor: p.id, Kind: nodeTurn, Priority: models.PriorityCapacity, Arg: uint32(n)})
}

// seconds draws a time from law, with p.source, of at least 1 ns.
func (p *Pool) seconds(law rng.Dist) sim.Time {
	return max(sim.FromSeconds(law.Sample(&p.source)), sim.Nanosecond)
}

// setFailures changes the laws of failure of the nodes that there are. Where the
// time to failure changes, a node that is up gets a fresh draw: the old one is
// known to be longer than the node's age, and would be biased under a new law.
func (p *Pool) setFailures(now sim.Time, plan plan) {
	redraw := !reflect.DeepEqual(p.failures.MTBF, plan.failures.MTBF)
	p.failures, p.mtbf, p.repair = plan.failures, plan.mtbf, plan.repair
	if !redraw {
		return
	}
	for n := range p.nodes {
		if nd := &p.nodes[n]; nd.why&failed == 0 {
			p.k.Cancel(nd.timer)
			p.arm(now, int32(n))
		}
	}
}

// laws builds the laws of a FailureSpec.
func (f *FailureSpec) laws(pool, at string) (mtbf, repair rng.Dist, err error) {
	build := func(field string, d unit.Dist) rng.Dist {
		if err != nil {
			return nil
		}
		var law rng.Dist
		if law, err = d.Build(); err != nil {
			err = fmt.Errorf("gpu pool %s: %s.%s: %w", pool, at, field, err)
		} else if !(law.Mean() > 0) {
			err = fmt.Errorf("gpu pool %s: %s.%s: a mean of %v s is too short: want more than 0", pool, at, field, law.Mean())
		}
		return law
	}
	mtbf = build("mtbf", f.MTBF)
	repair = build("repair", f.Repair)
	return mtbf, repair, err
}
