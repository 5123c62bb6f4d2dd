// Package fleet moves GPUs between those who want them: an autoscaler rents nodes as the
// load grows and gives them back, training lends part of what it holds, and money that
// was raised buys or rents more. Its controllers look at pools as an operator's monitoring
// does, from time to time, and change how many nodes a pool has; what nodes do is the
// pool's.
//
// Servers, not nodes, are counted: at a reduced scale a node is smaller.
package fleet

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A Spec is how GPUs come and go over all pools.
type Spec struct {
	Autoscaling []AutoscalerSpec `yaml:"autoscaling" doc:"Who adds nodes to pools as load grows, and gives them back."`
	Training    []TrainingSpec   `yaml:"training" doc:"Training and research that hold GPUs and can lend them."`
	Funds       []FundSpec       `yaml:"funds" doc:"Money that is raised, for purchases."`
	Purchases   []PurchaseSpec   `yaml:"purchases" doc:"Nodes that are bought or rented as far as the funds go, in the order in which they stand."`
	SpillOver   []SpillSpec      `yaml:"spill_over" doc:"Pools whose attempts go to others when they are full."`

	scale float64 // of the run; 0: it is 1
}

// ScaleBy notes the scale of the run. Numbers of nodes and of USD stay those of the
// full-scale world: rounded at the scale of the run they would be too coarse.
func (s *Spec) ScaleBy(f float64) { s.scale = f }

func (s *Spec) factor() float64 {
	if s.scale == 0 {
		return 1
	}
	return s.scale
}

// A SpillSpec sends attempts to another pool, of another region or kind of GPU.
type SpillSpec struct {
	Pool  string        `yaml:"pool" required:"true" ref:"pools" doc:"The pool that is full."`
	To    []string      `yaml:"to" required:"true" ref:"pools" doc:"Pools that help, the first before the next. They serve the work as their own: at their speed."`
	Above unit.Duration `yaml:"above" default:"0s" min:"0s" doc:"An attempt that would wait longer than this goes to the first of them in which it would not; 0 is one that would have to wait. Waits are the work of those who wait over the servers that are up."`
}

// Servers is what the fleet can do to a pool.
type Servers interface {
	Order(now sim.Time, group string, servers int, at, over sim.Time) // see gpu.Pool.Order
	HasOf(group string) int
	Has() int
	Capacity() int
}

// A Pool is a pool as the fleet knows it.
type Pool struct {
	Name    string
	Servers Servers
	Node    int                                        // servers of a node, at the scale of the run
	Slots   int                                        // servers of a node at full scale
	GPUs    float64                                    // that a server is worth
	Mean    func(now sim.Time) (busy, waiting float64) // attempts, on average since it was last asked
}

// servers is those of a number of full-scale nodes of a pool, at the scale of the run.
func (f *Fleet) servers(pool int, nodes unit.Count) int {
	return int(math.Floor(float64(float64(nodes)*float64(f.env.Pools[pool].Slots)*f.spec.factor()) + 0.5))
}

// up is the least number of servers that make whole nodes and are at least so many.
func (p *Pool) up(servers float64) int {
	n := int(servers) / p.Node
	for float64(n*p.Node) < servers {
		n++
	}
	return n * p.Node
}

// A Recorder is told what becomes of GPUs outside the pools, and of money.
type Recorder interface {
	Training(now sim.Time, i int, w Work)
	TrainingLost(i, servers int, each sim.Time) // of servers
}

// Work is what the servers of a training job do.
type Work struct{ Useful, Restarting, Moving, Lent int }

// Money is what has become of the funds, in USD.
type Money struct{ Raised, Bought, Rented float64 }

// Env is what a fleet lives in.
type Env struct {
	Seed, Replication uint64
	Origin            sim.Time // kernel time of the scenario's time 0
	Pools             []Pool
	Recorder          Recorder
}

// A Fleet is the controllers of a run.
type Fleet struct {
	k      *sim.Kernel
	id     sim.ActorID
	env    Env
	spec   Spec
	scale  []autoscaler
	jobs   []job
	chest  treasury
	source rng.Source
}

// The kinds of the fleet's events.
const (
	look    uint8 = iota // Arg: autoscaler
	arrive               // Arg: autoscaler
	jobTurn              // Arg: job
	fund                 // Arg: of the funds
	buy                  // Arg: purchase
	rent                 // Arg: purchase, of which a rent begins
	empty
)

// New builds a fleet in k. Its specs must be sound: see Check.
func New(k *sim.Kernel, spec Spec, env Env) (*Fleet, error) {
	f := &Fleet{k: k, env: env, spec: spec}
	if err := spec.Check(); err != nil {
		return nil, err
	}
	if err := f.fits(&spec); err != nil {
		return nil, err
	}
	f.id = k.Register("fleet", f)
	return f, f.set(k.Now(), spec)
}

// set takes over a Spec that is sound.
func (f *Fleet) set(now sim.Time, spec Spec) error {
	f.spec = spec
	if err := f.setAutoscaling(now); err != nil {
		return err
	}
	if err := f.setTraining(now); err != nil {
		return err
	}
	return f.setMoney(now)
}

