package rng

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// seed returns the seed of a stochastic test: LAUNCHDAY_SEED, or 1.
func seed(t *testing.T) uint64 {
	t.Helper()
	text, ok := os.LookupEnv("LAUNCHDAY_SEED")
	if !ok {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, "LAUNCHDAY_SEED must be a whole number")
	return n
}
