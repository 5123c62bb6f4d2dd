package batching

import (
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/sim"
)

// A Model says how long a step of a node takes, and what the node has room for. The
// duration of a step that prefills p tokens and decodes d requests is
//
//	Fixed + PerPrefill x p + PerDecode x d
//
// rounded to nanoseconds, and at least 1 ns. Published fits are of this form:
// Llama-2-70B on 8 H100, 30.3 ms + 0.298 ms x d, and on 8 A100, 44.4 ms + 0.388 ms x d
// (splitwise-sim's measurements, met to 7 %); Qwen2.5-7B on one H100, 7.05 ms + 19.5 us x p
// + 25.4 us x d. The first token of a prompt of 512 tokens came after 57 ms on the H100s, 51.5
// us a token, and after 96 ms on the A100s, 100 us a token.
//
// All but KV and Reserve may change while a node works, if Refresh follows.
type Model struct {
	Fixed      float64 // ns of every step
	PerPrefill float64 // ns of each token of a prompt
	PerDecode  float64 // ns of each request that decodes

	MaxBatch  int   // requests in service, at least 1
	MaxTokens int   // tokens of a step, prefilled and decoded; more than MaxBatch
	KV        int64 // tokens whose keys and values fit into memory
	Reserve   bool  // a request is let in only where all its tokens will fit; else the youngest is pre-empted when memory is full
}

// Check reports what no node could work with; the error names the field.
func (m *Model) Check() error {
	for _, f := range []struct {
		name string
		v    float64
	}{{"fixed", m.Fixed}, {"per_prefill", m.PerPrefill}, {"per_decode", m.PerDecode}} {
		if !(f.v >= 0) || f.v > 1e15 {
			return fmt.Errorf("%s is %v ns, it must be at least 0 and at most 11 days", f.name, f.v)
		}
	}
	switch {
	case m.MaxBatch < 1:
		return fmt.Errorf("max_batch is %d, it must be at least 1", m.MaxBatch)
	case m.MaxTokens <= m.MaxBatch:
		return fmt.Errorf("max_tokens is %d, it must be more than max_batch, %d: else a full batch leaves no room for a prompt", m.MaxTokens, m.MaxBatch)
	case m.KV < 2:
		return fmt.Errorf("kv_tokens is %d, it must be at least 2", m.KV)
	}
	return nil
}

// At is the model of a node that works at a speed, relative to this.
func (m Model) At(speed float64) Model {
	m.Fixed, m.PerPrefill, m.PerDecode = m.Fixed/speed, m.PerPrefill/speed, m.PerDecode/speed
	return m
}

// Fits reports whether a node that is empty could serve the request to its end.
func (m *Model) Fits(r Request) bool { return int64(r.Prompt)+int64(r.Output) <= m.KV }

// step is the duration of a step.
func (m *Model) step(prefill, decode int) sim.Time {
	ns := m.Fixed + float64(m.PerPrefill*float64(prefill)) + float64(m.PerDecode*float64(decode))
	return max(1, sim.Time(math.Floor(ns+0.5)))
}

// A Continuous is a node that batches continuously.
//
// A phase is a number of equal steps that begin at from. During it every request that
// decodes gets one token a step: what each has got is told by one number, the steps
// that the node has made, and the next to end by a heap.
type Continuous struct {
	m        *Model
	requests []request
	free     int32 // first vacant place; none: -1
	running  list  // in the order in which they were let in
	waiting  list
	prefill  []int32  // of those running, the ones whose prompt is not computed, in order
	ends     []ending // of those running, the ones that decode: a heap, the next to end on top
	seq      uint64
	used     int64 // tokens in memory, or reserved
	clock    int64 // steps

	from  sim.Time // the phase: of steps steps
	step  sim.Time
	steps int64
	chunk []int32 // tokens that each of prefill computes in a step of the phase
	grows int64   // tokens by which memory grows in a step

	between bool // one phase has ended and the next has not begun
	blocked bool // requests were left waiting when the phase began
}

