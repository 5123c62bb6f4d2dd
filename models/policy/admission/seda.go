package admission

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "seda", Heading: policy.Admission,
		Doc: "A token bucket whose rate follows the 90th percentile of the response times: each `completions`, or when `timeout` has passed, the percentile is smoothed and compared with `target`. " +
			"Above it the rate is divided by `adj_d`; below half of it the rate grows by `adj_i` in proportion to the distance; between the two it stays. With `buckets: tiers` each tier has its own, and a tier above the target first divides the rates of lower tiers by 10.",
		Source: "Welsh and Culler, \"Adaptive Overload Control for Busy Internet Servers\", USITS 2003, section 4; SEDA Sandstorm, ResponseTimeControllerMulticlass.",
		Fails:  "It answers to requests that were admitted a response time ago, at most each `timeout`: a flood fills the queue before the first bad percentile is complete. Because the response time holds the service, a target below the percentile of the service itself closes the bucket for good.",
		Held:   "Transcriptions of the single-class controller, not runs of it: `port_seda_a` and `port_seda_b`, all 500 rows, the rate to 1e-9; a batch there is 100 equal response times. Tiers over their targets and the timeout are in no file, and are held against cases reckoned by hand.",
		Presets: "Source: target 1 s, 100 completions or 1 s, increases of 2/s within 0.05 to 5,000/s. Inference: target 60 s, three services of 20 s, and each 60 s, whatever the completions, for an answer must have had time to show; " +
			"what the source gives in attempts a second stands in the same proportion to the first rate as to the source's 100/s: 2 %, 0.05 % and 50 times.",
		Scale:   "A batch of so many completions takes longer in a small world.",
		Surge:   "rate: 5/s",
		Fresh:   func() policy.Spec { return new(SedaSpec) },
		PerPool: true,
	})
}

// SedaSpec is the admission controller of SEDA (Welsh and Culler, USITS 2003);
// parameters carry its names. Its response time is from admission to completion.
// How much the original's bucket holds could not be read.
type SedaSpec struct {
	Preset      string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times hold where none is given."`
	Target      unit.Duration `yaml:"target" doc:"90th percentile of the response times that is aimed at; 0s: 1s in source, 60s in inference."`
	Rate        unit.Rate     `yaml:"rate" required:"true" doc:"Attempts that are admitted at the start, and anew when this is changed; in the source 100/s."`
	AdjI        unit.Rate     `yaml:"adj_i" doc:"Increase for a distance of 1 from the target; 0: 2/s in source, 2 % of rate in inference."`
	AdjD        unit.Factor   `yaml:"adj_d" default:"1.2" min:"1" doc:"What the rate is divided by above the target."`
	ErrI        float64       `yaml:"err_i" default:"-0.5" min:"-1" max:"0" doc:"Relative error below which the rate grows."`
	ErrD        float64       `yaml:"err_d" default:"0" min:"0" doc:"Relative error above which the rate is divided."`
	CI          float64       `yaml:"c_i" default:"-0.1" min:"-1" max:"1" doc:"Added to the distance in an increase."`
	Smoothing   unit.Share    `yaml:"smoothing" default:"70%" doc:"Weight of the old value in the smoothed percentile."`
	RateMin     unit.Rate     `yaml:"rate_min" doc:"Least rate; 0: 0.05/s in source, 0.05 % of rate in inference."`
	RateMax     unit.Rate     `yaml:"rate_max" doc:"Largest rate; 0: 5000/s in source, 50 times rate in inference."`
	Completions int           `yaml:"completions" min:"0" max:"4096" doc:"Completions after which the controller runs; 0: 100 in source, no bound in inference, where the percentile is over the last 4096."`
	Timeout     unit.Duration `yaml:"timeout" min:"1ms" or:"0s" doc:"Time after which it runs in any case; 0s: 1s in source, 60s in inference."`
	Burst       unit.Count    `yaml:"burst" default:"10" min:"1" doc:"Attempts that the bucket holds."`
	Buckets     string        `yaml:"buckets" default:"one" enum:"one,tiers" doc:"Whether all share one bucket or each tier has its own."`
}

// lowerTiers is what the rates of lower tiers are divided by first.
const lowerTiers = 10

// batchOfSeda is how many response times are kept.
const batchOfSeda = 4096

// New returns full buckets.
func (s *SedaSpec) New(env policy.Env) (policy.Policy, error) {
	p := &seda{published: env.PublishedRate, reason: env.Reason(models.Unavailable), now: env.Now}
	p.rank, _ = ranks(env.Tiers)
	return p, p.Reconfigure(s)
}

type seda struct {
	spec             SedaSpec
	published        func(float64) float64 // of the environment
	target, timeout  sim.Time
	adjI, least, top float64
	completions      int // 0: no bound
	perTier          bool
	rank             []int // by tier
	buckets          []sedaBucket
	reason           models.Reason
	now              func() sim.Time
}

// A sedaBucket is a controller with its bucket.
type sedaBucket struct {
	rank     int
	rate     float64 // a second
	tokens   float64
	filled   sim.Time // when the tokens were counted
	smoothed float64  // percentile, seconds
	batch    []sim.Time
	n        int // completions since it ran
	ran      sim.Time
}

// Rate is the rate of the first bucket, a second.
func (p *seda) Rate() float64 { return p.buckets[0].rate }

