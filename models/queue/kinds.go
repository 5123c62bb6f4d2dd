package queue

// A Kind is a discipline with what the documentation says of it.
type Kind struct {
	Name    string // what a scenario calls it by
	Doc     string // what it does, in about three sentences
	Source  string // the paper with its section, the original implementation
	Fails   string // when it does not help, or does harm
	Held    string // what its tests hold it against: vectors of an original, with what of them is left out, or what is published or exact
	Presets string // how the preset `inference` differs from `source`; empty where no constant is a time
	Scale   string // why it acts differently in a world of reduced scale; empty where it does not
	Surge   string // its parameters under the standard surge, as they stand in a scenario
	NoGain  string // why it does not serve more users in time there than fifo does; empty where it does
}

// Disciplines are all that there are.
var Disciplines = []Kind{
	{Name: "fifo",
		Held:   "A naive list that is searched from end to end, in random sequences of arrivals, departures and changes of discipline; M/M/c and M/G/1 in `launchday validate`.",
		NoGain: "it is what stands there.",
		Doc:    "Who came first is served first. Waits vary the least that is possible without knowing sizes.",
		Source: "Erlang 1917; Kingman 1962 on its least variance.",
		Fails:  "In overload everybody waits, and those whose turn comes have waited so long that their users have often gone or no longer want the answer: the goodput collapses while the servers are busy."},
	{Name: "lifo",
		Held:   "A naive list, as fifo.",
		Doc:    "Who came last is served first. The mean wait is that of fifo, its variance far greater: in overload the latest get fresh answers and the oldest none.",
		Source: "Takagi, Queueing Analysis 1, 1991, section 1.3 (M/G/1, non-preemptive): E[W^2] is that of fifo over 1 - rho.",
		Fails:  "The unlucky wait for the whole busy period. It rewards those who leave and come again."},
	{Name: "random",
		Held:   "That who is served is uniform among those who wait, statistically.",
		Doc:    "One of those who wait, each with the same chance, is served next. The mean is that of fifo, the variance between fifo and lifo.",
		Source: "Kingman, \"On queues in which customers are served in random order\", 1962: E[W^2] is that of fifo times 2 / (2 - rho).",
		Fails:  "It gives no order that a user could be told of, and long waits have no bound."},
	{Name: "adaptive-lifo",
		Held:    "No vector. When it turns around and back, call by call.",
		Doc:     "fifo, and newest first while the queue is overloaded: while it has not been empty for `not_empty_for`, or more than `longer_than` wait. In a spike fresh requests get answers in time, and the backlog is served when it has passed.",
		Source:  "Maurer, \"Fail at scale\", ACM Queue 13(8), 2015, with CoDel's test of overload: not empty for the last 100 ms.",
		Fails:   "Without a timeout that clears the backlog (pair it with a drop of expired work) the oldest are served when nobody wants their answers. Where users retry, it serves the retry before the attempt that it replaced.",
		Presets: "source: 100ms, for requests of milliseconds; no queue before work of seconds is empty so often in a surge, and it is next to lifo then. inference: 10s, half of a service that takes some 20 seconds: short enough that a fresh request still gets a fresh answer, long enough that the ripples of a normal hour do not turn the queue around."},
	{Name: "priority",
		Held:   "A naive list, as fifo; the ageing call by call; Cobham's formula in `launchday validate`.",
		Doc:    "Strictly by the tier's priority, fifo within it, and no service is interrupted. With `ageing` an attempt gains one priority for each `ageing` that it has waited, so that the lowest are served at last.",
		Source: "Cobham, \"Priority assignment in waiting line problems\", 1954; ageing: Kleinrock, \"A delay dependent queue discipline\", 1964, with equal slopes.",
		Fails:  "While the higher tiers alone fill the pool, the lowest get nothing, for hours. A long service of a low tier still holds up a high one."},
	{Name: "priority-preemptive",
		Held:   "A naive list, as fifo; the preemptive-resume formulas in `launchday validate`.",
		Doc:    "Priority, and an arrival takes the server of an attempt of lower priority, of the lowest and of those the one started last. Who is displaced goes to the head of its lane and resumes with what is left of its service; it no longer leaves for impatience.",
		Source: "Preemptive resume: White and Christie 1958; Conway, Maxwell and Miller, Theory of Scheduling, 1967, section 8-6.",
		Fails:  "Work of low tiers that was begun holds memory while it waits (here that costs nothing, on a GPU it does), and starves as under strict priority. Servers that drain, or whose place fluid work claims, are not taken."},
	{Name: "drr",
		Held:   "No vector. The shares of service by weight in long runs, and that who was away has saved up nothing.",
		Surge:  "tiers: [{name: plus, weight: 3}, {name: free, weight: 2}], quantum: 1m",
		Doc:    "Deficit round robin over tiers with weights. Each round a tier with work gains its quantum of predicted service, and is served as long as its head costs no more than what it has.",
		Source: "Shreedhar and Varghese, \"Efficient fair queueing using deficit round robin\", SIGCOMM 1995.",
		Fails:  "Fairness is between tiers, not users. Costs are means of classes: a tier whose requests are longer than predicted gets more than its share. The order within a round is coarse: a light tier can wait a whole round."},
	{Name: "sfq",
		Held:   "No vector. The shares of service by weight in long runs, and that who was away has saved up nothing.",
		Surge:  "tiers: [{name: plus, weight: 1}, {name: free, weight: 1}]",
		Doc:    "Start-time fair queueing over tiers with weights: the attempt with the least start tag in virtual time is next. It is fair whatever the number of servers that are up, and finer in its order than rounds.",
		Source: "Goyal, Vin and Cheng, \"Start-time fair queueing\", SIGCOMM 1996, section 2.",
		Fails:  "As drr: fair between tiers, not users, and by predicted cost. With many servers virtual time is that of the attempt started last, so that short bursts of a light tier pass at once."},
	{Name: "apf",
		Held:   "Vectors of k8s.io/apiserver v0.37.2, `apf_dispatch_a`, `_b` and `_c` (all 800 requests: queue, virtual start and fate exactly) and `apf_shuffle_64_8` and `apf_shuffle_128_6` (all 350 hands); of levels that lend and borrow, transcriptions, not runs of the original: `port_apf_levels_a`, `_b` and `_c` (all rows, limits exactly). Seats that linger after the service have no like here, and no row has them.",
		NoGain: "the load comes from tens of thousands of users of one request each, who fill all 64 queues alike; none of them reaches its length limit, and fair is as late as first come.",
		Doc:    "Shuffle-sharded fair queues: a flow (a user, or a tier) has a hand of 8 of 64 queues, a request joins the one of them with the least waiting work, and the queues share the servers fairly in virtual time. A flood of one flow fills its own hand; most others have a queue that it does not touch. With `levels` the tiers are divided among priority levels, each with its part of the servers and queues of its own: what a level does not use others may borrow, as far as both allow it, and every `borrowing_adjustment_period` the servers are divided anew by what was asked for.",
		Source: "Kubernetes API Priority and Fairness, KEP-1040; k8s.io/apiserver v0.37.2 util/flowcontrol/fairqueuing/queueset, util/shufflesharding, and of the levels util/flowcontrol/apf_controller.go and conc_alloc.go.",
		Fails:  "Where the load comes from millions of flows of one request each, all queues are alike: it is fifo with a limit. Retries of refused requests come back to the same full queues. A level that lent its servers waits for the end of the services on them, and servers stand idle for which no level has both an attempt and a seat. Kubernetes bounds a wait by a quarter of the request's deadline, a minute at most: here that is a `deadline` before it.",
		Presets: "source: a service is assumed to take 3 ms until it has ended, and the queue is charged the truth then; seats are divided anew every 10 s. " +
			"inference: it is assumed to take the mean of its class, which keeps one long request from going far ahead of its share; seats are divided anew every 20 s, a service, for none that was lent comes back sooner. " +
			"Under the standard surge source serves more: what has not ended costs next to nothing, so that a queue that comes to its turn keeps it until services end: some attempts are served soon and others not at all, instead of all late.",
		Scale: "The number of queues and their length are those of the file at any scale, while the flows and servers are fewer. The parts of levels are whole servers."},
	{Name: "vtc",
		Held:   "Vectors of Ying1123/VTC-artifact (commit 192c2e20), `vtc_a` and `vtc_b`: all 919 rows, who is admitted exactly, the counters to 1e-9. Adapted: a token is a second of service, the predicted service is the tokens of the input so that the output is charged as it is made, and the batch that the engine could take is reckoned by the test as LightLLM does.",
		Doc:    "A counter of the service that each tenant has had, by its weight; the waiting tenant with the least is next. A tenant that comes back from idleness is lifted to the least counter of those who wait. A start is charged the mean of its class, corrected when the service ends; or, with `charge: served`, the service as it goes on.",
		Source: "Sheng et al., \"Fairness in serving large language models\", OSDI 2024, algorithm 2, and section 4.3 for predicted cost; the authors' vtc_req_queue.py. In the place of tokens it counts seconds of a server.",
		Fails:  "It bounds nobody's wait: with more tenants than servers each gets a fair share of too little. Whoever has many accounts has many counters.",
		Scale:  "With flow user, users are hashed into `tenants` groups at any scale, while there are fewer of them."},
	{Name: "edf",
		Held:   "A naive list, as fifo, with a deadline of its own for each tier.",
		Surge:  "tiers: [{name: plus, deadline: 45s}, {name: free, deadline: 2m}]",
		Doc:    "The attempt whose deadline comes first is next: its arrival plus the deadline of its tier. Where all deadlines can be met, they are.",
		Source: "Jackson 1955; Liu and Layland, \"Scheduling algorithms for multiprogramming in a hard-real-time environment\", JACM 1973, section 7.",
		Fails:  "In overload it prefers those who are about to be late, and then nearly all are (the domino effect). Pair it with a drop of expired work."},
	{Name: "sjf",
		Held:   "A naive list, as fifo; that the error of a prediction belongs to the request; M/M/1 under SJF in `launchday validate`.",
		Doc:    "The shortest service of those waiting is next; none is interrupted. The size is known, or predicted with a lognormal error.",
		Source: "Phipps, \"Machine repair as a priority waiting-line problem\", 1956.",
		Fails:  "The long ones wait for all that are shorter, without bound under overload. Predictions that are wrong by a factor of several take most of the gain."},
	{Name: "srpt",
		Held:   "A naive list, as fifo; M/M/1 under SRPT in `launchday validate`.",
		Doc:    "The shortest remaining service is served, and an arrival that needs less than the longest rest in service takes its server. No discipline has a lower mean time in a single-server system. Sizes are known.",
		Source: "Schrage and Miller, \"The queue M/G/1 with the shortest remaining processing time discipline\", 1966.",
		Fails:  "It needs sizes that no gateway has. The long ones starve under overload, and interrupted work holds memory."},
	{Name: "processor-sharing",
		Held:   "A naive list, as fifo, for who begins; processor sharing with one server and three in `launchday validate`.",
		NoGain: "everything is begun at once and shares the servers, so that in the surge next to nothing ends within a minute.",
		Doc:    "The pool works on all attempts at once, each at full speed while there are as many servers, and at its share of them beyond. With `sharing` at most that many are worked on, the rest waits fifo. What is on nodes that fail is slowed, not lost.",
		Source: "Kleinrock, \"Time-shared systems\", JACM 1967; Coffman, Muntz and Trotter 1970; limited sharing: Avi-Itzhak and Halfin 1988.",
		Fails:  "In overload everything is begun and nothing ends: latency grows for all at once, and there is no queue to look at. Nobody leaves once served, so that patience does not shed load."},
}
