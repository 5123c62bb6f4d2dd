// Package admission holds the policies that look at the load:
//
//	queue-limit         refuses when so many wait
//	deadline            bounds the wait in the queue
//	deadline-admission  refuses who would wait too long, by Little's law
//	priority-shedding   refuses the lower tiers at lower loads than the higher
//	reserved-capacity   keeps a share of the servers for the critical tiers
//	worker-utilisation  sheds tier by tier as servers fill, and slowly re-admits
//	dagor               compound priority levels, moved by the queueing time
//	seda                a token bucket that follows a percentile of response times
//	breakwater          credits that follow the queueing delay
//	cinnamon            PI control of the rejected share of priorities
//	rajomon             a price that follows the queueing delay, paid in tokens
//	partitioned-limit   one adaptive limit with guaranteed shares
//
// What they refuse is refused with 503: an error for want of capacity. The
// queueing delay of an attempt is from its admission to its start, and is known
// to a controller when the attempt starts, not before.
package admission

import "github.com/launchday-sim/launchday/models"

// mustWait reports whether an attempt that is admitted now would wait. Where
// the queue is work-conserving, some wait only while this holds.
func mustWait(s *models.Signals) bool { return s.Busy >= s.Capacity }
