package concurrency

import (
	"cmp"
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "envoy-gradient", Heading: policy.Concurrency,
		Doc:     "Lets `limit` attempts be in flight and refuses (503) the others. Every `update_interval` the limit is multiplied by minRTT (1 + buffer) / rtt, between a half and two, and the root of the result is added. Every `min_rtt_interval` minRTT is measured anew: the limit is `min_concurrency` until `request_count` attempts have ended.",
		Source:  "Envoy, adaptive concurrency filter, gradient_controller.cc (commit c35f67fb); the histogram is libcircllhist's.",
		Fails:   "While it measures minRTT nearly everything is refused: 50 attempts of 20 s, 3 at a time, take five and a half minutes. So give a `min_concurrency` that is a good part of the pool, or a `min_rtt`. Quick failures look like speed and raise the limit. A minRTT that is measured during an overload makes it normal (Envoy issue 38338). " + perProcess,
		Held:    "Transcriptions of the controller, not runs of it: `port_envoy_gradient_a` and `port_envoy_gradient_b`, all 600 rows. They give the quantile of the latencies: here one latency is played and the percentile set to where it lies in its bin of the histogram, for each row. Jitter and intervals are pinned; the histogram is held against the bins and the interpolation of libcircllhist in cases.",
		Presets: "update_interval and min_rtt_interval are 100 ms and 60 s in source, the examples of the documentation for work of about 100 ms. In inference they are 20 s and 200 min: 200 times as long, as is the work.",
		Scale:   integerSteps + " The root of the limit, too, weighs more in a small limit than in a large one.",
		Surge:   "max_concurrency: 1000",
		Fresh:   func() policy.Spec { return new(EnvoyGradientSpec) },
		PerPool: true,
	})
}

// EnvoyGradientSpec is the gradient controller of Envoy. Latencies are taken in
// whole microseconds; sampleRTT is their quantile over one update_interval, and
// one without any changes nothing. With
//
//	gradient = max(1/2, min(2, minRTT (1 + buffer) / sampleRTT))
//	l        = limit x gradient
//
// the new limit is floor(l + sqrt(l)), within min_concurrency and max_concurrency.
//
// minRTT is the same quantile over request_count attempts that were let through
// while the limit was min_concurrency; then the old limit comes back. That begins
// with the policy, again a min_rtt_interval after its end and up to jitter of the
// interval later, and at once when the limit has been set to the minimum 5 times
// in a row.
//
// Every answer is a sample, a refusal and a failure behind the gateway as well:
// Envoy takes the latency of whatever response it forwards. Only what users and
// clients take back, and what a later policy refuses, is none.
type EnvoyGradientSpec struct {
	Preset         string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Which times hold where none is given: source as published, inference for work of some 20 seconds."`
	MinConcurrency unit.Count    `yaml:"min_concurrency" default:"3" doc:"Least limit, and the limit while minRTT is measured."`
	MaxConcurrency unit.Count    `yaml:"max_concurrency" min:"0" doc:"Largest limit; 0: 1000 in source, as published for one process, ten times the servers that are up in inference."`
	Quantile       unit.Share    `yaml:"sample_aggregate_percentile" default:"50%" doc:"Which quantile of the latencies counts."`
	UpdateInterval unit.Duration `yaml:"update_interval" min:"1ms" or:"0s" doc:"Time between changes of the limit: 100ms in source, 20s in inference."`
	MinRTTInterval unit.Duration `yaml:"min_rtt_interval" min:"1ms" or:"0s" doc:"Time between measurements of minRTT: 60s in source, 200min in inference."`
	RequestCount   int           `yaml:"request_count" default:"50" min:"1" max:"1000000" doc:"Attempts with which minRTT is measured."`
	Jitter         unit.Share    `yaml:"jitter" default:"15%" doc:"Share of min_rtt_interval by which a measurement may be later."`
	Buffer         unit.Factor   `yaml:"buffer" default:"0.25" doc:"How much longer than minRTT the latency may be before the limit falls."`
	MinRTT         unit.Duration `yaml:"min_rtt" doc:"minRTT where it is known; 0s: it is measured."`
}

// New returns the policy, which begins by measuring minRTT.
func (s *EnvoyGradientSpec) New(env policy.Env) (policy.Policy, error) {
	p := &envoyGradient{bounds: bounds{env: &env}, luck: env.Luck(), reason: env.Reason(models.Unavailable)}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	p.limit = p.least
	if p.fixed == 0 {
		p.measure(env.Now())
	}
	p.nextUpdate, p.nextMeasure = env.Now()+p.update, sim.Never
	return p, nil
}

type envoyGradient struct {
	bounds
	counted
	spec            EnvoyGradientSpec
	update, remeter sim.Time
	fixed           sim.Time
	limit           int
	deferred        int      // the limit that comes back after the measurement; 0: none is under way
	epoch           sim.Time // when the last measurement began
	minRTT          int64    // microseconds
	atLeast         int      // times in a row that the limit was set to the least while it was that
	latencies       histogram
	nextUpdate      sim.Time
	nextMeasure     sim.Time
	luck            policy.Luck
	reason          models.Reason
}

// consecutiveMin is how often in a row the limit may be set to the least before
// minRTT is doubted (updateConcurrencyLimit).
const consecutiveMin = 5

// Admit refuses while as many are in flight as the limit says.
func (p *envoyGradient) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	p.follow(s.Capacity)
	if p.flights.N >= p.limit {
		return models.Verdict{Reason: p.reason}
	}
	p.flights.Enter(a, s.Now)
	return models.Verdict{}
}

