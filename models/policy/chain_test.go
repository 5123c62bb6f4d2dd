package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A stub refuses when told to, sets a longest wait, and counts whom it saw.
type stub struct {
	Refuses bool
	Holds   bool
	MaxWait sim.Time
	Wrong   string
	Seen    *int
}

type stubPolicy struct {
	spec    stub
	reason  models.Reason
	started sim.Time
	saw     int
}

func (s *stub) New(env policy.Env) (policy.Policy, error) {
	p := &stubPolicy{reason: env.Reason(models.Unavailable), started: env.Now()}
	return p, p.Reconfigure(s)
}

func (p *stubPolicy) Admit(*models.Attempt, *models.Signals) models.Verdict {
	p.saw++
	if p.spec.Seen != nil {
		*p.spec.Seen = p.saw
	}
	if p.spec.Refuses {
		return models.Verdict{Reason: p.reason, RetryAfter: p.started}
	}
	return models.Verdict{MaxWait: p.spec.MaxWait}
}

func (p *stubPolicy) Hold(*models.Attempt, sim.Time) bool { return p.spec.Holds }

func (p *stubPolicy) Reconfigure(spec policy.Spec) error {
	s := spec.(*stub)
	if s.Wrong != "" {
		return errors.New(s.Wrong)
	}
	p.spec = *s
	return nil
}

const (
	free models.Tier = iota
	plus
)

const (
	image models.Class = iota
	signup
)

var classes = []string{"image", "signup"}

// world returns an Env of two tiers whose time is at *now.
func world(now *sim.Time) policy.Env {
	return policy.Env{
		Seed: 1, Users: 100, Horizon: sim.Day,
		Tiers:   []policy.TierInfo{{Name: "free", Priority: 1}, {Name: "plus", Paid: true}},
		Classes: classes,
		Reasons: new(models.Reasons),
		Now:     func() sim.Time { return *now },
	}
}

func chain(t *testing.T, env policy.Env, items ...policy.Item) *policy.Chain {
	t.Helper()
	c, err := policy.NewChain(items, env)
	require.NoError(t, err)
	return c
}

func item(name string, s stub) policy.Item {
	return policy.Item{Name: name, Kind: "stub", Enabled: true, Spec: &s}
}

func TestTheFirstPolicyThatRefusesHasTheWordAndTheNextNeverSeesTheAttempt(t *testing.T) {
	var now sim.Time
	var first, second, third int
	env := world(&now)
	c := chain(t, env,
		item("first", stub{Seen: &first}),
		item("second", stub{Seen: &second, Refuses: true}),
		item("third", stub{Seen: &third, Refuses: true}))

	v := c.Admit(&models.Attempt{}, &models.Signals{})
	require.NotZero(t, v.Reason)
	assert.Equal(t, models.Refusal{Name: "second", Status: models.Unavailable}, env.Reasons.Get(v.Reason))
	assert.Equal(t, []int{1, 1, 0}, []int{first, second, third})
}

func TestTheLongestWaitIsTheLeastThatAnyPolicySets(t *testing.T) {
	var now sim.Time
	c := chain(t, world(&now),
		item("a", stub{}),
		item("b", stub{MaxWait: sim.Hour}),
		item("c", stub{MaxWait: sim.Minute}),
		item("d", stub{MaxWait: sim.Day}),
		item("e", stub{}))
	assert.Equal(t, models.Verdict{MaxWait: sim.Minute}, c.Admit(&models.Attempt{}, &models.Signals{}))
}

func TestAnItemActsOnItsTiersAndClassesOnly(t *testing.T) {
	var now sim.Time
	for _, tc := range []struct {
		tiers, classes []string
		refused        [2][2]bool // by tier and class
	}{
		{nil, nil, [2][2]bool{free: {true, true}, plus: {true, true}}},
		{[]string{"plus"}, nil, [2][2]bool{plus: {true, true}}},
		{nil, []string{"signup"}, [2][2]bool{free: {signup: true}, plus: {signup: true}}},
		{[]string{"free"}, []string{"image"}, [2][2]bool{free: {image: true}}},
		{[]string{"free", "plus"}, []string{"image", "signup"}, [2][2]bool{free: {true, true}, plus: {true, true}}},
	} {
		it := item("gate", stub{Refuses: true, Holds: true})
		it.Tiers, it.Classes = tc.tiers, tc.classes
		c := chain(t, world(&now), it)
		for _, tier := range []models.Tier{free, plus} {
			for _, class := range []models.Class{image, signup} {
				a := models.Attempt{Tier: tier, Class: class}
				assert.Equal(t, tc.refused[tier][class], c.Admit(&a, &models.Signals{}).Reason != 0, "%v %v", tc, a)
				assert.Equal(t, tc.refused[tier][class], c.Hold(&a, now), "%v %v", tc, a)
			}
		}
	}
}

