package demand_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// listener writes down what the demand asks for.
type listener struct {
	d     *demand.Demand
	at    []sim.Time
	keys  []rng.Key
	users []models.User
	rows  []uint32
	flow  float64 // requests of fluid work
	serve bool    // every request is completed at once

	served func(rng.Key) bool // those that are, where only some are
}

func (l *listener) Request(now sim.Time, key rng.Key, user models.User, tier models.Tier, class models.Class, row uint32) {
	l.rows = append(l.rows, row)
	l.at = append(l.at, now)
	l.keys = append(l.keys, key)
	l.users = append(l.users, user)
	if l.serve || l.served != nil && l.served(key) {
		l.d.Completed(class)
		if class == 1 {
			l.d.SignedUp(tier)
		}
	}
}

func (l *listener) Flow(now, until sim.Time, _ models.Tier, _ models.Class, rate float64) {
	l.flow += rate * (until - now).Seconds()
}

func env(s uint64, users unit.Count) demand.Env {
	return demand.Env{Seed: s, Tiers: []demand.Tier{{Name: "free", Users: users}},
		Classes: []demand.Class{{Name: "image", Kind: "request"}, {Name: "signup", Kind: "signup"}, {Name: "chat", Kind: "fluid"}}}
}

func play(t *testing.T, spec demand.Spec, e demand.Env, until sim.Time, serve bool) *listener {
	t.Helper()
	k := sim.NewKernel()
	l := &listener{serve: serve}
	var err error
	l.d, err = demand.New(k, spec, e, l)
	require.NoError(t, err)
	l.d.Start(0)
	k.RunUntil(until)
	return l
}

func stream(s demand.Stream) demand.Spec {
	s.Name, s.Tier = "s", "free"
	if s.Class == "" {
		s.Class = "image"
	}
	if s.Interest == 0 {
		s.Interest = 1
	}
	s.Weekend = 1
	return demand.Spec{Step: unit.Duration(sim.Minute), Streams: []demand.Stream{s}}
}

// requirePoisson holds counts against the integral of the rate over each
// interval: a chi-square statistic over n independent counts, each with a mean
// of at least 20, lies within 6 standard deviations of n, which a right program
// leaves once in 10^8 runs.
func requirePoisson(t *testing.T, at []sim.Time, width sim.Time, want []float64) {
	t.Helper()
	got := make([]float64, len(want))
	for _, x := range at {
		if i := int(x / width); i < len(got) {
			got[i]++
		}
	}
	chi, n := 0.0, 0.0
	for i, w := range want {
		if w < 20 {
			require.Less(t, got[i], w+6*math.Sqrt(w)+6, "interval %d", i)
			continue
		}
		chi += (got[i] - w) * (got[i] - w) / w
		n++
	}
	require.InDelta(t, n, chi, 6*math.Sqrt(2*n)+6)
}

func TestAConstantRateIsAPoissonProcess(t *testing.T) {
	l := play(t, stream(demand.Stream{Rate: 50}), env(rngtest.Seed(t, 1), 0), 1000*sim.Second, false)
	want := make([]float64, 100)
	for i := range want {
		want[i] = 500
	}
	requirePoisson(t, l.at, 10*sim.Second, want)
}

func TestCountsFollowAProfileThroughJumpsRampsAndSilence(t *testing.T) {
	s := func(x float64) unit.Instant { return unit.Instant(sim.FromSeconds(x)) }
	// 0 until 100 s, a jump to 3, a ramp down to 1 at 200.5 s, silence from 300 s
	// on, and a spike of one second at 400 s that a careless step would miss.
	profile := []demand.Point{{At: s(0), X: 0}, {At: s(100), X: 0}, {At: s(100), X: 3}, {At: s(200.5), X: 1}, {At: s(300), X: 1}, {At: s(300), X: 0},
		{At: s(400), X: 0}, {At: s(400), X: 50}, {At: s(401), X: 50}, {At: s(401), X: 0}}
	l := play(t, stream(demand.Stream{Rate: 100, Profile: profile}), env(rngtest.Seed(t, 1), 0), 500*sim.Second, false)
	want := make([]float64, 500)
	for i := range want {
		x := float64(i) + 0.5
		switch {
		case x > 100 && x < 200:
			want[i] = 100 * (3 - 2*(x-100)/100.5)
		case i == 200:
			want[i] = 50*(1+(3-2*100/100.5))/2 + 50
		case x > 200.5 && x < 300:
			want[i] = 100
		case i == 400:
			want[i] = 5000
		}
	}
	requirePoisson(t, l.at, sim.Second, want)
}

