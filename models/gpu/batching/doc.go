// Package batching is what the GPUs of one node do with several attempts at once.
//
// A Continuous node serves a language model by iteration-level scheduling (Yu et al.,
// Orca, OSDI 2022): it works in steps, a step decodes one token of every request that
// is decoding, prefills prompts beside them in chunks (Agrawal et al., Sarathi-Serve,
// OSDI 2024), and requests come and go between steps. Memory for keys and values is
// counted in tokens; where it is full, requests wait or the youngest is pre-empted and
// computed anew (Kwon et al., PagedAttention, SOSP 2023).
//
// A node knows no kernel. Its owner asks Next for the time at which something changes
// and calls Step then:
//
//	n.Add(now, id, batching.Request{Prompt: 800, Output: 200})
//	for t := n.Next(); t != sim.Never; t = n.Next() {
//		n.Step(t, host) // host is told of first tokens and ends
//	}
//
// Between two changes every step is alike, so that a node is advanced over thousands
// of tokens at once: an event costs the logarithm of the batch, whatever the lengths.
package batching
