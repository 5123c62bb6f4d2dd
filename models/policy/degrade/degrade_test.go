package degrade_test

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/degrade"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// A gateway is one policy with a clock of its own, before the pools big (0) and
// small (1).
type gateway struct {
	policy.Policy
	env policy.Env
	now sim.Time
}

func newGateway(t testing.TB, s policy.Spec) *gateway {
	t.Helper()
	g := &gateway{}
	g.env = policy.Env{Name: "less", Seed: rngtest.Seed(t, 1), Horizon: sim.Day, Reasons: new(models.Reasons), Pools: []string{"big", "small"}, Now: func() sim.Time { return g.now }}
	p, err := s.New(g.env)
	require.NoError(t, err)
	g.Policy = p
	return g
}

// spec is a kind's Spec with the defaults of the scenario file.
func spec[T any](t testing.TB, kind, text string) *T {
	t.Helper()
	sc, err := scenario.ReadText("test.yaml", "name: test\nduration: 1s\ntiers: [{name: all}]\nclasses: [{name: job, pool: big, service: 1s}]\npools: [{name: big, nodes: 1}, {name: small, nodes: 1}]\n"+
		"demand: {streams: [{name: jobs, class: job, tier: all, rate: 1/s}]}\npolicies: [{name: less, kind: "+kind+", "+text+"}]\n")
	require.NoError(t, err)
	s, ok := any(sc.Policies[0].Spec).(*T)
	require.True(t, ok)
	return s
}

func request(n int) rng.Key { return rng.StreamKey(1, 0, "requests").Child(uint64(n)) }

// at is what a pool of 10 servers looks like at a load.
func at(load float64, now sim.Time) *models.Signals {
	n := int(load*10 + 0.5)
	return &models.Signals{Now: now, Busy: min(n, 10), Waiting: max(0, n-10), Capacity: 10}
}

// Each row of the vectors is a period of the original controller.
func TestTheDimmerMovesAsThatOfTheAuthorsDoesPeriodByPeriod(t *testing.T) {
	for file, c := range map[string]struct {
		parameters string
		period     sim.Time
	}{
		"brownout_a": {"preset: source", 500 * sim.Millisecond},
		"brownout_b": {"dimmer: 1, percentile: 90%, period: 1s, pole: 0.7, forgetting: 0.9, setpoint: 20s", sim.Second},
	} {
		g := newGateway(t, spec[degrade.BrownoutSpec](t, "brownout", "optional_work: 50%, quality: 70%, "+c.parameters))
		tick := func() { require.Equal(t, g.now+c.period, g.Policy.(policy.Ticker).Tick(&models.Signals{Now: g.now})) }
		tick()
		f, err := os.Open("testdata/" + file + ".csv")
		require.NoError(t, err)
		defer f.Close()
		r := csv.NewReader(f)
		r.Comment = '#'
		rows, err := r.ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 201)
		for _, row := range rows[1:] {
			g.now += c.period
			for _, text := range strings.FieldsFunc(row[1], func(r rune) bool { return r == ';' }) {
				seconds, err := strconv.ParseFloat(text, 64)
				require.NoError(t, err)
				a := &models.Attempt{Admitted: g.now - sim.FromSeconds(seconds)}
				g.Policy.(policy.Finisher).Finish(a, models.Completed, g.now)
				g.Policy.(policy.Finisher).Finish(a, models.Failed, g.now+sim.Hour) // which says nothing of the response time
			}
			tick()
			dimmer, alpha, p := degrade.DimmerOf(g.Policy)
			for i, got := range []float64{dimmer, alpha, p} {
				want, err := strconv.ParseFloat(row[2+i], 64)
				require.NoError(t, err)
				require.InDelta(t, want, got, 1e-7*math.Abs(want), "%s, row %s, column %s", file, row[0], rows[0][2+i])
			}
		}
	}
}

