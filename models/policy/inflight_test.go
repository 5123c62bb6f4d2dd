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
	all := len(in)
	for i := range in[:all/2] { // of whose end it is told later
		require.True(t, f.Left(&in[i].a))
		require.False(t, f.Left(&in[i].a), "it has ended before")
		require.Equal(t, all-i-1, f.N)
	}
	n := f.N
	for i := range in[:all/2] {
		e, ok := f.Leave(&in[i].a)
		require.True(t, ok)
		require.EqualValues(t, all-i, e.AtEnd)
		require.Equal(t, n, f.N)
	}
	in = in[all/2:]
	assert.False(t, f.Left(&models.Attempt{Try: 9999}), "it never came")
	f.Clear()
	assert.Zero(t, f.N)
	_, ok := f.Leave(&in[0].a)
	assert.False(t, ok)
	f.Enter(&in[0].a, 1)
	got, ok := f.Leave(&in[0].a)
	assert.True(t, ok)
	assert.EqualValues(t, 1, got.InFlight)
}
