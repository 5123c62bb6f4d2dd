package unit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

type bucket struct {
	Burst  unit.Count
	Rate   unit.Rate
	Window unit.Duration
	Share  unit.Share
	PerDay unit.UserRate
	Weight unit.Factor
	Slots  int
}

type world struct {
	Users   unit.Count
	Bucket  *bucket
	None    *bucket
	Buckets []bucket
	Spec    any
	Own     Own
	Low     *unit.Count
}

// Own is a struct that scales itself.
type Own struct{ Nodes unit.Count }

func (o *Own) ScaleBy(f float64) { o.Nodes = 7 }

func TestScaleMultipliesWhatIsExtensiveAndLeavesTheRest(t *testing.T) {
	full := bucket{Burst: 5000, Rate: 100, Window: unit.Duration(sim.Hour), Share: 0.5, PerDay: 2, Weight: 3, Slots: 8}
	want := full
	want.Burst, want.Rate = 50, 1
	low, one, two := unit.Count(300), full, full
	w := world{Users: 12345, Bucket: &one, Buckets: []bucket{full}, Spec: &two, Own: Own{1}, Low: &low}
	unit.Scale(&w, 0.01)
	assert.Equal(t, unit.Count(123), w.Users)
	assert.Equal(t, want, *w.Bucket)
	assert.Equal(t, want, w.Buckets[0])
	assert.Equal(t, &want, w.Spec)
	assert.Equal(t, unit.Count(7), w.Own.Nodes)
	assert.Equal(t, unit.Count(3), low)
}

func TestACountIsNeverScaledToNothing(t *testing.T) {
	w := world{Users: 30, Own: Own{}}
	unit.Scale(&w, 0.001)
	assert.Equal(t, unit.Count(1), w.Users)
	w.Users = 0
	unit.Scale(&w, 0.001)
	assert.Zero(t, w.Users)
	w.Users = 0.94
	unit.Scale(&w, 1)
	assert.Equal(t, unit.Count(0.94), w.Users, "at full scale nothing is touched")
}

func TestWhatIsEmbeddedScalesItselfAndOnlyItself(t *testing.T) {
	p := struct {
		Own
		Limit unit.Count
	}{Own{1}, 100}
	unit.Scale(&p, 0.1)
	assert.Equal(t, unit.Count(10), p.Limit)
	assert.Equal(t, unit.Count(7), p.Nodes)
}
