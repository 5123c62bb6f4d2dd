package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// counters are the virtual token counters of Sheng et al., "Fairness in serving large
// language models", OSDI 2024, algorithm 2: a counter of the service that each
// tenant has had, by which the tenant with the least is next. One that comes back
// with nothing waiting is lifted to the least counter of those who wait, so that
// idleness earns no credit. Of equal counters that of the tenant seen first is next.
//
// What is charged, and when, is the caller's: tokens as they are read and made, or
// seconds of a server.
type counters struct {
	tenants []vtcTenant
	heap    []int32 // tenants with anything waiting, the least first
	seen    int32
}

type vtcTenant struct {
	counter float64
	first   int32 // when it was seen first, from 1
	waiting int32
	at      int32 // its place in the heap
}

// join says that a request of the tenant begins to wait.
func (v *counters) join(tenant int) {
	t := &v.tenants[tenant]
	if t.first == 0 {
		v.seen++
		t.first = v.seen
	}
	t.waiting++
	if t.waiting > 1 {
		return
	}
	if len(v.heap) > 0 {
		t.counter = max(t.counter, v.tenants[v.heap[0]].counter)
	}
	v.heap = append(v.heap, int32(tenant))
	t.at = int32(len(v.heap) - 1)
	v.up(len(v.heap) - 1)
}

// take says that a request of the tenant waits no longer: it is served, or gone.
func (v *counters) take(tenant int) {
	t := &v.tenants[tenant]
	t.waiting--
	if t.waiting > 0 {
		return
	}
	i, n := int(t.at), len(v.heap)-1
	last := v.heap[n]
	v.heap = v.heap[:n]
	if i < n {
		v.set(i, last)
		v.fix(i)
	}
}

// least is the tenant with the least counter of those with requests waiting, and
// whether there is any.
func (v *counters) least() (tenant int, ok bool) {
	if len(v.heap) == 0 {
		return 0, false
	}
	return int(v.heap[0]), true
}

// charge adds what a tenant was served, divided by its weight; below 0 it is given
// back.
func (v *counters) charge(tenant int, cost float64) {
	t := &v.tenants[tenant]
	t.counter += cost
	if t.waiting > 0 {
		v.fix(int(t.at))
	}
}

func (v *counters) before(i, j int32) bool {
	a, b := &v.tenants[i], &v.tenants[j]
	return a.counter < b.counter || a.counter == b.counter && a.first < b.first
}

func (v *counters) set(i int, tenant int32) {
	v.heap[i] = tenant
	v.tenants[tenant].at = int32(i)
}

func (v *counters) swap(i, j int) {
	x, y := v.heap[i], v.heap[j]
	v.set(i, y)
	v.set(j, x)
}

func (v *counters) fix(i int) {
	v.up(i)
	v.down(i)
}

func (v *counters) up(i int) {
	for i > 0 && v.before(v.heap[i], v.heap[(i-1)/2]) {
		v.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (v *counters) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(v.heap) {
			return
		}
		if c+1 < len(v.heap) && v.before(v.heap[c+1], v.heap[c]) {
			c++
		}
		if !v.before(v.heap[c], v.heap[i]) {
			return
		}
		v.swap(i, c)
		i = c
	}
}

// vtc is the discipline. An attempt is charged, over the weight of its tier, what a
// gateway predicts of it when it is taken, the mean service of its class, and what it
// took instead when it ends (section 4.3 of the paper, with predicted length); or it is
// charged for its service as that goes on, which is algorithm 2 with seconds of a server
// for tokens.
type vtc struct {
	env     Env
	counter counters
	lanes   []ring[int32] // by tenant, places of flights
	flights []flight
	vacant  []int32
	serving []int32     // places of those that are served
	settled sim.Time    // when they were charged last, if that goes on
	gone    ring[Entry] // ghosts whose turn has come
	byUser  bool
	served  bool // they are charged as their service goes on
	weights []float64
}

