package launch

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
)

// Apply pulls levers now: changes to paths of the scenario, checked like the
// file itself. Each room takes over what changed, or refuses it by name.
func (r *Run) Apply(changes scenario.Changes) error {
	full, err := r.full.Patched(changes)
	if err != nil {
		return err
	}
	next, err := full.Scaled()
	if err != nil {
		return err
	}
	if err := r.fixed(next); err != nil {
		return err
	}
	old, now := r.now, r.k.Now()
	// What a room may refuse because of what has happened it is asked beforehand,
	// so that no change is taken over in part.
	for i := range r.pools {
		if err := r.pools[i].gpu.Takes(max(now, r.rehearse), r.shifted(next.Pools[i].Spec)); err != nil {
			return err
		}
	}
	if err := r.demand.Takes(max(now, r.rehearse), next.Demand); err != nil {
		return err
	}
	if err := r.spills(&next.Fleet); err != nil {
		return err
	}
	if err := r.fleet.Takes(max(now, r.rehearse), next.Fleet); err != nil {
		return fmt.Errorf("fleet.%w", err)
	}
	r.settle(now)
	before := r.full
	r.full, r.now = full, next
	changed, err := r.reconfigure(now, old, next)
	switch {
	case err != nil && changed:
		r.err = fmt.Errorf("a change was taken over in part: %w", err)
		return r.err
	case err != nil:
		r.full, r.now = before, old
	}
	return err
}

// reconfigure hands what changed to the rooms, and reports whether any has
// taken it over.
func (r *Run) reconfigure(now sim.Time, old, next *scenario.Scenario) (changed bool, err error) {
	if !reflect.DeepEqual(old.Demand, next.Demand) {
		if err := r.demand.Reconfigure(now, next.Demand); err != nil {
			return changed, err
		}
		changed = true
		r.demand.EachRelease(r.rec.Release)
	}
	if !reflect.DeepEqual(old.Clients, next.Clients) {
		if err := r.setClients(); err != nil {
			return changed, err
		}
		changed = true
	}
	if !reflect.DeepEqual(old.Policies, next.Policies) {
		if err := r.chain.Reconfigure(next.Policies); err != nil {
			return changed, err
		}
		changed = true
		if err := r.setLines(now); err != nil {
			return changed, err
		}
	}
	for i := range r.pools {
		p, a, b := &r.pools[i], &old.Pools[i], &next.Pools[i]
		if !reflect.DeepEqual(a.Queue, b.Queue) {
			if err := p.reconfigureQueue(now, b.Queue); err != nil {
				return changed, err
			}
			changed = true
		}
		if !reflect.DeepEqual(a.Spec, b.Spec) {
			if err := p.gpu.Reconfigure(now, r.shifted(b.Spec)); err != nil {
				return changed, err
			}
			changed = true
		}
	}
	if !reflect.DeepEqual(old.Fleet, next.Fleet) {
		if err := r.fleet.Reconfigure(now, next.Fleet); err != nil {
			return changed, fmt.Errorf("fleet.%w", err)
		}
		changed = true
		r.setSpill()
	}
	for i := range next.Classes {
		if err := r.setWork(&r.classes[i], &next.Classes[i]); err != nil {
			return changed, err
		}
	}
	for i := range r.fluids {
		r.setFluid(&r.fluids[i])
	}
	for i := range next.Tiers {
		r.priority[i] = uint8(next.Tiers[i].Priority)
	}
	return changed, nil
}

