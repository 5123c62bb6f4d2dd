package metrics

import (
	"math"

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
	Releases          []string // features that come out
	Jobs              []JobInfo
	Funded            bool                                 // whether money is raised or spent on nodes
	Costs             []Cost                               // by pool; nil: nothing is known
	Clocks            []func(now sim.Time) sim.Time        // by pool: the service that an attempt has had by now that was there all the time; nil: that is now
	Used              func(models.Tier, models.Class) bool // whether the class has requests of the tier
	Reasons           *models.Reasons
	Users             int // users are numbered below it
	Blocks            []Block
	UserState         bool // whether figures that need a state for each user are made: see MaxUsers
	Windows           []Window
}

// A TierInfo is what the recorder knows of a tier.
type TierInfo struct {
	Name  string
	Paid  bool
	Price float64 // USD a month of one of its users
}

// A Block is users of one tier who are numbered one after the other.
type Block struct {
	Tier  models.Tier
	First models.User
	Users int
}

// A ClassInfo is what the recorder knows of a class.
type ClassInfo struct {
	Name   string
	Pools  []int    // that serve it, in the order in which it passes them: indices into World.Pools
	Signup bool     // a completed request is a sign-up
	Fluid  bool     // a rate of work rather than requests one by one
	Tokens bool     // it is served by a language model, token by token
	Price  float64  // USD of a request
	SLO    sim.Time // latency that is promised; 0: none is
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
	cMissedMicros // what their qualities are below 1, summed, in millionths
	cAbandoned
	cTimedOut
	cFailed
	cCancelled
	cSuppressed
	cSignups
	cSpilled // sent to another pool because theirs was full
	cResumed // taken up again after the loss of their node
	cJoined  // admitted and in need of a server, fluid work left out
	cWaited
	cUsers
	cUsersSatisfied
	cUsersInTier          // first seen in any class: what tiers and all sum
	cUsersSatisfiedInTier // the same of satisfied users
	cFirst                // first tries that reached the service
	cWishes               // requests that are no return, less those from which their own user refrains
	cFresh                // of their first tries, those that reached the service
	cLimited              // of those, what limits of the operator refused
	cKept                 // of those, what a policy kept before the queue, less what went on
	cGood                 // completed attempts within the slo of their class
	cGoodMicros           // the sum of their qualities, in millionths
	cPrompt               // completed attempts within the slo from when they were let in
	cAttained             // satisfied requests within the slo of their class, from the first try
	cWastedMicros         // server time whose result nobody got, microseconds
	cServed               // satisfied requests, fluid work left out
	cServedWaitMicros     // wait of the attempts that satisfied them, microseconds
	cServedMicros         // latency of the attempts that satisfied them, microseconds
	numCounts
)

// The distributions of a cell.
const (
	sLatency = iota
	sWait
	sRequestLatency
	sOffered
	sFirstToken
	sPerToken
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

// A post is what the requests of a cell are to a pool.
type post struct {
	busy  stats.Gauge // servers that hold them, on the clock of the pool
	asked int64       // server time that first tries ask for, microseconds
}

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
	jobs      []jobLevels
	money     Money
	releases  []release
	w         World
	cells     []cell // tier * classes + class
	used      []int
	groups    []levels // tiers, classes, paid, unpaid, all
	posts     []post   // cell * pools + pool; a fallback's is not that of its class
	pools     []poolLevels
	seen      []bitset // by class, then any class
	satisfied []bitset
	users     [][]userState // by class; nil where no numbered user asks for it
	windows   []openWindow
	base      state
	rows      []row
	poolRows  []poolRow
	lastPosts []postState
	lastPools []poolState
	jobRows   []jobRow
	lastJobs  []jobState
	closedAt  sim.Time
	interval  int
}

