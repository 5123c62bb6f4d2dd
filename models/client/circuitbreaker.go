package client

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	RegisterGuard(GuardKind{
		Name:    "circuit-breaker",
		Doc:     "Each process stops all of its tries when too many have failed, and after a time lets a trial through: a success closes the breaker, a failure opens it again. Variant gobreaker trips on failures in a row, or on a share of failures if `failure_share` is set; variant hystrix on a share of those of a rolling window, looked at from time to time.",
		Source:  "Nygard, Release It!, 2007, \"Circuit Breaker\"; variant gobreaker: sony/gobreaker 2.4.0; variant hystrix: Netflix Hystrix 1.5, HystrixCircuitBreaker and HystrixCommandProperties.",
		Fails:   "It is all or nothing: an overload that half of the tries would survive becomes an outage for every user of the process. Processes that tripped together try again together. A limit of the operator (429) counts as a failure and can trip it.",
		Held:    "Vectors of sony/gobreaker v2.4.0, `gobreaker_a`, `_b` and `_c`: all 1,200 rows, states, results and all six counts. The variant hystrix has no vector, and is held against cases of its rules.",
		Presets: "source: gobreaker open 60s; hystrix window 10s, looked at each 500ms, open 5s. inference: gobreaker open 2m; hystrix window 2m, looked at each 6s, open 1m, twelve times as long, for work of some 20 seconds.",
		Fresh:   func() GuardSpec { return new(CircuitBreakerSpec) },
	})
}

// CircuitBreakerSpec is a circuit breaker after sony/gobreaker or Netflix Hystrix.
type CircuitBreakerSpec struct {
	Preset       string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Where times come from: as published, or for work that takes some 20 seconds."`
	Variant      string        `yaml:"variant" default:"gobreaker" enum:"gobreaker,hystrix" doc:"Whose rules it follows; after a change it starts afresh."`
	Open         unit.Duration `yaml:"open" doc:"How long it stays open before a trial; that of the preset if 0: gobreaker 1m in source, 2m in inference; hystrix 5s and 1m."`
	Failures     int           `yaml:"consecutive_failures" default:"5" min:"0" doc:"gobreaker: failures in a row that are borne; one more trips it. Of no use with failure_share."`
	FailureShare unit.Share    `yaml:"failure_share" default:"0%" doc:"Share of failures from which on it trips. gobreaker: of requests since the counts were cleared; 0 goes by consecutive_failures. hystrix: of those that ended in the window; 0 is 50%."`
	MinRequests  int           `yaml:"min_requests" default:"20" min:"1" doc:"With a share: requests below which it does not trip."`
	Trials       int           `yaml:"trials" default:"1" min:"1" max:"1000000" doc:"gobreaker: tries that are let through while half-open, and successes in a row that close it. hystrix has 1."`
	Interval     unit.Duration `yaml:"interval" default:"0s" min:"0s" doc:"gobreaker: how often the counts are cleared while it is closed, 0 is never; with bucket the length of the rolling window."`
	Bucket       unit.Duration `yaml:"bucket" default:"0s" min:"0s" doc:"gobreaker: length of a slice of the rolling window; 0 is a fixed window. Interval is rounded up to whole slices, of which there may be 100."`
	Window       unit.Duration `yaml:"window" doc:"hystrix: length of the rolling window; that of the preset if 0: 10s in source, 2m in inference."`
	Snapshot     unit.Duration `yaml:"snapshot" doc:"hystrix: how often the window is looked at, and the length of its slices; that of the preset if 0: 500ms in source, 6s in inference."`
}

// New returns a closed breaker.
func (s *CircuitBreakerSpec) New(GuardEnv) (Guard, error) {
	var g Guard = new(gobreaker)
	if s.Variant == "hystrix" {
		g = new(hystrix)
	}
	if err := g.Reconfigure(s); err != nil {
		return nil, err
	}
	g.Resize(1)
	return g, nil
}

