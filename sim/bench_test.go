package sim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"
)

// closures is the pending-event set that one writes first, the yardstick of
// the benchmarks: container/heap over pointers to events that are functions.
type closures struct {
	now    Time
	serial uint64
	list   closureList
}

type closure struct {
	t         Time
	serial    uint64
	fire      func()
	cancelled bool
}

type closureList []*closure

func (l closureList) Len() int      { return len(l) }
func (l closureList) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l *closureList) Push(x any)   { *l = append(*l, x.(*closure)) }

func (l closureList) Less(i, j int) bool {
	return l[i].t < l[j].t || l[i].t == l[j].t && l[i].serial < l[j].serial
}

func (l *closureList) Pop() any {
	last := len(*l) - 1
	c := (*l)[last]
	(*l)[last] = nil
	*l = (*l)[:last]
	return c
}

func (k *closures) at(t Time, fire func()) *closure {
	k.serial++
	c := &closure{t: t, serial: k.serial, fire: fire}
	heap.Push(&k.list, c)
	return c
}

func (k *closures) Step() bool {
	for len(k.list) > 0 {
		c := heap.Pop(&k.list).(*closure)
		if !c.cancelled {
			k.now = c.t
			c.fire()
			return true
		}
	}
	return false
}

// increments are drawn beforehand, so that the benchmark is of the queue.
type increments [1 << 14]Time

func (x *increments) at(i uint32) Time { return x[i%uint32(len(x))] }

var incrementLaws = []struct {
	name string
	draw func(r *rand.Rand) Time
}{
	{"exponential", func(r *rand.Rand) Time { return Time(r.ExpFloat64() * 1e9) }},
	{"constant", func(*rand.Rand) Time { return Second }},
	{"ties", func(r *rand.Rand) Time { return Time(1+r.IntN(10)) * Second }},
	{"instant", func(r *rand.Rand) Time { return Time(r.IntN(2)) * Second }},
	{"bimodal", func(r *rand.Rand) Time {
		if r.IntN(10) == 0 {
			return Time(r.ExpFloat64() * 1e11)
		}
		return Time(r.ExpFloat64() * 1e6)
	}},
}

// hold is the HOLD model: each event schedules one other, so that the number
// of pending events stays what it is.
type hold struct {
	k    scheduler
	id   ActorID
	incr increments
	i    uint32
}

func (h *hold) Handle(now Time, ev Event) {
	h.i++
	h.k.At(now+h.incr.at(h.i), Event{Actor: h.id, Arg: h.i})
}

// holdKernel is hold without an interface between it and the Kernel, as models
// use it.
type holdKernel struct {
	hold
	k *Kernel
}

func (h *holdKernel) Handle(now Time, ev Event) {
	h.i++
	h.k.At(now+h.incr.at(h.i), Event{Actor: h.id, Arg: h.i})
}

type holdClosures struct {
	hold
	k *closures
}

func (h *holdClosures) schedule(i uint32) {
	h.k.at(h.k.now+h.incr.at(i), func() { h.i++; h.schedule(h.i) })
}

var sizes = []int{1e2, 1e4, 1e6}

// measure runs the events of a set that has had time to settle.
func measure(b *testing.B, pending int, step func() bool) {
	for range 3 * pending {
		step()
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

func BenchmarkHold(b *testing.B) {
	for _, law := range incrementLaws {
		for _, pending := range sizes {
			r := rand.New(rand.NewPCG(1, 2))
			var h hold
			for i := range h.incr {
				h.incr[i] = law.draw(r)
			}
			name := fmt.Sprintf("%s/pending=%d/", law.name, pending)
			b.Run(name+"queue=kernel", func(b *testing.B) {
				h := &holdKernel{hold: h, k: NewKernel()}
				h.id = h.k.Register("hold", h)
				for i := range pending {
					h.k.At(h.incr.at(uint32(i)), Event{Actor: h.id})
				}
				measure(b, pending, h.k.Step)
			})
			b.Run(name+"queue=heap", func(b *testing.B) {
				h := h
				k := newHeapKernel()
				h.k, h.id = k, k.Register("hold", &h)
				for i := range pending {
					k.At(h.incr.at(uint32(i)), Event{Actor: h.id})
				}
				measure(b, pending, k.Step)
			})
			b.Run(name+"queue=closures", func(b *testing.B) {
				h := &holdClosures{hold: h, k: &closures{}}
				for i := range pending {
					h.schedule(uint32(i))
				}
				measure(b, pending, h.k.Step)
			})
		}
	}
}

// patience is the mix of a service under load: each event schedules the next
// arrival of its kind and sets a timer of ten times that span; nine of ten are
// cancelled at the arrival that follows.
type patience struct {
	hold
	timers []Timer
}

func (p *patience) Handle(now Time, ev Event) {
	if ev.Kind == 1 {
		return
	}
	p.i++
	p.k.At(now+p.incr.at(p.i), Event{Actor: p.id, Arg: ev.Arg})
	if p.i%10 != 0 {
		p.k.Cancel(p.timers[ev.Arg])
	}
	p.timers[ev.Arg] = p.k.Timer(now+10*p.incr.at(p.i+77), Event{Actor: p.id, Kind: 1})
}

type patienceClosures struct {
	hold
	k      *closures
	timers []*closure
}

func (p *patienceClosures) schedule(i uint32) {
	p.k.at(p.k.now+p.incr.at(p.i), func() {
		p.i++
		p.schedule(i)
		if p.i%10 != 0 && p.timers[i] != nil {
			p.timers[i].cancelled = true
		}
		p.timers[i] = p.k.at(p.k.now+10*p.incr.at(p.i+77), func() {})
	})
}

func BenchmarkCancelNineOfTen(b *testing.B) {
	for _, pending := range sizes {
		r := rand.New(rand.NewPCG(1, 2))
		var h hold
		for i := range h.incr {
			h.incr[i] = incrementLaws[0].draw(r)
		}
		name := fmt.Sprintf("pending=%d/", pending)
		for _, c := range []struct {
			name string
			k    func() scheduler
		}{
			{"queue=kernel", func() scheduler { return NewKernel() }},
			{"queue=heap", func() scheduler { return newHeapKernel() }},
		} {
			b.Run(name+c.name, func(b *testing.B) {
				p := &patience{hold: h, timers: make([]Timer, pending)}
				p.k = c.k()
				p.id = p.k.Register("patience", p)
				for i := range uint32(pending) {
					p.k.At(p.incr.at(i), Event{Actor: p.id, Arg: i})
				}
				measure(b, 5*pending, p.k.Step)
			})
		}
		b.Run(name+"queue=closures", func(b *testing.B) {
			p := &patienceClosures{hold: h, k: &closures{}, timers: make([]*closure, pending)}
			for i := range uint32(pending) {
				p.i++
				p.schedule(i)
			}
			measure(b, 5*pending, p.k.Step)
		})
	}
}
