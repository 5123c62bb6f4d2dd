package admission_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/admission"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

func full(now sim.Time, waiting int, started uint64) *models.Signals {
	return &models.Signals{Now: now, Waiting: waiting, Busy: 10, Capacity: 10, Started: started}
}

func TestAnAttemptThatCannotBeInTimeIsRefusedByTheThroughputOfTheBusyPool(t *testing.T) {
	p := newPolicy(t, &admission.DeadlineAdmissionSpec{Deadline: seconds(30), Window: seconds(60)})
	a := &models.Attempt{Service: 20 * sim.Second}

	// A pool with a free server says nothing of its capacity, however slow it was.
	idle := &models.Signals{Now: 0, Waiting: 0, Busy: 9, Capacity: 10}
	assert.Zero(t, p.Admit(a, idle))

	// At first the capacity is 10 servers over 20 s: 0.5 a second.
	assert.Zero(t, p.Admit(a, full(sim.Second, 14, 100)), "15 / 0.5 are 30 s")
	v := p.Admit(a, full(sim.Second, 15, 100))
	assert.NotZero(t, v.Reason)
	assert.Equal(t, 2*sim.Second, v.RetryAfter, "16 / 0.5 are 32 s")

	// It turns out that one starts each second. From 15 s on that is measured.
	for s := sim.Time(2); s <= 61; s++ {
		p.Admit(a, full(s*sim.Second, 0, uint64(99+s)))
	}
	assert.Zero(t, p.Admit(a, full(61*sim.Second, 29, 160)))
	v = p.Admit(a, full(61*sim.Second, 39, 160))
	assert.NotZero(t, v.Reason)
	assert.Equal(t, 10*sim.Second, v.RetryAfter)

	// It slows down to one in two seconds: after a window that is what counts.
	for s := sim.Time(62); s <= 124; s++ {
		p.Admit(a, full(s*sim.Second, 0, 160+uint64(s-61)/2))
	}
	assert.Zero(t, p.Admit(a, full(124*sim.Second, 13, 191)), "14 / 0.5 are 28 s, give or take a reading")
	assert.NotZero(t, p.Admit(a, full(124*sim.Second, 15, 191)).Reason)

	// Nothing at all starts any more.
	for s := sim.Time(125); s <= 190; s++ {
		p.Admit(a, full(s*sim.Second, 0, 191))
	}
	v = p.Admit(a, full(190*sim.Second, 0, 191))
	assert.NotZero(t, v.Reason)
	assert.Zero(t, v.RetryAfter, "nobody knows")

	// A server has come free: all that is forgotten.
	idle.Now = 191 * sim.Second
	assert.Zero(t, p.Admit(a, idle))
	assert.Zero(t, p.Admit(a, full(192*sim.Second, 14, 191)))
}

func TestAReadingThatIsOlderThanTheWindowIsNotUsedWhereThereIsAnother(t *testing.T) {
	p := newPolicy(t, &admission.DeadlineAdmissionSpec{Deadline: seconds(30), Window: seconds(60)})
	a := &models.Attempt{Service: 20 * sim.Second}
	p.Admit(a, full(0, 0, 0))
	p.Admit(a, full(100*sim.Second, 0, 0))
	// For 100 s nothing started, and since then one a second.
	assert.Zero(t, p.Admit(a, full(161*sim.Second, 29, 61)))
}

func TestTheExpectedServiceTimeIsTheOtherEstimate(t *testing.T) {
	p := newPolicy(t, &admission.DeadlineAdmissionSpec{Deadline: seconds(30), Window: seconds(60), Estimate: "service"})
	for s := sim.Time(0); s < 100; s++ {
		a := &models.Attempt{Service: 20 * sim.Second}
		assert.Zero(t, p.Admit(a, full(s*sim.Second, 14, uint64(1000*s))))
		assert.NotZero(t, p.Admit(a, full(s*sim.Second, 15, uint64(1000*s))).Reason)
		assert.Zero(t, p.Admit(&models.Attempt{Service: 10 * sim.Second}, full(s*sim.Second, 29, 0)), "work of half the length waits half as long")
	}
	assert.NotZero(t, p.Admit(&models.Attempt{Service: sim.Second}, &models.Signals{Now: sim.Hour}).Reason, "no server is up")
	assert.EqualError(t, p.Reconfigure(&admission.DeadlineAdmissionSpec{Deadline: 1, Window: 1, Estimate: "hope"}), `estimate is "hope", it must be throughput or service`)
	assert.EqualError(t, p.Reconfigure(&admission.DeadlineAdmissionSpec{Window: 1}), "deadline is 0s, it must be more than 0")
}

