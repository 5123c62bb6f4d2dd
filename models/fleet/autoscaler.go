package fleet

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// An AutoscalerSpec adds nodes to those that a pool has otherwise.
type AutoscalerSpec struct {
	Name     string        `yaml:"name" required:"true" doc:"Name of the autoscaler."`
	Pool     string        `yaml:"pool" required:"true" ref:"pools" doc:"The pool whose nodes it adds to."`
	By       string        `yaml:"by" required:"true" enum:"target-tracking,step,queue-length,predictive" doc:"target-tracking: as many servers as make those in use the target's share of all; that is the rule of Kubernetes' HorizontalPodAutoscaler, ceil(current x metric / target), with nodes that are on their way counted. step: a change by what the load is, of the nodes that there are (EC2 step scaling). queue-length: the servers in use, and a node more for each backlog_per_node attempts that wait (the backlog per instance of EC2 and SQS). predictive: target-tracking of the load that is forecast for ahead (Holt's linear smoothing; International Journal of Forecasting 20, 2004, of 1957), where that is more than the load now."`
	Metric   string        `yaml:"metric" default:"utilisation" enum:"utilisation,in-flight" doc:"What counts as in use, of target-tracking and step. utilisation: servers at work, never more than there are; of nodes that batch, the places that nobody could take, those of a node whose memory is full among them. in-flight: attempts at work and waiting."`
	Target   unit.Share    `yaml:"target" default:"70%" min:"0.01" doc:"target-tracking, predictive: share of the servers that is to be in use."`
	Backlog  unit.Factor   `yaml:"backlog_per_node" default:"1" min:"0.000001" doc:"queue-length: attempts waiting for which a node is added; what a node works off in the time that may be waited."`
	Steps    []Step        `yaml:"steps" doc:"step: what to do from which load on, in ascending order."`
	Ahead    unit.Duration `yaml:"ahead" default:"5m" min:"0s" doc:"predictive: how far ahead: as long as a node takes to come."`
	Level    unit.Share    `yaml:"level" default:"50%" min:"0.001" doc:"predictive: weight of the last look in the level."`
	Trend    unit.Share    `yaml:"trend" default:"20%" doc:"predictive: weight of the last look in the trend."`
	Every    unit.Duration `yaml:"every" default:"15s" min:"100ms" doc:"Time between two looks, over which what is in use is averaged; the default is that of Kubernetes."`
	Tol      unit.Share    `yaml:"tolerance" default:"10%" doc:"target-tracking, predictive: no change while the servers wanted are so near to those that there are; the default is that of Kubernetes."`
	Window   unit.Duration `yaml:"stabilization_window" default:"5m" min:"0s" max:"24h" doc:"Nodes are given back only down to the most that was wanted within this time; the default is that of Kubernetes."`
	CoolOut  unit.Duration `yaml:"cooldown_out" default:"0s" min:"0s" doc:"After nodes were added, none are for this time."`
	CoolIn   unit.Duration `yaml:"cooldown_in" default:"0s" min:"0s" doc:"After any change, none are given back for this time; 5m at EC2."`
	Delay    unit.Dist     `yaml:"delay" doc:"Law of the time until nodes that are asked for are there; their model is loaded after that (start_up)."`
	MostNode unit.Count    `yaml:"max_nodes" required:"true" min:"0" doc:"Nodes that it adds at most."`
}

// A Step is what step scaling does from a load on.
type Step struct {
	From   unit.Factor `yaml:"from" required:"true" min:"0" doc:"Load from which on it holds: what is in use over the servers that are up."`
	Change float64     `yaml:"change" required:"true" min:"-1" max:"100" doc:"Change of the number of nodes, as a share of it: 0.2 adds a fifth, -0.1 gives a tenth back, 0 leaves it."`
}

