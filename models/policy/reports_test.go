package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim"
)

// late is a gauge that hears of things after ten seconds, or once in so many.
func late(t *testing.T, delay, interval sim.Time) *tellers {
	it := seen("a", "test-gauge", teller{})
	it.SignalDelay, it.SignalInterval = dur(delay), dur(interval)
	return witnessed(t, it)
}

func TestWithADelayAPolicyHearsLaterOfStartsAndEndsAndWhenTheyWere(t *testing.T) {
	w := late(t, 10*sim.Second, 0)
	w.until(sim.Second)
	x := w.comes(1, image)
	assert.Equal(t, []string{"a0 asked about 1"}, w.take(), "it is asked at once")
	w.until(4 * sim.Second)
	w.c.Finish(x, models.Completed, w.k.Now())
	w.until(10 * sim.Second)
	w.comes(2, image)
	assert.Equal(t, []string{"a0 asked about 2"}, w.take())
	w.until(11 * sim.Second)
	w.comes(3, image)
	assert.Equal(t, []string{"a0 starts 1 at 1s", "a0 asked about 3"}, w.take())
	w.until(20 * sim.Second)
	w.comes(4, signup)
	assert.Equal(t, []string{"a0 hears that 1 is completed at 4s", "a0 starts 2 at 10s", "a1 asked about 4"}, w.take(), "in the order of time, each its own pool's")
}

func TestReportsAreSentWhenSignalsAreRead(t *testing.T) {
	w := late(t, 0, 10*sim.Second)
	w.until(11 * sim.Second)
	w.comes(1, image)
	w.until(19 * sim.Second)
	w.comes(2, image)
	assert.Equal(t, []string{"a0 asked about 1", "a0 asked about 2"}, w.take())
	w.until(20 * sim.Second)
	w.comes(3, image)
	assert.Equal(t, []string{"a0 starts 1 at 11s", "a0 starts 2 at 19s", "a0 asked about 3"}, w.take())
}

func TestReportsOnTheirWayArriveWhenTheDelayEndsAndAreLostWithTheirPolicy(t *testing.T) {
	w := late(t, 10*sim.Second, 0)
	w.comes(1, image)
	w.take()
	w.items[0].SignalDelay = 0
	require.NoError(t, w.c.Reconfigure(w.items))
	assert.Equal(t, []string{"a0 starts 1 at 1ns"}, w.take())
	w.comes(2, image)
	assert.Equal(t, []string{"a0 asked about 2", "a0 starts 2 at 1ns"}, w.take())

	w = late(t, 10*sim.Second, 0)
	w.comes(1, image)
	w.take()
	w.items[0].Enabled = false
	require.NoError(t, w.c.Reconfigure(w.items))
	w.items[0].Enabled = true
	require.NoError(t, w.c.Reconfigure(w.items))
	w.until(sim.Minute)
	w.comes(2, image)
	assert.Len(t, w.take(), 1)
}

func TestAStartThatMayDropIsNoReport(t *testing.T) {
	it := seen("a", "test-teller", teller{})
	it.SignalDelay = dur(10 * sim.Second)
	w := witnessed(t, it)
	w.comes(1, image)
	assert.Equal(t, []string{"a0 asked about 1", "a0 starts 1 at 1ns"}, w.take())
}

func TestOfAOnePoolServiceAPolicyHearsAsLate(t *testing.T) {
	it := seen("a", "test-gauge", teller{})
	w := witnessedAt(t, []int{0, 0}, it)
	w.c.Finish(w.comes(1, image), models.Completed, w.k.Now())
	assert.Equal(t, []string{"a0 asked about 1", "a0 starts 1 at 1ns", "a0 hears that 1 is completed at 1ns"}, w.take())

	it.SignalDelay = dur(10 * sim.Second)
	w = witnessedAt(t, []int{0, 0}, it)
	w.c.Finish(w.comes(1, image), models.Completed, w.k.Now())
	assert.Equal(t, []string{"a0 asked about 1"}, w.take())
	w.until(11 * sim.Second)
	w.comes(2, image)
	assert.Equal(t, []string{"a0 starts 1 at 1ns", "a0 hears that 1 is completed at 1ns", "a0 asked about 2"}, w.take())
}

