package proof

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/launchday-sim/launchday/models/textbook"
)

// wideLater are the models of the wide table that no scenario can say yet, or that
// nobody needs, with the reason.
var wideLater = map[string]string{
	"M/M/1 FB/LAS":              "a discipline by attained service, which no service uses for requests of seconds",
	"M[X]/M/1":                  "streams draw single requests; several at one moment are in a log only",
	"M/M/c/Setup (cold start)":  "servers that turn off when idle, with setup times, come with autoscaling",
	"fork-join 2 servers M/M/1": "an attempt is one service at a time, and copies of it end at the first",
	"token bucket, Poisson arrivals, Poisson refill": "whole tokens at Poisson times: no limiter works so",
	"det: preemptive restart":                        "pre-emption resumes",
	"det: slotted (batch window) service":            "no server works in windows of time; a batch of pictures begins by size or wait",
}

// wideLaterMetric are the metrics that are not measured, with the reason.
var wideLaterMetric = map[string]string{
	"end_low2_preempt_restart": "pre-emption resumes",
}

// wideCases groups the table by model and parameters.
func wideCases() ([]*wideCase, error) {
	var cases []*wideCase
	at := map[string]*wideCase{}
	for _, row := range textbook.WideTable() {
		if wideLater[row.Name] != "" || wideLaterMetric[row.Metric] != "" || strings.HasPrefix(row.Name, "det:") || otherGaps(row) || tooLong(row) {
			continue
		}
		key := row.Name + "|" + row.Parameters
		drained := followed(row)
		repeated := strings.HasPrefix(row.Metric, "asym_var")
		if drained {
			key += "|drained"
		} else if repeated {
			key += "|repeated"
		}
		c := at[key]
		if c == nil {
			c = &wideCase{name: row.Name, parameters: row.Parameters, reps: narrowReplications, drained: drained, repeated: repeated}
			if err := c.build(); err != nil {
				return nil, err
			}
			at[key] = c
			cases = append(cases, c)
		}
		c.rows = append(c.rows, wideRow{Wide: row, width: 0.05})
	}
	for _, c := range cases {
		for i := range c.rows {
			if err := c.measures(&c.rows[i]); err != nil {
				return nil, err
			}
		}
		if c.name == "NHPP count" {
			variance := c.rows[0]
			variance.Metric = "Var[N(2,10)]"
			variance.measure = func(s *sight) float64 { return squared(s.at("all.attempts") - variance.Value) }
			variance.width = 0.2
			c.rows = append(c.rows, variance)
		}
		if !strings.HasPrefix(c.name, "fluid") && (len(c.looks) > 0 && c.world.Steps != nil || strings.Contains(c.name, "transient")) {
			c.overTime()
		}
		if l, ok := wideLengths[c.key()]; ok {
			c.slow = c.slow || l.slow
			if l.run > 0 {
				c.run = l.run
			}
			if l.reps > 0 {
				c.reps = l.reps
			}
		}
		if servers, _ := strconv.Atoi(parametersOf(c.parameters)["c"]); servers >= 1000 {
			for i := range c.rows {
				c.rows[i].width = 0.3
			}
		}
		if c.every > 0 {
			c.every = max(c.every, c.run/4000)
		}
	}
	return cases, nil
}

// otherGaps reports whether a row needs gaps between arrivals that no stream has:
// uniform ones.
func otherGaps(row textbook.Wide) bool {
	return (row.Name == "GI/M/1" || row.Name == "Kingman upper bound") && gaps(row.Parameters) == ""
}

// tooLong reports whether a row takes more customers than anybody waits for: the
// variance of a time average to 10 %, near capacity.
func tooLong(row textbook.Wide) bool {
	p := parametersOf(row.Parameters)
	return strings.HasPrefix(row.Metric, "asym_var") && p.float("lam") >= 0.9*p.float("mu")
}

