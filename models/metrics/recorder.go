package metrics

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/stats"
)

// A World names what a recorder will hear of.
type World struct {
	Scenario          string
	Scale             float64 // simulated share of the full-scale world
	Seed, Replication uint64
	Epoch             int64    // ns since 1970-01-01 UTC of kernel time 0
	From, To          sim.Time // what is measured; what is before From is warm-up
	Interval          sim.Time // length of an interval of the series
	Tiers             []TierInfo
	Classes           []ClassInfo
	Pools             []string
	Used              func(models.Tier, models.Class) bool // whether the class has requests of the tier
	Reasons           *models.Reasons
	Users             int // users are numbered below it
	Windows           []Window
}

// A TierInfo is what the recorder knows of a tier.
type TierInfo struct {
	Name string
	Paid bool
}

// A ClassInfo is what the recorder knows of a class.
type ClassInfo struct {
	Name   string
	Pool   int  // index into World.Pools
	Signup bool // a completed request is a sign-up
	Fluid  bool // a rate of work rather than requests one by one
}

// The counters of a cell.
const (
	cRequests = iota
	cSatisfied
	cGivenUp
	cAttempts
	cAdmitted
	cCompleted
	cDegraded
	cAbandoned
	cTimedOut
	cFailed
	cCancelled
	cSuppressed
	cSignups
	cJoined // admitted, fluid work left out
	cWaited
	cUsers
	cUsersSatisfied
	cUsersInTier          // first seen in any class: what tiers and all sum
	cUsersSatisfiedInTier // the same of satisfied users
	cDemandMicros         // server time asked for by first attempts, microseconds
	cWastedMicros         // server time spent on what nobody wanted any more, microseconds
	numCounts
)

// The distributions of a cell.
const (
	sLatency = iota
	sWait
	sRequestLatency
	sOffered
	numSketches
)

// A cell holds what is known of one class within one tier.
type cell struct {
	tier     models.Tier
	class    models.Class
	counts   [numCounts]int64
	rejected []int64                   // by Reason
	live     [numSketches]stats.Sketch // of the current interval
	closed   [numSketches]stats.Sketch // of the intervals before it
	busy     stats.Gauge               // servers held
	cohort   []int64                   // completed attempts by interval of admission
	last     [numCounts]int64          // counts at the last close of an interval
	lastRej  []int64                   // rejected at that time
	lastInt  [numLevels]stats.Integral // integrals at that time
	levels   []*levels                 // the groups that it belongs to, its own first
	own      levels
}

// levels are the gauges of which a maximum is reported, so that each group of
// cells needs its own.
type levels struct{ queue, retrying, held stats.Gauge }

// The integrals that the series keeps of a cell.
const (
	lQueue = iota
	lRetrying
	lHeld
	lBusy
	numLevels
)

// A Recorder listens to what happens to requests and attempts and makes every
// figure that is reported. It never changes a run.
//
// Attempts that arrived, and requests that were first tried, before World.From
// are warm-up: they count only in levels.
type Recorder struct {
	w         World
	cells     []cell // tier * classes + class
	used      []int
	groups    []levels      // tiers, classes, paid, unpaid, all
	capacity  []stats.Gauge // by pool
	busy      []stats.Gauge // by pool, servers that hold an attempt; a fallback's is not that of its class
	seen      []bitset      // by class, then any class
	satisfied []bitset
	windows   []openWindow
	base      state
	rows      []row
	lastCap   []stats.Integral
	closedAt  sim.Time
	interval  int
}

