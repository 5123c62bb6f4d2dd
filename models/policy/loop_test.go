package policy_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A fakeRun is a run of nothing but a chain: it keeps whom the chain keeps, and
// writes down what happens.
type fakeRun struct {
	k     *sim.Kernel
	c     *policy.Chain
	lines [][]models.Attempt
	pool  models.Signals
	log   []string
}

func newFakeRun(t *testing.T, items ...policy.Item) *fakeRun {
	t.Helper()
	return newFakeRunAt(t, []int{0, 1}, items...)
}

// newFakeRunAt is newFakeRun where the pool at home for each class is given.
func newFakeRunAt(t *testing.T, homes []int, items ...policy.Item) *fakeRun {
	t.Helper()
	r := &fakeRun{k: sim.NewKernel(), lines: make([][]models.Attempt, len(items))}
	var zero sim.Time
	env := world(&zero)
	env.Now, env.Pools, env.Homes = r.k.Now, []string{"main", "side"}, homes
	for i := range items {
		if s, ok := items[i].Spec.(*agent); ok {
			s.run = r
		}
	}
	r.c = chain(t, env, items...)
	r.c.Begin(r.k, r)
	return r
}

func (r *fakeRun) note(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf("%v ", r.k.Now())+fmt.Sprintf(format, args...))
}

func (r *fakeRun) See(models.Class) models.Signals {
	s := r.pool
	s.Now = r.k.Now()
	return s
}

func (r *fakeRun) SeePool(pool int) models.Signals {
	s := r.See(0)
	s.Pool = pool
	return s
}

// Expected is a minute at the first pool, and one more at each other.
func (r *fakeRun) Expected(_ models.Class, pool int) sim.Time { return sim.Time(pool+1) * sim.Minute }

func (r *fakeRun) Forget(told uint64) {
	for k := range r.lines {
		for _, a := range r.lines[k] {
			a.Told &^= told
		}
	}
}

func (r *fakeRun) Kept(i int) int { return len(r.lines[i]) }

func (r *fakeRun) GoOn(now sim.Time, i, n int) {
	for range n {
		a := r.lines[i][0]
		r.lines[i] = r.lines[i][1:]
		a.Admitted = now
		r.ask(a)
	}
}

// arrive brings an attempt of a user before the chain.
func (r *fakeRun) arrive(user int) {
	r.ask(models.Attempt{User: models.User(user), Arrived: r.k.Now(), Admitted: r.k.Now()})
}

func (r *fakeRun) ask(a models.Attempt) {
	s := r.See(0)
	switch v := r.c.Admit(&a, &s); {
	case v.Reason != 0:
		r.note("%d refused", a.User)
	case v.Kept != models.NotKept:
		i := int(a.Line) - 1
		r.lines[i] = append(r.lines[i], a)
		r.c.Joined(i)
	default:
		r.note("%d in", a.User)
		r.pool.Busy++
		r.k.At(r.k.Now()+sim.Hour, sim.Event{}) // so that there is something to come
	}
}

// at lets something happen at a time.
func (r *fakeRun) until(t sim.Time) *fakeRun { r.k.RunUntil(t); return r }

// take empties the log.
func (r *fakeRun) take() []string {
	log := r.log
	r.log = nil
	return log
}

// An agent is a policy that uses every hook there is and writes down what it is
// told.
type agent struct {
	run     *fakeRun
	Period  sim.Time // of Tick; 0: none
	Keeps   bool
	Refuses int      // the user that it refuses
	Let     int      // how many may go on in all
	Free    bool     // as many as there are servers free
	Next    sim.Time // when it wants to be asked again; 0: never
}

type agentPolicy struct {
	agent
	name   string
	reason models.Reason
	let    int
}

func (s *agent) New(env policy.Env) (policy.Policy, error) {
	return &agentPolicy{agent: *s, name: env.Name, reason: env.Reason(models.Unavailable)}, nil
}

func (p *agentPolicy) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if p.Refuses != 0 && int(a.User) == p.Refuses {
		return models.Verdict{Reason: p.reason}
	}
	if p.Keeps {
		p.run.note("%s keeps %d behind %d", p.name, a.User, s.Kept)
		return models.Verdict{Kept: models.Aside}
	}
	return models.Verdict{}
}

