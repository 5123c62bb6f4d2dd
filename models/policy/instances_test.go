package policy_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{Name: "test-teller", PerPool: true, Fresh: func() policy.Spec { return new(teller) }})
	policy.Register(policy.Kind{Name: "test-gauge", PerPool: true, Gauges: true, Fresh: func() policy.Spec { return new(teller) }})
	policy.Register(policy.Kind{Name: "test-blind", Unmoved: "it looks at nothing", Fresh: func() policy.Spec { return new(stub) }})
}

// A teller writes down what happens to it, with its number in the order in which
// they were made.
type teller struct {
	made   *int
	log    *[]string
	Mark   string
	Period sim.Time
}

type tellerPolicy struct {
	teller
	n    int
	luck uint64
}

func (s *teller) New(env policy.Env) (policy.Policy, error) {
	draw := env.Luck().OfUser(&models.Attempt{User: 7})
	p := &tellerPolicy{*s, *s.made, draw.Uint64()}
	*s.made++
	return p, nil
}

func (p *tellerPolicy) note(format string, args ...any) {
	*p.log = append(*p.log, fmt.Sprintf("%s%d ", p.Mark, p.n)+fmt.Sprintf(format, args...))
}

func (p *tellerPolicy) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	p.note("asked about %d", a.User)
	return models.Verdict{}
}

func (p *tellerPolicy) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	p.note("starts %d at %v", a.User, s.Now)
	return models.Verdict{}
}

func (p *tellerPolicy) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	p.note("hears that %d is %v at %v", a.User, o, now)
}

func (p *tellerPolicy) Tick(s *models.Signals) sim.Time {
	if p.Period == 0 {
		return sim.Never
	}
	p.note("ticks with pool %d", s.Pool)
	return s.Now + p.Period
}

func (p *tellerPolicy) Reconfigure(s policy.Spec) error {
	p.teller = *s.(*teller)
	return nil
}

// A switchman sends everybody to the pool side.
type switchman struct{}

func (s *switchman) New(policy.Env) (policy.Policy, error) { return s, nil }
func (s *switchman) Reconfigure(policy.Spec) error         { return nil }
func (s *switchman) Route() string                         { return "side" }
func (s *switchman) Admit(*models.Attempt, *models.Signals) models.Verdict {
	return models.Verdict{Pool: 2}
}

// tellers is a run of such with a common log.
type tellers struct {
	*fakeRun
	made  int
	log   []string
	items []policy.Item
}

func witnessed(t *testing.T, items ...policy.Item) *tellers {
	return witnessedAt(t, []int{0, 1}, items...)
}

func witnessedAt(t *testing.T, homes []int, items ...policy.Item) *tellers {
	w := &tellers{items: items}
	for i := range items {
		switch s := items[i].Spec.(type) {
		case *teller:
			s.made, s.log = &w.made, &w.log
		case *gauge:
			s.made, s.log = &w.made, &w.log
		case *counts:
			s.made, s.log = &w.made, &w.log
		}
	}
	w.fakeRun = newFakeRunAt(t, homes, items...)
	w.until(1)
	w.take()
	return w
}

func (w *tellers) take() []string {
	log := w.log
	w.log = nil
	return log
}

// comes brings an attempt before the chain, through it and to its turn.
func (w *tellers) comes(user int, class models.Class) *models.Attempt {
	a := &models.Attempt{User: models.User(user), Class: class, Pool: uint8(class), Arrived: w.k.Now(), Admitted: w.k.Now()}
	s := w.SeePool(int(a.Pool))
	w.c.Admit(a, &s)
	s = w.SeePool(int(a.Pool))
	w.c.Start(a, &s)
	return a
}

func seen(name, kind string, s teller) policy.Item {
	s.Mark = name
	return policy.Item{Name: name, Kind: kind, Enabled: true, Spec: &s}
}

func TestAnAttemptMeetsThePolicyOfItsOwnPool(t *testing.T) {
	w := witnessed(t, seen("a", "test-teller", teller{}))
	x, y := w.comes(1, image), w.comes(2, signup)
	w.c.Finish(y, models.Completed, 3)
	w.c.Finish(x, models.Abandoned, 4)
	assert.Equal(t, []string{
		"a0 asked about 1", "a0 starts 1 at 1ns", "a1 asked about 2", "a1 starts 2 at 1ns",
		"a1 hears that 2 is completed at 3ns", "a0 hears that 1 is abandoned at 4ns",
	}, w.take())
}

