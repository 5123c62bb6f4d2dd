package launch

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// What the tests of this file claim holds on every path, so that no seed gives a
// false alarm.

func start(t *testing.T, text string, seed uint64) *Run {
	t.Helper()
	sc, err := scenario.ReadText("law.yaml", text)
	require.NoError(t, err, text)
	r, err := New(sc, Options{Seed: seed})
	require.NoError(t, err, text)
	return r
}

func finish(t *testing.T, text string, seed uint64) *metrics.Result {
	t.Helper()
	res, err := start(t, text, seed).Result()
	require.NoError(t, err, text)
	return res
}

func TestBothIdentitiesHoldInEveryRandomWorld(t *testing.T) {
	luck := rand.New(rand.NewPCG(rngtest.Seed(t, 1), 1))
	for range 40 {
		text := randomWorld(luck)
		s := finish(t, text, luck.Uint64()).Summary // which refuses a run that breaks one
		whole := &metrics.Figures{Rejected: map[string]metrics.Figure{}}
		for name, tier := range s.Tiers {
			for class, f := range tier.Classes {
				assertConserved(t, f, "tier %s, class %s of\n%s", name, class, text)
			}
			add(whole, tier)
		}
		assertConserved(t, whole, "the sum of the tiers of\n%s", text)
		assertConserved(t, s.All, "all of\n%s", text)
		for what, pair := range map[string][2]metrics.Figure{
			"attempts": {whole.Attempts, s.All.Attempts}, "requests": {whole.Requests, s.All.Requests}, "completed": {whole.Completed, s.All.Completed},
			"open": {whole.Open, s.All.Open}, "in_system": {whole.InSystem, s.All.InSystem},
		} {
			assert.Equal(t, pair[0], pair[1], "%s of the tiers and of all of\n%s", what, text)
		}
		if t.Failed() {
			return // one world is enough to look at
		}
	}
}

func assertConserved(t *testing.T, f *metrics.Figures, format string, args ...any) {
	t.Helper()
	ended := f.Completed + f.Abandoned + f.TimedOut + f.Failed + f.Cancelled
	for _, n := range f.Rejected {
		ended += n
	}
	name := fmt.Sprintf(format, args...)
	assert.Equal(t, f.Attempts, ended+f.InSystem, "attempts of %s", name)
	assert.Equal(t, f.Requests, f.Satisfied+f.GivenUp+f.Open, "requests of %s", name)
}

func add(sum, f *metrics.Figures) {
	for _, pair := range [][2]*metrics.Figure{
		{&sum.Attempts, &f.Attempts}, {&sum.Completed, &f.Completed}, {&sum.Abandoned, &f.Abandoned}, {&sum.TimedOut, &f.TimedOut},
		{&sum.Failed, &f.Failed}, {&sum.Cancelled, &f.Cancelled}, {&sum.InSystem, &f.InSystem},
		{&sum.Requests, &f.Requests}, {&sum.Satisfied, &f.Satisfied}, {&sum.GivenUp, &f.GivenUp}, {&sum.Open, &f.Open},
	} {
		*pair[0] += *pair[1]
	}
	for reason, n := range f.Rejected {
		sum.Rejected[reason] += n
	}
}

func TestAnIdentityThatIsBrokenIsAnErrorOfTheRun(t *testing.T) {
	text := randomWorld(rand.New(rand.NewPCG(1, 1)))
	const at = 10 * sim.Minute
	phantom := &models.Attempt{First: at, Arrived: at, Admitted: at, Try: 1, User: models.Anonymous}
	for name, breach := range map[string]struct {
		of   func(r *Run)
		want string
	}{
		"an attempt that nobody made":      {func(r *Run) { r.rec.Arrived(phantom, 0) }, "conservation of attempts is broken for tier tier0, class class0"},
		"an attempt that ends twice":       {func(r *Run) { r.rec.Ended(at, phantom, models.Completed, 0) }, "conservation of attempts is broken"},
		"an attempt that the run lost":     {func(r *Run) { slot := r.take(); r.attempts[slot] = *phantom }, "conservation of attempts is broken"},
		"a request that nobody made":       {func(r *Run) { r.rec.Requested(phantom) }, "conservation of requests is broken for tier tier0, class class0"},
		"a request given up after its end": {func(r *Run) { r.rec.GaveUp(phantom) }, "conservation of requests is broken"},
	} {
		r := start(t, text, 1)
		require.NoError(t, r.StepUntil(sim.Minute))
		breach.of(r)
		_, err := r.Result()
		assert.ErrorContains(t, err, breach.want, name)
	}
}

