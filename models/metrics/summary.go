package metrics

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/stats"
)

// A state is everything cumulative that a recorder knows at one moment. The
// figures of a window are made from the states at its ends.
type state struct {
	at     sim.Time
	events uint64
	cells  []cellState
	groups [][numLevels - 1]stats.Integral
	pools  []poolState
	posts  []postState
	jobs   []jobState
	money  Money
}

type cellState struct {
	counts   [numCounts]int64
	rejected []int64
	sketches *[numSketches]stats.Sketch // nil: not kept
	levels   [numLevels]stats.Integral
}

// An openWindow is a window and the state at its beginning.
type openWindow struct {
	Window
	begin *state
	done  *Summary
}

func (r *Recorder) state(now sim.Time, events uint64, sketches bool) state {
	s := state{at: now, events: events, cells: make([]cellState, len(r.cells)), pools: r.poolStates(now), posts: r.postStates(now), jobs: r.jobStates(now), money: r.money}
	for _, i := range r.used {
		x := &r.cells[i]
		c := &s.cells[i]
		c.counts = x.counts
		c.rejected = append([]int64(nil), x.rejected...)
		c.levels = r.integrals(x, now)
		if sketches {
			c.sketches = new([numSketches]stats.Sketch)
			for k := range c.sketches {
				c.sketches[k].Merge(&x.closed[k])
				c.sketches[k].Merge(&x.live[k])
			}
		}
	}
	for i := range r.groups {
		g := &r.groups[i]
		s.groups = append(s.groups, [numLevels - 1]stats.Integral{g.queue.Integral(int64(now)), g.retrying.Integral(int64(now)), g.held.Integral(int64(now))})
	}
	return s
}

func (r *Recorder) integrals(x *cell, now sim.Time) [numLevels]stats.Integral {
	list := [numLevels]stats.Integral{x.own.queue.Integral(int64(now)), x.own.retrying.Integral(int64(now)), x.own.held.Integral(int64(now))}
	for p := range r.pools {
		list[lBusy] = list[lBusy].Add(r.postState(x, p, now).busy)
	}
	return list
}

// Begin marks the end of the warm-up. It must be called at World.From.
func (r *Recorder) Begin(now sim.Time, events uint64) {
	for i := range r.groups {
		r.groups[i].queue.ResetMax()
		r.groups[i].retrying.ResetMax()
		r.groups[i].held.ResetMax()
	}
	for _, i := range r.used {
		x := &r.cells[i]
		x.own.queue.ResetMax()
		x.own.retrying.ResetMax()
		x.own.held.ResetMax()
		x.lastInt = r.integrals(x, now)
	}
	for p := range r.pools {
		r.pools[p][pQueue].ResetMax()
	}
	r.lastPools, r.lastPosts, r.lastJobs = r.poolStates(now), r.postStates(now), r.jobStates(now)
	r.base = r.state(now, events, false)
}

// OpenWindow and CloseWindow must be called at the ends of window i.
func (r *Recorder) OpenWindow(i int, now sim.Time, events uint64) {
	s := r.state(now, events, !r.windows[i].Counts)
	r.windows[i].begin = &s
}

// CloseWindow makes the figures of window i.
func (r *Recorder) CloseWindow(i int, now sim.Time, events uint64) {
	w := &r.windows[i]
	if w.begin == nil {
		return
	}
	end := r.state(now, events, !w.Counts)
	s := r.summary(w.begin, &end, nil)
	w.begin, w.done = nil, &s
}

// Result makes the figures of the run, which ends now. The last interval must
// have been closed.
func (r *Recorder) Result(now sim.Time, events uint64, l Live) *Result {
	end := r.state(now, events, true)
	res := &Result{Summary: r.summary(&r.base, &end, &l), Series: r.table(), Pools: r.poolTable(), Training: r.jobTable()}
	for i := range r.windows {
		if r.windows[i].done == nil {
			r.windows[i].done = &Summary{Schema: SchemaVersion, From: Null(), To: Null()}
		}
		res.Windows = append(res.Windows, *r.windows[i].done)
	}
	return res
}