// gaps are the arrivals of a row. Constant gaps are gamma of a coefficient of
// variation of 0.01, which moves a wait by some 10^-4 of itself. Hyperexponential ones
// are those of a Poisson process that is switched on and off for exponential times
// (Kuczura, "The interrupted Poisson process as an overflow process", BSTJ 52, 1973):
// with balanced means, mean m and squared CV 4 it is on for m / 0.15 at a rate of 1.6/m
// and off for m / 0.25.
func gaps(parameters string) string {
	p := parametersOf(parameters)
	law, _, _ := strings.Cut(p["interarrival"]+p["system"], "/")
	switch {
	case law == "E2":
		return "{process: gamma, shape: 2}"
	case law == "D":
		return "{process: gamma, cv: 0.01}"
	case strings.HasPrefix(law, "H2"):
		m := 1 / p.float("lam")
		return fmt.Sprintf("{process: mmpp, states: [{factor: 1, sojourn: %s}, {factor: 0, sojourn: %s}]}", nanoseconds(m/0.15), nanoseconds(m/0.25))
	}
	return ""
}

// followed reports whether a row is over those who were served, in a world of so many
// servers that leaving out the last of them would tell.
func followed(row textbook.Wide) bool {
	if !strings.HasPrefix(row.Metric, "W") || strings.HasPrefix(row.Metric, "Wq") && row.Metric != "Wq_served" && row.Metric != "Wq_abandoned" {
		return false
	}
	servers, _ := strconv.Atoi(parametersOf(row.Parameters)["c"])
	return servers >= 50 || strings.HasPrefix(row.Name, "M/M/c+M")
}

func (c *wideCase) key() string {
	if c.drained {
		return c.name + "|" + c.parameters + "|drained"
	}
	if c.repeated {
		return c.name + "|" + c.parameters + "|repeated"
	}
	return c.name + "|" + c.parameters
}

// overTime asks of figures at several times that their intervals are narrow beside
// the largest of them; those under a hundredth of it hold to that hundredth.
func (c *wideCase) overTime() {
	kind := func(row *wideRow) string { return row.Metric[:strings.Index(row.Metric, "(")] } // E[N, Var[N, E[Q or P
	for i := range c.rows {
		row := &c.rows[i]
		share := 0.15
		if strings.HasPrefix(row.Metric, "Var") {
			share = 0.25
		}
		row.width = share
		if kind(row) == "P" {
			row.share = true
			continue
		}
		largest := 0.0
		for j := range c.rows {
			if o := &c.rows[j]; kind(o) == kind(row) {
				largest = max(largest, o.Value)
			}
		}
		row.floor = max(row.floor, share*largest)
		if row.Value < 0.01*largest {
			row.within = 0.01 * largest // as good as 0, and seldom anything else
		}
	}
}

func squared(x float64) float64 { return x * x }

