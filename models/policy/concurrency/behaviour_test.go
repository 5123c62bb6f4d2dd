package concurrency_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/admission"
	"github.com/launchday-sim/launchday/models/policy/concurrency"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// everyKind is a Spec of each kind with the defaults, by preset.
func everyKind(t testing.TB, preset string) map[string]policy.Spec {
	p := "preset: " + preset + ", "
	return map[string]policy.Spec{
		"aimd":             spec[concurrency.AIMDSpec](t, "aimd", p+"max: 200"),
		"vegas":            spec[concurrency.VegasSpec](t, "vegas", p+"max: 200"),
		"gradient2":        spec[concurrency.Gradient2Spec](t, "gradient2", p+"max: 200"),
		"envoy-gradient":   spec[concurrency.EnvoyGradientSpec](t, "envoy-gradient", p+"min_concurrency: 20, max_concurrency: 200"),
		"failsafe-limiter": spec[concurrency.FailsafeLimiterSpec](t, "failsafe-limiter", p+"max: 200"),
		"pid":              spec[concurrency.PIDSpec](t, "pid", p+"max_limit: 20"),
	}
}

// saturate keeps as many in flight as the limit allows at a service of so many
// servers that takes a second: the rtt is what the queue before it makes of that.
func saturate(g *gateway, servers, samples int, each func(limit int)) {
	for i := range samples {
		limit := concurrency.LimitOf(g.Policy)
		rtt := sim.FromSeconds(max(1, float64(limit)/float64(servers)))
		g.sample(g.now+sim.Second, rtt, limit, false)
		if each != nil {
			each(i)
		}
	}
}

// A drop comes at once when more than C are in flight, and each end is seen. So
// the limit goes from floor(b (C + 1)) to C + 1 by steps of one and back: a
// period of C + 2 - floor(b (C + 1)) samples and a mean half-way between, which
// is some (1 + b)/2 of the capacity.
func TestAIMDIsASawtoothBetweenBackoffAndCapacity(t *testing.T) {
	for _, c := range []struct {
		capacity int
		backoff  string
		low      int // floor(b (C + 1))
	}{{100, "0.9", 90}, {100, "0.5", 50}, {999, "0.7", 700}, {33, "0.9", 30}} {
		g := newGateway(t, spec[concurrency.AIMDSpec](t, "aimd", fmt.Sprintf("initial: 20, min: 1, max: 100000, backoff_ratio: %s", c.backoff)))
		var falls []int
		var sum, low int
		for i := 0; len(falls) < 4; i++ {
			limit := concurrency.LimitOf(g.Policy)
			if len(falls) > 0 {
				sum += limit
				low = min(low, limit)
			}
			g.sample(sim.Time(i)*sim.Minute, sim.Second, limit, limit > c.capacity)
			if now := concurrency.LimitOf(g.Policy); now < limit {
				require.Equal(t, c.capacity+1, limit)
				low = now
				falls = append(falls, i)
			}
		}
		period := c.capacity + 2 - c.low
		assert.Equal(t, c.low, low)
		assert.Equal(t, []int{period, period, period}, []int{falls[1] - falls[0], falls[2] - falls[1], falls[3] - falls[2]})
		assert.Equal(t, float64(c.low+c.capacity+1)/2, float64(sum)/float64(3*period))
	}
}

// The known weakness: a ratio sees no level. With 50 servers and no end to the
// demand Gradient2 makes the overload its own yardstick and grows to its maximum,
// where everybody waits for three services; Vegas stays where few wait.
func TestGradient2DriftsUpwardUnderALastingOverloadAndVegasDoesNot(t *testing.T) {
	const servers = 50
	g := newGateway(t, spec[concurrency.Gradient2Spec](t, "gradient2", "preset: source, initial: 50, max: 200"))
	saturate(g, servers, 5000, nil)
	assert.Equal(t, 200, concurrency.LimitOf(g.Policy))

	v := newGateway(t, spec[concurrency.VegasSpec](t, "vegas", "preset: source, initial: 50, max: 200"))
	saturate(v, servers, 1000, func(i int) {
		if i > 100 {
			require.InDelta(t, servers+4.5, concurrency.LimitOf(v.Policy), 2, "3 to 6 wait")
		}
	})
}

