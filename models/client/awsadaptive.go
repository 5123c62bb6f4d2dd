package client

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

func init() {
	RegisterGuard(GuardKind{
		Name:    "aws-adaptive",
		Doc:     "Limits the rate at which a process sends, retries or not: from the first throttling response (429) on, a token bucket fills at a rate that each such response cuts to 70 % and that then grows back along a cubic, at most to twice the measured rate. A try that finds no token waits for one. Once switched on it is never off.",
		Source:  "AWS SDK for Go v2 1.47.7, aws/retry/adaptive_ratelimit.go and adaptive_token_bucket.go; the cubic is that of Ha, Rhee and Xu, \"CUBIC\", 2008.",
		Fails:   "It delays first tries too, so that a process that is throttled for one user slows all of its users: more is served in time by the count of attempts, but under the standard surge, with unavailable_throttles, a request takes 202 s in the median, not 26, and 32 % are satisfied within the SLO from the first try on, not 67 %. All who wait are told the same time and come back together. Refusals for load (503) do nothing unless unavailable_throttles.",
		Held:    "Vectors of aws-sdk-go-v2's rate limiter, `aws_adaptive_a` and `_b`: all 800 rows, to 1e-7, waits to 2 ns.",
		Presets: "source: measured over half seconds, rates a second; inference: the same rule with a clock that goes ten times slower: half seconds are 5 seconds, the least rate is 0.05/s.",
		Beside:  "[{name: full, kind: queue-limit, limit: 150}]",
		Surge:   "unavailable_throttles: yes",
		Fresh:   func() GuardSpec { return new(AWSAdaptiveSpec) },
	})
}

// AWSAdaptiveSpec is the client-side rate limiter of the SDKs' adaptive mode. Its
// constants are those of the source: smoothing 0.8, beta 0.7, scale 0.4, least
// rate 0.5/s, least capacity 1, half-second measurement.
type AWSAdaptiveSpec struct {
	Preset               string `yaml:"preset" default:"inference" enum:"source,inference" doc:"source: as published. inference: on a clock that goes ten times slower, for work that takes some 20 seconds."`
	UnavailableThrottles bool   `yaml:"unavailable_throttles" default:"no" doc:"Take a refusal for load (503), too, as a throttling response, as that of S3 (SlowDown) is."`
}

// New returns a limiter that has not been switched on.
func (s *AWSAdaptiveSpec) New(GuardEnv) (Guard, error) {
	g := new(awsAdaptive)
	if err := g.Reconfigure(s); err != nil {
		return nil, err
	}
	g.Resize(1)
	return g, nil
}

const (
	adaptiveSmooth  = 0.8
	adaptiveBeta    = 0.7
	adaptiveScale   = 0.4
	adaptiveMinRate = 0.5
)

// An awsAdaptive is a limiter for each process. All times are in units of the
// preset's clock, all rates in their inverse.
type awsAdaptive struct {
	freely
	unit      float64 // nanoseconds
	on503     bool
	processes []adaptiveLimiter
}

type adaptiveLimiter struct {
	on, refilled        bool
	refillAt            sim.Time
	throttledAt         sim.Time
	fill, calculated    float64
	measured, bucket    float64
	requests            int64
	lastMax, timeWindow float64
	tokens, capacity    float64
}

// Allow takes a token, or says how long to wait for one.
func (g *awsAdaptive) Allow(now sim.Time, p int, _ *models.Attempt) (sim.Time, bool) {
	l := &g.processes[p]
	if !l.on {
		return 0, true
	}
	g.refill(l, now)
	if l.tokens < 1 {
		// What is short of a token by a rounding is there at the next nanosecond.
		return max(1, sim.Time(math.Floor(float64((1-l.tokens)/l.fill*g.unit)))), true
	}
	l.tokens--
	return 0, true
}

// Result updates the rate.
func (g *awsAdaptive) Result(now sim.Time, p int, _ *models.Attempt, e Ending, _ bool) {
	if e == Withdrawn {
		return
	}
	l := &g.processes[p]
	g.measure(l, now)
	if e == Throttled || e == Overloaded && g.on503 {
		rate := l.measured
		if l.on {
			rate = math.Min(rate, l.fill)
		}
		l.lastMax = rate
		l.setTimeWindow()
		l.throttledAt = now
		l.calculated = float64(rate * adaptiveBeta)
		l.on = true
	} else {
		l.setTimeWindow()
		t := float64(now-l.throttledAt)/g.unit - l.timeWindow
		l.calculated = float64(adaptiveScale*float64(t*t*t)) + l.lastMax
	}
	rate := math.Min(l.calculated, 2*l.measured)
	g.refill(l, now)
	l.fill = math.Max(rate, adaptiveMinRate)
	l.capacity = math.Max(rate, 1)
	l.tokens = math.Min(l.tokens, l.capacity)
}

// measure counts a response, and smooths the rate when a half unit has ended.
func (g *awsAdaptive) measure(l *adaptiveLimiter, now sim.Time) {
	bucket := math.Floor(float64(now)/g.unit*2) / 2
	l.requests++
	if bucket > l.bucket {
		rate := float64(l.requests) / (bucket - l.bucket)
		l.measured = float64(rate*adaptiveSmooth) + float64(l.measured*(1-adaptiveSmooth))
		l.requests = 0
		l.bucket = bucket
	}
}

func (l *adaptiveLimiter) setTimeWindow() {
	if x := float64(l.lastMax*(1-adaptiveBeta)) / adaptiveScale; x > 0 {
		l.timeWindow = rng.Pow(x, 1./3)
	} else {
		l.timeWindow = 0
	}
}

func (g *awsAdaptive) refill(l *adaptiveLimiter, now sim.Time) {
	if l.refilled {
		l.tokens = math.Min(l.tokens+float64(float64(now-l.refillAt)/g.unit*l.fill), l.capacity)
	}
	l.refilled, l.refillAt = true, now
}

// Reconfigure changes the clock: rates and tokens stay the numbers that they are.
func (g *awsAdaptive) Reconfigure(spec GuardSpec) error {
	s := spec.(*AWSAdaptiveSpec)
	unit, err := preset(s.Preset, "preset", 0, sim.Second, 10*sim.Second)
	if err != nil {
		return err
	}
	if old := g.unit; old > 0 && old != float64(unit) {
		for i := range g.processes {
			g.processes[i].bucket = float64(g.processes[i].bucket * (old / float64(unit)))
		}
	}
	g.unit, g.on503 = float64(unit), s.UnavailableThrottles
	return nil
}

// Resize sets the number of processes.
func (g *awsAdaptive) Resize(processes int) { g.processes = resized(g.processes, processes) }