func TestWhatIsReservedIsOnlyForCriticalTiers(t *testing.T) {
	p := newPolicy(t, &admission.ReservedCapacitySpec{Critical: []string{"pro"}, Share: 0.2})
	s := &models.Signals{Capacity: 10}
	in := func(tier models.Tier) bool { return p.Admit(&models.Attempt{Tier: tier}, s).Reason == 0 }
	out := func(tier models.Tier) {
		p.(policy.Finisher).Finish(&models.Attempt{Tier: tier}, models.Completed, 0)
	}
	for range 5 {
		assert.True(t, in(free))
	}
	for range 3 {
		assert.True(t, in(plus))
	}
	assert.False(t, in(free), "80 % of the servers are taken by others")
	assert.False(t, in(plus))
	for range 20 {
		assert.True(t, in(pro))
	}
	out(pro)
	assert.False(t, in(free), "what a critical one leaves is not for them")
	out(plus)
	assert.True(t, in(free))
	assert.False(t, in(plus))

	s.Capacity = 5
	out(free)
	assert.False(t, in(free), "capacity has failed: 4 are theirs, and 7 are in flight")

	// Plus is critical from now on: of the others the 5 of free are in flight.
	require.NoError(t, p.Reconfigure(&admission.ReservedCapacitySpec{Critical: []string{"pro", "plus"}, Share: 0.4}))
	s.Capacity = 10
	assert.True(t, in(plus))
	assert.True(t, in(free))
	assert.False(t, in(free))

	assert.EqualError(t, p.Reconfigure(&admission.ReservedCapacitySpec{Critical: []string{"team"}}), `critical: there is no tier "team"`)
	assert.EqualError(t, p.Reconfigure(&admission.ReservedCapacitySpec{}), "critical is empty, it must name a tier")
	assert.EqualError(t, p.Reconfigure(&admission.ReservedCapacitySpec{Critical: []string{"pro"}, Share: 1.2}), "share is 1.2, it must be 0 to 1")
}

func TestAShareThatIsNoBinaryFractionReservesWholeServers(t *testing.T) {
	p := newPolicy(t, &admission.ReservedCapacitySpec{Critical: []string{"pro"}, Share: 0.9})
	assert.Zero(t, p.Admit(&models.Attempt{}, &models.Signals{Capacity: 10}).Reason, "1 - 0.9 is less than 0.1")
}

func TestTiersAreShedOneAfterTheOtherAndComeBackSlowly(t *testing.T) {
	spec := &admission.WorkerUtilisationSpec{Order: []string{"free", "plus"}, Utilisation: 0.9, ShedStep: 0.5, ReadmitStep: 0.25}
	p := newPolicy(t, spec)
	var now sim.Time
	tick := func(busy int) {
		require.Equal(t, now+2*sim.Second, p.(policy.Ticker).Tick(&models.Signals{Now: now, Busy: busy, Capacity: 100}))
		now += 2 * sim.Second
	}
	part := func(tier models.Tier) float64 {
		n := 0
		for u := range 1000 {
			if p.Admit(&models.Attempt{Tier: tier, User: models.User(u)}, &models.Signals{}).Reason != 0 {
				n++
			}
		}
		return float64(n) / 1000
	}
	expect := func(free0, plus0 float64) {
		t.Helper()
		assert.InDelta(t, free0, part(free), 0.1)
		assert.InDelta(t, plus0, part(plus), 0.1)
		assert.Zero(t, part(pro), "it is not in the order")
	}
	tick(90)
	expect(0, 0)
	tick(91)
	expect(0.5, 0)
	tick(100)
	expect(1, 0)
	tick(100)
	expect(1, 0.5)
	tick(100)
	tick(100)
	expect(1, 1)
	tick(90)
	expect(1, 0.75)
	for range 5 {
		tick(50)
	}
	expect(0.5, 0)

	again := func() (users []bool) {
		for u := range 1000 {
			users = append(users, p.Admit(&models.Attempt{User: models.User(u)}, &models.Signals{}).Reason != 0)
		}
		return users
	}
	assert.Equal(t, again(), again(), "it is the same users")

	spec.Order = []string{"plus"}
	require.NoError(t, p.Reconfigure(spec))
	expect(0, 0.5)
	spec.Order = []string{"plus", "plus"}
	assert.EqualError(t, p.Reconfigure(spec), `order: tier "plus" stands there twice`)
	spec.Order = nil
	assert.EqualError(t, p.Reconfigure(spec), "order is empty, it must name a tier")
}

