package admission

import (
	"cmp"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

func init() {
	policy.Register(policy.Kind{
		Name: "cinnamon", Heading: policy.Admission,
		Doc: "Keeps attempts in a queue of its own and lets as many be in flight as a limit says that a Vegas-like tuner finds from latencies. When the queue has not been empty for `overloaded_after`, a PI controller finds the share to reject (503) so that what comes in equals what goes out, " +
			"and turns it into a threshold on the priority, 6 tiers of 128 cohorts of users, by the distribution of the last 1,000. What has waited longer than `queue_timeout` is dropped.",
		Source: "Uber Engineering, \"Cinnamon: Using Century Old Tech to Build a Mean Load Shedder\", \"PID Controller for Cinnamon\" and \"Cinnamon Auto-Tuner\", 2023. Confirmed there: tiers with cohorts, the threshold from a distribution of priorities, a PI controller on the ratio, a Vegas-style tuner on inflight limit and target latency. " +
			"Not readable there, and so ours or those of the re-implementation jfrz38/rate-limit-pid-controller: the exact target function, the gains, 128 cohorts, 10 s, 1,000 requests, the tuner's 3 and 5 log10, and how it knows the latency without load (the original corrects an estimate by the covariance of throughput and inflight; here it is the part of the same latencies in which they were served).",
		Fails: "Its queue timeout counts from the arrival of an attempt: put it before rooms and lists, or what has waited there is dropped. Equal flows leave a queue that has grown as it is: only its timeout shortens it, so that those who are served wait up to that long. It is one queue with one limit for all that it acts on: where its classes lead to several pools, give each an item of its own.",
		Held:  "No vector, and no code of the original is public: the priorities that it rejects, the limit and the queue behind it against the published description, in cases and in a closed loop.",
		Presets: "Source: a period of 500 ms, overloaded after 10 s, queue timeout 330 ms, samples of 250 latencies. Inference: a period of 5 s, overloaded after 10 s, queue timeout 10 s, half a service of 20 s, samples of 50; " +
			"the limit begins at the servers that are up in both. The gains are for a period and stay.",
		Scale: "Limits move by whole attempts and by their logarithm, and samples are counts: not free of scale.",
		Fresh: func() policy.Spec { return new(CinnamonSpec) },
	})
}

// CinnamonSpec is Uber's Cinnamon (2023), as far as it is published; see Source
// of its kind for what is not. Within its queue it is first in, first out, where
// the original's queue is by priority. It is told of no attempt that its own
// queue keeps when a user leaves, but of the next.
type CinnamonSpec struct {
	Preset          string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times hold where none is given."`
	Period          unit.Duration `yaml:"period" min:"1ms" or:"0s" doc:"How often the rejection ratio is set; 0s: 500ms in source, 5s in inference."`
	OverloadedAfter unit.Duration `yaml:"overloaded_after" doc:"Time without an empty queue after which rejection begins; 0s: 10s in source and in inference."`
	QueueTimeout    unit.Duration `yaml:"queue_timeout" doc:"Wait above which an attempt is dropped at its turn; 0s: 330ms in source, 10s in inference."`
	KP              float64       `yaml:"kp" default:"0.1" min:"0" doc:"Proportional gain; not confirmed at the source."`
	KI              float64       `yaml:"ki" default:"0.2" min:"0" doc:"Integral gain for one period; not confirmed at the source."`
	Initial         unit.Count    `yaml:"initial" doc:"Attempts in flight that are allowed at the start, and anew when this is changed; 0: the servers that are up."`
	Tuned           bool          `yaml:"tuned" default:"yes" doc:"Whether the limit is tuned; otherwise it stays."`
	Samples         int           `yaml:"samples" min:"0" max:"1000000" doc:"Latencies of which the tuner takes the mean; 0: 250 in source, 50 in inference."`
}

const (
	cinnamonTiers   = 6
	cinnamonCohorts = 128
	cinnamonHistory = 1000 // priorities in the distribution
	vegasAlpha      = 3    // times log10 of the limit
	vegasBeta       = 5
	mostOfObserved  = 10 // times the largest number in flight of a sample
	ln10            = 2.302585092994046
)

// New returns the policy with an empty queue.
func (s *CinnamonSpec) New(env policy.Env) (policy.Policy, error) {
	p := &cinnamon{luck: env.Luck(), reason: env.Reason(models.Unavailable), late: env.ReasonOf("timeout", models.Unavailable), emptied: env.Now()}
	p.rank, _ = ranks(env.Tiers)
	p.threshold = cinnamonTiers * cinnamonCohorts
	return p, p.Reconfigure(s)
}

type cinnamon struct {
	period, overloadedAfter, timeout sim.Time
	kp, ki                           float64
	first, samples                   int
	tuned                            bool
	rank                             []int // by tier
	luck                             policy.Luck
	reason, late                     models.Reason

	// The queue and what is in flight.
	limit, inFlight int // limit 0: not set yet
	left            int // of those that ended, how many Finish is still to be told of
	kept            int
	emptied         sim.Time // when the queue was last seen empty
	in, out         int      // of this period

	// The rejector.
	integral, ratio float64
	threshold       int // priorities at or above it are rejected
	recent          [cinnamonHistory]uint16
	seen            int
	histogram       [cinnamonTiers * cinnamonCohorts]int32

	// The tuner.
	latency, served sim.Time // of the sample, summed
	n               int      // latencies of the sample
	observed        int      // most in flight since the last sample
}

// Limit is how many may be in flight, and Ratio the share that is rejected.
func (p *cinnamon) Limit() int     { return p.limit }
func (p *cinnamon) Ratio() float64 { return p.ratio }

// Admit rejects by priority and keeps what cannot be in flight yet.
func (p *cinnamon) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	p.begin(s)
	user := p.luck.OfUser(a)
	priority := min(p.rank[a.Tier], cinnamonTiers-1)*cinnamonCohorts + int(user.Uint64()%cinnamonCohorts)
	p.remember(priority)
	if priority >= p.threshold {
		return models.Verdict{Reason: p.reason}
	}
	p.in++
	if p.kept == 0 && p.inFlight < p.limit {
		p.goOn()
		return models.Verdict{}
	}
	if p.kept == 0 {
		p.emptied = s.Now
	}
	return models.Verdict{Kept: models.InLine}
}

