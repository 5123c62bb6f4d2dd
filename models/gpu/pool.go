package gpu

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A Host owns the attempts that a Pool works on, and the queue before it. When
// it is called the pool is consistent: it may call Start and SetFluid.
type Host interface {
	// Done says that the service of slot ended; its server is free unless it
	// was draining.
	Done(now sim.Time, slot models.Slot, server int32)

	// Lost says that the node of server went down under slot, whose service would have
	// ended at until; that of a batch is not known.
	Lost(now sim.Time, slot models.Slot, server int32, until sim.Time)

	// CapacityChanged says that Capacity, Fluid, Free, Has or Down changed otherwise than by
	// Start and Done: once for each change of nodes, after the Lost of that change.
	CapacityChanged(now sim.Time)
}

// A Pool is the servers of a pool of GPU nodes. Server node*SlotsPerNode + i is
// the i-th of its node; a number once given stays with its server.
//
// Start and the end of a service cost the same whatever the number of nodes.
type Pool struct {
	k                 *sim.Kernel
	id                sim.ActorID
	host              Host
	name              string
	seed, replication uint64
	gpus, slots       int // of a node, as at the start
	speed             float64
	cost              *CostSpec
	degrade           *DegradeSpec // nil: answers are in full

	servers []server
	stack   []int32 // of idle servers, and of some that closed since they were put there
	busy    int     // servers that hold an attempt
	idle    int     // servers that hold none and could take one
	claim   int     // servers that fluid work asks for

	share   *sharing // nil: each server works on one attempt
	batches *batches // nil: nodes do not batch
	routes  *routes  // nil: nodes have no lines of their own

	groups       []group // the first is the pool's own nodes, then its lots
	nodes        []node
	failures     FailureSpec // the zero value: nodes do not fail
	mtbf, repair rng.Dist    // in seconds; nil: nodes do not fail
	outages      []outageKind
	hangers      []hanger
	deploys      []deploy
	startUp      rng.Dist // in seconds; nil: models need no loading
	slow         SlowSpec // the zero value: no node is
	opening      bool     // the pool is being built
	outOfService float64
	health       *HealthSpec // nil: nodes are not checked
	restart      rng.Dist    // in seconds, of a node
	prober       Prober      // the host, where it can answer checks

	source rng.Source // of the draw being made; here because a law takes it by address
	ranked []int32    // scratch of chooseOut
	lost   []loss     // what the change being made took down
	down   [models.NumDownCauses + 1]int
	has    int // servers
}

// A server is 16 bytes, so that a start and an end touch one cache line of it.
type server struct {
	until   sim.Time    // when the service of slot ends
	slot    models.Slot // models.None: idle
	closed  bool        // takes no work: its node is down, or it is no longer of the pool
	stacked bool        // it is on the stack
	ours    bool        // it is of the pool, or works for it still
}

// A loss is an attempt whose server went down under it.
type loss struct {
	slot   models.Slot
	server int32
	until  sim.Time
}

// The kinds of the pool's events.
const (
	departure    uint8 = iota // Arg: server
	nodeTurn                  // Arg: node; it fails, or is repaired
	lotComes                  // Arg: group
	nodeCheck                 // Arg: node
	nodeBack                  // Arg: node
	nodeLoaded                // Arg: node
	hangerTurn                // Arg: hanger; it goes down, or is up again
	deployTurn                // Arg: deploy; it begins, or can go on
	updateTurn                // Arg: node, that a deploy has in hand
	shareEnds                 // somebody who shares the servers is done
	batchChanges              // Arg: node; something changes in its batch
)

// New builds a pool in k, empty. Lots that arrive at or before the kernel's time
// are there from the start. An error names the field that is wrong.
func New(k *sim.Kernel, spec Spec, seed, replication uint64, host Host) (*Pool, error) {
	p := &Pool{k: k, host: host, name: spec.Name, seed: seed, replication: replication,
		gpus: spec.GPUsPerNode, slots: spec.SlotsPerNode, cost: spec.Cost}
	p.prober, _ = host.(Prober)
	p.groups = []group{p.newGroup("")}
	p.groups[0].arrived = true
	if spec.Batches() {
		p.batch(host.(Batcher), &spec)
	}
	if spec.Routing != nil {
		p.route(spec.Routing)
	}
	plan, err := p.plan(k.Now()-1, spec)
	if err != nil {
		return nil, err
	}
	p.id = k.Register("gpu/"+spec.Name, p)
	p.opening = true
	p.apply(k.Now(), plan)
	p.opening = false
	return p, nil
}

