package sim

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestFromSecondsRoundsToTheNearestNanosecondAndSaturates(t *testing.T) {
	for _, c := range []struct {
		seconds float64
		want    Time
	}{
		{0, 0},
		{1, Second},
		{0.1, 100 * Millisecond},
		{1.4e-9, 1},
		{1.5e-9, 2},
		{0.49999999999999994e-9, 0},
		{-1.5e-9, -2},
		{-2.25, -2250 * Millisecond},
		{4503599.627370497, 4503599627370497}, // above 2^52 ns, where adding 0.5 would round again
		{9.3e9, Never},
		{math.Inf(1), Never},
		{math.Inf(-1), -Never},
		{math.MaxInt64 / 1e9, Never},
	} {
		assert.Equal(t, c.want, FromSeconds(c.seconds), "%v s", c.seconds)
	}
	assert.Panics(t, func() { FromSeconds(math.NaN()) })
}

func TestTimesReadLikeDurations(t *testing.T) {
	launch := FromDuration(26*time.Hour + 35*time.Minute)
	assert.Equal(t, Day+2*Hour+35*Minute, launch)
	assert.Equal(t, "26h35m0s", launch.String())
	assert.Equal(t, "never", Never.String())
	assert.Equal(t, 95700.0, launch.Seconds())
	assert.Equal(t, 26*time.Hour+35*time.Minute, launch.Duration())
}
