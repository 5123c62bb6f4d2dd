package demand_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// feature is a stream that begins with a release, a spike after it.
func feature(postponed float64) demand.Spec {
	spec := stream(demand.Stream{Release: "video", Rate: 2, Spikes: []demand.Spike{{At: at(95), Height: 9, Hold: span(30)}}})
	spec.Releases = []demand.Release{{Name: "video", Planned: at(95), Postponed: span(postponed)}}
	return spec
}

// Nobody asks for what is not out; when it is, however late, all comes as it would have.
func TestWhatIsPostponedComesLaterAndIsTheSame(t *testing.T) {
	seed := rngtest.Seed(t, 61)
	want := play(t, feature(0), env(seed, 0), 500*sim.Second, false)
	require.GreaterOrEqual(t, want.at[0], 95*sim.Second, "not even in the step in which it comes out")
	requirePoisson(t, want.at, 5*sim.Second, rates(500/5, func(t float64) float64 {
		switch {
		case t < 95:
			return 0
		case t < 125:
			return 5 * 20
		}
		return 5 * 2
	}))

	// The rates are renewed each minute: an hour is that many steps.
	late := play(t, feature(3600), env(seed, 0), 4100*sim.Second, false)
	require.Len(t, late.at, len(want.at))
	for i := range want.at {
		require.InDelta(t, (want.at[i] + sim.Hour).Seconds(), late.at[i].Seconds(), 1e-6)
	}
	assert.Equal(t, want.keys, late.keys)
}

// A release in the middle of a step of the rates is no knot of any curve.
func TestAConstantRateBeginsAtTheInstantOfTheRelease(t *testing.T) {
	spec := stream(demand.Stream{Release: "video", Rate: 1000})
	spec.Releases = []demand.Release{{Name: "video", Planned: at(95)}}
	l := play(t, spec, env(rngtest.Seed(t, 63), 0), 100*sim.Second, false)
	require.NotEmpty(t, l.at)
	assert.GreaterOrEqual(t, l.at[0], 95*sim.Second)
	assert.Less(t, l.at[0], 95*sim.Second+25*sim.Millisecond, "false once in e^25 seeds")
	assert.InDelta(t, 5000, len(l.at), 6*71)
}

// rates are expected counts of intervals.
func rates(n int, f func(seconds float64) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = f(float64(i * 5))
	}
	return out
}

// Who would come to know of a feature does not before it is out.
func TestWordOfMouthBeginsWithTheRelease(t *testing.T) {
	spec := stream(demand.Stream{Release: "video", PerUser: 0.01, Adoption: &demand.Adoption{From: at(100), AtOnce: 0.5, Innovation: 0.002, Memory: span(60)}})
	spec.Releases = []demand.Release{{Name: "video", Planned: at(100), Postponed: span(230)}}
	l := play(t, spec, env(rngtest.Seed(t, 62), 1000), 1330*sim.Second, false)
	require.NotEmpty(t, l.at)
	assert.GreaterOrEqual(t, l.at[0], 330*sim.Second)
	// 10/s times the integral over 1,000 s of 1 - exp(-t/500s)/2.
	assert.InDelta(t, 7838, len(l.at), 6*89)

	spec.Streams[0].Adoption.From = at(99)
	_, err := demand.New(sim.NewKernel(), spec, env(1, 1000), &listener{})
	assert.ErrorContains(t, err, "demand.streams.s.adoption.from: lies before the release of video: want its planned date or later")
}

func TestAReleaseIsPostponedUntilItIsOut(t *testing.T) {
	k := sim.NewKernel()
	l := &listener{}
	var err error
	l.d, err = demand.New(k, feature(0), env(1, 0), l)
	require.NoError(t, err)
	l.d.Start(0)
	k.RunUntil(90 * sim.Second)
	require.NoError(t, l.d.Reconfigure(k.Now(), feature(300)))
	k.RunUntil(200 * sim.Second)
	require.Empty(t, l.at)
	l.d.EachRelease(func(_ int, planned, at sim.Time) {
		assert.Equal(t, [2]sim.Time{95 * sim.Second, 395 * sim.Second}, [2]sim.Time{planned, at})
	})
	assert.ErrorContains(t, l.d.Reconfigure(k.Now(), feature(20)), "demand.releases.video.postponed: 20s would have let it out already: want at least 1m45s")
	require.NoError(t, l.d.Reconfigure(k.Now(), feature(105)), "out at once")
	k.RunUntil(210 * sim.Second)
	assert.NotEmpty(t, l.at)
	assert.ErrorContains(t, l.d.Reconfigure(k.Now(), feature(900)), "demand.releases.video.postponed: it has come out already")

	for change, want := range map[string]func(s *demand.Spec){
		"demand.releases: cannot be added or removed":           func(s *demand.Spec) { s.Releases = nil },
		"demand.releases.video.planned: cannot change":          func(s *demand.Spec) { s.Releases[0].Planned = at(99) },
		"demand.releases.video.name: cannot change":             func(s *demand.Spec) { s.Releases[0].Name = "voice" },
		"demand.streams.s.release: cannot change during a run:": func(s *demand.Spec) { s.Streams[0].Release = "" },
	} {
		spec := feature(105)
		want(&spec)
		assert.ErrorContains(t, l.d.Reconfigure(k.Now(), spec), change)
	}
	closed := demand.Spec{Releases: feature(0).Releases, Streams: []demand.Stream{{Name: "s", Tier: "free", Class: "image", Release: "video", Closed: &demand.Closed{Users: 3, Think: unit.Dist{}}}}}
	assert.ErrorContains(t, closed.Check(env(1, 0).Tiers, env(1, 0).Classes), "release: stands beside closed")
}
