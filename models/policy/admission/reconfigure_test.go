package admission_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/admission"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// at is an environment whose time is at *now.
func at(now *sim.Time) policy.Env {
	env := environment()
	env.Now = func() sim.Time { return *now }
	return env
}

func TestThePublishedRatesOfSedaAreThoseOfTheScaleOfTheRun(t *testing.T) {
	rates := func(scale float64) (grown, least, most float64) {
		env := environment()
		env.Scale = scale
		rate := func(start float64, took sim.Time, runs int) float64 {
			s := &admission.SedaSpec{Preset: "source", Rate: unit.Rate(start), AdjD: 1.2, ErrI: -0.5, CI: -0.1, Burst: 10, Completions: 1}
			unit.Scale(s, scale)
			p, err := s.New(env)
			require.NoError(t, err)
			for range runs {
				p.(policy.Finisher).Finish(&models.Attempt{}, models.Completed, took)
			}
			return p.(interface{ Rate() float64 }).Rate()
		}
		return rate(100, 1, 10), rate(1, sim.Hour, 100), rate(4990, 1, 100)
	}
	grown, least, most := rates(1)
	assert.InDelta(t, 100+10*2*0.9, grown, 1e-6)
	assert.InDelta(t, 0.05, least, 1e-9)
	assert.InDelta(t, 5000, most, 1e-9)
	for _, scale := range []float64{0.1, 0.01} {
		g, l, m := rates(scale)
		assert.InEpsilon(t, scale*grown, g, 1e-9)
		assert.InEpsilon(t, scale*least, l, 1e-9)
		assert.InEpsilon(t, scale*most, m, 1e-9)
	}
}

func TestFewerCompletionsThanTheBatchOfSedaHoldsEndItWithTheNext(t *testing.T) {
	s := &admission.SedaSpec{Preset: "source", Rate: 100, AdjD: 2, ErrI: -0.5, CI: -0.1, Burst: 10, Completions: 100}
	p := newPolicy(t, s)
	finish := func() { p.(policy.Finisher).Finish(&models.Attempt{}, models.Completed, sim.Hour) }
	for range 50 {
		finish()
	}
	fewer := *s
	fewer.Completions = 10
	require.NoError(t, p.Reconfigure(&fewer))
	finish()
	assert.Equal(t, 50.0, p.(interface{ Rate() float64 }).Rate())
}

func TestFewerRequestsThanTheWindowOfDagorHoldsEndItWithTheNext(t *testing.T) {
	w := newWechat(t, func(s *admission.DagorSpec) { s.WindowRequests = 1000 })
	w.p.(policy.Starter).Start(&models.Attempt{Admitted: -sim.Minute}, &models.Signals{Now: w.now})
	w.come(wechatPlus, 100)
	require.NoError(t, w.p.Reconfigure(&admission.DagorSpec{Threshold: seconds(5), Window: seconds(10), Alpha: 0.05, Beta: 0.01, Rehash: unit.Duration(sim.Hour), WindowRequests: 50}))
	before := w.level()
	w.come(wechatPlus, 1)
	assert.Less(t, w.level(), before)
}

func TestAShorterWindowOfDagorEndsTheOneUnderWay(t *testing.T) {
	var now sim.Time
	s := admission.DagorSpec{Threshold: seconds(5), Window: seconds(7200), Alpha: 0.05, Beta: 0.01, Rehash: unit.Duration(sim.Hour)}
	p, err := s.New(at(&now))
	require.NoError(t, err)
	tick := func() sim.Time { return p.(policy.Ticker).Tick(&models.Signals{Now: now}) }
	require.Equal(t, 2*sim.Hour, tick())
	now = 10 * sim.Minute
	s.Window = seconds(10)
	require.NoError(t, p.Reconfigure(&s))
	require.Equal(t, 10*sim.Second, p.(policy.Periodic).Period())
	now += 10 * sim.Second
	assert.Equal(t, now+10*sim.Second, tick(), "it has ended")
}

func TestAPresetThatIsNotNamedIsThatOfInference(t *testing.T) {
	credits := func(preset string) int {
		p, err := (&admission.BreakwaterSpec{Preset: preset, A: 0.001, B: 0.02, Clients: 20}).New(environment())
		require.NoError(t, err)
		n, _ := p.(pooled).Pool()
		return n
	}
	assert.Equal(t, 0, credits("source"))
	assert.Equal(t, 20, credits("inference"))
	assert.Equal(t, 20, credits(""))
}

func TestWhatWasLetInByOtherClientsOfBreakwaterGivesNoCreditBack(t *testing.T) {
	s := admission.BreakwaterSpec{Preset: "source", A: 0.001, B: 0.02, Clients: 2}
	p, _ := built(t, &s)
	come := func(try uint16) bool {
		return p.Admit(&models.Attempt{User: 1, Try: try}, &models.Signals{Capacity: 5}).Reason == 0
	}
	end := func(try uint16) {
		p.(policy.Finisher).Finish(&models.Attempt{User: 1, Try: try}, models.Completed, 0)
	}
	for try := range uint16(5) {
		require.True(t, come(try))
	}
	require.False(t, come(9))
	s.Clients = 1
	require.NoError(t, p.Reconfigure(&s))
	in := 0
	for try := uint16(10); come(try); try++ {
		in++
	}
	require.Equal(t, 5, in, "all credits are dealt anew")
	for try := range uint16(5) {
		end(try) // of before
		require.False(t, come(20+try), "five are under way")
	}
	end(10)
	assert.True(t, come(30))
}

func TestTokensThatWereEarnedAtTheOldRateAreNotPaidAtTheNew(t *testing.T) {
	var now sim.Time
	s := admission.RajomonSpec{PriceStep: 1, GuidePrice: -1, DecayRate: 0.8, Tokens: 0, TokenStep: 1, TokenUpdate: seconds(100), Clients: 1}
	p, err := s.New(at(&now))
	require.NoError(t, err)
	// missing is how long the only client has still to save up for a price of 100 at
	// one token a second, which tells what it has.
	p.(policy.Starter).Start(&models.Attempt{Admitted: -sim.Minute}, &models.Signals{})
	dear := s
	dear.GuidePrice, dear.TokenStep = 100, 1
	require.NoError(t, p.Reconfigure(&dear))
	p.(policy.Ticker).Tick(&models.Signals{})
	require.NotZero(t, p.Admit(&models.Attempt{}, &models.Signals{Now: now}).Reason, "it is told the price")
	missing := func() sim.Time {
		var d sim.Time
		for p.(policy.Throttle).Throttles(&models.Attempt{}, now+d) {
			d += 500 * sim.Millisecond
		}
		return d
	}

	now = 1050 * sim.Second // ten periods and a half of the next
	fast := dear
	fast.TokenUpdate = seconds(1)
	require.NoError(t, p.Reconfigure(&fast))
	assert.Equal(t, 89500*sim.Millisecond, missing(), "it has ten tokens, and a half of a second of the next is over")
	now += 20 * sim.Second
	require.NoError(t, p.Reconfigure(&fast), "which changes nothing")
	assert.Equal(t, 69500*sim.Millisecond, missing())
	rich := fast
	rich.TokenStep = 10
	require.NoError(t, p.Reconfigure(&rich))
	assert.Equal(t, 6500*sim.Millisecond, missing(), "seventy are missing, and ten come each second")
	slow := rich
	slow.TokenUpdate = seconds(1000)
	require.NoError(t, p.Reconfigure(&slow))
	assert.Equal(t, 6500*sim.Second, missing())
}
