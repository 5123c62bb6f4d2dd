package all_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/admission"
	_ "github.com/launchday-sim/launchday/models/policy/all"
	"github.com/launchday-sim/launchday/models/policy/aqm"
	"github.com/launchday-sim/launchday/models/policy/concurrency"
	"github.com/launchday-sim/launchday/models/policy/degrade"
	"github.com/launchday-sim/launchday/models/policy/gates"
	"github.com/launchday-sim/launchday/models/policy/limits"
	"github.com/launchday-sim/launchday/models/policy/production"
	"github.com/launchday-sim/launchday/models/policy/script"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

func TestEveryKindIsThereUnderItsName(t *testing.T) {
	specs := map[string]policy.Spec{
		"aimd":                &concurrency.AIMDSpec{},
		"appeal":              &gates.AppealSpec{},
		"breakwater":          &admission.BreakwaterSpec{},
		"brownout":            &degrade.BrownoutSpec{},
		"cinnamon":            &admission.CinnamonSpec{},
		"codel":               &aqm.CoDelSpec{},
		"concurrency-limit":   &limits.ConcurrencyLimitSpec{},
		"controlled-delay":    &aqm.ControlledDelaySpec{},
		"cost-limit":          &limits.CostLimitSpec{},
		"dagor":               &admission.DagorSpec{},
		"deadline":            &admission.DeadlineSpec{},
		"deadline-admission":  &admission.DeadlineAdmissionSpec{},
		"envoy-gradient":      &concurrency.EnvoyGradientSpec{},
		"expired-work":        &aqm.ExpiredWorkSpec{},
		"failsafe-limiter":    &concurrency.FailsafeLimiterSpec{},
		"fallback":            &degrade.FallbackSpec{},
		"feature-gate":        &gates.FeatureGateSpec{},
		"feature-off":         &degrade.FeatureOffSpec{},
		"fixed-window":        &limits.FixedWindowSpec{},
		"folly-codel":         &aqm.FollyCoDelSpec{},
		"gcra":                &limits.GCRASpec{},
		"gradient2":           &concurrency.Gradient2Spec{},
		"leaky-bucket":        &limits.LeakyBucketSpec{},
		"partitioned-limit":   &admission.PartitionedLimitSpec{},
		"pid":                 &concurrency.PIDSpec{},
		"pie":                 &aqm.PIESpec{},
		"priority-shedding":   &admission.PrioritySheddingSpec{},
		"quality-ladder":      &degrade.QualityLadderSpec{},
		"queue-limit":         &admission.QueueLimitSpec{},
		"rajomon":             &admission.RajomonSpec{},
		"red":                 &aqm.REDSpec{},
		"requests-and-tokens": &limits.RequestsAndTokensSpec{},
		"reserved-capacity":   &admission.ReservedCapacitySpec{},
		"seda":                &admission.SedaSpec{},
		"spare-cycles":        &gates.SpareCyclesSpec{},
		"waiting-room":        &gates.WaitingRoomSpec{},
		"waitlist":            &gates.WaitlistSpec{},
		"sliding-log":         &limits.SlidingLogSpec{},
		"sliding-window":      &limits.SlidingWindowSpec{},
		"starlark":            &script.StarlarkSpec{},
		"throttled":           &production.ThrottledSpec{},
		"token-bucket":        &limits.TokenBucketSpec{},
		"user-quota":          &limits.UserQuotaSpec{},
		"vegas":               &concurrency.VegasSpec{},
		"worker-utilisation":  &admission.WorkerUtilisationSpec{},
		"x-time-rate":         &production.XTimeRateSpec{},
	}
	assert.Len(t, policy.Kinds(), len(specs))
	for kind, want := range specs {
		got, ok := policy.Fresh(kind)
		require.True(t, ok, kind)
		assert.Equal(t, want, got)
		assert.NotEmpty(t, policy.Of(kind).Doc)
	}
}

// What a kind says of itself to the chain is so: what is kept for each pool keeps
// nobody, for a line is one; what only measures its starts has starts and refuses
// nobody there; and what looks at no pool is not kept for each, or stands at a queue.
func TestKindsSayOfThemselvesWhatTheyAre(t *testing.T) {
	env := policy.Env{Name: "x", Users: 10, Reasons: new(models.Reasons), Now: func() sim.Time { return 0 }, Tiers: []policy.TierInfo{{Name: "free"}, {Name: "plus"}}}
	specs := map[string]policy.Spec{
		"pid":        &concurrency.PIDSpec{Preset: "source", Signal: "utilisation", TargetUtilisation: 0.9, Steers: "limit", MinLimit: 1, MaxLimit: 10, Kp: 1},
		"dagor":      &admission.DagorSpec{Preset: "source", Rehash: unit.Duration(sim.Hour)},
		"rajomon":    &admission.RajomonSpec{Preset: "source", TokenStep: 1, Clients: 1},
		"breakwater": &admission.BreakwaterSpec{Preset: "source", Clients: 1},
	}
	for _, name := range policy.Kinds() {
		k := policy.Of(name)
		assert.NotEmpty(t, k.Held, name)
		assert.False(t, k.Gauges && k.Unmoved != "", name)
		if k.Gauges {
			p, err := specs[name].New(env)
			require.NoError(t, err, name)
			for i := range 100 {
				assert.Zero(t, p.(policy.Starter).Start(&models.Attempt{}, &models.Signals{Now: sim.Time(i) * sim.Hour, Waiting: 5, Capacity: 1}), name)
			}
		}
	}
	for _, spec := range []policy.Spec{&admission.CinnamonSpec{}, &gates.SpareCyclesSpec{}, &gates.WaitingRoomSpec{}, &gates.WaitlistSpec{}, &limits.LeakyBucketSpec{}} {
		for _, name := range policy.Kinds() {
			if fresh, _ := policy.Fresh(name); assert.ObjectsAreEqual(spec, fresh) {
				assert.False(t, policy.Of(name).PerPool, "%s keeps attempts", name)
			}
		}
	}
}

