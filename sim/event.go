package sim

// An ActorID is the number that a Kernel gave to an Actor on Register.
type ActorID uint16

// An Event is something that happens to an actor at an instant. It is a small
// value: what it needs beyond Kind and Arg, the actor keeps itself and finds
// again by Arg.
type Event struct {
	Actor    ActorID // to whom it happens
	Kind     uint8   // what happens; the actor's own numbering
	Priority uint8   // at one instant the lower priority fires first
	Arg      uint32  // to what it happens: an index into the actor's tables
}

// An Actor is a part of the model that events happen to. Handle may schedule
// and cancel events; it is called by one goroutine only.
type Actor interface {
	Handle(now Time, ev Event)
}

// A Describer is an Actor that can name its events for the trace.
type Describer interface {
	Describe(ev Event) string
}