func TestTheSameSeedGivesTheSameResultHoweverTheRunIsStepped(t *testing.T) {
	luck := rand.New(rand.NewPCG(rngtest.Seed(t, 1), 2))
	for range 10 {
		text, n := randomWorld(luck), luck.Uint64()
		one := start(t, text, n)
		for at := sim.Time(0); at < 30*sim.Minute; at += sim.Time(luck.Int64N(int64(5 * sim.Minute))) {
			require.NoError(t, one.StepUntil(at))
		}
		stepped, err := one.Result()
		require.NoError(t, err)
		whole := finish(t, text, n)
		assert.Equal(t, bits(t, whole), bits(t, stepped), text)
		assert.NotEqual(t, bits(t, whole), bits(t, finish(t, text, n+1)), text)
	}
}

// bits is everything that a result says.
func bits(t *testing.T, res *metrics.Result) string {
	summary, err := json.Marshal(res.Summary)
	require.NoError(t, err)
	summary = append(summary, fmt.Sprint(res.Series)...)
	// The seed itself is the one thing that may differ.
	return strings.Replace(string(summary), fmt.Sprintf(`"seed":%d`, res.Summary.Seed), "", 1)
}

// Both sides are measured apart: levels as integrals over time, waits attempt
// by attempt. Where nobody is left at the end there is no edge, and the law
// holds to the last digit.
func TestLittlesLawHoldsExactlyWhereEverybodyLeaves(t *testing.T) {
	luck := rand.New(rand.NewPCG(rngtest.Seed(t, 1), 3))
	waited := 0
	for range 40 {
		leave := luck.IntN(2) == 0
		text := randomQueue(luck, leave)
		s := finish(t, text, luck.Uint64()).Summary
		span := float64(s.To - s.From)
		for name, f := range map[string]*metrics.Figures{"all": s.All, "tier0": s.Tiers["tier0"], "tier1": s.Tiers["tier1"]} {
			require.Zero(t, f.InSystem, "%s of\n%s", name, text)
			if f.Admitted == 0 {
				continue
			}
			waits := float64(f.Wait.Mean) * float64(f.Admitted)
			assert.InDelta(t, waits, float64(f.QueueLength.Mean)*span, 1e-6, "queue, %s of\n%s", name, text)
			if f.Wait.Max > 0 {
				waited++
			}
			if !leave {
				sojourns := float64(f.Latency.Mean) * float64(f.Completed)
				assert.InDelta(t, sojourns, float64(f.QueueLength.Mean+f.BusyMean)*span, 1e-6, "system, %s of\n%s", name, text)
			}
		}
	}
	assert.Greater(t, waited, 60, "queues without waits prove nothing")
}

