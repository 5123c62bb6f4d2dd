package study

// catalogueHead opens docs/policies.md.
const catalogueHead = `# The levers

Made from the code by ` + "`launchday levers docs`" + `. ` + "`launchday levers list`" + ` lists them, ` + "`launchday levers show NAME`" + `
prints one of these sections, and

    launchday run standard-surge --set 'policies=[{name: lever, kind: codel}]'

plays it. The command in each section plays the lever in the run that its figures are of: *in time* is
` + "`goodput_quality_per_s`" + ` in its ` + "`summary.json`" + ` times the 7,200 seconds, and of the preset ` + "`source`" + ` with that word in
its place; the steady load has ` + "`--set 'demand.streams.free.profile=[]' --set demand.streams.free.per_user=" + steadyPerUser + "`" + ` besides, and
the same for ` + "`plus`" + `. Chains are lists: policies are asked in their order, and the first that refuses has the word.

## How gains are counted

Every lever is shown under the same *standard surge*
([` + "`standard-surge.yaml`" + `](../examples/scenarios/standard-surge.yaml)): a pool of 100 servers, 20 s a request, that
can serve 5 requests a second, to which 3 a second come, and for half an hour 10. Users wait a minute or two and
try again, up to four times, when they are refused or have waited in vain. *In time* is an attempt that was
completed within the class's SLO of a minute from its arrival and within its user's patience; what was served later
is in no gain, and a retry that is served in time is. An answer that a dimmer, a ladder or a fallback degraded counts
for its quality, half a one at 50 %, and the share of such answers stands beside the gain.
Levers that give a tier nothing on purpose, or take its work for later, lose by this count what they were told to
lose; their sections say so.

The gain is of one run, with seed 1, in both presets where there are two: ` + "`inference`" + `, which is the default and
made for work of some 20 seconds, and ` + "`source`" + `, the times as published, made for work of milliseconds. In a surge
on a hundred servers whoever is refused has a successor within a tenth of a second, so that the plain rule *refuse
whenever anybody waits* is hard to beat, and several controllers come down to it with the times of ` + "`source`" + `. What
it costs shows under a steady load: so for each policy there is also what is served in time, and the share of
attempts that it turns away (refuses, drops, or lets time out in the queue), while 93 % of the capacity is asked
for, which without any policy is served with next to no wait. All of that is one run at one size, a hundred servers: controllers
that learn from noise, ` + "`vegas`" + ` and ` + "`envoy-gradient`" + ` first, turn away up to a quarter of a steady load of 90 % at other sizes. Before
one is believed it is to be measured at the size that is meant: ` + "`launchday sweep`" + ` does that.

Each picture has three panels over the two hours: the requests served in time per second, the median latency of
those served of the larger tier, and what was refused, dropped, held back by clients or gone per second. Blue is the world with the
lever, in ` + "`inference`" + `, grey the same world without, and the shaded area what users asked for the first time.

## Where what is found

| the literature and production call it | here |
|---|---|
| token and leaky buckets, GCRA, windows, quotas a user, published quotas of AI services (requests and tokens a minute) | [Limits and quotas](#limits-and-quotas); ` + "`x-time-rate`" + ` and ` + "`throttled`" + ` are the production libraries themselves |
| staged rollout, waiting rooms, sign-up pauses, asynchronous free tiers, "please chill" | [Gates and rooms](#gates-and-rooms) |
| load shedding by queue, deadline, utilisation or criticality; bulkheads; DAGOR, SEDA, Breakwater, Cinnamon, Rajomon; Netflix's shares of one limit | [Admission by load](#admission-by-load) |
| AIMD, Vegas, Gradient2, Envoy, failsafe-go, PID and target tracking; the sample window is part of each of them that has one | [Adaptive concurrency](#adaptive-concurrency) |
| CoDel, PIE, RED, controlled delay, dropping expired work | [Queue management](#queue-management), in the chain of policies |
| FIFO, LIFO, adaptive LIFO, priorities, fair queueing, API Priority and Fairness, VTC, EDF, SJF, SRPT, processor sharing | [Queue disciplines](#queue-disciplines), of a pool |
| brownout, quality ladders (steps, resolution, model, length: shares of the work and of the quality), fallback models, cached answers, features off or postponed | [Degrade instead of refuse](#degrade-instead-of-refuse) |
| retry budgets and token buckets, adaptive throttling and send rates, circuit breakers | [Client libraries](#client-libraries) |
| a policy of one's own | [Your own](#your-own) |
| backoff and jitter, Retry-After, hedging, impatient resubmission, balking, patience, coming back later, sessions | ` + "`clients.NAME`" + ` in [the reference](reference.md#clientsname): how people and apps are, in every scenario, and no levers |
| growth by word of mouth (Bass, self-exciting) | ` + "`demand.streams.NAME.adoption`" + ` and ` + "`.sharing`" + ` in [the reference](reference.md#demandstreamsnameadoption) |

*Batch harder*, larger batches for more throughput at more latency, is no policy but a knob of pools that batch,
` + "`max_batch`" + ` under ` + "`pools.NAME.continuous_batching`" + ` or ` + "`.image_batching`" + `, which a line of the timeline changes: the
scenario ` + "`image-batching`" + ` does. A feature that is postponed is ` + "`feature-off`" + ` with a line of the
timeline that ends it, and work that is postponed is ` + "`spare-cycles`" + `.
`
