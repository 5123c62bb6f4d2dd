package launch

import (
	"fmt"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/fleet"
	"github.com/launchday-sim/launchday/models/gpu"
	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

func (r *Run) build() error {
	sc := r.now
	var tiers []policy.TierInfo
	var names []metrics.TierInfo
	for _, t := range sc.Tiers {
		tiers = append(tiers, policy.TierInfo{Name: t.Name, Paid: t.Paid, Priority: uint8(t.Priority)})
		names = append(names, metrics.TierInfo{Name: t.Name, Paid: t.Paid, Price: t.Price})
		r.priority = append(r.priority, uint8(t.Priority))
	}
	for i := range sc.Pools {
		r.pools = append(r.pools, pool{r: r, n: i, coming: models.None})
	}
	var poolNames []string
	for i := range r.pools {
		p := &r.pools[i]
		spec := r.shifted(sc.Pools[i].Spec)
		var err error
		if p.gpu, err = gpu.New(r.k, spec, r.opts.Seed, r.opts.Replication, p); err != nil {
			return err
		}
		p.batches, p.routed = spec.Batches(), spec.Routing != nil
		if err := r.buildQueue(p, sc.Pools[i].Queue, spec.Name); err != nil {
			return err
		}
		poolNames = append(poolNames, spec.Name)
	}
	var classNames []string
	var homes []int
	var infos []metrics.ClassInfo
	for _, c := range sc.Classes {
		n := class{pool: r.poolOf(c.Pool), signup: c.Kind == "signup", fluid: c.Kind == "fluid"}
		if err := r.setWork(&n, &c); err != nil {
			return err
		}
		r.classes = append(r.classes, n)
		classNames = append(classNames, c.Name)
		if homes = append(homes, n.pool); n.fluid {
			homes[len(homes)-1] = -1
		}
		info := metrics.ClassInfo{Name: c.Name, Pools: r.route(&n), Signup: n.signup, Fluid: n.fluid, Tokens: n.tokens != nil, Price: c.Price}
		if !n.fluid {
			info.SLO = sim.Time(c.SLO)
		}
		infos = append(infos, info)
	}
	var err error
	epoch := sim.Time(sc.Start.UnixNano()) - r.origin
	r.demand, err = demand.New(r.k, sc.Demand, demand.Env{Seed: r.opts.Seed, Replication: r.opts.Replication, Epoch: epoch, Origin: r.origin, Tiers: sc.Tiers, Classes: sc.Classes}, r)
	if err != nil {
		return err
	}
	r.chain, err = policy.NewChain(sc.Policies, policy.Env{Seed: r.opts.Seed, Replication: r.opts.Replication, Users: r.demand.Users(), Horizon: r.end, Epoch: epoch, Scale: float64(sc.Scale), Tiers: tiers, Classes: classNames, Pools: poolNames, Homes: homes, Reasons: &r.reasons, Now: r.k.Now, Fail: r.fail})
	if err != nil {
		return err
	}
	r.lines = make([]line, r.chain.Links())
	if err := r.setClients(); err != nil {
		return err
	}
	used := map[[2]string]bool{}
	for _, s := range sc.Demand.Streams {
		if c := r.classes[r.classOf(s.Class)]; c.fluid {
			r.fluids = append(r.fluids, r.newFluid(s.Tier, s.Class))
		}
		used[[2]string{s.Tier, s.Class}] = true
	}
	var windows []metrics.Window
	if r.opts.Record {
		windows = incident.Windows(sc.Record, r.origin)
	}
	var blocks []metrics.Block
	r.demand.EachBlock(func(t models.Tier, first models.User, n int) {
		blocks = append(blocks, metrics.Block{Tier: t, First: first, Users: n})
	})
	var releases []string
	for _, rel := range sc.Demand.Releases {
		releases = append(releases, rel.Name)
	}
	r.parking.init(r.end)
	r.world = metrics.World{Scenario: sc.Name, Scale: float64(sc.Scale), Seed: r.opts.Seed, Replication: r.opts.Replication,
		Epoch: int64(epoch), From: r.origin, To: r.end, Interval: r.Interval(), Tiers: names, Classes: infos, Pools: poolNames, Releases: releases, Costs: r.costs(), Jobs: r.jobs(), Funded: len(sc.Fleet.Funds)+len(sc.Fleet.Purchases) > 0, Clocks: r.clocks(),
		Used:    func(t models.Tier, c models.Class) bool { return used[[2]string{sc.Tiers[t].Name, sc.Classes[c].Name}] },
		Reasons: &r.reasons, Users: r.demand.Users(), Blocks: blocks, UserState: r.demand.Users() > 0 && r.demand.Users() <= metrics.MaxUsers, Windows: windows}
	r.rec = metrics.NewRecorder(r.world)
	r.demand.EachRelease(r.rec.Release)
	r.reasons.Close()
	return r.buildFleet()
}

// buildFleet builds who moves GPUs, if anybody does.
func (r *Run) buildFleet() error {
	env := fleet.Env{Seed: r.opts.Seed, Replication: r.opts.Replication, Origin: r.origin, Recorder: r}
	for i := range r.pools {
		p, full := &r.pools[i], &r.full.Pools[i].Spec
		env.Pools = append(env.Pools, fleet.Pool{Name: full.Name, Servers: p.gpu, Node: r.now.Pools[i].SlotsPerNode,
			Slots: full.SlotsPerNode, GPUs: r.world.Costs[i].GPUs,
			Mean: p.mean})
	}
	for _, s := range r.now.Fleet.Autoscaling {
		r.pools[r.poolOf(s.Pool)].load = new(load)
	}
	if err := r.spills(&r.now.Fleet); err != nil {
		return err
	}
	made, err := fleet.New(r.k, r.now.Fleet, env)
	if err != nil {
		return fmt.Errorf("fleet.%w", err)
	}
	r.fleet = made
	r.setSpill()
	return nil
}

// spills refuses pools that nobody comes to first: who goes over to another is he who
// comes, and not who is at a later station.
func (r *Run) spills(spec *fleet.Spec) error {
	for i, s := range spec.SpillOver {
		p := r.poolOf(s.Pool)
		if !slices.ContainsFunc(r.classes, func(c class) bool { return c.pool == p && !c.fluid }) {
			return fmt.Errorf("fleet.spill_over[%d].pool: %s is no class's first pool, and who is at a later station, or fluid, goes over to no other: want the first pool of a class", i, s.Pool)
		}
	}
	return nil
}

// setSpill finds which pools help which.
func (r *Run) setSpill() {
	for i := range r.pools {
		r.pools[i].helpers = r.pools[i].helpers[:0]
	}
	for _, s := range r.now.Fleet.SpillOver {
		p := &r.pools[r.poolOf(s.Pool)]
		p.above = sim.Time(s.Above)
		for _, to := range s.To {
			p.helpers = append(p.helpers, r.poolOf(to))
		}
	}
}

// Training is told by the fleet what the servers of a training job do.
func (r *Run) Training(now sim.Time, i int, w fleet.Work) {
	r.rec.Training(now, i, w.Useful, w.Restarting, w.Moving, w.Lent)
}

// TrainingLost is told by the fleet of work of servers that was in vain.
func (r *Run) TrainingLost(i, servers int, each sim.Time) { r.rec.TrainingLost(i, servers, each) }

// buildQueue builds the queue before a pool, and what it needs of the run.
func (r *Run) buildQueue(p *pool, spec queue.Spec, name string) error {
	env := queue.Env{Pool: name, Seed: r.opts.Seed, Replication: r.opts.Replication,
		Cost:  func(a *models.Attempt) sim.Time { return r.mean(a) },
		Seats: func() int { return p.gpu.Capacity() - p.gpu.Fluid() }}
	for _, t := range r.now.Tiers {
		env.Tiers = append(env.Tiers, t.Name)
	}
	var err error
	if p.queue, err = queue.New(spec, env); err != nil {
		return fmt.Errorf("pools.%s.queue.%w", name, err)
	}
	var most int
	if most, p.shared = p.queue.Shared(); p.shared {
		p.gpu.Share(most)
	}
	p.drops = map[string]models.Reason{}
	for _, cause := range spec.Causes() {
		p.drops[cause] = r.reasons.Add(models.Refusal{Name: name + "." + cause, Status: models.Unavailable})
	}
	return nil
}

// mean is the service that an attempt is expected to need at its present station.
func (r *Run) mean(a *models.Attempt) sim.Time {
	if a.Stage > 0 {
		return r.pools[a.Pool].gpu.AtSpeed(r.classes[a.Class].then[a.Stage-1].expected)
	}
	return r.Expected(a.Class, int(a.Pool))
}

// setWork builds what the requests of a class ask for.
func (r *Run) setWork(n *class, c *demand.Class) (err error) {
	law := rng.Dist(rng.Deterministic{})
	if !c.Service.IsZero() {
		if law, err = c.Service.Build(); err != nil {
			return fmt.Errorf("classes.%s.service: %w", c.Name, err)
		}
	}
	n.service, n.expected = law, expected(law)
	if c.Tokens != nil {
		if n.tokens, err = newTokens(c.Tokens); err != nil {
			return fmt.Errorf("classes.%s.tokens: %w", c.Name, err)
		}
	}
	if c.Images != nil {
		if n.images, err = newImages(c.Images); err != nil {
			return fmt.Errorf("classes.%s.images: %w", c.Name, err)
		}
	}
	n.then, err = r.stations(c)
	return err
}

// stations are those that a class passes after the first.
func (r *Run) stations(c *demand.Class) ([]station, error) {
	var list []station
	for i, s := range c.Then {
		law, err := s.Service.Build()
		if err != nil {
			return nil, fmt.Errorf("classes.%s.then[%d].service: %w", c.Name, i, err)
		}
		list = append(list, station{pool: r.poolOf(s.Pool), service: law, expected: expected(law)})
	}
	return list, nil
}

// route is the pools that a class passes.
func (r *Run) route(c *class) []int {
	list := []int{c.pool}
	for _, s := range c.then {
		list = append(list, s.pool)
	}
	return list
}

// costs are those of the pools.
func (r *Run) costs() []metrics.Cost {
	list := make([]metrics.Cost, len(r.now.Pools))
	for i := range r.full.Pools {
		// At full scale: that is what a server is worth.
		s := &r.full.Pools[i].Spec
		list[i].GPUs = float64(s.GPUsPerNode) / float64(s.SlotsPerNode)
		if c := s.Cost; c != nil {
			list[i] = metrics.Cost{GPUs: list[i].GPUs, Hour: c.GPUHour, WattsIdle: c.WattsIdle, WattsBusy: c.WattsBusy, PUE: c.PUE, Priced: c.GPUHour > 0, Metered: c.WattsBusy > 0, Batches: s.Batches()}
		}
	}
	return list
}

// jobs are the training jobs.
func (r *Run) jobs() []metrics.JobInfo {
	var list []metrics.JobInfo
	for _, t := range r.now.Fleet.Training {
		list = append(list, metrics.JobInfo{Name: t.Name, GPUs: r.costs()[r.poolOf(t.Pool)].GPUs})
	}
	return list
}

// clocks are those of the pools whose servers are shared.
func (r *Run) clocks() []func(sim.Time) sim.Time {
	list := make([]func(sim.Time) sim.Time, len(r.pools))
	for i := range r.pools {
		if p := &r.pools[i]; p.shared {
			list[i] = p.gpu.Shared
		}
	}
	return list
}

// shifted is a pool's Spec with its instants in kernel time.
func (r *Run) shifted(s gpu.Spec) gpu.Spec {
	s.Shift(r.origin)
	return s
}

func (r *Run) poolOf(name string) int {
	for i := range r.now.Pools {
		if r.now.Pools[i].Name == name {
			return i
		}
	}
	panic("launch: no pool " + name)
}

func (r *Run) classOf(name string) int {
	for i := range r.now.Classes {
		if r.now.Classes[i].Name == name {
			return i
		}
	}
	panic("launch: no class " + name)
}

func (r *Run) tierOf(name string) int {
	for i := range r.now.Tiers {
		if r.now.Tiers[i].Name == name {
			return i
		}
	}
	panic("launch: no tier " + name)
}

// An entry is an entry of the scenario's list of clients, with what behaves so.
type entry struct {
	name   string
	client *client.Client
}

// setClients finds the behaviour of each tier and class: the first that matches. An
// entry that was there before goes on with what it knows.
func (r *Run) setClients() error {
	entries := make([]entry, len(r.now.Clients))
	for i, s := range r.now.Clients {
		if s.Balk != nil && r.balked == 0 {
			if r.rec != nil {
				return fmt.Errorf("clients.%s.balk: cannot be the first of a run under way: have it from the start", s.Name)
			}
			r.balked = r.reasons.Add(models.Refusal{Name: "balked", Status: models.ClientClosed})
		}
		if err := s.Check(); err != nil {
			return err
		}
		entries[i].name = s.Name
		for _, e := range r.entries {
			if e.name == s.Name {
				entries[i].client = e.client
			}
		}
	}
	// Every entry is sound: from here on nothing can fail half-way.
	for i, s := range r.now.Clients {
		var err error
		if c := entries[i].client; c != nil {
			err = c.Reconfigure(s)
		} else {
			entries[i].client, err = client.New(s)
		}
		if err != nil {
			return err
		}
	}
	r.entries = entries
	plain, err := client.New(client.Spec{})
	if err != nil {
		return err
	}
	r.clients = r.clients[:0]
	for _, t := range r.now.Tiers {
		for _, c := range r.now.Classes {
			found := plain
			for i := len(entries) - 1; i >= 0; i-- {
				if r.now.Clients[i].Matches(t.Name, c.Name) {
					found = entries[i].client
				}
			}
			r.clients = append(r.clients, found)
		}
	}
	return nil
}

// maxIntervals bounds the memory of the series.
const maxIntervals = 4000

// Interval is the length of an interval of the series: the scenario's interval, or a longer one where there would be
// more intervals than a series keeps.
func (r *Run) Interval() sim.Time {
	i := sim.Time(r.now.Interval)
	if i <= 0 {
		i = max(1, sim.Time(r.now.Duration)/240)
	}
	for (r.end-r.origin)/i > maxIntervals {
		i *= 2
	}
	return i
}

// expected is the mean of a law of service; a law without one is taken for a
// day, which is longer than any service.
func expected(law rng.Dist) sim.Time {
	return min(seconds(law.Mean()), sim.Day)
}
