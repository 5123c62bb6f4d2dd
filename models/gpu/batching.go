package gpu

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/gpu/batching"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A ContinuousSpec makes the slots of a node one batch, of a language model that is
// served by continuous batching: see package batching. Its node has as many slots as
// requests may be in a batch. What an attempt takes follows from its tokens and from
// who else is there, not from a service time.
type ContinuousSpec struct {
	Step       unit.Duration `yaml:"step" required:"true" min:"0s" doc:"Fixed time of a step, at speed 1."`
	PerPrefill unit.Duration `yaml:"per_prefill_token" default:"0s" min:"0s" doc:"Time that a token of a prompt adds to the step that computes it."`
	PerDecode  unit.Duration `yaml:"per_decode" default:"0s" min:"0s" doc:"Time that a request adds to each step in which it gets a token."`
	MaxBatch   int           `yaml:"max_batch" default:"0" min:"0" doc:"Requests in a batch, at most slots_per_node; 0: as many. Larger batches serve more requests a second and each of them more slowly: a lever that the timeline can pull."`
	MaxTokens  int           `yaml:"max_tokens" default:"2048" min:"2" doc:"Tokens of a step, prefilled and decoded: longer prompts are computed in chunks. More than slots_per_node."`
	KV         int           `yaml:"kv_tokens" required:"true" min:"2" doc:"Tokens whose keys and values fit into the memory of a node."`
	WhenFull   string        `yaml:"when_full" default:"preempt" enum:"preempt,queue" doc:"preempt: where memory is full the youngest request of the batch is put back, and computed anew later. queue: a request is let in only where all its tokens will fit."`
}

// model is what a node of the spec does at a speed.
func (s *ContinuousSpec) model(slots int, speed float64) batching.Model {
	batch := slots
	if s.MaxBatch > 0 {
		batch = min(s.MaxBatch, slots)
	}
	return batching.Model{Fixed: float64(s.Step) / speed, PerPrefill: float64(s.PerPrefill) / speed, PerDecode: float64(s.PerDecode) / speed,
		MaxBatch: batch, MaxTokens: s.MaxTokens, KV: int64(s.KV), Reserve: s.WhenFull == "queue"}
}

// An ImageSpec makes the slots of a node one batch of a diffusion model: see package
// batching. Its node has as many slots as requests may be in a batch.
type ImageSpec struct {
	Setup        unit.Duration `yaml:"setup" default:"0s" min:"0s" doc:"Time of a batch before its first step and after its last, at speed 1: the prompt, the decoder, the transfer."`
	Step         unit.Duration `yaml:"step" required:"true" min:"0s" doc:"Fixed time of a denoising step."`
	PerMegapixel unit.Duration `yaml:"per_megapixel" default:"0s" min:"0s" doc:"Time that a megapixel adds to each step, over all images of the batch."`
	MaxBatch     int           `yaml:"max_batch" default:"0" min:"0" doc:"Requests in a batch, at most slots_per_node; 0: as many. A lever that the timeline can pull."`
	MaxImages    int           `yaml:"max_images" default:"0" min:"0" doc:"Images in a batch; a request of more is a batch by itself. 0: as many as requests. A request for which the next batch of its node has no room waits at the node for the one after it, and counts as begun."`
	Wait         unit.Duration `yaml:"wait" default:"0s" min:"0s" doc:"How long the first of a batch waits for others while it is not full."`
}

// model is what a node of the spec does at a speed.
func (s *ImageSpec) model(slots int, speed float64) batching.ImageModel {
	m := batching.ImageModel{Setup: float64(s.Setup) / speed, Step: float64(s.Step) / speed, PerMegapixel: float64(s.PerMegapixel) / speed,
		MaxBatch: slots, MaxImages: s.MaxImages, Wait: sim.Time(s.Wait)}
	if s.MaxBatch > 0 {
		m.MaxBatch = min(s.MaxBatch, slots)
	}
	if m.MaxImages == 0 {
		m.MaxImages = m.MaxBatch
	}
	return m
}

// A Batcher is a Host whose attempts are more than a service time, which a pool whose
// nodes batch asks for.
type Batcher interface {
	// Request is what the attempt in slot asks of a node; tokens must fit the pool's model.
	Request(slot models.Slot) batching.Request

	// FirstToken says that the attempt in slot has got its first token.
	FirstToken(now sim.Time, slot models.Slot)
}

