package queue_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// levelled is a queue of apf with these levels, each of the tier of its name.
func levelled(t testing.TB, seats *int, list ...queue.LevelSpec) (*queue.Queue, []string) {
	spec := queue.Spec{Discipline: "apf", Preset: "source", Flow: "user", Queues: 10, HandSize: 2, QueueLengthLimit: 10_000}
	var tiers []string
	for _, l := range list {
		l.Tiers = []string{l.Name}
		spec.Levels = append(spec.Levels, l)
		tiers = append(tiers, l.Name)
	}
	q, err := queue.New(spec, queue.Env{Tiers: tiers, Seats: func() int { return *seats }})
	require.NoError(t, err)
	return q, tiers
}

// bootstrap are the levels that Kubernetes ships (v0.37.2, apis/flowcontrol/bootstrap).
var bootstrap = []queue.LevelSpec{
	{Name: "system", Shares: 30, LendablePercent: 33, BorrowingLimitPercent: -1},
	{Name: "node-high", Shares: 40, LendablePercent: 25, BorrowingLimitPercent: -1},
	{Name: "leader-election", Shares: 10, BorrowingLimitPercent: -1},
	{Name: "workload-high", Shares: 40, LendablePercent: 50, BorrowingLimitPercent: -1},
	{Name: "workload-low", Shares: 100, LendablePercent: 90, BorrowingLimitPercent: -1},
	{Name: "global-default", Shares: 20, LendablePercent: 50, BorrowingLimitPercent: -1},
	{Name: "catch-all", Shares: 5, BorrowingLimitPercent: -1},
}

// KEP-1040: nominal = ceil(600 shares/245), and of it what may be lent.
func TestTheLevelsThatKubernetesShipsHaveTheirPartsOf600Seats(t *testing.T) {
	seats := 600
	q, _ := levelled(t, &seats, bootstrap...)
	assert.Equal(t, [][3]int{{74, 50, 674}, {98, 73, 698}, {25, 25, 625}, {98, 49, 698}, {245, 24, 845}, {49, 24, 649}, {13, 13, 613}}, queue.BoundsOf(q, 0))
}

// The demand of a level is made of attempts that join and leave, or are served and
// end; the limits are to be those of the original after every period.
func TestLevelsLendAndBorrowSeatsAsKubernetesDivides(t *testing.T) {
	for name, list := range map[string][]queue.LevelSpec{
		"port_apf_levels_a.csv": bootstrap,
		"port_apf_levels_b.csv": {{Name: "test-pl0", Shares: 100, LendablePercent: 50, BorrowingLimitPercent: 33}, {Name: "test-pl1", Shares: 100, LendablePercent: 67, BorrowingLimitPercent: 50}},
		"port_apf_levels_c.csv": {{Name: "none", BorrowingLimitPercent: -1}, {Name: "all", Shares: 50, LendablePercent: 100, BorrowingLimitPercent: 20},
			{Name: "some", Shares: 30, LendablePercent: 60}, {Name: "much", Shares: 20, LendablePercent: 100, BorrowingLimitPercent: 400}},
	} {
		t.Run(name, func(t *testing.T) {
			seats := map[string]int{"port_apf_levels_a.csv": 600, "port_apf_levels_b.csv": 24, "port_apf_levels_c.csv": 100}[name]
			q, tiers := levelled(t, &seats, list...)
			type one struct {
				a    *models.Attempt
				slot models.Slot
			}
			var waits, served = make([][]one, len(tiers)), make([][]one, len(tiers))
			attempts := map[models.Slot]*models.Attempt{}
			changes := map[string]bool{}
			for _, c := range vector(t, name) {
				now := sim.Time(c.int("t_ns"))
				if c["op"] == "adjust" {
					var words []string
					for _, n := range queue.SeatsOf(q, now) {
						words = append(words, strconv.Itoa(n))
					}
					require.Equal(t, c["limits"], strings.Join(words, ";"), "row %s", c["i"])
					changes[c["limits"]] = true
				} else {
					level := 0
					for tiers[level] != c["level"] {
						level++
					}
					for queue.AskedOf(q, level) < c.int("seats") {
						slot := models.Slot(len(attempts))
						a := &models.Attempt{Tier: models.Tier(level), User: models.User(slot)}
						attempts[slot] = a
						dropped, _ := q.Push(now, slot, a)
						require.Equal(t, models.None, dropped)
						waits[level] = append(waits[level], one{a, slot})
					}
					for queue.AskedOf(q, level) > c.int("seats") {
						if n := len(waits[level]) - 1; n >= 0 {
							q.Leave(now, waits[level][n].slot, waits[level][n].a)
							waits[level] = waits[level][:n]
						} else {
							n := len(served[level]) - 1
							x := served[level][n]
							q.Ended(now, x.slot, x.a, now-x.a.Started)
							served[level] = served[level][:n]
						}
					}
				}
				for e, ok := q.Pop(now); ok; e, ok = q.Pop(now) {
					if e.Slot == models.None {
						continue
					}
					a := attempts[e.Slot]
					a.Started = now
					for i, x := range waits[a.Tier] {
						if x.slot == e.Slot {
							waits[a.Tier] = append(waits[a.Tier][:i:i], waits[a.Tier][i+1:]...)
						}
					}
					served[a.Tier] = append(served[a.Tier], one{a, e.Slot})
				}
			}
			assert.GreaterOrEqual(t, len(changes), 5, "limits that never move prove nothing")
		})
	}
}