// A request of a node. What it has decoded is clock - born.
type request struct {
	Request
	id         int32
	next, prev int32  // in its list
	waits      bool   // in the list of those that wait
	seq        uint64 // order in which it was let in
	left       int32  // tokens to prefill
	got        int32  // tokens decoded before it was let in last
	holds      int64  // tokens in memory or reserved when it was let in
	born       int64  // clock at which it began to decode, less what it had decoded
	place      int32  // in the heap; -1: it does not decode
	told       bool   // its first token has been told
}

// NewContinuous returns a node without requests. The model may be shared.
func NewContinuous(m *Model) *Continuous {
	return &Continuous{m: m, free: -1, running: list{-1, -1, 0}, waiting: list{-1, -1, 0}}
}

// Len is the number of requests, in service and waiting.
func (n *Continuous) Len() int { return n.running.n + n.waiting.n }

// Running is the number of requests in service, prompts being computed among them.
func (n *Continuous) Running() int { return n.running.n }

// Blocked reports whether requests were left waiting when the phase began, for want of
// room in the batch, in memory or in the step.
func (n *Continuous) Blocked() bool { return n.blocked }

// Used is the number of tokens in memory, or reserved there, at the beginning of the
// present phase.
func (n *Continuous) Used() int64 { return n.used }

// Next is the time at which something changes; sim.Never where nobody is there.
func (n *Continuous) Next() sim.Time {
	if n.steps == 0 {
		return sim.Never
	}
	return n.from + sim.Time(n.steps)*n.step
}

// Add brings a request, under a number of the owner's, and returns the node's number
// for it. It is let in at the next beginning of a step: at once where the node is
// idle. The request must fit the model.
func (n *Continuous) Add(now sim.Time, id int32, r Request) int32 {
	i := n.free
	if i >= 0 {
		n.free = n.requests[i].next
	} else {
		i = int32(len(n.requests))
		n.requests = append(n.requests, request{})
	}
	n.requests[i] = request{Request: r, id: id, place: -1}
	n.push(&n.waiting, i)
	switch {
	case n.between:
	case n.steps == 0:
		n.plan(now)
	case n.waiting.n == 1 && n.room(i):
		n.cut(now)
	}
	return i
}

// Remove takes a request away, whose client does not want it any more; its memory is
// free, and the step that is under way takes as long as it does. It must be there.
func (n *Continuous) Remove(now sim.Time, i int32) {
	n.cut(now)
	switch q := &n.requests[i]; {
	case q.waits:
		n.unlink(&n.waiting, i)
	case q.place >= 0:
		if !n.m.Reserve {
			n.grows-- // what it got in this phase is free too
		}
		n.leave(i)
	default:
		n.forget(i)
		n.leave(i)
	}
	n.vacate(i)
}

// forget takes a request out of those whose prompt is being computed.
func (n *Continuous) forget(i int32) {
	at := slices.Index(n.prefill, i)
	n.prefill = slices.Delete(n.prefill, at, at+1)
	if at < len(n.chunk) {
		n.chunk = slices.Delete(n.chunk, at, at+1)
	}
}

// Refresh ends the phase at the next beginning of a step.
func (n *Continuous) Refresh(now sim.Time) { n.cut(now) }

// cut ends the phase at the next beginning of a step after now.
func (n *Continuous) cut(now sim.Time) {
	if n.steps == 0 {
		return
	}
	n.steps = min(n.steps, int64((now-n.from)/n.step)+1)
}

// Step ends the phase, at Next, and begins the next one.
func (n *Continuous) Step(now sim.Time, h Host) {
	n.End(now, h)
	n.Begin(now)
}

// End ends the phase, at Next. Begin has to follow; what is added and removed between
// the two, at the same time, belongs to the next phase.
func (n *Continuous) End(now sim.Time, h Host) {
	n.clock += n.steps
	n.used += n.grows * n.steps
	k := 0
	for at, i := range n.prefill {
		q := &n.requests[i]
		if q.left -= int32(int64(n.chunk[at]) * n.steps); q.left > 0 {
			n.prefill[k] = i
			k++
			continue
		}
		q.got++
		q.born = n.clock - int64(q.got)
		n.heapPush(ending{q.born + int64(q.Output), q.seq, i})
		if !q.told {
			q.told = true
			h.FirstToken(now, q.id)
		}
	}
	n.prefill = n.prefill[:k]
	for len(n.ends) > 0 && n.ends[0].at <= n.clock {
		i := n.ends[0].i
		n.leave(i)
		id := n.requests[i].id
		n.vacate(i)
		h.Done(now, id)
	}
	n.steps, n.grows = 0, 0
	n.chunk = n.chunk[:0]
	n.between = true
}

