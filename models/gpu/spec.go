package gpu

import (
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A Spec describes a pool of GPU nodes, as it stands in a scenario.
//
// The pool has round(Nodes x SlotsPerNode) servers. Nodes need not be whole: at
// a reduced scale 156.25 nodes of 8 slots are 157 nodes, the last of them with
// 2 slots.
//
// GPUsPerNode is at full scale, SlotsPerNode is what ScaleBy left: the servers
// that a GPU is worth are their ratio before scaling, not after.
type Spec struct {
	Name         string        `yaml:"name" required:"true" doc:"Name of the pool."`
	Nodes        unit.Count    `yaml:"nodes" required:"true" min:"0" doc:"Nodes of the pool at the start; a change adds nodes at once and lets surplus nodes finish their work."`
	GPUsPerNode  int           `yaml:"gpus_per_node" default:"8" min:"1" doc:"GPUs of a node at full scale: what a server is worth in GPU-seconds. It cannot change while the run goes on."`
	SlotsPerNode int           `yaml:"slots_per_node" default:"1" min:"1" doc:"Servers of a node: attempts that it can work on at a time, each at full speed."`
	Failures     *FailureSpec  `yaml:"failures" doc:"How nodes fail; without it they do not."`
	Health       *HealthSpec   `yaml:"health" doc:"How nodes are checked, and restarted where they do not answer; without it they are not."`
	Outages      []OutageSpec  `yaml:"outages" doc:"What many nodes hang on, and go down with: a rack, a region."`
	Deploys      []DeploySpec  `yaml:"deploys" doc:"Rolling deploys."`
	StartUp      unit.Dist     `yaml:"start_up" doc:"Law of the time that a node needs when it comes, or comes back, before it takes work: to load its model and to warm up. Nodes that are there from the start have done so."`
	Slow         *SlowSpec     `yaml:"slow" doc:"Nodes that work more slowly than they should; without it none do."`
	LostWork     string        `yaml:"lost_work" default:"report" enum:"report,retry,resume" doc:"What becomes of the attempts of a node that goes down. report: they fail, and their clients are told. retry: they wait again in the queue and are worked on from the beginning, on another node. resume: the same, from their last checkpoint."`
	Checkpoint   unit.Duration `yaml:"checkpoint" default:"1s" min:"1ms" doc:"lost_work of resume: time of service between two checkpoints of an attempt."`
	Lots         []LotSpec     `yaml:"lots" doc:"Capacity that is ordered and arrives later."`
	OutOfService unit.Share    `yaml:"out_of_service" default:"0" min:"0" max:"1" doc:"Share of the nodes that are down, as a dated cause (deploy, outage); what runs on them is lost."`
	Speed        unit.Factor   `yaml:"speed" default:"1" min:"0.000001" max:"1000000" doc:"Speed of every server: the time of a service that starts is divided by it. Software that gets better while the crowd is there is a change of it: caching and compilation made image models 1.5 to 3.8 times as fast."`

	Degrade *DegradeSpec `yaml:"degrade" doc:"What is left away of answers, from those on that are begun now; levers, each with its cost in quality."`

	Cost *CostSpec `yaml:"cost" doc:"What the GPUs cost in money and energy; it changes nothing in the run. It cannot change while the run goes on."`

	Routing    *RoutingSpec    `yaml:"routing" doc:"Each node has a line of its own, first in, first out, to which an attempt is sent when it comes. The wait that users and policies are shown is that over all nodes: nobody balks at the line of his own. Without it the queue of the pool serves all nodes."`
	Continuous *ContinuousSpec `yaml:"continuous_batching" doc:"The slots of a node are one batch of a language model, served by continuous batching: what an attempt takes follows from its tokens and from who else is there. Without it each slot works by itself, for the service time of the class."`
	Images     *ImageSpec      `yaml:"image_batching" doc:"The slots of a node are one batch of a diffusion model, which begins and ends together: what an attempt takes follows from its steps and pixels and from who else is there."`
}

// pace is the speed of servers, and of a smaller model on them.
func (s *Spec) pace() float64 { return float64(float64(s.Speed) * s.Degrade.speed(s.Batches())) }

// Batches reports whether the nodes batch.
func (s *Spec) Batches() bool { return s.Continuous != nil || s.Images != nil }

// A CostSpec is what a GPU of a pool costs, up or down, for as long as the pool has it.
type CostSpec struct {
	GPUHour   float64 `yaml:"usd_per_gpu_hour" min:"0" doc:"Price of a GPU and hour, in USD."`
	WattsIdle float64 `yaml:"watts_idle" min:"0" doc:"Power of a GPU that does nothing, with its part of the node, in watts."`
	WattsBusy float64 `yaml:"watts_busy" min:"0" doc:"The same of a GPU that works."`
	PUE       float64 `yaml:"pue" default:"1.2" min:"1" doc:"Power of the whole site over that of its computers."`
}

// differs is the field in which another cost differs, if any.
func (c *CostSpec) differs(d *CostSpec) string {
	switch {
	case c == nil && d == nil:
		return ""
	case c == nil || d == nil:
		return ".usd_per_gpu_hour"
	case c.GPUHour != d.GPUHour:
		return ".usd_per_gpu_hour"
	case c.WattsIdle != d.WattsIdle:
		return ".watts_idle"
	case c.WattsBusy != d.WattsBusy:
		return ".watts_busy"
	case c.PUE != d.PUE:
		return ".pue"
	}
	return ""
}

// A FailureSpec says how a node fails and is repaired. The times of a node are
// independent of each other and of all other nodes.
type FailureSpec struct {
	MTBF   unit.Dist `yaml:"mtbf" required:"true" doc:"Law of the time that a node is up before it fails. Its mean is 1ms or more."`
	Repair unit.Dist `yaml:"repair" required:"true" doc:"Law of the time from a failure until the node is back, empty."`
}

// A LotSpec is a lot of nodes that joins the pool at Ordered plus a lead time
// that is drawn once, by the lot's name.
type LotSpec struct {
	Name    string        `yaml:"name" required:"true" doc:"Name of the lot."`
	Ordered unit.Instant  `yaml:"ordered" required:"true" doc:"When the lot was ordered."`
	Lead    unit.Dist     `yaml:"lead" default:"0s" doc:"Law of the time from the order to the arrival."`
	Over    unit.Duration `yaml:"over" default:"0s" min:"0s" doc:"How long the delivery takes from the arrival on: its nodes come one by one, evenly; 0 is all at once."`
	Nodes   unit.Count    `yaml:"nodes" required:"true" min:"0" doc:"Nodes of the lot."`
}

// minNodes is the number of nodes under which scaling makes nodes smaller
// instead of fewer: a pool of two nodes would lose half of itself at a failure.
const minNodes = 20

// maxServers bounds the servers that one pool may ever hold; each costs 24 bytes.
const maxServers = 1 << 24

// ScaleBy brings the pool to the scale f, in place. The servers of the pool and
// of each lot become round(servers x f), but never 0 where there were any: that
// number is exact, the last node being a part of a node where it must.
//
// Nodes keep their slots as long as f leaves the pool 20 of them (or all of
// them, where it has fewer). Below that nodes become smaller: the greatest
// number of slots with which the servers still make 20 nodes, at least 1. A pool
// that has no nodes at its start is judged by its lots.
func (s *Spec) ScaleBy(f float64) {
	full, nodes := s.SlotsPerNode, float64(s.Nodes)
	if nodes == 0 {
		for _, l := range s.Lots {
			nodes += float64(l.Nodes)
		}
	}
	// A smaller batch is another machine, so that nodes that batch become fewer only.
	if least := min(nodes, minNodes); nodes*f < least && !s.Batches() {
		servers := float64(nodes * float64(full) * f)
		s.SlotsPerNode = min(max(int(math.Floor(math.Floor(servers+0.5)/least)), 1), full)
	}
	s.Nodes = scaleNodes(s.Nodes, f, full, s.SlotsPerNode)
	s.Lots = slices.Clone(s.Lots) // a copy of the Spec shares the list
	for i := range s.Lots {
		s.Lots[i].Nodes = scaleNodes(s.Lots[i].Nodes, f, full, s.SlotsPerNode)
	}
	s.Outages = slices.Clone(s.Outages)
	for i := range s.Outages {
		s.Outages[i].Nodes = max(1, scaleNodes(s.Outages[i].Nodes, f, full, s.SlotsPerNode))
	}
}

// Shift moves all instants of the spec by a time. A copy of the Spec shares none of them.
func (s *Spec) Shift(by sim.Time) {
	s.Lots, s.Deploys = slices.Clone(s.Lots), slices.Clone(s.Deploys)
	for i := range s.Lots {
		s.Lots[i].Ordered += unit.Instant(by)
	}
	for i := range s.Deploys {
		s.Deploys[i].At += unit.Instant(by)
	}
}

// scaleNodes returns the nodes of the given slots that hold as many servers as f
// times the nodes of the full slots.
func scaleNodes(nodes unit.Count, f float64, full, slots int) unit.Count {
	servers := math.Floor(float64(float64(nodes)*float64(full)*f) + 0.5)
	if servers == 0 && nodes > 0 && f > 0 {
		servers = 1
	}
	return unit.Count(servers / float64(slots))
}

// servers is the number of servers that nodes of so many slots make.
func servers(nodes unit.Count, slots int) int {
	return int(math.Floor(float64(float64(nodes)*float64(slots)) + 0.5))
}

// Check reports why no pool could be built from the spec, scaled as it is. The
// error names the field.
func (s *Spec) Check() error {
	if err := s.check(); err != nil {
		return err
	}
	if s.Health != nil {
		if _, err := s.Health.law(s.Name); err != nil {
			return err
		}
	}
	if _, err := (&Pool{name: s.Name}).parts(0, s); err != nil {
		return err
	}
	for _, o := range s.Outages {
		f := FailureSpec{MTBF: o.MTBF, Repair: o.Repair}
		if err := f.long(s.Name, "outages."+o.Name); err != nil {
			return err
		}
	}
	if s.Failures == nil {
		return nil
	}
	return s.Failures.long(s.Name, "failures")
}

// long reports a mean time to failure that is too short to be meant.
func (f *FailureSpec) long(pool, at string) error {
	mtbf, _, err := f.laws(pool, at)
	if err == nil && mtbf.Mean() < leastMTBF {
		err = fmt.Errorf("gpu pool %s: %s.mtbf: a mean of %v is too short: want a mean of at least 1ms", pool, at, unit.Duration(sim.FromSeconds(mtbf.Mean())))
	}
	return err
}

// leastMTBF is the least mean of the time that a node of a scenario is up, seconds:
// with a tiny one a run would do nothing but fail and mend nodes.
const leastMTBF = 0.001

// check finds what no pool could be built from, but for the laws. The field it names is the path
// below the pool.
func (s *Spec) check() error {
	fault := func(field, format string, args ...any) error {
		return fmt.Errorf("gpu pool %s: %s: %s", s.Name, field, fmt.Sprintf(format, args...))
	}
	if s.GPUsPerNode < 1 {
		return fault("gpus_per_node", "%d is less than 1", s.GPUsPerNode)
	}
	if s.SlotsPerNode < 1 {
		return fault("slots_per_node", "%d is less than 1", s.SlotsPerNode)
	}
	if !(s.OutOfService >= 0 && s.OutOfService <= 1) {
		return fault("out_of_service", "%v is not a share between 0 and 1", float64(s.OutOfService))
	}
	if !(s.Speed > 0) || math.IsInf(float64(s.Speed), 1) {
		return fault("speed", "%v is no finite factor: want one above 0", float64(s.Speed))
	}
	if c := s.Cost; c != nil {
		switch {
		case c.WattsIdle > 0 && c.WattsBusy == 0:
			return fault("cost.watts_busy", "is missing beside watts_idle, so that no energy is known")
		case c.WattsBusy > 0 && c.WattsBusy < c.WattsIdle:
			return fault("cost.watts_busy", "%v is less than watts_idle, %v", c.WattsBusy, c.WattsIdle)
		}
	}
	if s.Health != nil {
		if err := s.Health.check(); err != nil {
			return fault("health", "%v", err)
		}
	}
	if s.Degrade != nil {
		if err := s.Degrade.check(s); err != nil {
			return fault("degrade", "%v", err)
		}
	}
	if s.LostWork == "resume" && s.Batches() {
		return fault("lost_work", "resume is for nodes that do not batch, a batch has no checkpoints: want report or retry")
	}
	if s.Routing != nil {
		if err := s.Routing.check(); err != nil {
			return fault("routing", "%v", err)
		}
	}
	if s.Continuous != nil && s.Images != nil {
		return fault("image_batching", "a pool has one kind of batches, and has continuous_batching")
	}
	if s.Continuous != nil {
		m := s.Continuous.model(s.SlotsPerNode, s.pace())
		if err := m.Check(); err != nil {
			return fault("continuous_batching", "%v", err)
		}
		if s.Continuous.MaxBatch > s.SlotsPerNode {
			return fault("continuous_batching", "max_batch is %d, it must be at most slots_per_node, %d", s.Continuous.MaxBatch, s.SlotsPerNode)
		}
		if m.MaxTokens <= s.SlotsPerNode {
			return fault("continuous_batching", "max_tokens is %d, it must be more than slots_per_node, %d: else a full batch leaves no room for a prompt", m.MaxTokens, s.SlotsPerNode)
		}
	}
	if s.Images != nil {
		m := s.Images.model(s.SlotsPerNode, s.pace())
		if err := m.Check(); err != nil {
			return fault("image_batching", "%v", err)
		}
		if s.Images.MaxBatch > s.SlotsPerNode {
			return fault("image_batching", "max_batch is %d, it must be at most slots_per_node, %d", s.Images.MaxBatch, s.SlotsPerNode)
		}
	}
	room := float64(maxServers)
	count := func(field string, nodes unit.Count) error {
		if !(nodes >= 0) {
			return fault(field, "%v is no number of nodes: want 0 or more", float64(nodes))
		}
		if room -= float64(float64(nodes) * float64(s.SlotsPerNode)); room < 0 {
			return fault(field, "makes the pool too large: want at most %d servers in all", maxServers)
		}
		return nil
	}
	if err := count("nodes", s.Nodes); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, l := range s.Lots {
		if names[l.Name] {
			return fault("lots."+l.Name, "there are 2 lots of this name")
		}
		names[l.Name] = true
		if err := count("lots."+l.Name+".nodes", l.Nodes); err != nil {
			return err
		}
	}
	return nil
}