func (p *seda) bucket(t models.Tier) *sedaBucket {
	if p.perTier {
		return &p.buckets[t]
	}
	return &p.buckets[0]
}

// Admit takes a token.
func (p *seda) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	b := p.bucket(a.Tier)
	b.tokens = min(float64(p.spec.Burst), b.tokens+float64(b.rate*(s.Now-b.filled).Seconds()))
	b.filled = s.Now
	if b.tokens < 1 {
		return models.Verdict{Reason: p.reason, RetryAfter: sim.FromSeconds((1 - b.tokens) / b.rate)}
	}
	b.tokens--
	return models.Verdict{}
}

// Finish collects the response time of an attempt that was completed.
func (p *seda) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	if o != models.Completed {
		return
	}
	b := p.bucket(a.Tier)
	if len(b.batch) < batchOfSeda {
		b.batch = append(b.batch, now-a.Admitted)
	} else {
		b.batch[b.n%batchOfSeda] = now - a.Admitted
	}
	b.n++
	if p.completions > 0 && b.n >= p.completions {
		p.run(b, now)
	}
}

// Period is the time after which a controller runs in any case.
func (p *seda) Period() sim.Time { return p.timeout }

// Tick runs the controllers that have not run for the timeout.
func (p *seda) Tick(s *models.Signals) sim.Time {
	next := s.Now + p.timeout
	for i := range p.buckets {
		b := &p.buckets[i]
		if len(b.batch) > 0 && b.ran+p.timeout <= s.Now {
			p.run(b, s.Now)
		}
		if due := b.ran + p.timeout; due > s.Now {
			next = min(next, due)
		}
	}
	return next
}

// run is one run of a controller. The percentile is element 0.9 n of the sorted
// batch, counted from 0, as in the source.
func (p *seda) run(b *sedaBucket, now sim.Time) {
	slices.Sort(b.batch)
	cur := b.batch[len(b.batch)*9/10].Seconds()
	b.batch, b.n, b.ran = b.batch[:0], 0, now
	keep := float64(p.spec.Smoothing)
	b.smoothed = float64(keep*b.smoothed) + float64((1-keep)*cur)
	target := p.target.Seconds()
	err := (b.smoothed - target) / target
	switch {
	case err > p.spec.ErrD:
		if !p.lower(b) {
			b.rate /= float64(p.spec.AdjD)
		}
	case err < p.spec.ErrI:
		b.rate += float64((-err + p.spec.CI) * p.adjI)
	}
	b.rate = min(max(b.rate, p.least), p.top)
}

// lower divides the rates of the tiers below, and reports whether there was
// one that was not at the least rate yet.
func (p *seda) lower(b *sedaBucket) bool {
	lowered := false
	for i := range p.buckets {
		if c := &p.buckets[i]; c.rank > b.rank && c.rate > p.least {
			c.rate, lowered = max(c.rate/lowerTiers, p.least), true
		}
	}
	return lowered
}

// Reconfigure changes the constants. The rates stay where the controller has
// brought them, unless there are to be other buckets or another first rate.
func (p *seda) Reconfigure(spec policy.Spec) error {
	s := spec.(*SedaSpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	rate := float64(s.Rate)
	adjI, least, top := float64(s.AdjI), float64(s.RateMin), float64(s.RateMax)
	if set == policy.Source {
		adjI, least, top = cmp.Or(adjI, p.published(2)), cmp.Or(least, p.published(0.05)), cmp.Or(top, p.published(5000))
	} else {
		adjI, least, top = cmp.Or(adjI, rate*0.02), cmp.Or(least, rate*0.0005), cmp.Or(top, rate*50)
	}
	target, timeout := set.Time(s.Target, sim.Second, sim.Minute), set.Time(s.Timeout, sim.Second, sim.Minute)
	if err := cmp.Or(positive("target", target), positive("timeout", timeout), within("rate", rate, 1e-9, 1e9),
		within("adj_i", adjI, 0, 1e9), within("adj_d", float64(s.AdjD), 1, 1e9), within("err_i", s.ErrI, -1, 0), within("err_d", s.ErrD, 0, 1e9), within("c_i", s.CI, -1, 1),
		within("smoothing", float64(s.Smoothing), 0, 1), within("rate_min", least, 1e-12, top), within("completions", float64(s.Completions), 0, batchOfSeda),
		within("burst", float64(s.Burst), 1, 1<<53)); err != nil {
		return err
	}
	if s.Buckets != "" && s.Buckets != "one" && s.Buckets != "tiers" {
		return fmt.Errorf("buckets is %q, it must be one or tiers", s.Buckets)
	}
	perTier := s.Buckets == "tiers"
	if p.buckets == nil || perTier != p.perTier || s.Rate != p.spec.Rate {
		n := 1
		if perTier {
			n = len(p.rank)
		}
		p.buckets = make([]sedaBucket, n)
		for i := range p.buckets {
			p.buckets[i] = sedaBucket{rate: min(max(rate, least), top), tokens: float64(s.Burst), filled: p.now(), ran: p.now()}
			if perTier {
				p.buckets[i].rank = p.rank[i]
			}
		}
	}
	p.completions = s.Completions
	if p.completions == 0 && set == policy.Source {
		p.completions = 100
	}
	p.spec, p.target, p.timeout, p.perTier, p.adjI, p.least, p.top = *s, target, timeout, perTier, adjI, least, top
	return nil
}
