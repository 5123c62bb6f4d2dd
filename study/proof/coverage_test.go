package proof

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// Ten experiments say little: that fewer than five intervals hold happens once in 300,000
// for each of seven figures. The command makes 400.
func TestIntervalsHoldTheExactValueMostOfTheTime(t *testing.T) {
	rows, err := Coverage(context.Background(), rngtest.Seed(t, 11), 10, nil)
	require.NoError(t, err)
	require.Len(t, rows, 7)
	for _, r := range rows {
		assert.GreaterOrEqual(t, r.Held, 5, "%s, %s", r.World, r.Figure)
		assert.Less(t, r.HalfWidth, 0.1)
	}
	var b strings.Builder
	require.NoError(t, CoverageText(&b, rows))
	assert.Contains(t, b.String(), "of 10")
	assert.True(t, (&Covered{Held: 365, Of: 400}).OK())
	assert.False(t, (&Covered{Held: 364, Of: 400}).OK())
	assert.False(t, (&Covered{Held: 394, Of: 400}).OK())
}