// batches is the nodes of a pool that batch. A server of such a pool is a place in
// the batch of its node.
//
// Attempts go to the node that has the fewest, of those that have a place and left
// nobody waiting; of equals to the one that changed last.
type batches struct {
	working int // nodes at which somebody is
	p       *Pool
	host    Batcher
	chat    *batching.Model      // nil: it is of images
	image   *batching.ImageModel // nil: it is of tokens
	nodes   []batchNode
	loads   [][]int32 // nodes that may be given an attempt, by the number that they have
	least   int       // no node has fewer
	open    int       // places of those nodes
	at      []batched // by server
	ended   []int32   // servers, of the step that ends
}

// A batched is what is known of the attempt that a server holds, or held last.
type batched struct {
	number int32 // at its node
	output int32
	first  sim.Time // when it got its first token
	ended  bool     // its node is done with it, and the host is about to be told
}

type batchNode struct {
	works bool // somebody is there
	work  batching.Node
	chat  *batching.Model // of this node, at its speed
	image *batching.ImageModel
	timer sim.Timer
	due   sim.Time // of the timer
	idle  []int32  // servers that could take an attempt
	load  int      // its place in loads[load]; below 0: it may be given no attempt
	place int
	open  int // servers that are counted in open
}

// batch makes the pool, which is empty, one whose nodes batch.
func (p *Pool) batch(host Batcher, spec *Spec) {
	p.batches = &batches{p: p, host: host}
	if spec.Continuous != nil {
		p.batches.chat = new(batching.Model)
	} else {
		p.batches.image = new(batching.ImageModel)
	}
}

// setModel is from the next change of each batch on.
func (b *batches) setModel(spec *Spec) {
	if b.chat != nil {
		*b.chat = spec.Continuous.model(b.p.slots, b.p.speed)
	} else {
		*b.image = spec.Images.model(b.p.slots, b.p.speed)
	}
	for n := range b.nodes {
		b.setNode(n)
	}
}

// setNode gives node n the model at its own speed.
func (b *batches) setNode(n int) {
	nd, speed := &b.nodes[n], b.p.nodes[n].speed
	if b.chat != nil {
		*nd.chat = b.chat.At(speed)
	} else {
		*nd.image = b.image.At(speed)
	}
}

// grow makes room for the nodes and servers of the pool.
func (b *batches) grow() {
	for len(b.nodes) < len(b.p.nodes) {
		nd := batchNode{load: -1, due: sim.Never}
		if b.chat != nil {
			nd.chat = new(batching.Model)
			nd.work = batching.NewContinuous(nd.chat)
		} else {
			nd.image = new(batching.ImageModel)
			nd.work = batching.NewStatic(nd.image)
		}
		b.nodes = append(b.nodes, nd)
		b.setNode(len(b.nodes) - 1)
	}
	for len(b.at) < len(b.p.servers) {
		b.at = append(b.at, batched{})
	}
}

// free is the number of attempts that could be taken now.
func (b *batches) free() int { return max(0, b.open-b.p.claim) }

// most is how many attempts a node works on at most.
func (b *batches) most() int {
	if b.chat != nil {
		return b.chat.MaxBatch
	}
	return b.image.MaxBatch
}

// rank puts a node where its load says, after a change of it.
func (b *batches) rank(n int32) {
	nd := &b.nodes[n]
	if works := nd.work.Len() > 0; works != nd.works {
		nd.works = works
		if works {
			b.working++
		} else {
			b.working--
		}
	}
	load := -1
	b.open -= nd.open
	nd.open = 0
	if !nd.work.Blocked() {
		nd.open = max(0, min(len(nd.idle), b.most()-nd.work.Len()))
	}
	if nd.open > 0 {
		load = nd.work.Len()
	}
	b.open += nd.open
	if b.p.routes != nil {
		b.p.routes.mark(n)
	}
	if load == nd.load {
		return
	}
	if nd.load >= 0 {
		l := b.loads[nd.load]
		last := len(l) - 1
		l[nd.place] = l[last]
		b.nodes[l[last]].place = nd.place
		b.loads[nd.load] = l[:last]
	}
	if nd.load = load; load < 0 {
		return
	}
	for len(b.loads) <= load {
		b.loads = append(b.loads, nil)
	}
	nd.place = len(b.loads[load])
	b.loads[load] = append(b.loads[load], n)
	b.least = min(b.least, load)
}

// put makes a server idle.
func (b *batches) put(server int32) {
	n := server / int32(b.p.slots)
	b.nodes[n].idle = append(b.nodes[n].idle, server)
	b.rank(n)
}

