// Package all registers every kind of policy that comes with Launchday. It is
// imported for that alone:
//
//	import _ "github.com/launchday-sim/launchday/models/policy/all"
package all

import (
	_ "github.com/launchday-sim/launchday/models/policy/admission" // load: queue limit, deadline, priorities
	_ "github.com/launchday-sim/launchday/models/policy/aqm"       // queue management: CoDel, PIE, RED, expired work
	_ "github.com/launchday-sim/launchday/models/policy/gates"     // who may come at all: feature gate, appeal
	_ "github.com/launchday-sim/launchday/models/policy/limits"    // how much: token bucket, user quota
)
