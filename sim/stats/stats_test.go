package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// random returns the random numbers of one test: always the same, or those of
// LAUNCHDAY_SEED.
func random(t testing.TB, stream uint64) *rand.Rand {
	seed := rngtest.Seed(t, 2025)
	return rand.New(rand.NewPCG(seed, stream))
}

// assertShare fails if hits of n independent trials would be seen with a chance
// below 10⁻⁵ where each hits with chance p (normal approximation, 4.42 standard
// deviations).
func assertShare(t *testing.T, p float64, hits, n int, what string) {
	t.Helper()
	slack := 4.42 * math.Sqrt(p*(1-p)/float64(n))
	assert.InDelta(t, p, float64(hits)/float64(n), slack, "%s: %d of %d", what, hits, n)
}