// Vegas' other end: what it takes for the least rtt when it probes in the
// overload of its own making is no least rtt, and so it, too, creeps up.
func TestAProbeDuringAnOverloadMakesItNormal(t *testing.T) {
	g := newGateway(t, spec[concurrency.VegasSpec](t, "vegas", "preset: source, initial: 50, max: 200"))
	saturate(g, 50, 40000, nil)
	assert.Greater(t, concurrency.LimitOf(g.Policy), 80)
}

// The failsafe limiter sees in the same place that more in flight is more
// latency and no more throughput.
func TestTheFailsafeLimiterDoesNotDrift(t *testing.T) {
	g := newGateway(t, spec[concurrency.FailsafeLimiterSpec](t, "failsafe-limiter", "preset: source, initial: 50, max: 200, recent_min_samples: 1"))
	most := 0
	saturate(g, 50, 20000, func(i int) { most = max(most, concurrency.LimitOf(g.Policy)) })
	assert.Less(t, most, 100)
}

func TestTheCeilingOfTheFailsafeLimiterIsAMultipleOfWhatIsInFlight(t *testing.T) {
	g := newGateway(t, spec[concurrency.FailsafeLimiterSpec](t, "failsafe-limiter", "preset: source, max: 200, recent_min_samples: 1, max_limit_factor: 3"))
	for i := range 500 {
		g.sample(sim.Time(i)*2*sim.Second, sim.Second, 15, false)
	}
	assert.Equal(t, 45, concurrency.LimitOf(g.Policy), "three times 15")
	for i := range 500 {
		g.sample(sim.Time(1000+2*i)*sim.Second, sim.Second, 5, false)
	}
	assert.Equal(t, 15, concurrency.LimitOf(g.Policy), "three times 5")
}

func TestTheLimitFallsWhenTheServersFail(t *testing.T) {
	for kind, c := range map[string]struct {
		spec policy.Spec
		to   int
	}{
		"aimd":      {spec[concurrency.AIMDSpec](t, "aimd", "initial: 150, min: 1, max: 200"), 1},
		"vegas":     {spec[concurrency.VegasSpec](t, "vegas", "preset: source, initial: 150, max: 200, probe_multiplier: 1000"), 1},
		"gradient2": {spec[concurrency.Gradient2Spec](t, "gradient2", "preset: source, initial: 150, max: 200"), 200}, // which ignores drops
	} {
		g := newGateway(t, c.spec)
		g.sample(0, sim.Second, 1, false)
		for range 100 {
			g.now += sim.Second
			var in []models.Attempt
			for a, ok := g.come(); ok; a, ok = g.come() {
				in = append(in, a)
			}
			for _, a := range in {
				g.end(a, models.Failed, g.now+sim.Second)
			}
		}
		assert.Equal(t, c.to, concurrency.LimitOf(g.Policy), kind)
	}
}

func TestAsManyAreLetThroughAsTheLimitSaysAndOneMoreWhenOneLeaves(t *testing.T) {
	for kind, s := range everyKind(t, "source") {
		g := newGateway(t, s)
		limit := concurrency.LimitOf(g.Policy)
		require.Equal(t, 20, limit, kind)
		var in []models.Attempt
		for range limit {
			a, ok := g.come()
			require.True(t, ok, kind)
			in = append(in, a)
		}
		_, ok := g.come()
		require.False(t, ok, kind)
		g.end(in[7], models.Abandoned, g.now)
		_, ok = g.come()
		require.True(t, ok, kind)
		_, ok = g.come()
		require.False(t, ok, kind)
	}
}

// What is refused behind the limit, given up or taken back leaves, and moves
// nothing; what the queue drops counts.
func TestWhatIsNoSampleMovesNothing(t *testing.T) {
	for kind, s := range everyKind(t, "source") {
		if kind == "pid" || kind == "envoy-gradient" {
			continue // which move at their periods
		}
		g := newGateway(t, s)
		for range 200 {
			g.now += sim.Minute
			for _, o := range []models.Outcome{models.Abandoned, models.Cancelled, models.Rejected} {
				a, ok := g.come()
				require.True(t, ok)
				if o == models.Rejected {
					a.Passed = 0
				}
				g.end(a, o, g.now+30*sim.Second)
			}
			a, ok := g.come()
			require.True(t, ok)
			g.end(a, models.Completed, g.now) // answered at once
		}
		assert.Equal(t, 20, concurrency.LimitOf(g.Policy), kind)
		assert.Zero(t, concurrency.InFlightOf(g.Policy), kind)
	}
	g := newGateway(t, spec[concurrency.AIMDSpec](t, "aimd", "initial: 100, max: 200"))
	a, _ := g.come()
	g.end(a, models.Rejected, g.now+sim.Second)
	assert.Equal(t, 90, concurrency.LimitOf(g.Policy), "the queue dropped it")
}

