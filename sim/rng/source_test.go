package rng

import (
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// falseAlarm is the chance that a test of this file fails though nothing is wrong.
const falseAlarm = 1e-6

// uniformCounts requires that counts came from equally likely cells (chi-square).
func uniformCounts(t *testing.T, counts []int) {
	t.Helper()
	total := 0
	for _, c := range counts {
		total += c
	}
	expected := float64(total) / float64(len(counts))
	sum := 0.0
	for _, c := range counts {
		sum += (float64(c) - expected) * (float64(c) - expected) / expected
	}
	limit := distuv.ChiSquared{K: float64(len(counts) - 1)}.Quantile(1 - falseAlarm)
	assert.Less(t, sum, limit, "chi-square of %d cells", len(counts))
}

// pairs requires that the pairs of two sequences fill a 64 by 64 grid evenly, taken
// by their high bits and by their low bits.
func pairs(t *testing.T, next func() (a, b uint64)) {
	t.Helper()
	high, low := make([]int, 64*64), make([]int, 64*64)
	for range 200000 {
		a, b := next()
		high[a>>58<<6|b>>58]++
		low[a&63<<6|b&63]++
	}
	uniformCounts(t, high)
	uniformCounts(t, low)
}

func TestSuccessiveNumbersOfASourceAreIndependent(t *testing.T) {
	src := NewSource(rngtest.Seed(t, 1), 0, "pairs")
	pairs(t, func() (a, b uint64) { return src.Uint64(), src.Uint64() })
}

func TestStreamsOfOtherNamesSeedsAndReplicationsAreIndependent(t *testing.T) {
	s := rngtest.Seed(t, 1)
	a := NewSource(s, 0, "demand/free/arrivals")
	for name, b := range map[string]Source{
		"name":                 NewSource(s, 0, "demand/paid/arrivals"),
		"seed":                 NewSource(s+1, 0, "demand/free/arrivals"),
		"replication":          NewSource(s, 1, "demand/free/arrivals"),
		"seed and replication": NewSource(1, s, "demand/free/arrivals"),
	} {
		if s == 0 && name == "seed and replication" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			pairs(t, func() (uint64, uint64) { return a.Uint64(), b.Uint64() })
		})
	}
}

func TestEqualSeedsReplicationsAndNamesGiveEqualStreams(t *testing.T) {
	a, b := NewSource(7, 3, "gpu/failures"), NewSource(7, 3, "gpu/failures")
	for range 100 {
		require.Equal(t, a.Uint64(), b.Uint64())
	}
	require.NotEqual(t, NewSource(1, 2, "x"), NewSource(2, 1, "x"), "seed and replication are not interchangeable")
}

func TestFirstNumbersOfSuccessiveReplicationsAreIndependent(t *testing.T) {
	s, k := rngtest.Seed(t, 1), uint64(0)
	pairs(t, func() (uint64, uint64) {
		a, b := NewSource(s, k, "x"), NewSource(s, k+1, "x")
		k += 2
		return a.Uint64(), b.Uint64()
	})
}

func TestEveryIncrementIsOddAndRough(t *testing.T) {
	for n := range uint64(100000) {
		g := mixGamma(n)
		require.Equal(t, uint64(1), g&1)
		require.GreaterOrEqual(t, bits.OnesCount64(g^g>>1), 24)
	}
}

func TestFloat64IsOpenAndEven(t *testing.T) {
	// The extremes, through the arithmetic of Float64.
	require.Equal(t, 0x1p-53, (float64(uint64(0))+0.5)*0x1p-52)
	require.Less(t, (float64(uint64(math.MaxUint64)>>12)+0.5)*0x1p-52, 1.0)
	src := NewSource(rngtest.Seed(t, 1), 0, "floats")
	counts := make([]int, 1000)
	for range 200000 {
		u := src.Float64()
		require.True(t, u > 0 && u < 1)
		require.Equal(t, u, 1-(1-u), "1-u is exact")
		counts[int(u*1000)]++
	}
	uniformCounts(t, counts)
}

func TestIntNIsEvenAlsoWhereItMustReject(t *testing.T) {
	src := NewSource(rngtest.Seed(t, 1), 0, "integers")
	const n = 3 << 62 // a third of all 64-bit numbers is rejected
	counts := make([]int, 12)
	for range 200000 {
		v := src.IntN(n)
		require.Less(t, v, uint64(n))
		counts[v>>60]++
	}
	uniformCounts(t, counts)
	counts = make([]int, 7)
	for range 200000 {
		counts[src.IntN(7)]++
	}
	uniformCounts(t, counts)
	require.Zero(t, src.IntN(1))
	require.Panics(t, func() { src.IntN(0) })
}

func TestBoolHasItsProbability(t *testing.T) {
	src := NewSource(rngtest.Seed(t, 1), 0, "bools")
	const n, p = 200000, 0.03
	yes := 0
	for range n {
		require.False(t, src.Bool(0))
		require.True(t, src.Bool(1))
		if src.Bool(p) {
			yes++
		}
	}
	assert.InDelta(t, n*p, yes, 4.9*math.Sqrt(n*p*(1-p))) // 10^-6
}

func TestSplitMix64GivesThePublishedNumbers(t *testing.T) {
	// First outputs of java.util.SplittableRandom's reference in C (Vigna,
	// splitmix64.c) for the state 1234567.
	s := Source{state: 1234567, gamma: golden}
	for _, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		require.Equal(t, want, s.Uint64())
	}
}