// Distribution returns the latency, in nanoseconds, of the attempts of a tier
// and class that have completed, up to the last closed interval.
func (r *Recorder) Distribution(t models.Tier, c models.Class) *stats.Sketch {
	return &r.cells[int(t)*len(r.w.Classes)+int(c)].closed[sLatency]
}

// Waits returns the waits, in nanoseconds, of the attempts of a tier and class that
// joined the queue, up to the last closed interval.
func (r *Recorder) Waits(t models.Tier, c models.Class) *stats.Sketch {
	return &r.cells[int(t)*len(r.w.Classes)+int(c)].closed[sWait]
}

func (r *Recorder) summary(from, to *state, l *Live) Summary {
	nT, nC := len(r.w.Tiers), len(r.w.Classes)
	s := Summary{Schema: SchemaVersion, Scenario: r.w.Scenario, Scale: r.w.Scale, Counts: "simulated", Seed: r.w.Seed, Replication: r.w.Replication,
		From: Figure((from.at - r.w.From).Seconds()), To: Figure((to.at - r.w.From).Seconds()), Events: Figure(to.events - from.events),
		Tiers: map[string]*Figures{}, Classes: map[string]*Figures{}, Pools: map[string]PoolFigures{}}
	f := figurer{r: r, from: from, to: to, live: l}
	// Over classes, only what is followed one by one is added up: beside a
	// billion fluid messages nothing else would be seen.
	followed := func(in func(*cell) bool) func(*cell) bool {
		return func(x *cell) bool { return !r.w.Classes[x.class].Fluid && in(x) }
	}
	pays := func(x *cell) bool { return r.w.Tiers[x.tier].Paid }
	paysNot := func(x *cell) bool { return !pays(x) }
	s.All = f.group(followed(func(*cell) bool { return true }), nT+nC+2)
	s.Paid = f.group(followed(pays), nT+nC)
	s.Unpaid = f.group(followed(paysNot), nT+nC+1)
	f.perClass(s.Paid, pays)
	f.perClass(s.Unpaid, paysNot)
	for t, tier := range r.w.Tiers {
		in := func(x *cell) bool { return int(x.tier) == t }
		g := f.group(followed(in), t)
		f.perClass(g, in)
		s.Tiers[tier.Name] = g
	}
	for c, class := range r.w.Classes {
		s.Classes[class.Name] = f.group(func(x *cell) bool { return int(x.class) == c }, nT+c)
	}
	for p, name := range r.w.Pools {
		s.Pools[name] = f.pool(func(q int) bool { return q == p })
	}
	for i, job := range r.w.Jobs {
		if s.Training == nil {
			s.Training = map[string]TrainingFigures{}
		}
		s.Training[job.Name] = f.job(i)
	}
	if r.w.Funded {
		a, b := from.money, &to.money
		if l != nil {
			a = Money{} // of a whole run: what came in its warm-up is there, too
		}
		s.Funds = &FundsFigures{Raised: Figure(b.Raised - a.Raised), Bought: Figure(b.Bought - a.Bought), Rented: Figure(b.Rented - a.Rented), Left: Figure(b.Raised - b.Bought - b.Rented)}
	}
	for i, name := range r.w.Releases {
		if s.Releases == nil {
			s.Releases = map[string]ReleaseFigures{}
		}
		s.Releases[name] = r.releases[i].figures(r.w.From, to.at)
	}
	s.GPU = f.pool(func(int) bool { return true })
	return s
}

// A figurer makes figures from two states.
type figurer struct {
	r        *Recorder
	from, to *state
	live     *Live
}

func (f *figurer) ns() int64 { return int64(f.to.at - f.from.at) }

func (f *figurer) perClass(g *Figures, in func(*cell) bool) {
	g.Classes = map[string]*Figures{}
	for c, class := range f.r.w.Classes {
		both := func(x *cell) bool { return in(x) && int(x.class) == c }
		for _, i := range f.r.used {
			if both(&f.r.cells[i]) {
				g.Classes[class.Name] = f.group(both, -1)
				break
			}
		}
	}
}