// NewRecorder returns a recorder for a run over that world.
func NewRecorder(w World) *Recorder {
	nT, nC := len(w.Tiers), len(w.Classes)
	r := &Recorder{w: w, cells: make([]cell, nT*nC), groups: make([]levels, nT+nC+3),
		capacity: make([]stats.Gauge, len(w.Pools)), busy: make([]stats.Gauge, len(w.Pools)), lastCap: make([]stats.Integral, len(w.Pools)),
		seen: make([]bitset, nC+1), satisfied: make([]bitset, nC+1), closedAt: w.From}
	intervals := int((w.To - w.From + w.Interval - 1) / w.Interval)
	for t := range nT {
		pay := nT + nC
		if !w.Tiers[t].Paid {
			pay++
		}
		for c := range nC {
			i := t*nC + c
			x := &r.cells[i]
			x.tier, x.class = models.Tier(t), models.Class(c)
			x.rejected = make([]int64, w.Reasons.Len())
			x.lastRej = make([]int64, w.Reasons.Len())
			x.levels = []*levels{&x.own, &r.groups[nT+c]}
			if !w.Classes[c].Fluid {
				x.levels = append(x.levels, &r.groups[t], &r.groups[pay], &r.groups[nT+nC+2])
			}
			if w.Used(x.tier, x.class) {
				x.cohort = make([]int64, intervals)
				r.used = append(r.used, i)
			}
		}
	}
	for _, win := range w.Windows {
		r.windows = append(r.windows, openWindow{Window: win})
	}
	return r
}

func (r *Recorder) cell(a *models.Attempt) *cell {
	return &r.cells[int(a.Tier)*len(r.w.Classes)+int(a.Class)]
}

func (r *Recorder) measured(a *models.Attempt) bool { return a.Arrived >= r.w.From }

// Requested records a new request.
func (r *Recorder) Requested(a *models.Attempt) {
	if a.First < r.w.From {
		return
	}
	x := r.cell(a)
	x.counts[cRequests]++
	r.user(x, r.seen, a.User, cUsers)
}

// user counts the first time that a user is seen in a class, and in any class.
func (r *Recorder) user(x *cell, sets []bitset, u models.User, count int) {
	if u == models.Anonymous {
		return
	}
	if sets[x.class].add(u, r.w.Users) {
		x.counts[count]++
		if sets[len(sets)-1].add(u, r.w.Users) {
			x.counts[count+2]++
		}
	}
}

// Suppressed records a try that the client itself holds back.
func (r *Recorder) Suppressed(a *models.Attempt) {
	if a.First >= r.w.From {
		r.cell(a).counts[cSuppressed]++
	}
}

// Arrived records an attempt that reaches the service.
func (r *Recorder) Arrived(a *models.Attempt) {
	if !r.measured(a) {
		return
	}
	x := r.cell(a)
	x.counts[cAttempts]++
	if a.Try == 1 && a.Copy == 0 {
		x.counts[cDemandMicros] += int64((a.Service + 500) / 1000)
	}
}

// Admitted records an attempt that the policies let in.
func (r *Recorder) Admitted(a *models.Attempt) {
	if r.measured(a) {
		x := r.cell(a)
		x.counts[cAdmitted]++
		x.counts[cJoined]++
	}
}

// Queued records an admitted attempt that has to wait.
func (r *Recorder) Queued(now sim.Time, a *models.Attempt) {
	x := r.cell(a)
	for _, l := range x.levels {
		l.queue.Add(int64(now), 1)
	}
	if r.measured(a) {
		x.counts[cWaited]++
	}
}

// Started records that a server takes up an attempt.
func (r *Recorder) Started(now sim.Time, a *models.Attempt) {
	x := r.cell(a)
	x.busy.Add(int64(now), 1)
	r.busy[a.Pool].Add(int64(now), 1)
	if a.Waited {
		for _, l := range x.levels {
			l.queue.Add(int64(now), -1)
		}
	}
	if r.measured(a) {
		wait := int64(now - a.Admitted)
		x.live[sWait].Record(wait)
		x.live[sOffered].Record(wait)
	}
}

// Kept records attempts that a policy begins (+1) or ceases (-1) to keep before
// what comes next.
func (r *Recorder) Kept(now sim.Time, a *models.Attempt, delta int64) {
	for _, l := range r.cell(a).levels {
		l.held.Add(int64(now), delta)
	}
}

// Dropped records that a policy drops an attempt whose turn to be served had come.
func (r *Recorder) Dropped(now sim.Time, a *models.Attempt) {
	if a.Waited {
		r.Left(now, a)
	} else if r.measured(a) {
		r.cell(a).live[sWait].Record(int64(now - a.Admitted))
	}
}

