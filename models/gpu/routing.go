package gpu

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A RoutingSpec gives each node a line of its own, first in, first out: an attempt is
// sent to a node when it comes, and waits there even if another has a free server.
// Without it all nodes are served by the pool's queue.
//
// The load of a node is its attempts, in service and in its line.
type RoutingSpec struct {
	By      string `yaml:"by" required:"true" enum:"random,round-robin,shortest-queue,power-of-choices,session" doc:"random: any node. round-robin: one after the other. shortest-queue: the least loaded of all, of equals any. power-of-choices: the least loaded of a few that are picked at random. session: the node of its user, where the keys and values of his conversation are; of a node that is down the next one; with other nodes most users have another."`
	Choices int    `yaml:"choices" default:"2" min:"1" max:"64" doc:"power-of-choices: how many are picked, with replacement (Mitzenmacher, IEEE TPDS 12(10), 2001)."`
}

// routes is the nodes of a pool whose attempts are routed, with their lines.
type routes struct {
	p       *Pool
	spec    RoutingSpec
	nodes   []routeNode
	up      []int32   // nodes that take attempts
	loads   [][]int32 // of these, by their load
	least   int       // no node has fewer
	turn    int
	ready   []int32 // nodes that may have both room and a line
	slots   []routed
	limbo   routeLine // those whose node went down, or who came when none was up
	waiting int
}

type routeNode struct {
	idle   []int32 // servers, of a pool that does not batch
	line   routeLine
	busy   int
	at     int // its place in up; -1: it takes none
	load   int // its place in loads[load]
	place  int
	marked bool // it is in ready
}

// A routeLine is attempts linked through routes.slots.
type routeLine struct {
	first, last models.Slot
	n           int
}

// A routed is what is known of the attempt in a slot.
type routed struct {
	node       int32 // -1: limbo
	next, prev models.Slot
}

func (p *Pool) route(spec *RoutingSpec) {
	none := routeLine{first: models.None, last: models.None}
	p.routes = &routes{p: p, spec: *spec, limbo: none}
}

func (r *routes) grow() {
	for len(r.nodes) < len(r.p.nodes) {
		r.nodes = append(r.nodes, routeNode{line: routeLine{first: models.None, last: models.None}, at: -1})
	}
}

// settle takes note of whether node n takes attempts.
func (r *routes) settle(n int32) {
	nd := &r.nodes[n]
	up := false
	for i := range r.p.slots {
		up = up || !r.p.servers[int(n)*r.p.slots+i].closed
	}
	switch {
	case up && nd.at < 0:
		nd.at = len(r.up)
		r.up = append(r.up, n)
		r.enlist(n)
	case !up && nd.at >= 0:
		r.delist(n)
		last := r.up[len(r.up)-1]
		r.up[nd.at] = last
		r.nodes[last].at = nd.at
		r.up = r.up[:len(r.up)-1]
		nd.at = -1
		for nd.line.n > 0 {
			slot := nd.line.first
			r.unlink(&nd.line, slot)
			r.push(&r.limbo, slot, -1)
		}
	}
	r.mark(n)
}

func (r *routes) enlist(n int32) {
	nd := &r.nodes[n]
	nd.load = nd.busy + nd.line.n
	for len(r.loads) <= nd.load {
		r.loads = append(r.loads, nil)
	}
	nd.place = len(r.loads[nd.load])
	r.loads[nd.load] = append(r.loads[nd.load], n)
	r.least = min(r.least, nd.load)
}

func (r *routes) delist(n int32) {
	nd := &r.nodes[n]
	l := r.loads[nd.load]
	last := l[len(l)-1]
	l[nd.place] = last
	r.nodes[last].place = nd.place
	r.loads[nd.load] = l[:len(l)-1]
}

// changed puts a node where its load says.
func (r *routes) changed(n int32) {
	if nd := &r.nodes[n]; nd.at >= 0 && nd.load != nd.busy+nd.line.n {
		r.delist(n)
		r.enlist(n)
	}
}

// room reports whether node n could take an attempt now.
func (r *routes) room(n int32) bool {
	if r.p.batches != nil {
		return r.p.batches.nodes[n].open > 0
	}
	return len(r.nodes[n].idle) > 0
}

// mark notes that a node may have room.
func (r *routes) mark(n int32) {
	if nd := &r.nodes[n]; !nd.marked && nd.line.n > 0 {
		nd.marked = true
		r.ready = append(r.ready, n)
	}
}