func (p *agentPolicy) Tick(s *models.Signals) sim.Time {
	p.run.note("%s ticks, %d wait", p.name, s.Waiting)
	if p.Period == 0 {
		return sim.Never
	}
	return s.Now + p.Period
}

func (p *agentPolicy) Let(kept int, s *models.Signals) (int, sim.Time) {
	n := p.agent.Let - p.let
	if p.Free {
		n = s.Free()
	}
	if p.Next == 0 {
		return n, sim.Never
	}
	return n, s.Now + p.Next
}

func (p *agentPolicy) Release(a *models.Attempt, now sim.Time) { p.let++ }
func (p *agentPolicy) Discipline() string                      { return "fifo" }

func (p *agentPolicy) Finish(a *models.Attempt, o models.Outcome, _ sim.Time) {
	p.run.note("%s hears that %d is %v", p.name, a.User, o)
}

func (p *agentPolicy) Reconfigure(spec policy.Spec) error {
	p.agent = *spec.(*agent)
	return nil
}

func agentItem(name string, s agent) policy.Item {
	return policy.Item{Name: name, Kind: "agent", Enabled: true, Spec: &s}
}

func TestAPeriodBeginsWhenItsPolicyDoesAndEndsWithIt(t *testing.T) {
	items := []policy.Item{agentItem("a", agent{Period: 10 * sim.Second}), agentItem("once", agent{})}
	r := newFakeRun(t, items...)
	assert.Equal(t, []string{"0s a ticks, 0 wait", "0s once ticks, 0 wait", "10s a ticks, 0 wait", "20s a ticks, 0 wait"}, r.until(25*sim.Second).take())
	assert.Equal(t, 1, r.k.Pending(), "only the next tick: never is not an event")

	items[0].Spec = &agent{run: r, Period: 4 * sim.Second}
	require.NoError(t, r.c.Reconfigure(items))
	assert.Equal(t, []string{"30s a ticks, 0 wait", "34s a ticks, 0 wait"}, r.until(35*sim.Second).take(), "the period under way ends as planned")

	items[0].Enabled = false
	require.NoError(t, r.c.Reconfigure(items))
	assert.Empty(t, r.until(sim.Minute).take())
	assert.Zero(t, r.k.Pending())

	items[0].Enabled = true
	require.NoError(t, r.c.Reconfigure(items))
	require.NoError(t, r.c.Reconfigure(items), "twice at one instant")
	assert.Equal(t, []string{"1m0s a ticks, 0 wait", "1m4s a ticks, 0 wait"}, r.until(65*sim.Second).take())
}

func TestSignalsAreAsOldAsTheScenarioSays(t *testing.T) {
	for _, tc := range []struct {
		delay, interval sim.Time
		want            [2]int // the least and the greatest age that is seen, in seconds
	}{
		{0, 0, [2]int{0, 0}},
		{32 * sim.Second, 0, [2]int{32, 33}},               // read every 2 s
		{0, 10 * sim.Second, [2]int{0, 9}},                 // the last reading
		{32 * sim.Second, 10 * sim.Second, [2]int{32, 41}}, // the last that is old enough
		{10 * sim.Second, 10 * sim.Second, [2]int{10, 19}},
		{sim.Second, 10 * sim.Second, [2]int{1, 10}},
	} {
		it := agentItem("a", agent{Period: sim.Second})
		seen := [2]int{1 << 30, -1}
		it.SignalDelay, it.SignalInterval = dur(tc.delay), dur(tc.interval)
		r := newFakeRun(t, it)
		for now := range 300 {
			// The pool's queue is the time of day. Events of an instant fire first.
			r.pool.Waiting = now
			r.until(sim.Time(now)*sim.Second + 1)
			var at, waiting int
			for _, line := range r.take() {
				var d string
				_, err := fmt.Sscanf(line, "%s a ticks, %d wait", &d, &waiting)
				require.NoError(t, err, line)
				at = now
			}
			if now > 60 {
				seen[0], seen[1] = min(seen[0], at-waiting), max(seen[1], at-waiting)
			}
		}
		assert.Equal(t, tc.want, seen, "%v %v", tc.delay, tc.interval)
	}
}

