// Package admission holds the policies that look at the load:
//
//	queue-limit        refuses when so many wait
//	deadline           bounds the wait in the queue
//	priority-shedding  refuses the lower tiers at shorter queues than the higher
//
// What they refuse is refused with 503: an error for want of capacity.
package admission

import "github.com/launchday-sim/launchday/models"

// mustWait reports whether an attempt that is admitted now would wait. Where
// the queue is work-conserving, some wait only while this holds.
func mustWait(s *models.Signals) bool { return s.Busy >= s.Capacity }
