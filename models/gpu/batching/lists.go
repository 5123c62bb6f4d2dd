package batching

// A list is requests in an order, linked through them.
type list struct {
	first, last int32 // -1: it is empty
	n           int
}

func (n *Continuous) push(l *list, i int32) {
	q := &n.requests[i]
	q.in, q.prev, q.next = l, l.last, -1
	if l.last >= 0 {
		n.requests[l.last].next = i
	} else {
		l.first = i
	}
	l.last = i
	l.n++
}

func (n *Continuous) pushFront(l *list, i int32) {
	q := &n.requests[i]
	q.in, q.prev, q.next = l, -1, l.first
	if l.first >= 0 {
		n.requests[l.first].prev = i
	} else {
		l.last = i
	}
	l.first = i
	l.n++
}

func (n *Continuous) unlink(l *list, i int32) {
	q := &n.requests[i]
	if q.prev >= 0 {
		n.requests[q.prev].next = q.next
	} else {
		l.first = q.next
	}
	if q.next >= 0 {
		n.requests[q.next].prev = q.prev
	} else {
		l.last = q.prev
	}
	q.in = nil
	l.n--
}

// vacate gives the place of a request that is in no list to another.
func (n *Continuous) vacate(i int32) {
	n.requests[i].next = n.free
	n.free = i
}

// The heap of those that decode: the first to end on top, of equals the first let in.
func (n *Continuous) before(a, b int32) bool {
	x, y := &n.requests[a], &n.requests[b]
	return x.end < y.end || x.end == y.end && x.seq < y.seq
}

func (n *Continuous) heapPush(i int32) {
	n.ends = append(n.ends, i)
	n.rise(len(n.ends) - 1)
}

func (n *Continuous) heapRemove(at int) {
	n.requests[n.ends[at]].place = -1
	last := len(n.ends) - 1
	moved := n.ends[last]
	n.ends = n.ends[:last]
	if at == last {
		return
	}
	n.ends[at] = moved
	n.sink(at)
	n.rise(int(n.requests[moved].place))
}

func (n *Continuous) rise(at int) {
	i := n.ends[at]
	for at > 0 && n.before(i, n.ends[(at-1)/2]) {
		n.ends[at] = n.ends[(at-1)/2]
		n.requests[n.ends[at]].place = int32(at)
		at = (at - 1) / 2
	}
	n.ends[at] = i
	n.requests[i].place = int32(at)
}

func (n *Continuous) sink(at int) {
	i := n.ends[at]
	for c := 2*at + 1; c < len(n.ends); c = 2*at + 1 {
		if c+1 < len(n.ends) && n.before(n.ends[c+1], n.ends[c]) {
			c++
		}
		if !n.before(n.ends[c], i) {
			break
		}
		n.ends[at] = n.ends[c]
		n.requests[n.ends[at]].place = int32(at)
		at = c
	}
	n.ends[at] = i
	n.requests[i].place = int32(at)
}