// On common random numbers, the workloads of c servers dominate those of c+1 at
// every arrival (J. Kiefer and J. Wolfowitz, "On the theory of queues with many
// servers", 1955), so that no customer waits longer. So they do those of faster ones,
// and those of servers that do not fail, where a failure takes a server away for longer
// than what it loses would have: a repair that is shorter than the rest of a lost
// service helps those behind it.
func TestMoreAndFasterServersAndFewerFailuresNeverMakeACustomerWaitLonger(t *testing.T) {
	const bounded = "{dist: uniform, min: 500ms, max: 3s}"
	failing := func(repair string) func(*rand.Rand, string, int) string {
		return func(_ *rand.Rand, few string, servers int) string {
			return strings.Replace(few, "nodes: ", "failures: {mtbf: {dist: exponential, mean: 40s}, repair: "+repair+"}, nodes: ", 1)
		}
	}
	for _, c := range []struct {
		name    string
		service string // any, if empty
		worse   func(luck *rand.Rand, text string, servers int) string
		better  func(luck *rand.Rand, text string, servers int) string
		longer  bool // some do wait longer
	}{
		{name: "more servers", better: func(luck *rand.Rand, few string, servers int) string {
			return strings.Replace(few, fmt.Sprintf("nodes: %d}", servers), fmt.Sprintf("nodes: %d}", servers+1+luck.IntN(3)), 1)
		}},
		{name: "faster servers", better: func(luck *rand.Rand, few string, _ int) string {
			return strings.Replace(few, "nodes: ", fmt.Sprintf("speed: %.3f, nodes: ", 1.01+luck.Float64()), 1)
		}},
		{name: "no failures", service: bounded, worse: failing("3s")},
		{name: "no failures, of short repairs", service: bounded, worse: failing("10ms"), longer: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			luck := rand.New(rand.NewPCG(rngtest.Seed(t, 1), 4))
			shorter, longer := 0, 0
			for range 15 {
				servers := 1 + luck.IntN(12)
				load := 0.7 + 0.6*luck.Float64() // overload too: the run is short
				service := c.service
				if service == "" {
					service = pick(luck, laws...)
				}
				worse := fmt.Sprintf(`
name: open-queue
duration: 10m
tiers: [{name: everyone}]
classes: [{name: job, pool: servers, service: %s}]
pools: [{name: servers, nodes: %d}]
demand: {streams: [{name: arrivals, tier: everyone, class: job, rate: %.6f/s}]}
`, service, servers, load*float64(servers))
				better := worse
				if c.better != nil {
					better = c.better(luck, worse, servers)
				} else {
					worse = c.worse(luck, worse, servers)
				}
				n := luck.Uint64()
				long, short := waits(t, worse, n), waits(t, better, n)
				require.NotEmpty(t, long)
				for key, w := range short {
					was, ok := long[key]
					switch {
					case ok && w < was:
						shorter++
					case ok && w > was:
						longer++
						require.True(t, c.longer, "a customer waits longer than in\n%s", worse)
					}
				}
			}
			assert.Greater(t, shorter+longer, 100, "what changes nothing proves nothing")
			assert.Equal(t, c.longer, longer > 0)
		})
	}
}

// waits follows a run event by event and returns the wait of each request that
// was taken up.
func waits(t *testing.T, text string, seed uint64) map[rng.Key]sim.Time {
	r := start(t, text, seed)
	all := map[rng.Key]sim.Time{}
	for r.k.Next() < r.end {
		r.k.Step()
		for i := range r.attempts {
			if a := &r.attempts[i]; a.Server >= 0 {
				all[a.Request] = a.Started - a.Arrived
			}
		}
	}
	return all
}

func TestAnAttemptIsNeitherServedBeforeItComesNorLongerThanItNeeds(t *testing.T) {
	luck := rand.New(rand.NewPCG(rngtest.Seed(t, 1), 5))
	for range 20 {
		f := finish(t, randomQueue(luck, true), luck.Uint64()).Summary.All
		if f.Completed == 0 {
			continue
		}
		assert.GreaterOrEqual(t, f.Wait.Mean, metrics.Figure(0))
		assert.GreaterOrEqual(t, f.Latency.Max, f.Latency.P50)
		assert.GreaterOrEqual(t, f.RequestLatency.Mean, f.Latency.Mean-1e-9, "retries only add time")
		assert.GreaterOrEqual(t, f.OfferedWait.Mean, f.Wait.Mean-1e-9, "who leaves waits less than was offered")
		assert.False(t, math.IsNaN(float64(f.CompletedShare)))
	}
}