func (s *AutoscalerSpec) check() error {
	if _, err := lawOf("delay", s.Delay); err != nil {
		return err
	}
	if s.By == "step" && len(s.Steps) == 0 {
		return fmt.Errorf("steps: are missing, and it goes by them: want such as [{from: 0, change: -0.1}, {from: 0.4, change: 0}, {from: 0.8, change: 0.2}]")
	}
	if s.By != "step" && len(s.Steps) > 0 {
		return fmt.Errorf("steps: do nothing by %s: want none, or by: step", s.By)
	}
	for _, k := range []struct {
		key  string
		set  bool // to what is not its default
		does bool
	}{
		{"metric", s.Metric == "in-flight", s.By == "target-tracking" || s.By == "step"},
		{"target", s.Target != 0.7, s.By == "target-tracking" || s.By == "predictive"},
		{"tolerance", s.Tol != 0.1, s.By == "target-tracking" || s.By == "predictive"},
		{"backlog_per_node", s.Backlog != 1, s.By == "queue-length"},
		{"ahead", s.Ahead != unit.Duration(5*sim.Minute), s.By == "predictive"},
		{"level", s.Level != 0.5, s.By == "predictive"},
		{"trend", s.Trend != 0.2, s.By == "predictive"},
	} {
		if k.set && !k.does {
			return fmt.Errorf("%s: does nothing by %s: want none", k.key, s.By)
		}
	}
	for i := 1; i < len(s.Steps); i++ {
		if s.Steps[i].From <= s.Steps[i-1].From {
			return fmt.Errorf("steps[%d].from: is %v, no more than that of the step before: want them in ascending order", i, float64(s.Steps[i].From))
		}
	}
	return nil
}

// An autoscaler is one of the fleet's.
type autoscaler struct {
	f       *Fleet
	i       int
	pool    int
	delay   rng.Dist
	have    int // servers, in the pool
	coming  []delivery
	orders  uint64
	wanted  []wish // within the window, the oldest first
	lastOut sim.Time
	last    sim.Time

	level, trend float64 // of the load, in servers
	seen         bool
}

// A delivery is servers that are on their way.
type delivery struct {
	at      sim.Time
	servers int
}

// A wish is servers that were wanted at a look.
type wish struct {
	at      sim.Time
	servers int
}

func (f *Fleet) takesAutoscaling(spec *Spec) error {
	if len(spec.Autoscaling) != len(f.scale) {
		return fmt.Errorf("autoscaling: cannot come or go while the run goes on: have it with max_nodes of 0")
	}
	for i := range f.scale {
		switch old, s := &f.spec.Autoscaling[i], &spec.Autoscaling[i]; {
		case s.Name != old.Name:
			return fmt.Errorf("autoscaling.%s.name: cannot change while the run goes on", old.Name)
		case s.Pool != old.Pool:
			return fmt.Errorf("autoscaling.%s.pool: cannot change while the run goes on", old.Name)
		}
	}
	return nil
}

func (f *Fleet) setAutoscaling(now sim.Time) error {
	first := f.scale == nil
	if first {
		f.scale = make([]autoscaler, len(f.spec.Autoscaling))
	}
	for i := range f.scale {
		s := &f.spec.Autoscaling[i]
		a := &f.scale[i]
		var err error
		if a.delay, err = lawOf("delay", s.Delay); err != nil {
			return err
		}
		if first {
			a.f, a.i, a.pool = f, i, f.pool(s.Pool)
			a.lastOut, a.last = -sim.Never/2, -sim.Never/2 // long ago
			f.k.At(sim.After(now, sim.Time(s.Every)), f.event(look, i))
		}
	}
	return nil
}

func (a *autoscaler) group() string { return "autoscaling/" + a.f.spec.Autoscaling[a.i].Name }

// look is what happens every so often: it sees what is in use, and asks for more or
// gives back.
func (a *autoscaler) look(now sim.Time) {
	s, p := &a.f.spec.Autoscaling[a.i], &a.f.env.Pools[a.pool]
	a.f.k.At(sim.After(now, sim.Time(s.Every)), a.f.event(look, a.i))
	own := a.have
	for _, d := range a.coming {
		own += d.servers
	}
	others := p.Servers.Has() - p.Servers.HasOf(a.group())
	working, waiting := p.Mean(now)
	want := p.up(a.wants(s, p, working, waiting, others+own)) - others
	most := a.f.servers(a.pool, s.MostNode)
	want = min(max(want, 0), most)
	keep := a.remember(now, want, sim.Time(s.Window))
	switch {
	case own > most: // the bound was lowered: it holds at once
		a.giveBack(now, own-most)
	case want > own && now-a.lastOut >= sim.Time(s.CoolOut):
		a.lastOut, a.last = now, now
		at := sim.After(now, a.f.draw(a.delay, a.group(), a.orders))
		a.orders++
		a.coming = append(a.coming, delivery{at, want - own})
		a.f.k.At(at, a.f.event(arrive, a.i))
	case keep < own && now-a.last >= sim.Time(s.CoolIn):
		a.last = now
		a.giveBack(now, own-keep)
	}
}

