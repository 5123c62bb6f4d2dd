package queue

import (
	"math"

	"github.com/launchday-sim/launchday/sim"
)

// FairQueues are the shuffle-sharded fair queues of one priority level of Kubernetes
// API Priority and Fairness (k8s.io/apiserver v0.37.2, util/flowcontrol/fairqueuing/
// queueset): a flow has a hand of queues, a request joins the one of them with the
// least waiting work, and the queues share the seats fairly in virtual time.
//
// It is a state machine: who asks says the time. What has joined is known by its
// Place until Release.
type FairQueues struct {
	dealer   Dealer
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

// A Seated is what a request asks of FairQueues.
type Seated struct {
	Hash    uint64   // of its flow
	Seats   int      // while it is served
	Assumed sim.Time // how long its service is taken to be, until it is known
	Final   int      // seats that it holds for Extra after it was served; 0 is none
	Extra   sim.Time
}

type seated struct {
	Seated
	Entry   Entry
	queue   int32
	gone    bool
	widest  int
	work    int64
	arrival int64 // virtual time
}

// NewFairQueues returns so many queues, of which a flow has a hand, each of at most
// length requests (more while a seat is free), that share the seats.
func NewFairQueues(queues, hand, length, seats int) *FairQueues {
	return &FairQueues{dealer: NewDealer(queues, hand), length: length, seats: seats, queues: make([]fairQueue, queues)}
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
func (f *FairQueues) advance(now sim.Time) {
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
func (f *FairQueues) rebase() {
	for i := range f.queues {
		q := &f.queues[i]
		q.next -= f.virtual
		for p := q.line.head; p != q.line.tail; p++ {
			f.requests[*q.line.at(p)].arrival -= f.virtual
		}
	}
	f.virtual = 0
}

// SetSeats changes the number of seats.
func (f *FairQueues) SetSeats(now sim.Time, seats int) {
	if seats != f.seats {
		f.advance(now)
		f.seats = seats
	}
}

// Join lets a request join the queue of its hand with the least waiting work: the
// scan begins at another card each time, and the first of equals is taken. False:
// that queue is full and no seat is free.
func (f *FairQueues) Join(now sim.Time, s Seated) (place int32, ok bool) {
	f.advance(now)
	hand := f.dealer.Deal(s.Hash)
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
	r := seated{Seated: s, queue: int32(best), widest: max(s.Seats, s.Final), arrival: f.virtual,
		work: seatTime(float64(s.Seats), s.Assumed) + seatTime(float64(s.Final), s.Extra)}
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
	f.asked += r.widest
	f.bound(q)
	return place, true
}

// Queue is the queue that a request has joined, and the virtual time at which it did.
func (f *FairQueues) Queue(place int32) (queue int, arrival int64) {
	r := &f.requests[place]
	return int(r.queue), r.arrival
}

// bound keeps dispatch in the virtual world from preceding arrival: a queue saves up
// nothing while it cannot use its share.
func (f *FairQueues) bound(q *fairQueue) {
	f.trim(q)
	if q.line.len() > 0 {
		q.next = max(q.next, f.requests[*q.line.front()].arrival)
	}
}

// trim takes those who left from the head of a queue.
func (f *FairQueues) trim(q *fairQueue) {
	for q.line.len() > 0 && f.requests[*q.line.front()].gone {
		f.dropped.push(q.line.popFront())
	}
}

// unwait takes a request out of the counts of those who wait.
func (f *FairQueues) unwait(r *seated) {
	q := &f.queues[r.queue]
	q.waiting--
	q.work -= r.work
	f.waiting--
}

// Leave says that a request that waits has given up.
func (f *FairQueues) Leave(now sim.Time, place int32) {
	f.advance(now)
	r := &f.requests[place]
	q := &f.queues[r.queue]
	r.gone = true
	f.unwait(r)
	f.asked -= r.widest
	if q.waiting == 0 && q.running == 0 {
		f.active--
	}
	f.bound(q)
}

// Dispatch takes the next request to be served: the head of the queue where it would
// end first in virtual time, scanning from behind the queue dispatched last. False:
// nobody waits, or the seats that the chosen one needs are not free; no other is
// taken in its place. One that is wider than all seats runs when nothing else does.
func (f *FairQueues) Dispatch(now sim.Time) (place int32, ok bool) {
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
	if r.widest > f.seats {
		if f.running > 0 {
			return -1, false
		}
	} else if f.inUse+r.widest > f.seats {
		return -1, false
	}
	f.robin = best
	q.line.popFront()
	f.unwait(r)
	if r.Final > f.seats {
		// The same work with the seats that there are.
		r.Extra = sim.Time(math.Floor(float64(seatTime(float64(r.Final), r.Extra))*10/float64(f.seats) + 0.5))
		r.Final = f.seats
		f.asked -= r.widest
		r.widest = max(r.Seats, r.Final)
		f.asked += r.widest
	}
	q.running++
	f.running++
	f.inUse += r.widest
	q.next += r.work
	f.bound(q)
	return place, true
}

// Finish says that a service has ended, and how long it took: the queue is charged
// that in the place of what was assumed. The seats are held until Release, which is
// due after Extra.
func (f *FairQueues) Finish(now sim.Time, place int32, took sim.Time) (extra sim.Time) {
	f.advance(now)
	r := &f.requests[place]
	q := &f.queues[r.queue]
	q.running--
	f.running--
	if q.waiting == 0 && q.running == 0 {
		f.active--
	}
	q.next -= seatTime(float64(r.Seats), r.Assumed-took)
	f.bound(q)
	return r.Extra
}

// Release gives the seats of a request back.
func (f *FairQueues) Release(now sim.Time, place int32) {
	f.advance(now)
	r := &f.requests[place]
	f.inUse -= r.widest
	f.asked -= r.widest
	f.vacant = append(f.vacant, place)
}