// build sets the world of the case.
func (c *wideCase) build() error {
	p := parametersOf(c.parameters)
	servers := 1
	if p.has("c") {
		servers = int(p.float("c"))
	}
	lambda, mu := 0.0, 1.0
	if x, err := strconv.ParseFloat(p["lam"], 64); err == nil {
		lambda = x
	}
	if p.has("mu") {
		mu = p.float("mu")
	}
	service := exponential(1 / mu)
	if law := p["service"]; law != "" && !strings.HasPrefix(law, "any") {
		service = wideLaw(law)
	}
	w := plain(servers, lambda, service)
	scv := 1.0
	if strings.Contains(p["service"], "scv=4") || strings.Contains(p["service"], "gamma") {
		scv = 4
	} else if strings.Contains(p["service"], "weibull") {
		scv = 5
	}
	gap := math.Sqrt(float64(servers)*mu) - math.Sqrt(min(lambda, 0.98*float64(servers)*mu))
	c.warmup = math.Ceil(20/mu + 3*(1+scv)/(gap*gap))
	switch c.name {
	case "M/M/1":
		c.every = 10 / mu
		if c.repeated {
			// So long that the covariance of the two ends of a run is 1 % of the variance.
			gap := 1 - lambda/mu
			c.slow, c.every, c.reps, c.run = true, 0, 16500, math.Ceil(100*(1+lambda/mu)/(mu*gap*gap))
		}
	case "M/M/c", "M/G/1 FCFS", "M/PH/c", "M/D/1", "M/D/c":
		if p.has("D") {
			w.Streams[0].Service = span(p.float("D"))
		}
	case "M/G/1 LCFS nonpreemptive":
		w.Discipline = "lifo"
	case "M/G/1 SIRO (random order)":
		w.Discipline = "random"
	case "JSQ 2 servers", "power-of-2 choices mean field (N->inf)":
		w.Servers, w.Routing = 2, "shortest-queue"
		if c.name != "JSQ 2 servers" {
			w.Servers, w.Routing, c.reps, c.run = 500, "power-of-choices", 32, 400
		}
		w.Streams[0].Rate = decimal(float64(w.Servers) * p.float("lam_per_server"))
		c.warmup = 200
	case "state-dependent batch server":
		// A step of n decodes takes 1 + alpha (n - 1), in halves of a millisecond, and
		// work of 1 is 2,000 of them.
		alpha := p.float("alpha")
		w.Servers = int(p.float("max_batch"))
		w.Batch = &batch{Step: span(0.0005 * (1 - alpha)), PerDecode: span(0.0005 * alpha), Tokens: 2000}
		c.warmup, c.reps = 60, 32
	case "M/M/1 SJF (nonpreemptive)":
		w.Discipline = "sjf"
	case "M/M/1 SRPT":
		w.Discipline = "srpt"
	case "M/M/1-PS":
		w.Discipline = "processor-sharing"
	case "M/M/3 state probabilities (each of n jobs served at rate min(1, 3/n))":
		w.Servers, w.Discipline = 3, "processor-sharing"
		c.every, c.warmup = 1, 20
	case "M/M/c/K", "M/M/c/K+M":
		if room := p.float("K") - float64(servers); room > 0 {
			w.Queue = ", limit: " + decimal(room)
		} else {
			w.Room = "0"
		}
		c.warmup = 100
	case "M/G/c/c":
		lambda = p.float("offered_load")
		w = plain(servers, lambda, withCV("lognormal", 1, 5))
		w.Room = "0"
		c.warmup = 50
	case "M/M/c+M (Erlang A)", "fluid M/M/c+M overloaded":
		c.warmup = 50
	case "M/M/c+G", "fluid M/M/c+U overloaded":
		w.Patience = wideLaw(p["patience"])
		c.warmup = 50
	case "M/G/1 nonpreemptive priority", "M/G/1 preemptive-resume priority":
		discipline := "priority"
		if strings.Contains(c.name, "preemptive-resume") {
			discipline = "priority-preemptive"
		}
		w = prioritised(c.parameters, discipline)
		c.warmup = 1000
	case "M/M/c 2-class nonpreemptive", "M/M/c 2-class preemptive-resume":
		w.Discipline = "priority"
		if strings.Contains(c.name, "preemptive-resume") {
			w.Discipline = "priority-preemptive"
		}
		w.Streams = []stream{{p["lam1"], service}, {p["lam2"], service}}
		c.warmup = 300
	case "Mt/M/inf from empty", "Mt/G/inf from empty":
		if strings.HasPrefix(c.name, "Mt/G") {
			w.Streams[0].Service = withCV("lognormal", 1, 5)
		}
		w = shaped(w, 48, 0.25, func(t float64) float64 { return 10 + 6*math.Sin(2*math.Pi*t/24) })
		w.Servers = many(16)
		c.warmup, c.run, c.reps, c.looks = 0, 48.5, 512, []float64{1, 3, 6, 12, 18, 24, 48}
	case "Mt/M/inf launch surge", "NHPP count":
		w = shaped(w, 20, 0.05, func(t float64) float64 {
			if t < 2 {
				return 5
			}
			return 5 + 95*math.Exp(-(t-2)/3)
		}, 2)
		w.Servers = many(100)
		c.warmup, c.run, c.reps, c.looks = 0, 20.5, 512, []float64{1, 2, 2.5, 3, 4, 6, 10, 20}
		if c.name == "NHPP count" {
			c.warmup, c.run, c.reps, c.looks = 2, 8, 2048, nil
			for i := range w.Profile {
				at, _ := strconv.ParseFloat(strings.TrimSuffix(w.Profile[i].At, "s"), 64)
				w.Profile[i].At = span(math.Round((at-2)*1e9) / 1e9)
			}
			w.Profile = slices.DeleteFunc(w.Profile, func(p point) bool { return strings.HasPrefix(p.At, "-") })
			w.Streams[0].Rate = "5"
		}
	case "M/M/1 transient from empty", "Mt/M/c surge", "Mt/M/c+M surge", "Mt/M/c+M surge small":
		for i, part := range strings.Split(p["lam_segments"], "|") {
			at, rate, _ := strings.Cut(part, ":")
			if i == 0 {
				w.Streams[0].Rate = rate
			} else {
				w.Steps = append(w.Steps, step{at + "s", rate})
			}
		}
		c.warmup, c.reps = 0, 4096
		for _, row := range textbook.WideTable() {
			if row.Name == c.name && row.Parameters == c.parameters {
				if t := timeOf(row.Metric); !slices.Contains(c.looks, t) {
					c.looks = append(c.looks, t)
				}
			}
		}
		c.run = c.looks[len(c.looks)-1] + 0.5
	case "token bucket, Poisson arrivals, continuous refill, drop when <1 token", "token bucket B=1 equals M/D/1/1":
		w = plain(many(lambda), lambda, exponential(0.001))
		w.Policy = fmt.Sprintf("{name: bucket, kind: token-bucket, rate: %s/s, burst: %s}", p["refill_rate"], p["bucket"])
		c.warmup = 200
	case "M/M/1 retrial (linear)", "M/M/c retrial (linear)":
		w.Room, w.Retry = "0", exponential(1/p.float("nu"))
		if p.has("persist_prob") && p.float("persist_prob") < 1 {
			// A client tries again always or never; its user comes back with a chance.
			w.Retry, w.Return = "", fmt.Sprintf("{share: %s, after: %s}", p["persist_prob"], exponential(1/p.float("nu")))
			c.warmup = 100
		}
		c.warmup *= 1 + 1/p.float("nu")
		c.every = 2
	case "GI/M/1", "Kingman upper bound":
		w.Arrivals = gaps(c.parameters)
	case "retry amplification":
		w = plain(many(1), 1000, exponential(0.001))
		w.Retry, w.Tries = "0s", int(p.float("max_attempts"))
		w.Policy = fmt.Sprintf("{name: coin, kind: starlark, script: %q}", failing(p.float("fail_prob")))
		c.warmup = 1
	case "random routing":
		// Half of them go to the other of two pools.
		each := p.float("lam_per_server")
		w.Streams[0].Rate = decimal(2 * each)
		c.warmup = math.Ceil(6 / squared(1-math.Sqrt(each)))
		w.Policy, w.Twin = "{name: router, kind: fallback, pool: second, share: 50%, quality: 100%}", 1
		c.slow = true
	case "M/M/1 with Bernoulli feedback p=0.3":
		w.Session = "{requests: {mean: " + decimal(1/0.7) + "}, think: 0s}"
		c.warmup = 100
	case "fluid surge no abandonment", "fluid surge with abandonment":
		w.Streams[0].Rate = "60"
		w.Steps = []step{{"2s", "150"}, {"4s", "60"}}
		c.warmup, c.run, c.reps = 20, 6, 512
		for _, row := range textbook.WideTable() {
			if row.Name == c.name && row.Parameters == c.parameters {
				c.looks = append(c.looks, crossing(row))
			}
		}
	case "M/M/c//N (machine repair)":
		w.Closed = fmt.Sprintf("{users: %s, think: %s}", p["N"], exponential(1/p.float("lam_per_source")))
		c.warmup = 200
	case "closed network MVA":
		demands := strings.Split(strings.Trim(p["demands"], "()"), ",")
		first, _ := strconv.ParseFloat(demands[0], 64)
		next, _ := strconv.ParseFloat(strings.TrimSpace(demands[1]), 64)
		w.Streams[0].Service = exponential(first)
		w.Second = &second{1, exponential(next)}
		w.Closed = fmt.Sprintf("{users: %s, think: %s}", p["N"], exponential(p.float("Z")))
		c.warmup, c.run = 100, 2000
	case "tandem M/M/1 (Jackson)":
		w.Second = &second{1, exponential(1 / 0.8)}
		c.warmup = 300
	case "M/G/inf":
		w = plain(many(lambda), lambda, withCV("lognormal", 1, 5))
		c.every, c.warmup = 5, 50
	default:
		return fmt.Errorf("theory: there is no scenario for %s", c.name)
	}
	if theta := p["theta"]; theta != "" && p.float("theta") > 0 {
		w.Patience = exponential(1 / p.float("theta"))
	}
	if servers >= 1000 {
		c.slow = true
	}
	c.world = w
	if servers >= 50 && c.reps == narrowReplications {
		c.reps = narrowReplications / 4 // fewer and longer: the edges of a run tell less
	}
	if c.run == 0 {
		rate := 0.0
		for _, s := range w.Streams {
			x, _ := strconv.ParseFloat(s.Rate, 64)
			rate += x
		}
		if w.Closed != "" {
			rate = float64(servers) * mu
		}
		// A first guess, for pilots.
		c.run = math.Ceil(min(20*c.warmup, 15000/rate))
	}
	return nil
}

