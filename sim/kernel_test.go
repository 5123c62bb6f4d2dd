package sim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newRecorder() (*Kernel, *recorder, ActorID) {
	k, r := NewKernel(), &recorder{}
	return k, r, k.Register("recorder", r)
}

func TestEventsFireByTimeThenPriorityThenInsertion(t *testing.T) {
	k, r, id := newRecorder()
	for i, e := range []struct {
		t        Time
		priority uint8
	}{{2, 0}, {1, 9}, {1, 0}, {2, 255}, {1, 9}, {2, 0}, {0, 1}} {
		k.At(e.t, Event{Actor: id, Priority: e.priority, Arg: uint32(i)})
	}
	for k.Step() {
	}
	assert.Equal(t, []uint32{6, 2, 1, 4, 0, 5, 3}, r.args())
	assert.Equal(t, []Time{0, 1, 1, 1, 2, 2, 2}, r.times)
	assert.Equal(t, Time(2), k.Now())
	assert.EqualValues(t, 7, k.Fired())
}

func TestAnEventForTheCurrentInstantComesAfterItsPriorityAndBeforeTheNext(t *testing.T) {
	k, r, id := newRecorder()
	k.At(5, Event{Actor: id, Priority: 1, Arg: 1})
	k.At(5, Event{Actor: id, Priority: 1, Arg: 2})
	k.At(5, Event{Actor: id, Priority: 2, Arg: 3})
	k.At(6, Event{Actor: id, Arg: 4})
	r.then = func(now Time, ev Event) {
		if ev.Arg == 1 {
			k.At(now, Event{Actor: id, Priority: 2, Arg: 30})
			k.At(now, Event{Actor: id, Priority: 1, Arg: 20})
			k.At(now, Event{Actor: id, Priority: 0, Arg: 10})
		}
	}
	for k.Step() {
	}
	assert.Equal(t, []uint32{1, 10, 2, 20, 3, 30, 4}, r.args())
}

func TestRunUntilStopsShortOfItsTimeAndMovesTheClockToIt(t *testing.T) {
	k, r, id := newRecorder()
	for i := range uint32(5) {
		k.At(Time(i)*Second, Event{Actor: id, Arg: i})
	}
	k.RunUntil(2 * Second)
	assert.Equal(t, []uint32{0, 1}, r.args())
	assert.Equal(t, 2*Second, k.Now())
	assert.Equal(t, 2*Second, k.Next())
	assert.Equal(t, 3, k.Pending())

	k.At(k.Now(), Event{Actor: id, Arg: 20})
	k.RunUntil(2 * Second)
	assert.Len(t, r.events, 2, "no time has passed")
	k.RunUntil(2*Second + 1)
	assert.Equal(t, []uint32{0, 1, 2, 20}, r.args())
}

func TestWithNothingPendingTheClockStandsStill(t *testing.T) {
	k, _, _ := newRecorder()
	k.RunUntil(Hour)
	assert.False(t, k.Step())
	assert.Equal(t, Hour, k.Now())
	assert.Equal(t, Never, k.Next())
	assert.Zero(t, k.Pending())
}

func TestAnEventAtNeverIsNotScheduled(t *testing.T) {
	k, _, id := newRecorder()
	k.At(Never, Event{Actor: id})
	assert.Zero(t, k.Timer(Never, Event{Actor: id}))
	assert.Zero(t, k.Pending())
	k.At(Never-1, Event{Actor: id})
	assert.Equal(t, Never-1, k.Next())
	assert.True(t, k.Step())
}

func TestSchedulingIntoThePastPanicsWithTheTimesAndTheEvent(t *testing.T) {
	k, _, id := newRecorder()
	k.RunUntil(2 * Second)
	const message = `sim: cannot schedule "recorder: event 3 of 4" at 1s: it is 2s already`
	ev := Event{Actor: id, Kind: 3, Arg: 4}
	assert.PanicsWithValue(t, message, func() { k.At(Second, ev) })
	assert.PanicsWithValue(t, message, func() { k.Timer(Second, ev) })
	assert.PanicsWithValue(t, "sim: cannot run until 1s: it is 2s already", func() { k.RunUntil(Second) })
	assert.PanicsWithValue(t, "sim: cannot schedule an event for actor 7: 1 actors are registered",
		func() { k.At(Minute, Event{Actor: 7}) })
}

