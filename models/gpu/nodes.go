package gpu

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"sort"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A group is the nodes that come and go together: the pool's own, and each lot.
// A node is known by its group and its ordinal there, so that its luck does not
// depend on which other groups there are, or when they came.
type group struct {
	name    string
	wanted  int  // servers that it is to have
	servers int  // of these, those that have come
	arrived bool // a lot is not, until its first node is
	arrival sim.Time
	over    sim.Time // within which the nodes of a lot come after arrival; 0: all at once
	ordered sim.Time // what arrival was computed from
	placed  bool     // by Order, not by the Spec
	timer   sim.Timer
	nodes   []int32   // the pool's numbers of its nodes, by ordinal
	luck    rng.Key   // parent of its nodes' failures
	hangers [][]int32 // what its nodes hang on, by Pool.outages
	rank    rng.Key   // parent of its nodes' places in the order of going out of service
}

// A node is a place for as many servers as a node has slots.
type node struct {
	luck    rng.Key
	draws   uint64 // times drawn from luck so far
	rank    uint64 // nodes go out of service in ascending order of it
	timer   sim.Timer
	group   int32
	ordinal int32
	why     cause   // it takes no work
	down    int     // servers of it that are counted in Pool.down
	first   cause   // under which they are
	speed   float64 // of its own, by which that of the pool is multiplied

	outages int // of what it hangs on, that last

	warm   bool // its model is loaded
	loads  uint64
	loaded sim.Timer

	deploy  int32 // that has it in hand, from 1; 0: none
	badRank int32 // among those that it leaves behind
	bad     bool  // it does not come back from it by itself
	deploys uint64
	turn    sim.Timer // of the deploy

	watched  bool // a health check is scheduled
	missed   int  // health checks in a row
	restarts uint64
}

// A cause is why a node takes no work; several may hold at a time. In all but draining
// what it holds is lost. The first ones are models.DownCauses.
type cause uint8

const (
	failed     cause = 1 << iota // it is in repair
	outage                       // what it hangs on is down
	out                          // of service
	updating                     // a deploy
	restarting                   // after failed health checks
	loading                      // its model
	draining                     // it finishes what it holds
)

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

// deliver takes in what has come of group g by now, and waits for the next of its nodes.
func (p *Pool) deliver(now sim.Time, g int) {
	group := &p.groups[g]
	p.k.Cancel(group.timer)
	group.timer = 0
	whole := (group.wanted + p.slots - 1) / p.slots
	due := func(node int) sim.Time { // from 1
		if group.over == 0 {
			return group.arrival
		}
		return sim.After(group.arrival, sim.Time(float64(float64(group.over)*(float64(node)/float64(whole)))+0.5))
	}
	come := sort.Search(whole, func(i int) bool { return due(i+1) > now })
	group.arrived = group.arrived || group.arrival <= now
	come = min(max(come, (group.present()+p.slots-1)/p.slots), whole) // what is there stays
	group.servers = min(group.wanted, come*p.slots)
	next := group.arrival
	if come < whole {
		next = due(come + 1)
	}
	if next > now {
		group.timer = p.k.Timer(next, p.event(lotComes, int32(g)))
	}
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
		p.settleNode(now, int32(n))
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
	p.setSpeed(n)
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
	p.hang(now, n)
}

// settleNode opens and closes the servers of node n as its state says.
func (p *Pool) settleNode(now sim.Time, n int32) {
	p.warmUp(now, n)
	nd := &p.nodes[n]
	down := nd.why&^draining != 0
	first := int(nd.ordinal) * p.slots
	present := p.groups[nd.group].present()
	for i := p.slots - 1; i >= 0; i-- {
		at := n*int32(p.slots) + int32(i)
		s := &p.servers[at]
		if s.slot != models.None && down {
			p.lost = append(p.lost, loss{s.slot, at, s.until})
			s.slot = models.None
			s.closed = true
			p.busy--
			if p.routes != nil {
				p.routes.serves(n, -1)
			}
			continue
		}
		closed := nd.why != 0 || first+i >= present || i >= p.Places()
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
	p.count(n)
	p.goOn(now, n)
	if down && p.batches != nil {
		p.batches.clear(n)
	}
	if p.routes != nil {
		p.routes.settle(n)
	}
}

// count takes note of what servers of node n are down, and of those that the pool has:
// those that belong to it and those that still work for it.
func (p *Pool) count(n int32) {
	nd := &p.nodes[n]
	p.down[index(nd.first)] -= nd.down
	nd.down, nd.first = 0, nd.why&-nd.why
	there := p.serversOf(n)
	if nd.why&^draining != 0 {
		nd.down = there
	}
	p.down[index(nd.first)] += nd.down
	for i := range p.slots {
		s := &p.servers[int(n)*p.slots+i]
		if has := i < there || s.slot != models.None; has != s.ours {
			s.ours = has
			if has {
				p.has++
			} else {
				p.has--
			}
		}
	}
}

// index is the place of a cause among models.DownCauses; that of none, and of draining, is behind them.
func index(c cause) int { return min(bits.TrailingZeros8(uint8(c)), models.NumDownCauses) }

// holds reports whether node n works on an attempt.
func (p *Pool) holds(n int32) bool {
	for _, s := range p.servers[int(n)*p.slots : (int(n)+1)*p.slots] {
		if s.slot != models.None {
			return true
		}
	}
	return false
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
		nd.why &^= out
		if int(nd.ordinal)*p.slots < p.groups[nd.group].present() {
			p.ranked = append(p.ranked, int32(n))
		}
	}
	most := int(math.Floor(float64(p.outOfService*float64(len(p.ranked))) + 0.5))
	if most == 0 {
		return
	}
	slices.SortFunc(p.ranked, func(a, b int32) int {
		return cmp.Or(cmp.Compare(p.nodes[a].rank, p.nodes[b].rank), cmp.Compare(a, b))
	})
	for _, n := range p.ranked[:most] {
		p.nodes[n].why |= out
	}
}
