package metrics

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// A Flow is what fluid work did since the last report of it. Every message that
// arrived is completed, abandoned or waiting.
type Flow struct{ Arrived, Completed, Abandoned int64 }

// Fluid records the flow of fluid work of a tier and class up to now.
func (r *Recorder) Fluid(now sim.Time, t models.Tier, c models.Class, f Flow) {
	if now <= r.w.From {
		return
	}
	x := &r.cells[int(t)*len(r.w.Classes)+int(c)]
	x.counts[cRequests] += f.Arrived
	x.counts[cAttempts] += f.Arrived
	x.counts[cAdmitted] += f.Arrived
	x.counts[cCompleted] += f.Completed
	x.counts[cSatisfied] += f.Completed
	x.counts[cAbandoned] += f.Abandoned
	x.counts[cGivenUp] += f.Abandoned
}

// FluidHeld records the servers that fluid work holds and the messages of it
// that wait, from now on.
func (r *Recorder) FluidHeld(now sim.Time, t models.Tier, c models.Class, servers, waiting int64) {
	x := &r.cells[int(t)*len(r.w.Classes)+int(c)]
	pool := r.w.Classes[c].Pools[0]
	r.post(t, c, pool).busy.Set(int64(now), servers)
	delta := waiting - x.own.queue.Value()
	for _, l := range x.levels {
		l.queue.Add(int64(now), delta)
	}
	r.pools[pool][pQueue].Add(int64(now), delta)
}