// Finish takes down the latency, and ends the measurement of minRTT when it has
// enough of them.
func (p *envoyGradient) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	e, ok := p.flights.Leave(a)
	if !ok || !ran(a, o) || e.Since < p.epoch {
		return
	}
	p.latencies.add(int64((now - e.Since) / sim.Microsecond))
	if p.deferred == 0 || p.latencies.n < p.spec.RequestCount {
		return
	}
	p.measured(int64(p.latencies.quantile(float64(p.spec.Quantile))))
	p.latencies.clear()
	later := int64(0)
	if ms := p.jitter(); ms > 0 {
		src := p.luck.OfRequest(a.Request)
		later = int64(src.Uint64() % uint64(ms))
	}
	p.nextMeasure = now + p.remeter + sim.Time(later)*sim.Millisecond
	p.nextUpdate = now + p.update
}

// jitter is how much later than its interval a measurement may be, in milliseconds.
func (p *envoyGradient) jitter() int64 {
	return int64(math.Ceil(float64(float64(p.remeter/sim.Millisecond) * float64(p.spec.Jitter))))
}

// Period is that of the updates of the limit.
func (p *envoyGradient) Period() sim.Time { return p.update }

// Tick ends an update interval, and begins a measurement when it is due.
func (p *envoyGradient) Tick(s *models.Signals) sim.Time {
	if p.deferred == 0 && s.Now >= p.nextMeasure {
		p.measure(s.Now)
	}
	if s.Now < p.nextUpdate {
		return min(p.nextUpdate, max(p.nextMeasure, s.Now+1))
	}
	if p.deferred == 0 && p.latencies.n > 0 {
		rtt := int64(p.latencies.quantile(float64(p.spec.Quantile)))
		p.latencies.clear()
		if p.sampled(rtt) && p.fixed == 0 {
			p.measure(s.Now)
		}
	}
	p.nextUpdate = s.Now + p.update
	return min(p.nextUpdate, max(p.nextMeasure, s.Now+1))
}

// measure begins a measurement of minRTT.
func (p *envoyGradient) measure(now sim.Time) {
	p.deferred = p.limit
	p.set(p.least)
	p.latencies.clear()
	p.epoch = now
	p.nextMeasure = sim.Never
}

// measured ends it with a minRTT in microseconds.
func (p *envoyGradient) measured(rtt int64) {
	p.minRTT = rtt
	p.set(p.deferred)
	p.deferred = 0
}

// sampled moves the limit by a sampleRTT in microseconds, and reports whether
// minRTT must be measured anew.
func (p *envoyGradient) sampled(rtt int64) bool {
	if rtt <= 0 {
		return false
	}
	l := float64(float64(p.limit) * p.gradient(rtt))
	p.set(max(p.least, min(p.most, int(math.Min(l+math.Sqrt(l), unbounded)))))
	return p.atLeast >= consecutiveMin
}

func (p *envoyGradient) gradient(rtt int64) float64 {
	buffered := float64(p.minRTT) + float64(float64(p.minRTT)*float64(p.spec.Buffer))
	return math.Max(0.5, math.Min(2, buffered/float64(rtt)))
}

// set sets the limit and counts how often it is set to the least in a row.
func (p *envoyGradient) set(limit int) {
	if p.deferred == 0 && p.limit == p.least && limit == p.least {
		p.atLeast++
	} else {
		p.atLeast = 0
	}
	p.limit = limit
}

// Reconfigure changes the parameters; the limit and minRTT stay. A minRTT that
// is given ends its measurement, and one that is given no longer begins it.
func (p *envoyGradient) Reconfigure(spec policy.Spec) error {
	s := spec.(*EnvoyGradientSpec)
	set, unknown := policy.PresetOf(s.Preset)
	b, err := p.bounds.named(set, [3]string{"min_concurrency", "min_concurrency", "max_concurrency"}, s.MinConcurrency, s.MinConcurrency, s.MaxConcurrency, 1000)
	err = cmp.Or(unknown, err, share("sample_aggregate_percentile", float64(s.Quantile)), notNegative("update_interval", s.UpdateInterval),
		notNegative("min_rtt_interval", s.MinRTTInterval), atLeast("request_count", s.RequestCount, 1), notNegative("min_rtt", s.MinRTT))
	if err != nil {
		return err
	}
	if !(s.Jitter >= 0 && s.Jitter <= 1) {
		return fmt.Errorf("jitter is %v, it must be 0 to 1", float64(s.Jitter))
	}
	if !(s.Buffer >= 0 && s.Buffer <= math.MaxFloat64) {
		return fmt.Errorf("buffer is %v, it must be 0 or more", float64(s.Buffer))
	}
	p.bounds, p.spec = b, *s
	p.update = set.Time(s.UpdateInterval, 100*sim.Millisecond, 20*sim.Second)
	p.remeter = set.Time(s.MinRTTInterval, 60*sim.Second, 200*sim.Minute)
	built, known := p.limit > 0, p.fixed > 0
	p.fixed = sim.Time(s.MinRTT)
	if !built {
		p.limit = b.least
	}
	if p.fixed > 0 {
		if p.deferred > 0 {
			p.limit, p.deferred = p.deferred, 0
			p.latencies.clear()
		}
		p.minRTT, p.nextMeasure = int64(p.fixed/sim.Microsecond), sim.Never
	}
	p.limit = min(b.most, max(b.least, p.limit))
	p.deferred = min(b.most, p.deferred)
	now := p.env.Now()
	if known && p.fixed == 0 {
		p.measure(now)
	}
	if built {
		p.nextUpdate = min(p.nextUpdate, now+p.update)
		if p.nextMeasure != sim.Never {
			p.nextMeasure = min(p.nextMeasure, now+p.remeter+sim.Time(p.jitter())*sim.Millisecond)
		}
	}
	return nil
}