// check finds what is wrong for either variant.
func (s *CircuitBreakerSpec) check() error {
	switch {
	case s.Variant != "gobreaker" && s.Variant != "hystrix":
		return fmt.Errorf("variant is %q, it must be gobreaker or hystrix", s.Variant)
	case s.Failures < 0:
		return fmt.Errorf("consecutive_failures is %d, it must be 0 or more", s.Failures)
	case !(s.FailureShare >= 0 && s.FailureShare <= 1):
		return fmt.Errorf("failure_share is %v, it must be 0 to 1", float64(s.FailureShare))
	case s.MinRequests < 1:
		return fmt.Errorf("min_requests is %d, it must be 1 or more", s.MinRequests)
	case s.Trials < 1 || s.Trials > 1_000_000:
		return fmt.Errorf("trials is %d, it must be 1 to 1000000", s.Trials)
	case s.Interval < 0:
		return fmt.Errorf("interval is %v, it must be 0 or more", sim.Time(s.Interval))
	case s.Bucket < 0:
		return fmt.Errorf("bucket is %v, it must be 0 or more", sim.Time(s.Bucket))
	case s.Bucket > 0 && s.Interval > 100*s.Bucket:
		return fmt.Errorf("bucket is %v, it must be at least a hundredth of interval", sim.Time(s.Bucket))
	}
	return nil
}

// A breakerState is a state of a circuit breaker.
type breakerState uint8

const (
	breakerClosed breakerState = iota
	breakerHalfOpen
	breakerOpen
)

// A gobreaker is a breaker of sony/gobreaker for each process.
type gobreaker struct {
	freely
	open        sim.Time
	failures    uint32
	share       float64
	minRequests uint32
	trials      uint32
	interval    sim.Time // 0: never
	bucket      sim.Time // 0: the window does not roll
	buckets     int      // slices of it, 1 where it does not roll
	processes   []gobreakerProcess
	slices      []breakerCounts // process * buckets + age modulo buckets
}

type gobreakerProcess struct {
	state  breakerState
	start  sim.Time // of its generation
	expiry sim.Time // 0: none
	age    int64    // of the newest slice
	counts breakerCounts
}

// breakerCounts are the Counts of gobreaker.
type breakerCounts struct {
	requests, successes, failures, exclusions uint32
	inRowSuccesses, inRowFailures             uint32
}

func (c *breakerCounts) success() { c.successes++; c.inRowSuccesses++; c.inRowFailures = 0 }

func (c *breakerCounts) failure() { c.failures++; c.inRowFailures++; c.inRowSuccesses = 0 }

// Allow holds everything back while the breaker is open, and all but the trials
// while it is half-open.
func (g *gobreaker) Allow(now sim.Time, p int, _ *models.Attempt) (sim.Time, bool) {
	b := g.at(now, p)
	if b.state == breakerOpen || b.state == breakerHalfOpen && b.counts.requests-min(b.counts.requests, b.counts.exclusions) >= g.trials {
		return 0, false
	}
	b.counts.requests++
	g.slice(p, b.age).requests++
	return 0, true
}

// Result counts the end of a try of this generation; one of an older is ignored.
func (g *gobreaker) Result(now sim.Time, p int, a *models.Attempt, e Ending, _ bool) {
	b := g.at(now, p)
	if a.Arrived < b.start {
		return
	}
	age := int64(0)
	if b.state == breakerClosed && g.buckets > 1 {
		age = int64((a.Arrived - b.start) / g.bucket)
	}
	counted := b.age-age < int64(g.buckets)
	switch {
	case e.failure():
		if b.state == breakerHalfOpen {
			g.set(b, now, p, breakerOpen)
			return
		}
		if b.state != breakerClosed {
			return
		}
		if counted {
			b.counts.failure()
			g.slice(p, age).failure()
		}
		if g.trips(&b.counts) {
			g.set(b, now, p, breakerOpen)
		}
	case e == Succeeded:
		if b.state == breakerOpen {
			return
		}
		if counted {
			b.counts.success()
			g.slice(p, age).success()
		}
		if b.state == breakerHalfOpen && b.counts.inRowSuccesses >= g.trials {
			g.set(b, now, p, breakerClosed)
		}
	default:
		if counted {
			b.counts.exclusions++
			g.slice(p, age).exclusions++
		}
	}
}

func (g *gobreaker) trips(c *breakerCounts) bool {
	if g.share > 0 {
		return c.requests >= g.minRequests && float64(c.failures) >= float64(g.share*float64(c.requests))
	}
	return c.inRowFailures > g.failures
}

func (g *gobreaker) slice(p int, age int64) *breakerCounts {
	return &g.slices[p*g.buckets+int(age%int64(g.buckets))]
}

