// Package script holds the policy that is written in the scenario itself:
//
//	starlark  a script that admits, refuses, counts and acts periodically
//
// Starlark (https://starlark-lang.org) is a small language that looks like
// Python and is deterministic: no clock, no files, no randomness. A script
// defines
//
//	def admit(now, attempt, signals):      # None or True: it may go on
//	def on_finish(now, attempt, outcome):  # optional: how one ended that it admitted
//	def tick(now, signals):                # optional: every `interval`
//
// and keeps what it must remember in the dict `state`. For example:
//
//	def admit(now, attempt, signals):
//	    if attempt.tier == "free" and signals.waiting > 100:
//	        return {"reject": "full", "status": 503, "retry_after": 30.0}
//
// Times are floats in seconds, counts are ints; an expression that mixes an int
// with a float, as `signals.waiting > 100.0` does, costs five times as much.
package script