// wants is the servers that the load asks for, where there are so many.
func (a *autoscaler) wants(s *AutoscalerSpec, p *Pool, working, waiting float64, have int) float64 {
	used := working
	if s.Metric == "in-flight" {
		used += waiting
	}
	switch s.By {
	case "step":
		load := math.Inf(1)
		if up := p.Servers.Capacity(); up > 0 {
			load = used / float64(up)
		} else if used == 0 {
			load = 0
		}
		change := 0.0
		for _, step := range s.Steps {
			if float64(step.From) <= load {
				change = step.Change
			}
		}
		return float64(have) + float64(whole(float64(change*float64(have))/float64(p.Node))*float64(p.Node))
	case "queue-length":
		return working + float64(waiting/float64(s.Backlog)*float64(p.Slots))
	case "predictive":
		used = max(used, a.forecast(s, working+waiting))
	}
	want := used / float64(s.Target)
	if math.Abs(want-float64(have)) <= float64(s.Tol)*float64(have) {
		return float64(have)
	}
	return want
}

// whole rounds a change of nodes as EC2's step scaling does: towards 0, but to 1 or -1
// where it is less than one (Amazon EC2 Auto Scaling User Guide, "Step and simple scaling
// policies", PercentChangeInCapacity).
func whole(n float64) float64 {
	switch {
	case n > 0 && n < 1:
		return 1
	case n < 0 && n > -1:
		return -1
	}
	return math.Trunc(n)
}

// forecast is the load that Holt's linear smoothing expects.
func (a *autoscaler) forecast(s *AutoscalerSpec, load float64) float64 {
	if !a.seen {
		a.seen, a.level = true, load
		return load
	}
	before := a.level
	a.level = float64(float64(s.Level)*load) + float64((1-float64(s.Level))*(a.level+a.trend))
	a.trend = float64(float64(s.Trend)*(a.level-before)) + float64((1-float64(s.Trend))*a.trend)
	steps := sim.Time(s.Ahead).Seconds() / sim.Time(s.Every).Seconds()
	return a.level + float64(a.trend*steps)
}

// remember notes what is wanted, and returns the most that was within the window.
func (a *autoscaler) remember(now sim.Time, servers int, window sim.Time) int {
	a.wanted = append(a.wanted, wish{now, servers})
	most, from := 0, 0
	for i, w := range a.wanted {
		if w.at <= now-window && i < len(a.wanted)-1 {
			from = i + 1
		} else {
			most = max(most, w.servers)
		}
	}
	a.wanted = append(a.wanted[:0], a.wanted[from:]...)
	return most
}

// arrive takes nodes that were asked for into the pool.
func (a *autoscaler) arrive(now sim.Time) {
	rest := a.coming[:0]
	for _, d := range a.coming {
		if d.at <= now {
			a.have += d.servers
		} else {
			rest = append(rest, d)
		}
	}
	a.coming = rest
	a.order(now)
}

// giveBack cancels what is on its way, the latest first, and then lets nodes go.
func (a *autoscaler) giveBack(now sim.Time, servers int) {
	for i := len(a.coming) - 1; i >= 0 && servers > 0; i-- {
		n := min(servers, a.coming[i].servers)
		a.coming[i].servers -= n
		servers -= n
	}
	if servers > 0 {
		a.have -= servers
		a.order(now)
	}
}

func (a *autoscaler) order(now sim.Time) {
	a.f.env.Pools[a.pool].Servers.Order(now, a.group(), a.have, now, 0)
}