// failing is a script by which every try fails with a chance of its own, of whole
// tenths: the luck of a request is the same for all its tries, and its digits are
// independent.
func failing(chance float64) string {
	return fmt.Sprintf("def admit(now, attempt, signals):\n"+
		"    digit = int(attempt.luck * [10, 100, 1000, 10000, 100000][attempt.number - 1]) %% 10\n"+
		"    return digit >= %d or {\"reject\": \"failed\", \"status\": 503}\n", int(math.Round(10*chance)))
}

// crossing is the moment of a fluid surge at which a row looks.
func crossing(row textbook.Wide) float64 {
	if row.Metric == "peak_backlog" {
		return 4
	}
	return row.Value
}

var momentOf = regexp.MustCompile(`\(([0-9.]+)\)`)

// timeOf is the t of E[N(t)], m(t) and the like.
func timeOf(metric string) float64 {
	m := momentOf.FindStringSubmatch(metric)
	if m == nil {
		return 0
	}
	t, _ := strconv.ParseFloat(m[1], 64)
	return t
}

// exact is the value of another row of the case.
func (c *wideCase) exact(metric string) float64 {
	for _, row := range c.rows {
		if row.Metric == metric {
			return row.Value
		}
	}
	panic("theory: no row " + metric + " of " + c.name)
}