// In a chain, which is what tells the two apart.
func TestARefusalByALaterPolicyIsNoSampleAndADropByTheQueueIs(t *testing.T) {
	now := sim.Time(0)
	var limiter policy.Policy
	env := policy.Env{Reasons: new(models.Reasons), Now: func() sim.Time { return now }, Tiers: []policy.TierInfo{{Name: "all"}}, Classes: []string{"job"}}
	c, err := policy.NewChain([]policy.Item{
		{Name: "limit", Kind: "aimd", Enabled: true, Spec: &tapped{spec[concurrency.AIMDSpec](t, "aimd", "initial: 100, max: 200"), &limiter}},
		{Name: "full", Kind: "queue-limit", Enabled: true, Spec: &admission.QueueLimitSpec{Limit: unit.Count(3)}},
	}, env)
	require.NoError(t, err)

	refused := models.Attempt{Request: 1, Try: 1}
	require.NotZero(t, c.Admit(&refused, &models.Signals{Waiting: 3}).Reason)
	assert.Equal(t, 100, concurrency.LimitOf(limiter))
	assert.Zero(t, concurrency.InFlightOf(limiter))

	dropped := models.Attempt{Request: 2, Try: 1}
	require.Zero(t, c.Admit(&dropped, &models.Signals{}).Reason)
	assert.Equal(t, 1, concurrency.InFlightOf(limiter))
	c.Finish(&dropped, models.Rejected, sim.Second)
	assert.Equal(t, 90, concurrency.LimitOf(limiter))
	assert.Zero(t, concurrency.InFlightOf(limiter))
}

// A tapped Spec shows the policy that the chain made of it.
type tapped struct {
	policy.Spec
	made *policy.Policy
}

func (s *tapped) New(env policy.Env) (policy.Policy, error) {
	p, err := s.Spec.New(env)
	*s.made = p
	return p, err
}

func TestTheTableOfWhatIsInFlightForgetsNoneAndTakesNoneForAnother(t *testing.T) {
	src := rng.NewSource(rngtest.Seed(t, 1), 0, t.Name())
	g := newGateway(t, spec[concurrency.AIMDSpec](t, "aimd", "initial: 100000, max: 100000"))
	type one struct {
		a     models.Attempt
		since sim.Time
	}
	var in []one
	for i := range 50000 {
		g.now += sim.Second
		if src.Float64() < 0.5+0.2*float64(1-i/25000*2) {
			// Keys that collide: all in a few places.
			a := models.Attempt{Request: rng.Key(uint64(i) << 40 * uint64(src.IntN(2))), Try: uint16(i), Arrived: g.now}
			require.Zero(t, g.Admit(&a, &models.Signals{Now: g.now}).Reason)
			in = append(in, one{a, g.now})
		} else if len(in) > 0 {
			k := src.IntN(uint64(len(in)))
			in[k].a.Passed = 1
			g.end(in[k].a, models.Abandoned, g.now)
			in[k] = in[len(in)-1]
			in = in[:len(in)-1]
		}
		require.Equal(t, len(in), concurrency.InFlightOf(g.Policy))
	}
}

func TestTheHistogramKeepsTwoDigitsAndInterpolatesBetweenThem(t *testing.T) {
	for _, c := range []struct {
		q      float64
		values []int64
		want   float64
	}{
		{0.5, []int64{123}, 125},
		{0.5, []int64{120, 121, 129}, 125},
		{0.5, []int64{7}, 7.05},
		{0.5, []int64{99}, 99.5},
		{0.5, []int64{100}, 105},
		{0.5, []int64{20_000_000}, 20_500_000},
		{0.5, []int64{10, 20, 30}, 20.5},
		{1, []int64{10, 20, 30}, 31},
		{0.9, []int64{100, 100, 100, 100, 100, 100, 100, 100, 100, 5000}, 110},
		{0.5, nil, 0},
	} {
		assert.InDelta(t, c.want, concurrency.QuantileOf(c.q, c.values...), 1e-9*c.want, "%+v", c)
	}
}

