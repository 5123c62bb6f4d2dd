package admission_test

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/admission"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

const (
	free models.Tier = iota
	plus
	pro
)

func environment() policy.Env {
	return policy.Env{
		Name:    "load",
		Tiers:   []policy.TierInfo{{Name: "free"}, {Name: "plus"}, {Name: "pro"}},
		Reasons: new(models.Reasons),
		Now:     func() sim.Time { return 0 },
	}
}

func newPolicy(t *testing.T, s policy.Spec) policy.Policy {
	t.Helper()
	env := environment()
	p, err := s.New(env)
	require.NoError(t, err)
	if env.Reasons.Len() > 1 {
		require.Equal(t, models.Refusal{Name: "load", Status: models.Unavailable}, env.Reasons.Get(1))
	}
	return p
}

// refuses asks about an attempt of the tier at a pool in which so many wait,
// and of whose servers so many are busy.
func refuses(p policy.Policy, tier models.Tier, waiting, busy, capacity int) bool {
	return p.Admit(&models.Attempt{Tier: tier}, &models.Signals{Waiting: waiting, Busy: busy, Capacity: capacity}).Reason != 0
}

func queueLimit(n float64) *admission.QueueLimitSpec {
	return &admission.QueueLimitSpec{Limit: unit.Count(n)}
}

func TestTheQueueLimitRefusesWhoWouldBeTheNextBehindSoMany(t *testing.T) {
	p := newPolicy(t, queueLimit(10))
	assert.False(t, refuses(p, free, 0, 3, 8))
	assert.False(t, refuses(p, free, 9, 8, 8))
	assert.True(t, refuses(p, free, 10, 8, 8))
	assert.True(t, refuses(p, free, 500, 9, 8), "servers in work beyond the capacity are draining")
	assert.True(t, refuses(p, free, 10, 0, 0), "no server is up")
}

func TestAQueueLimitOfNothingIsTheLossSystem(t *testing.T) {
	p := newPolicy(t, queueLimit(0))
	assert.False(t, refuses(p, free, 0, 7, 8), "a server is free")
	assert.True(t, refuses(p, free, 0, 8, 8))
}

func TestANewQueueLimitHoldsForTheNextAttempt(t *testing.T) {
	p := newPolicy(t, queueLimit(10))
	require.NoError(t, p.Reconfigure(queueLimit(5)))
	assert.True(t, refuses(p, free, 5, 8, 8))
	for _, wrong := range []float64{-1, math.NaN(), math.Inf(1)} {
		assert.ErrorContains(t, p.Reconfigure(queueLimit(wrong)), "it must be 0 to 2^53")
	}
	assert.False(t, refuses(p, free, 4, 8, 8), "nothing has changed")
}

func TestADeadlineBoundsTheWaitAndRefusesNobody(t *testing.T) {
	p := newPolicy(t, &admission.DeadlineSpec{MaxWait: unit.Duration(sim.Minute)})
	s := &models.Signals{Waiting: 1e6, Busy: 8, Capacity: 8}
	assert.Equal(t, models.Verdict{MaxWait: sim.Minute}, p.Admit(&models.Attempt{}, s))

	require.NoError(t, p.Reconfigure(&admission.DeadlineSpec{MaxWait: unit.Duration(sim.Second)}))
	assert.Equal(t, models.Verdict{MaxWait: sim.Second}, p.Admit(&models.Attempt{}, s))

	assert.EqualError(t, p.Reconfigure(&admission.DeadlineSpec{}), "max_wait is 0s, it must be more than 0")
	_, err := (&admission.DeadlineSpec{MaxWait: -1}).New(environment())
	assert.EqualError(t, err, "max_wait is -1ns, it must be more than 0")
}

func shedding(thresholds ...admission.Threshold) *admission.PrioritySheddingSpec {
	return &admission.PrioritySheddingSpec{Thresholds: thresholds}
}

func TestLowerTiersAreShedAtShorterQueues(t *testing.T) {
	p := newPolicy(t, shedding(
		admission.Threshold{Name: "free", WaitingPerServer: 0.5},
		admission.Threshold{Name: "plus", WaitingPerServer: 4}))
	for _, tc := range []struct {
		waiting, busy, capacity int
		free, plus, pro         bool
	}{
		{0, 10, 100, false, false, false},
		{49, 100, 100, false, false, false},
		{50, 100, 100, true, false, false},
		{399, 100, 100, true, false, false},
		{400, 100, 100, true, true, false},
		{1_000_000, 100, 100, true, true, false}, // pro has no threshold
		{50, 120, 200, false, false, false},
		{150, 100, 25, true, true, false}, // capacity has failed: the same queue is a longer wait
		{0, 0, 0, false, false, false},    // with no server up, thresholds are as for one
		{1, 0, 0, true, false, false},
		{4, 0, 0, true, true, false},
	} {
		assert.Equal(t, tc.free, refuses(p, free, tc.waiting, tc.busy, tc.capacity), "free %+v", tc)
		assert.Equal(t, tc.plus, refuses(p, plus, tc.waiting, tc.busy, tc.capacity), "plus %+v", tc)
		assert.Equal(t, tc.pro, refuses(p, pro, tc.waiting, tc.busy, tc.capacity), "pro %+v", tc)
	}
}

func TestATierWithAThresholdOfNothingIsServedAtOnceOrNotAtAll(t *testing.T) {
	p := newPolicy(t, shedding(admission.Threshold{Name: "free"}))
	assert.False(t, refuses(p, free, 0, 7, 8))
	assert.True(t, refuses(p, free, 0, 8, 8))
}