// Who is to see signals at another age learns nothing of the present by that.
func TestReadingsOutliveAChangeOfTheirAge(t *testing.T) {
	for _, tc := range []struct {
		delay, interval sim.Time // that are new after 100 s
		want            [3]int   // the ages that are seen at 100, 110 and 200 s, in seconds
	}{
		{40 * sim.Second, 5 * sim.Second, [3]int{40, 40, 40}},
		{70 * sim.Second, 10 * sim.Second, [3]int{50, 60, 70}}, // older ones are gone
		{20 * sim.Second, 10 * sim.Second, [3]int{20, 20, 20}},
		{0, 10 * sim.Second, [3]int{0, 0, 0}},
		{40 * sim.Second, 0, [3]int{40, 40, 40}},
	} {
		it := agentItem("a", agent{Period: 10 * sim.Second})
		it.SignalDelay, it.SignalInterval = dur(40*sim.Second), dur(10*sim.Second)
		r := newFakeRun(t, it)
		it.Spec.(*agent).run = r
		var ages [3]int
		for now := range 201 {
			r.pool.Waiting = now
			if now == 100 {
				r.until(100*sim.Second - 1)
				it.SignalDelay, it.SignalInterval = dur(tc.delay), dur(tc.interval)
				require.NoError(t, r.c.Reconfigure([]policy.Item{it}))
			}
			r.take()
			r.until(sim.Time(now)*sim.Second + 1)
			for k, at := range []int{100, 110, 200} {
				if at == now {
					var d string
					var waiting int
					_, err := fmt.Sscanf(r.take()[0], "%s a ticks, %d wait", &d, &waiting)
					require.NoError(t, err)
					ages[k] = now - waiting
				}
			}
		}
		assert.Equal(t, tc.want, ages, "%v %v", tc.delay, tc.interval)
	}
}

func TestSignalsOfATinyDelayAreReadEveryMillisecondAtMost(t *testing.T) {
	it := agentItem("a", agent{Period: sim.Hour})
	it.SignalDelay = dur(32 * sim.Nanosecond)
	r := newFakeRun(t, it)
	r.until(sim.Second)
	assert.LessOrEqual(t, r.k.Fired(), uint64(1010))
}

func TestBeforeTheFirstReadingIsOldEnoughThePoolIsAsItWasAtTheFirst(t *testing.T) {
	it := agentItem("a", agent{Period: 10 * sim.Second})
	it.SignalDelay = dur(sim.Minute)
	r := newFakeRun(t, it)
	r.until(1)
	r.pool.Waiting = 7
	r.take()
	assert.Equal(t, []string{"10s a ticks, 0 wait", "20s a ticks, 0 wait"}, r.until(25*sim.Second).take())
	it.SignalDelay = 0
	it.Spec.(*agent).run = r
	require.NoError(t, r.c.Reconfigure([]policy.Item{it}))
	assert.Equal(t, []string{"30s a ticks, 7 wait"}, r.until(35*sim.Second).take(), "fresh signals from now on")
	assert.Equal(t, 1, r.k.Pending(), "nothing is read any more")
}

func TestAKeeperIsAskedWhenSomebodyJoinsWhenAServerComesFreeAndWhenItWantsTo(t *testing.T) {
	r := newFakeRun(t, agentItem("door", agent{Keeps: true, Let: 2}))
	r.until(1).take()
	for user := 1; user <= 4; user++ {
		r.arrive(user)
	}
	assert.Equal(t, []string{"1ns door keeps 1 behind 0", "1ns 1 in", "1ns door keeps 2 behind 0", "1ns 2 in", "1ns door keeps 3 behind 0", "1ns door keeps 4 behind 1"}, r.take())

	r = newFakeRun(t, agentItem("door", agent{Keeps: true, Free: true}))
	r.until(1).take()
	for user := 1; user <= 3; user++ {
		r.arrive(user)
	}
	r.pool.Capacity = 2
	r.take()
	r.c.Freed()
	assert.Equal(t, []string{"1ns 1 in", "1ns 2 in"}, r.take(), "two servers for three")

	items := []policy.Item{agentItem("door", agent{Keeps: true, Next: 5 * sim.Second})}
	r = newFakeRun(t, items...)
	r.until(sim.Second).take()
	r.arrive(1)
	r.arrive(2)
	r.take()
	items[0].Spec = &agent{run: r, Keeps: true, Let: 1, Next: 5 * sim.Second}
	require.NoError(t, r.c.Reconfigure(items))
	assert.Equal(t, []string{"1s 1 in"}, r.take(), "it is asked when its parameters change")
}