// wideMetrics are the metrics that are a figure of the summary.
var wideMetrics = map[string]string{
	"rho": "pools.servers.utilisation", "utilisation": "pools.servers.utilisation", "util": "pools.servers.utilisation",
	"mean_busy": "pools.servers.busy_mean", "mean_in_batch": "pools.servers.busy_mean",
	"Lq": "all.queue_length.mean", "q_star": "all.queue_length.mean",
	"W": "all.latency_s.mean", "W_accepted": "all.latency_s.mean", "W_sojourn": "all.latency_s.mean",
	"Wq": "all.wait_s.mean", "Wq_accepted": "all.wait_s.mean", "Wq_all": "all.wait_s.mean",
	"sojourn_p50": "all.latency_s.p50", "sojourn_p90": "all.latency_s.p90", "sojourn_p95": "all.latency_s.p95", "sojourn_p99": "all.latency_s.p99",
	"Wq_p90": "all.wait_s.p90", "Wq_p95": "all.wait_s.p95", "Wq_p99": "all.wait_s.p99",
	"P_wait": "all.prob_wait", "P_wait (ErlangC)": "all.prob_wait", "P_wait_gt_0": "all.prob_wait", "P_all_busy": "all.prob_wait", "P_virtual_wait": "all.prob_wait",
	"P_block": "all.error_rate", "P_block (ErlangB, insensitive)": "all.error_rate",
	"P_ab": "all.abandonment_rate", "P_drop": "all.refusal_rate",
	"E_V": "all.offered_wait_s.mean", "w_star": "all.offered_wait_s.mean",
	"sigma=P_wait": "all.prob_wait", "Wq_bound": "all.wait_s.mean", "response_time": "all.latency_s.mean",
	"E[orbit]": "all.retrying.mean",
}

