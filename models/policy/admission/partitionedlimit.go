package admission

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
		Name: "partitioned-limit", Heading: policy.Admission,
		Doc: "One limit on the attempts in flight, found by increase while answers come in time and multiplicative decrease when they do not, with a guaranteed share for each tier. An attempt is refused (503) only when the whole limit is used and its tier's share is used, too: what one tier leaves idle others borrow. " +
			"A tier without a share is guaranteed a single attempt.",
		Source: "Netflix, \"Enhancing Netflix Reliability with Service-Level Prioritized Load Shedding\", 2024; Netflix/concurrency-limits, AbstractPartitionedLimiter and AIMDLimit.",
		Fails:  "Guarantees may be used while others have borrowed the rest, so that the limit is exceeded by up to the sum of the shares. An increase by 1 a completion doubles the limit within a service; a timeout near the service times themselves makes the limit fall without load.",
		Held:   "Vectors of Netflix/concurrency-limits (commit 78a74b98), `ncl_aimd_a` and `ncl_aimd_b`, its limit after each sample, with others joining before the end; the rule of partitions in cases.",
		Presets: "Source: each completion is an update, timeout 5 s, limit 20 to 200 from 20. Inference: one update each 10 s by the mean response time, timeout 30 s, one and a half services of 20 s, and increases of 2 %, " +
			"for a limit that doubles within one service swings between its ends; it begins at the servers that are up and lies between a tenth and ten times of them.",
		Scale:   "The limit moves by whole attempts and counts completions: in a small world it saws more coarsely.",
		Surge:   "shares: [{name: plus, share: 50%}, {name: free, share: 20%}]",
		Fresh:   func() policy.Spec { return new(PartitionedLimitSpec) },
		PerPool: true,
	})
}

// PartitionedLimitSpec is Netflix' limiter with partitions. A sample is the
// time from admission to the end of an attempt.
type PartitionedLimitSpec struct {
	Preset   string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times hold where none is given."`
	Shares   []TierShare   `yaml:"shares" required:"true" doc:"The guaranteed share of each tier; together at most 100%."`
	Timeout  unit.Duration `yaml:"timeout" doc:"Response time above which the limit falls; 0s: 5s in source, 30s in inference."`
	Window   unit.Duration `yaml:"window" doc:"Time whose mean response time is one update; 0s: each completion is one in source, 10s in inference."`
	Increase unit.Share    `yaml:"increase" doc:"What the limit grows by in an update, at least 1; 0%: 1 in source, 2% in inference."`
	Backoff  unit.Share    `yaml:"backoff" default:"90%" doc:"What is left of the limit when it falls."`
	Initial  unit.Count    `yaml:"initial" doc:"Limit at the start, and anew when this is changed; 0: 20 in source, the servers that are up in inference."`
	Min      unit.Count    `yaml:"min" doc:"Least limit; 0: 20 in source, a tenth of the servers in inference."`
	Max      unit.Count    `yaml:"max" doc:"Largest limit; 0: 200 in source, ten times the servers in inference."`
}

// A TierShare is what a tier is guaranteed.
type TierShare struct {
	Name  string     `yaml:"name" required:"true" ref:"tiers" doc:"Tier."`
	Share unit.Share `yaml:"share" required:"true" doc:"Share of the limit."`
}

// New returns the policy with nobody in flight.
func (s *PartitionedLimitSpec) New(env policy.Env) (policy.Policy, error) {
	p := &partitionedLimit{published: env.Published, tiers: env.Tiers, reason: env.Reason(models.Unavailable), busy: make([]int, len(env.Tiers))}
	return p, p.Reconfigure(s)
}

type partitionedLimit struct {
	published          func(float64) int // of the environment
	tiers              []policy.TierInfo
	timeout, window    sim.Time
	backoff, increase  float64
	first, least, most int // 0 follows the servers
	capacity           int
	shares             []float64 // by tier
	reason             models.Reason

	limit   int // 0 before the first attempt
	flights policy.InFlight
	busy    []int // in flight by tier

	// The window: its end, the sum of its response times, how many, the most that
	// were in flight when one of its attempts was let in, and whether there was a drop.
	end, sum sim.Time
	n, peak  int
	dropped  bool
}

// Limit is the limit on the attempts in flight.
func (p *partitionedLimit) Limit() int { return p.limit }