func TestOneWhoIsRefusedBehindItsKeeperLeavesItsRoomToTheNext(t *testing.T) {
	r := newFakeRun(t, agentItem("door", agent{Keeps: true, Free: true}), agentItem("guard", agent{Refuses: 1}))
	r.until(1).take()
	for user := 1; user <= 3; user++ {
		r.arrive(user)
	}
	r.take()
	r.pool.Capacity = 1
	r.c.Freed()
	assert.Equal(t, []string{"1ns door hears that 1 is rejected", "1ns 1 refused", "1ns 2 in"}, r.take())
	assert.Equal(t, 1, r.Kept(0))
}

func TestWhoIsKeptGoesOnBehindTheKeeperAndMayBeKeptAgain(t *testing.T) {
	r := newFakeRun(t, agentItem("before", agent{}), agentItem("first", agent{Keeps: true, Let: 9}), agentItem("between", agent{Refuses: 2}), agentItem("second", agent{Keeps: true, Let: 1}))
	r.until(1).take()
	for user := 1; user <= 3; user++ {
		r.arrive(user)
	}
	assert.Equal(t, []string{
		"1ns first keeps 1 behind 0", "1ns second keeps 1 behind 0", "1ns 1 in",
		"1ns first keeps 2 behind 0", "1ns before hears that 2 is rejected", "1ns first hears that 2 is rejected", "1ns 2 refused",
		"1ns first keeps 3 behind 0", "1ns second keeps 3 behind 0",
	}, r.take())
	assert.Equal(t, []int{0, 0, 0, 1}, []int{r.Kept(0), r.Kept(1), r.Kept(2), r.Kept(3)})
	assert.Equal(t, uint16(2), r.lines[3][0].Behind)
}

func TestThoseWhoAreKeptGoOnWhenTheirPolicyIsSwitchedOff(t *testing.T) {
	items := []policy.Item{agentItem("door", agent{Keeps: true, Next: sim.Minute}), agentItem("guard", agent{Refuses: 2})}
	r := newFakeRun(t, items...)
	r.until(sim.Second).take()
	for user := 1; user <= 3; user++ {
		r.arrive(user)
	}
	r.take()
	items[0].Enabled = false
	require.NoError(t, r.c.Reconfigure(items))
	assert.Equal(t, []string{"1s 1 in", "1s 2 refused", "1s 3 in"}, r.take(), "the policy that is gone hears nothing, and the one behind it had not admitted 2")
	assert.Zero(t, r.Kept(0))
	r.arrive(4)
	assert.Equal(t, []string{"1s 4 in"}, r.take())
	before := r.k.Pending()
	items[0].Enabled = true
	require.NoError(t, r.c.Reconfigure(items))
	assert.True(t, r.c.Keeps())
	r.arrive(5)
	assert.Equal(t, before+2, r.k.Pending(), "a tick and a question, both new")
}

// A policy that is told how attempts end is told of those that it admitted, and
// of no other: it was there before they passed it.
func TestAPolicyIsToldOfThoseThatPassedItWhileItActed(t *testing.T) {
	items := []policy.Item{agentItem("before", agent{}), agentItem("door", agent{Keeps: true}), agentItem("behind", agent{})}
	items[0].Enabled, items[2].Enabled = false, false
	r := newFakeRun(t, items...)
	r.until(sim.Second)
	r.arrive(1)
	r.until(2 * sim.Second).take()
	items[0].Enabled, items[2].Enabled = true, true
	for _, i := range []int{0, 2} {
		items[i].Spec.(*agent).run = r
	}
	require.NoError(t, r.c.Reconfigure(items))
	r.until(3 * sim.Second).take()
	a := r.lines[1][0]
	a.Admitted = r.k.Now()
	s := r.See(0)
	require.Zero(t, r.c.Admit(&a, &s))
	r.c.Finish(&a, models.Completed, r.k.Now())
	assert.Equal(t, []string{"3s door hears that 1 is completed", "3s behind hears that 1 is completed"}, r.take(), "before was not there when it came")
	r.c.Finish(&a, models.Completed, r.k.Now())
	assert.Empty(t, r.take(), "and each is told once")
}

