// Package batching is what the GPUs of one node do with several attempts at once.
//
// A Continuous node serves a language model by iteration-level scheduling (Yu et al.,
// Orca, OSDI 2022): it works in steps, a step decodes one token of every request that
// is decoding, prefills prompts beside them in chunks (Agrawal et al., Sarathi-Serve,
// OSDI 2024), and requests come and go between steps. Memory for keys and values is
// counted in tokens; where it is full, requests wait or the youngest is pre-empted and
// computed anew (Kwon et al., PagedAttention, SOSP 2023).
//
// A Static node serves a diffusion model in batches that begin and end together.
//
// A node knows no kernel. Its owner asks Next for the time at which something changes,
// and calls End and Begin then:
//
//	n.Add(now, id, batching.Request{Prompt: 800, Output: 200})
//	for t := n.Next(); t != sim.Never; t = n.Next() {
//		n.End(t, host) // host is told of first tokens and ends
//		n.Begin(t)
//	}
//
// Between two changes of a Continuous node every step is alike, so that it is advanced
// over thousands of tokens at once: an event costs the logarithm of the batch, whatever
// the lengths.
package batching

import "github.com/launchday-sim/launchday/sim"

// A Node is a node of either kind.
type Node interface {
	// Add brings a request, under a number of the owner's, and returns the node's
	// number for it.
	Add(now sim.Time, id int32, r Request) int32

	// Remove takes one away by the node's number. It must be there.
	Remove(now sim.Time, i int32)

	// Clear takes all away, as when the node goes down.
	Clear()

	// Next is the time at which something changes; sim.Never where nobody is there.
	Next() sim.Time

	// End does what is due at Next, and Begin has to follow; what is added and removed
	// between the two, at the same time, belongs to what begins.
	End(now sim.Time, h Host)
	Begin(now sim.Time)

	// Refresh takes note of a model that has changed; it holds from the next change of
	// the batch, which is brought forward to the next beginning of a step.
	Refresh(now sim.Time)

	// Len is the number of requests that it has.
	Len() int

	// Blocked reports whether it is better given no other.
	Blocked() bool
}

// A Request is what an attempt asks of a node: tokens of a language model, or images.
type Request struct {
	Prompt int32 // tokens, at least 1
	Cached int32 // of these, a prefix whose keys and values the node has: it is not computed; less than Prompt
	Output int32 // tokens, at least 1

	Images     int32   // at least 1
	Steps      int32   // of each, at least 1
	Megapixels float64 // of each
}

// A Host is told what becomes of requests, by the number that it gave them: of first
// tokens, then of ends, each in the order in which they were let in. It must not
// call the node.
type Host interface {
	FirstToken(now sim.Time, id int32)
	Done(now sim.Time, id int32)
}
