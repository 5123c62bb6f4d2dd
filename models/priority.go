package models

// Priorities of the events of the rooms: what comes first where several events
// share an instant (lower fires first; within one priority, in order of
// insertion). Causes come before their effects, a server that is freed can be
// taken by an arrival of the same instant, and whoever only looks, looks last.
const (
	PriorityPatch     uint8 = iota // a dated patch of the timeline
	PriorityDeparture              // a service ends
	PriorityCapacity               // a node fails or comes back, a lot arrives
	PriorityPatience               // a wait in the queue runs out
	PriorityControl                // a policy acts between attempts: a period of its controller ends, it lets somebody go on
	PriorityArrival                // an attempt arrives, first try or retry
	PriorityObserve                // a look at the state: samples, windows, reports
)
