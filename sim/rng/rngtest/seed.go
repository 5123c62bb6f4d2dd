// Package rngtest gives stochastic tests their seed. Only tests import it.
package rngtest

import (
	"os"
	"strconv"
	"testing"
)

// Seed is that of LAUNCHDAY_SEED, a whole number from 0 to 2^64-1, or the given one
// where it is not set or empty.
func Seed(t testing.TB, fixed uint64) uint64 {
	t.Helper()
	text := os.Getenv("LAUNCHDAY_SEED")
	if text == "" {
		return fixed
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("LAUNCHDAY_SEED is %q, it must be a whole number from 0 to 2^64-1", text)
	}
	return seed
}
