package main

import (
	"math"

	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A strategy is a way of waiting between two tries to write.
type strategy struct {
	name   string
	base   sim.Time
	jitter client.Jitter
}

// The article's base is 5 ms and its cap 2 s. Its exponential laws count tries
// from 1 in base 2^n, so that the first backoff is 10 ms; client.Backoff starts
// with its base.
const (
	base      = 5 * sim.Millisecond
	longest   = 2 * sim.Second
	hopMean   = 10.0 // ms
	hopSD     = 2.0  // ms
	runs      = 100  // of which the mean is taken
	fewest    = 10
	most      = 190
	stepCount = 20
)

// strategies are those of the article.
var strategies = []strategy{
	{"none", 0, client.NoJitter},
	{"exponential", 2 * base, client.NoJitter},
	{"equal jitter", 2 * base, client.EqualJitter},
	{"full jitter", 2 * base, client.FullJitter},
	{"decorrelated", base, client.DecorrelatedJitter},
}

// A result is the mean over runs of one strategy at one number of clients.
type result struct {
	calls float64  // writes that reached the row
	time  sim.Time // until the last client had written
}

// The messages of the experiment; Arg is the client.
const (
	reads   uint8 = iota // a read reaches the row
	hasRead              // its answer reaches the client
	writes               // a write reaches the row
	wrote                // its answer reaches the client
)

// A row has a version, which a write has to name.
type row struct {
	k       *sim.Kernel
	id      sim.ActorID
	backoff client.Backoff
	version int
	calls   int
	clients []writer
	network rng.Source
}

// A writer reads the row and then writes it once.
type writer struct {
	key  rng.Key
	try  int
	seen int // version
	won  bool
}

// play is one run: all clients start at time 0.
func play(seed, replication uint64, s strategy, clients int) (calls int, end sim.Time, err error) {
	b, err := client.NewBackoff(s.base, longest, client.ExponentialGrowth, s.jitter)
	if err != nil {
		return 0, 0, err
	}
	r := &row{k: sim.NewKernel(), backoff: b, clients: make([]writer, clients), network: rng.NewSource(seed, replication, "network")}
	r.id = r.k.Register("row", r)
	stream := rng.StreamKey(seed, replication, "clients")
	for i := range r.clients {
		r.clients[i] = writer{key: stream.Child(uint64(i)), try: 1}
		r.send(0, reads, uint32(i))
	}
	for r.k.Step() {
	}
	return r.calls, r.k.Now(), nil
}

// send lets a message arrive a hop after a moment.
func (r *row) send(from sim.Time, kind uint8, client uint32) {
	hop := sim.FromSeconds(math.Abs(hopMean+hopSD*r.network.Normal()) / 1000)
	r.k.At(from+hop, sim.Event{Actor: r.id, Kind: kind, Arg: client})
}

// Handle takes a message.
func (r *row) Handle(now sim.Time, ev sim.Event) {
	c := &r.clients[ev.Arg]
	switch ev.Kind {
	case reads:
		c.seen = r.version
		r.send(now, hasRead, ev.Arg)
	case hasRead:
		r.send(now, writes, ev.Arg)
	case writes:
		r.calls++
		if c.won = c.seen == r.version; c.won {
			r.version++
		}
		r.send(now, wrote, ev.Arg)
	case wrote:
		if !c.won {
			wait := r.backoff.Wait(c.key, c.try, 0)
			c.try++
			r.send(now+wait, reads, ev.Arg)
		}
	}
}

// mean is the mean of n runs.
func mean(seed uint64, n int, s strategy, clients int) (result, error) {
	calls, time := 0, sim.Time(0)
	for k := range n {
		c, t, err := play(seed, uint64(k), s, clients)
		if err != nil {
			return result{}, err
		}
		calls += c
		time += t
	}
	return result{float64(calls) / float64(n), time / sim.Time(n)}, nil
}
