package batching

// An ending says when a request that decodes is to end. The heap keeps them by value,
// so that comparing two looks at neither request.
type ending struct {
	at  int64  // the node's clock
	seq uint64 // of equals the first let in ends first
	i   int32  // the request
}

func (e ending) before(o ending) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// ways is the number of children of an entry of the heap: with four it is half as deep
// as with two, and each level costs a write to a request.
const ways = 4

func (n *Continuous) heapPush(e ending) {
	n.ends = append(n.ends, e)
	n.rise(len(n.ends)-1, e)
}

// heapRemove takes out the entry at a place of the heap.
func (n *Continuous) heapRemove(at int) {
	n.requests[n.ends[at].i].place = -1
	last := len(n.ends) - 1
	moved := n.ends[last]
	n.ends = n.ends[:last]
	switch {
	case at == last:
	case at > 0 && moved.before(n.ends[(at-1)/ways]):
		n.rise(at, moved)
	default:
		n.sink(at, moved)
	}
}

// rise puts e at a place that is vacant, or above.
func (n *Continuous) rise(at int, e ending) {
	for at > 0 {
		above := (at - 1) / ways
		if !e.before(n.ends[above]) {
			break
		}
		n.set(at, n.ends[above])
		at = above
	}
	n.set(at, e)
}

// sink puts e at a place that is vacant, or below.
func (n *Continuous) sink(at int, e ending) {
	for first := ways*at + 1; first < len(n.ends); first = ways*at + 1 {
		least := first
		for c := first + 1; c < min(first+ways, len(n.ends)); c++ {
			if n.ends[c].before(n.ends[least]) {
				least = c
			}
		}
		if !n.ends[least].before(e) {
			break
		}
		n.set(at, n.ends[least])
		at = least
	}
	n.set(at, e)
}

func (n *Continuous) set(at int, e ending) {
	n.ends[at] = e
	n.requests[e.i].place = int32(at)
}
