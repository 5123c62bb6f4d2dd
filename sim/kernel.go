package sim

import "fmt"

// A Kernel holds the clock, the actors and the pending events of one run. It
// is not safe for use by several goroutines; several Kernels are independent.
type Kernel struct {
	now       Time
	fired     uint64
	actors    []Actor
	observers []func(now Time, ev Event)
	queue     queue
	timers    timers
	names     []string // of the actors
}

// NewKernel returns a kernel at time 0 with no actor and no event.
func NewKernel() *Kernel {
	k := &Kernel{}
	k.queue.init()
	return k
}

// Register adds an actor under a name, which the trace prints, and returns the
// number to address its events to. Numbers are given in order from 0. It panics
// beyond 65,535 actors: what there are many of is an Arg of one actor.
func (k *Kernel) Register(name string, a Actor) ActorID {
	if len(k.actors) == int(timerActor) {
		panic(fmt.Sprintf("sim: Register(%q): there are %d actors already, the most there can be", name, len(k.actors)))
	}
	k.actors = append(k.actors, a)
	k.names = append(k.names, name)
	return ActorID(len(k.actors) - 1)
}

// At schedules ev to fire at t. It cannot be cancelled, and costs less than a
// Timer. At the current instant it fires after the events of its priority that
// are pending there. At t == Never nothing is scheduled. It panics if t is
// before Now or the actor is not registered.
func (k *Kernel) At(t Time, ev Event) {
	if t < k.now || int(ev.Actor) >= len(k.actors) {
		k.refuse(t, ev)
	}
	if t != Never {
		k.queue.push(k.now, entry{t, ev})
	}
}

// refuse panics for an event that cannot be scheduled.
func (k *Kernel) refuse(t Time, ev Event) {
	if t < k.now {
		panic(fmt.Sprintf("sim: cannot schedule %q at %v: it is %v already", k.Describe(ev), t, k.now))
	}
	panic(fmt.Sprintf("sim: cannot schedule an event for actor %d: %d actors are registered", ev.Actor, len(k.actors)))
}

// Now returns the current time: that of the event that fires or fired last, or
// what RunUntil moved it to.
func (k *Kernel) Now() Time { return k.now }

// Step fires the next event. It returns false, and leaves the clock where it
// is, if none is pending.
func (k *Kernel) Step() bool { return k.step(Never) }

// RunUntil fires every event with a time strictly before t and then moves the
// clock to t, so that the events at t itself are still to come. It panics if t
// is before Now.
func (k *Kernel) RunUntil(t Time) {
	if t < k.now {
		panic(fmt.Sprintf("sim: cannot run until %v: it is %v already", t, k.now))
	}
	for k.step(t) {
	}
	k.now = t
}

// Advance is RunUntil that stops after so many events. It reports whether t was
// reached; otherwise the clock stands at the last event.
func (k *Kernel) Advance(t Time, events int) bool {
	if t < k.now {
		panic(fmt.Sprintf("sim: cannot run until %v: it is %v already", t, k.now))
	}
	for ; events > 0; events-- {
		if !k.step(t) {
			k.now = t
			return true
		}
	}
	return false
}

// step fires the next event if it lies before the given time.
func (k *Kernel) step(before Time) bool {
	for {
		e, ok := k.queue.pop(k.now, before)
		if !ok {
			return false
		}
		ev := e.ev
		if ev.Actor == timerActor {
			if ev, ok = k.timers.expire(ev.Arg); !ok {
				continue // it was cancelled
			}
		}
		k.now = e.t
		k.fired++
		for _, observe := range k.observers {
			observe(e.t, ev)
		}
		k.actors[ev.Actor].Handle(e.t, ev)
		return true
	}
}

// Pending returns the number of events that are to fire.
func (k *Kernel) Pending() int { return k.queue.len - k.timers.cancelled }

// Fired returns the number of events that have fired.
func (k *Kernel) Fired() uint64 { return k.fired }

// Next returns the time of the next event, Never if none is pending. It looks
// without touching and may have to look at many events: to run up to a time,
// RunUntil is cheaper.
func (k *Kernel) Next() Time { return k.queue.next(k.timers.isCancelled) }

// Observe has f called before each event from now on, with the clock at the
// event, after the observers that are there already. It is for looking on: f
// must not schedule or cancel anything, so that the same events happen with it
// as without.
func (k *Kernel) Observe(f func(now Time, ev Event)) { k.observers = append(k.observers, f) }

// Describe returns ev in words, "actor: event": in the actor's own if it is a
// Describer, otherwise by its numbers.
func (k *Kernel) Describe(ev Event) string {
	if int(ev.Actor) >= len(k.actors) {
		return fmt.Sprintf("actor %d: event %d of %d", ev.Actor, ev.Kind, ev.Arg)
	}
	if d, ok := k.actors[ev.Actor].(Describer); ok {
		return k.names[ev.Actor] + ": " + d.Describe(ev)
	}
	return fmt.Sprintf("%s: event %d of %d", k.names[ev.Actor], ev.Kind, ev.Arg)
}
