package sim

// heapKernel is the reference that the Kernel is held against: a plain 4-ary
// heap by (time, priority, serial number), which can be seen to be right. A
// cancelled event stays in the heap until it comes up.
type heapKernel struct {
	now       Time
	actors    []Actor
	heap      []heapEntry
	state     []uint8 // of every event ever scheduled, by serial number
	cancelled int     // entries of the heap
}

const (
	plain   uint8 = iota // cannot be cancelled
	pending              // can be cancelled
	gone                 // has fired or was cancelled
)

type heapEntry struct {
	t     Time
	order uint64 // priority above serial number
	ev    Event
}

func (a *heapEntry) before(b *heapEntry) bool {
	return a.t < b.t || a.t == b.t && a.order < b.order
}

func (a *heapEntry) serial() uint64 { return a.order << 8 >> 8 }

func newHeapKernel() *heapKernel { return &heapKernel{} }

func (k *heapKernel) Register(_ string, a Actor) ActorID {
	k.actors = append(k.actors, a)
	return ActorID(len(k.actors) - 1)
}

func (k *heapKernel) At(t Time, ev Event) {
	if t != Never {
		k.push(t, ev, plain)
	}
}

func (k *heapKernel) Timer(t Time, ev Event) Timer {
	if t == Never {
		return 0
	}
	k.push(t, ev, pending)
	return Timer(len(k.state))
}

func (k *heapKernel) Cancel(tm Timer) bool {
	if tm == 0 || k.state[tm-1] != pending {
		return false
	}
	k.state[tm-1] = gone
	k.cancelled++
	return true
}

func (k *heapKernel) Now() Time { return k.now }

func (k *heapKernel) Pending() int { return len(k.heap) - k.cancelled }

func (k *heapKernel) Next() Time {
	for len(k.heap) > 0 {
		if k.state[k.heap[0].serial()] != gone {
			return k.heap[0].t
		}
		k.pop()
		k.cancelled--
	}
	return Never
}

func (k *heapKernel) Step() bool {
	if k.Next() == Never {
		return false
	}
	e := k.pop()
	k.state[e.serial()] = gone
	k.now = e.t
	k.actors[e.ev.Actor].Handle(e.t, e.ev)
	return true
}

func (k *heapKernel) RunUntil(t Time) {
	for k.Next() < t {
		k.Step()
	}
	k.now = t
}

func (k *heapKernel) push(t Time, ev Event, state uint8) {
	e := heapEntry{t, uint64(ev.Priority)<<56 | uint64(len(k.state)), ev}
	k.state = append(k.state, state)
	k.heap = append(k.heap, e)
	i := len(k.heap) - 1
	for i > 0 && e.before(&k.heap[(i-1)/4]) {
		k.heap[i] = k.heap[(i-1)/4]
		i = (i - 1) / 4
	}
	k.heap[i] = e
}

func (k *heapKernel) pop() heapEntry {
	top := k.heap[0]
	last := len(k.heap) - 1
	e := k.heap[last]
	k.heap = k.heap[:last]
	if last == 0 {
		return top
	}
	i := 0
	for {
		least := 4*i + 1
		if least >= last {
			break
		}
		for j := least + 1; j < min(4*i+5, last); j++ {
			if k.heap[j].before(&k.heap[least]) {
				least = j
			}
		}
		if !k.heap[least].before(&e) {
			break
		}
		k.heap[i] = k.heap[least]
		i = least
	}
	k.heap[i] = e
	return top
}
