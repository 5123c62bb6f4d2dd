package queue

import (
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// A LevelSpec is a priority level of apf, with the names of Kubernetes'
// PriorityLevelConfiguration.
type LevelSpec struct {
	Name                  string   `yaml:"name" required:"true" doc:"The level."`
	Tiers                 []string `yaml:"tiers" ref:"tiers" doc:"Tiers that are of it. One that two levels name is of the first, and one that none names of the last."`
	Shares                int      `yaml:"nominal_concurrency_shares" default:"30" min:"0" max:"1000000" doc:"Its part of the servers, in proportion to the shares of the other levels."`
	LendablePercent       int      `yaml:"lendable_percent" default:"0" min:"0" max:"100" doc:"Percentage of its part that others may borrow."`
	BorrowingLimitPercent int      `yaml:"borrowing_limit_percent" default:"-1" min:"-1" max:"1000000" doc:"Percentage of its part that it may borrow beyond it; -1 is no limit."`
}

// checkLevels reports what is wrong with the levels of a Spec.
func (s *Spec) checkLevels() error {
	if len(s.Levels) > 0 && s.Discipline != "apf" {
		return fmt.Errorf("levels are there, the discipline must be apf for them")
	}
	sum := 0
	for i, l := range s.Levels {
		switch {
		case slices.ContainsFunc(s.Levels[:i], func(o LevelSpec) bool { return o.Name == l.Name }):
			return fmt.Errorf("levels.%s is there twice, it must be there once", l.Name)
		case l.Shares < 0:
			return fmt.Errorf("levels.%s.nominal_concurrency_shares is %d, it must be 0 or more", l.Name, l.Shares)
		case l.LendablePercent < 0 || l.LendablePercent > 100:
			return fmt.Errorf("levels.%s.lendable_percent is %d, it must be 0 to 100", l.Name, l.LendablePercent)
		case l.BorrowingLimitPercent < -1:
			return fmt.Errorf("levels.%s.borrowing_limit_percent is %d, it must be 0 or more, or -1", l.Name, l.BorrowingLimitPercent)
		}
		sum += l.Shares
	}
	if len(s.Levels) > 0 && sum == 0 {
		return fmt.Errorf("levels have no nominal_concurrency_shares, one of them must have some")
	}
	if s.AdjustmentPeriod < 0 {
		return fmt.Errorf("borrowing_adjustment_period is %v, it must be 0 or more", sim.Time(s.AdjustmentPeriod))
	}
	return nil
}

// levels are the priority levels of apf, which lend seats to each other as in
// Kubernetes (KEP-1040, "Dispatching"; k8s.io/apiserver v0.37.2, util/flowcontrol,
// apf_controller.go and conc_alloc.go). With s seats in all, a level of the share
// x of the sum X has
//
//	nominal = ceil(s x / X)
//	least   = nominal - round(nominal lendable_percent / 100)
//	most    = nominal + round(nominal borrowing_limit_percent / 100), or + s
//
// and once a period its seats are divided anew by the seats that were asked for, in
// use and waiting: see divide. Between two of these moments nothing changes but the
// number of servers. When that does, the seats are divided by what was seen up to the
// last of them; the original, whose number changes with a configuration only, begins a
// new period then. Exempt levels, whose requests never wait, have no like here.
type levels struct {
	env     Env
	list    []level
	byTier  []int32
	seats   int
	changed bool // shares or bounds
	period  sim.Time
	next    sim.Time // when seats are divided anew; sim.Never: there is one level

	bounds []bound // of divide
}

// A level is one of them.
type level struct {
	fair    fairQueues
	spec    LevelSpec
	nominal int
	least   int
	most    int
	demand  integrator
	high    int     // most seats asked for in the last period
	smooth  float64 // what is asked for, smoothed
}

// An integrator is the moments over time of the seats that are asked for.
type integrator struct {
	since               sim.Time
	x, most             float64
	elapsed, sum, power float64 // integrals of 1, x and x² in seconds
}

func (m *integrator) set(now sim.Time, x float64) {
	dt := (now - m.since).Seconds()
	m.since = now
	m.elapsed += dt
	m.sum += float64(m.x * dt)
	m.power += float64(float64(m.x*m.x) * dt)
	m.x = x
	m.most = max(m.most, x)
}

// reset returns what was seen and begins anew.
func (m *integrator) reset(now sim.Time) (most, mean, sd float64, ok bool) {
	m.set(now, m.x)
	most, ok = m.most, m.elapsed > 0
	if ok {
		mean = m.sum / m.elapsed
		if variance := m.power/m.elapsed - float64(mean*mean); variance >= 0 {
			sd = math.Sqrt(variance)
		}
	}
	*m = integrator{since: now, x: m.x, most: m.x}
	return most, mean, sd, ok
}

// note takes down the seats of a level that are asked for now.
func (ls *levels) note(now sim.Time, l *level) {
	if len(ls.list) > 1 {
		l.demand.set(now, float64(l.fair.asked))
	}
}

func newLevels(env Env, s *Spec) levels {
	ls := levels{env: env, list: make([]level, max(1, len(s.Levels))), byTier: make([]int32, env.tiers())}
	for i := range ls.list {
		ls.list[i].fair = newFairQueues(s.Queues, s.HandSize, s.QueueLengthLimit, 0)
	}
	return ls
}

// of is the level of a tier.
func (ls *levels) of(t models.Tier) int {
	if int(t) < len(ls.byTier) {
		return int(ls.byTier[t])
	}
	return len(ls.list) - 1
}

// configure takes over shares, tiers and lengths; the number of levels stays.
func (ls *levels) configure(s *Spec) {
	for i := range ls.list {
		l := &ls.list[i]
		l.fair.length = s.QueueLengthLimit
		if len(s.Levels) > 0 {
			l.spec = s.Levels[i]
		}
	}
	for t := range ls.byTier {
		ls.byTier[t] = int32(len(ls.list) - 1)
		for i := len(s.Levels) - 1; i >= 0; i-- {
			if t < len(ls.env.Tiers) && slices.Contains(s.Levels[i].Tiers, ls.env.Tiers[t]) {
				ls.byTier[t] = int32(i)
			}
		}
	}
	period := ls.period
	if ls.period = sim.Time(s.AdjustmentPeriod); ls.period == 0 {
		ls.period = sourceAdjustment
		if s.Preset != "source" {
			ls.period = inferenceAdjustment
		}
	}
	switch {
	case len(ls.list) == 1:
		ls.next = sim.Never
	case period == 0:
		ls.next = ls.period
	default:
		ls.next += ls.period - period
	}
	ls.changed = true // so that the next call divides them anew
}

// How often seats are divided anew: the borrowingAdjustmentPeriod of the original, and
// a service of some 20 seconds, for a seat that was lent comes back with the end of the
// service on it and not before.
const (
	sourceAdjustment    = 10 * sim.Second
	inferenceAdjustment = 20 * sim.Second
)

// smoothing is the weight of the old demand: after 5 minutes of periods of 10 s half of
// a peak is left (seatDemandSmoothingCoefficient).
const smoothing = 0.977

// advance brings the levels to the instant.
func (ls *levels) advance(now sim.Time) {
	seats := ls.env.seats()
	if len(ls.list) == 1 {
		ls.list[0].fair.setSeats(now, seats)
		return
	}
	for ls.next <= now {
		ls.observe(ls.next)
		ls.divide(ls.next)
		ls.next += ls.period
	}
	if seats != ls.seats || ls.changed {
		ls.resize(seats)
		ls.divide(now)
		ls.changed = false
	}
}

// resize gives each level its part of so many seats.
func (ls *levels) resize(seats int) {
	ls.seats = seats
	sum := 0
	for i := range ls.list {
		sum += ls.list[i].spec.Shares
	}
	part := func(whole, percent int) int { return int(math.Floor(float64(whole)*float64(percent)/100 + 0.5)) }
	for i := range ls.list {
		l := &ls.list[i]
		l.nominal = int(math.Ceil(float64(seats) * float64(l.spec.Shares) / float64(sum)))
		l.least = l.nominal - part(l.nominal, l.spec.LendablePercent)
		l.most = l.nominal + seats
		if l.spec.BorrowingLimitPercent >= 0 {
			l.most = l.nominal + part(l.nominal, l.spec.BorrowingLimitPercent)
		}
	}
}

// observe ends a period of observation: the smoothed demand rises at once to the mean
// plus one standard deviation of the period, and falls slowly (seatDemandStats.update).
func (ls *levels) observe(now sim.Time) {
	for i := range ls.list {
		l := &ls.list[i]
		most, mean, sd, ok := l.demand.reset(now)
		l.high = int(math.Floor(most + 0.5))
		if ok {
			envelope := mean + sd
			l.smooth = max(envelope, float64(smoothing*l.smooth)+float64((1-smoothing)*envelope))
		}
	}
}

// divide gives each level its seats (updateBorrowingLocked). A level is sure of its
// least, and of what it used in the last period up to its nominal number; what is then
// left goes to all in proportion to their smoothed demand, up to their most.
func (ls *levels) divide(now sim.Time) {
	all, least, sure := 0, 0, 0
	for i := range ls.list {
		l := &ls.list[i]
		all += l.nominal
		least += l.least
		sure += l.sure()
	}
	fair := 0.0
	if all > sure {
		fair = ls.proportion(float64(all))
	}
	for i := range ls.list {
		l := &ls.list[i]
		n := 0
		switch {
		case all <= least:
			n = l.least
		case all <= sure:
			n = l.least + int(math.Floor(float64(float64(l.sure()-l.least)*(float64(all-least)/float64(sure-least)))+0.5))
		default:
			n = int(math.Floor(max(float64(l.sure()), min(float64(l.most), float64(fair*l.target()))) + 0.5))
		}
		l.fair.setSeats(now, n)
	}
}

// sure is what a level gets whatever the others ask for.
func (l *level) sure() int { return max(l.least, min(l.nominal, l.high)) }

// target is what a level's part of the seats is in proportion to; never 0.
func (l *level) target() float64 { return max(float64(l.sure()), l.smooth, leastTarget) }

const leastTarget = 0.001 // MinTarget of conc_alloc.go

// A bound is where a level begins to grow with the proportion, or ceases to.
type bound struct{ at, target float64 }

// proportion solves sum of max(sure, min(most, proportion target)) = all, where the
// sum of the levels' sure parts is below it (computeConcurrencyAllocation): the sum
// grows piecewise linearly with the proportion, in which each level has its part
// between two bounds.
func (ls *levels) proportion(all float64) float64 {
	ls.bounds = ls.bounds[:0]
	sum, slope := 0.0, 0.0
	for i := range ls.list {
		l := &ls.list[i]
		t := l.target()
		sum += float64(l.sure())
		ls.bounds = append(ls.bounds, bound{float64(l.sure()) / t, t}, bound{float64(l.most) / t, -t})
	}
	slices.SortFunc(ls.bounds, func(a, b bound) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	p := 0.0
	for _, b := range ls.bounds {
		if grown := float64((b.at - p) * slope); sum+grown >= all {
			break
		} else {
			sum += grown
		}
		p, slope = b.at, slope+b.target
	}
	if slope > 0 {
		p += (all - sum) / slope
	}
	return p
}

// levelled reports whether levels of the discipline may keep attempts from servers
// that are free.
func (q *Queue) levelled() (*apf, bool) {
	a, ok := q.d.(*apf)
	return a, ok && len(a.levels.list) > 1
}

// Takes reports whether an attempt that joins now is taken at once if there is a server
// free for it.
func (q *Queue) Takes(now sim.Time, a *models.Attempt) bool {
	if l, ok := q.levelled(); ok {
		return l.takes(now, a)
	}
	return q.waiting == 0
}

// Due is when somebody may be taken for whom a server is free but no seat of his level;
// sim.Never where there are no levels.
func (q *Queue) Due() sim.Time {
	if l, ok := q.levelled(); ok && q.waiting > 0 {
		return l.due()
	}
	return sim.Never
}