// Begin begins the next phase.
func (n *Continuous) Begin(now sim.Time) {
	n.between = false
	n.plan(now)
}

// Clear takes all requests away, as when the node goes down.
func (n *Continuous) Clear() {
	for _, l := range []*list{&n.running, &n.waiting} {
		for l.n > 0 {
			i := l.first
			n.unlink(l, i)
			n.requests[i].place = -1
			n.vacate(i)
		}
	}
	n.prefill, n.ends, n.chunk = n.prefill[:0], n.ends[:0], n.chunk[:0]
	n.used, n.steps, n.grows, n.blocked = 0, 0, 0, false
}

// plan begins a phase: it lets requests in, and finds how many steps will be alike.
func (n *Continuous) plan(now sim.Time) {
	n.from, n.steps = now, 0
	n.chunk = n.chunk[:0]
	evicted := false
	for !n.m.Reserve && n.used+int64(len(n.ends)) > n.m.KV {
		n.preempt()
		evicted = true
	}
	decode := len(n.ends)
	budget := max(0, n.m.MaxTokens-decode) // decodes may be more after a change of the model
	tokens := 0
	compute := func(i int32) {
		c := min(int(n.requests[i].left), budget-tokens)
		n.chunk = append(n.chunk, int32(c))
		tokens += c
	}
	for _, i := range n.prefill {
		compute(i)
	}
	for !evicted && n.waiting.n > 0 && tokens < budget && n.room(n.waiting.first) {
		i := n.waiting.first
		n.unlink(&n.waiting, i)
		n.enter(i)
		compute(i)
	}
	n.blocked = n.waiting.n > 0
	if n.running.n == 0 {
		return
	}
	n.step = n.m.step(tokens, decode)
	n.grows = 0
	most := int64(math.MaxInt64)
	if decode > 0 {
		most = n.ends[0].at - n.clock
		if !n.m.Reserve {
			n.grows = int64(decode)
			most = min(most, (n.m.KV-n.used)/n.grows)
		}
	}
	if tokens > 0 {
		// Steps are alike as long as one prompt takes all that a step can compute.
		most = min(most, max(1, int64(n.requests[n.prefill[0]].left-1)/int64(budget)))
	}
	n.steps = most
}

// room reports whether a request that waits could be let in now.
func (n *Continuous) room(i int32) bool {
	if n.running.n >= n.m.MaxBatch {
		return false
	}
	q := &n.requests[i]
	if n.m.Reserve {
		return n.used+int64(q.Prompt)+int64(q.Output) <= n.m.KV
	}
	return n.used+int64(q.Prompt)+int64(q.got)+int64(len(n.ends)) <= n.m.KV
}

// enter lets a request into service.
func (n *Continuous) enter(i int32) {
	q := &n.requests[i]
	n.seq++
	q.seq = n.seq
	q.left = q.Prompt - q.Cached + q.got
	q.holds = int64(q.Prompt) + int64(q.got)
	if n.m.Reserve {
		q.holds = int64(q.Prompt) + int64(q.Output)
	}
	n.used += q.holds
	n.push(&n.running, i)
	n.prefill = append(n.prefill, i)
}

// leave takes a request out of service, and its tokens out of memory.
func (n *Continuous) leave(i int32) {
	q := &n.requests[i]
	n.used -= q.holds
	if q.place >= 0 {
		if !n.m.Reserve {
			n.used -= n.clock - q.born - int64(q.got) // what it decoded since
		}
		n.heapRemove(int(q.place))
	}
	n.unlink(&n.running, i)
}

// preempt puts the youngest request back before all that wait. What it has decoded is
// computed with its prompt when it is let in again.
func (n *Continuous) preempt() {
	i := n.running.last
	q := &n.requests[i]
	decoded := q.got
	if q.place >= 0 {
		decoded = int32(n.clock - q.born)
	} else {
		n.forget(i)
	}
	n.leave(i)
	q.got = decoded
	n.pushFront(&n.waiting, i)
}
