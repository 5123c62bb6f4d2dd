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

// wechat is a DAGOR over two tiers, with a user for each of the 128 levels of
// users in its first hour.
type wechat struct {
	t     *testing.T
	p     policy.Policy
	users [128]models.User
	now   sim.Time
}

func newWechat(t *testing.T, more func(*admission.DagorSpec)) *wechat {
	spec := &admission.DagorSpec{Threshold: seconds(5), Window: seconds(10), Alpha: 0.05, Beta: 0.01, Rehash: unit.Duration(sim.Hour)}
	if more != nil {
		more(spec)
	}
	env := environment()
	env.Tiers = []policy.TierInfo{{Name: "plus", Priority: 3}, {Name: "free", Priority: 7}}
	p, err := spec.New(env)
	require.NoError(t, err)
	w := &wechat{t: t, p: p}
	luck := env.Luck()
	for left, u := 128, models.User(1); left > 0; u++ {
		src := luck.OfUserIn(&models.Attempt{User: u}, 0)
		if of := &w.users[src.Uint64()%128]; *of == 0 {
			*of = u
			left--
		}
	}
	return w
}

// come lets one user come for each level from 0 to below n, and returns how many
// were admitted.
func (w *wechat) come(tier models.Tier, n int) (admitted int) {
	for u := range n {
		if w.p.Admit(&models.Attempt{Tier: tier, User: w.users[u]}, &models.Signals{Now: w.now, Waiting: 1}).Reason == 0 {
			admitted++
		}
	}
	return admitted
}

// end ends the window, in which one attempt started after the wait.
func (w *wechat) end(wait sim.Time) {
	w.p.(policy.Starter).Start(&models.Attempt{Admitted: w.now - wait}, &models.Signals{Now: w.now})
	w.now += 10 * sim.Second
	require.Equal(w.t, w.now+10*sim.Second, w.p.(policy.Ticker).Tick(&models.Signals{Now: w.now}))
}

func (w *wechat) level() int { return w.p.(interface{ Level() int }).Level() }

const wechatPlus, wechatFree models.Tier = 0, 1

func TestDagorWalksTheHistogramFromItsLevelToTheExpectedNumber(t *testing.T) {
	w := newWechat(t, nil)
	w.end(0)
	require.Equal(t, 256, w.level())

	// 100 come, one a level: 40 of plus, cells 0 to 39, and 60 of free, cells 128
	// to 187. All are admitted; after overload 95 % are to be: the cursor passes
	// the empty cells and then the 5 of 187 down to 183.
	hundred := func() int { return w.come(wechatPlus, 40) + w.come(wechatFree, 60) }
	assert.Equal(t, 100, hundred())
	w.end(6 * sim.Second)
	assert.Equal(t, 183, w.level())

	// Now 95 are admitted, and 1 % of all 100 more are expected, not of the 95:
	// 96, which one more cell gives.
	assert.Equal(t, 95, hundred())
	w.end(5 * sim.Second) // the threshold itself is no overload
	assert.Equal(t, 184, w.level())

	// 96 x 0.95 = 91.2: five cells down leave 91.
	assert.Equal(t, 96, hundred())
	w.end(5*sim.Second + 1)
	assert.Equal(t, 179, w.level())

	// Only plus comes: of its 40, 38 are to be left. The cursor passes all of free.
	assert.Equal(t, 40, w.come(wechatPlus, 40))
	w.end(6 * sim.Second)
	assert.Equal(t, 38, w.level())
	assert.Equal(t, 0, w.come(wechatFree, 128), "free goes before plus")

	// 128 came, none was admitted: 1.28 are to be, which takes the cells of plus,
	// in which nobody came, and two of free.
	w.end(0)
	assert.Equal(t, 130, w.level())
}

func TestDagorNeverShedsTheFirstCell(t *testing.T) {
	w := newWechat(t, func(s *admission.DagorSpec) { s.Alpha = 1 })
	w.come(wechatPlus, 40)
	w.end(6 * sim.Second)
	assert.Equal(t, 1, w.level())
	assert.Equal(t, 1, w.come(wechatPlus, 40))
}

func TestAWindowInWhichNobodyStartsIsOfOverloadIfSomeWaitWhereItMayBeShorterThanAService(t *testing.T) {
	for _, tc := range []struct {
		preset        string
		waiting, want int
	}{{"inference", 0, 256}, {"inference", 1, 183}, {"source", 0, 256}, {"source", 1, 256}} {
		w := newWechat(t, func(s *admission.DagorSpec) { s.Preset = tc.preset })
		w.p.(policy.Ticker).Tick(&models.Signals{})
		w.come(wechatPlus, 40)
		w.come(wechatFree, 60)
		w.p.(policy.Ticker).Tick(&models.Signals{Now: 10 * sim.Second, Waiting: tc.waiting})
		assert.Equal(t, tc.want, w.level(), "%+v", tc)
	}
}

func TestAWindowOfDagorEndsEarlyAfterSoManyAttempts(t *testing.T) {
	w := newWechat(t, func(s *admission.DagorSpec) { s.WindowRequests = 100 })
	w.end(0)
	w.p.(policy.Starter).Start(&models.Attempt{Admitted: w.now - sim.Minute}, &models.Signals{Now: w.now})
	w.now += 3 * sim.Second
	w.come(wechatFree, 99)
	require.Equal(t, 256, w.level())
	w.come(wechatPlus, 1)
	require.Equal(t, 222, w.level(), "five of the free at 128 + 98 and below")
	assert.Equal(t, w.now+10*sim.Second, w.p.(policy.Ticker).Tick(&models.Signals{Now: w.now + 7*sim.Second}), "the period of before has ended in vain")
	assert.Equal(t, 222, w.level())
}

func TestUsersAreHashedAnewEachHour(t *testing.T) {
	w := newWechat(t, func(s *admission.DagorSpec) { s.Alpha = 0.5 })
	w.come(wechatPlus, 128)
	w.end(6 * sim.Second) // the upper half of plus is out
	require.Equal(t, 64, w.level())
	again := 0
	for range 5 {
		require.Equal(t, 64, w.come(wechatPlus, 128), "the same users within the hour")
	}
	w.now = sim.Hour
	for u := range 64 {
		if w.p.Admit(&models.Attempt{User: w.users[u]}, &models.Signals{Now: w.now}).Reason == 0 {
			again++
		}
	}
	assert.InDelta(t, 32, again, 16, "half of them, by hash: not random, only even")
}

func TestDagorTakesOverNewConstantsAndKeepsItsLevel(t *testing.T) {
	w := newWechat(t, nil)
	w.come(wechatFree, 100)
	w.end(6 * sim.Second)
	level := w.level()
	require.Less(t, level, 256)
	require.NoError(t, w.p.Reconfigure(&admission.DagorSpec{Preset: "source", Alpha: 0.5, Beta: 0.5, Rehash: 1}))
	assert.Equal(t, level, w.level())
	for want, s := range map[string]*admission.DagorSpec{
		`preset is "millis", it must be source or inference`: {Preset: "millis", Rehash: 1},
		"threshold is -1ns, it must be more than 0":          {Threshold: -1, Rehash: 1},
		"alpha is 1.5, it must be 0 to 1":                    {Alpha: 1.5, Rehash: 1},
		"rehash is 0s, it must be more than 0":               {},
	} {
		assert.EqualError(t, w.p.Reconfigure(s), want)
	}
}
