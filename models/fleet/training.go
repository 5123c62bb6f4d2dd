package fleet

import (
	"fmt"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A TrainingSpec is a job of training or research: synchronous work on all its nodes,
// which goes back to its last checkpoint whenever nodes leave it or join it.
type TrainingSpec struct {
	Name       string        `yaml:"name" required:"true" doc:"Name of the job."`
	Pool       string        `yaml:"pool" required:"true" ref:"pools" doc:"The pool that it lends to; its nodes are of that kind."`
	Nodes      unit.Count    `yaml:"nodes" required:"true" min:"0" doc:"Nodes that it has, those included that it lends."`
	Lend       unit.Count    `yaml:"lend" default:"0" min:"0" doc:"Nodes that it lends: a lever. More leave it at once and are there after hand_over; fewer are asked back, finish what they hold, and join it again after hand_back."`
	HandOver   unit.Dist     `yaml:"hand_over" doc:"Law of the time from the order until lent nodes are the pool's: the job is stopped, nodes are wiped and set up. Their model is loaded after that (start_up)."`
	HandBack   unit.Dist     `yaml:"hand_back" doc:"Law of the time from when the last of those that were asked back is empty until they are the job's."`
	Checkpoint unit.Duration `yaml:"checkpoint" default:"30m" min:"1s" doc:"Time between two checkpoints. Whenever nodes leave or join, all nodes of the job have worked in vain since the last one."`
	Restart    unit.Duration `yaml:"restart" default:"10m" min:"0s" doc:"Time after that in which no node of the job does useful work."`
}

func (s *TrainingSpec) check() error {
	if _, err := lawOf("hand_over", s.HandOver); err != nil {
		return err
	}
	if _, err := lawOf("hand_back", s.HandBack); err != nil {
		return err
	}
	if s.Lend > s.Nodes {
		return fmt.Errorf("lend: is %v, and the job has %v nodes: want no more", float64(s.Lend), float64(s.Nodes))
	}
	return nil
}

// A job is a training job. Each of its servers is in the job, under way to the pool,
// lent (the pool's, be it draining), or under way back.
type job struct {
	f        *Fleet
	i        int
	pool     int
	over     rng.Dist
	back     rng.Dist
	target   int // servers that it is to lend
	here     int // in the job
	leaving  int // under way to the pool
	leaves   sim.Time
	lent     int // that the pool is to have
	called   int // that were asked back and are not the job's yet
	joins    sim.Time
	since    sim.Time // since when the job runs; later than now: it restarts
	moves    uint64
	reported Work
}

func (f *Fleet) takesTraining(spec *Spec) error {
	if len(spec.Training) != len(f.jobs) {
		return fmt.Errorf("training: cannot come or go while the run goes on")
	}
	for i := range f.jobs {
		switch old, s := &f.spec.Training[i], &spec.Training[i]; {
		case s.Name != old.Name:
			return fmt.Errorf("training.%s.name: cannot change while the run goes on", old.Name)
		case s.Pool != old.Pool:
			return fmt.Errorf("training.%s.pool: cannot change while the run goes on", old.Name)
		case s.Nodes != old.Nodes:
			return fmt.Errorf("training.%s.nodes: cannot change while the run goes on: want another number to lend", old.Name)
		}
	}
	return nil
}

func (f *Fleet) setTraining(now sim.Time) error {
	first := f.jobs == nil
	if first {
		f.jobs = make([]job, len(f.spec.Training))
	}
	for i := range f.jobs {
		s, j := &f.spec.Training[i], &f.jobs[i]
		var err error
		if j.over, err = lawOf("hand_over", s.HandOver); err != nil {
			return err
		}
		if j.back, err = lawOf("hand_back", s.HandBack); err != nil {
			return err
		}
		if first {
			j.f, j.i, j.pool, j.since = f, i, f.pool(s.Pool), now
			j.leaves, j.joins = sim.Never, sim.Never
			total := f.servers(j.pool, s.Nodes)
			// What it lends from the start is lent already.
			j.target = min(f.servers(j.pool, s.Lend), total)
			j.lent, j.here = j.target, total-j.target
			if j.lent > 0 {
				j.order(now)
			}
			j.report(now)
			continue
		}
		j.target = min(f.servers(j.pool, s.Lend), j.here+j.leaving+j.lent+j.called)
		j.lend(now)
	}
	return nil
}

func (j *job) spec() *TrainingSpec { return &j.f.spec.Training[j.i] }

func (j *job) group() string { return "training/" + j.spec().Name }

func (j *job) order(now sim.Time) {
	j.f.env.Pools[j.pool].Servers.Order(now, j.group(), j.lent, now, 0)
}

// draining is the servers that were asked back and still finish their work.
func (j *job) draining() int { return j.f.env.Pools[j.pool].Servers.HasOf(j.group()) - j.lent }

// lend brings what is lent towards the target. What is under way to the pool arrives
// first.
func (j *job) lend(now sim.Time) {
	switch more := j.target - j.lent - j.leaving; {
	case more > 0 && j.leaving == 0 && j.here > 0:
		more = min(more, j.here)
		j.interrupt(now)
		j.here -= more
		j.leaving = more
		j.leaves = sim.After(now, j.f.draw(j.over, j.group(), j.moves))
		j.moves++
		j.f.k.At(j.leaves, j.f.event(jobTurn, j.i))
	case more < 0 && j.lent > 0:
		n := min(-more, j.lent)
		j.called += n
		j.lent -= n
		j.joins = sim.Never // with those who are called now
		j.order(now)
		j.drained(now)
	}
	j.report(now)
}

// interrupt takes the job back to its last checkpoint.
func (j *job) interrupt(now sim.Time) {
	if ran := now - j.since; ran > 0 {
		lost := ran % sim.Time(j.spec().Checkpoint)
		j.f.env.Recorder.TrainingLost(j.i, j.here, lost)
	}
	j.since = sim.After(now, sim.Time(j.spec().Restart))
	if j.since > now {
		j.f.k.At(j.since, j.f.event(jobTurn, j.i))
	}
}

// drained begins the way back when the last of those that were asked back is empty.
func (j *job) drained(now sim.Time) {
	if j.called > 0 && j.joins == sim.Never && j.draining() == 0 {
		j.joins = sim.After(now, j.f.draw(j.back, j.group(), j.moves))
		j.moves++
		j.f.k.At(j.joins, j.f.event(jobTurn, j.i))
	}
	j.report(now)
}

// turn is when nodes arrive at the pool, or at the job, or the job runs again.
func (j *job) turn(now sim.Time) {
	if j.leaving > 0 && j.leaves <= now {
		j.lent += j.leaving
		j.leaving, j.leaves = 0, sim.Never
		j.order(now)
	}
	if j.called > 0 && j.joins <= now {
		j.interrupt(now)
		j.here += j.called
		j.called, j.joins = 0, sim.Never
	}
	j.lend(now)
}

// report says what the servers do now.
func (j *job) report(now sim.Time) {
	draining := j.draining()
	w := Work{Useful: j.here, Moving: j.leaving + j.called - draining, Lent: j.lent + draining}
	if now < j.since {
		w.Useful, w.Restarting = 0, j.here
	}
	if w != j.reported {
		j.reported = w
		j.f.env.Recorder.Training(now, j.i, w)
	}
}
