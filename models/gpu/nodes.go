package gpu

import (
	"cmp"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A group is the nodes that come and go together: the pool's own, and each lot.
// A node is known by its group and its ordinal there, so that its luck does not
// depend on which other groups there are, or when they came.
type group struct {
	name    string
	servers int  // that the spec gives it
	arrived bool // a lot is not, until it is
	arrival sim.Time
	ordered sim.Time // what arrival was computed from
	timer   sim.Timer
	nodes   []int32 // the pool's numbers of its nodes, by ordinal
	luck    rng.Key // parent of its nodes' failures
	rank    rng.Key // parent of its nodes' places in the order of going out of service
}

// A node is a place for as many servers as a node has slots.
type node struct {
	luck    rng.Key
	draws   uint64 // times drawn from luck so far
	rank    uint64 // nodes go out of service in ascending order of it
	timer   sim.Timer
	group   int32
	ordinal int32
	failed  bool
	out     bool // of service

	restarting bool // after failed health checks
	watched    bool // a health check is scheduled
	missed     int  // health checks in a row
	restarts   uint64
}

// What is drawn from the keys of a node.
var (
	purposeTurn = rng.Purpose("gpu/turn")
	purposeRank = rng.Purpose("gpu/rank")
)

func (p *Pool) newGroup(name string) group {
	path := func(stream string) string {
		if name == "" {
			return "gpu/" + p.name + "/" + stream
		}
		return "gpu/" + p.name + "/" + stream + "/" + name
	}
	return group{
		name: name,
		luck: rng.StreamKey(p.seed, p.replication, path("failures")),
		rank: rng.StreamKey(p.seed, p.replication, path("out-of-service")),
	}
}

// present is the number of servers that the group has in the pool now.
func (g *group) present() int {
	if !g.arrived {
		return 0
	}
	return g.servers
}

// settle brings nodes and servers in line with what the pool should be: after
// it, p.lost holds the attempts that the change took down.
func (p *Pool) settle(now sim.Time) {
	for g := range p.groups {
		for len(p.groups[g].nodes)*p.slots < p.groups[g].present() {
			p.addNode(now, int32(g))
		}
	}
	p.chooseOut()
	// Downwards, so that the lowest of the servers that open is the next to be taken.
	for n := len(p.nodes) - 1; n >= 0; n-- {
		p.settleNode(int32(n))
	}
	p.watch(now)
}

// addNode makes room for one more node of group g, and starts its luck.
func (p *Pool) addNode(now sim.Time, g int32) {
	group := &p.groups[g]
	ordinal := len(group.nodes)
	rank := group.rank.Child(uint64(ordinal)).Draw(purposeRank)
	n := int32(len(p.nodes))
	p.nodes = append(p.nodes, node{
		luck:    group.luck.Child(uint64(ordinal)),
		rank:    rank.Uint64(),
		group:   g,
		ordinal: int32(ordinal),
	})
	group.nodes = append(group.nodes, n)
	for range p.slots {
		p.servers = append(p.servers, server{slot: models.None, closed: true})
	}
	if p.batches != nil {
		p.batches.grow()
	}
	if p.routes != nil {
		p.routes.grow()
	}
	p.arm(now, n)
}

// settleNode opens and closes the servers of node n as its state says.
func (p *Pool) settleNode(n int32) {
	nd := &p.nodes[n]
	down := nd.failed || nd.out || nd.restarting
	first := int(nd.ordinal) * p.slots
	present := p.groups[nd.group].present()
	for i := p.slots - 1; i >= 0; i-- {
		at := n*int32(p.slots) + int32(i)
		s := &p.servers[at]
		if s.slot != models.None && down {
			p.lost = append(p.lost, loss{s.slot, at})
			s.slot = models.None
			s.closed = true
			p.busy--
			if p.routes != nil {
				p.routes.serves(n, -1)
			}
			continue
		}
		closed := down || first+i >= present || i >= p.Places()
		if s.slot == models.None && closed != s.closed {
			if closed {
				p.idle--
				p.shut(at)
			} else {
				p.idle++
				p.push(at)
			}
		}
		s.closed = closed
	}
	if down && p.batches != nil {
		p.batches.clear(n)
	}
	if p.routes != nil {
		p.routes.settle(n)
	}
}

// shut takes server n, which closes, out of those of its node that are idle.
func (p *Pool) shut(n int32) {
	switch node := n / int32(p.slots); {
	case p.batches != nil:
		p.batches.close(n)
	case p.routes != nil:
		idle := p.routes.nodes[node].idle
		at := slices.Index(idle, n)
		p.routes.nodes[node].idle = slices.Delete(idle, at, at+1)
	}
}

// chooseOut puts the share of the pool's nodes out of service that the spec
// asks for: round(share x nodes), those of lowest rank. A node's rank never
// changes, so a greater share takes the same nodes and more.
func (p *Pool) chooseOut() {
	p.ranked = p.ranked[:0]
	for n := range p.nodes {
		nd := &p.nodes[n]
		nd.out = false
		if int(nd.ordinal)*p.slots < p.groups[nd.group].present() {
			p.ranked = append(p.ranked, int32(n))
		}
	}
	out := int(math.Floor(float64(p.outOfService*float64(len(p.ranked))) + 0.5))
	if out == 0 {
		return
	}
	slices.SortFunc(p.ranked, func(a, b int32) int {
		return cmp.Or(cmp.Compare(p.nodes[a].rank, p.nodes[b].rank), cmp.Compare(a, b))
	})
	for _, n := range p.ranked[:out] {
		p.nodes[n].out = true
	}
}
