package metrics

import "slices"

// What is read from the series of a run about its overloads. Of a set of cells (a
// tier, a class, all) whose classes have an slo, an interval has
//
//	owed      wishes: requests that are no return, less those from which an appeal keeps
//	          their own user, and those whose first try a limit, a quota or a gate of the
//	          operator refused: whoever may not ask is no failure to serve
//	good      attempts completed within the slo of their class from their arrival
//	due       of owed, what reached the service: without what clients hold back. What a
//	          policy keeps before the queue (a waiting room, spare cycles) is due when it
//	          goes on
//	prompt    attempts completed within the slo from when they were let in
//	satisfied requests satisfied, late ones included
//	waiting   attempts in the queue or kept before it, and requests between two tries
//	load      that of the pool, of those which the classes pass, where it is highest:
//	          see closePools
//	asked     servers that this load would keep busy, over all those pools
//	useful    servers that were busy, less those whose result nobody got
//
// Owed and good are what users see; due and prompt what the service makes of those
// whom it has let in. Load, asked and useful are of all tiers and classes of a pool:
// who else is there decides as well whether a tier can be served.
type interval struct {
	start, width                         float64 // seconds
	owed, good, due, prompt, satisfied   float64 // in all
	waiting, load, asked, useful, wasted float64 // time averages
	few                                  bool    // so few are owed that it says nothing
}

const (
	recoveredShare     = 0.9  // good / owed from which goodput is back
	collapsedShare     = 0.5  // prompt / due below which the service has collapsed
	metastableLoad     = 0.95 // load below which nothing explains a collapse
	stretchSLOs        = 5    // times the longest slo, the least length of what is judged together
	stretchRequests    = 25   // that are owed in it
	stretchMost        = 4    // times that length, in which fewer are owed: it says nothing
	metastableSame     = 0.95 // of a load: as much as this is the same
	metastableSLOs     = 10   // times the longest slo, the least length of a state
	metastableRequests = 50   // that fall due in it: of fewer half may be late by chance
)

// A course is what the cells of a group did, in stretches of intervals.
type course struct {
	intervals []interval
	slo       float64 // seconds, the longest
}

// course adds up the rows of the cells that are in and whose class has an slo;
// it is nil if there is none.
func (r *Recorder) course(in func(*cell) bool) *course {
	c := r.rowByRow(in)
	if c != nil {
		c.join()
	}
	return c
}

func (r *Recorder) rowByRow(in func(*cell) bool) *course {
	promised := make([]bool, len(r.cells))
	pools := make([]bool, len(r.w.Pools))
	c := &course{intervals: make([]interval, r.interval)}
	for _, i := range r.used {
		x := &r.cells[i]
		class := &r.w.Classes[x.class]
		if !in(x) || class.SLO == 0 {
			continue
		}
		promised[i] = true
		c.slo = max(c.slo, class.SLO.Seconds())
		for _, p := range class.Pools {
			pools[p] = true
		}
	}
	if c.slo == 0 {
		return nil
	}
	for k := range r.rows {
		w := &r.rows[k]
		v := &c.intervals[w.index]
		v.start, v.width = (w.start - r.w.From).Seconds(), w.width
		for _, p := range r.w.Classes[r.cells[w.cell].class].Pools {
			if pools[p] {
				v.wasted += float64(w.counts[cWastedMicros]) * 1e-6 / w.width
				break
			}
		}
		if promised[w.cell] {
			v.owed += float64(w.counts[cWishes] - w.counts[cLimited])
			v.due += float64(w.counts[cFresh] - w.counts[cLimited] - w.counts[cKept])
			v.good += float64(w.counts[cGood])
			v.prompt += float64(w.counts[cPrompt])
			v.satisfied += float64(w.counts[cSatisfied])
			v.waiting += w.levels[lQueue] + w.levels[lHeld] + w.levels[lRetrying]
		}
	}
	for k := range r.poolRows {
		if w := &r.poolRows[k]; pools[w.pool] {
			v := &c.intervals[k/len(r.pools)]
			v.load = max(v.load, w.load)
			v.asked += w.asked
			for _, busy := range w.busy {
				v.useful += busy
			}
			v.useful -= w.fluid
		}
	}
	for i := range c.intervals {
		v := &c.intervals[i]
		v.useful -= v.wasted
	}
	return c
}

// join puts successive intervals together until each stretch is so long that chance
// does not speak: what is read from it then does not hang on the interval of the
// series. Where few come it ends all the same, and proves nothing. What is left at the
// end, if it is short, belongs to the last.
func (c *course) join() {
	least := stretchSLOs * c.slo
	joined := c.intervals[:0]
	var s interval
	for i := range c.intervals {
		if s.width == 0 {
			s.start = c.intervals[i].start
		}
		s.add(&c.intervals[i])
		if s.width >= least && s.owed >= stretchRequests || s.width >= stretchMost*least {
			joined = append(joined, s)
			s = interval{}
		}
	}
	if s.width > 0 && s.width < least && len(joined) > 0 {
		joined[len(joined)-1].add(&s)
	} else if s.width > 0 {
		joined = append(joined, s)
	}
	for i := range joined { // who is refused or kept may have come in a stretch before
		v := &joined[i]
		v.owed, v.due = max(0, v.owed), max(0, v.due)
		v.few = v.owed < stretchRequests
	}
	c.intervals = joined
}

func (v *interval) recovered() bool { return v.good >= recoveredShare*v.owed }

