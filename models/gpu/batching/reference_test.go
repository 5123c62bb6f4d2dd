package batching

import (
	"math"

	"github.com/launchday-sim/launchday/sim"
)

// A reference is a node that walks every token: the rules of Continuous, one step
// after the other, on lists that are gone through at each step.
type reference struct {
	m                *Model
	running, waiting []*walker
	ends             sim.Time // of the step under way
	busy             bool
	preempted        int // requests; below: times that a full batch or memory kept somebody waiting, and prompts that were cut
	full, memory     int
	chunked          int
}

type walker struct {
	Request
	id       int32
	computed int32 // tokens of its prompt, and of what it had decoded when it was let in
	target   int32 // of these
	decoded  int32
	chunk    int32 // that the step under way computes
	decodes  bool  // the step under way decodes a token of it
	reserved int64
	told     bool
}

// tokens is what it keeps in memory.
func (w *walker) tokens(m *Model) int64 {
	if m.Reserve {
		return int64(w.Prompt) + int64(w.Output)
	}
	return w.reserved
}

func (r *reference) used() (sum int64) {
	for _, w := range r.running {
		sum += w.tokens(r.m)
	}
	return sum
}

func (r *reference) next() sim.Time {
	if !r.busy {
		return sim.Never
	}
	return r.ends
}

func (r *reference) add(now sim.Time, id int32, q Request) {
	r.waiting = append(r.waiting, &walker{Request: q, id: id})
	if !r.busy {
		r.begin(now)
	}
}

func (r *reference) remove(id int32) {
	for _, l := range []*[]*walker{&r.running, &r.waiting} {
		for i, w := range *l {
			if w.id == id {
				*l = append((*l)[:i:i], (*l)[i+1:]...)
				return
			}
		}
	}
	panic("it is not there")
}

func (r *reference) step(now sim.Time, h Host) {
	for _, w := range r.running {
		w.computed += w.chunk
		if w.decodes {
			w.decoded++
			w.reserved++
		} else if w.computed == w.target {
			w.decoded++
			if !w.told {
				w.told = true
				h.FirstToken(now, w.id)
			}
		}
	}
	var stay []*walker
	for _, w := range r.running {
		if w.computed == w.target && w.decoded == w.Output {
			h.Done(now, w.id)
		} else {
			stay = append(stay, w)
		}
	}
	r.running = stay
	r.begin(now)
}

// begin begins a step.
func (r *reference) begin(now sim.Time) {
	r.busy = false
	decoding := func() (n int) {
		for _, w := range r.running {
			if w.computed == w.target {
				n++
			}
		}
		return n
	}
	evicted := false
	for !r.m.Reserve && r.used()+int64(decoding()) > r.m.KV {
		last := r.running[len(r.running)-1]
		r.running = r.running[:len(r.running)-1]
		r.waiting = append([]*walker{last}, r.waiting...)
		evicted = true
		r.preempted++
	}
	d := decoding()
	budget, tokens := int32(r.m.MaxTokens-d), int32(0)
	for _, w := range r.running {
		w.decodes = w.computed == w.target
		w.chunk = min(w.target-w.computed, budget-tokens)
		tokens += w.chunk
	}
	for !evicted && len(r.waiting) > 0 && tokens < budget {
		w := r.waiting[0]
		if len(r.running) >= r.m.MaxBatch {
			r.full++
			break
		}
		need := int64(w.Prompt) + int64(w.decoded) + int64(d)
		if r.m.Reserve {
			need = int64(w.Prompt) + int64(w.Output)
		}
		if r.used()+need > r.m.KV {
			r.memory++
			break
		}
		r.waiting = r.waiting[1:]
		w.computed, w.target = w.Cached, w.Prompt+w.decoded
		w.reserved, w.decodes = int64(w.target), false
		w.chunk = min(w.target-w.computed, budget-tokens)
		if w.chunk < w.target-w.computed {
			r.chunked++
		}
		tokens += w.chunk
		r.running = append(r.running, w)
	}
	if len(r.running) == 0 {
		return
	}
	ns := r.m.Fixed + r.m.PerPrefill*float64(tokens) + r.m.PerDecode*float64(d)
	r.busy, r.ends = true, now+max(1, sim.Time(math.Floor(ns+0.5)))
}
