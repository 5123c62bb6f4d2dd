package queue

// A ring is a double-ended queue over a slice whose length is a power of two.
// A place stays valid while its item is in the ring.
type ring[T any] struct {
	items      []T
	head, tail uint64
}

func (r *ring[T]) at(place uint64) *T { return &r.items[place&uint64(len(r.items)-1)] }

func (r *ring[T]) len() int { return int(r.tail - r.head) }

func (r *ring[T]) front() *T { return r.at(r.head) }

func (r *ring[T]) push(x T) uint64 {
	if r.tail-r.head == uint64(len(r.items)) {
		r.grow()
	}
	place := r.tail
	*r.at(place) = x
	r.tail++
	return place
}

func (r *ring[T]) pushFront(x T) uint64 {
	if r.tail-r.head == uint64(len(r.items)) {
		r.grow()
	}
	r.head--
	*r.at(r.head) = x
	return r.head
}

func (r *ring[T]) popFront() T {
	x := *r.at(r.head)
	r.head++
	return x
}

func (r *ring[T]) popBack() T {
	r.tail--
	return *r.at(r.tail)
}

func (r *ring[T]) grow() {
	bigger := ring[T]{items: make([]T, max(16, 2*len(r.items))), head: r.head, tail: r.tail}
	for p := r.head; p != r.tail; p++ {
		*bigger.at(p) = *r.at(p)
	}
	*r = bigger
}
