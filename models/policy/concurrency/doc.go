// Package concurrency holds the policies that let only so many attempts be in
// flight at a time, and find out how many by themselves:
//
//	aimd              one more while all goes well, a tenth less when something is dropped
//	vegas             as many as keep the queue that latency betrays short (TCP Vegas)
//	gradient2         as many as keep the latency near its own long average
//	envoy-gradient    as many as keep the latency near one that is measured almost idle
//	failsafe-limiter  Vegas on a quantile, with the correlation of load and throughput, and a ceiling
//	pid               a limit or a rate, steered by the queueing delay or the utilisation
//
// What they refuse is refused with 503: an error for want of capacity.
//
// In flight is what the policy has let through and not seen the end of, in the
// queue, before a later policy or at a server. What was there before the policy
// began is not counted, as in a gateway that has just started.
//
// A sample is an attempt that came to its end behind the whole chain. Its rtt
// is the time since this policy let it through, its concurrency what was in
// flight then, itself included. What a later policy refuses is no sample, nor
// is what a user gives up (abandoned) or a client withdraws (cancelled), nor an
// answer without any delay, as of a cache: those only leave. A drop is an
// attempt that timed out, failed, or was dropped by the queue or at its head.
// What a drop means is for each policy to say.
package concurrency