// Made with github.com/influxdata/tdigest v0.0.1 at compression 100 from the same
// values.
func TestTheDigestGivesTheQuantilesOfTheOriginal(t *testing.T) {
	for _, c := range []struct {
		n    int
		want []float64
	}{
		{1, []float64{5.0413848273441e+10, 5.0413848273441e+10, 5.0413848273441e+10, 5.0413848273441e+10, 5.0413848273441e+10}},
		{2, []float64{5.0413848273441e+10, 6.17277253806425e+10, 7.3041602487844e+10, 7.3041602487844e+10, 7.3041602487844e+10}},
		{10, []float64{1.204622587809e+09, 7.17771592060345e+10, 1.8828944333258002e+11, 1.98479238886756e+11, 1.98479238886756e+11}},
		{50, []float64{4.9249374084e+07, 8.134605915683301e+10, 2.04757791377428e+11, 2.74098652605625e+11, 2.74098652605625e+11}},
		{300, []float64{2.64217482425e+07, 6.4133385038379875e+10, 2.280577302151425e+11, 2.75440966606825e+11, 2.79899826262849e+11}},
		{801, []float64{2.60843529203025e+07, 7.1919477538335e+10, 2.285724785940169e+11, 2.753667873823058e+11, 2.8023766665458185e+11}},
		{5000, []float64{3.361286948368572e+07, 7.26056951452238e+10, 2.2915823479348334e+11, 2.7593372346061414e+11, 2.8104210799224066e+11}},
	} {
		var values []float64
		x := uint64(1)
		for range c.n {
			x = x*6364136223846793005 + 1442695040888963407
			v := float64(x >> 40)
			values = append(values, v*v/1000)
		}
		got := concurrency.DigestQuantiles(values, 0.01, 0.5, 0.9, 0.99, 0.999)
		for i := range got {
			assert.InEpsilon(t, c.want[i], got[i], 1e-12, "%d values", c.n)
		}
	}
}

func TestPresetsSayHowLongAWindowIs(t *testing.T) {
	for kind, inference := range map[string]sim.Time{"vegas": 2 * sim.Minute, "gradient2": 20 * sim.Second} {
		for preset, want := range map[string]sim.Time{"source": 0, "inference": inference} {
			assert.Equal(t, want, concurrency.WindowOf(newGateway(t, everyKind(t, preset)[kind]).Policy), kind)
		}
	}
}

func TestNewParametersKeepTheLimitWithinTheNewBounds(t *testing.T) {
	g := newGateway(t, spec[concurrency.AIMDSpec](t, "aimd", "initial: 100, max: 200"))
	g.sample(0, sim.Second, 100, false)
	require.NoError(t, g.Reconfigure(spec[concurrency.AIMDSpec](t, "aimd", "initial: 30, max: 300")))
	assert.Equal(t, 101, concurrency.LimitOf(g.Policy))
	require.NoError(t, g.Reconfigure(spec[concurrency.AIMDSpec](t, "aimd", "initial: 30, max: 50")))
	assert.Equal(t, 50, concurrency.LimitOf(g.Policy))
}

