package batching

import (
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/sim"
)

// An ImageModel says how long a batch of a diffusion model takes, and when it begins. A
// batch is served from its first step to its last, all of it together; it takes
//
//	Setup + steps x (Step + PerMegapixel x megapixels)
//
// where steps are the most that one of its requests asks for, and megapixels those of
// all its images: the time of a step grows with the pixels that it works on.
type ImageModel struct {
	Setup        float64  // ns of a batch
	Step         float64  // ns of each step
	PerMegapixel float64  // ns that a megapixel adds to each step
	MaxBatch     int      // requests in a batch, at least 1
	MaxImages    int      // images in a batch, at least 1; a request of more is a batch by itself
	Wait         sim.Time // how long the first of a batch waits for others while it is not full
}

// Check reports what no node could work with; the error names the field.
func (m *ImageModel) Check() error {
	for _, f := range []struct {
		name string
		v    float64
	}{{"setup", m.Setup}, {"step", m.Step}, {"per_megapixel", m.PerMegapixel}} {
		if !(f.v >= 0) || f.v > 1e15 {
			return fmt.Errorf("%s is %v ns, it must be at least 0 and at most 11 days", f.name, f.v)
		}
	}
	switch {
	case m.MaxBatch < 1:
		return fmt.Errorf("max_batch is %d, it must be at least 1", m.MaxBatch)
	case m.MaxImages < 1:
		return fmt.Errorf("max_images is %d, it must be at least 1", m.MaxImages)
	case m.Wait < 0:
		return fmt.Errorf("wait is %v, it must be at least 0", m.Wait)
	}
	return nil
}

// At is the model of a node that works at a speed, relative to this.
func (m ImageModel) At(speed float64) ImageModel {
	m.Setup, m.Step, m.PerMegapixel = m.Setup/speed, m.Step/speed, m.PerMegapixel/speed
	return m
}

// Duration is how long a batch takes.
func (m *ImageModel) Duration(steps, megapixels float64) sim.Time {
	ns := m.Setup + float64(steps*(m.Step+float64(m.PerMegapixel*megapixels)))
	return max(1, sim.Time(math.Floor(ns+0.5)))
}

// A Static is a node that serves one batch after the other. A batch begins when it is
// full, or when its first request has waited as long as the model says; who comes
// later waits for the next.
type Static struct {
	m        *ImageModel
	requests []pending
	free     []int32
	waiting  []int32
	images   int     // of those waiting
	running  []int32 // those that were taken back among them are -1
	ends     sim.Time
	between  bool
}

type pending struct {
	Request
	id   int32
	came sim.Time
}

// NewStatic returns a node without requests. The model may be shared.
func NewStatic(m *ImageModel) *Static { return &Static{m: m} }

// Len is the number of requests, in service and waiting.
func (n *Static) Len() int { return len(n.running) + len(n.waiting) }

// Blocked reports whether the node has a batch under way, or is about to have one.
func (n *Static) Blocked() bool { return len(n.running) > 0 && !n.between || n.full() }

// full reports whether those who wait are a batch.
func (n *Static) full() bool { return len(n.waiting) >= n.m.MaxBatch || n.images >= n.m.MaxImages }

// Next is the time at which a batch ends, or one begins that is not full; sim.Never
// where nobody is there.
func (n *Static) Next() sim.Time {
	switch {
	case n.between:
	case len(n.running) > 0:
		return n.ends
	case len(n.waiting) > 0:
		return n.requests[n.waiting[0]].came + n.m.Wait
	}
	return sim.Never
}

// Add brings a request, under a number of the owner's, and returns the node's number
// for it.
func (n *Static) Add(now sim.Time, id int32, r Request) int32 {
	var i int32
	if k := len(n.free); k > 0 {
		i = n.free[k-1]
		n.free = n.free[:k-1]
	} else {
		i = int32(len(n.requests))
		n.requests = append(n.requests, pending{})
	}
	n.requests[i] = pending{r, id, now}
	n.waiting = append(n.waiting, i)
	n.images += int(r.Images)
	if !n.between {
		n.begin(now)
	}
	return i
}

// Remove takes a request away. A batch that has begun takes as long as it does.
func (n *Static) Remove(_ sim.Time, i int32) {
	if at := slices.Index(n.waiting, i); at >= 0 {
		n.waiting = slices.Delete(n.waiting, at, at+1)
		n.images -= int(n.requests[i].Images)
	} else {
		n.running[slices.Index(n.running, i)] = -1
	}
	n.free = append(n.free, i)
}

// End ends what is due at Next. Begin has to follow; who is added between the two, at
// the same time, may be in the next batch.
func (n *Static) End(now sim.Time, h Host) {
	n.between = true
	if len(n.running) == 0 {
		return // the wait of one that is not full
	}
	for _, i := range n.running {
		if i >= 0 {
			n.free = append(n.free, i)
			h.Done(now, n.requests[i].id)
		}
	}
	n.running = n.running[:0]
}

// Begin begins the next batch, if it is time.
func (n *Static) Begin(now sim.Time) {
	n.between = false
	n.begin(now)
}

func (n *Static) begin(now sim.Time) {
	if len(n.running) > 0 || len(n.waiting) == 0 || !n.full() && now < n.Next() {
		return
	}
	var steps int32
	images, megapixels, k := 0, 0.0, 0
	for _, i := range n.waiting {
		q := &n.requests[i]
		if k == n.m.MaxBatch || k > 0 && images+int(q.Images) > n.m.MaxImages {
			break
		}
		images += int(q.Images)
		megapixels += float64(float64(q.Images) * q.Megapixels)
		steps = max(steps, q.Steps)
		k++
	}
	n.running = append(n.running, n.waiting[:k]...)
	n.waiting = slices.Delete(n.waiting, 0, k)
	n.images -= images
	n.ends = now + n.m.Duration(float64(steps), megapixels)
}

// Refresh begins a batch where a smaller one is full.
func (n *Static) Refresh(now sim.Time) {
	if !n.between {
		n.begin(now)
	}
}

// Clear takes all requests away, as when the node goes down.
func (n *Static) Clear() {
	for _, i := range n.running {
		if i >= 0 {
			n.free = append(n.free, i)
		}
	}
	n.free = append(n.free, n.waiting...)
	n.running, n.waiting, n.images = n.running[:0], n.waiting[:0], 0
}
