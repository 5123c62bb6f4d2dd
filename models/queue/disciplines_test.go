package queue_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A bench drives a queue whose attempts are told apart by slot.
type bench struct {
	t     testing.TB
	q     *queue.Queue
	table [4096]models.Attempt
	n     int
}

func on(t testing.TB, spec queue.Spec, env queue.Env) *bench {
	t.Helper()
	q, err := queue.New(spec, env)
	require.NoError(t, err)
	return &bench{t: t, q: q}
}

// join lets an attempt join and returns its slot.
func (b *bench) join(now sim.Time, a models.Attempt) models.Slot {
	slot := models.Slot(b.n)
	b.n++
	a.Admitted, a.Arrived = now, now
	b.table[slot] = a
	b.q.Push(now, slot, &b.table[slot])
	return slot
}

// next is the slot that is taken next.
func (b *bench) next(now sim.Time) models.Slot {
	e, ok := b.q.Pop(now)
	require.True(b.t, ok)
	if e.Slot != models.None {
		b.table[e.Slot].Started = now
	}
	return e.Slot
}

func TestAdaptiveLIFOTurnsAroundWhileItHasNotBeenEmptyForSoLong(t *testing.T) {
	spec := of("adaptive-lifo")
	spec.NotEmptyFor = unit.Duration(10 * sim.Second)
	b := on(t, spec, env())
	first := b.join(0, models.Attempt{})
	second := b.join(1*sim.Second, models.Attempt{})
	third := b.join(2*sim.Second, models.Attempt{})
	fourth := b.join(3*sim.Second, models.Attempt{})
	assert.Equal(t, first, b.next(9*sim.Second))
	assert.Equal(t, fourth, b.next(10*sim.Second))
	assert.Equal(t, third, b.next(11*sim.Second))
	assert.Equal(t, second, b.next(12*sim.Second))
	fifth := b.join(13*sim.Second, models.Attempt{}) // it was empty: the clock begins anew
	b.join(14*sim.Second, models.Attempt{})
	assert.Equal(t, fifth, b.next(20*sim.Second))
}

func TestAdaptiveLIFOTurnsAroundWhileItIsLong(t *testing.T) {
	spec := of("adaptive-lifo")
	spec.NotEmptyFor, spec.LongerThan = unit.Duration(sim.Hour), 2
	b := on(t, spec, env())
	first := b.join(0, models.Attempt{})
	b.join(0, models.Attempt{})
	third := b.join(0, models.Attempt{})
	assert.Equal(t, third, b.next(0))
	assert.Equal(t, first, b.next(0))
}

func TestTheTimesOfAPresetAreThoseThatItSays(t *testing.T) {
	for preset, after := range map[string]sim.Time{"source": 100 * sim.Millisecond, "inference": 10 * sim.Second} {
		spec := of("adaptive-lifo")
		spec.Preset = preset
		b := on(t, spec, env())
		first, _, last := b.join(0, models.Attempt{}), b.join(0, models.Attempt{}), b.join(0, models.Attempt{})
		assert.Equal(t, first, b.next(after-1), preset)
		assert.Equal(t, last, b.next(after), preset)
	}
}

func TestAnAttemptGainsAPriorityForEachAgeingThatItWaits(t *testing.T) {
	spec := of("priority")
	spec.Ageing = unit.Duration(10 * sim.Second)
	b := on(t, spec, env())
	low := b.join(0, models.Attempt{Priority: 2})
	before := b.join(19*sim.Second, models.Attempt{Priority: 0})
	behind := b.join(21*sim.Second, models.Attempt{Priority: 0})
	assert.Equal(t, before, b.next(21*sim.Second))
	assert.Equal(t, low, b.next(21*sim.Second))
	assert.Equal(t, behind, b.next(21*sim.Second))
}

// Two tiers that always have work get service as their weights: here the tier of
// weight 3 has attempts of 2 s, the other of 1 s.
func TestWeightedFairQueuesShareServiceByWeight(t *testing.T) {
	for _, discipline := range []string{"drr", "sfq", "vtc"} {
		spec := of(discipline)
		spec.Flow = "tier"
		spec.Tiers = []queue.TierSpec{{Name: "plus", Weight: 3}, {Name: "free", Weight: 1}}
		e := env()
		e.Cost = func(a *models.Attempt) sim.Time { return sim.Time(2-int(a.Tier)) * sim.Second }
		b := on(t, spec, e)
		served := [2]float64{}
		for range 2000 {
			for tier := range 2 {
				b.join(0, models.Attempt{Tier: models.Tier(tier)})
			}
		}
		for range 1000 {
			s := b.next(0)
			tier := b.table[s].Tier
			served[tier] += float64(2 - tier)
			b.q.Ended(0, s, &b.table[s], sim.Time(2-int(tier))*sim.Second)
			// At any moment the lag is bounded by the largest costs.
			assert.InDelta(t, served[0]/3, served[1], 6, discipline)
		}
	}
}