func TestPoliciesCannotBeMovedInARunThatHasBegun(t *testing.T) {
	a, b := agentItem("a", agent{}), agentItem("b", agent{})
	r := newFakeRun(t, a, b)
	for _, items := range [][]policy.Item{{b, a}, {a}, {a, b, agentItem("c", agent{})}} {
		assert.ErrorContains(t, r.c.Reconfigure(items), "cannot be added, removed or moved")
	}
}

func TestTickingAndAskingAllocateNothing(t *testing.T) {
	r := newFakeRun(t, policy.Item{Name: "quiet", Kind: "quiet", Enabled: true, SignalDelay: dur(sim.Minute), Spec: new(quiet)})
	r.lines[0] = make([]models.Attempt, 3)
	r.until(10 * sim.Minute)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		r.c.Joined(0)
		r.k.RunUntil(r.k.Now() + 10*sim.Second)
	}))
}

// quiet ticks and is asked, and does nothing.
type quiet struct{}

func (s *quiet) New(policy.Env) (policy.Policy, error)                     { return s, nil }
func (s *quiet) Reconfigure(policy.Spec) error                             { return nil }
func (s *quiet) Admit(*models.Attempt, *models.Signals) (v models.Verdict) { return v }
func (s *quiet) Tick(x *models.Signals) sim.Time                           { return x.Now + sim.Second }
func (s *quiet) Let(_ int, x *models.Signals) (int, sim.Time)              { return 0, x.Now + 3*sim.Second }
func (s *quiet) Discipline() string                                        { return "fifo" }

func dur(t sim.Time) unit.Duration { return unit.Duration(t) }

// clockwork is a policy with a period, which it says; 0 is none.
type clockwork struct {
	run    **fakeRun
	Length sim.Time
}

func (s *clockwork) New(policy.Env) (policy.Policy, error)                     { c := *s; return &c, nil }
func (s *clockwork) Reconfigure(spec policy.Spec) error                        { *s = *spec.(*clockwork); return nil }
func (s *clockwork) Admit(*models.Attempt, *models.Signals) (v models.Verdict) { return v }
func (s *clockwork) Period() sim.Time                                          { return s.Length }
func (s *clockwork) Tick(x *models.Signals) sim.Time {
	(*s.run).note("tick")
	if s.Length == sim.Never {
		return sim.Never
	}
	return x.Now + s.Length
}

func TestAShorterPeriodActsAtOnceAndALongerOneAfterTheOneUnderWay(t *testing.T) {
	var r *fakeRun
	items := func(length, other sim.Time) []policy.Item {
		return []policy.Item{{Name: "clock", Kind: "clockwork", Enabled: true, Spec: &clockwork{&r, length}}, {Name: "other", Kind: "stub", Spec: &stub{MaxWait: other}}}
	}
	r = newFakeRun(t, items(2*sim.Hour, 1)...)
	r.until(10 * sim.Minute).take()
	require.NoError(t, r.c.Reconfigure(items(2*sim.Hour, 2)), "of another policy")
	require.Empty(t, r.until(sim.Hour).take())
	require.NoError(t, r.c.Reconfigure(items(sim.Minute, 2)))
	assert.Equal(t, []string{"1h1m0s tick", "1h2m0s tick"}, r.until(sim.Hour+150*sim.Second).take())
	require.NoError(t, r.c.Reconfigure(items(sim.Minute, 3)))
	require.NoError(t, r.c.Reconfigure(items(3*sim.Hour, 3)))
	assert.Equal(t, []string{"1h3m0s tick", "4h3m0s tick"}, r.until(5*sim.Hour).take(), "as planned, then longer")
	require.NoError(t, r.c.Reconfigure(items(sim.Never, 3)))
	assert.Equal(t, []string{"7h3m0s tick"}, r.until(sim.Day).take())
	require.NoError(t, r.c.Reconfigure(items(sim.Minute, 3)))
	assert.Empty(t, r.until(2*sim.Day).take(), "one that asked never to be called again is not")
}