// fixed refuses changes of what a run is made of.
func (r *Run) fixed(next *scenario.Scenario) error {
	old := r.now
	switch {
	case next.Name != old.Name:
		return fmt.Errorf("name: cannot change during a run")
	case !next.Start.Equal(old.Start):
		return fmt.Errorf("start: cannot change during a run")
	case next.Duration != old.Duration:
		return fmt.Errorf("duration: cannot change during a run")
	case next.Warmup != old.Warmup:
		return fmt.Errorf("warmup: cannot change during a run")
	case next.Scale != old.Scale:
		return fmt.Errorf("scale: cannot change during a run")
	case next.Interval != old.Interval:
		return fmt.Errorf("interval: cannot change during a run")
	case len(next.Tiers) != len(old.Tiers) || len(next.Classes) != len(old.Classes) || len(next.Pools) != len(old.Pools):
		return fmt.Errorf("tiers, classes and pools cannot be added or removed during a run")
	case !reflect.DeepEqual(next.Timeline, old.Timeline):
		return fmt.Errorf("timeline: cannot change during a run: apply the patch itself")
	case !reflect.DeepEqual(next.Record, old.Record):
		return fmt.Errorf("record: cannot change during a run")
	case !reflect.DeepEqual(next.Unknowns, old.Unknowns):
		return fmt.Errorf("unknowns: cannot change during a run")
	}
	if len(next.Policies) != len(old.Policies) {
		return fmt.Errorf("policies: cannot be added or removed during a run: have them all, and switch them by enabled")
	}
	for i := range next.Policies {
		a, b := &old.Policies[i], &next.Policies[i]
		switch {
		case a.Name != b.Name:
			return fmt.Errorf("policies.%s.name: cannot change during a run", a.Name)
		case a.Kind != b.Kind:
			return fmt.Errorf("policies.%s.kind: cannot change during a run", a.Name)
		}
	}
	for i := range next.Pools {
		a, b := &old.Pools[i], &next.Pools[i]
		switch {
		case a.Name != b.Name:
			return fmt.Errorf("pools.%s.name: cannot change during a run", a.Name)
		case a.GPUsPerNode != b.GPUsPerNode:
			return fmt.Errorf("pools.%s.gpus_per_node: cannot change during a run", a.Name)
		case a.Queue.Discipline != b.Queue.Discipline && (a.Queue.Discipline == "processor-sharing" || b.Queue.Discipline == "processor-sharing"):
			return fmt.Errorf("pools.%s.queue.discipline: cannot change to or from processor-sharing during a run", a.Name)
		}
		for _, cause := range b.Queue.Causes() {
			if _, there := r.pools[i].drops[cause]; !there && cause == queue.QueueFull {
				return fmt.Errorf("pools.%s.queue.discipline: cannot become apf during a run", a.Name)
			} else if !there {
				return fmt.Errorf("pools.%s.queue.limit: a queue that began without limit cannot be given one during a run", a.Name)
			}
		}
	}
	for i := range next.Tiers {
		a, b := old.Tiers[i], next.Tiers[i]
		a.Priority = b.Priority
		switch {
		case a.Name != b.Name:
			return fmt.Errorf("tiers.%s.name: cannot change during a run", a.Name)
		case a.Price != b.Price:
			return fmt.Errorf("tiers.%s.usd_per_month: cannot change during a run", a.Name)
		case a.Users != b.Users:
			return fmt.Errorf("tiers.%s.users: cannot change during a run: users come by sign-up", a.Name)
		case a != b:
			return fmt.Errorf("tiers.%s.paid: cannot change during a run", a.Name)
		}
	}
	for i := range next.Classes {
		a, b := old.Classes[i], next.Classes[i]
		switch {
		case a.Name != b.Name:
			return fmt.Errorf("classes.%s.name: cannot change during a run", a.Name)
		case a.Kind != b.Kind:
			return fmt.Errorf("classes.%s.kind: cannot change during a run", a.Name)
		case a.Pool != b.Pool:
			return fmt.Errorf("classes.%s.pool: cannot change during a run", a.Name)
		case a.Price != b.Price:
			return fmt.Errorf("classes.%s.usd_per_request: cannot change during a run", a.Name)
		case a.SLO != b.SLO:
			return fmt.Errorf("classes.%s.slo: cannot change during a run: what is measured stays what it is", a.Name)
		case len(a.Then) != len(b.Then):
			return fmt.Errorf("classes.%s.then: stations cannot be added or removed during a run", a.Name)
		}
	}
	return nil
}

// reconfigureQueue changes the queue before a pool. A discipline that pre-empts is
// told of those in service.
func (p *pool) reconfigureQueue(now sim.Time, spec queue.Spec) error {
	r := p.r
	tracked := p.queue.Preempts()
	if err := p.queue.Reconfigure(now, spec, func(s models.Slot) *models.Attempt { return &r.attempts[s] }); err != nil {
		return fmt.Errorf("pools.%s.queue.%w", r.now.Pools[p.n].Name, err)
	}
	if p.queue.Preempts() {
		p.gpu.EachBusy(func(slot models.Slot, until sim.Time) {
			if tracked {
				p.queue.Unserve(slot)
			}
			p.queue.Serving(now, slot, &r.attempts[slot], until-now)
		})
	}
	if most, shared := p.queue.Shared(); shared {
		p.gpu.Share(most)
	}
	p.pull(now)
	return nil
}

// Rehearse finds what New refuses, and patches of the timeline that a run would
// refuse when their time comes: knobs that cannot change. It plays nothing: all
// patches are applied in their order to a run that has not begun, so that one
// which is refused only because of what has happened by then is not found, save
// for lots that have arrived by then. Where there is a record to score, the world
// with no lever pulled is rehearsed too.
func Rehearse(sc *scenario.Scenario) error {
	r, err := New(sc, Options{})
	if err != nil {
		return err
	}
	var faults scenario.Faults
	order := make([]int, len(sc.Timeline))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sc.Timeline[a].At, sc.Timeline[b].At) })
	for _, i := range order {
		r.rehearse = sim.Time(sc.Timeline[i].At) + r.origin
		if err := r.Apply(sc.Timeline[i].Set); err != nil {
			faults = append(faults, sc.Fault(fmt.Sprintf("timeline[%d].set", i), err.Error(), ""))
		}
	}
	if len(faults) > 0 {
		return faults
	}
	if len(sc.Record) == 0 {
		return nil
	}
	bare, err := sc.WithoutLevers()
	if err == nil && len(bare.Record) > 0 {
		bare.Record = nil
		err = Rehearse(bare)
	}
	if err != nil {
		return fmt.Errorf("with no lever pulled: %w", err)
	}
	return nil
}