func TestAControllerAtTheBottomStaysSoundAndComesBack(t *testing.T) {
	g := newGateway(t, spec[degrade.BrownoutSpec](t, "brownout", "preset: source, optional_work: 50%, quality: 70%"))
	period := func(seconds float64) {
		g.now += 500 * sim.Millisecond
		g.Policy.(policy.Finisher).Finish(&models.Attempt{Admitted: g.now - sim.FromSeconds(seconds)}, models.Completed, g.now)
		g.Policy.(policy.Ticker).Tick(&models.Signals{Now: g.now})
	}
	for range 30_000 {
		period(30)
	}
	dimmer, _, p := degrade.DimmerOf(g.Policy)
	assert.Zero(t, dimmer)
	assert.LessOrEqual(t, p, 1000.0)
	for range 3000 {
		period(0.1)
	}
	dimmer, _, _ = degrade.DimmerOf(g.Policy)
	assert.Equal(t, 1.0, dimmer)
}

// A fluid service: the response time follows the dimmer at once, and the optional
// work is the half of it.
func TestTheDimmerSettlesWhereThePercentileMeetsTheSetpoint(t *testing.T) {
	g := newGateway(t, spec[degrade.BrownoutSpec](t, "brownout", "optional_work: 50%, quality: 70%, setpoint: 60s"))
	for range 2000 {
		dimmer, _, _ := degrade.DimmerOf(g.Policy)
		g.now += 10 * sim.Second
		g.Policy.(policy.Finisher).Finish(&models.Attempt{Admitted: g.now - sim.FromSeconds(40+40*dimmer)}, models.Completed, g.now)
		g.Policy.(policy.Ticker).Tick(&models.Signals{Now: g.now})
	}
	dimmer, _, _ := degrade.DimmerOf(g.Policy)
	assert.InDelta(t, 0.5, dimmer, 0.01, "40 s + 20 s of 40 s")
}

func TestTheDimmerIsTheShareOfThoseWhoGetTheOptionalWork(t *testing.T) {
	g := newGateway(t, spec[degrade.BrownoutSpec](t, "brownout", "optional_work: 60%, quality: 70%, dimmer: 30%"))
	more := newGateway(t, spec[degrade.BrownoutSpec](t, "brownout", "optional_work: 60%, quality: 70%, dimmer: 50%"))
	full := 0
	const n = 20_000
	for i := range n {
		a := &models.Attempt{Request: request(i)}
		require.Zero(t, g.Admit(a, &models.Signals{}))
		v := g.Policy.(policy.Starter).Start(a, &models.Signals{})
		if v == (models.Verdict{}) {
			full++
			require.Zero(t, more.Policy.(policy.Starter).Start(a, &models.Signals{}), "with a higher dimmer it is full, too")
			continue
		}
		require.Equal(t, models.Verdict{Work: 0.4, Quality: float64(unit.Share(0.7))}, v)
	}
	// 4.9 standard deviations: a two-sided level of 1e-6.
	assert.InDelta(t, 0.3, float64(full)/n, 4.9*math.Sqrt(0.3*0.7/n))
}

const ladder = "levels: [{name: fewer-steps, above: 1.5, below: 1.2, work: 70%, quality: 90%}, {name: smaller-model, above: 3, below: 2, work: 40%, quality: 60%}]"

func TestTheLadderIsClimbedWithTheLoadAndLeftWithHysteresisAndDwell(t *testing.T) {
	g := newGateway(t, spec[degrade.QualityLadderSpec](t, "quality-ladder", ladder))
	full, steps, model := models.Verdict{}, models.Verdict{Work: 0.7, Quality: 0.9}, models.Verdict{Work: 0.4, Quality: 0.6}
	for _, c := range []struct {
		seconds int
		load    float64
		want    models.Verdict
	}{
		{0, 1, full}, {1, 1.4, full}, {2, 1.5, steps}, {3, 9, steps}, {61, 9, steps}, {62, 9, model}, // a dwell of 60 s
		{100, 0, model}, {122, 2, model}, {123, 1.9, steps}, {124, 0, steps}, {182, 0, steps}, {183, 1.2, steps}, {184, 1.1, full}, // one by one
		{244, 3, model}, // and up at once
	} {
		v := g.Policy.(policy.Starter).Start(&models.Attempt{}, at(c.load, sim.Time(c.seconds)*sim.Second))
		require.Equal(t, c.want, v, "%+v", c)
	}
	other := at(0, 245*sim.Second)
	other.Pool = 1
	assert.Zero(t, g.Policy.(policy.Starter).Start(&models.Attempt{}, other), "another pool is on a ladder of its own")

	require.NoError(t, g.Reconfigure(spec[degrade.QualityLadderSpec](t, "quality-ladder", "levels: [{name: one, above: 1.5, below: 1.2, work: 50%, quality: 50%}]")))
	assert.Equal(t, models.Verdict{Work: 0.5, Quality: 0.5}, g.Policy.(policy.Starter).Start(&models.Attempt{}, at(9, 245*sim.Second)))
}