// A flight is an attempt that waits or is served.
type flight struct {
	Entry
	tenant  int32
	at      int32    // its place among those that are served
	started sim.Time // when it was taken
	cost    sim.Time // that its tenant has been charged for, once it is taken
}

func newVTC(env Env, s *Spec) *vtc {
	n := env.tiers()
	if s.Flow == "user" {
		n = s.Tenants
	}
	return &vtc{env: env, counter: counters{tenants: make([]vtcTenant, n)}, lanes: make([]ring[int32], n), byUser: s.Flow == "user"}
}

// tenant is the tier, or one of so many groups of users by a hash of the user; a
// request of nobody is a user of its own.
func (q *vtc) tenant(a *models.Attempt) int {
	if !q.byUser {
		return int(a.Tier)
	}
	return int(flowOf(a) % uint64(len(q.lanes)))
}

// flowOf is a hash of the user of an attempt.
func flowOf(a *models.Attempt) uint64 {
	if a.User == models.Anonymous {
		return uint64(a.Request)
	}
	return uint64(rng.Key(a.User).Child(0))
}

func (q *vtc) push(now sim.Time, e Entry, a *models.Attempt) (uint64, bool) {
	q.settle(now)
	f := flight{Entry: e, tenant: int32(q.tenant(a)), cost: q.env.cost(a)}
	if e.Slot == models.None {
		q.gone.push(e)
		return 0, true
	}
	var at int32
	if n := len(q.vacant); n > 0 {
		at = q.vacant[n-1]
		q.vacant = q.vacant[:n-1]
		q.flights[at] = f
	} else {
		at = int32(len(q.flights))
		q.flights = append(q.flights, f)
	}
	q.lanes[f.tenant].push(at)
	q.counter.join(int(f.tenant))
	return uint64(at), true
}

func (q *vtc) leave(_ sim.Time, place uint64) {
	f := &q.flights[place]
	f.Slot = models.None
	q.counter.take(int(f.tenant))
	q.trim(&q.lanes[f.tenant])
}

// trim takes ghosts from the head of a lane: their turn would have come by now.
func (q *vtc) trim(l *ring[int32]) {
	for l.len() > 0 && q.flights[*l.front()].Slot == models.None {
		at := l.popFront()
		q.gone.push(q.flights[at].Entry)
		q.vacant = append(q.vacant, at)
	}
}

func (q *vtc) pop(now sim.Time) (Entry, bool) {
	if q.gone.len() > 0 {
		return q.gone.popFront(), true
	}
	q.settle(now)
	t, ok := q.counter.least()
	if !ok {
		return Entry{}, false
	}
	l := &q.lanes[t]
	place := l.popFront()
	f := &q.flights[place]
	q.counter.take(t)
	f.started, f.at = now, int32(len(q.serving))
	q.serving = append(q.serving, place)
	if q.served {
		f.cost = 0
	}
	q.counter.charge(t, f.cost.Seconds()/q.weights[f.Tier])
	q.trim(l)
	return f.Entry, true
}

// settle charges those that are served for what they have had by now, where that is
// done as the service goes on.
func (q *vtc) settle(now sim.Time) {
	if !q.served || q.settled == now {
		return
	}
	q.settled = now
	for _, place := range q.serving {
		q.charge(uint64(place), now-q.flights[place].started)
	}
}

// charge makes the service that an attempt in flight was charged for what it has
// had.
func (q *vtc) charge(place uint64, had sim.Time) {
	f := &q.flights[place]
	q.counter.charge(int(f.tenant), (had-f.cost).Seconds()/q.weights[f.Tier])
	f.cost = had
}

func (q *vtc) ended(_ sim.Time, place uint64, took sim.Time) {
	q.charge(place, took)
	at, last := q.flights[place].at, q.serving[len(q.serving)-1]
	q.serving[at], q.flights[last].at = last, at
	q.serving = q.serving[:len(q.serving)-1]
	q.vacant = append(q.vacant, int32(place))
}

func (q *vtc) reconfigure(s *Spec) {
	q.weights, q.served = q.env.weights(s), s.Charge == "served"
}