// first is the node with the fewest; -1 where none is free.
func (b *batches) first() int32 {
	if b.free() == 0 {
		return -1
	}
	for len(b.loads[b.least]) == 0 {
		b.least++
	}
	l := b.loads[b.least]
	return l[len(l)-1]
}

// start gives the attempt in slot to a node that is free.
func (b *batches) start(now sim.Time, slot models.Slot, n int32) int32 {
	nd := &b.nodes[n]
	server := nd.idle[len(nd.idle)-1]
	nd.idle = nd.idle[:len(nd.idle)-1]
	r := b.host.Request(slot)
	b.at[server] = batched{number: nd.work.Add(now, server, r), output: r.Output}
	b.rank(n)
	b.arm(n)
	return server
}

// arm sets the timer of a node to its next change.
func (b *batches) arm(n int32) {
	nd := &b.nodes[n]
	if due := nd.work.Next(); due != nd.due {
		b.p.k.Cancel(nd.timer)
		nd.due = due
		nd.timer = b.p.k.Timer(due, sim.Event{Actor: b.p.id, Kind: batchChanges, Priority: models.PriorityDeparture, Arg: uint32(n)})
	}
}

// change is the moment at which something changes at a node: its attempts that end
// leave, others take their places, and the next step begins.
func (b *batches) change(now sim.Time, n int32) {
	nd := &b.nodes[n]
	nd.due = sim.Never
	nd.work.End(now, b)
	ended := b.ended
	b.ended = nil // the host may cause another change
	for _, server := range ended {
		b.p.release(now, server)
	}
	nd = &b.nodes[n] // the host may have brought more nodes
	b.ended = ended[:0]
	free := b.free()
	nd.work.Begin(now)
	b.rank(n)
	b.arm(n)
	if b.free() > free {
		b.p.host.CapacityChanged(now) // there is room that no end has made
	}
}

// refresh looks at all nodes anew, whose model has changed.
func (b *batches) refresh(now sim.Time) {
	for n := range b.nodes {
		b.nodes[n].work.Refresh(now)
		b.rank(int32(n))
		b.arm(int32(n))
	}
}

// FirstToken tells the host.
func (b *batches) FirstToken(now sim.Time, server int32) {
	b.at[server].first = now
	b.host.FirstToken(now, b.p.servers[server].slot)
}

// PerToken is the mean time between the tokens of the attempt that server has just
// completed, and whether it had more than one.
func (p *Pool) PerToken(now sim.Time, server int32) (t sim.Time, ok bool) {
	if p.batches == nil || p.batches.at[server].output < 2 {
		return 0, false
	}
	b := &p.batches.at[server]
	return (now - b.first) / sim.Time(b.output-1), true
}

// AtWork is the number of servers of nodes that batch and at which somebody is: such a
// node works whole, however few its batch holds.
func (p *Pool) AtWork() int {
	if p.batches == nil {
		return 0
	}
	return p.batches.working * p.slots
}

// Places is the number of attempts that a node can hold: its slots, or its batch where
// that is smaller.
func (p *Pool) Places() int {
	if p.batches == nil {
		return p.slots
	}
	return p.batches.most()
}

// Models are what a node does that batches: one of tokens or one of images, the other
// nil; both are where it does not.
func (p *Pool) Models() (*batching.Model, *batching.ImageModel) {
	if p.batches == nil {
		return nil, nil
	}
	return p.batches.chat, p.batches.image
}

// Done notes that an attempt ends.
func (b *batches) Done(_ sim.Time, server int32) {
	b.at[server].ended = true
	b.ended = append(b.ended, server)
}

// remove takes an attempt away that does not end by itself.
func (b *batches) remove(now sim.Time, server int32) {
	n := server / int32(b.p.slots)
	b.nodes[n].work.Remove(now, b.at[server].number)
	b.rank(n)
	b.arm(n)
}

// clear takes all attempts off a node that goes down.
func (b *batches) clear(n int32) {
	b.nodes[n].work.Clear()
	b.rank(n)
	b.arm(n)
}

// close takes a server out of those that could take an attempt.
func (b *batches) close(server int32) {
	n := server / int32(b.p.slots)
	nd := &b.nodes[n]
	for i, s := range nd.idle {
		if s == server {
			nd.idle = append(nd.idle[:i], nd.idle[i+1:]...)
			break
		}
	}
	b.rank(n)
}
