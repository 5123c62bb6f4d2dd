// Package aqm holds the policies of active queue management: they look at how
// long the queue makes attempts wait rather than at how many wait.
//
//	codel             drops at the head while the least wait of an interval is above a target
//	folly-codel       drops what waited twice the target in the interval after a bad one
//	controlled-delay  lets nothing wait long while the queue has not been empty for a while
//	pie               refuses on arrival with a probability steered by the wait
//	red               refuses on arrival with a probability set by the averaged queue
//	expired-work      never starts what can no longer be in time
//
// A policy that drops at the head is asked at each turn to be served
// (policy.Starter). When it drops, the server takes the next of the queue at the
// same instant and the policy is asked again, so that what the originals write as
// a loop within one dequeue is here a series of calls at one instant.
//
// What they drop or refuse is refused with 503: an error for want of capacity.
package aqm

import (
	"fmt"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// above0 checks a time that is not of the preset.
func above0(name string, d unit.Duration) error {
	if d < 0 {
		return fmt.Errorf("%s is %v, it must be more than 0", name, sim.Time(d))
	}
	return nil
}