func TestAThresholdMayBeAUtilisationAndBelongToACriticality(t *testing.T) {
	p := newPolicy(t, &admission.PrioritySheddingSpec{
		Thresholds: []admission.Threshold{
			{Name: "SHEDDABLE", Utilisation: 0.8}, {Name: "CRITICAL", WaitingPerServer: 2}, {Name: "CRITICAL_PLUS", Utilisation: 0.1}, {Name: "pro", WaitingPerServer: 5},
		},
		Criticalities: []admission.Criticality{{Name: "free", Criticality: "SHEDDABLE"}, {Name: "plus", Criticality: "CRITICAL"}, {Name: "pro", Criticality: "CRITICAL_PLUS"}},
	})
	assert.False(t, refuses(p, free, 0, 79, 100))
	assert.True(t, refuses(p, free, 0, 80, 100))
	assert.False(t, refuses(p, plus, 199, 100, 100))
	assert.True(t, refuses(p, plus, 200, 100, 100))
	assert.False(t, refuses(p, pro, 499, 100, 100), "its own threshold comes before that of its criticality")
	assert.True(t, refuses(p, pro, 500, 100, 100))

	for want, s := range map[string]*admission.PrioritySheddingSpec{
		`thresholds.free.utilisation stands beside waiting_per_server, it must be one of the two`:                       shedding(admission.Threshold{Name: "free", WaitingPerServer: 1, Utilisation: 0.5}),
		`thresholds.free.utilisation is 2, it must be 0 to 1`:                                                           shedding(admission.Threshold{Name: "free", Utilisation: 2}),
		`criticalities: there is no tier "fre"`:                                                                         {Criticalities: []admission.Criticality{{Name: "fre", Criticality: "CRITICAL"}}},
		`criticalities.free.criticality is "HIGH", it must be one of [CRITICAL_PLUS CRITICAL SHEDDABLE_PLUS SHEDDABLE]`: {Criticalities: []admission.Criticality{{Name: "free", Criticality: "HIGH"}}},
	} {
		assert.EqualError(t, p.Reconfigure(s), want)
	}
}

func TestALimitWithPartitionsRefusesOnlyWhenBothTheWholeAndTheShareAreUsed(t *testing.T) {
	spec := &admission.PartitionedLimitSpec{Preset: "source", Backoff: 0.9, Shares: []admission.TierShare{{Name: "pro", Share: 0.5}, {Name: "plus", Share: 0.3}}}
	p := newPolicy(t, spec)
	var under [3][]models.Attempt // by tier
	in := func(tier models.Tier) bool {
		a := models.Attempt{Request: rng.Key(tier).Child(uint64(len(under[tier]))), Tier: tier}
		ok := p.Admit(&a, &models.Signals{Capacity: 1000}).Reason == 0
		if ok {
			under[tier] = append(under[tier], a)
		}
		return ok
	}
	limit := func() int { return p.(interface{ Limit() int }).Limit() }
	var now sim.Time
	// The last that came of a tier is the first to end.
	end := func(tier models.Tier, took sim.Time, o models.Outcome) {
		now += sim.Second
		last := len(under[tier]) - 1
		a := under[tier][last]
		under[tier] = under[tier][:last]
		a.Admitted = now - took
		p.(policy.Finisher).Finish(&a, o, now)
	}
	for range 20 {
		require.True(t, in(plus), "all of the limit may be borrowed")
	}
	require.Equal(t, 20, limit())
	assert.False(t, in(plus))
	assert.True(t, in(free), "without a share it is guaranteed one")
	assert.False(t, in(free))
	for range 10 {
		assert.True(t, in(pro), "its guarantee, though the limit is used")
	}
	assert.False(t, in(pro))

	// 31 in flight. Answers in time raise the limit by one each, while at least
	// half of it is used.
	end(plus, 5*sim.Second, models.Completed)
	assert.Equal(t, 21, limit())
	end(plus, 5*sim.Second+1, models.Completed)
	assert.Equal(t, 20, limit(), "int(18.9) is below the least")
	end(free, sim.Second, models.Abandoned)
	assert.Equal(t, 20, limit(), "that its user left says nothing")
	for range 10 {
		end(pro, sim.Second, models.Completed)
	}
	assert.Equal(t, 30, limit())
	for range 4 {
		end(plus, sim.Second, models.Completed) // the 18th, 17th, 16th and 15th in flight as they came
	}
	assert.Equal(t, 33, limit(), "30, 31 and 32 are half used by 18, 17 and 16; 33 is not by 15")
}

func TestThePublishedBoundsOfALimitWithPartitionsAreThoseOfTheScaleOfTheRun(t *testing.T) {
	env := environment()
	env.Scale = 0.1
	p, err := (&admission.PartitionedLimitSpec{Preset: "source", Backoff: 0.9}).New(env)
	require.NoError(t, err)
	limit := func() int { return p.(interface{ Limit() int }).Limit() }
	var now sim.Time
	for i := range 100 {
		for p.Admit(&models.Attempt{Tier: plus}, &models.Signals{Capacity: 1000}).Reason == 0 {
		}
		if i == 0 {
			require.Equal(t, 2, limit(), "a tenth of 20")
		}
		now += sim.Second
		p.(policy.Finisher).Finish(&models.Attempt{Tier: plus, Admitted: now - sim.Second}, models.Completed, now)
	}
	assert.Equal(t, 20, limit(), "a tenth of 200")
}