func (p *cinnamon) begin(s *models.Signals) {
	if p.limit == 0 {
		p.limit = p.first
		if p.limit == 0 {
			p.limit = max(1, s.Capacity)
		}
	}
}

func (p *cinnamon) goOn() {
	p.inFlight++
	p.out++
	p.observed = max(p.observed, p.inFlight)
}

// remember enters a priority in the distribution of the last ones.
func (p *cinnamon) remember(priority int) {
	at := p.seen % cinnamonHistory
	if p.seen >= cinnamonHistory {
		p.histogram[p.recent[at]]--
	}
	p.recent[at] = uint16(priority)
	p.histogram[priority]++
	p.seen++
}

// Let lets the queue go as far as the limit allows.
func (p *cinnamon) Let(kept int, s *models.Signals) (int, sim.Time) {
	p.begin(s)
	n := min(kept, max(0, p.limit-p.inFlight))
	for range n {
		p.goOn()
	}
	if p.kept = kept - n; p.kept == 0 {
		p.emptied = s.Now
	}
	return n, s.Now + p.period/letsInPeriod
}

// letsInPeriod is how often the queue is asked within a period beside the
// moments at which a server comes free.
const letsInPeriod = 10

// Discipline of the queue.
func (p *cinnamon) Discipline() string { return "fifo" }

// Start drops what has waited too long, in the queue and in that of the pool.
func (p *cinnamon) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	if s.Now-a.Arrived > p.timeout {
		return models.Verdict{Reason: p.late}
	}
	return models.Verdict{}
}

// Left is the end of an attempt whose latency is told later.
func (p *cinnamon) Left(a *models.Attempt, _ models.Outcome) {
	if a.Line == 0 {
		p.inFlight--
		p.left++
	}
}