// TestBorrowing of util/flowcontrol: two levels of 12 seats each, one with 24 clients
// and one with 6, that ask again as soon as they have had their 250 ms. In the first case
// it is what may be lent that bounds the borrower, in the second what he may borrow. The
// original is content with averages of 15.5 to 16.1 and of 5.5 to 6.1 after 10 s.
func TestABusyLevelBorrowsWhatAnIdleOneMayLendAsInKubernetes(t *testing.T) {
	for _, list := range [][2]queue.LevelSpec{
		{{Name: "a", Shares: 100, LendablePercent: 50, BorrowingLimitPercent: 67}, {Name: "b", Shares: 100, LendablePercent: 33, BorrowingLimitPercent: 50}},
		{{Name: "a", Shares: 100, LendablePercent: 50, BorrowingLimitPercent: 33}, {Name: "b", Shares: 100, LendablePercent: 67, BorrowingLimitPercent: 50}},
	} {
		seats := 24
		q, _ := levelled(t, &seats, list[0], list[1])
		c := &clients{k: sim.NewKernel(), q: q, attempts: make([]models.Attempt, 30)}
		c.id = c.k.Register("clients", c)
		for i := range c.attempts {
			if c.attempts[i] = (models.Attempt{User: models.Anonymous, Request: rng.Key(i)}); i >= 24 {
				c.attempts[i].Tier = 1
			}
			c.k.At(sim.Time(i), sim.Event{Actor: c.id, Kind: comes, Arg: uint32(i)})
		}
		for at := sim.Time(0); at < 25*sim.Second; at += sim.Second {
			c.k.At(at, sim.Event{Actor: c.id, Kind: looks})
		}
		c.k.RunUntil(25 * sim.Second)
		assert.InDelta(t, 15.8, c.busy[0]/15, 0.3, "%+v", list)
		assert.InDelta(t, 5.8, c.busy[1]/15, 0.3, "%+v", list)
	}
}

const looks = ends + 1

// clients ask again and again, and the seconds of service that they have from 10 s on
// are summed up by tier.
type clients struct {
	k        *sim.Kernel
	id       sim.ActorID
	q        *queue.Queue
	attempts []models.Attempt
	busy     [2]float64
}

func (c *clients) Describe(sim.Event) string { return "" }

func (c *clients) Handle(now sim.Time, ev sim.Event) {
	a, slot := &c.attempts[ev.Arg], models.Slot(ev.Arg)
	switch ev.Kind {
	case ends:
		c.q.Ended(now, slot, a, now-a.Started)
		c.busy[a.Tier] += max(0, (now - max(a.Started, 10*sim.Second)).Seconds())
		fallthrough
	case comes:
		c.q.Push(now, slot, a)
	}
	for e, ok := c.q.Pop(now); ok; e, ok = c.q.Pop(now) {
		c.attempts[e.Slot].Started = now
		c.k.At(now+250*sim.Millisecond, sim.Event{Actor: c.id, Kind: ends, Arg: uint32(e.Slot)})
	}
}

func TestSeatsAreDividedAnewWhenServersComeOrGo(t *testing.T) {
	seats := 100
	q, _ := levelled(t, &seats, queue.LevelSpec{Name: "a", Shares: 3, BorrowingLimitPercent: -1}, queue.LevelSpec{Name: "b", Shares: 1, BorrowingLimitPercent: -1})
	assert.Equal(t, []int{75, 25}, queue.SeatsOf(q, 0))
	seats = 40
	assert.Equal(t, []int{30, 10}, queue.SeatsOf(q, sim.Second))
	seats = 0
	assert.Equal(t, []int{0, 0}, queue.SeatsOf(q, 2*sim.Second))
	seats = 41
	assert.Equal(t, []int{31, 11}, queue.SeatsOf(q, sim.Hour), "rounded up, so that the sum may be one more")
}

