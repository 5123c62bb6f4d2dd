package rng

import "math/bits"

// A Key is the identity of a request, or of a stream of requests: 64 bits that
// stand for where it comes from. Keys are hashes: among 10^9 requests the chance
// that any two share a key is 3 %, and two that do only share their luck.
type Key uint64

// StreamKey returns the key of a named stream in one replication of a seed.
// Seed, replication and the 64-bit FNV-1a hash of the name are folded one after
// the other through mix64, which is a bijection: streams that differ in one of
// the three never collide, save two names with one FNV-1a hash.
func StreamKey(seed, replication uint64, name string) Key {
	h := mix64(seed + golden)
	h = mix64(h ^ (replication + golden))
	return Key(mix64(h ^ Purpose(name)))
}

// Child returns the key of the ordinal-th child: the ordinal-th request of a
// stream, the ordinal-th return of a user. The children of one key are distinct.
func (k Key) Child(ordinal uint64) Key {
	return Key(mix64(uint64(k) + golden*(ordinal+1)))
}

// Draw returns the source of what this request draws for one purpose, such as
// its patience or the jitter of its retries. Sources of different keys or
// purposes are independent; equal ones are equal, at any time and in any order.
// Take purposes from Purpose, so that rooms that do not know each other never
// use the same; for what is drawn afresh on each try, draw from a Child by the
// try's number.
func (k Key) Draw(purpose uint64) Source {
	// mixKey, not mix64, so that no source starts where a child key lies.
	return Source{state: mixKey(uint64(k) ^ purpose), gamma: golden}
}

// Purpose returns the number of a named purpose, such as "client/patience": its
// 64-bit FNV-1a hash (Fowler, Noll and Vo; RFC 9923). Compute it once, in a
// package variable.
func Purpose(name string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(name); i++ {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return h
}

// mix64 is the output function of SplitMix64, variant 13 of Stafford, "Better
// bit mixing", 2011: a bijection in which each input bit moves each output bit
// with a chance very near 1/2.
func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// mixKey is the 64-bit finaliser of MurmurHash3 (Appleby): another bijection of
// the same kind, with other constants.
func mixKey(z uint64) uint64 {
	z = (z ^ z>>33) * 0xff51afd7ed558ccd
	z = (z ^ z>>33) * 0xc4ceb9fe1a85ec53
	return z ^ z>>33
}

// mixGamma makes an increment for SplitMix64: odd, and with at least 24 places
// where neighbouring bits differ, for a smoother one makes a weak generator
// (Steele, Lea and Flood 2014, as in Source).
func mixGamma(z uint64) uint64 {
	z = mixKey(z) | 1
	if bits.OnesCount64(z^z>>1) < 24 {
		z ^= 0xaaaaaaaaaaaaaaaa
	}
	return z
}