func TestATierThatWasAwayHasSavedUpNothing(t *testing.T) {
	for _, discipline := range []string{"drr", "sfq", "vtc"} {
		spec := of(discipline)
		spec.Flow = "tier"
		b := on(t, spec, env())
		serve := func() models.Tier {
			s := b.next(0)
			b.q.Ended(0, s, &b.table[s], sim.Second)
			return b.table[s].Tier
		}
		for range 200 {
			b.join(0, models.Attempt{Tier: 0})
		}
		for range 100 {
			serve()
		}
		for range 50 {
			b.join(0, models.Attempt{Tier: 1})
		}
		n := 0
		for range 40 {
			n += int(serve())
		}
		assert.InDelta(t, 20, n, 2, discipline)
	}
}

// A flow that floods its hand does not hold up one with another hand.
func TestAFloodOfOneUserFillsItsOwnHandOnly(t *testing.T) {
	b := on(t, of("apf"), env())
	served := []models.Slot{}
	for range 2 {
		b.join(0, models.Attempt{User: 1})
		served = append(served, b.next(0))
	}
	for range 1000 {
		b.join(0, models.Attempt{User: 1})
	}
	assert.Equal(t, 400, b.q.Len(), "8 queues of 50")
	quiet := b.join(0, models.Attempt{User: 2})
	now, waited := sim.Time(0), 0
	for ; served[len(served)-1] != quiet; waited++ {
		now += sim.Second
		s := served[len(served)-2]
		b.q.Ended(now, s, &b.table[s], sim.Second)
		served = append(served, b.next(now))
	}
	assert.LessOrEqual(t, waited, 9)
}

func TestTheErrorOfAPredictionBelongsToTheRequest(t *testing.T) {
	order := func(cv float64, request func(i int) rng.Key) (list []models.Slot) {
		spec := of("sjf")
		spec.PredictionCV = cv
		b := on(t, spec, env())
		for i := range 50 {
			b.join(0, models.Attempt{Request: request(i), Service: sim.Time(100+i) * sim.Second})
		}
		for range 50 {
			list = append(list, b.next(0))
		}
		return list
	}
	same := func(int) rng.Key { return 77 }
	known := order(0, same)
	for i, s := range known {
		assert.EqualValues(t, i, s)
	}
	// The same request has the same error: sizes keep their order.
	assert.Equal(t, known, order(1, same))
	other := func(i int) rng.Key { return rng.Key(i) }
	assert.NotEqual(t, known, order(1, other))
	assert.Equal(t, order(1, other), order(1, other))
}

func TestWhoIsServedAtRandomIsServedUniformly(t *testing.T) {
	counts := [5]int{}
	b := on(t, of("random"), env())
	const rounds = 20000
	for range rounds {
		b.n = 0
		for range 5 {
			b.join(0, models.Attempt{})
		}
		counts[b.next(0)]++
		for range 4 {
			b.next(0)
		}
	}
	for _, n := range counts {
		assert.InDelta(t, rounds/5, n, 6*57) // six standard deviations
	}
}

func TestEveryDisciplineIsDocumented(t *testing.T) {
	for _, k := range queue.Disciplines {
		assert.NotEmpty(t, k.Doc, k.Name)
		assert.NotEmpty(t, k.Source, k.Name)
		assert.NotEmpty(t, k.Fails, k.Name)
	}
}

// Tier 0 is served for a minute while its class is predicted to take a second, and both
// tiers wait. Half a minute on it is, predicted, a second ahead of the other; charged as
// the service goes on, it is half a minute ahead.
func TestAServiceIsChargedAheadOrAsItGoesOn(t *testing.T) {
	for _, tc := range []struct {
		charge  string
		next    []models.Tier
		charged float64 // tier 0 when the minute is over
	}{{"predicted", []models.Tier{1, 0, 1}, 61}, {"served", []models.Tier{1, 1, 1}, 60}} {
		spec := of("vtc")
		spec.Flow, spec.Charge = "tier", tc.charge
		e := env()
		e.Cost = func(*models.Attempt) sim.Time { return sim.Second }
		b := on(t, spec, e)
		long := b.join(0, models.Attempt{Tier: 0})
		for range 3 {
			b.join(0, models.Attempt{Tier: 0})
			b.join(0, models.Attempt{Tier: 1})
		}
		require.Equal(t, long, b.next(0), "who came first of equals")
		var got []models.Tier
		for range 3 {
			got = append(got, b.table[b.next(30*sim.Second)].Tier)
		}
		assert.Equal(t, tc.next, got, tc.charge)
		b.q.Ended(sim.Minute, long, &b.table[long], sim.Minute)
		assert.InDelta(t, tc.charged, queue.CounterOf(b.q, 0), 1e-9, "at the end it has been charged for what it took")
	}
}

// What a discipline says that it reads is what the section has.
func TestEveryParameterThatADisciplineReadsIsOneOfTheQueue(t *testing.T) {
	keys := map[string]bool{}
	spec := reflect.TypeFor[queue.Spec]()
	for i := range spec.NumField() {
		keys[spec.Field(i).Tag.Get("yaml")] = true
	}
	for _, key := range []string{"preset", "not_empty_for", "longer_than", "ageing", "tiers", "quantum", "deadline", "flow", "tenants", "queues", "hand_size", "queue_length_limit", "prediction_cv", "sharing"} {
		require.True(t, keys[key], key)
		assert.False(t, queue.Reads("fifo", key), key)
	}
	assert.True(t, queue.Reads("fifo", "limit"))
	assert.True(t, queue.Reads("priority", "ageing"))
}
