package script

// section is what the documentation says beyond what it does: all that a script may
// define, read and return. A test holds its names against the code.
const section = `#### What a script defines

| name | when it is called, or what it is |
|---|---|
| ` + "`admit(now, attempt, signals)`" + ` | for each attempt that comes to the policy; what it returns stands below. It must be there. |
| ` + "`on_finish(now, attempt, outcome)`" + ` | once for each attempt that it admitted, whatever its end: ` + "`completed`, `rejected` (by a later policy or the queue), `abandoned`, `timed_out`, `failed` or `cancelled`" + `. |
| ` + "`tick(now, signals)`" + ` | when the policy starts, and then each ` + "`interval`" + `. |
| ` + "`state`" + ` | a dict, there from the beginning, that is kept between calls, and also when the timeline changes the script. Other globals can be changed in place, and are made anew with a new script. |
| ` + "`causes`" + ` | a list of the names, or a dict of the statuses, of refusals whose names are not written out in the text as ` + "`{\"reject\": \"full\"}`" + `: what a run counts it must know when it begins. |
| ` + "`scale`" + ` | there from the beginning: the share of the world that is simulated, 0 to 1. |

#### What it can read

| name | unit | what it is |
|---|---|---|
| ` + "`now`" + ` | s, float | since the run began, its warm-up included |
| ` + "`attempt.user`" + ` | int | number of the user; -1 for one that is not told apart |
| ` + "`attempt.tier`, `attempt.request_class`" + ` | string | names of the scenario |
| ` + "`attempt.paid`" + ` | bool | of its tier |
| ` + "`attempt.priority`" + ` | int | 0 is served first |
| ` + "`attempt.number`" + ` | int | 1 for the first try of a request, 2 for its first retry |
| ` + "`attempt.visit`" + ` | int | 0 for the first request of a wish, then its returns |
| ` + "`attempt.service`" + ` | s, float | that its class needs on average, which is all that a gateway knows; None in ` + "`on_finish`" + ` |
| ` + "`attempt.first`, `attempt.arrived`" + ` | s, float | when the request was first tried, and when this attempt came |
| ` + "`attempt.luck`" + ` | float | of (0, 1), even; it belongs to the request and the policy, so that each try has the same |
| ` + "`signals.pool`" + ` | string | the pool that would serve the attempt, whose signals these are |
| ` + "`signals.waiting`" + ` | int | attempts in its queue |
| ` + "`signals.busy`, `signals.free`, `signals.capacity`" + ` | int | its servers: at work, idle, and all that are up |
| ` + "`signals.in_flight`" + ` | int | waiting and busy |
| ` + "`signals.last_wait`" + ` | s, float | that the attempt that was started last had waited |
| ` + "`signals.started`, `signals.completed`" + ` | int | attempts since the run began |

Counts are those of the simulated part of the world. An attempt and signals can be read during the call only. ` + "`signal_delay` and `signal_interval`" + ` of the policy make signals old, and ` + "`on_finish`" + ` late, as for any other: what a script counts by it as in flight holds all that ended within the delay, too.

#### What admit returns

` + "`None` or `True`" + ` lets the attempt go on, ` + "`False`" + ` refuses it (429), and a dict says more. To refuse:

| key | unit | what it is |
|---|---|---|
| ` + "`reject`" + ` | string or True | the cause, under which the refusal is counted as NAME.cause: letters, digits, - and _; True is no cause |
| ` + "`status`" + ` | int | 403, 429 (without it) or 503; one for each cause. 503 is an error, the others are limits that were wanted |
| ` + "`retry_after`" + ` | s | after which a try may succeed; clients may heed it |

or to let it go on:

| key | unit | what it is |
|---|---|---|
| ` + "`max_wait`" + ` | s | that it may wait in the queue; then it times out |
| ` + "`work`" + ` | share | of its service time that is left, above 0 to 1 |
| ` + "`quality`" + ` | share | of the quality of its answer that is left, above 0 to 1 |

#### What it costs

A decision takes, on one core of an Intel Xeon at 2.6 GHz with Go 1.26 and nothing beside it, some 75 ns for a function that does nothing, 210 ns for a threshold on the queue and a tier, 440 ns if it mixes an int with a float, and 1.3 µs for a token bucket, whose like in Go takes 12 ns; on a machine that is shared it was two to three times as much (` + "`go test ./models/policy/script -bench Admit`" + `). Mixed numbers cost what they do because an int is turned into a number of any length first: write ` + "`int(limit)`" + ` once, or counts as ints.

A call may take ` + "`max_steps`" + ` steps, and what a script keeps in state and globals may take 64 MiB; beyond either the run ends. This does not catch what built-in functions compute, as ` + "`sorted`" + ` or ` + "`list(range(n))`" + ` do in one step, nor what a call makes and drops again: a single ` + "`\"x\" * n`" + ` may take 1 GiB. What is kept is counted now and then, so that it may be somewhat more for some calls.

A fault ends the run with the policy, the line and column in the script, the function and what would be right. Of a wrong answer the place is that of the return that gave it where only one can have, and else the lines of those that can.
`
