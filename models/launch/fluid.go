package launch

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/stats"
)

// A fluid is work of one tier and class that is too much to follow one by one:
// a rate of messages, each of which needs a server for some mean time. It holds
// servers of its pool, fewer than it claims where others hold them; what is not
// served waits, and is abandoned after an exponential patience.
//
// Messages and servers are whole numbers: what a step leaves of a fraction is
// carried over, so that every message that arrived is completed, abandoned or
// still there. What is there because a fraction of a server was left for the
// next step does not wait: it is under way, and at any scale less than what one
// server does in a step.
type fluid struct {
	tier     models.Tier
	class    models.Class
	pool     int
	work     float64  // server seconds a message
	share    float64  // largest share of the pool while others wait
	patience sim.Time // mean
	rate     float64  // messages per second, now
	since    sim.Time // when it was last settled
	backlog  int64    // messages that are not served yet
	slack    int64    // messages that one server serves in a step, rounded up
	held     stats.Integral
	claim    int64
	carry    struct{ arrived, served, lost, claim float64 }
}

// waiting is the messages that wait for want of servers.
func (f *fluid) waiting() int64 { return max(0, f.backlog-f.slack) }

func (r *Run) newFluid(tier, class string) fluid {
	f := fluid{tier: models.Tier(r.tierOf(tier)), class: models.Class(r.classOf(class))}
	f.pool = r.classes[f.class].pool
	r.setFluid(&f)
	return f
}

// setFluid takes over what the scenario says now.
func (r *Run) setFluid(f *fluid) {
	c := &r.now.Classes[f.class]
	f.work = r.classes[f.class].service.Mean() / r.pools[f.pool].gpu.Speed()
	f.share = float64(c.Share)
	f.patience = sim.Time(c.Patience)
}

// Flow is the rate of fluid work until a time: what came before is settled, and
// servers are claimed for what comes.
func (r *Run) Flow(now, until sim.Time, tier models.Tier, class models.Class, rate float64) {
	r.settle(now) // all of them: what was held is shared by the claims that there were
	for i := range r.fluids {
		f := &r.fluids[i]
		if f.tier != tier || f.class != class {
			continue
		}
		f.rate = rate
		step := (until - now).Seconds()
		f.slack = 0
		if f.work > 0 {
			f.slack = int64(step/f.work) + 2 // 1 for the fraction here, 1 for that of what has arrived
		}
		p := &r.pools[f.pool]
		need := float64(rate*f.work) + float64(float64(f.waiting())*f.work)/step
		if most := float64(f.share * float64(p.gpu.Capacity())); p.waiting() > 0 && need > most {
			need = most
		}
		f.claim, f.carry.claim = whole(need + f.carry.claim)
		p.claim(now)
	}
}

// claim brings the claims of all fluids to the pool.
func (p *pool) claim(now sim.Time) {
	total := int64(0)
	for i := range p.r.fluids {
		if p.r.fluids[i].pool == p.n {
			total += p.r.fluids[i].claim
		}
	}
	p.gpu.SetFluid(now, int(total))
	p.changed(now)
}

// changed takes note of the servers that are up and of those that fluid work
// holds, if they changed.
func (p *pool) changed(now sim.Time) {
	if p.load != nil {
		p.load.note(now, p)
	}
	if n := p.gpu.AtWork(); n != p.working {
		p.working = n
		p.r.rec.Working(now, p.n, n)
	}
	if c := p.gpu.Capacity(); c != p.capacity {
		p.capacity = c
		p.r.rec.Capacity(now, p.n, c)
		p.counted(now)
	}
	held := int64(p.gpu.Fluid())
	if held == p.fluid.Value() {
		return
	}
	p.fluid.Set(int64(now), held)
	for i := range p.r.fluids {
		if f := &p.r.fluids[i]; f.pool == p.n {
			p.r.rec.FluidHeld(now, f.tier, f.class, p.part(f), f.waiting())
		}
	}
}

// part is a fluid's part of the servers that the pool's fluids hold.
func (p *pool) part(f *fluid) int64 {
	before, total := int64(0), int64(0)
	for i := range p.r.fluids {
		if g := &p.r.fluids[i]; g.pool == p.n {
			total += g.claim
			if g == f {
				before = total
			}
		}
	}
	if total == 0 {
		return 0
	}
	// Rounded so that the parts add up to what is held.
	held := p.fluid.Value()
	return before*held/total - (before-f.claim)*held/total
}

// settle brings all fluid work up to now.
func (r *Run) settle(now sim.Time) {
	for i := range r.fluids {
		r.settleOne(now, &r.fluids[i])
	}
}

func (r *Run) settleOne(now sim.Time, f *fluid) {
	dt := (now - f.since).Seconds()
	p := &r.pools[f.pool]
	integral := p.fluid.Integral(int64(now))
	if dt <= 0 {
		f.held = integral
		return
	}
	var flow metrics.Flow
	flow.Arrived, f.carry.arrived = whole(float64(f.rate*dt) + f.carry.arrived)
	// What waits when the measured time begins belongs to it.
	measured := flow.Arrived
	if f.since <= r.origin {
		measured += f.backlog
	}
	before := float64(f.waiting())
	f.backlog += flow.Arrived
	held := integral.Sub(f.held).Over(int64(now - f.since))
	total := int64(0)
	for i := range r.fluids {
		if r.fluids[i].pool == f.pool {
			total += r.fluids[i].claim
		}
	}
	served := 0.0
	switch {
	case f.work == 0:
		served = float64(f.backlog)
	case total > 0:
		served = held * dt * float64(f.claim) / float64(total) / f.work
	}
	flow.Completed, f.carry.served = whole(served + f.carry.served)
	if flow.Completed > f.backlog {
		flow.Completed, f.carry.served = f.backlog, 0
	}
	f.backlog -= flow.Completed
	// What waits grows at an even rate over dt, and decays: w' = growth - w / patience.
	x := dt / f.patience.Seconds()
	after, keep := float64(f.waiting()), rng.Exp(-x)
	left := after // where next to nothing can have decayed, the quotient would cancel
	if x > 1e-7 {
		left = float64(before*keep) + float64((after-before)*(1-keep))/x
	}
	lost := after - math.Max(left, 0)
	flow.Abandoned, f.carry.lost = whole(lost + f.carry.lost)
	flow.Abandoned = min(flow.Abandoned, f.backlog)
	f.backlog -= flow.Abandoned
	flow.Arrived = measured
	r.rec.Fluid(now, f.tier, f.class, flow)
	r.rec.FluidHeld(now, f.tier, f.class, p.part(f), f.waiting())
	f.held, f.since = integral, now
}

// whole splits a number into its whole part and the rest.
func whole(x float64) (int64, float64) {
	n := math.Floor(x)
	return int64(n), x - n
}