// Start gives the attempt in slot to a free server, if there is one. service is
// the time that it takes at full speed, at least 0: it is divided by the pool's
// speed and rounded to nanoseconds, to 1 ns at least unless it is 0. A service of
// 0 ends at this instant, as an event.
//
// The server that was freed last is taken first.
func (p *Pool) Start(now sim.Time, slot models.Slot, service sim.Time) (int32, bool) {
	if p.share != nil {
		return 0, p.shareStart(now, slot, service) // that of all of them
	}
	if p.batches != nil {
		node := p.batches.first()
		if p.routes != nil {
			node = p.routes.slots[slot].node
		}
		if node < 0 {
			return -1, false
		}
		n := p.batches.start(now, slot, node)
		p.servers[n].slot = slot
		p.idle--
		p.busy++
		if p.routes != nil {
			p.routes.serves(node, 1)
		}
		return n, true
	}
	if p.routes != nil {
		node := p.routes.slots[slot].node
		idle := &p.routes.nodes[node].idle
		n := (*idle)[len(*idle)-1]
		*idle = (*idle)[:len(*idle)-1]
		p.occupy(now, n, slot, service)
		p.routes.serves(node, 1)
		return n, true
	}
	if p.idle <= p.claim {
		return -1, false
	}
	// Every server that is counted as idle is on the stack. What else is there
	// closed since; it is dropped once, and put there again if it opens.
	for {
		top := len(p.stack) - 1
		n := p.stack[top]
		p.stack = p.stack[:top]
		s := &p.servers[n]
		s.stacked = false
		if s.closed {
			continue
		}
		p.occupy(now, n, slot, service)
		return n, true
	}
}

// occupy gives the attempt in slot to server n, which is idle.
func (p *Pool) occupy(now sim.Time, n int32, slot models.Slot, service sim.Time) {
	s := &p.servers[n]
	s.slot = slot
	s.until = sim.After(now, p.atNode(n, service))
	p.idle--
	p.busy++
	p.k.At(s.until, sim.Event{Actor: p.id, Kind: departure, Priority: models.PriorityDeparture, Arg: uint32(n)})
}

// Handle takes an event of the pool from the kernel.
func (p *Pool) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case departure:
		p.depart(now, int32(ev.Arg))
	case nodeTurn:
		p.turn(now, int32(ev.Arg))
	case lotComes:
		p.receive(now, int(ev.Arg))
	case nodeCheck:
		p.examine(now, int32(ev.Arg))
	case nodeBack:
		p.comeBack(now, int32(ev.Arg))
	case nodeLoaded:
		p.load(now, int32(ev.Arg))
	case hangerTurn:
		p.strike(now, int32(ev.Arg))
	case deployTurn:
		p.roll(now, int(ev.Arg))
	case updateTurn:
		p.update(now, int32(ev.Arg))
	case shareEnds:
		p.shareDone(now)
	case batchChanges:
		p.batches.change(now, int32(ev.Arg))
	}
}

// depart ends the service of server n, if it is due now.
//
// The end of a lost or displaced attempt stays among the kernel's events: losses are
// rare, displacements belong to few disciplines, and a timer that can be cancelled costs every attempt (measured on a 4-ary heap:
// 4 % more with 200 servers busy, half as much again with 250,000). It is told
// by its time. If the server is idle or due at another time, the event is of a lost
// or displaced attempt and is ignored. If the server is due now, some event of this instant
// has to end what it holds; the first one does. So each attempt ends exactly
// once and exactly at its time; a stale event can do no more than bring an end
// forward among the ends of its own instant.
func (p *Pool) depart(now sim.Time, n int32) {
	s := &p.servers[n]
	if s.slot == models.None || s.until != now {
		return
	}
	p.release(now, n)
}

