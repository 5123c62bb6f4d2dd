// Package queue holds the attempts that wait for a server and says who is
// served next.
//
// A discipline is a small type behind one small interface: an attempt joins
// (push), its user gives up (leave), the next one is taken (pop), parameters
// change (reconfigure). Joining, leaving and being taken allocate nothing once
// the storage has grown. There is one file for each discipline; Disciplines
// says of each where it comes from and when it does harm:
//
//	fifo, lifo, random, adaptive-lifo      by arrival
//	priority, priority-preemptive          by tier
//	drr, sfq, apf, vtc                     fair between tiers or users
//	edf, sjf, srpt                         by deadline or by size
//	processor-sharing                      all at once
//
// An attempt whose user leaves stays in its place as a ghost until its turn
// would have come. That moment tells the offered wait, what an arrival of
// infinite patience would have waited in its place, and the ghost is dropped. A
// ghost costs no share of anything: it is not charged to its tier.
//
//	q, err := queue.New(queue.Spec{Discipline: "fifo"}, queue.Env{})
//	dropped, cause := q.Push(now, slot, &attempt) // joins; somebody may have to go
//	q.Leave(now, slot, &attempt)                  // its user gives up
//	for e, ok := q.Pop(now); ok; e, ok = q.Pop(now) {
//		if e.Slot == models.None {
//			continue // a ghost: it would have waited now - e.Joined
//		}
//		// serve e.Slot
//	}
package queue