// recovery is the longest time, in seconds, from the beginning of the first
// stretch after a trigger to that of the next one in which goodput within the
// slo is at least 90 % of what is owed. A trigger is stretches whose load is 1 or more
// and which end within the run; a new trigger before the recovery takes its place.
// Where the run ends first, the time is up to its end: at least so long, and the
// service has not recovered. A stretch in which few are owed is no recovery; where
// there is no other behind a trigger, nobody knows, as without a trigger: both are null.
func (c *course) recovery() (longest, recovered Figure) {
	longest, recovered = Null(), Null()
	for i := 1; i < len(c.intervals); i++ {
		if c.intervals[i].load >= 1 || c.intervals[i-1].load < 1 {
			continue
		}
		lasted, known, back := 0.0, false, false
		for j := i; j < len(c.intervals) && c.intervals[j].load < 1 && !back; j++ {
			v := &c.intervals[j]
			known = known || !v.few
			if back = !v.few && v.recovered(); !back {
				lasted += v.width
			}
		}
		recovered = Null()
		if !known {
			continue
		}
		if recovered = 0; back {
			recovered = 1
		}
		if longest.IsNull() || Figure(lasted) > longest {
			longest = Figure(lasted)
		}
	}
	if n := len(c.intervals); !recovered.IsNull() && c.intervals[n-1].load >= 1 {
		recovered = 0 // it ends in an overload
	}
	return longest, recovered
}

// area is the area of overload, in attempt-seconds: over the intervals whose
// load is 1 or more or whose goodput within the slo is below 90 % of what is
// owed, unless few are, the integral of what waits in excess of its mean over all other
// intervals, or of 0 where there are none.
func (c *course) area() Figure {
	calm, time := 0.0, 0.0
	disturbed := func(v *interval) bool { return v.load >= 1 || !v.few && !v.recovered() }
	for i := range c.intervals {
		if v := &c.intervals[i]; !v.few && !disturbed(v) {
			calm += float64(v.waiting * v.width)
			time += v.width
		}
	}
	if time > 0 {
		calm /= time
	}
	sum := 0.0
	for i := range c.intervals {
		if v := &c.intervals[i]; disturbed(v) {
			sum += float64(max(0, v.waiting-calm) * v.width)
		}
	}
	return Figure(sum)
}

// metastable is the longest stretch, of at least ten times the slo and with 50
// requests that fall due, in each interval of which load is below 95 % and yet less
// than half of what is due is served within the slo, while
//
//   - over the stretch no more requests are satisfied than fall due, and no more
//     useful work is done than is asked: a backlog that is being worked off is no
//     such state, and neither is a long queue by chance before servers that are busy;
//   - over some stretch, of ten times the slo and 50 requests too, without overload and whose
//     mean load is 95 % of it or more, 90 % were served within the slo: the load can be served, so that it is
//     neither the load nor an slo that is never met, but the state that the service is in;
//   - an interval before it was served well: a service that has yet to start is in no
//     such state.
//
// It returns whether there is one, when it began, in seconds, and how long it
// lasted; the latter are null and 0 where there is none.
//
// The state is that of Bronson et al. (HotOS 2021): the trigger is gone, and an
// effect of the overload itself keeps it going.
func (c *course) metastable() (is, from, lasted Figure) {
	is, from, lasted = 0, Null(), 0
	for i := 0; i < len(c.intervals); i++ {
		var s interval
		j := i
		for ; j < len(c.intervals); j++ {
			v := &c.intervals[j]
			if v.load >= metastableLoad || v.prompt >= collapsedShare*v.due {
				break
			}
			s.add(v)
		}
		if c.long(&s) && s.satisfied <= s.due && s.useful < s.asked && Figure(s.width) > lasted && c.served(i) && c.serves(s.load) {
			is, from, lasted = 1, Figure(c.intervals[i].start), Figure(s.width)
		}
		i = j
	}
	return is, from, lasted
}

// served reports whether an interval before the n-th was served in time.
func (c *course) served(n int) bool {
	return slices.ContainsFunc(c.intervals[:n], func(v interval) bool {
		return !v.few && v.load < 1 && v.due > 0 && v.prompt >= recoveredShare*v.due
	})
}

// serves reports whether a load was served in time, in intervals that have room for it.
func (c *course) serves(load float64) bool {
	for i := range c.intervals {
		var s interval
		for j := i; j < len(c.intervals) && c.intervals[j].load < 1 && !c.long(&s); j++ {
			s.add(&c.intervals[j])
		}
		if c.long(&s) && s.load >= metastableSame*load && s.prompt >= recoveredShare*s.due {
			return true
		}
	}
	return false
}

// long reports whether a stretch can tell a state from an accident.
func (c *course) long(s *interval) bool {
	return s.width >= metastableSLOs*c.slo && s.due >= metastableRequests
}

// add lengthens a stretch by what follows.
func (v *interval) add(next *interval) {
	mean := func(a *float64, b float64) {
		*a = (float64(*a*v.width) + float64(b*next.width)) / (v.width + next.width)
	}
	mean(&v.load, next.load)
	mean(&v.asked, next.asked)
	mean(&v.useful, next.useful)
	mean(&v.waiting, next.waiting)
	v.width += next.width
	v.owed += next.owed
	v.good += next.good
	v.due += next.due
	v.prompt += next.prompt
	v.satisfied += next.satisfied
}
