package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

func TestWhatIsInFlightIsKnownUntilItLeaves(t *testing.T) {
	var f policy.InFlight
	src := rng.StreamKey(1, 0, "flights").Draw(0)
	type entered struct {
		a models.Attempt
		n int32
		t sim.Time
	}
	var in []entered
	for i := range sim.Time(20_000) {
		if src.IntN(20_000) > uint64(i) || len(in) == 0 {
			// Few homes, so that many are not at theirs.
			a := models.Attempt{Request: rng.Key(src.IntN(50) << 8), Try: uint16(i), Copy: uint8(i >> 16)}
			f.Enter(&a, i)
			in = append(in, entered{a, int32(len(in) + 1), i})
			continue
		}
		k := src.IntN(uint64(len(in)))
		e := in[k]
		in[k] = in[len(in)-1]
		in = in[:len(in)-1]
		got, ok := f.Leave(&e.a)
		require.True(t, ok)
		require.Equal(t, e.t, got.Since)
		require.Equal(t, e.n, got.InFlight)
		_, ok = f.Leave(&e.a)
		require.False(t, ok, "it has left")
		require.Equal(t, len(in), f.N)
	}
	require.NotEmpty(t, in)
	f.Clear()
	assert.Zero(t, f.N)
	_, ok := f.Leave(&in[0].a)
	assert.False(t, ok)
	f.Enter(&in[0].a, 1)
	got, ok := f.Leave(&in[0].a)
	assert.True(t, ok)
	assert.EqualValues(t, 1, got.InFlight)
}
