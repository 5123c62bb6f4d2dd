package gpu

import (
	"fmt"
	"slices"

	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// Reconfigure changes the pool to spec while it works. It returns an error that
// names the field, and changes nothing, where that cannot be.
//
//   - nodes, slots_per_node, lots.*.nodes: the servers become as many as spec
//     says, round(nodes x slots_per_node). More come at once and empty; of too
//     many the highest-numbered drain. The size of a node, which decides how
//     much one failure takes, stays what it was at the start: at a reduced
//     scale it follows from the number of nodes (ScaleBy).
//   - out_of_service: nodes go down, losing what they hold, or come back empty.
//   - failures: a new law of time to failure holds from now, as for new nodes; a
//     node in repair ends its repair as it was drawn.
//   - health: of checks from now; a node in restart comes back when it was to.
//   - speed, degrade: of services that start from now.
//   - outages: new laws as of failures; what hangs on what cannot change.
//   - deploys: of nodes that it takes in hand from now; the time of one that has begun cannot change.
//   - start_up: of nodes that come from now.
//   - slow: of services that start from now, and of batches from their next change.
//   - lots: a lot that has not arrived comes when spec says, at once if that is
//     past; the time of one that has arrived cannot change. A lot that is left
//     out is cancelled, or drains.
//   - continuous_batching, image_batching: the model of a step from the next change of each batch.
//   - name, gpus_per_node; of nodes that batch slots_per_node, kv_tokens and
//     when_full: cannot change.
func (p *Pool) Reconfigure(now sim.Time, spec Spec) error {
	plan, err := p.plan(now, spec)
	if err != nil {
		return err
	}
	before := p.levels()
	p.apply(now, plan)
	p.tell(now, before)
	return nil
}

// A plan is a Spec that was found good for the pool, with what was built of it.
type plan struct {
	spec         Spec
	failures     FailureSpec
	mtbf, repair rng.Dist
	restart      rng.Dist
	arrivals     []sim.Time // of spec.Lots
	parts
}

// parts are what else is built of a Spec.
type parts struct {
	outages []outageKind
	deploys []deploy
	startUp rng.Dist
}

func (p *Pool) parts(now sim.Time, spec *Spec) (made parts, err error) {
	if made.outages, err = p.planOutages(spec); err != nil {
		return made, err
	}
	if made.deploys, err = p.planDeploys(now, spec); err != nil {
		return made, err
	}
	made.startUp, err = lawOf(p.name, "start_up", spec.StartUp)
	return made, err
}

// Takes reports why Reconfigure would refuse a spec at a moment, which may lie
// ahead; nil if it would not.
func (p *Pool) Takes(at sim.Time, spec Spec) error {
	_, err := p.plan(at, spec)
	return err
}

// plan checks a spec against itself and against what the pool is.
func (p *Pool) plan(now sim.Time, spec Spec) (plan, error) {
	if err := spec.check(); err != nil {
		return plan{}, err
	}
	fixed := func(field string, is, want any) error {
		return fmt.Errorf("gpu pool %s: %s: it is %v and cannot become %v while the run goes on", p.name, field, is, want)
	}
	if spec.Name != p.name {
		return plan{}, fixed("name", p.name, spec.Name)
	}
	if field := p.cost.differs(spec.Cost); field != "" && len(p.nodes) > 0 {
		return plan{}, fmt.Errorf("gpu pool %s: cost%s: cannot change while the run goes on", p.name, field)
	}
	if spec.GPUsPerNode != p.gpus {
		return plan{}, fixed("gpus_per_node", p.gpus, spec.GPUsPerNode)
	}
	chat, image := p.Models()
	if (spec.Continuous != nil) != (chat != nil) {
		return plan{}, fmt.Errorf("gpu pool %s: continuous_batching: cannot come or go while the run goes on", p.name)
	}
	if (spec.Routing != nil) != (p.routes != nil) {
		return plan{}, fmt.Errorf("gpu pool %s: routing: cannot come or go while the run goes on", p.name)
	}
	if (spec.Images != nil) != (image != nil) {
		return plan{}, fmt.Errorf("gpu pool %s: image_batching: cannot come or go while the run goes on", p.name)
	}
	if chat != nil {
		if now := int64(spec.Continuous.KV); now != chat.KV && len(p.nodes) > 0 {
			return plan{}, fixed("continuous_batching.kv_tokens", chat.KV, now)
		}
		if now := spec.Continuous.WhenFull == "queue"; now != chat.Reserve && len(p.nodes) > 0 {
			return plan{}, fmt.Errorf("gpu pool %s: continuous_batching.when_full: cannot change while the run goes on", p.name)
		}
	}
	if spec.Batches() && spec.SlotsPerNode != p.slots {
		return plan{}, fixed("slots_per_node", p.slots, spec.SlotsPerNode)
	}
	made := plan{spec: spec}
	var err error
	if made.parts, err = p.parts(now, &spec); err != nil {
		return plan{}, err
	}
	if spec.Failures != nil {
		made.failures = *spec.Failures
		if made.mtbf, made.repair, err = made.failures.laws(p.name, "failures"); err != nil {
			return plan{}, err
		}
	}
	if spec.Health != nil {
		if made.restart, err = spec.Health.law(p.name); err != nil {
			return plan{}, err
		}
	}
	for _, l := range spec.Lots {
		at, err := p.arrival(l)
		if err != nil {
			return plan{}, err
		}
		if g := p.lot(l.Name); g > 0 && (p.groups[g].arrived || p.groups[g].arrival <= now) && at != p.groups[g].arrival {
			field := ".lead"
			if sim.Time(l.Ordered) != p.groups[g].ordered {
				field = ".ordered"
			}
			return plan{}, fmt.Errorf("gpu pool %s: lots.%s%s: the lot has arrived, and the time of that cannot change", p.name, l.Name, field)
		}
		if g := p.lot(l.Name); g > 0 && sim.Time(l.Over) != p.groups[g].over && p.groups[g].arrived && p.groups[g].servers >= p.groups[g].wanted {
			return plan{}, fmt.Errorf("gpu pool %s: lots.%s.over: all of the lot has come, and how long that takes cannot change", p.name, l.Name)
		}
		made.arrivals = append(made.arrivals, at)
	}
	// Nodes that have left keep their places, with their luck.
	places := 0
	for g := range p.groups {
		if g == 0 || !slices.ContainsFunc(spec.Lots, func(l LotSpec) bool { return l.Name == p.groups[g].name }) {
			places += len(p.groups[g].nodes) * p.slots
		}
	}
	for _, l := range spec.Lots {
		have := 0
		if g := p.lot(l.Name); g > 0 {
			have = len(p.groups[g].nodes) * p.slots
		}
		places += max(have, servers(l.Nodes, spec.SlotsPerNode))
	}
	if places += max(0, servers(spec.Nodes, spec.SlotsPerNode)-len(p.groups[0].nodes)*p.slots); places > maxServers {
		return plan{}, fmt.Errorf("gpu pool %s: nodes: the pool has had more than %d servers, those of earlier lots among them", p.name, maxServers)
	}
	return made, nil
}

// apply makes the pool what the plan says, and leaves in p.lost what that took
// down.
func (p *Pool) apply(now sim.Time, plan plan) {
	spec := &plan.spec
	p.speed, p.degrade = spec.pace(), spec.Degrade
	p.setSlow(spec)
	if p.batches != nil {
		p.batches.setModel(spec)
		p.batches.refresh(now)
	}
	p.outOfService = float64(spec.OutOfService)
	if p.routes != nil {
		p.routes.spec = *spec.Routing
	}
	p.health, p.restart = spec.Health, plan.restart
	p.startUp = plan.startUp
	p.setOutages(now, plan.outages)
	p.setFailures(now, plan)
	p.groups[0].wanted = servers(spec.Nodes, spec.SlotsPerNode)
	p.groups[0].servers = p.groups[0].wanted
	for g := range p.groups[1:] {
		if group := &p.groups[1+g]; !group.placed && !slices.ContainsFunc(spec.Lots, func(l LotSpec) bool { return l.Name == group.name }) {
			group.wanted, group.servers = 0, 0
			p.k.Cancel(group.timer)
			group.timer = 0
		}
	}
	for i, l := range spec.Lots {
		g := p.lot(l.Name)
		if g < 0 {
			g = len(p.groups)
			p.groups = append(p.groups, p.newGroup(l.Name))
		}
		group := &p.groups[g]
		group.wanted = servers(l.Nodes, spec.SlotsPerNode)
		group.ordered, group.arrival, group.over = sim.Time(l.Ordered), plan.arrivals[i], sim.Time(l.Over)
		group.arrived = false
		p.deliver(now, g)
	}
	p.settle(now)
	p.setDeploys(now, plan.deploys)
}