// Left records that a waiting attempt leaves the queue unserved.
func (r *Recorder) Left(now sim.Time, a *models.Attempt) {
	x := r.cell(a)
	for _, l := range x.levels {
		l.queue.Add(int64(now), -1)
	}
	if r.measured(a) {
		x.live[sWait].Record(int64(now - a.Admitted))
	}
}

// Offered records the offered wait of an attempt that left the queue.
func (r *Recorder) Offered(now sim.Time, t models.Tier, c models.Class, joined sim.Time) {
	if joined >= r.w.From {
		r.cells[int(t)*len(r.w.Classes)+int(c)].live[sOffered].Record(int64(now - joined))
	}
}

// Released records that a server is done with an attempt or has lost it.
func (r *Recorder) Released(now sim.Time, a *models.Attempt) {
	r.cell(a).busy.Add(int64(now), -1)
	r.busy[a.Pool].Add(int64(now), -1)
}

// Wasted records that a server has worked so long, without its attempt's request
// wanting the result any more.
func (r *Recorder) Wasted(a *models.Attempt, worked sim.Time) {
	if r.measured(a) {
		r.cell(a).counts[cWastedMicros] += int64((worked + 500) / 1000)
	}
}

// Ended records the outcome of an attempt. The reason counts for Rejected only.
func (r *Recorder) Ended(now sim.Time, a *models.Attempt, o models.Outcome, reason models.Reason) {
	if !r.measured(a) {
		return
	}
	x := r.cell(a)
	switch o {
	case models.Completed:
		x.counts[cCompleted]++
		if a.Quality < 1 {
			x.counts[cDegraded]++
		}
		x.live[sLatency].Record(int64(now - a.Arrived))
		x.cohort[int((a.Admitted-r.w.From)/r.w.Interval)]++
		if r.w.Classes[a.Class].Signup {
			x.counts[cSignups]++
		}
	case models.Rejected:
		x.rejected[reason]++
	case models.Abandoned:
		x.counts[cAbandoned]++
	case models.TimedOut:
		x.counts[cTimedOut]++
	case models.Failed:
		x.counts[cFailed]++
	case models.Cancelled:
		x.counts[cCancelled]++
	case models.InSystem, models.NumOutcomes:
		panic("metrics: an attempt cannot end as " + o.String())
	}
}

// Satisfied records that a request got what it wanted.
func (r *Recorder) Satisfied(now sim.Time, a *models.Attempt) {
	if a.First < r.w.From {
		return
	}
	x := r.cell(a)
	x.counts[cSatisfied]++
	x.live[sRequestLatency].Record(int64(now - a.First))
	r.user(x, r.satisfied, a.User, cUsersSatisfied)
}

// GaveUp records that a request ends unsatisfied.
func (r *Recorder) GaveUp(a *models.Attempt) {
	if a.First >= r.w.From {
		r.cell(a).counts[cGivenUp]++
	}
}

// Retrying records requests that begin (+1) or end (-1) to wait between tries.
func (r *Recorder) Retrying(now sim.Time, t models.Tier, c models.Class, delta int64) {
	for _, l := range r.cells[int(t)*len(r.w.Classes)+int(c)].levels {
		l.retrying.Add(int64(now), delta)
	}
}

// Capacity records the number of servers of a pool that are up.
func (r *Recorder) Capacity(now sim.Time, pool, servers int) {
	r.capacity[pool].Set(int64(now), int64(servers))
}

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
	x.busy.Set(int64(now), servers)
	delta := waiting - x.own.queue.Value()
	for _, l := range x.levels {
		l.queue.Add(int64(now), delta)
	}
}

// A bitset tells which users have been seen.
type bitset []uint64

// add reports whether the user was not in the set, and puts it in.
func (b *bitset) add(u models.User, users int) bool {
	if *b == nil {
		*b = make(bitset, (users+63)/64)
	}
	w, bit := &(*b)[u>>6], uint64(1)<<(u&63)
	if *w&bit != 0 {
		return false
	}
	*w |= bit
	return true
}