func TestADisabledItemDoesNothing(t *testing.T) {
	var now sim.Time
	it := item("gate", stub{Refuses: true, Holds: true})
	it.Enabled = false
	c := chain(t, world(&now), it)
	assert.Zero(t, c.Admit(&models.Attempt{}, &models.Signals{}))
	assert.False(t, c.Hold(&models.Attempt{}, now))
}

func TestAnItemThatGoesOnKeepsItsStateAndOneThatIsEnabledAgainStartsAfresh(t *testing.T) {
	now := sim.Hour
	var seen int
	c := chain(t, world(&now), item("gate", stub{Seen: &seen, Refuses: true}))
	admit := func() models.Verdict { return c.Admit(&models.Attempt{}, &models.Signals{Now: now}) }
	admit()
	admit()
	require.Equal(t, 2, seen)

	now = 2 * sim.Hour
	require.NoError(t, c.Reconfigure([]policy.Item{item("other", stub{}), item("gate", stub{Seen: &seen, Refuses: true})}))
	v := admit()
	assert.Equal(t, 3, seen, "it has kept its count")
	assert.Equal(t, sim.Hour, v.RetryAfter, "and has not started again")

	off := item("gate", stub{Seen: &seen, Refuses: true})
	off.Enabled = false
	require.NoError(t, c.Reconfigure([]policy.Item{off}))
	assert.Zero(t, admit().Reason)

	now = 3 * sim.Hour
	on := off
	on.Enabled = true
	require.NoError(t, c.Reconfigure([]policy.Item{on}))
	v = admit()
	assert.Equal(t, 1, seen, "it counts from the start")
	assert.Equal(t, 3*sim.Hour, v.RetryAfter, "which is now")
}

func TestAnItemOfAnotherKindStartsAfreshUnderTheOldName(t *testing.T) {
	var now sim.Time
	var seen int
	c := chain(t, world(&now), item("gate", stub{Seen: &seen}))
	c.Admit(&models.Attempt{}, &models.Signals{})
	other := item("gate", stub{Seen: &seen})
	other.Kind = "another"
	require.NoError(t, c.Reconfigure([]policy.Item{other}))
	c.Admit(&models.Attempt{}, &models.Signals{})
	assert.Equal(t, 1, seen)
}

func TestReasonsKeepTheirNumbersHoweverOftenItemsAreSwitched(t *testing.T) {
	var now sim.Time
	env := world(&now)
	off := item("gate", stub{Refuses: true})
	off.Enabled = false
	c := chain(t, env, off, item("last", stub{Refuses: true}))
	before := env.Reasons.Len()
	for range 3 {
		require.NoError(t, c.Reconfigure([]policy.Item{item("gate", stub{Refuses: true}), item("last", stub{})}))
		assert.Equal(t, "gate", env.Reasons.Get(c.Admit(&models.Attempt{}, &models.Signals{}).Reason).Name)
		require.NoError(t, c.Reconfigure([]policy.Item{off, item("last", stub{Refuses: true})}))
		assert.Equal(t, "last", env.Reasons.Get(c.Admit(&models.Attempt{}, &models.Signals{}).Reason).Name)
	}
	assert.Equal(t, before, env.Reasons.Len())
}

func TestAFaultyItemIsNamedAndChangesNothing(t *testing.T) {
	var now sim.Time
	c := chain(t, world(&now), item("a", stub{Refuses: true}), item("b", stub{}))
	tier, class, kind := item("b", stub{}), item("b", stub{}), item("b", stub{})
	tier.Tiers = []string{"fre"}
	class.Classes = []string{"imag"}
	kind.Spec = nil
	for want, b := range map[string]policy.Item{
		"policy b: rate is negative":           item("b", stub{Wrong: "rate is negative"}),
		`policy b: there is no tier "fre"`:     tier,
		`policy b: there is no class "imag"`:   class,
		`policy b: kind "stub" has no param`:   kind,
		"policy a: there are two of this name": item("a", stub{}),
	} {
		assert.ErrorContains(t, c.Reconfigure([]policy.Item{item("a", stub{}), b}), want)
		assert.NotZero(t, c.Admit(&models.Attempt{}, &models.Signals{}).Reason, "a goes on refusing")
		_, err := policy.NewChain([]policy.Item{item("a", stub{}), b}, world(&now))
		assert.ErrorContains(t, err, want)
	}
}