func TestNewSharesKeepThoseWhoWaitAndWhatWasSeen(t *testing.T) {
	seats := 10
	spec := queue.Spec{Discipline: "apf", Preset: "source", Flow: "user", Queues: 4, HandSize: 1, QueueLengthLimit: 100, Levels: []queue.LevelSpec{
		{Name: "paid", Tiers: []string{"plus"}, Shares: 1}, {Name: "rest", Shares: 1}}}
	q, err := queue.New(spec, queue.Env{Tiers: []string{"plus", "free"}, Seats: func() int { return seats }})
	require.NoError(t, err)
	attempts := make([]models.Attempt, 40)
	for i := range attempts {
		attempts[i] = models.Attempt{Tier: 1, User: models.User(i)}
		q.Push(0, models.Slot(i), &attempts[i])
	}
	take := func(now sim.Time) (n int) {
		for e, ok := q.Pop(now); ok; e, ok = q.Pop(now) {
			attempts[e.Slot].Started = now
			n++
		}
		return n
	}
	assert.Equal(t, 5, take(0), "a tier that no level names is of the last, and half is its part")
	assert.False(t, q.Takes(0, &attempts[39]))
	assert.True(t, q.Takes(0, &models.Attempt{Tier: 0}))
	assert.Equal(t, 10*sim.Second, q.Due())
	next := spec
	next.Levels = []queue.LevelSpec{spec.Levels[0], {Name: "rest", Shares: 4}}
	require.NoError(t, q.Reconfigure(5*sim.Second, next, func(s models.Slot) *models.Attempt { return &attempts[s] }))
	assert.Equal(t, 3, take(5*sim.Second), "eight of ten, of which five are used")
	assert.Equal(t, 32, q.Len())
}

func TestLevelsThatCannotBeAreRefused(t *testing.T) {
	for want, change := range map[string]func(*queue.Spec){
		"levels are there, the discipline must be apf for them":                 func(s *queue.Spec) { s.Discipline = "fifo" },
		"levels.a is there twice, it must be there once":                        func(s *queue.Spec) { s.Levels[1].Name = "a" },
		"levels.b.nominal_concurrency_shares is -1, it must be 0 or more":       func(s *queue.Spec) { s.Levels[1].Shares = -1 },
		"levels.b.lendable_percent is 101, it must be 0 to 100":                 func(s *queue.Spec) { s.Levels[1].LendablePercent = 101 },
		"levels.b.borrowing_limit_percent is -2, it must be 0 or more, or -1":   func(s *queue.Spec) { s.Levels[1].BorrowingLimitPercent = -2 },
		"levels have no nominal_concurrency_shares, one of them must have some": func(s *queue.Spec) { s.Levels[0].Shares = 0 },
		"borrowing_adjustment_period is -1ns, it must be 0 or more":             func(s *queue.Spec) { s.AdjustmentPeriod = unit.Duration(-1) },
	} {
		s := queue.Spec{Discipline: "apf", Queues: 1, HandSize: 1, Levels: []queue.LevelSpec{{Name: "a", Shares: 1}, {Name: "b"}}}
		change(&s)
		assert.EqualError(t, s.Check(), want)
	}
}

func TestLevelsAllocateNothingInSteadyState(t *testing.T) {
	seats := 8
	q, _ := levelled(t, &seats, queue.LevelSpec{Name: "a", Shares: 1, LendablePercent: 50, BorrowingLimitPercent: -1}, queue.LevelSpec{Name: "b", Shares: 1, LendablePercent: 50, BorrowingLimitPercent: -1})
	attempts := make([]models.Attempt, 64)
	now, i := sim.Time(0), 0
	step := func() {
		for range 64 {
			a, slot := &attempts[i%64], models.Slot(i%64)
			*a = models.Attempt{Tier: models.Tier(i % 2), User: models.User(i)}
			i++
			now += sim.Second
			q.Push(now, slot, a)
			for e, ok := q.Pop(now); ok; e, ok = q.Pop(now) {
				q.Ended(now, e.Slot, &attempts[e.Slot], sim.Second)
			}
		}
	}
	step()
	assert.Zero(t, testing.AllocsPerRun(100, step))
}
