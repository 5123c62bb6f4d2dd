package rng

import "math/bits"

// golden is 2^64 divided by the golden ratio, made odd: the increment of
// SplitMix64.
const golden = 0x9e3779b97f4a7c15

// A Source is a stream of random numbers: a SplitMix64 generator of Steele, Lea
// and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. Output
// n is mix64(start + n*gamma): a hash of a counter. It is a value of 16 bytes: copy
// it to fork the luck, keep it in a field and pass its address to draw from it. Its
// period is 2^64. The zero Source is not usable.
type Source struct {
	state uint64
	gamma uint64 // odd
}

// NewSource returns the stream of the given name in one replication of a seed.
// Each stream has a start and an increment of its own, so that two long streams
// are not shifted copies of each other.
func NewSource(seed, replication uint64, name string) Source {
	k := uint64(StreamKey(seed, replication, name))
	return Source{state: mixKey(k + golden), gamma: mixGamma(k)}
}

// Uint64 returns 64 random bits.
func (s *Source) Uint64() uint64 {
	s.state += s.gamma
	return mix64(s.state)
}

// Float64 returns a number of the open interval (0, 1): one of the 2^52 odd
// multiples of 2^-53, each equally likely. 1 - u is exact and is one of them
// too. It is never 0, 1/2 or 1.
func (s *Source) Float64() float64 {
	return float64((float64(s.Uint64()>>12) + 0.5) * 0x1p-52)
}

// Exp returns an exponential number of mean 1 by inversion of one uniform. The
// largest is 53 ln 2 = 36.7.
func (s *Source) Exp() float64 { return -Log(1 - s.Float64()) }

// Normal returns a standard normal number by inversion of one uniform. The
// largest is 8.2 in absolute value.
func (s *Source) Normal() float64 { return NormalQuantile(s.Float64()) }

// IntN returns an integer of 0 .. n-1, each exactly equally likely. It panics
// if n is 0. Method of Lemire, "Fast random integer generation in an interval",
// ACM TOMACS 29(1), 2019, algorithm 5: with n far below 2^64 it practically
// always takes one draw.
func (s *Source) IntN(n uint64) uint64 {
	if n == 0 {
		panic("rng: IntN of 0: there is no integer below it")
	}
	hi, lo := bits.Mul64(s.Uint64(), n)
	if lo < n {
		for reject := -n % n; lo < reject; {
			hi, lo = bits.Mul64(s.Uint64(), n)
		}
	}
	return hi
}

// Bool returns true with probability p: never for p <= 0, always for p >= 1. It
// takes one uniform whatever p is.
func (s *Source) Bool(p float64) bool { return s.Float64() < p }