func TestLuckDependsOnTheItemsNameAndTheUserOrRequestAlone(t *testing.T) {
	var now sim.Time
	env := world(&now)
	env.Name = "gate"
	draw := func(s rng.Source) uint64 { return s.Uint64() }
	of := func(env policy.Env, a models.Attempt) (user, request uint64) {
		return draw(env.Luck().OfUser(&a)), draw(env.Luck().OfRequest(a.Request))
	}
	user, request := of(env, models.Attempt{User: 7, Request: 70})

	sameUser, otherRequest := of(env, models.Attempt{User: 7, Request: 71, Tier: plus})
	assert.Equal(t, user, sameUser, "sticky")
	assert.NotEqual(t, request, otherRequest)

	otherUser, sameRequest := of(env, models.Attempt{User: 8, Request: 70})
	assert.NotEqual(t, user, otherUser)
	assert.Equal(t, request, sameRequest)

	anonymous, _ := of(env, models.Attempt{User: models.Anonymous, Request: 70})
	assert.Equal(t, request, anonymous)

	env.Name = "appeal"
	u, r := of(env, models.Attempt{User: 7, Request: 70})
	assert.NotEqual(t, user, u, "another item, another luck")
	assert.NotEqual(t, request, r)
}

func TestAKindIsRegisteredOnce(t *testing.T) {
	policy.Register(policy.Kind{Name: "test-stub", Doc: "A stub.", Fresh: func() policy.Spec { return new(stub) }})
	assert.Contains(t, policy.Kinds(), "test-stub")
	assert.Equal(t, "A stub.", policy.Of("test-stub").Doc)
	a, ok := policy.Fresh("test-stub")
	require.True(t, ok)
	b, _ := policy.Fresh("test-stub")
	assert.NotSame(t, a, b)
	_, ok = policy.Fresh("test-stab")
	assert.False(t, ok)
	assert.PanicsWithValue(t, "policy: kind test-stub is registered twice", func() { policy.Register(policy.Kind{Name: "test-stub"}) })
}

func ExampleChain() {
	var now sim.Time
	env := world(&now)
	c, _ := policy.NewChain([]policy.Item{
		{Name: "patience", Kind: "stub", Enabled: true, Spec: &stub{MaxWait: sim.Minute}},
		{Name: "no-free-signups", Kind: "stub", Enabled: true, Tiers: []string{"free"}, Classes: []string{"signup"}, Spec: &stub{Refuses: true}},
	}, env)

	for _, class := range []models.Class{image, signup} {
		v := c.Admit(&models.Attempt{Tier: free, Class: class}, &models.Signals{})
		if v.Reason != 0 {
			fmt.Println(classes[class], "refused by", env.Reasons.Get(v.Reason).Name)
		} else {
			fmt.Println(classes[class], "may wait", v.MaxWait)
		}
	}
	// Output:
	// image may wait 1m0s
	// signup refused by no-free-signups
}

// hears is a stub that is told how attempts end.
type hears struct{ stub }

type hearing struct{ stubPolicy }

func (s *hears) New(policy.Env) (policy.Policy, error) { return new(hearing), nil }

func (p *hearing) Finish(*models.Attempt, models.Outcome, sim.Time) {}

func TestOneListenerTooManyChangesNothingInThoseBeforeIt(t *testing.T) {
	var now sim.Time
	listener := func(n int) policy.Item {
		return policy.Item{Name: fmt.Sprint("listener", n), Kind: "hears", Spec: new(hears), Enabled: true}
	}
	items := []policy.Item{item("first", stub{MaxWait: sim.Minute})}
	for i := range 64 {
		items = append(items, listener(i))
	}
	c := chain(t, world(&now), items...)
	items = append(slices.Clone(items), listener(64))
	items[0].Spec = &stub{MaxWait: sim.Hour}
	assert.ErrorContains(t, c.Reconfigure(items), "policy listener64: is told how attempts end, for which there is room for 64 policies")
	assert.Equal(t, sim.Minute, c.Admit(&models.Attempt{}, &models.Signals{}).MaxWait)
}