func TestAPeriodicProfileComesBack(t *testing.T) {
	profile := []demand.Point{{At: 0, X: 2}, {At: unit.Instant(10 * sim.Second), X: 2}, {At: unit.Instant(10 * sim.Second), X: 0}}
	e := env(rngtest.Seed(t, 1), 0)
	e.Origin = 3 * sim.Second // the period counts from the scenario's start, not from the warm-up's
	l := play(t, stream(demand.Stream{Rate: 100, Profile: profile, Period: unit.Duration(40 * sim.Second)}), e, 1203*sim.Second, false)
	for _, x := range l.at {
		phase := ((x-e.Origin)%(40*sim.Second) + 40*sim.Second) % (40 * sim.Second)
		require.Less(t, phase, 10*sim.Second)
	}
	assert.InDelta(t, 30*10*200, float64(len(l.at)), 6*math.Sqrt(60000))
}

func TestTheDayOfTheRegionsMovesWithTheirClocks(t *testing.T) {
	spec := stream(demand.Stream{Rate: 10, DayShape: true})
	spec.Streams[0].Weekend = 0.5
	spec.Day = make([]float64, 24)
	spec.Day[12] = 1 // active around 12:30 local time only
	spec.Regions = []demand.Region{{Name: "a", Share: 3, UTCHours: 5.5}, {Name: "b", Share: 1, UTCHours: -7}}
	e := env(rngtest.Seed(t, 1), 0)
	e.Epoch = 4 * sim.Day // 5 January 1970, a Monday
	l := play(t, spec, e, 7*sim.Day, false)
	perDay := map[int]float64{}
	for _, x := range l.at {
		hour := x % sim.Day / sim.Hour
		local := (x + 5*sim.Hour + 30*sim.Minute)
		if hour >= 18 && hour < 21 {
			local = x - 7*sim.Hour
		}
		in := local % sim.Day
		require.True(t, in > 11*sim.Hour+30*sim.Minute && in < 13*sim.Hour+30*sim.Minute, "%v", x)
		perDay[int(local/sim.Day)]++
	}
	// 864,000 a day; a triangle of two hours whose area is one hour of 24.
	for day := range 7 {
		want := 864000.0
		if day >= 5 {
			want /= 2
		}
		assert.InDelta(t, want, perDay[day], 6*math.Sqrt(want), "day %d", day)
	}
}

func TestActivityIsAsHeavyTailedAsItIsSaidToBe(t *testing.T) {
	l := play(t, stream(demand.Stream{PerUser: 0.02, TopTenth: 0.571}), env(rngtest.Seed(t, 1), 10000), 20000*sim.Second, false)
	per := make([]int, 10000)
	for _, u := range l.users {
		per[u]++
	}
	// 400 requests a user: the sampling error of a user's count is small beside
	// the spread of activity.
	most := 0
	for range 1000 {
		best := 0
		for u := range per {
			if per[u] > per[best] {
				best = u
			}
		}
		most += per[best]
		per[best] = 0
	}
	assert.InDelta(t, 0.571, float64(most)/float64(len(l.users)), 0.01)
}

func TestFeedbackMovesARequestInTimeAndNeverItsIdentity(t *testing.T) {
	slow := play(t, stream(demand.Stream{Rate: 10}), env(rngtest.Seed(t, 1), 0), 1000*sim.Second, false)
	fast := play(t, stream(demand.Stream{Rate: 20}), env(rngtest.Seed(t, 1), 0), 500*sim.Second, false)
	require.Equal(t, len(slow.keys), len(fast.keys))
	assert.Equal(t, slow.keys, fast.keys)
	for i := range slow.at {
		assert.InDelta(t, slow.at[i].Seconds(), 2*fast.at[i].Seconds(), 1e-5)
	}
}

func TestAChangedRateActsFromThatMomentAndKeepsTheLuckOfTheRequestUnderWay(t *testing.T) {
	k := sim.NewKernel()
	l := &listener{}
	spec := stream(demand.Stream{Rate: 10})
	var err error
	l.d, err = demand.New(k, spec, env(rngtest.Seed(t, 1), 0), l)
	require.NoError(t, err)
	l.d.Start(0)
	k.RunUntil(100 * sim.Second)
	twice := stream(demand.Stream{Rate: 20})
	require.NoError(t, l.d.Reconfigure(k.Now(), twice))
	k.RunUntil(550 * sim.Second)

	plain := play(t, spec, env(rngtest.Seed(t, 1), 0), 1000*sim.Second, false)
	require.Equal(t, plain.keys, l.keys)
	for i, at := range plain.at {
		want := at.Seconds()
		if want > 100 {
			want = 100 + (want-100)/2
		}
		require.InDelta(t, want, l.at[i].Seconds(), 1e-5)
	}
}

