// Package sim is the kernel of a discrete-event simulation: virtual time, the
// set of pending events, and the actors that events happen to. It knows no
// users and no servers.
//
// Its world is a clock that jumps. An event is a small value addressed to an
// actor at an instant; the kernel takes the earliest, moves the clock to it and
// calls the actor's Handle, which changes the actor's state and schedules what
// follows from it. Nothing happens between two events, and nothing else moves
// the clock. At one instant events fire by Priority, lower first, and within a
// priority in the order in which they were scheduled: a run is the same each
// time, on every machine.
//
// A lamp that switches itself every second:
//
//	type lamp struct {
//		k  *sim.Kernel
//		id sim.ActorID
//		on bool
//	}
//
//	func (l *lamp) Handle(now sim.Time, ev sim.Event) {
//		l.on = !l.on
//		l.k.At(now+sim.Second, sim.Event{Actor: l.id})
//	}
//
//	k := sim.NewKernel()
//	l := &lamp{k: k}
//	l.id = k.Register("lamp", l)
//	k.At(0, sim.Event{Actor: l.id})
//	k.RunUntil(sim.Minute)
//
// What may yet be called off, such as the patience of a customer who waits, is
// scheduled with Timer instead of At and withdrawn with Cancel.
//
// There is no wall clock here, no goroutine and no randomness. In steady state
// scheduling, cancelling and firing allocate nothing.
package sim