func TestParametersThatCannotBeAreRefused(t *testing.T) {
	aimd := func(change func(*concurrency.AIMDSpec)) policy.Spec {
		s := spec[concurrency.AIMDSpec](t, "aimd", "max: 200")
		change(s)
		return s
	}
	vegas := func(change func(*concurrency.VegasSpec)) policy.Spec {
		s := spec[concurrency.VegasSpec](t, "vegas", "max: 200")
		change(s)
		return s
	}
	pid := func(change func(*concurrency.PIDSpec)) policy.Spec {
		s := spec[concurrency.PIDSpec](t, "pid", "max_limit: 200")
		change(s)
		return s
	}
	failsafe := func(change func(*concurrency.FailsafeLimiterSpec)) policy.Spec {
		s := spec[concurrency.FailsafeLimiterSpec](t, "failsafe-limiter", "max: 200")
		change(s)
		return s
	}
	envoy := func(change func(*concurrency.EnvoyGradientSpec)) policy.Spec {
		s := spec[concurrency.EnvoyGradientSpec](t, "envoy-gradient", "max_concurrency: 200")
		change(s)
		return s
	}
	gradient := func(change func(*concurrency.Gradient2Spec)) policy.Spec {
		s := spec[concurrency.Gradient2Spec](t, "gradient2", "max: 200")
		change(s)
		return s
	}
	for want, s := range map[string]policy.Spec{
		"max is 10, it must be at least min, which is 20":                                    aimd(func(s *concurrency.AIMDSpec) { s.Max = 10 }),
		"initial is 300, it must be min to max, 20 to 200":                                   aimd(func(s *concurrency.AIMDSpec) { s.Initial = 300 }),
		"min is 0, it must be 1 to 2^30":                                                     aimd(func(s *concurrency.AIMDSpec) { s.Min = 0 }),
		"backoff_ratio is 1, it must be above 0 and below 1":                                 aimd(func(s *concurrency.AIMDSpec) { s.BackoffRatio = 1 }),
		"timeout is -1ns, it must be 0 or more":                                              aimd(func(s *concurrency.AIMDSpec) { s.Timeout = -1 }),
		`preset is "mine", it must be source or inference`:                                   aimd(func(s *concurrency.AIMDSpec) { s.Preset = "mine" }),
		"beta is 2, it must be 3 or more":                                                    vegas(func(s *concurrency.VegasSpec) { s.Beta = 2 }),
		"smoothing is 0, it must be above 0 and at most 1":                                   vegas(func(s *concurrency.VegasSpec) { s.Smoothing = 0 }),
		"probe_jitter_min is 0.9, it must be at most probe_jitter_max, which is 0.8":         vegas(func(s *concurrency.VegasSpec) { s.ProbeJitterMin, s.ProbeJitterMax = 0.9, 0.8 }),
		"rtt_tolerance is 0.5, it must be 1 or more":                                         gradient(func(s *concurrency.Gradient2Spec) { s.RTTTolerance = 0.5 }),
		"queue_size is -1, it must be 0 to 2^30":                                             gradient(func(s *concurrency.Gradient2Spec) { s.QueueSize = -1 }),
		"request_count is 0, it must be 1 or more":                                           envoy(func(s *concurrency.EnvoyGradientSpec) { s.RequestCount = 0 }),
		"max_concurrency is 2, it must be at least min_concurrency, which is 3":              envoy(func(s *concurrency.EnvoyGradientSpec) { s.MaxConcurrency = 2 }),
		"recent_quantile is 1, it must be above 0 and below 1":                               failsafe(func(s *concurrency.FailsafeLimiterSpec) { s.RecentQuantile = 1 }),
		"recent_window_min is 24h0m0s, it must be at most recent_window_max, which is 10m0s": failsafe(func(s *concurrency.FailsafeLimiterSpec) { s.RecentWindowMin = unit.Duration(sim.Day) }),
		`signal is "luck", it must be queueing-delay or utilisation`:                         pid(func(s *concurrency.PIDSpec) { s.Signal = "luck" }),
		"max_limit is missing, it must be at least min_limit where a limit is steered, such as twice what is in flight when all is well": pid(func(s *concurrency.PIDSpec) { s.MaxLimit = 0 }),
		"min_rate is 0/s, it must be more than 0 and at most 1G/s":                                                                       pid(func(s *concurrency.PIDSpec) { s.Steers = "rate" }),
	} {
		g := newGateway(t, everyKind(t, "source")["aimd"])
		_, err := s.New(g.env)
		assert.EqualError(t, err, want)
	}
}

// cycle lets one attempt in and out.
func cycle(p policy.Policy, a *models.Attempt, s *models.Signals) {
	s.Now += 10 * sim.Millisecond
	a.Request += 0x9e3779b97f4a7c15
	a.Arrived, a.Admitted, a.Passed = s.Now, s.Now, 0
	if p.Admit(a, s).Reason == 0 {
		a.Passed = 1
		p.(policy.Finisher).Finish(a, models.Completed, s.Now+sim.Time(a.Request>>40))
	}
}

func TestLimitsAllocateNothingForAnAttempt(t *testing.T) {
	for kind, spec := range everyKind(t, "source") {
		p := newGateway(t, spec).Policy
		a, s := &models.Attempt{Try: 1}, &models.Signals{}
		for range 3000 {
			cycle(p, a, s)
		}
		assert.Zero(t, testing.AllocsPerRun(3000, func() { cycle(p, a, s) }), kind)
	}
}

// An attempt in and out again: Admit and Finish.
func BenchmarkAdmit(b *testing.B) {
	for kind, spec := range everyKind(b, "source") {
		b.Run(kind, func(b *testing.B) {
			p := newGateway(b, spec).Policy
			a, s := &models.Attempt{Try: 1}, &models.Signals{}
			b.ReportAllocs()
			for range b.N {
				cycle(p, a, s)
			}
		})
	}
}
