package batching

// A list is requests in an order, linked through them.
type list struct {
	first, last int32 // -1: it is empty
	n           int
}

func (n *Continuous) push(l *list, i int32) {
	q := &n.requests[i]
	q.waits, q.prev, q.next = l == &n.waiting, l.last, -1
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
	q.waits, q.prev, q.next = l == &n.waiting, -1, l.first
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
	q.waits = false
	l.n--
}

// vacate gives the place of a request that is in no list to another.
func (n *Continuous) vacate(i int32) {
	n.requests[i].next = n.free
	n.free = i
}
