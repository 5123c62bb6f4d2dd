package report

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/unit"
)

// A columns builds a table the way the recorder names its columns.
type columns struct {
	table metrics.Table
	place map[string]int
}

func (c *columns) at(name string, kind metrics.Kind) *metrics.Column {
	if c.place == nil {
		c.place = map[string]int{}
	}
	i, ok := c.place[name]
	if !ok {
		i = len(c.table.Columns)
		c.place[name] = i
		c.table.Columns = append(c.table.Columns, metrics.Column{Name: name, Kind: kind, Unit: map[metrics.Kind]string{metrics.Float: "s", metrics.Int: "attempts"}[kind], About: "an invented column"})
	}
	return &c.table.Columns[i]
}

func (c *columns) text(name, v string) {
	x := c.at(name, metrics.Text)
	x.Texts = append(x.Texts, v)
}

func (c *columns) int(name string, v float64) {
	x := c.at(name, metrics.Int)
	x.Ints = append(x.Ints, int64(math.Round(v)))
}

func (c *columns) float(name string, v float64) {
	x := c.at(name, metrics.Float)
	x.Floats = append(x.Floats, v)
}

// launchRun invents nine days of a launch at 1/1000: demand that grows and
// breathes with the day, limits, dips of capacity, queues that follow from
// them. It looks like a run; nothing in it was simulated.
func launchRun(intervals int) *Run {
	const step = 300
	start := time.Date(2025, 3, 25, 18, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	r := &Run{
		Name: "ghibli-2025", Title: "The ChatGPT image launch", Version: "test", Resolved: "name: ghibli-2025\nscale: 1/1000\n",
		Start: start, Duration: time.Duration(float64(intervals) * step * 1e9), Interval: step * time.Second, Scale: 1. / 1000, Seed: 1,
		Tiers:    []metrics.TierInfo{{Name: "free"}, {Name: "plus", Paid: true}, {Name: "pro", Paid: true}, {Name: "team", Paid: true}},
		Classes:  []metrics.ClassInfo{{Name: "image"}, {Name: "chat", Fluid: true}, {Name: "signup", Signup: true}},
		Pools:    []string{"images", "signups"},
		Refusals: []models.Refusal{{Name: "free-quota", Status: 429}, {Name: "feature-gate", Status: 403}, {Name: "paid-quota", Status: 429}, {Name: "shedding", Status: 503}, {Name: "queue-limit", Status: 503}},
	}
	for _, m := range []struct {
		at    time.Duration
		kind  MarkKind
		label string
	}{
		{18*time.Minute + 31*time.Second, Note, "launch post; paid tiers get images"},
		{14 * time.Hour, Lever, "asynchronous pipeline: free work on spare cycles"},
		{26*time.Hour + 55*time.Minute, Lever, "free tier delayed"},
		{41*time.Hour + 55*time.Minute, Cause, "viral in India"},
		{46*time.Hour + 32*time.Minute, Lever, "limits for all: “our GPUs are melting”"},
		{48 * time.Hour, Lever, "free roll-out begins: 10 %"},
		{64*time.Hour + 13*time.Minute, Cause, "MyGovIndia posts images"},
		{3 * day, Lever, "free roll-out: 30 %"},
		{4*day - 2*time.Hour, Cause, "capacity dip (assumed)"},
		{4*day + 11*time.Hour + 2*time.Minute, Lever, "appeal: “please chill”"},
		{4*day + 16*time.Hour + 49*time.Minute, Cause, "deploy gone wrong (assumed)"},
		{5*day + 5*time.Hour, Lever, "+120 nodes"},
		{6*day + 11*time.Minute, Note, "“one million users in the last hour”"},
		{6*day + 5*time.Hour + 6*time.Minute, Lever, "images for all free users"},
		{6*day + 18*time.Hour + 43*time.Minute, Cause, "third dip (assumed)"},
		{7 * day, Lever, "+200 nodes"},
		{7*day + 20*time.Hour, Cause, "partial dip, evening in India"},
	} {
		r.Marks = append(r.Marks, Mark{At: m.at, Label: m.label, Kind: m.kind})
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	noisy := func(mean float64) float64 { return math.Max(0, math.Round(mean+math.Sqrt(mean)*rnd.NormFloat64())) }
	var c, p columns
	sums := map[string]*metrics.Figures{}
	queue := [4]float64{}
	for i := range intervals {
		t := float64(i) * step
		h := t/3600 + 18
		breath := 1 + 0.45*math.Sin((h-9)/24*2*math.Pi) + 0.08*math.Sin(h/12*2*math.Pi)
		growth := 1 - math.Exp(-t/86400/2.2)
		surge := breath * (0.25 + growth)
		if t < 1100 {
			surge *= 0.05
		}
		capacity := 100.0 // servers at 1/1000
		for _, add := range []struct{ at, n float64 }{{5.2 * 86400, 24}, {7 * 86400, 36}} {
			if t > add.at {
				capacity += add.n
			}
		}
		for _, dip := range [][3]float64{{3.92 * 86400, 7200, 0.55}, {4.7 * 86400, 9000, 0.4}, {6.78 * 86400, 7000, 0.5}, {7.83 * 86400, 5000, 0.6}} {
			if t >= dip[0] && t < dip[0]+dip[1] {
				capacity *= dip[2]
			}
		}
		capacity -= float64(rnd.IntN(3))
		rollout := 0.04
		if t > 2*86400 {
			rollout = 0.3
		}
		if t > 6.2*86400 {
			rollout = 1
		}
		room := capacity * step / 33 // attempts that it can serve
		working := map[string]float64{}
		for k, share := range [4]float64{0.78, 0.18, 0.015, 0.025} {
			tier := r.Tiers[k].Name
			row := func(class string) {
				ts := c.at("time", metrics.Instant)
				ts.Ints = append(ts.Ints, start.UnixNano()+int64(t*1e9))
				c.float("t_s", t)
				c.text("tier", tier)
				c.text("class", class)
			}
			row("image")
			requests := noisy(2.6 * step * share * surge)
			retries := requests * 0.12 * math.Min(queue[k]/200, 2)
			attempts := requests + math.Round(retries)
			gated, quota, shed := 0.0, 0.0, 0.0
			if k == 0 {
				gated = math.Round(attempts * (1 - rollout) * 0.35)
				if t > 46.5*3600 {
					quota = math.Round((attempts - gated) * 0.4)
				}
			} else if t > 46.5*3600 {
				quota = math.Round(attempts * 0.06)
			}
			if queue[k] > 250 {
				shed = math.Round((attempts - gated - quota) * 0.5)
			}
			admitted := attempts - gated - quota - shed
			queue[k] += admitted
			served := math.Min(queue[k], math.Floor(room*[4]float64{0.97, 1, 1, 1}[k]))
			room -= served
			queue[k] -= served
			left := math.Floor(queue[k] * 0.02)
			out := math.Floor(queue[k] * 0.005)
			failed := 0.0
			if capacity < 75 {
				failed = math.Round(served * 0.05)
			}
			served -= failed
			queue[k] -= left + out
			got := math.Min(math.Round(served*requests/math.Max(attempts, 1)), requests)
			wait := queue[k] / math.Max(served, 1) * step
			f := sums[tier]
			if f == nil {
				f = &metrics.Figures{Rejected: map[string]metrics.Figure{}}
				sums[tier] = f
			}
			for _, v := range []struct {
				name string
				n    float64
				sum  *metrics.Figure
			}{
				{"requests", requests, &f.Requests}, {"first_tries", math.Min(requests, attempts), new(metrics.Figure)}, {"attempts", attempts, &f.Attempts}, {"admitted", admitted, &f.Admitted}, {"completed", served, &f.Completed},
				{"abandoned", left, &f.Abandoned}, {"timed_out", out, &f.TimedOut}, {"failed", failed, &f.Failed}, {"cancelled", 0, &f.Cancelled},
				{"suppressed", 0, &f.Suppressed}, {"satisfied", got, &f.Satisfied}, {"given_up", requests - got, &f.GivenUp}, {"signups", 0, &f.Signups},
			} {
				c.int(v.name, v.n)
				*v.sum += metrics.Figure(v.n)
			}
			for _, v := range []struct {
				name string
				n    float64
			}{{"free-quota", quota * b2f(k == 0)}, {"paid-quota", quota * b2f(k > 0)}, {"feature-gate", gated}, {"shedding", shed}, {"queue-limit", 0}} {
				c.int("rejected_"+v.name, v.n)
				f.Rejected[v.name] += metrics.Figure(v.n)
			}
			c.float("queue_length_mean", queue[k])
			c.float("retrying_mean", retries/4)
			c.float("busy_mean", (served+failed)*30/step)
			working["image"] += (served + failed) * 30 / step
			base := (22 + wait) * (1 + 0.04*rnd.NormFloat64())
			for n, q := range []float64{1, 1.9, 2.4, 3.6} {
				v := base * q
				if served == 0 {
					v = math.NaN()
				}
				c.float([]string{"latency_p50_s", "latency_p90_s", "latency_p95_s", "latency_p99_s"}[n], v)
			}
			c.float("wait_p50_s", wait)
			c.float("wait_p99_s", wait*2)

			for _, class := range []string{"chat", "signup"} {
				if class == "signup" && k > 0 {
					continue
				}
				row(class)
				n, busy := noisy(17*step*share*breath), 0.0
				if class == "signup" {
					n = noisy(step / 6 * (0.5 + 0.9*growth) * breath)
					busy = n / step * 2 * 1.4
				} else {
					busy = 14 * breath * share
				}
				for _, name := range []string{"requests", "first_tries", "attempts", "admitted", "completed", "satisfied"} {
					c.int(name, n)
				}
				for _, name := range []string{"abandoned", "timed_out", "failed", "cancelled", "suppressed", "given_up", "rejected_free-quota", "rejected_paid-quota", "rejected_feature-gate", "rejected_shedding", "rejected_queue-limit"} {
					c.int(name, 0)
				}
				signups := 0.0
				if class == "signup" {
					signups = n
					f.Signups += metrics.Figure(n)
				}
				c.int("signups", signups)
				c.float("queue_length_mean", 0)
				c.float("retrying_mean", 0)
				c.float("busy_mean", busy)
				working[class] += busy
				for _, name := range []string{"latency_p50_s", "latency_p90_s", "latency_p95_s", "latency_p99_s", "wait_p50_s", "wait_p99_s"} {
					c.float(name, math.NaN())
				}
			}
		}
		for _, pool := range r.Pools {
			p.float("t_s", t)
			p.text("pool", pool)
			p.float("capacity_mean", map[string]float64{"images": capacity, "signups": 0.9}[pool])
			for _, class := range r.Classes {
				busy := working[class.Name]
				if (class.Name == "signup") != (pool == "signups") {
					busy = 0
				}
				p.float("busy_mean_"+class.Name, busy)
			}
		}
	}
	total := &metrics.Figures{Rejected: map[string]metrics.Figure{}}
	paid := &metrics.Figures{Rejected: map[string]metrics.Figure{}}
	r.Result = &metrics.Result{Series: &c.table, Pools: &p.table, Summary: metrics.Summary{
		Schema: metrics.SchemaVersion, Scenario: r.Name, Scale: r.Scale, Seed: 1, To: metrics.Figure(r.Duration.Seconds()), Events: 5_400_000,
		All: total, Paid: paid, Tiers: map[string]*metrics.Figures{}, Classes: map[string]*metrics.Figures{},
		Pools: map[string]metrics.PoolFigures{"images": {Utilisation: 0.61, CapacityMean: 118}},
	}}
	signups := &metrics.Figures{}
	for k, t := range r.Tiers {
		f := sums[t.Name]
		f.InSystem = metrics.Figure(math.Round(queue[k]))
		f.Open = f.Requests - f.Satisfied - f.GivenUp
		f.Users = rounded(f.Requests / 6)
		f.UsersSatisfied = rounded(f.Users * 0.9)
		for _, n := range f.Rejected {
			f.RefusalRate += n
		}
		f.RefusalRate = (f.RefusalRate - f.Rejected["shedding"]) / (f.Attempts - f.InSystem)
		f.ErrorRate = (f.Failed + f.TimedOut + f.Rejected["shedding"]) / (f.Attempts - f.InSystem)
		f.AbandonmentRate = f.Abandoned / (f.Attempts - f.InSystem)
		f.Latency = metrics.Spread{P50: [4]metrics.Figure{900, 41, 38, 40}[k], P99: [4]metrics.Figure{22000, 190, 120, 170}[k]}
		signups.Signups += f.Signups
		add(total, f)
		if t.Paid {
			add(paid, f)
		}
		r.Result.Summary.Tiers[t.Name] = &metrics.Figures{Attempts: f.Attempts, Users: f.Users, Classes: map[string]*metrics.Figures{"image": f}}
	}
	r.Result.Summary.Classes["image"], r.Result.Summary.Classes["signup"] = total, signups
	for k, d := range []struct{ median, sigma float64 }{{900, 1.4}, {41, 0.7}, {38, 0.6}, {40, 0.65}} {
		curve := Distribution{Label: r.Tiers[k].Name}
		for z := -4.0; z <= 3.9; z += 0.05 {
			curve.X = append(curve.X, d.median*math.Exp(d.sigma*z))
			curve.P = append(curve.P, 0.5*math.Erfc(-z/math.Sqrt2))
		}
		r.Latency = append(r.Latency, curve)
	}
	r.Score, r.NoLever, r.Unknowns = inventedRecord(start)
	return r
}

func rounded(f metrics.Figure) metrics.Figure { return metrics.Figure(math.Round(float64(f))) }

// add adds the counts of f to sum.
func add(sum, f *metrics.Figures) {
	for _, x := range [][2]*metrics.Figure{
		{&sum.Requests, &f.Requests}, {&sum.Satisfied, &f.Satisfied}, {&sum.GivenUp, &f.GivenUp}, {&sum.Open, &f.Open}, {&sum.Attempts, &f.Attempts}, {&sum.Admitted, &f.Admitted},
		{&sum.Completed, &f.Completed}, {&sum.Abandoned, &f.Abandoned}, {&sum.TimedOut, &f.TimedOut}, {&sum.Failed, &f.Failed}, {&sum.InSystem, &f.InSystem},
		{&sum.Users, &f.Users}, {&sum.UsersSatisfied, &f.UsersSatisfied}, {&sum.Signups, &f.Signups},
	} {
		*x[0] += *x[1]
	}
	for reason, n := range f.Rejected {
		sum.Rejected[reason] += n
	}
}

// inventedRecord invents what the run above would score.
func inventedRecord(start time.Time) (score, noLever []incident.Row, unknowns []incident.Unknown) {
	at := func(s string) unit.Instant {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			panic(err)
		}
		return unit.Instant(t.Sub(start))
	}
	n := func(v float64) *unit.Count { c := unit.Count(v); return &c }
	null := metrics.Null()
	whole := [2]string{"2025-03-25T18:18:31Z", "2025-04-03T15:00:03Z"}
	for _, x := range []struct {
		name, use, metric, unit string
		window                  [2]string
		value                   float64
		low, high               *unit.Count
		sim, lever              metrics.Figure
		verdict, leverVerdict   incident.Verdict
		why                     string
	}{
		{"images-by-3-apr", "calibrate", "classes.image.completed", "images", whole, 700e6, n(700e6), n(780e6), 703e6, 655e6, incident.Hit, incident.Near, ""},
		{"image-users-by-3-apr", "calibrate", "classes.image.users_satisfied", "users", whole, 130e6, n(125e6), n(145e6), 131.2e6, 120e6, incident.Hit, incident.Near, ""},
		{"signups-week-1", "calibrate", "classes.signup.completed", "users", [2]string{"2025-03-25T18:18:31Z", "2025-04-01T18:18:31Z"}, 100e6, n(80e6), n(120e6), 98.4e6, 101e6, incident.Hit, incident.Hit, ""},
		{"signups-best-hour", "predict", "classes.signup.completed", "users", [2]string{"2025-03-31T17:11:17Z", "2025-03-31T18:11:17Z"}, 1e6, n(850e3), n(1.3e6), 1.062e6, 1.1e6, incident.Hit, incident.Hit, ""},
		{"overload-day-3", "predict", "classes.image.load", "ratio", [2]string{"2025-03-27T15:00:00Z", "2025-03-27T16:32:26Z"}, 1, n(1), nil, 1.31, 1.31, incident.Hit, incident.Hit, ""},
		{"paid-kept", "predict", "paid.completed_share", "ratio", whole, 0.9, n(0.85), n(1), 0.927, 0.41, incident.Hit, incident.Miss, ""},
		{"slow-images", "predict", "paid.latency_s.p50", "s", [2]string{"2025-03-27T16:32:26Z", "2025-04-01T16:00:00Z"}, 45, n(20), n(120), 41, 5400, incident.Hit, incident.Miss, ""},
		{"error-spikes", "given", "", "incidents", [2]string{"2025-03-29T12:00:00Z", "2025-04-02T20:00:00Z"}, 3, n(2), n(4), null, null, incident.NotScored, incident.NotScored, "needs the detectors of a later issue"},
		{"stabler", "predict", "all.error_rate", "ratio", [2]string{"2025-04-03T00:00:00Z", "2025-04-03T15:00:03Z"}, 0.5, n(0), n(0.5), 0.81, 1.02, incident.Miss, incident.Miss, ""},
	} {
		f := incident.Fact{Name: x.name, What: x.name, From: at(x.window[0]), To: at(x.window[1]), Metric: x.metric, Value: unit.Count(x.value), Low: x.low, High: x.high, Unit: x.unit, Use: x.use, Source: "a post", Confidence: "H"}
		if x.name == "stabler" {
			f.Over = &incident.Span{From: at("2025-03-31T00:00:00Z"), To: at("2025-04-01T00:00:00Z")}
		}
		if x.verdict == incident.NotScored {
			f.NotScored = x.why
		}
		score = append(score, incident.Row{Fact: f, Simulated: x.sim, Residual: x.sim/metrics.Figure(x.value) - 1, Verdict: x.verdict, Why: x.why})
		noLever = append(noLever, incident.Row{Fact: f, Simulated: x.lever, Residual: x.lever/metrics.Figure(x.value) - 1, Verdict: x.leverVerdict, Why: x.why})
	}
	return score, noLever, []incident.Unknown{
		{Name: "gpu-seconds-per-image", Value: "33s", Low: "8s", High: "60s", Why: "never published"},
		{Name: "image-fleet", Value: "100k", Low: "40k", High: "200k", Unit: "GPUs", Why: "only its product with the seconds is known"},
	}
}

// plainQueue invents an M/M/1 of 100,000 s: no dates, no reasons, one tier.
func plainQueue() *Run {
	const step, n = 500, 200
	r := &Run{Name: "mm1", Title: "M/M/1 at 80 % load", Resolved: "name: mm1\n", Duration: step * n * time.Second, Interval: step * time.Second, Scale: 1, Seed: 7,
		Tiers: []metrics.TierInfo{{Name: "all"}}, Classes: []metrics.ClassInfo{{Name: "job"}}, Pools: []string{"servers"}}
	rnd := rand.New(rand.NewPCG(3, 4))
	var c, p columns
	level, sum := 4.0, 0.0
	for i := range n {
		level = math.Max(0.6, level+0.4*(4-level)+1.4*rnd.NormFloat64())
		jobs := math.Round(0.8*step + 20*rnd.NormFloat64())
		sum += jobs
		ts := c.at("time", metrics.Instant)
		ts.Ints = append(ts.Ints, int64(i*step)*1e9)
		c.float("t_s", float64(i*step))
		c.text("tier", "all")
		c.text("class", "job")
		for _, name := range []string{"requests", "attempts", "admitted", "admitted_completed", "completed", "satisfied"} {
			c.int(name, jobs)
		}
		for _, name := range []string{"abandoned", "timed_out", "failed", "suppressed", "given_up", "signups"} {
			c.int(name, 0)
		}
		c.float("queue_length_mean", level*0.8)
		p.float("t_s", float64(i*step))
		p.text("pool", "servers")
		p.float("capacity_mean", 1)
		p.float("busy_mean_job", math.Min(1, 0.8+0.03*rnd.NormFloat64()))
		c.float("latency_p50_s", level*0.7)
		c.float("latency_p99_s", level*4.6)
	}
	jobs := metrics.Figure(sum)
	f := &metrics.Figures{Requests: jobs, Satisfied: jobs, Attempts: jobs, Admitted: jobs, Completed: jobs, ErrorRate: 0, CompletedShare: 1,
		Latency: metrics.Spread{Mean: 5, P50: 3.47, P99: 23}, RequestLatency: metrics.Spread{Mean: 5, P50: 3.47, P99: 23}, LatencyServedMean: 5, WaitServedMean: 4, Wait: metrics.Spread{Mean: 4}, QueueLength: metrics.Level{Mean: 3.2, Max: 41}}
	r.Result = &metrics.Result{Series: &c.table, Pools: &p.table, Summary: metrics.Summary{Schema: metrics.SchemaVersion, Scenario: "mm1", Scale: 1, Seed: 7, To: step * n, All: f,
		Pools: map[string]metrics.PoolFigures{"servers": {Utilisation: 0.8, CapacityMean: 1}}, Tiers: map[string]*metrics.Figures{"all": f}, Classes: map[string]*metrics.Figures{"job": f}}}
	curve := Distribution{Label: "all"}
	for x := 0.05; x < 60; x *= 1.08 {
		curve.X, curve.P = append(curve.X, x), append(curve.P, 1-math.Exp(-x/5))
	}
	r.Latency = []Distribution{curve}
	return r
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
