package metrics

import "github.com/launchday-sim/launchday/models"

// What is read from the series of a run about its overloads, interval by
// interval. Of a set of cells (a tier, a class, all) whose classes have an slo,
//
//	owed      new requests, less the attempts that a limit, a quota or a gate of the
//	          operator refused: whoever may not ask is no failure to serve
//	good      attempts completed within the slo of their class
//	completed attempts completed, late ones included
//	waiting   attempts in the queue and requests between two tries, time average
//	load      server time asked for by first attempts, less those which such a limit
//	          refused / server time of the pool, of the pool where it is highest
//
// Load is that of all tiers and classes of a pool which are followed one by one:
// who else is there decides as well whether a tier can be served. The server
// time is of servers that are up, and of those that are down only because failed
// health checks restart them: what an overload takes down itself is no less
// capacity, it is the overload. What fluid work holds is taken off.
const (
	recoveredShare      = 0.9  // good / owed from which goodput is back
	collapsedShare      = 0.5  // good / owed below which goodput has collapsed
	metastableLoad      = 0.95 // load below which nothing explains a collapse
	metastableIntervals = 10   // in a row that make a state of it
)

// A course is what the cells of a group did in each interval.
type course struct {
	owed, good, completed, waiting, load, start, width []float64
}

// loads is the load by first tries, by pool and interval.
func (r *Recorder) loads() [][]float64 {
	nP := len(r.w.Pools)
	load, fluid, up := make([][]float64, nP), make([][]float64, nP), make([][]float64, nP)
	for p := range load {
		load[p], fluid[p], up[p] = make([]float64, r.interval), make([]float64, r.interval), make([]float64, r.interval)
	}
	width := make([]float64, r.interval)
	for k := range r.rows {
		w := &r.rows[k]
		class := r.w.Classes[r.cells[w.cell].class]
		p := class.Pool
		up[p][w.index] = w.capacity + w.restarting
		width[w.index] = w.width
		if class.Fluid {
			fluid[p][w.index] += w.levels[lBusy]
		} else {
			load[p][w.index] += float64(float64(w.counts[cDemandMicros]-w.counts[cLimitedMicros]) * 1e-6)
		}
	}
	for p := range load {
		for i := range load[p] {
			if load[p][i] > 0 { // infinite where nothing is there to serve it
				load[p][i] /= max(0, up[p][i]-fluid[p][i]) * width[i]
			}
		}
	}
	return load
}

// course adds up the rows of the cells that are in and whose class has an slo;
// it is nil if there is none.
func (r *Recorder) course(in func(*cell) bool) *course {
	hasSLO := make([]bool, len(r.cells))
	pools := make([]bool, len(r.w.Pools))
	any := false
	for _, i := range r.used {
		x := &r.cells[i]
		if c := r.w.Classes[x.class]; in(x) && c.SLO > 0 {
			hasSLO[i], pools[c.Pool], any = true, true, true
		}
	}
	if !any {
		return nil
	}
	n := r.interval
	c := &course{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)}
	for k := range r.rows {
		w := &r.rows[k]
		c.start[w.index], c.width[w.index] = (w.start - r.w.From).Seconds(), w.width
		if hasSLO[w.cell] {
			c.owed[w.index] += float64(w.counts[cRequests])
			for k := 1; k < len(w.rejected); k++ {
				if r.w.Reasons.Get(models.Reason(k)).Status != models.Unavailable {
					c.owed[w.index] -= float64(w.rejected[k])
				}
			}
			c.good[w.index] += float64(w.counts[cGood])
			c.completed[w.index] += float64(w.counts[cCompleted])
			c.waiting[w.index] += w.levels[lQueue] + w.levels[lRetrying]
		}
	}
	for i := range c.owed {
		c.owed[i] = max(0, c.owed[i])
	}
	for p, load := range r.pressure {
		if pools[p] {
			for i := range load {
				c.load[i] = max(c.load[i], load[i])
			}
		}
	}
	return c
}

func (c *course) recovered(i int) bool { return c.good[i] >= recoveredShare*c.owed[i] }

// recovery is the longest time, in seconds, from the beginning of the first
// interval after a trigger to that of the next one in which goodput within the
// slo is at least 90 % of what is owed. A trigger is a stretch of intervals
// whose load is 1 or more and which ends within the run; a new trigger before
// the recovery takes its place. Where the run ends first, the time is up to its
// end: at least so long. It is null without a trigger.
func (c *course) recovery() Figure {
	longest := Null()
	for i := 1; i < len(c.load); i++ {
		if c.load[i] >= 1 || c.load[i-1] < 1 {
			continue
		}
		lasted := 0.0
		for j := i; j < len(c.load) && c.load[j] < 1 && !c.recovered(j); j++ {
			lasted += c.width[j]
		}
		if longest.IsNull() || Figure(lasted) > longest {
			longest = Figure(lasted)
		}
	}
	return longest
}

// area is the area of overload, in attempt-seconds: over the intervals whose
// load is 1 or more or whose goodput within the slo is below 90 % of what is
// owed, the integral of what waits in excess of its mean over all other
// intervals, or of 0 where there are none.
func (c *course) area() Figure {
	calm, time := 0.0, 0.0
	disturbed := func(i int) bool { return c.load[i] >= 1 || !c.recovered(i) }
	for i := range c.load {
		if !disturbed(i) {
			calm += float64(c.waiting[i] * c.width[i])
			time += c.width[i]
		}
	}
	if time > 0 {
		calm /= time
	}
	sum := 0.0
	for i := range c.load {
		if disturbed(i) {
			sum += float64(max(0, c.waiting[i]-calm) * c.width[i])
		}
	}
	return Figure(sum)
}

// metastable is the longest stretch of at least 10 intervals in each of which
// load is below 95 % and yet goodput within the slo is below half of what is
// owed, while over the stretch no more is completed than owed, in time or
// late: a backlog that is being worked off is no such state. It returns whether there is one, when it
// began, in seconds, and how long it lasted; the latter are null and 0 where
// there is none.
//
// The state is that of Bronson et al. (HotOS 2021): the trigger is gone, and an
// effect of the overload itself keeps it going.
func (c *course) metastable() (is, from, lasted Figure) {
	is, from, lasted = 0, Null(), 0
	for i := 0; i < len(c.load); i++ {
		n, time, done, owed := 0, 0.0, 0.0, 0.0
		for j := i; j < len(c.load) && c.load[j] < metastableLoad && c.good[j] < collapsedShare*c.owed[j]; j++ {
			n++
			time += c.width[j]
			done += c.completed[j]
			owed += c.owed[j]
		}
		if n >= metastableIntervals && done <= owed && Figure(time) > lasted {
			is, from, lasted = 1, Figure(c.start[i]), Figure(time)
		}
		i += n
	}
	return is, from, lasted
}
