package client

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	RegisterGuard(GuardKind{
		Name:    "finagle-budget",
		Doc:     "A leaky bucket of tokens: a request puts 1,000 in, a retry takes 1,000 / `percent_can_retry` out, and a reserve allows `min_retries_per_s` without any request. What is put in and what is taken out both expire after about `ttl`. A retry for which there are not enough tokens is not made.",
		Source:  "Twitter Finagle, RetryBudget, with TokenBucket.newLeakyBucket and WindowedAdder of Twitter util (commits 4feb34c and 17c8187).",
		Fails:   "The reserve is one for the whole ttl, not one for each second: a burst may spend it at once. Many processes with a reserve each are many retries: at 10/s they are no limit for a client that makes a request every few seconds.",
		Held:    "Vectors of twitter/finagle's RetryBudget, `finagle_budget_a`, `_b` and `_c`: all 1,400 rows, exactly.",
		Presets: "source: ttl 10s; inference: 2m, for work of some 20 seconds. The reserve is min_retries_per_s x ttl, and grows with it.",
		Surge:   "min_retries_per_s: 0",
		Fresh:   func() GuardSpec { return new(FinagleBudgetSpec) },
	})
}

// FinagleBudgetSpec is Finagle's RetryBudget.
type FinagleBudgetSpec struct {
	Preset string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Where the ttl comes from: as published, or for work that takes some 20 seconds."`
	TTL    unit.Duration `yaml:"ttl" doc:"How long tokens count, in 10 slices; that of the preset if 0: 10s in source, 2m in inference."`
	MinPS  float64       `yaml:"min_retries_per_s" default:"10" min:"0" max:"100000" doc:"Retries a second of one process that the reserve is made for: as many times the ttl, in whole seconds."`
	Share  unit.Share    `yaml:"percent_can_retry" default:"20%" doc:"Share of the requests that may be retried beyond the reserve."`
}

// New returns a bucket that holds its reserve.
func (s *FinagleBudgetSpec) New(GuardEnv) (Guard, error) {
	b := new(finagleBudget)
	if err := b.Reconfigure(s); err != nil {
		return nil, err
	}
	b.Resize(1)
	return b, nil
}

const (
	finagleScale  = 1000
	finagleSlices = 10
)

// A finagleBudget is, for each process, a WindowedAdder and a reserve. Its
// slices begin when they are first used, not on a grid.
type finagleBudget struct {
	freely
	slice             sim.Time
	deposit, withdraw int64
	reserve           int64
	adders            []finagleAdder
}

// A finagleAdder is the slice being written and the 9 before it.
type finagleAdder struct {
	since   sim.Time
	writing int64
	next    int32
	past    [finagleSlices - 1]int64
}

func (f *finagleAdder) add(now sim.Time, x int64, slice sim.Time) {
	f.expire(now, slice)
	f.writing += x
}

func (f *finagleAdder) sum(now sim.Time, slice sim.Time) int64 {
	f.expire(now, slice)
	total := f.writing
	for _, x := range f.past {
		total += x
	}
	return total
}

// expire closes the slice being written when its time is over, and drops those
// that time has skipped.
func (f *finagleAdder) expire(now sim.Time, slice sim.Time) {
	gone := now - f.since
	if gone < slice {
		return
	}
	const n = finagleSlices - 1
	f.past[f.next] = f.writing
	f.writing = 0
	f.next = (f.next + 1) % n
	skipped := min(gone/slice-1, n)
	for range skipped {
		f.past[f.next] = 0
		f.next = (f.next + 1) % n
	}
	f.since = now
}

// Allow puts in the tokens of a request.
func (b *finagleBudget) Allow(now sim.Time, p int, a *models.Attempt) (sim.Time, bool) {
	if a.Try == 1 && a.Copy == 0 {
		b.adders[p].add(now, b.deposit, b.slice)
	}
	return 0, true
}

// Retry takes the tokens of a retry.
func (b *finagleBudget) Retry(now sim.Time, p int, _ *models.Attempt, _ Ending) bool {
	f := &b.adders[p]
	if f.sum(now, b.slice)+b.reserve < b.withdraw {
		return false
	}
	f.add(now, -b.withdraw, b.slice)
	return true
}

// balance is the retries that process p could make now.
func (b *finagleBudget) balance(now sim.Time, p int) int64 {
	return (b.adders[p].sum(now, b.slice) + b.reserve) / b.withdraw
}

// Reconfigure changes the parameters; tokens stay as they are.
func (b *finagleBudget) Reconfigure(spec GuardSpec) error {
	s := spec.(*FinagleBudgetSpec)
	ttl, err := preset(s.Preset, "ttl", s.TTL, 10*sim.Second, 2*sim.Minute)
	switch {
	case err != nil:
		return err
	case ttl < sim.Second:
		return fmt.Errorf("ttl is %v, it must be 1s or more", ttl)
	case !(s.MinPS >= 0 && s.MinPS <= 100_000):
		return fmt.Errorf("min_retries_per_s is %v, it must be 0 to 100000", s.MinPS)
	case !(s.Share >= 0 && s.Share <= 1):
		return fmt.Errorf("percent_can_retry is %v, it must be 0 to 1", float64(s.Share))
	}
	b.slice = ttl / finagleSlices
	b.deposit, b.withdraw = finagleScale, 1
	if s.Share == 0 {
		b.deposit = 0
	} else {
		b.withdraw = int64(finagleScale / float64(s.Share))
	}
	b.reserve = int64(math.Floor(float64(s.MinPS*math.Floor(ttl.Seconds())))) * b.withdraw
	return nil
}

// Resize sets the number of processes.
func (b *finagleBudget) Resize(processes int) { b.adders = resized(b.adders, processes) }