func TestAPolicyOfOnePoolIsOne(t *testing.T) {
	it := seen("a", "test-teller", teller{})
	it.Classes = []string{"signup"}
	w := witnessed(t, it)
	w.comes(1, signup)
	assert.Equal(t, []string{"a0 asked about 1", "a0 starts 1 at 1ns"}, w.take())
	assert.Equal(t, 1, w.made)
}

func TestBehindAFallbackItIsThatOfTheChosenPoolAndTheEndIsToldToWhoAdmitted(t *testing.T) {
	w := witnessed(t, seen("a", "test-teller", teller{}), policy.Item{Name: "switch", Kind: "switch", Enabled: true, Spec: new(switchman)}, seen("b", "test-teller", teller{}))
	x := w.comes(1, image)
	first, second := "a0", w.log[1][:2]
	assert.Equal(t, []string{first + " asked about 1", second + " asked about 1"}, w.log[:2])
	assert.Equal(t, "starts 1 at 1ns", w.log[2][3:])
	assert.Equal(t, first, w.log[2][:2], "who is told of ends measures where he decided")
	assert.Equal(t, second+" starts 1 at 1ns", w.log[3])
	w.take()
	w.comes(2, signup)
	assert.Equal(t, second+" asked about 2", w.take()[1], "both are at the pool side there")
	w.c.Finish(x, models.Completed, 5)
	assert.Equal(t, []string{first + " hears that 1 is completed at 5ns", second + " hears that 1 is completed at 5ns"}, w.take())
}

// Not every fallback in front has chosen the pool: one may be switched off, act on others,
// or have left the attempt where it was.
func TestWhoMeasuresMeetsAnAttemptAtItsTurnWhereItAdmittedIt(t *testing.T) {
	off := policy.Item{Name: "off", Kind: "switch", Spec: new(switchman)}
	others := policy.Item{Name: "others", Kind: "switch", Enabled: true, Classes: []string{"signup"}, Spec: new(switchman)}
	last := policy.Item{Name: "last", Kind: "switch", Enabled: true, Classes: []string{"image"}, Spec: new(switchman)}
	told := seen("a", "test-gauge", teller{})
	untold := told
	untold.Spec = &gauge{teller{Mark: "a"}}
	for _, before := range []policy.Item{off, others} {
		for _, it := range []policy.Item{told, untold} {
			w := witnessed(t, before, it, last)
			w.comes(1, image)
			assert.Equal(t, []string{"a0 asked about 1", "a0 starts 1 at 1ns"}, w.take())
			w.comes(2, signup)
			assert.Equal(t, []string{"a1 asked about 2", "a1 starts 2 at 1ns"}, w.take())
		}
	}
}

// A gauge is a teller that is not told how attempts end.
type gauge struct{ teller }

func (s *gauge) New(env policy.Env) (policy.Policy, error) {
	p, err := s.teller.New(env)
	return &gaugePolicy{of: p.(*tellerPolicy)}, err
}

type gaugePolicy struct{ of *tellerPolicy }

func (p *gaugePolicy) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	return p.of.Admit(a, s)
}
func (p *gaugePolicy) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	return p.of.Start(a, s)
}
func (p *gaugePolicy) Reconfigure(s policy.Spec) error { p.of.teller = s.(*gauge).teller; return nil }

func TestAtTheTurnOfAnAttemptAPolicySeesTheSignalsOfItsOwnPool(t *testing.T) {
	at := new(viewer)
	w := witnessed(t, policy.Item{Name: "v", Kind: "test-gauge", Enabled: true, Spec: at}, policy.Item{Name: "switch", Kind: "switch", Enabled: true, Spec: new(switchman)})
	w.comes(1, image)
	w.comes(2, signup)
	assert.Equal(t, []int{0, 1}, at.pools)
}

// A viewer notes the pool whose signals it is shown at the turn of an attempt.
type viewer struct{ pools []int }

func (v *viewer) New(policy.Env) (policy.Policy, error)                     { return v, nil }
func (v *viewer) Reconfigure(policy.Spec) error                             { return nil }
func (v *viewer) Admit(*models.Attempt, *models.Signals) (x models.Verdict) { return x }
func (v *viewer) Start(_ *models.Attempt, s *models.Signals) (x models.Verdict) {
	v.pools = append(v.pools, s.Pool)
	return x
}