func TestTheFallbackTakesItsShareWhileTheLoadIsHigh(t *testing.T) {
	g := newGateway(t, spec[degrade.FallbackSpec](t, "fallback", "pool: small, share: 40%, above: 2, below: 1, work: 50%, quality: 80%"))
	to := models.Verdict{Pool: 2, Work: 0.5, Quality: float64(unit.Share(0.8))}
	for i := range 100 {
		require.Zero(t, g.Admit(&models.Attempt{Request: request(i)}, at(1.9, 0)))
	}
	taken := 0
	const n = 20_000
	for i := range n {
		switch v := g.Admit(&models.Attempt{Request: request(i)}, at(2, 0)); v {
		case to:
			taken++
		default:
			require.Zero(t, v)
		}
	}
	assert.InDelta(t, 0.4, float64(taken)/n, 4.9*math.Sqrt(0.4*0.6/n))
	is := func(load float64) bool {
		found := false
		for i := range 100 {
			found = found || g.Admit(&models.Attempt{Request: request(i)}, at(load, 0)) == to
		}
		return found
	}
	assert.True(t, is(1), "on until below 1")
	assert.False(t, is(0.9))
	assert.False(t, is(1.9))
}

func TestAFallbackWithoutAPoolAnswersAtOnce(t *testing.T) {
	g := newGateway(t, spec[degrade.FallbackSpec](t, "fallback", "quality: 30%"))
	assert.Equal(t, models.Verdict{Answered: true, Quality: float64(unit.Share(0.3))}, g.Admit(&models.Attempt{}, at(0, 0)))
}

func TestAFeatureIsOffFromOneLoadUntilBelowAnother(t *testing.T) {
	g := newGateway(t, spec[degrade.FeatureOffSpec](t, "feature-off", "off_above: 2, on_below: 1"))
	for i, c := range []struct {
		load float64
		off  bool
	}{{1.9, false}, {2, true}, {1.5, true}, {1, true}, {0.9, false}, {1.9, false}, {5, true}} {
		require.Equal(t, c.off, g.Admit(&models.Attempt{}, at(c.load, 0)).Reason != 0, "case %d", i)
	}
	assert.Equal(t, models.Refusal{Name: "less", Status: models.Unavailable}, g.env.Reasons.Get(1))
	require.NoError(t, g.Reconfigure(spec[degrade.FeatureOffSpec](t, "feature-off", "off_above: 9, on_below: 3")))
	assert.NotZero(t, g.Admit(&models.Attempt{}, at(3, 0)).Reason, "off until below the new one")
	assert.Zero(t, g.Admit(&models.Attempt{}, at(2.9, 0)).Reason)
}