func TestAStreamCanFallSilentAndWakeAgain(t *testing.T) {
	k := sim.NewKernel()
	l := &listener{}
	var err error
	l.d, err = demand.New(k, stream(demand.Stream{Rate: 10}), env(rngtest.Seed(t, 1), 0), l)
	require.NoError(t, err)
	l.d.Start(0)
	k.RunUntil(100 * sim.Second)
	require.NoError(t, l.d.Reconfigure(k.Now(), stream(demand.Stream{})))
	n := len(l.at)
	k.RunUntil(200 * sim.Second)
	require.Len(t, l.at, n)
	require.NoError(t, l.d.Reconfigure(k.Now(), stream(demand.Stream{Rate: 10})))
	k.RunUntil(300 * sim.Second)
	assert.InDelta(t, n+1000, len(l.at), 6*math.Sqrt(1000))
}

func TestAdoptionFollowsBass(t *testing.T) {
	// Innovation alone: the active are 1 - exp(-p t), and so are their requests.
	p := 1.0 / 2000
	s := demand.Stream{PerUser: 0.01, TopTenth: 0.1, Adoption: &demand.Adoption{From: unit.Instant(100 * sim.Second), Innovation: unit.UserRate(p), Memory: unit.Duration(sim.Hour)}}
	spec := stream(s)
	spec.Step = unit.Duration(sim.Second)
	l := play(t, spec, env(rngtest.Seed(t, 1), 20000), 4100*sim.Second, false)
	want := make([]float64, 41)
	integral := func(x float64) float64 { return 200 * (x - (1-math.Exp(-p*x))/p) }
	for i := 1; i < 41; i++ {
		want[i] = integral(float64(i*100)) - integral(float64(i*100-100))
	}
	requirePoisson(t, l.at, 100*sim.Second, want)
	require.GreaterOrEqual(t, l.at[0], 100*sim.Second)
}

func TestWordOfMouthGrowsWithWhatUsersReceivedAndStopsWithoutIt(t *testing.T) {
	s := demand.Stream{PerUser: 0.01, TopTenth: 0.571, Adoption: &demand.Adoption{AtOnce: 0.01, Imitation: 0.5, Memory: unit.Duration(sim.Minute)}}
	served := play(t, stream(s), env(rngtest.Seed(t, 1), 20000), 3*sim.Hour, true)
	refused := play(t, stream(s), env(rngtest.Seed(t, 1), 20000), 3*sim.Hour, false)
	assert.InDelta(t, 2*10800, len(refused.at), 6*math.Sqrt(21600), "nobody received anything: 1 % of the users stay alone")
	assert.Greater(t, len(served.at), 10*len(refused.at))
}

func TestSignUpsGrowTheNumberedPopulationUpToTheirReach(t *testing.T) {
	spec := stream(demand.Stream{PerUser: 0.01, TopTenth: 0.1})
	spec.Streams = append(spec.Streams, demand.Stream{Name: "join", Class: "signup", Tier: "free", Interest: 1, Weekend: 1,
		Sharing: &demand.Sharing{Class: "image", PerCompletion: 0.2, Memory: unit.Duration(sim.Minute), Reach: 5000}})
	l := play(t, spec, env(rngtest.Seed(t, 1), 1000), 3*sim.Hour, true)
	require.Equal(t, 6000, l.d.Users())
	joined, seen := 0, map[models.User]bool{}
	for _, u := range l.users {
		switch {
		case u == models.Anonymous:
			joined++
		case u >= 1000:
			seen[u] = true
			require.Less(t, int(u-1000), joined, "nobody asks before signing up")
		}
	}
	assert.Greater(t, joined, 4500)
	assert.LessOrEqual(t, joined, 5100)
	assert.Greater(t, len(seen), 4400)
}

func TestAFluidStreamIsTheIntegralOfItsRate(t *testing.T) {
	l := play(t, stream(demand.Stream{Class: "chat", PerUser: 1e-3, Profile: []demand.Point{{At: 0, X: 0}, {At: unit.Instant(sim.Hour), X: 2}}}), env(rngtest.Seed(t, 1), 1e6), 2*sim.Hour, false)
	assert.InDelta(t, 1000*(3600+7200), l.flow, 1)
	assert.Empty(t, l.at)
}