// at brings process p to the present moment.
func (g *gobreaker) at(now sim.Time, p int) *gobreakerProcess {
	b := &g.processes[p]
	switch b.state {
	case breakerClosed:
		if b.expiry != 0 && b.expiry < now {
			g.generation(b, now, p)
		} else if g.buckets > 1 {
			g.roll(b, p, int64((now-b.start)/g.bucket))
		}
	case breakerOpen:
		if b.expiry < now {
			g.set(b, now, p, breakerHalfOpen)
		}
	}
	return b
}

func (g *gobreaker) set(b *gobreakerProcess, now sim.Time, p int, s breakerState) {
	b.state = s
	g.generation(b, now, p)
}

// generation clears the counts: results of before are ignored from now on.
func (g *gobreaker) generation(b *gobreakerProcess, now sim.Time, p int) {
	b.start, b.age, b.counts, b.expiry = now, 0, breakerCounts{}, 0
	clear(g.slices[p*g.buckets : (p+1)*g.buckets])
	switch {
	case b.state == breakerOpen:
		b.expiry = now + g.open
	case b.state == breakerClosed && g.interval > 0 && g.buckets == 1:
		b.expiry = now + g.interval
	}
}

// roll makes the slice of that age the newest, and takes those that leave the
// window off the counts.
func (g *gobreaker) roll(b *gobreakerProcess, p int, age int64) {
	if age-b.age >= int64(g.buckets) {
		b.counts = breakerCounts{}
		clear(g.slices[p*g.buckets : (p+1)*g.buckets])
		b.age = age
		return
	}
	for b.age < age {
		b.age++
		gone := *g.slice(p, b.age)
		// Only a run that reaches back to the slice that goes gets shorter.
		successes, failures := gone.inRowSuccesses, gone.inRowFailures
		for i := int64(1); i < int64(g.buckets); i++ {
			s := g.slice(p, b.age+i)
			successes += s.successes
			failures += s.failures
		}
		c := &b.counts
		if c.inRowSuccesses == successes {
			c.inRowSuccesses = less(c.inRowSuccesses, gone.inRowSuccesses)
		}
		if c.inRowFailures == failures {
			c.inRowFailures = less(c.inRowFailures, gone.inRowFailures)
		}
		c.requests = less(c.requests, gone.requests)
		c.successes = less(c.successes, gone.successes)
		c.failures = less(c.failures, gone.failures)
		c.exclusions = less(c.exclusions, gone.exclusions)
		*g.slice(p, b.age) = breakerCounts{}
	}
}

func less(a, b uint32) uint32 { return a - min(a, b) }

// Reconfigure changes the parameters. A breaker that is open closes at the time
// that was set; where the windows change, counts are cleared.
func (g *gobreaker) Reconfigure(spec GuardSpec) error {
	s := spec.(*CircuitBreakerSpec)
	if err := s.check(); err != nil {
		return err
	}
	if s.Variant != "gobreaker" {
		return fmt.Errorf("variant is %q, it must be gobreaker as at the start", s.Variant)
	}
	open, err := preset(s.Preset, "open", s.Open, sim.Minute, 2*sim.Minute)
	if err != nil {
		return err
	}
	interval, bucket, buckets := sim.Time(s.Interval), sim.Time(0), 1
	if interval > 0 && s.Bucket > 0 {
		bucket = sim.Time(s.Bucket)
		buckets = int((interval + bucket - 1) / bucket)
	}
	changed := g.buckets != 0 && (interval != g.interval || bucket != g.bucket)
	g.open, g.failures, g.share, g.minRequests, g.trials = open, uint32(s.Failures), float64(s.FailureShare), uint32(s.MinRequests), uint32(s.Trials)
	g.interval, g.bucket, g.buckets = interval, bucket, buckets
	if changed {
		g.slices = make([]breakerCounts, len(g.processes)*buckets)
		for p := range g.processes {
			if b := &g.processes[p]; b.state != breakerOpen {
				b.age, b.counts, b.expiry = 0, breakerCounts{}, 0
				if b.state == breakerClosed && interval > 0 && buckets == 1 {
					b.expiry = b.start + interval
				}
			}
		}
	}
	return nil
}

// Resize sets the number of processes.
func (g *gobreaker) Resize(processes int) {
	had := len(g.processes)
	g.processes = resized(g.processes, processes)
	g.slices = resized(g.slices, processes*g.buckets)
	for p := had; p < processes; p++ {
		g.generation(&g.processes[p], 0, p)
	}
}