// choose picks the node of an attempt; some node is up.
func (r *routes) choose(src *rng.Source, session uint64) int32 {
	pick := func(from []int32) int32 { return from[min(int(src.Float64()*float64(len(from))), len(from)-1)] }
	switch r.spec.By {
	case "round-robin":
		r.turn = (r.turn + 1) % len(r.up)
		return r.up[r.turn]
	case "shortest-queue":
		for len(r.loads[r.least]) == 0 {
			r.least++
		}
		return pick(r.loads[r.least])
	case "power-of-choices":
		best := pick(r.up)
		for range r.spec.Choices - 1 {
			if n := pick(r.up); r.nodes[n].load < r.nodes[best].load {
				best = n
			}
		}
		return best
	case "session":
		n := int(session % uint64(len(r.nodes)))
		for r.nodes[n].at < 0 {
			n = (n + 1) % len(r.nodes)
		}
		return int32(n)
	}
	return pick(r.up)
}

// Route sends the attempt in slot, which is in no line, to a node, and reports whether
// it can start there at once. Otherwise it is in the node's line. What is drawn is
// drawn from src; session tells users apart.
func (p *Pool) Route(slot models.Slot, src *rng.Source, session uint64) (starts bool) {
	r := p.routes
	for int(slot) >= len(r.slots) {
		r.slots = append(r.slots, routed{})
	}
	if len(r.up) == 0 {
		r.push(&r.limbo, slot, -1)
		r.waiting++
		return false
	}
	n := r.choose(src, session)
	if nd := &r.nodes[n]; nd.line.n > 0 || !r.room(n) {
		r.push(&nd.line, slot, n)
		r.waiting++
		r.changed(n)
		return false
	}
	r.slots[slot].node = n
	return true
}

// Next takes the attempt out of its line whose turn it is at a node that has room;
// ok is false where there is none.
func (p *Pool) Next() (slot models.Slot, ok bool) {
	r := p.routes
	for len(r.ready) > 0 {
		n := r.ready[0]
		nd := &r.nodes[n]
		if nd.line.n > 0 && nd.at >= 0 && r.room(n) {
			slot := nd.line.first
			r.unlink(&nd.line, slot)
			r.waiting--
			r.changed(n)
			return slot, true
		}
		nd.marked = false
		r.ready = append(r.ready[:0], r.ready[1:]...)
	}
	return models.None, false
}

// Astray is the number of attempts that have lost their node and may have another; Stray
// takes the first of them out of its line, to be routed anew.
func (p *Pool) Astray() int {
	if p.routes == nil || len(p.routes.up) == 0 {
		return 0
	}
	return p.routes.limbo.n
}

// Stray is described at Astray.
func (p *Pool) Stray() models.Slot {
	r := p.routes
	slot := r.limbo.first
	r.unlink(&r.limbo, slot)
	r.waiting--
	return slot
}

// Leave takes an attempt out of the line in which it waits.
func (p *Pool) Leave(slot models.Slot) {
	r := p.routes
	r.waiting--
	n := r.slots[slot].node
	if n < 0 {
		r.unlink(&r.limbo, slot)
		return
	}
	r.unlink(&r.nodes[n].line, slot)
	r.changed(n)
}

// InLine is the number of attempts that wait in the lines of nodes.
func (p *Pool) InLine() int {
	if p.routes == nil {
		return 0
	}
	return p.routes.waiting
}

// started counts an attempt that a server of node n takes up, or lets go of.
func (r *routes) serves(n int32, delta int) {
	r.nodes[n].busy += delta
	r.changed(n)
	r.mark(n)
}

func (r *routes) push(l *routeLine, slot models.Slot, n int32) {
	r.slots[slot] = routed{node: n, next: models.None, prev: l.last}
	if l.last != models.None {
		r.slots[l.last].next = slot
	} else {
		l.first = slot
	}
	l.last = slot
	l.n++
}

func (r *routes) unlink(l *routeLine, slot models.Slot) {
	x := &r.slots[slot]
	if x.prev != models.None {
		r.slots[x.prev].next = x.next
	} else {
		l.first = x.next
	}
	if x.next != models.None {
		r.slots[x.next].prev = x.prev
	} else {
		l.last = x.prev
	}
	l.n--
}

// check reports a spec that cannot be; the error names the field.
func (s *RoutingSpec) check() error {
	switch s.By {
	case "random", "round-robin", "shortest-queue", "power-of-choices", "session":
	default:
		return fmt.Errorf("by is %q, it must be random, round-robin, shortest-queue, power-of-choices or session", s.By)
	}
	if s.By != "power-of-choices" && s.Choices != 2 {
		return fmt.Errorf("choices does nothing beside %s: want power-of-choices, or none", s.By)
	}
	if s.Choices < 1 || s.Choices > 64 {
		return fmt.Errorf("choices is %d, it must be 1 to 64", s.Choices)
	}
	return nil
}