func TestThereAreAtMost65535Actors(t *testing.T) {
	k := NewKernel()
	for range 65535 {
		k.Register("", nil)
	}
	assert.Panics(t, func() { k.Register("one too many", nil) })
}

// ball names its events, as an actor does that wants a trace that can be read.
type ball struct{ recorder }

func (b *ball) Describe(ev Event) string { return [...]string{"ping", "pong"}[ev.Kind] }

func TestTheTraceHasALineForEachEvent(t *testing.T) {
	k := NewKernel()
	b, r := &ball{}, &recorder{}
	ballID, other := k.Register("ball", b), k.Register("umpire", r)
	var out strings.Builder
	Trace(&out, k)
	k.At(1500*Millisecond, Event{Actor: ballID, Kind: 1})
	k.At(0, Event{Actor: ballID})
	k.Timer(26*Hour, Event{Actor: other, Kind: 2, Arg: 11})
	k.Cancel(k.Timer(Hour, Event{Actor: other}))
	for k.Step() {
	}
	assert.Equal(t, strings.Join([]string{
		"            0s  ball: ping",
		"          1.5s  ball: pong",
		"       26h0m0s  umpire: event 2 of 11",
		"",
	}, "\n"), out.String())
}

func TestObserversSeeEachEventBeforeItFiresAndChangeNothing(t *testing.T) {
	how := temper{target: 50, priorities: 3, timers: 30, cancel: 30, spread: Second}
	plain := newWorld(NewKernel(), 1, how)
	plain.drive(3, 500)

	k := NewKernel()
	watched := newWorld(k, 1, how)
	var order []string
	seen := uint64(0)
	k.Observe(func(now Time, ev Event) {
		require.Equal(t, k.Now(), now)
		order = append(order, "first")
	})
	k.Observe(func(Time, Event) {
		seen++
		require.Equal(t, seen, k.Fired())
		order = append(order, "second")
	})
	watched.drive(3, 500)
	assert.Equal(t, plain.log, watched.log)
	assert.Equal(t, []string{"first", "second"}, order[:2])
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	const warmUp = 200 // until the free chunks are as many as ever needed
	for _, how := range []temper{
		{target: 1, spread: Second},
		{target: 100, spread: Second},
		{target: 1000, spread: Second},
		{target: 1000, spread: Second, law: constant},
		{target: 1000, spread: Second, timers: 100, cancel: 90},
		{target: 300, spread: Second, timers: 100, cancel: 90, law: instant},
	} {
		k := NewKernel()
		how.priorities = 2
		c := &churn{world: newWorld(k, 1, how), pending: make([]Timer, how.target)}
		c.id = k.Register("churn", c)
		for i := range uint32(how.target) {
			k.At(c.increment(), Event{Actor: c.id, Arg: i})
		}
		for range warmUp * how.target {
			k.Step()
		}
		allocations := testing.AllocsPerRun(3, func() {
			for range 3 * how.target {
				k.Step()
			}
		})
		assert.Zero(t, allocations, "%+v", how)
	}
}

// churn keeps the number of its events: each schedules the next, and sets a
// timer that is mostly cancelled before it fires.
type churn struct {
	*world
	id      ActorID
	pending []Timer
}

func (c *churn) Handle(now Time, ev Event) {
	if ev.Kind == 1 {
		return // a timer that was not cancelled
	}
	c.k.At(now+c.increment(), Event{Actor: c.id, Priority: uint8(c.rng.IntN(2)), Arg: ev.Arg})
	if c.temper.timers > 0 {
		if c.rng.IntN(100) < c.cancel {
			c.k.Cancel(c.pending[ev.Arg])
		}
		c.pending[ev.Arg] = c.k.Timer(now+5*c.increment(), Event{Actor: c.id, Kind: 1, Arg: ev.Arg})
	}
}