// measures sets how a row is measured.
func (c *wideCase) measures(row *wideRow) error {
	m := row.Metric
	row.limit = strings.HasPrefix(c.name, "fluid") || strings.HasSuffix(c.name, "(N->inf)")
	row.bound = c.name == "Kingman upper bound"
	if path := wideMetrics[m]; path != "" && c.name != "random routing" {
		row.measure = func(s *sight) float64 { return s.at(path) }
		if strings.Contains(path, ".p") && strings.Contains(path, "_s.p") {
			row.slack = 1.0 / 256
		}
		if strings.HasSuffix(path, ".p99") {
			row.width = 0.1
		}
		if c.world.Batch != nil && (m == "Wq" || m == "P_wait") {
			row.width = 0.2 // few wait at all
		}
		return nil
	}
	// About the exact mean: the variance about the mean of a run is too small.
	square := func(path, mean string) func(*sight) float64 {
		exact := c.exact(mean)
		return func(s *sight) float64 { return squared(s.at(path+".sd")) + squared(s.at(path+".mean")-exact) }
	}
	looks := func(f func(presence) float64) func(*sight) float64 {
		return func(s *sight) float64 { return s.mean(f) }
	}
	when := func(yes func(presence) bool) func(presence) float64 {
		return func(p presence) float64 {
			if yes(p) {
				return 1
			}
			return 0
		}
	}
	one := func(f func(presence) float64) func(*sight) float64 {
		i := slices.Index(c.looks, timeOf(m))
		return func(s *sight) float64 { return f(s.present[i]) }
	}
	number := func(p presence) float64 { return float64(p.all()) }
	busy := when(func(p presence) bool { return p.all() >= c.world.Servers })
	switch {
	case m == "L":
		row.measure = func(s *sight) float64 { return s.at("all.queue_length.mean") + s.at("pools.servers.busy_mean") }
	case m == "throughput":
		// Of a run of finite length: who comes to the service leaves it.
		row.measure = func(s *sight) float64 { return s.at("all.admitted") / c.run }
	case m == "L_total":
		row.measure = func(s *sight) float64 {
			return s.at("all.queue_length.mean") + s.at("pools.servers.busy_mean") + s.at("pools.second.busy_mean")
		}
	case m == "E[attempts]":
		row.measure = func(s *sight) float64 { return s.at("all.attempts") / s.at("all.requests") }
	case m == "P_final_fail":
		row.measure, row.width = func(s *sight) float64 { return s.at("all.given_up") / s.at("all.requests") }, 0.1
		row.floor = 0.0002
	case m == "P_lost":
		row.measure = func(s *sight) float64 { return 1 - s.at("all.completed")/(c.fresh()*c.run) }
	case m == "E_orbit" && c.world.Return == "":
		row.measure = func(s *sight) float64 { return s.at("all.retrying.mean") }
	case m == "E_orbit":
		row.measure = func(s *sight) float64 { return s.mean(func(p presence) float64 { return float64(p.returning) }) }
	case m == "retry_rate" && c.world.Return != "":
		row.measure = func(s *sight) float64 { return s.at("all.requests")/c.run - c.fresh() }
	case c.name == "random routing":
		row.measure = func(s *sight) float64 { return s.at("all.latency_s.mean") }
		if c.world.Streams[0].Rate == "1.98" {
			row.width = 0.2 // to 5 % it takes 10^9 customers
		}
	case m == "W_total" && c.world.Session == "":
		row.measure = func(s *sight) float64 { return s.at("all.latency_s.mean") }
	case m == "W_total" && c.world.Session != "":
		// Of a user, over all his services.
		row.measure = func(s *sight) float64 {
			return s.at("all.latency_s.mean") * s.at("all.completed") / (c.fresh() * c.run)
		}
	case strings.HasPrefix(m, "asym_var"):
		p := parametersOf(c.parameters)
		exact := p.float("lam") / (p.float("mu") - p.float("lam"))
		row.measure = func(s *sight) float64 {
			return squared(s.at("all.queue_length.mean")+s.at("pools.servers.busy_mean")-exact) * c.run
		}
		row.width = 0.1
	case m == "peak_backlog":
		i := slices.Index(c.looks, 4)
		row.measure = func(s *sight) float64 { return float64(s.present[i].all() - c.world.Servers) }
	case strings.HasPrefix(m, "t_servers_full"), strings.HasPrefix(m, "t_backlog_empty"):
		// Where the mean trajectory crosses c is told by its value at the exact moment
		// and its slope there, which is the rate less that of c servers.
		t := row.Value
		i, slope := slices.Index(c.looks, t), 150-100.0
		if t > 4 {
			slope = 60 - 100
		}
		row.measure = func(s *sight) float64 { return t + float64(c.world.Servers-s.present[i].all())/slope }
	case m == "Var_sojourn":
		if c.name == "M/M/1-PS" {
			row.measure, row.width = c.varianceOfPS, 0.1
			break
		}
		row.measure, row.width = square("all.latency_s", "W"), 0.1
	case m == "Var_Wq":
		row.measure, row.width = square("all.wait_s", "Wq"), 0.1
	case m == "E[Wq^2]":
		row.measure, row.width = func(s *sight) float64 { return squared(s.at("all.wait_s.sd")) + squared(s.at("all.wait_s.mean")) }, 0.1
	case m == "Var_L":
		mean := c.exact("L")
		row.measure, row.width = looks(func(p presence) float64 { return squared(float64(p.all()) - mean) }), 0.1
	case m == "P_N_ge_10":
		row.measure, row.width = looks(when(func(p presence) bool { return p.all() >= 10 })), 0.1
	case m == "mean_busy_period":
		row.measure = func(s *sight) float64 {
			return s.at("pools.servers.busy_mean") * c.run / (s.at("all.attempts") * (1 - s.at("all.prob_wait")))
		}
	case m == "Wq_given_wait":
		row.measure, row.width = func(s *sight) float64 { return s.at("all.wait_s.mean") / s.at("all.prob_wait") }, 0.1
	case m == "P_Wq_gt_0.1":
		row.measure, row.slack, row.width = func(s *sight) float64 { return 1 - s.share(0.1) }, 1.0/256, 0.1
		row.floor = 0.001
	case m == "P(Wq<=0)":
		row.measure = func(s *sight) float64 { return 1 - s.at("all.prob_wait") }
	case strings.HasPrefix(m, "P(Wq<="):
		x, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimPrefix(m, "P(Wq<="), ")"), 64)
		if err != nil {
			return err
		}
		row.measure, row.slack = func(s *sight) float64 { return s.share(x) }, 1.0/256
	case m == "Wq_served":
		row.measure, row.width = waitOfServed, 0.1
	case m == "Wq_abandoned":
		row.measure, row.width = func(s *sight) float64 {
			done, gone := s.at("all.completed"), s.at("all.abandoned")
			return (s.at("all.wait_s.mean")*(done+gone) - waitOfServed(s)*done) / gone
		}, 0.1
	case strings.HasPrefix(m, "Wq_class"), strings.HasPrefix(m, "W_class"), strings.HasPrefix(m, "W_sojourn_class"):
		n, err := strconv.Atoi(m[len(m)-1:])
		if err != nil {
			return err
		}
		figure := ".latency_s.mean"
		if strings.HasPrefix(m, "Wq") {
			figure = ".wait_s.mean"
		}
		row.measure = func(s *sight) float64 { return s.at(fmt.Sprintf("tiers.class%d%s", n-1, figure)) }
	case strings.HasPrefix(m, "P(N="):
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(m, "P(N="), ")"))
		if err != nil {
			return err
		}
		row.measure = looks(when(func(p presence) bool { return p.all() == n }))
		row.floor = 0.002
	case strings.HasPrefix(m, "m("), strings.HasPrefix(m, "E[N("):
		if c.name == "NHPP count" {
			row.measure = func(s *sight) float64 { return s.at("all.attempts") }
			break
		}
		row.measure = one(number)
		if strings.HasPrefix(m, "E") {
			row.width = 0.1
		}
	case strings.HasPrefix(m, "Var[N("):
		mean := c.exact(strings.Replace(m, "Var[", "E[", 1))
		row.measure, row.width = one(func(p presence) float64 { return squared(float64(p.all()) - mean) }), 0.2
	case strings.HasPrefix(m, "E[Q("):
		row.measure = one(func(p presence) float64 { return float64(p.waiting) })
		row.floor = 0.02
		row.width = 0.1
	case strings.HasPrefix(m, "P(N("):
		row.measure, row.floor = one(busy), 0.05
	case m == "mean_time_in_orbit":
		row.measure = func(s *sight) float64 { return s.at("all.request_latency_s.mean") - s.at("all.latency_s.mean") }
	case m == "P_first_attempt_blocked", m == "P_block_first":
		// Those who come first see what a look at any time sees.
		row.measure = looks(busy)
	case m == "retry_rate":
		row.measure = func(s *sight) float64 { return (s.at("all.attempts") - s.at("all.requests")) / c.run }
	default:
		return fmt.Errorf("theory: %s: metric %s is not measured", c.name, m)
	}
	return nil
}

// fresh is how many come a second who have not been there before.
func (c *wideCase) fresh() float64 {
	x, err := strconv.ParseFloat(c.world.Streams[0].Rate, 64)
	if err != nil {
		panic(err)
	}
	return x
}

// varianceOfPS is that of the time in a shared system, whose mean is 1 / (1 - lambda).
func (c *wideCase) varianceOfPS(s *sight) float64 {
	mean := 1 / (1 - parametersOf(c.parameters).float("lam"))
	return squared(s.at("all.latency_s.sd")) + squared(s.at("all.latency_s.mean")-mean)
}

// waitOfServed is the mean wait of those who were served, whose service is one second
// on average.
func waitOfServed(s *sight) float64 { return s.at("all.latency_s.mean") - 1 }
