package metrics

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// Live counts what is still under way at the end of a run, measured as the
// recorder measures, by tier * classes + class.
type Live struct {
	InSystem, Open []int64
	Late           []int64 // of the open requests, those whose slo has run out
}

// NewLive returns counts of nothing.
func (r *Recorder) NewLive() Live {
	n := len(r.cells)
	return Live{InSystem: make([]int64, n), Open: make([]int64, n), Late: make([]int64, n)}
}

// Attempt counts an attempt that has not ended and its request.
func (r *Recorder) Attempt(l Live, a *models.Attempt) {
	i := int(a.Tier)*len(r.w.Classes) + int(a.Class)
	if r.measured(a) {
		l.InSystem[i]++
	}
	r.Between(l, a.Tier, a.Class, a.First)
}

// Copy counts an attempt that has not ended and whose request is counted, or over,
// without it.
func (r *Recorder) Copy(l Live, a *models.Attempt) {
	if r.measured(a) {
		l.InSystem[int(a.Tier)*len(r.w.Classes)+int(a.Class)]++
	}
}

// Between counts a request first tried at that time that waits for another try.
func (r *Recorder) Between(l Live, t models.Tier, c models.Class, first sim.Time) {
	if first < r.w.From {
		return
	}
	i := int(t)*len(r.w.Classes) + int(c)
	l.Open[i]++
	if r.w.To-first > r.w.Classes[c].SLO {
		l.Late[i]++
	}
}

// Backlog counts n fluid messages that are not served yet.
func (r *Recorder) Backlog(l Live, t models.Tier, c models.Class, n int64) {
	i := int(t)*len(r.w.Classes) + int(c)
	l.InSystem[i] += n
	l.Open[i] += n
}

// Check holds both conservation laws for each tier and class:
//
//	attempts = completed + sum(rejected) + abandoned + timed_out + failed + cancelled + in_system
//	requests = satisfied + given_up + open
func (r *Recorder) Check(l Live) error {
	for _, i := range r.used {
		x := &r.cells[i]
		n := &x.counts
		for k, v := range n {
			if v < 0 {
				return fmt.Errorf("conservation is broken: counter %d of tier %s, class %s is %d, which no count can be", k, r.w.Tiers[x.tier].Name, r.w.Classes[x.class].Name, v)
			}
		}
		ended := n[cCompleted] + n[cAbandoned] + n[cTimedOut] + n[cFailed] + n[cCancelled]
		for _, k := range x.rejected {
			ended += k
		}
		name := fmt.Sprintf("tier %s, class %s", r.w.Tiers[x.tier].Name, r.w.Classes[x.class].Name)
		if n[cAttempts] != ended+l.InSystem[i] {
			return fmt.Errorf("conservation of attempts is broken for %s: %d attempts, but %d ended and %d in the system", name, n[cAttempts], ended, l.InSystem[i])
		}
		if n[cRequests] != n[cSatisfied]+n[cGivenUp]+l.Open[i] {
			return fmt.Errorf("conservation of requests is broken for %s: %d requests, but %d satisfied, %d given up and %d open", name, n[cRequests], n[cSatisfied], n[cGivenUp], l.Open[i])
		}
	}
	return nil
}