// NewRecorder returns a recorder for a run over that world.
func NewRecorder(w World) *Recorder {
	nT, nC := len(w.Tiers), len(w.Classes)
	r := &Recorder{w: w, releases: make([]release, len(w.Releases)), cells: make([]cell, nT*nC), groups: make([]levels, nT+nC+3),
		posts: make([]post, nT*nC*len(w.Pools)), pools: make([]poolLevels, len(w.Pools)), users: make([][]userState, nC),
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
	r.jobs = make([]jobLevels, len(w.Jobs))
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
	if fresh(a) {
		x.counts[cWishes]++
	}
	r.user(x, r.seen, a.User, cUsers)
	if u := r.of(a); u != nil && u.requests < math.MaxUint16 {
		u.requests++
	}
}

// Suppressed records a try that the client itself holds back.
func (r *Recorder) Suppressed(a *models.Attempt) {
	if a.First >= r.w.From {
		r.cell(a).counts[cSuppressed]++
	}
}

// Refrained records a try that its user holds back of his own will.
func (r *Recorder) Refrained(a *models.Attempt) {
	r.Suppressed(a)
	if a.First >= r.w.From && fresh(a) {
		r.cell(a).counts[cWishes]--
	}
}

// Arrived records an attempt that reaches the service, and the server time that it asks
// of its first pool.
func (r *Recorder) Arrived(a *models.Attempt, asks sim.Time) {
	if !r.measured(a) {
		return
	}
	x := r.cell(a)
	x.counts[cAttempts]++
	if first(a) {
		x.counts[cFirst]++
	}
	if fresh(a) {
		x.counts[cFresh]++
		r.Asked(a, int(a.Pool), asks)
	}
}

// first reports whether an attempt is the first of its request.
func first(a *models.Attempt) bool { return a.Try == 1 && a.Copy == 0 }

// fresh reports whether it is the first for a wish, with which its user did not come
// before.
func fresh(a *models.Attempt) bool { return first(a) && a.Visit == 0 }

// Asked records the server time that the first try for a wish asks of a pool:
// Arrived does so for the first that it passes.
func (r *Recorder) Asked(a *models.Attempt, pool int, service sim.Time) {
	if r.measured(a) && fresh(a) {
		r.post(a.Tier, a.Class, pool).asked += int64((service + 500) / 1000)
	}
}

// Admitted records an attempt that the policies let in.
func (r *Recorder) Admitted(a *models.Attempt) {
	if r.measured(a) {
		r.cell(a).counts[cAdmitted]++
	}
}

// Joined records an admitted attempt that needs a server, at once or later.
func (r *Recorder) Joined(a *models.Attempt) {
	if r.measured(a) {
		r.cell(a).counts[cJoined]++
	}
}

// TurnedAway takes back that an attempt was admitted: its queue was full.
func (r *Recorder) TurnedAway(a *models.Attempt) {
	if r.measured(a) && !a.Begun {
		x := r.cell(a)
		x.counts[cAdmitted]--
		x.counts[cJoined]--
	}
}

// Queued records an admitted attempt that has to wait. The wait of one that has been
// served before, at another station or until it was displaced, counts in the length
// of the queue and in its latency, but it has had its say of who waits how long.
func (r *Recorder) Queued(now sim.Time, a *models.Attempt) {
	x := r.cell(a)
	r.queue(now, a, 1)
	if r.measured(a) && !a.Begun {
		x.counts[cWaited]++
	}
}

// Started records that a server takes up an attempt.
func (r *Recorder) Started(now sim.Time, a *models.Attempt) {
	r.hold(now, a, 1)
	if a.Waited {
		r.queue(now, a, -1)
	}
	if r.measured(a) && !a.Begun {
		r.waited(now, a)
		r.cell(a).live[sOffered].Record(int64(now - a.Admitted))
	}
}

// waited records the wait of an attempt that joined the queue and leaves it now.
func (r *Recorder) waited(now sim.Time, a *models.Attempt) {
	r.cell(a).live[sWait].Record(int64(now - a.Admitted))
	if u := r.of(a); u != nil {
		record(&u.wait, &u.waits, now-a.Admitted)
	}
}

// Kept records that a policy begins to keep an attempt before what comes next.
func (r *Recorder) Kept(now sim.Time, a *models.Attempt) { r.kept(now, a, 1, 1) }

// WentOn records that an attempt that was kept goes on.
func (r *Recorder) WentOn(now sim.Time, a *models.Attempt) { r.kept(now, a, -1, -1) }

// Unkept records that an attempt that was kept goes no further.
func (r *Recorder) Unkept(now sim.Time, a *models.Attempt) { r.kept(now, a, -1, 0) }

func (r *Recorder) kept(now sim.Time, a *models.Attempt, delta, count int64) {
	x := r.cell(a)
	for _, l := range x.levels {
		l.held.Add(int64(now), delta)
	}
	if r.measured(a) && fresh(a) {
		x.counts[cKept] += count
	}
}

// Dropped records that a policy drops an attempt whose turn to be served had come.
func (r *Recorder) Dropped(now sim.Time, a *models.Attempt) {
	if a.Waited {
		r.Left(now, a)
	} else if r.measured(a) {
		r.waited(now, a)
	}
}

// Left records that a waiting attempt leaves the queue unserved.
func (r *Recorder) Left(now sim.Time, a *models.Attempt) {
	r.queue(now, a, -1)
	if r.measured(a) && !a.Begun {
		r.waited(now, a)
	}
}

func (r *Recorder) queue(now sim.Time, a *models.Attempt, delta int64) {
	for _, l := range r.cell(a).levels {
		l.queue.Add(int64(now), delta)
	}
	r.pools[a.Pool][pQueue].Add(int64(now), delta)
}

// Offered records the offered wait of an attempt that left the queue.
func (r *Recorder) Offered(now sim.Time, t models.Tier, c models.Class, joined sim.Time) {
	if joined >= r.w.From {
		r.cells[int(t)*len(r.w.Classes)+int(c)].live[sOffered].Record(int64(now - joined))
	}
}

// Released records that a server is done with an attempt or has lost it.
func (r *Recorder) Released(now sim.Time, a *models.Attempt) {
	r.hold(now, a, -1)
}

// hold counts the attempts that servers hold. On the clock of a pool whose servers
// are shared, an attempt counts for the part of a server that works on it.
func (r *Recorder) hold(now sim.Time, a *models.Attempt, delta int64) {
	r.post(a.Tier, a.Class, int(a.Pool)).busy.Add(int64(r.clock(int(a.Pool), now)), delta)
}

func (r *Recorder) clock(pool int, now sim.Time) sim.Time {
	if r.w.Clocks != nil && r.w.Clocks[pool] != nil {
		return r.w.Clocks[pool](now)
	}
	return now
}

func (r *Recorder) post(t models.Tier, c models.Class, pool int) *post {
	return &r.posts[(int(t)*len(r.w.Classes)+int(c))*len(r.w.Pools)+pool]
}

// Wasted records time that a server spent on an attempt and of whose result
// nobody has anything: it was lost with its node, taken back, or comes twice.
func (r *Recorder) Wasted(a *models.Attempt, service sim.Time) {
	if r.measured(a) {
		r.cell(a).counts[cWastedMicros] += int64((service + 500) / 1000)
	}
}

// FirstToken records that an attempt gets the first token of its answer.
func (r *Recorder) FirstToken(now sim.Time, a *models.Attempt) {
	if r.measured(a) {
		r.cell(a).live[sFirstToken].Record(int64(now - a.Arrived))
	}
}

// Tokens records the mean time between the tokens of an attempt that completes.
func (r *Recorder) Tokens(a *models.Attempt, between sim.Time) {
	if r.measured(a) {
		r.cell(a).live[sPerToken].Record(int64(between))
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
			x.counts[cMissedMicros] += int64(float64(float64(1-a.Quality)*1e6) + 0.5)
		}
		x.live[sLatency].Record(int64(now - a.Arrived))
		if slo := r.w.Classes[a.Class].SLO; now-a.Admitted <= slo && !a.Orphan {
			x.counts[cPrompt]++
			if now-a.Arrived <= slo {
				x.counts[cGood]++
				x.counts[cGoodMicros] += int64(float64(float64(a.Quality)*1e6) + 0.5)
			}
		}
		x.cohort[int((a.Admitted-r.w.From)/r.w.Interval)]++
		if r.w.Classes[a.Class].Signup && !a.Orphan {
			x.counts[cSignups]++
		}
	case models.Rejected:
		x.rejected[reason]++
		if s := r.w.Reasons.Get(reason).Status; fresh(a) && s != models.Unavailable && s != models.ClientClosed {
			x.counts[cLimited]++
		}
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
	if now-a.First <= r.w.Classes[a.Class].SLO {
		x.counts[cAttained]++
	}
	wait := sim.Time(0)
	if a.Server >= 0 { // what is answered without a server has not waited for one
		wait = a.Started - a.Admitted - a.Had
	}
	x.counts[cServed]++
	x.counts[cServedMicros] += int64((now - a.Arrived + 500) / 1000)
	x.counts[cServedWaitMicros] += int64((wait + 500) / 1000)
	if u := r.of(a); u != nil {
		record(&u.served, &u.satisfied, wait)
	}
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
	r.pools[pool][pCapacity].Set(int64(now), int64(servers))
}

// Working records the servers of nodes that batch and at which somebody is.
func (r *Recorder) Working(now sim.Time, pool, servers int) {
	r.pools[pool][pWorking].Set(int64(now), int64(servers))
}

// Has records the number of servers that a pool has, up or down.
func (r *Recorder) Has(now sim.Time, pool, servers int) {
	r.pools[pool][pHas].Set(int64(now), int64(servers))
}

// Down records the number of servers of a pool that are down, by models.DownCauses.
func (r *Recorder) Down(now sim.Time, pool int, servers [models.NumDownCauses]int) {
	for i, n := range servers {
		r.pools[pool][pDown+i].Set(int64(now), int64(n))
	}
}

// Spilled records that an attempt goes to another pool because its own is full.
func (r *Recorder) Spilled(a *models.Attempt) {
	if r.measured(a) {
		r.cell(a).counts[cSpilled]++
	}
}

// Resumed records that an attempt whose node went down is to be worked on again.
func (r *Recorder) Resumed(a *models.Attempt) {
	if r.measured(a) {
		r.cell(a).counts[cResumed]++
	}
}
