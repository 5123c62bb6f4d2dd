package rng

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

var luck = Purpose("test/luck")

func first(s Source) uint64 { return s.Uint64() }

func TestDrawsOfARequestDoNotDependOnWhatWasDrawnBefore(t *testing.T) {
	request := StreamKey(7, 0, "demand").Child(12)
	want := first(request.Draw(luck))
	other := request.Draw(Purpose("test/other"))
	for range 10 {
		other.Uint64()
		first(request.Child(3).Draw(luck))
	}
	require.Equal(t, want, first(request.Draw(luck)))
}

// Each of these pairs two draws that a simulation would hold to be independent.
func TestKeyedDrawsAreIndependent(t *testing.T) {
	stream := StreamKey(rngtest.Seed(t, 1), 0, "demand/requests")
	n := uint64(0)
	for name, pair := range map[string]func(n uint64) (Source, Source){
		"successive requests": func(n uint64) (a, b Source) { return stream.Child(2 * n).Draw(luck), stream.Child(2*n + 1).Draw(luck) },
		"two purposes":        func(n uint64) (a, b Source) { return stream.Child(n).Draw(1), stream.Child(n).Draw(2) },
		"two named purposes": func(n uint64) (a, b Source) {
			return stream.Child(n).Draw(luck), stream.Child(n).Draw(Purpose("test/other"))
		},
		"a request and its return": func(n uint64) (a, b Source) { return stream.Child(n).Draw(luck), stream.Child(n).Child(0).Draw(luck) },
		"two returns": func(n uint64) (a, b Source) {
			return stream.Child(n).Child(0).Draw(luck), stream.Child(n).Child(1).Draw(luck)
		},
		"successive purposes of a stream": func(n uint64) (a, b Source) { return stream.Draw(2 * n), stream.Draw(2*n + 1) },
		"small keys":                      func(n uint64) (a, b Source) { return Key(2 * n).Draw(luck), Key(2*n + 1).Draw(luck) },
		"two replications": func(n uint64) (a, b Source) {
			return StreamKey(1, n, "x").Child(0).Draw(luck), StreamKey(1, n+1, "x").Child(0).Draw(luck)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n = 0
			pairs(t, func() (uint64, uint64) {
				a, b := pair(n)
				n++
				return a.Uint64(), b.Uint64()
			})
		})
	}
}

func TestTheNumbersOfOneDrawAreIndependent(t *testing.T) {
	stream, n := StreamKey(rngtest.Seed(t, 1), 0, "demand/requests"), uint64(0)
	pairs(t, func() (uint64, uint64) {
		s := stream.Child(n).Draw(luck)
		n++
		return s.Uint64(), s.Uint64()
	})
}

// TestEveryBitMovesEveryBit is the strict avalanche criterion: each bit of the
// input flips each bit of the output with a chance of 1/2. 5.6 standard errors over
// 4,096 pairs are a false alarm of 10^-4 for each hash if it were binomial exactly;
// 6.5 make it 3 10^-7.
func TestEveryBitMovesEveryBit(t *testing.T) {
	const n = 4000
	for name, hash := range map[string]func(uint64) uint64{
		"request of a stream": func(x uint64) uint64 { return uint64(Key(42).Child(x)) },
		"parent of a child":   func(x uint64) uint64 { return uint64(Key(x).Child(3)) },
		"key of a draw":       func(x uint64) uint64 { return first(Key(x).Draw(luck)) },
		"purpose of a draw":   func(x uint64) uint64 { return first(Key(42).Draw(x)) },
		"seed of a stream":    func(x uint64) uint64 { return first(NewSource(x, 0, "x")) },
		"replication":         func(x uint64) uint64 { return first(NewSource(1, x, "x")) },
	} {
		t.Run(name, func(t *testing.T) {
			src := NewSource(rngtest.Seed(t, 1), 0, t.Name())
			for in := range 64 {
				var flips [64]int
				for range n {
					x := src.Uint64()
					d := hash(x) ^ hash(x^1<<in)
					for out := range flips {
						flips[out] += int(d >> out & 1)
					}
				}
				for out, f := range flips {
					assert.InDelta(t, n/2, f, 6.5*math.Sqrt(n)/2, "bit %d to bit %d", in, out)
				}
			}
		})
	}
}

func TestStreamsAndChildrenDoNotCollide(t *testing.T) {
	seen := map[Key]bool{}
	add := func(k Key) {
		require.False(t, seen[k])
		seen[k] = true
	}
	for s := range uint64(20) {
		for r := range uint64(20) {
			for _, name := range []string{"", "a", "b", "ab", "ba", "gpu/failures", "gpu/failure"} {
				k := StreamKey(s, r, name)
				add(k)
				for i := range uint64(50) {
					add(k.Child(i))
				}
			}
		}
	}
}

func TestPurposeIsFNV1a(t *testing.T) {
	// From the test vectors of the authors, in test_fnv.c.
	require.Equal(t, uint64(0xcbf29ce484222325), Purpose(""))
	require.Equal(t, uint64(0xaf63dc4c8601ec8c), Purpose("a"))
	require.Equal(t, uint64(0x85944171f73967e8), Purpose("foobar"))
}