func TestEachTicksWithTheSignalsOfItsPool(t *testing.T) {
	w := witnessed(t, seen("a", "test-teller", teller{Period: sim.Second}))
	w.until(2*sim.Second + 1)
	assert.Equal(t, []string{"a0 ticks with pool 0", "a1 ticks with pool 1", "a0 ticks with pool 0", "a1 ticks with pool 1"}, w.take())

	w.items[0].Enabled = false
	require.NoError(t, w.c.Reconfigure(w.items))
	w.until(10 * sim.Second)
	assert.Empty(t, w.take())
	assert.Zero(t, w.k.Pending())
}

func TestNewParametersGoToThoseOfAllPools(t *testing.T) {
	w := witnessed(t, seen("a", "test-teller", teller{}))
	w.items[0].Spec.(*teller).Mark = "new"
	require.NoError(t, w.c.Reconfigure(w.items))
	w.comes(1, image)
	w.comes(2, signup)
	assert.Equal(t, []string{"new0 asked about 1", "new0 starts 1 at 1ns", "new1 asked about 2", "new1 starts 2 at 1ns"}, w.take())
}

func TestAPoolThatNewClassesLeadToGetsItsOwn(t *testing.T) {
	it := seen("a", "test-teller", teller{Period: sim.Second})
	it.Classes = []string{"signup"}
	w := witnessed(t, it)
	w.items[0].Classes = nil
	require.NoError(t, w.c.Reconfigure(w.items))
	w.until(sim.Second + 2)
	assert.Equal(t, []string{"a2 ticks with pool 0", "a0 ticks with pool 1", "a2 ticks with pool 0"}, w.take())
	x, y := w.comes(1, image), w.comes(2, signup)
	w.take()
	w.c.Finish(x, models.Completed, 3)
	w.c.Finish(y, models.Completed, 3)
	assert.Equal(t, []string{"a2 hears that 1 is completed at 3ns", "a0 hears that 2 is completed at 3ns"}, w.take())
}

func TestTheLuckOfTheFirstPoolIsThatOfThePolicyAndOthersHaveTheirOwn(t *testing.T) {
	var now sim.Time
	env := world(&now)
	env.Pools, env.Homes = []string{"main", "side"}, []int{0, 1}
	env.Name = "a"
	draw := env.Luck().OfUser(&models.Attempt{User: 7})
	var luck []uint64
	s := &lucky{luck: &luck}
	chain(t, env, policy.Item{Name: "a", Kind: "test-teller", Enabled: true, Spec: s})
	require.Len(t, luck, 2)
	assert.Equal(t, draw.Uint64(), luck[0])
	assert.NotEqual(t, luck[0], luck[1])
}

type lucky struct{ luck *[]uint64 }

func (s *lucky) New(env policy.Env) (policy.Policy, error) {
	draw := env.Luck().OfUser(&models.Attempt{User: 7})
	*s.luck = append(*s.luck, draw.Uint64())
	return new(stubPolicy), nil
}

func TestThereIsRoomForSoManyWhoAreToldHowAttemptsEnd(t *testing.T) {
	var now sim.Time
	var made int
	var log []string
	env := world(&now)
	env.Pools, env.Homes = []string{"main", "side"}, []int{0, 1}
	var items []policy.Item
	for i := range 33 {
		items = append(items, seen(fmt.Sprint("w", i), "test-teller", teller{made: &made, log: &log}))
	}
	_, err := policy.NewChain(items, env)
	assert.ErrorContains(t, err, "policy w32: is told how attempts end, for which there is room for 64 policies, counted once for each pool")
	_, err = policy.NewChain(items[:32], env)
	require.NoError(t, err)
	env.Homes = []int{0, 0}
	_, err = policy.NewChain(items, env)
	assert.NoError(t, err)
	env.Homes = []int{0, 1}
	for i := range items {
		items[i].Classes = []string{"image"}
	}
	c, err := policy.NewChain(items, env)
	assert.NoError(t, err, "a policy has room for the pools that its classes lead to")
	c.Begin(sim.NewKernel(), newFakeRun(t))
	for i := range items[:31] {
		items[i].Classes = nil
	}
	require.NoError(t, c.Reconfigure(items))
	items[31].Classes = nil
	assert.ErrorContains(t, c.Reconfigure(items), "policy w31: is told how attempts end")
	items[30].Classes = []string{"image"}
	assert.ErrorContains(t, c.Reconfigure(items), "policy w31: is told how attempts end", "attempts may be marked by the bits of before")
}