func TestAReportTellsWhatAGatewayCouldKnow(t *testing.T) {
	for _, delay := range []sim.Time{0, 10 * sim.Second} {
		spec := new(spy)
		r := newFakeRun(t, policy.Item{Name: "spy", Kind: "test-gauge", Enabled: true, SignalDelay: dur(delay), Spec: spec})
		r.until(1)
		a := &models.Attempt{Arrived: 1, Admitted: 1}
		s := r.SeePool(0)
		r.c.Admit(a, &s)
		a.Patience, a.Service = sim.Minute, sim.Minute
		r.c.Start(a, &s)
		r.c.Finish(a, models.Completed, r.k.Now())
		r.until(sim.Minute)
		s = r.SeePool(0)
		r.c.Admit(&models.Attempt{}, &s)
		assert.Equal(t, 2, spec.told)
		assert.Equal(t, sim.Minute, a.Patience)
	}
}

// A spy looks for what it may not see.
type spy struct{ told int }

func (s *spy) New(policy.Env) (policy.Policy, error)                     { return s, nil }
func (s *spy) Reconfigure(policy.Spec) error                             { return nil }
func (s *spy) Admit(*models.Attempt, *models.Signals) (v models.Verdict) { return v }
func (s *spy) Start(a *models.Attempt, _ *models.Signals) (v models.Verdict) {
	s.look(a)
	return v
}
func (s *spy) Finish(a *models.Attempt, _ models.Outcome, _ sim.Time) { s.look(a) }
func (s *spy) look(a *models.Attempt) {
	if a.Patience == 0 && a.Service == 0 {
		s.told++
	}
}

// What a policy counts itself it need not be told of.
func TestAnEndLeavesTheCountAtOnceAndIsReportedLater(t *testing.T) {
	it := seen("a", "test-teller", teller{})
	it.Spec = &counts{*it.Spec.(*teller)}
	w := witnessed(t, it)
	w.c.Finish(w.comes(1, image), models.Completed, w.k.Now())
	assert.Equal(t, []string{"a0 asked about 1", "a0 starts 1 at 1ns", "a0 hears that 1 is completed at 1ns"}, w.take(), "without a delay it is told once")

	it.SignalDelay = dur(10 * sim.Second)
	w = witnessed(t, it)
	w.c.Finish(w.comes(1, image), models.Completed, w.k.Now())
	assert.Equal(t, []string{"a0 asked about 1", "a0 starts 1 at 1ns", "a0 has 1 less"}, w.take())
	w.until(11 * sim.Second)
	w.comes(2, image)
	assert.Equal(t, "a0 hears that 1 is completed at 1ns", w.take()[0])
}

// A counts is a teller that counts.
type counts struct{ teller }

func (s *counts) New(env policy.Env) (policy.Policy, error) {
	p, err := s.teller.New(env)
	return &counting{p.(*tellerPolicy)}, err
}

type counting struct{ *tellerPolicy }

func (p *counting) Left(a *models.Attempt, _ models.Outcome) { p.note("has %d less", a.User) }

func TestReportsAllocateNothing(t *testing.T) {
	w := newFakeRun(t, policy.Item{Name: "spy", Kind: "test-gauge", Enabled: true, SignalDelay: dur(10 * sim.Second), Spec: new(spy)})
	a, s := new(models.Attempt), new(models.Signals)
	turn := func() {
		w.k.RunUntil(w.k.Now() + sim.Second)
		*a = models.Attempt{Arrived: w.k.Now(), Admitted: w.k.Now()}
		*s = w.SeePool(0)
		w.c.Admit(a, s)
		w.c.Start(a, s)
		w.c.Finish(a, models.Completed, w.k.Now())
	}
	for range 100 {
		turn()
	}
	assert.Zero(t, testing.AllocsPerRun(1000, turn))
}

func TestKeysOfSignalsAreRefusedWhereTheyDoNothing(t *testing.T) {
	var now sim.Time
	it := policy.Item{Name: "b", Kind: "test-blind", Enabled: true, Spec: new(stub), SignalDelay: dur(sim.Second)}
	_, err := policy.NewChain([]policy.Item{it}, world(&now))
	assert.EqualError(t, err, "policy b: signal_delay does nothing: it looks at nothing")
	it.SignalDelay, it.SignalInterval = 0, dur(sim.Second)
	_, err = policy.NewChain([]policy.Item{it}, world(&now))
	assert.EqualError(t, err, "policy b: signal_interval does nothing: it looks at nothing")
}
