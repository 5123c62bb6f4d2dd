package client

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	RegisterGuard(GuardKind{
		Name:   "aws-standard",
		Doc:    "A bucket of `capacity` tokens for each process that starts full: a retry takes some, more after a timeout, and is not made when there are too few. Every success gives one back, and a retry that succeeds gives back what it cost. First tries are never held back.",
		Source: "AWS SDK for Go v2 1.47.7, aws/retry (standard.go, middleware.go) and aws/ratelimit: costs legacy; with AWS_NEW_RETRIES_2026: costs new2026.",
		Fails:  "500 tokens are 100 retries of each process before anything is held back: many processes with few requests each never get there. A failed retry gives nothing back, so that a short outage can leave the bucket empty for as long as successes take to fill it.",
		Held:   "Vectors of aws-sdk-go-v2's standard retryer, `aws_standard_a`, `_b` and `aws_standard_new2026_a`: all 1,100 rows, exactly. The jitter of its backoff is in none.",
		Fresh:  func() GuardSpec { return new(AWSStandardSpec) },
	})
}

// AWSStandardSpec is the retry token bucket of the AWS SDKs.
//
// Legacy: a retry costs 5, after a timeout 10; every try that succeeds adds 1,
// and the cost of a retry that succeeds comes back. New2026: a retry costs 14,
// after a throttling error 5; 1 is added only when a first try succeeds.
type AWSStandardSpec struct {
	Capacity int    `yaml:"capacity" default:"500" min:"1" max:"1000000" doc:"Tokens that the bucket of one process holds."`
	Costs    string `yaml:"costs" default:"legacy" enum:"legacy,new2026" doc:"legacy: a retry 5, after a timeout 10. new2026: a retry 14, after a throttling error (429) 5."`
}

// New returns a full bucket.
func (s *AWSStandardSpec) New(GuardEnv) (Guard, error) {
	b := new(awsStandard)
	if err := b.Reconfigure(s); err != nil {
		return nil, err
	}
	b.Resize(1)
	return b, nil
}

// An awsStandard is a bucket for each process.
type awsStandard struct {
	freely
	capacity int32
	renewed  bool    // the costs of 2026
	spent    []int32 // tokens that are missing, so that 0 is full
}

// Result gives tokens back.
func (b *awsStandard) Result(_ sim.Time, p int, a *models.Attempt, e Ending, _ bool) {
	if e != Succeeded {
		return
	}
	back := int32(a.Paid)
	if !b.renewed || a.Try == 1 {
		back++
	}
	b.spent[p] = max(0, b.spent[p]-back)
}

// Retry takes the tokens of a retry.
func (b *awsStandard) Retry(_ sim.Time, p int, a *models.Attempt, e Ending) bool {
	cost := int32(5)
	switch {
	case b.renewed && e != Throttled:
		cost = 14
	case !b.renewed && e == Timeout:
		cost = 10
	}
	if b.capacity-b.spent[p] < cost {
		return false
	}
	b.spent[p] += cost
	a.Paid = uint8(cost)
	return true
}

// tokens is what the bucket of process p holds.
func (b *awsStandard) tokens(p int) int { return int(b.capacity - b.spent[p]) }

// Reconfigure changes capacity and costs; what is missing stays missing.
func (b *awsStandard) Reconfigure(spec GuardSpec) error {
	s := spec.(*AWSStandardSpec)
	if s.Capacity < 1 || s.Capacity > 1_000_000 {
		return fmt.Errorf("capacity is %d, it must be 1 to 1000000", s.Capacity)
	}
	if s.Costs != "legacy" && s.Costs != "new2026" {
		return fmt.Errorf("costs is %q, it must be legacy or new2026", s.Costs)
	}
	b.capacity, b.renewed = int32(s.Capacity), s.Costs == "new2026"
	return nil
}

// Resize sets the number of processes.
func (b *awsStandard) Resize(processes int) { b.spent = resized(b.spent, processes) }
