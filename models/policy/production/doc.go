// Package production runs limiters that are used in production inside virtual
// time, unchanged: the original code decides, and only its clock is that of the
// run.
//
//	x-time-rate  golang.org/x/time/rate, Limiter
//	throttled    github.com/throttled/throttled/v2, GCRARateLimiterCtx on its memory store
//
// They are there to be compared with the policies of package limits, which
// decide the same on the same arrivals and cost less: no lock, no map, no
// allocation. A run with x-time-rate is the same bit for bit on one kind of
// processor only: the library adds float64 products, which compilers fuse on some.
package production

import (
	"time"

	"github.com/launchday-sim/launchday/sim"
)

// wall is an instant of the run as the libraries take it.
func wall(t sim.Time) time.Time { return time.Unix(0, int64(t)) }
