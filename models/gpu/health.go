package gpu

import (
	"fmt"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A HealthSpec says how an orchestrator finds nodes that do not answer, and
// restarts them: the liveness probe of Kubernetes, with its names
// periodSeconds, timeoutSeconds and failureThreshold for the first three, and
// its defaults for the first and third.
//
// A check is answered by the workers that serve requests, so that it waits as
// they do. A pool that is merely busy then looks broken: each node is restarted
// in turn, which loses its work and makes the others busier. That is how a crowd
// of retries can keep a service down when what brought it down is mended
// (Bronson et al., Metastable Failures in Distributed Systems, HotOS 2021).
type HealthSpec struct {
	Every    unit.Duration `yaml:"every" default:"10s" min:"1ms" doc:"Time between two checks of a node. Nodes are checked in turn, not together."`
	Timeout  unit.Duration `yaml:"timeout" required:"true" min:"0s" doc:"A check fails that would wait longer than this for a worker: as long as the attempt waited that the pool started last, or not at all while none waits."`
	Failures int           `yaml:"failures" default:"3" min:"1" doc:"Checks in a row that must fail before a node is restarted."`
	Restart  unit.Dist     `yaml:"restart" required:"true" doc:"Law of the time that a restart takes. What ran on the node is lost."`
}

// A Prober is a Host that health checks can be sent through.
type Prober interface {
	// Probe is how long a check would wait for a worker.
	Probe(now sim.Time) sim.Time
}

// check reports what is wrong with a HealthSpec.
func (s *HealthSpec) check() error {
	switch {
	case s.Every <= 0:
		return fmt.Errorf("every is %v, it must be above 0", sim.Time(s.Every))
	case s.Timeout < 0:
		return fmt.Errorf("timeout is %v, it must be at least 0", sim.Time(s.Timeout))
	case s.Failures < 1:
		return fmt.Errorf("failures is %d, it must be at least 1", s.Failures)
	}
	return nil
}

// law builds the law of a restart.
func (s *HealthSpec) law(pool string) (rng.Dist, error) {
	law, err := s.Restart.Build()
	if err != nil {
		return nil, fmt.Errorf("gpu pool %s: health.restart: %w", pool, err)
	}
	if !(law.Mean() > 0) {
		return nil, fmt.Errorf("gpu pool %s: health.restart: a mean of %v s is too short: want more than 0", pool, law.Mean())
	}
	return law, nil
}

// What is drawn from the luck of a node beside its failures.
var purposeRestart = rng.Purpose("gpu/restart")

// watch begins the checks of the nodes that have none yet. The first of a node
// comes at a part of the period that belongs to the node.
func (p *Pool) watch(now sim.Time) {
	if p.health == nil || p.prober == nil {
		return
	}
	for n := range p.nodes {
		nd := &p.nodes[n]
		if !nd.watched {
			nd.watched, nd.missed = true, 0
			first := sim.Time(nd.rank % uint64(p.health.Every))
			p.k.At(sim.After(now, first+1), p.event(nodeCheck, int32(n)))
		}
	}
}

// examine is a check of node n. A node that takes no work, or of which nothing
// is in the pool, is not asked.
func (p *Pool) examine(now sim.Time, n int32) {
	nd := &p.nodes[n]
	if p.health == nil {
		nd.watched = false
		return
	}
	p.k.At(sim.After(now, sim.Time(p.health.Every)), p.event(nodeCheck, n))
	if nd.why != 0 || p.serversOf(n) == 0 || p.prober.Probe(now) <= sim.Time(p.health.Timeout) {
		nd.missed = 0
		return
	}
	if nd.missed++; nd.missed < p.health.Failures {
		return
	}
	nd.missed = 0
	nd.why |= restarting
	p.source = nd.luck.Child(nd.restarts).Draw(purposeRestart)
	nd.restarts++
	p.k.At(sim.After(now, p.seconds(p.restart)), p.event(nodeBack, n))
	before := p.levels()
	p.settleNode(now, n)
	p.tell(now, before)
}

// comeBack ends the restart of node n.
func (p *Pool) comeBack(now sim.Time, n int32) {
	p.nodes[n].why &^= restarting
	before := p.levels()
	p.settleNode(now, n)
	p.tell(now, before)
}

// serversOf is the number of servers of node n that are of the pool.
func (p *Pool) serversOf(n int32) int {
	nd := &p.nodes[n]
	return min(max(p.groups[nd.group].present()-int(nd.ordinal)*p.slots, 0), p.slots)
}