// Finish is the end of an attempt; one that left the queue was not in flight.
func (p *cinnamon) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	if a.Line != 0 {
		return
	}
	if p.left > 0 {
		p.left--
	} else {
		p.inFlight--
	}
	if o != models.Completed || !p.tuned {
		return
	}
	p.latency += now - a.Admitted
	p.served += now - a.Started
	if p.n++; p.n >= p.samples {
		p.tune()
	}
}

// tune is one step of the tuner: the queue behind the limit is held between 3 and
// 5 log10 of the limit, as TCP Vegas does. The latency without load is the part
// of the latencies in which they were served, which the pool reports.
func (p *cinnamon) tune() {
	log := rng.Log(float64(p.limit)) / ln10
	queue := float64(float64(p.limit) * (1 - float64(p.served)/float64(max(p.latency, 1))))
	p.latency, p.served, p.n = 0, 0, 0
	step := max(1, int(log))
	switch {
	case queue <= float64(vegasAlpha*log):
		p.limit += step
	case queue > float64(vegasBeta*log):
		p.limit -= step
	}
	p.limit = max(1, min(p.limit, mostOfObserved*max(1, p.observed)))
	p.observed = p.inFlight
}

// Period is that of the rejection ratio.
func (p *cinnamon) Period() sim.Time { return p.period }

// Tick sets the rejection ratio. The error is what came in more than went out
// or could have gone out, in parts of what went out.
func (p *cinnamon) Tick(s *models.Signals) sim.Time {
	p.begin(s)
	if p.kept == 0 {
		p.emptied = s.Now
	}
	if p.ratio > 0 || s.Now-p.emptied > p.overloadedAfter {
		free := max(0, p.limit-p.inFlight)
		err := float64(p.in-p.out-free) / float64(max(1, p.out))
		if p.ki > 0 {
			p.integral = min(max(p.integral+err, 0), 1/p.ki)
		}
		p.ratio = min(max(float64(p.kp*err)+float64(p.ki*p.integral), 0), 1)
	}
	p.setThreshold()
	p.in, p.out = 0, 0
	return s.Now + p.period
}

// setThreshold finds the priority from which on the ratio of the last attempts
// lies; the first cohort of the first tier is never rejected.
func (p *cinnamon) setThreshold() {
	p.threshold = len(p.histogram)
	left := float64(p.ratio * float64(min(p.seen, cinnamonHistory)))
	for p.threshold > 1 {
		left -= float64(p.histogram[p.threshold-1])
		if left < 0 || p.ratio == 0 {
			return
		}
		p.threshold--
	}
}

// Reconfigure changes the constants; queue and ratio stay, and so does the limit
// unless it is to begin elsewhere.
func (p *cinnamon) Reconfigure(spec policy.Spec) error {
	s := spec.(*CinnamonSpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	period := set.Time(s.Period, 500*sim.Millisecond, 5*sim.Second)
	after := set.Time(s.OverloadedAfter, 10*sim.Second, 10*sim.Second)
	timeout := set.Time(s.QueueTimeout, 330*sim.Millisecond, 10*sim.Second)
	if err := cmp.Or(positive("period", period), positive("overloaded_after", after), positive("queue_timeout", timeout), within("kp", s.KP, 0, 1e9), within("ki", s.KI, 0, 1e9),
		within("initial", float64(s.Initial), 0, 1<<53), within("samples", float64(s.Samples), 0, 1e6)); err != nil {
		return err
	}
	samples := s.Samples
	if samples == 0 {
		samples = 50
		if set == policy.Source {
			samples = 250
		}
	}
	p.period, p.overloadedAfter, p.timeout, p.kp, p.ki = period, after, timeout, s.KP, s.KI
	if first := round(s.Initial); first != p.first {
		p.first, p.limit = first, 0 // it begins anew with the next attempt
	}
	p.samples, p.tuned = samples, s.Tuned
	return nil
}
