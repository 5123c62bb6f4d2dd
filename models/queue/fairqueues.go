package queue

import (
	"math"

	"github.com/launchday-sim/launchday/sim"
)

// fairQueues are the shuffle-sharded fair queues of one priority level of Kubernetes
// API Priority and Fairness (k8s.io/apiserver v0.37.2, util/flowcontrol/fairqueuing/
// queueset): a flow has a hand of queues, a request joins the one of them with the
// least waiting work, and the queues share the seats fairly in virtual time.
//
// It is a state machine: who asks says the time. What has joined is known by its
// place until it has ended. Seats that a request of the original keeps for a while
// after its service, for the watchers of what it wrote, have no like here.
type fairQueues struct {
	dealer   dealer
	length   int // of a queue, above which it refuses while no seat is free
	seats    int
	queues   []fairQueue
	requests []seated
	vacant   []int32

	now      sim.Time
	virtual  int64 // progress of each busy queue, in 1e-8 seat-seconds
	enqueues uint64
	robin    int
	waiting  int
	running  int
	inUse    int // seats
	asked    int // seats in use, and of those who wait
	active   int // queues with anybody waiting or running
	dropped  ring[int32]
}

type fairQueue struct {
	line    ring[int32]
	next    int64 // virtual time at which its next dispatch begins
	work    int64 // of those who wait
	waiting int
	running int
}

// An ask is what a request asks of fairQueues.
type ask struct {
	hash    uint64   // of its flow
	seats   int      // while it is served
	assumed sim.Time // how long its service is taken to be, until it is known
}

type seated struct {
	ask
	entry   Entry
	queue   int32
	gone    bool
	work    int64
	arrival int64 // virtual time
}

// newFairQueues returns so many queues, of which a flow has a hand, each of at most
// length requests (more while a seat is free), that share the seats.
func newFairQueues(queues, hand, length, seats int) fairQueues {
	return fairQueues{dealer: dealer{queues, hand}, length: length, seats: seats, queues: make([]fairQueue, queues)}
}

// seatTime is seats for a time, in 1e-8 seat-seconds, halves away from zero.
func seatTime(seats float64, d sim.Time) int64 {
	x := seats * float64(d) / 10
	if x < 0 {
		return -int64(math.Floor(0.5 - x))
	}
	return int64(math.Floor(x + 0.5))
}

// advance moves virtual time on: its speed is the seats that are asked for, at most
// those that there are, over the queues that are active.
func (f *fairQueues) advance(now sim.Time) {
	d := now - f.now
	f.now = now
	if f.active > 0 {
		f.virtual += seatTime(float64(min(f.asked, f.seats))/float64(f.active), d)
	}
	if f.virtual >= 1<<61 {
		f.rebase()
	}
}

// rebase begins virtual time anew, long before it wraps around.
func (f *fairQueues) rebase() {
	for i := range f.queues {
		q := &f.queues[i]
		q.next -= f.virtual
		for p := q.line.head; p != q.line.tail; p++ {
			f.requests[*q.line.at(p)].arrival -= f.virtual
		}
	}
	f.virtual = 0
}

// setSeats changes the number of seats.
func (f *fairQueues) setSeats(now sim.Time, seats int) {
	if seats != f.seats {
		f.advance(now)
		f.seats = seats
	}
}

// join lets a request join the queue of its hand with the least waiting work: the
// scan begins at another card each time, and the first of equals is taken. False:
// that queue is full and no seat is free.
func (f *fairQueues) join(now sim.Time, s ask) (place int32, ok bool) {
	f.advance(now)
	hand := f.dealer.deal(s.hash)
	offset := int(f.enqueues % uint64(f.dealer.hand))
	f.enqueues++
	best := -1
	for i := range f.dealer.hand {
		if n := hand[(offset+i)%f.dealer.hand]; best < 0 || f.queues[n].work < f.queues[best].work {
			best = n
		}
	}
	q := &f.queues[best]
	if f.inUse >= f.seats && q.waiting >= f.length {
		f.bound(q)
		return -1, false
	}
	if q.waiting == 0 && q.running == 0 {
		q.next = f.virtual
		f.active++
	}
	r := seated{ask: s, queue: int32(best), arrival: f.virtual, work: seatTime(float64(s.seats), s.assumed)}
	if n := len(f.vacant); n > 0 {
		place = f.vacant[n-1]
		f.vacant = f.vacant[:n-1]
		f.requests[place] = r
	} else {
		place = int32(len(f.requests))
		f.requests = append(f.requests, r)
	}
	q.line.push(place)
	q.waiting++
	q.work += r.work
	f.waiting++
	f.asked += r.seats
	f.bound(q)
	return place, true
}

// bound keeps dispatch in the virtual world from preceding arrival: a queue saves up
// nothing while it cannot use its share.
func (f *fairQueues) bound(q *fairQueue) {
	f.trim(q)
	if q.line.len() > 0 {
		q.next = max(q.next, f.requests[*q.line.front()].arrival)
	}
}

// trim takes those who left from the head of a queue.
func (f *fairQueues) trim(q *fairQueue) {
	for q.line.len() > 0 && f.requests[*q.line.front()].gone {
		f.dropped.push(q.line.popFront())
	}
}

// unwait takes a request out of the counts of those who wait.
func (f *fairQueues) unwait(r *seated) {
	q := &f.queues[r.queue]
	q.waiting--
	q.work -= r.work
	f.waiting--
}

// leave says that a request that waits has given up.
func (f *fairQueues) leave(now sim.Time, place int32) {
	f.advance(now)
	r := &f.requests[place]
	q := &f.queues[r.queue]
	r.gone = true
	f.unwait(r)
	f.asked -= r.seats
	if q.waiting == 0 && q.running == 0 {
		f.active--
	}
	f.bound(q)
}

// dispatch takes the next request to be served: the head of the queue where it would
// end first in virtual time, scanning from behind the queue dispatched last. False:
// nobody waits, or the seats that the chosen one needs are not free; no other is
// taken in its place. One that is wider than all seats runs when nothing else does.
func (f *fairQueues) dispatch(now sim.Time) (place int32, ok bool) {
	f.advance(now)
	if f.waiting == 0 || f.inUse >= f.seats {
		return -1, false
	}
	best, at := -1, f.robin
	var least int64
	for range f.queues {
		at++
		if at == len(f.queues) {
			at = 0
		}
		q := &f.queues[at]
		if q.waiting == 0 {
			continue
		}
		if end := q.next + f.requests[*q.line.front()].work; best < 0 || end < least {
			best, least = at, end
		}
	}
	q := &f.queues[best]
	place = *q.line.front()
	r := &f.requests[place]
	if r.seats > f.seats {
		if f.running > 0 {
			return -1, false
		}
	} else if f.inUse+r.seats > f.seats {
		return -1, false
	}
	f.robin = best
	q.line.popFront()
	f.unwait(r)
	q.running++
	f.running++
	f.inUse += r.seats
	q.next += r.work
	f.bound(q)
	return place, true
}

// finish says that a service has ended, and how long it took: the queue is charged
// that in the place of what was assumed, and the seats are free.
func (f *fairQueues) finish(now sim.Time, place int32, took sim.Time) {
	f.advance(now)
	r := &f.requests[place]
	q := &f.queues[r.queue]
	q.running--
	f.running--
	if q.waiting == 0 && q.running == 0 {
		f.active--
	}
	q.next -= seatTime(float64(r.seats), r.assumed-took)
	f.bound(q)
	f.inUse -= r.seats
	f.asked -= r.seats
	f.vacant = append(f.vacant, place)
}