// release ends what server n holds.
func (p *Pool) release(now sim.Time, n int32) {
	s := &p.servers[n]
	slot := s.slot
	p.vacate(n)
	p.host.Done(now, slot, n)
}

// vacate makes server n idle, unless it is to close.
func (p *Pool) vacate(n int32) {
	s := &p.servers[n]
	s.slot = models.None
	p.busy--
	if !s.closed {
		p.idle++
		p.push(n)
	} else {
		p.count(n / int32(p.slots))
		p.goOn(p.k.Now(), n/int32(p.slots))
	}
	if p.routes != nil {
		p.routes.serves(n/int32(p.slots), -1)
	}
}

// Preempt takes the service off a server, and returns what is left of it at full
// speed. The server is free. It is refused where no attempt could take it: on a
// server that is to close, or where fluid work would have it; and where the service
// ends at this instant.
func (p *Pool) Preempt(now sim.Time, n int32) (left sim.Time, ok bool) {
	s := &p.servers[n]
	if p.batches != nil || s.slot == models.None || s.closed || p.claim > p.idle || s.until <= now {
		return 0, false
	}
	left = s.until - now
	if speed := float64(p.speed * p.nodes[n/int32(p.slots)].speed); speed != 1 && s.until != sim.Never {
		left = sim.Time(math.Min(math.Floor(float64(float64(left)*speed)+0.5), math.MaxInt64/2))
	}
	s.slot = models.None
	p.busy--
	p.idle++
	p.push(n)
	return left, true
}

// EachBusy calls f with every attempt in service and the time at which it ends.
func (p *Pool) EachBusy(f func(slot models.Slot, until sim.Time)) {
	for i := range p.servers {
		if s := &p.servers[i]; s.slot != models.None {
			f(s.slot, s.until)
		}
	}
}

// Cancel takes the attempt in slot off the server that works on it, whose client
// does not want it any more, and returns the service that it has had where servers are
// shared, and whether it was there; one whose node went down at this instant, or which
// ends at it with others of its batch, is not. The server is free unless it was draining. The host
// is not told. The end of the service stays among the kernel's events, as that of
// a lost attempt does (see depart).
func (p *Pool) Cancel(now sim.Time, slot models.Slot, server int32) (had sim.Time, ok bool) {
	if p.share != nil {
		return p.shareCancel(now, slot)
	}
	s := &p.servers[server]
	if s.slot != slot {
		return 0, false
	}
	if p.batches != nil {
		if p.batches.at[server].ended {
			return 0, false // it ends at this instant
		}
		p.batches.remove(now, server)
	}
	p.vacate(server)
	return 0, true
}

// push puts a server on the stack unless it is there.
func (p *Pool) push(n int32) {
	if p.batches != nil {
		p.batches.put(n)
		return
	}
	if p.routes != nil {
		nd := &p.routes.nodes[n/int32(p.slots)]
		nd.idle = append(nd.idle, n)
		return
	}
	if s := &p.servers[n]; !s.stacked {
		s.stacked = true
		p.stack = append(p.stack, n)
	}
}

// Busy is the number of servers that hold an attempt, or are shared by attempts.
func (p *Pool) Busy() int {
	if p.share != nil {
		return min(len(p.share.jobs), p.idle-p.Fluid())
	}
	return p.busy
}

// Working is the number of attempts in service.
func (p *Pool) Working() int {
	if p.share != nil {
		return len(p.share.jobs)
	}
	return p.busy
}

// Capacity is the number of servers that are up and of the pool, and of those
// that have left it but still finish their attempt. Servers that fluid work
// holds are among them.
func (p *Pool) Capacity() int { return p.busy + p.idle }

// Until is when the service of server n ends.
func (p *Pool) Until(n int32) sim.Time { return p.servers[n].until }

// Has is the number of servers that the pool has, up or down, and of those that have
// left it but still finish their attempt.
func (p *Pool) Has() int { return p.has }

// Down is the number of servers whose node is down, by the first of the
// models.DownCauses that hold for it.
func (p *Pool) Down() [models.NumDownCauses]int {
	return [models.NumDownCauses]int(p.down[:models.NumDownCauses])
}

// Degraded is what is left away of answers; nil is nothing.
func (p *Pool) Degraded() *DegradeSpec { return p.degrade }