// launchDay is a chain as a launch has it: of its items two and the appeal act
// on an image of the free tier, two on one of plus, and one on a sign-up.
func launchDay(t testing.TB) *policy.Chain {
	item := func(name, kind, tier, class string, s policy.Spec) policy.Item {
		it := policy.Item{Name: name, Kind: kind, Enabled: true, Spec: s}
		if tier != "" {
			it.Tiers = []string{tier}
		}
		if class != "" {
			it.Classes = []string{class}
		}
		return it
	}
	env := policy.Env{
		Seed: 1, Users: 1 << 16, Horizon: 9 * sim.Day, Reasons: new(models.Reasons), Now: func() sim.Time { return 0 },
		Tiers: []policy.TierInfo{{Name: "free"}, {Name: "plus"}, {Name: "pro"}, {Name: "team"}}, Classes: []string{"image", "chat", "signup"},
	}
	c, err := policy.NewChain([]policy.Item{
		item("rollout", "feature-gate", "free", "image", &gates.FeatureGateSpec{Percent: 0.9}),
		item("chill", "appeal", "pro", "", &gates.AppealSpec{Compliance: 0.5, Factor: 0.5, HalfLife: unit.Duration(sim.Day)}),
		item("free-quota", "user-quota", "free", "image", &limits.UserQuotaSpec{Limit: 3, Window: unit.Duration(sim.Day)}),
		item("plus-rate", "token-bucket", "plus", "image", &limits.TokenBucketSpec{Rate: 800, Burst: 1000}),
		item("full", "queue-limit", "plus", "", &admission.QueueLimitSpec{Limit: 1000}),
		item("signups", "token-bucket", "", "signup", &limits.TokenBucketSpec{Rate: 300, Burst: 1000}),
	}, env)
	require.NoError(t, err)
	return c
}

// attempts is a mix of attempts.
func attempts() []models.Attempt {
	list := make([]models.Attempt, 1<<12)
	for i := range list {
		key := rng.StreamKey(1, 0, "attempts").Child(uint64(i))
		src := key.Draw(0)
		list[i] = models.Attempt{
			Request: key, Try: 1,
			User: models.User(src.IntN(1 << 16)), Tier: models.Tier(src.IntN(4)), Class: models.Class(src.IntN(3)),
		}
	}
	return list
}

func TestAChainAllocatesNothingForAnAttempt(t *testing.T) {
	c, list, s := launchDay(t), attempts(), &models.Signals{}
	pass := func() {
		for i := range list {
			s.Now += sim.Millisecond
			c.Hold(&list[i], s.Now)
			c.Admit(&list[i], s)
		}
	}
	assert.Zero(t, testing.AllocsPerRun(10, pass), "the mean of several passes: what the runtime allocates meanwhile counts too, now and then")
}

// One more policy changes nothing in what the others decide on those whom it
// does not refuse.
func TestAPolicyMoreDoesNotShiftTheLuckOfAnother(t *testing.T) {
	env := policy.Env{Seed: 1, Users: 1 << 16, Reasons: new(models.Reasons), Now: func() sim.Time { return 0 }, Tiers: make([]policy.TierInfo, 4), Classes: []string{"image", "chat", "signup"}}
	gate := func(name string) policy.Item {
		return policy.Item{Name: name, Kind: "feature-gate", Enabled: true, Spec: &gates.FeatureGateSpec{Percent: 0.5}}
	}
	alone, err := policy.NewChain([]policy.Item{gate("rollout")}, env)
	require.NoError(t, err)
	second, err := policy.NewChain([]policy.Item{gate("other"), gate("rollout")}, env)
	require.NoError(t, err)

	by := map[string]int{}
	list := attempts()
	for i := range list {
		v, s := second.Admit(&list[i], &models.Signals{}), &models.Signals{}
		if v.Reason != 0 && env.Reasons.Get(v.Reason).Name == "other" {
			by["other"]++
			continue
		}
		require.Equal(t, alone.Admit(&list[i], s), v)
		if v.Reason != 0 {
			by["rollout"]++
		}
	}
	assert.InDelta(t, 2048, by["other"], 200, "of 4,096, by hash: not random, only even")
	assert.InDelta(t, 1024, by["rollout"], 200)
}

func BenchmarkChain(b *testing.B) {
	c, list := launchDay(b), attempts()
	s := &models.Signals{Capacity: 1000}
	refused := 0
	b.ReportAllocs()
	for i := range b.N {
		a := &list[i&(len(list)-1)]
		s.Now = sim.Time(i) * sim.Millisecond
		if c.Hold(a, s.Now) || c.Admit(a, s).Reason != 0 {
			refused++
		}
	}
	b.ReportMetric(float64(refused)/float64(b.N), "refused/op")
}