// group makes the figures of the cells that are in; its levels are kept in
// groups[level], or, where that is negative, in the cells alone.
func (f *figurer) group(in func(*cell) bool, level int) *Figures {
	r := f.r
	var n [numCounts]int64
	var sum [numLevels]stats.Integral
	var sketches [numSketches]stats.Sketch
	rejected := make([]int64, r.w.Reasons.Len())
	var inSystem, open int64
	classes := map[models.Class]bool{}
	pools := make([]bool, len(r.w.Pools))
	asked := int64(0) // microseconds
	queueMax, retryingMax, heldMax := Null(), Null(), Null()
	single := 0
	var slo, good, quality, attained, owed int64 // of the cells whose class has an slo
	byTier := make([][2]int64, len(r.w.Tiers))   // satisfied, requests
	member := make([][]bool, len(r.w.Tiers))
	for t := range member {
		member[t] = make([]bool, len(r.w.Classes))
	}
	for _, i := range r.used {
		x := &r.cells[i]
		if !in(x) {
			continue
		}
		a, b := &f.from.cells[i], &f.to.cells[i]
		for k := range n {
			n[k] += b.counts[k] - a.counts[k]
		}
		for k := range rejected {
			rejected[k] += b.rejected[k] - a.rejected[k]
		}
		for k := range sum {
			sum[k] = sum[k].Add(b.levels[k].Sub(a.levels[k]))
		}
		if b.sketches != nil {
			for k := range sketches {
				d := b.sketches[k].Clone()
				if a.sketches != nil {
					d.Sub(&a.sketches[k])
				}
				sketches[k].Merge(d)
			}
		}
		if f.live != nil {
			inSystem += f.live.InSystem[i]
			open += f.live.Open[i]
		}
		byTier[x.tier][0] += b.counts[cSatisfied] - a.counts[cSatisfied]
		byTier[x.tier][1] += b.counts[cRequests] - a.counts[cRequests]
		member[x.tier][x.class] = true
		if r.w.Classes[x.class].SLO > 0 {
			slo++
			good += b.counts[cGood] - a.counts[cGood]
			quality += b.counts[cGoodMicros] - a.counts[cGoodMicros]
			attained += b.counts[cAttained] - a.counts[cAttained]
			owed += b.counts[cSatisfied] - a.counts[cSatisfied] + b.counts[cGivenUp] - a.counts[cGivenUp]
			if f.live != nil {
				owed += f.live.Late[i]
			}
		}
		classes[x.class] = true
		for _, p := range r.w.Classes[x.class].Pools {
			pools[p] = true
		}
		for p := range r.pools {
			asked += f.to.posts[i*len(r.pools)+p].asked - f.from.posts[i*len(r.pools)+p].asked
		}
		single++
		queueMax, retryingMax, heldMax = Figure(x.own.queue.Max()), Figure(x.own.retrying.Max()), Figure(x.own.held.Max())
	}
	if f.live == nil || (level < 0 && single > 1) {
		queueMax, retryingMax, heldMax = Null(), Null(), Null()
	} else if level >= 0 {
		g := &r.groups[level]
		queueMax, retryingMax, heldMax = Figure(g.queue.Max()), Figure(g.retrying.Max()), Figure(g.held.Max())
	}
	g := &Figures{Requests: Figure(n[cRequests]), Satisfied: Figure(n[cSatisfied]), GivenUp: Figure(n[cGivenUp]), Attempts: Figure(n[cAttempts]),
		Admitted: Figure(n[cAdmitted]), Completed: Figure(n[cCompleted]), Degraded: Figure(n[cDegraded]), Abandoned: Figure(n[cAbandoned]),
		TimedOut: Figure(n[cTimedOut]), Failed: Figure(n[cFailed]), Cancelled: Figure(n[cCancelled]), Suppressed: Figure(n[cSuppressed]), Resumed: Figure(n[cResumed]), Spilled: Figure(n[cSpilled]),
		Signups: Figure(n[cSignups]), Users: Figure(n[cUsers]), UsersSatisfied: Figure(n[cUsersSatisfied]), Rejected: map[string]Figure{},
		Open: Null(), InSystem: Null()}
	if len(classes) > 1 {
		g.Users, g.UsersSatisfied = Figure(n[cUsersInTier]), Figure(n[cUsersSatisfiedInTier])
	}
	// A user who was counted before the window is not counted again in it.
	for _, i := range r.used {
		if in(&r.cells[i]) && f.from.cells[i].counts[cUsers] > 0 {
			g.Users = Null()
			if f.from.cells[i].counts[cUsersSatisfied] > 0 {
				g.UsersSatisfied = Null()
			}
		}
	}
	if f.live != nil {
		g.InSystem, g.Open = Figure(inSystem), Figure(open)
	}
	ended := n[cCompleted] + n[cAbandoned] + n[cTimedOut] + n[cFailed] + n[cCancelled]
	bad, refused, left, away := n[cTimedOut]+n[cFailed], int64(0), n[cAbandoned], int64(0)
	for reason := 1; reason < r.w.Reasons.Len(); reason++ {
		what := r.w.Reasons.Get(models.Reason(reason))
		g.Rejected[what.Name] += Figure(rejected[reason])
		ended += rejected[reason]
		switch what.Status {
		case models.Unavailable:
			bad += rejected[reason]
			away += rejected[reason]
		case models.ClientClosed:
			left += rejected[reason]
		default:
			refused += rejected[reason]
			away += rejected[reason]
		}
	}
	g.GoodputPerS = ratio(float64(n[cSatisfied]), sim.Time(f.ns()).Seconds())
	g.ErrorRate = ratio(float64(bad), float64(ended))
	g.RefusalRate = ratio(float64(refused), float64(ended))
	g.TurnedAwayRate = ratio(float64(away), float64(ended))
	g.AbandonmentRate = ratio(float64(left), float64(ended))
	g.CompletedShare = ratio(float64(n[cCompleted]), float64(ended))
	g.Latency, g.Wait = spread(&sketches[sLatency]), spread(&sketches[sWait])
	g.RequestLatency, g.OfferedWait = spread(&sketches[sRequestLatency]), spread(&sketches[sOffered])
	g.FirstToken, g.PerToken = spread(&sketches[sFirstToken]), spread(&sketches[sPerToken])
	g.ProbWait = ratio(float64(n[cWaited]), float64(n[cJoined]))
	g.QueueLength = Level{Mean: f.mean(sum[lQueue]), Max: queueMax}
	g.Retrying = Level{Mean: f.mean(sum[lRetrying]), Max: retryingMax}
	g.Held = Level{Mean: f.mean(sum[lHeld]), Max: heldMax}
	g.BusyMean = f.mean(sum[lBusy])
	available := 0.0
	for p, has := range pools {
		if has {
			one := f.pool(func(q int) bool { return q == p })
			available += float64(one.CapacityMean - one.FluidMean)
		}
	}
	g.Load = ratio(float64(asked)*1e-6, available*sim.Time(f.ns()).Seconds())
	g.OfferedPerS = ratio(float64(n[cRequests]), sim.Time(f.ns()).Seconds())
	g.QualityMean = 1 - ratio(float64(n[cMissedMicros])*1e-6, float64(n[cCompleted]))
	g.GoodputSLOPerS, g.GoodputQualityPerS, g.SLOAttainment = Null(), Null(), Null()
	if slo > 0 {
		g.GoodputSLOPerS = ratio(float64(good), sim.Time(f.ns()).Seconds())
		g.GoodputQualityPerS = ratio(float64(quality)*1e-6, sim.Time(f.ns()).Seconds())
		g.SLOAttainment = ratio(float64(attained), float64(owed))
	}
	g.RetryAmplification = ratio(float64(n[cAttempts]), float64(n[cRequests]))
	g.Wasted = Figure(float64(n[cWastedMicros]) * 1e-6)
	g.WaitServedMean = ratio(float64(n[cServedWaitMicros])*1e-6, float64(n[cServed]))
	g.LatencyServedMean = ratio(float64(n[cServedMicros])*1e-6, float64(n[cServed]))
	g.UsersSatisfiedShare = ratio(float64(g.UsersSatisfied), float64(g.Users))
	g.JainTiers = jainOf(byTier)
	f.costs(g, in, len(classes))
	f.whole(g, in, member)
	return g
}

