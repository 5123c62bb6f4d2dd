// Package gpu is the room of the servers: pools of GPU nodes that fail, are
// repaired, arrive late and in lots, and do the work.
//
// A pool has nodes, a node has slots, and a slot is one server that holds one
// attempt at a time: with slots_per_node 1 a node is a server, and without
// failures the pool is exactly the c servers of M/G/c. The queue is not here: a
// Pool takes an attempt if it has a free server and says no otherwise. Its Host,
// the assembly, holds the queue and is told when to look at it again.
//
//	pool, err := gpu.New(k, spec, seed, replication, host)
//	...
//	if server, ok := pool.Start(now, slot, service); ok {
//		// later: host.Done(t, slot, server), t = now + service/Speed,
//		// or host.Lost(t, slot, server) if its node goes down before
//	}
//
// # What takes servers away
//
//   - A node fails and is repaired by the laws of FailureSpec. Its luck is drawn
//     by its own key, whatever happens to other nodes and however many there
//     are: what ran on it is lost, and it comes back empty.
//   - OutOfService is a dated cause: while it stands, that share of the nodes
//     is down. Which ones is a property of the node, so that raising the share
//     adds nodes to those that are down already.
//   - A node whose health checks fail is restarted (HealthSpec). Its checks wait as
//     the work does, so that overload alone can bring nodes down.
//   - Reconfigure to fewer nodes drains: the highest-numbered servers take no new
//     work, finish what they have and leave.
//   - Fluid work (SetFluid) claims servers that attempts leave idle, and is
//     served before the queue when an attempt ends: it slows attempts by
//     taking their room, and never loses them a server that they hold.
//
// # What is counted
//
// Capacity is every server that may take work now plus those that are draining
// and still busy; servers that are down are not counted. It splits exactly:
//
//	Capacity = Busy + Fluid + Free
//
// # Order of events
//
// A service that ends fires at models.PriorityDeparture, before arrivals of the
// same instant; nodes and lots at models.PriorityCapacity.
package gpu
