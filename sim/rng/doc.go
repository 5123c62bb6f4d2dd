// Package rng is the luck of the simulated world: named streams of random
// numbers, draws that belong to one request, distributions, and the portable
// elementary functions that they stand on.
//
// Everything here is a function of (seed, replication, name). A Source is a
// named stream: what it yields depends on no other stream, so that adding a
// consumer never shifts another. A Key is the identity of a request: the draws
// of a request depend on its key and on the purpose of the draw alone, so that
// the same request has the same luck under every policy, whatever else happened
// before it.
//
//	arrivals := rng.NewSource(seed, replication, "demand/free/arrivals")
//	gap := arrivals.Exp() / ratePerSecond
//
//	stream := rng.StreamKey(seed, replication, "demand/free/requests")
//	request := stream.Child(ordinal)     // the ordinal-th request of the stream
//	visit := request.Child(1)            // its user comes back once
//
//	var patience = rng.Purpose("client/patience")
//	law, err := rng.LogNormalFromQuantile(20, 0.99, 180) // median 20 s, p99 180 s
//	c.src = request.Draw(patience)       // a field: a local would escape to the heap
//	seconds := law.Sample(&c.src)
//
// # The same bits everywhere
//
// Go's math.Exp and math.Log are assembly on some platforms and differ by
// processor, and compilers fuse x*y + z into one rounding where the processor
// can. So this package has its own Exp, Log, Pow and normal functions in plain
// Go, and every product that could end in a sum is written float64(x*y), which
// the language forbids to fuse. Of package math only operations that IEEE 754
// defines to the last bit are used. testdata/golden.txt holds a hash of the
// outputs of each function and sampler; the same hashes come out on amd64, on
// amd64 with GOAMD64=v3, on arm64 and in WebAssembly.
//
// # Common random numbers
//
// A sampler takes a fixed number of uniforms and rises with them (it inverts the
// distribution function) wherever that is cheap; the others say so in their
// comments. Two laws that are sampled from equal sources are then as alike as
// they can be, which is what paired comparisons want.
package rng