// whole makes the figures that stand for a whole run only, not for a window of it.
func (f *figurer) whole(g *Figures, in func(*cell) bool, member [][]bool) {
	g.WaitUserMean, g.WaitServedUserMean, g.JainUsers = Null(), Null(), Null()
	g.TimeToRecover, g.Recovered, g.OverloadArea, g.Metastable, g.MetastableFrom, g.MetastableFor = Null(), Null(), Null(), Null(), Null(), Null()
	if f.live == nil {
		return
	}
	f.r.userFigures(member, g)
	if c := f.r.course(in); c != nil {
		g.TimeToRecover, g.Recovered = c.recovery()
		g.OverloadArea = c.area()
		g.Metastable, g.MetastableFrom, g.MetastableFor = c.metastable()
	}
}

func (f *figurer) mean(i stats.Integral) Figure {
	if f.ns() == 0 {
		return Null()
	}
	return Figure(i.Over(f.ns()))
}

// pool makes the figures of the pools that are in, taken together.
func (f *figurer) pool(in func(int) bool) PoolFigures {
	var busy, fluid stats.Integral
	var levels poolState
	longest, pools := Null(), 0
	spent := nothing()
	for p := range f.r.pools {
		if !in(p) {
			continue
		}
		a, b := &f.from.pools[p], &f.to.pools[p]
		for k := range levels {
			levels[k] = levels[k].Add(b[k].Sub(a[k]))
		}
		longest, pools = Figure(f.r.pools[p][pQueue].Max()), pools+1
		before := busy
		for i := range f.r.cells {
			held := f.to.posts[i*len(f.r.pools)+p].busy.Sub(f.from.posts[i*len(f.r.pools)+p].busy)
			busy = busy.Add(held)
			if f.r.w.Classes[f.r.cells[i].class].Fluid {
				fluid = fluid.Add(held)
			}
		}
		spent.add(f.spending(p, b[pHas].Sub(a[pHas]), busy.Sub(before)))
	}
	if f.live == nil || pools > 1 {
		longest = Null()
	}
	g := PoolFigures{BusyMean: f.mean(busy), CapacityMean: f.mean(levels[pCapacity]), FluidMean: f.mean(fluid),
		ServersMean: f.mean(levels[pHas]), RestartingMean: f.mean(levels[pRestarting]), LoadingMean: f.mean(levels[pLoading]),
		QueueLength: Level{Mean: f.mean(levels[pQueue]), Max: longest}}
	var down stats.Integral
	for _, i := range levels[pDown:] {
		down = down.Add(i)
	}
	g.DownMean = f.mean(down)
	g.GPUHours, g.CostUSD, g.EnergyKWh = spent.gpuHours, spent.usd, spent.kwh
	g.Utilisation = ratio(float64(g.BusyMean), float64(g.CapacityMean))
	return g
}

func ratio(a, b float64) Figure {
	if b == 0 {
		return Null()
	}
	return Figure(a / b)
}

func spread(s *stats.Sketch) Spread {
	if s.Count() == 0 {
		n := Null()
		return Spread{n, n, n, n, n, n, n, n}
	}
	at := func(q float64) Figure { return Figure(s.Quantile(q) / 1e9) }
	sd := Figure(s.SD() / 1e9)
	if math.IsNaN(float64(sd)) {
		sd = Null()
	}
	return Spread{Mean: Figure(s.Mean() / 1e9), SD: sd, P50: at(0.5), P90: at(0.9), P95: at(0.95), P99: at(0.99), P999: at(0.999), Max: Figure(float64(s.Max()) / 1e9)}
}