// Check reports what is wrong with a Spec; the error names the field.
func (s *Spec) Check() error {
	for i := range s.Autoscaling {
		if err := s.Autoscaling[i].check(); err != nil {
			return fmt.Errorf("autoscaling.%s.%w", s.Autoscaling[i].Name, err)
		}
		for _, t := range s.Autoscaling[:i] {
			if t.Pool == s.Autoscaling[i].Pool {
				return fmt.Errorf("autoscaling.%s.pool: has an autoscaler already: want another pool", s.Autoscaling[i].Name)
			}
		}
	}
	for i := range s.Training {
		if err := s.Training[i].check(); err != nil {
			return fmt.Errorf("training.%s.%w", s.Training[i].Name, err)
		}
	}
	for i := range s.Purchases {
		if err := s.Purchases[i].check(); err != nil {
			return fmt.Errorf("purchases.%s.%w", s.Purchases[i].Name, err)
		}
	}
	for i, x := range s.SpillOver {
		for _, y := range s.SpillOver[:i] {
			if x.Pool == y.Pool {
				return fmt.Errorf("spill_over[%d].pool: spills over already: want another pool, or more pools in one list", i)
			}
		}
		for _, to := range x.To {
			if to == x.Pool {
				return fmt.Errorf("spill_over[%d].to: is the pool itself: want others", i)
			}
		}
	}
	return nil
}

// Takes reports why Reconfigure would refuse a Spec at a moment, which may lie ahead.
func (f *Fleet) Takes(now sim.Time, spec Spec) error {
	if err := spec.Check(); err != nil {
		return err
	}
	if err := f.fits(&spec); err != nil {
		return err
	}
	if err := f.takesAutoscaling(&spec); err != nil {
		return err
	}
	if err := f.takesTraining(&spec); err != nil {
		return err
	}
	return f.takesMoney(now, &spec)
}

// maxServers bounds what one of the fleet's may bring to a pool, as gpu bounds the pool.
const maxServers = 1 << 24

// fits refuses more servers than a pool can ever hold.
func (f *Fleet) fits(spec *Spec) error {
	check := func(path, pool string, nodes unit.Count) error {
		p := f.pool(pool)
		if n := float64(float64(nodes)*float64(f.env.Pools[p].Slots)) * spec.factor(); n > maxServers {
			return fmt.Errorf("%s: makes %.3g servers of pool %s: want at most %d", path, n, pool, maxServers)
		}
		return nil
	}
	for _, s := range spec.Autoscaling {
		if err := check("autoscaling."+s.Name+".max_nodes", s.Pool, s.MostNode); err != nil {
			return err
		}
	}
	for _, s := range spec.Training {
		if err := check("training."+s.Name+".nodes", s.Pool, s.Nodes); err != nil {
			return err
		}
	}
	for _, s := range spec.Purchases {
		if err := check("purchases."+s.Name+".nodes", s.Pool, s.Nodes); err != nil {
			return err
		}
	}
	return nil
}

// Reconfigure changes the fleet while it works: what an autoscaler goes by, from its next
// look; how much training lends, at once; funds and purchases whose time has not come.
// What is there cannot come or go, save funds and purchases that lie ahead.
func (f *Fleet) Reconfigure(now sim.Time, spec Spec) error {
	if err := f.Takes(now, spec); err != nil {
		return err
	}
	return f.set(now, spec)
}

// Changed is to be called when the servers of a pool have changed: some that were asked
// back may have finished their work.
func (f *Fleet) Changed(now sim.Time, pool int) {
	for i := range f.jobs {
		if f.jobs[i].pool == pool {
			f.jobs[i].drained(now)
		}
	}
}

// Handle takes an event from the kernel.
func (f *Fleet) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case look:
		f.scale[ev.Arg].look(now)
	case arrive:
		f.scale[ev.Arg].arrive(now)
	case jobTurn:
		f.jobs[ev.Arg].turn(now)
	case fund:
		f.chest.fund(now, int(ev.Arg))
	case buy:
		f.chest.buy(now, int(ev.Arg))
	case rent:
		f.chest.begin(now, int(ev.Arg))
	case empty:
		f.chest.empty(now)
	}
}

// Describe says in words what an event is, for the trace.
func (f *Fleet) Describe(ev sim.Event) string {
	switch ev.Kind {
	case look:
		return "autoscaler " + f.spec.Autoscaling[ev.Arg].Name + " looks"
	case arrive:
		return "nodes of autoscaler " + f.spec.Autoscaling[ev.Arg].Name + " are there"
	case jobTurn:
		return "training " + f.spec.Training[ev.Arg].Name + " goes on, or has handed nodes over"
	case fund:
		return "money is raised: " + f.spec.Funds[ev.Arg].Name
	case buy:
		return "purchase " + f.spec.Purchases[ev.Arg].Name
	case rent:
		return "the rent of " + f.spec.Purchases[ev.Arg].Name + " begins"
	}
	return "the funds are used up"
}

func (f *Fleet) event(kind uint8, arg int) sim.Event {
	return sim.Event{Actor: f.id, Kind: kind, Priority: models.PriorityCapacity, Arg: uint32(arg)}
}

func (f *Fleet) pool(name string) int {
	for i := range f.env.Pools {
		if f.env.Pools[i].Name == name {
			return i
		}
	}
	panic("fleet: no pool " + name)
}

// draw is a time from a law, by the name and ordinal of what it is for.
func (f *Fleet) draw(law rng.Dist, name string, n uint64) sim.Time {
	if law == nil {
		return 0
	}
	f.source = rng.StreamKey(f.env.Seed, f.env.Replication, "fleet/"+name).Child(n).Draw(purposeTime)
	return max(0, sim.FromSeconds(law.Sample(&f.source)))
}

var purposeTime = rng.Purpose("fleet/time")

// lawOf builds a law of times; none is nil, no time at all.
func lawOf(field string, d unit.Dist) (rng.Dist, error) {
	if d.IsZero() {
		return nil, nil
	}
	law, err := d.Build()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return law, nil
}
