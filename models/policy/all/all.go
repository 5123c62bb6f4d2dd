// Package all registers every kind of policy that comes with Launchday. It is
// imported for that alone:
//
//	import _ "github.com/launchday-sim/launchday/models/policy/all"
package all

import (
	_ "github.com/launchday-sim/launchday/models/policy/admission"   // load: queue limit, deadlines, priorities, DAGOR and its kin
	_ "github.com/launchday-sim/launchday/models/policy/aqm"         // queue management: CoDel, PIE, RED, expired work
	_ "github.com/launchday-sim/launchday/models/policy/concurrency" // how many at a time, found out: AIMD, Vegas, gradients, PID
	_ "github.com/launchday-sim/launchday/models/policy/degrade"     // less rather than nothing: brownout, quality ladder, fallback, feature off
	_ "github.com/launchday-sim/launchday/models/policy/gates"       // who may come at all: feature gate, waiting room, waitlist, spare cycles, appeal
	_ "github.com/launchday-sim/launchday/models/policy/limits"      // how much: rates, windows, quotas
	_ "github.com/launchday-sim/launchday/models/policy/production"  // limiters that are used in production
	_ "github.com/launchday-sim/launchday/models/policy/script"      // your own, in Starlark
)
