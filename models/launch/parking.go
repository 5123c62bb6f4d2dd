package launch

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// parked is a request that waits for its next try, or a user who will come back.
type parked struct {
	key        rng.Key
	due, first sim.Time
	user       models.User
	try        uint16
	visit      uint8
	step, paid uint8
	stage      uint8
	tier       models.Tier
	class      models.Class
	row        uint32 // of a trace; 0: of none
}

// How far a parked request is.
const (
	wished = iota // nobody has heard of it: a return, or the next of a session
	tried         // it is between two tries
	putOff        // guard number stage - putOff of its client puts its try off
)

// A parking holds those who wait for another try. Millions come back tomorrow:
// they lie in buckets by the minute in which they are due and cost no event of
// their own until that minute begins. Those of the current minute have an event.
type parking struct {
	near    []parked // by the Arg of their event
	vacant  []uint32
	buckets []int32 // head of the chain of chunks, -1 is none
	chunks  []chunk
	spare   []int32
	never   []parked // requests whose next try is due after the end of the run

	returning int // users who will come with another request, after the end of the run too
}

const (
	bucketWidth = sim.Minute
	chunkSize   = 62
)

// A chunk is a piece of a bucket; chunks are recycled.
type chunk struct {
	next, n int32
	items   [chunkSize]parked
}

func (p *parking) init(end sim.Time) {
	p.buckets = make([]int32, end/bucketWidth+1)
	for i := range p.buckets {
		p.buckets[i] = -1
	}
}

// park keeps a request until it is tried again, or a user who will come back.
func (r *Run) park(now, after sim.Time, p parked) {
	k := &r.parking
	if p.stage == wished {
		k.returning++
	}
	if after >= r.end-now {
		if p.stage != wished {
			k.never = append(k.never, p) // still open; a return that does not come is nothing
		}
		return
	}
	p.due = now + after
	b := int(p.due / bucketWidth)
	if b <= int(now/bucketWidth) {
		r.call(p)
		return
	}
	if k.buckets[b] < 0 {
		r.k.At(sim.Time(b)*bucketWidth, sim.Event{Actor: r.actor, Kind: evBucket, Priority: models.PriorityPatch, Arg: uint32(b)})
	}
	k.add(b, p)
}

func (k *parking) add(b int, p parked) {
	head := k.buckets[b]
	if head < 0 || k.chunks[head].n == chunkSize {
		var c int32
		if n := len(k.spare); n > 0 {
			c = k.spare[n-1]
			k.spare = k.spare[:n-1]
		} else {
			k.chunks = append(k.chunks, chunk{})
			c = int32(len(k.chunks) - 1)
		}
		k.chunks[c].next, k.chunks[c].n = head, 0
		k.buckets[b], head = c, c
	}
	c := &k.chunks[head]
	c.items[c.n] = p
	c.n++
}

// call gives a parked request its event.
func (r *Run) call(p parked) {
	k := &r.parking
	var i uint32
	if n := len(k.vacant); n > 0 {
		i = k.vacant[n-1]
		k.vacant = k.vacant[:n-1]
		k.near[i] = p
	} else {
		i = uint32(len(k.near))
		k.near = append(k.near, p)
	}
	r.k.At(p.due, sim.Event{Actor: r.actor, Kind: evPark, Priority: models.PriorityArrival, Arg: i})
}

// open calls up all who are due in a bucket.
func (r *Run) open(_ sim.Time, b int) {
	k := &r.parking
	for c := k.buckets[b]; c >= 0; c = k.chunks[c].next {
		for i := range k.chunks[c].n {
			r.call(k.chunks[c].items[i])
		}
		k.spare = append(k.spare, c)
	}
	k.buckets[b] = -1
}

// resume is the moment of another try, or of a return.
func (r *Run) resume(now sim.Time, i uint32) {
	p := r.parking.near[i]
	r.parking.near[i].stage = wished
	r.parking.vacant = append(r.parking.vacant, i)
	if p.stage != wished {
		r.rec.Retrying(now, p.tier, p.class, -1)
	} else {
		r.parking.returning--
		p.first = now
	}
	r.try(now, p)
}

// each calls f with everyone who waits.
func (k *parking) each(f func(*parked)) {
	for i := range k.near {
		f(&k.near[i])
	}
	for _, c := range k.buckets {
		for ; c >= 0; c = k.chunks[c].next {
			for i := range k.chunks[c].n {
				f(&k.chunks[c].items[i])
			}
		}
	}
	for i := range k.never {
		f(&k.never[i])
	}
}