// Admit refuses when both the limit and the tier's share of it are used.
func (p *partitionedLimit) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	p.capacity = s.Capacity
	if p.limit == 0 {
		p.limit = p.first
		if p.limit == 0 {
			p.limit = max(1, s.Capacity)
		}
	}
	if p.flights.N >= p.limit && p.busy[a.Tier] >= p.guaranteed(a.Tier) {
		return models.Verdict{Reason: p.reason}
	}
	p.flights.Enter(a, s.Now)
	p.busy[a.Tier]++
	return models.Verdict{}
}

// guaranteed is the tier's part of the limit, at least 1 as in the source.
func (p *partitionedLimit) guaranteed(t models.Tier) int {
	return max(1, int(math.Ceil(p.shares[t]*float64(p.limit))))
}

// Left takes an attempt that has ended out of the counts.
func (p *partitionedLimit) Left(a *models.Attempt, _ models.Outcome) {
	if p.flights.Left(a) {
		p.busy[a.Tier]--
	}
}

// Finish enters a sample. Attempts that a later policy or a queue refuses, or
// that fail, are drops; those whose user leaves tell nothing.
func (p *partitionedLimit) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	p.Left(a, o)
	e, ok := p.flights.Leave(a)
	if !ok {
		return
	}
	if o == models.Abandoned || o == models.Cancelled {
		return
	}
	p.peak = max(p.peak, int(e.InFlight))
	switch o {
	case models.Completed:
		p.sum += now - a.Admitted
		p.n++
	default:
		p.dropped = true
	}
	if now >= p.end {
		p.update()
		p.end, p.sum, p.n, p.peak, p.dropped = now+p.window, 0, 0, 0, false
	}
}

// update is that of AIMDLimit, with one sample a window as WindowedLimit makes
// it: mean response time, most in flight, any drop.
func (p *partitionedLimit) update() {
	switch {
	case p.dropped || p.n > 0 && p.sum/sim.Time(p.n) > p.timeout:
		p.limit = int(float64(p.limit) * p.backoff)
	case p.peak*2 >= p.limit:
		p.limit += max(1, int(p.increase*float64(p.limit)))
	}
	least, most := p.least, p.most
	if least == 0 {
		least = max(1, p.capacity/10)
	}
	if most == 0 {
		most = max(1, p.capacity*10)
	}
	p.limit = min(most, max(least, p.limit))
}

// Reconfigure changes shares and constants and keeps the limit, unless it is to
// begin elsewhere.
func (p *partitionedLimit) Reconfigure(spec policy.Spec) error {
	s := spec.(*PartitionedLimitSpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	first, least, most := round(s.Initial), round(s.Min), round(s.Max)
	if set == policy.Source {
		first, least, most = cmp.Or(first, p.published(20)), cmp.Or(least, p.published(20)), cmp.Or(most, p.published(200))
	}
	timeout := set.Time(s.Timeout, 5*sim.Second, 30*sim.Second)
	window, increase := set.Time(s.Window, 0, 10*sim.Second), float64(s.Increase)
	if increase == 0 && set == policy.Inference {
		increase = 0.02
	}
	if err := cmp.Or(positive("timeout", timeout), within("backoff", float64(s.Backoff), 0, 1), within("increase", increase, 0, 1), spans("window", window, 0, 1e9*sim.Second), within("initial", float64(s.Initial), 0, 1<<53),
		within("min", float64(s.Min), 0, 1<<53), within("max", float64(s.Max), 0, 1<<53)); err != nil {
		return err
	}
	if most != 0 && least > most {
		return fmt.Errorf("min is %d, it must be at most max, which is %d", least, most)
	}
	shares := make([]float64, len(p.tiers))
	sum := 0.0
	for _, sh := range s.Shares {
		t, err := tierOf("shares", sh.Name, p.tiers)
		if err != nil {
			return err
		}
		if shares[t] != 0 {
			return fmt.Errorf("shares: tier %q stands there twice", sh.Name)
		}
		if err := within("shares."+sh.Name+".share", float64(sh.Share), 0, 1); err != nil {
			return err
		}
		shares[t] = float64(sh.Share)
		sum += shares[t]
	}
	if sum > 1+1e-9 {
		return fmt.Errorf("shares is %v in all, it must be at most 100%%", unit.Share(math.Round(sum*1e6)/1e6))
	}
	p.window, p.increase = window, increase
	if first != p.first {
		p.first, p.limit = first, 0 // it begins anew with the next attempt
	}
	p.timeout, p.backoff, p.least, p.most, p.shares = timeout, float64(s.Backoff), least, most, shares
	return nil
}

// round is a count as a whole number.
func round(c unit.Count) int { return int(math.Floor(float64(c) + 0.5)) }