func TestParametersThatCannotBeAreRefused(t *testing.T) {
	brownout := func(change func(*degrade.BrownoutSpec)) policy.Spec {
		s := spec[degrade.BrownoutSpec](t, "brownout", "optional_work: 50%, quality: 70%")
		change(s)
		return s
	}
	for want, s := range map[string]policy.Spec{
		"optional_work is 100%, it must be more than 0% and less than 100%":     brownout(func(s *degrade.BrownoutSpec) { s.OptionalWork = 1 }),
		"quality is 0, it must be above 0 and at most 1":                        brownout(func(s *degrade.BrownoutSpec) { s.Quality = 0 }),
		"pole is 1, it must be 0 or more and below 1":                           brownout(func(s *degrade.BrownoutSpec) { s.Pole = 1 }),
		`preset is "mine", it must be source or inference`:                      brownout(func(s *degrade.BrownoutSpec) { s.Preset = "mine" }),
		"levels is empty, it must be a list of one level or more":               &degrade.QualityLadderSpec{Preset: "source"},
		"levels.a.below is 3, it must be 0 to above, which is 2":                &degrade.QualityLadderSpec{Preset: "source", Levels: []degrade.Level{{Name: "a", Above: 2, Below: 3, Work: 1, Quality: 1}}},
		"levels.b.above is 2, it must be more than that of the level before, 2": &degrade.QualityLadderSpec{Preset: "source", Levels: []degrade.Level{{Name: "a", Above: 2, Work: 1, Quality: 1}, {Name: "b", Above: 2, Work: 1, Quality: 1}}},
		`pool: there is no pool "large"`:                                        &degrade.FallbackSpec{Pool: "large", Share: 1, Work: 1, Quality: 1},
		"below is 2, it must be 0 to above, which is 1":                         &degrade.FallbackSpec{Share: 1, Above: 1, Below: 2, Work: 1, Quality: 1},
		"on_below is 2, it must be 0 to off_above, which is 1":                  &degrade.FeatureOffSpec{OffAbove: 1, OnBelow: 2},
	} {
		g := newGateway(t, spec[degrade.FallbackSpec](t, "fallback", "quality: 30%"))
		_, err := s.New(g.env)
		assert.EqualError(t, err, want)
	}
}

// everyKind is a Spec of each kind.
func everyKind(t testing.TB) map[string]policy.Spec {
	return map[string]policy.Spec{
		"brownout":       spec[degrade.BrownoutSpec](t, "brownout", "optional_work: 50%, quality: 70%"),
		"quality-ladder": spec[degrade.QualityLadderSpec](t, "quality-ladder", ladder),
		"fallback":       spec[degrade.FallbackSpec](t, "fallback", "pool: small, share: 40%, above: 1.1, below: 1, quality: 80%"),
		"feature-off":    spec[degrade.FeatureOffSpec](t, "feature-off", "off_above: 1.1, on_below: 1"),
	}
}

// pass brings one attempt through all that the policy wants to hear.
func pass(p policy.Policy, a *models.Attempt, s *models.Signals) {
	s.Now += 10 * sim.Millisecond
	s.Busy = (s.Busy + 1) % 15
	a.Request += 0x9e3779b97f4a7c15
	p.Admit(a, s)
	if p, ok := p.(policy.Starter); ok {
		p.Start(a, s)
	}
	if p, ok := p.(policy.Finisher); ok {
		p.Finish(a, models.Completed, s.Now)
	}
	if p, ok := p.(policy.Ticker); ok && s.Now%(10*sim.Second) == 0 {
		p.Tick(s)
	}
}

func TestDegradingAllocatesNothingForAnAttempt(t *testing.T) {
	for kind, s := range everyKind(t) {
		p := newGateway(t, s).Policy
		a, signals := &models.Attempt{Try: 1}, &models.Signals{Capacity: 10}
		for range 5000 {
			pass(p, a, signals)
		}
		assert.Zero(t, testing.AllocsPerRun(5000, func() { pass(p, a, signals) }), kind)
	}
}

// All that a policy hears of one attempt: Admit, Start and Finish, and its share
// of a Tick.
func BenchmarkAdmit(b *testing.B) {
	for kind, s := range everyKind(b) {
		b.Run(kind, func(b *testing.B) {
			p := newGateway(b, s).Policy
			a, signals := &models.Attempt{Try: 1}, &models.Signals{Capacity: 10}
			b.ReportAllocs()
			for range b.N {
				pass(p, a, signals)
			}
		})
	}
}