func TestNewThresholdsReplaceTheOldOnes(t *testing.T) {
	p := newPolicy(t, shedding(admission.Threshold{Name: "free", WaitingPerServer: 1}))
	require.NoError(t, p.Reconfigure(shedding(admission.Threshold{Name: "plus", WaitingPerServer: 1})))
	assert.False(t, refuses(p, free, 100, 8, 8))
	assert.True(t, refuses(p, plus, 8, 8, 8))

	for want, s := range map[string]*admission.PrioritySheddingSpec{
		`thresholds: there is no tier "fre"`:                             shedding(admission.Threshold{Name: "fre", WaitingPerServer: 1}),
		`thresholds.free.waiting_per_server is -1, it must be 0 or more`: shedding(admission.Threshold{Name: "free", WaitingPerServer: -1}),
		`thresholds: tier "free" stands there twice`:                     shedding(admission.Threshold{Name: "free"}, admission.Threshold{Name: "free"}),
	} {
		assert.EqualError(t, p.Reconfigure(s), want)
		_, err := s.New(environment())
		assert.EqualError(t, err, want)
	}
	assert.True(t, refuses(p, plus, 8, 8, 8), "nothing has changed")
}

// every is a policy of each kind with the parameters of the tests in closed loop.
func every(t testing.TB) map[string]policy.Policy {
	shares := []admission.TierShare{{Name: "pro", Share: 0.3}, {Name: "plus", Share: 0.6}}
	all := map[string]policy.Policy{}
	for kind, s := range map[string]policy.Spec{
		"queue-limit":        queueLimit(10),
		"deadline":           &admission.DeadlineSpec{MaxWait: 1},
		"priority-shedding":  shedding(admission.Threshold{Name: "free"}),
		"deadline-admission": &admission.DeadlineAdmissionSpec{Deadline: seconds(10), Window: seconds(60)},
		"reserved-capacity":  &admission.ReservedCapacitySpec{Critical: []string{"pro"}, Share: 0.2},
		"worker-utilisation": &admission.WorkerUtilisationSpec{Order: []string{"free", "plus"}, Utilisation: 0.9, ShedStep: 0.02, ReadmitStep: 0.01},
		"dagor":              &admission.DagorSpec{Alpha: 0.05, Beta: 0.01, Rehash: unit.Duration(sim.Hour)},
		"seda":               &admission.SedaSpec{Rate: 5, AdjD: 1.2, ErrI: -0.5, CI: -0.1, Smoothing: 0.7, Burst: 10},
		"breakwater":         &admission.BreakwaterSpec{A: 0.001, B: 0.02, Clients: 1000},
		"cinnamon":           &admission.CinnamonSpec{KP: 0.1, KI: 0.2, Tuned: true},
		"rajomon":            &admission.RajomonSpec{PriceStep: 1, GuidePrice: -1, DecayRate: 0.8, Tokens: 10, TokenStep: 1, Clients: 1000},
		"partitioned-limit":  &admission.PartitionedLimitSpec{Backoff: 0.9, Shares: shares},
	} {
		p, err := s.New(environment())
		require.NoError(t, err)
		all[kind] = p
	}
	return all
}

// A server is a pool of 8 that is asked once a second and takes up what is
// admitted at once, for 10 s each; it calls a policy as the chain does.
type server struct {
	p    policy.Policy
	a    []models.Attempt
	n    int
	s    models.Signals
	tick sim.Time
}

func newServer(p policy.Policy) *server {
	return &server{p: p, a: make([]models.Attempt, 16), s: models.Signals{Capacity: 8}}
}

// ask brings one attempt, and ends the one of 10 s before.
func (v *server) ask() {
	v.n++
	v.s.Now += sim.Second
	if f, ok := v.p.(policy.Finisher); ok {
		if old := &v.a[(v.n+6)%16]; old.Request != 0 {
			f.Finish(old, models.Completed, v.s.Now)
			old.Request = 0
		}
	}
	if p, ok := v.p.(policy.Ticker); ok && v.s.Now >= v.tick {
		v.tick = p.Tick(&v.s)
	}
	v.s.Waiting, v.s.Busy = (v.s.Waiting+1)%20, v.n%9
	a := &v.a[v.n%16]
	*a = models.Attempt{User: models.User(v.n % 1000), Tier: models.Tier(v.n % 3), Arrived: v.s.Now, Admitted: v.s.Now - 4*sim.Second, Service: 10 * sim.Second}
	if d := v.p.Admit(a, &v.s); d.Reason == 0 {
		a.Request, a.Started = 1, v.s.Now
		if d.Kept != models.NotKept {
			v.p.(policy.Keeper).Let(1, &v.s)
		}
		if p, ok := v.p.(policy.Starter); ok {
			p.Start(a, &v.s)
		}
		v.s.Started++
	}
}

func TestAdmissionAllocatesNothingForAnAttempt(t *testing.T) {
	for kind, p := range every(t) {
		v := newServer(p)
		for range 10_000 {
			v.ask() // tables and buffers are made
		}
		assert.Zero(t, testing.AllocsPerRun(10_000, v.ask), kind)
	}
}

// BenchmarkAdmit is what a policy costs for an attempt, with its start, its end
// and its share of the periods.
func BenchmarkAdmit(b *testing.B) {
	all := every(b)
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		b.Run(kind, func(b *testing.B) {
			v := newServer(all[kind])
			b.ReportAllocs()
			for b.Loop() {
				v.ask()
			}
		})
	}
}