// Fluid is the number of servers that fluid work holds: its claim, or the
// servers that attempts leave it if they are fewer.
func (p *Pool) Fluid() int { return min(p.claim, p.idle) }

// Free is the number of attempts that the pool could take now.
func (p *Pool) Free() int {
	if p.share != nil {
		return p.shareFree()
	}
	if p.batches != nil {
		return p.batches.free()
	}
	return p.idle - p.Fluid()
}

// SetFluid sets the number of servers that fluid work claims. It takes idle
// servers at once and others as their attempts end, before any attempt gets
// them. The host is told if what fluid work holds changes.
func (p *Pool) SetFluid(now sim.Time, servers int) {
	before := p.levels()
	p.claim = max(servers, 0)
	p.tell(now, before)
}

// levels is what a host must be told of when it changes.
type levels struct {
	busy, idle, fluid, astray, has int
	down                           [models.NumDownCauses + 1]int
}

func (p *Pool) levels() levels {
	return levels{p.busy, p.idle, p.Fluid(), p.Astray(), p.has, p.down}
}

// tell hands the losses of a change to the host, in order of servers, and the change
// itself if there was one since before.
func (p *Pool) tell(now sim.Time, before levels) {
	changed := p.levels() != before
	if changed && p.share != nil {
		p.pace(now)
	}
	lost := p.lost
	p.lost = nil // the host may cause another change
	slices.SortFunc(lost, func(a, b loss) int { return cmp.Compare(a.server, b.server) })
	for _, l := range lost {
		p.host.Lost(now, l.slot, l.server, l.until)
	}
	p.lost = lost[:0]
	if changed {
		p.host.CapacityChanged(now)
	}
}

// Speed is that of its servers; work of 1 s takes 1 s at speed 1.
func (p *Pool) Speed() float64 { return p.speed }

// AtSpeed is the time that a service takes at the pool's speed.
func (p *Pool) AtSpeed(service sim.Time) sim.Time { return atSpeed(service, p.speed) }

func atSpeed(service sim.Time, speed float64) sim.Time {
	if speed == 1 || service == 0 || service == sim.Never {
		return service
	}
	ns := math.Floor(float64(service)/speed + 0.5)
	if ns >= math.MaxInt64 {
		return sim.Never
	}
	return max(sim.Time(ns), sim.Nanosecond)
}

// Describe says in words what an event of the pool is, for the trace.
func (p *Pool) Describe(ev sim.Event) string {
	switch ev.Kind {
	case departure:
		s := p.servers[ev.Arg]
		if s.slot == models.None || s.until != p.k.Now() {
			return fmt.Sprintf("server %d would be done, but what it held was lost or cancelled", ev.Arg)
		}
		return fmt.Sprintf("server %d is done", ev.Arg)
	case nodeTurn:
		if p.nodes[ev.Arg].why&failed != 0 {
			return fmt.Sprintf("node %d is repaired", ev.Arg)
		}
		return fmt.Sprintf("node %d fails", ev.Arg)
	case nodeCheck:
		return fmt.Sprintf("the health of node %d is checked", ev.Arg)
	case nodeBack:
		return fmt.Sprintf("node %d is back from a restart", ev.Arg)
	case nodeLoaded:
		return fmt.Sprintf("node %d has loaded its model", ev.Arg)
	case hangerTurn:
		h := &p.hangers[ev.Arg]
		if h.down {
			return fmt.Sprintf("%s of node %d is up again", p.outages[h.kind].spec.Name, h.nodes[0])
		}
		return fmt.Sprintf("%s of node %d goes down", p.outages[h.kind].spec.Name, h.nodes[0])
	case deployTurn:
		return fmt.Sprintf("deploy %s goes on", p.deploys[ev.Arg].spec.Name)
	case updateTurn:
		return fmt.Sprintf("node %d comes further in deploy %s", ev.Arg, p.deploys[p.nodes[ev.Arg].deploy-1].spec.Name)
	case batchChanges:
		return fmt.Sprintf("the batch of node %d changes", ev.Arg)
	case shareEnds:
		return "one of those who share the servers is done"
	default:
		return fmt.Sprintf("lot %s arrives", p.groups[ev.Arg].name)
	}
}
