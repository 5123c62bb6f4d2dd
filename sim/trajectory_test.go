package sim

import (
	"flag"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// scheduler is what the Kernel and its reference have in common.
type scheduler interface {
	Register(name string, a Actor) ActorID
	At(t Time, ev Event)
	Timer(t Time, ev Event) Timer
	Cancel(tm Timer) bool
	Step() bool
	RunUntil(t Time)
	Now() Time
	Next() Time
	Pending() int
}

// A temper says how a world schedules.
type temper struct {
	target     int  // pending events: they swing between a quarter of it and twice
	priorities int  // how many there are
	timers     int  // per cent of the events that can be cancelled
	cancel     int  // per cent of the handlers that cancel something
	spread     Time // scale of the increments
	law        int  // shape of the increments: one of the constants below
}

const (
	uniform  = iota
	constant // equal increments
	ties     // few distinct times
	instant  // half of the events are for the current instant
	skewed   // increments over twelve orders of magnitude
	bunched  // whole bunches at one later instant
	laws
)

// A world is an actor that schedules and cancels at random and writes down all
// that it sees. Two worlds of one seed do the same as long as they see the same.
type world struct {
	temper
	k      scheduler
	id     ActorID
	rng    *rand.Rand
	timers []Timer
	log    []seen
	serial uint32
}

type seen struct {
	now       Time
	ev        Event
	cancelled bool
}

func newWorld(k scheduler, seed uint64, t temper) *world {
	w := &world{temper: t, k: k, rng: rand.New(rand.NewPCG(seed, 1))}
	w.id = k.Register("world", w)
	return w
}

func (w *world) increment() Time {
	switch w.law {
	case constant:
		return w.spread
	case ties:
		return Time(w.rng.IntN(4)) * w.spread
	case instant:
		return Time(w.rng.Int64N(2)) * (1 + Time(w.rng.Int64N(int64(w.spread))))
	case skewed:
		return 1 + Time(w.rng.Uint64()>>1>>(20+w.rng.IntN(43)))
	case bunched:
		return w.spread - w.k.Now()%w.spread
	}
	return 1 + Time(w.rng.Int64N(int64(w.spread)))
}

func (w *world) schedule() {
	w.serial++
	ev := Event{Actor: w.id, Kind: uint8(w.serial), Priority: uint8(w.rng.IntN(w.priorities)), Arg: w.serial}
	t := w.k.Now() + w.increment()
	if w.rng.IntN(100) < w.temper.timers {
		w.timers = append(w.timers, w.k.Timer(t, ev))
	} else {
		w.k.At(t, ev)
	}
}

func (w *world) Handle(now Time, ev Event) {
	s := seen{now: now, ev: ev}
	if len(w.timers) > 0 && w.rng.IntN(100) < w.cancel {
		i := w.rng.IntN(len(w.timers))
		s.cancelled = w.k.Cancel(w.timers[i])
		w.timers[i] = w.timers[len(w.timers)-1]
		w.timers = w.timers[:len(w.timers)-1]
	}
	w.log = append(w.log, s)
	n := w.rng.IntN(3)
	switch p := w.k.Pending(); {
	case p > 2*w.target:
		n = 0
	case len(w.log)%64 == 0: // a surge, so that the queue changes between its shapes
		n = w.rng.IntN(2 * w.target)
	case p > w.target/4:
		n = w.rng.IntN(2) // which ebbs away
	}
	for range n {
		w.schedule()
	}
}

// drive runs a world from outside: by steps, by stretches of time, and with
// events scheduled between them.
func (w *world) drive(rounds, steps int) {
	for range rounds {
		for range w.rng.IntN(w.target) {
			w.schedule()
		}
		if len(w.timers) > 0 {
			w.log = append(w.log, seen{cancelled: w.k.Cancel(w.timers[w.rng.IntN(len(w.timers))])})
		}
		for range steps {
			w.k.Step()
		}
		w.log = append(w.log, seen{now: w.k.Next(), ev: Event{Arg: uint32(w.k.Pending())}})
		if next := w.k.Next(); next != Never {
			w.k.RunUntil(w.k.Now() + (next-w.k.Now())/2)
			w.schedule()
			w.k.RunUntil(next)
			w.schedule()
			w.k.RunUntil(next + 1)
		}
		w.log = append(w.log, seen{now: w.k.Now()})
	}
}

func requireSameTrajectory(t require.TestingT, seed uint64, how temper, rounds, steps int) {
	got := newWorld(NewKernel(), seed, how)
	want := newWorld(newHeapKernel(), seed, how)
	got.drive(rounds, steps)
	want.drive(rounds, steps)
	require.Equal(t, len(want.log), len(got.log), "length of the log")
	for i := range want.log {
		if want.log[i] != got.log[i] { // some million comparisons: not by require
			require.Equal(t, want.log[i], got.log[i], "entry %d of the log", i)
		}
	}
}

func TestTheKernelFiresTheSameEventsAsAPlainHeap(t *testing.T) {
	for name, how := range map[string]temper{
		"few pending":                          {target: 3, priorities: 2, timers: 30, cancel: 30, spread: Second},
		"a hundred pending":                    {target: 100, priorities: 1, timers: 0, spread: Second},
		"thousands pending":                    {target: 5000, priorities: 3, timers: 20, cancel: 20, spread: Minute},
		"constant increments":                  {target: 2000, priorities: 1, timers: 10, cancel: 10, spread: Second, law: constant},
		"constant, with priorities":            {target: 500, priorities: 256, timers: 10, cancel: 10, spread: Second, law: constant},
		"ties":                                 {target: 2000, priorities: 5, timers: 10, cancel: 10, spread: Second, law: ties},
		"the current instant":                  {target: 300, priorities: 5, timers: 50, cancel: 50, spread: Millisecond, law: instant},
		"bunches at one instant":               {target: 3000, priorities: 7, timers: 50, cancel: 50, spread: Hour, law: bunched},
		"every order of magnitude":             {target: 1000, priorities: 2, timers: 20, cancel: 20, law: skewed},
		"surges of a hundred, at few instants": {target: 50, priorities: 1, spread: Second, law: bunched},
		"surges of a hundred, among ties":      {target: 50, priorities: 1, timers: 20, cancel: 20, spread: Second, law: ties},
		"nine of ten cancelled":                {target: 200, priorities: 1, timers: 95, cancel: 100, spread: Second},
		"nanoseconds apart":                    {target: 1000, priorities: 3, timers: 20, cancel: 20, spread: 50},
		"cancelled among ties":                 {target: 500, priorities: 4, timers: 100, cancel: 90, spread: Second, law: ties},
		"every other for this moment":          {target: 2000, priorities: 256, timers: 30, cancel: 30, spread: Day, law: instant},
	} {
		t.Run(name, func(t *testing.T) {
			requireSameTrajectory(t, rngtest.Seed(t, 1), how, 12, 4000)
		})
	}
}

func TestTheKernelFiresTheSameEventsAsAPlainHeapWhateverTheTemper(t *testing.T) {
	if seed := flag.Lookup("rapid.seed"); seed.Value.String() == "0" { // that is, not given
		require.NoError(t, seed.Value.Set(strconv.FormatUint(rngtest.Seed(t, 1), 10)))
	}
	rapid.Check(t, func(t *rapid.T) {
		how := temper{
			target:     rapid.IntRange(1, 300).Draw(t, "target"),
			priorities: rapid.IntRange(1, 256).Draw(t, "priorities"),
			timers:     rapid.IntRange(0, 100).Draw(t, "timers"),
			cancel:     rapid.IntRange(0, 100).Draw(t, "cancel"),
			spread:     Time(rapid.Int64Range(1, int64(Day)).Draw(t, "spread")),
			law:        rapid.IntRange(0, laws-1).Draw(t, "law"),
		}
		steps := rapid.IntRange(0, 400).Draw(t, "steps")
		seed := rapid.Uint64().Draw(t, "seed")
		for i := range uint64(10) {
			requireSameTrajectory(t, seed+i, how, 6, steps)
		}
	})
}

func TestOneBucketOfManyTiesAndAFewOthersKeepsItsOrder(t *testing.T) {
	k := NewKernel()
	w := &recorder{}
	id := k.Register("recorder", w)
	for i := range uint32(1000) {
		k.At(Second, Event{Actor: id, Priority: uint8(i % 3), Arg: i})
		k.At(Second+Time(i%2), Event{Actor: id, Priority: 1, Arg: 1000 + i})
	}
	for k.Step() {
	}
	require.Len(t, w.events, 2000)
	for i, b := range w.events[1:] {
		a := w.events[i]
		inOrder := w.times[i] < w.times[i+1] || w.times[i] == w.times[i+1] && a.Priority <= b.Priority
		assert.True(t, inOrder, "%v at %v before %v at %v", a, w.times[i], b, w.times[i+1])
	}
}

func TestEventsOfThisInstantStayAheadOfThoseScheduledInItWhenTheFrontOverflows(t *testing.T) {
	k := NewKernel()
	w := &recorder{}
	id := k.Register("recorder", w)
	var want []uint32
	for i := range uint32(40) {
		k.At(Second, Event{Actor: id, Arg: i})
		want = append(want, i)
	}
	w.then = func(now Time, ev Event) {
		if ev.Arg != 0 {
			return
		}
		k.At(now, Event{Actor: id, Arg: 40})
		for i := range uint32(100) {
			k.At(2*Second+Time(i), Event{Actor: id, Arg: 41 + i})
		}
	}
	for i := range uint32(101) {
		want = append(want, 40+i)
	}
	for k.Step() {
	}
	assert.Equal(t, want, w.args())
}

// A recorder writes down what happens to it, and does what it is told to.
type recorder struct {
	events []Event
	times  []Time
	then   func(now Time, ev Event)
}

func (r *recorder) Handle(now Time, ev Event) {
	r.events = append(r.events, ev)
	r.times = append(r.times, now)
	if r.then != nil {
		r.then(now, ev)
	}
}

func (r *recorder) args() []uint32 {
	var args []uint32
	for _, ev := range r.events {
		args = append(args, ev.Arg)
	}
	return args
}
