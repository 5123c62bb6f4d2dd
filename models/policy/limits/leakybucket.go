package limits

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "leaky-bucket", Heading: policy.Limits,
		Doc:     "The leaky bucket as a queue: attempts wait in line and go on one by one, 1/`rate` apart, first come first served; what comes when `size` wait is refused (429, with the time until one has gone on as Retry-After). A burst is spread out, where a meter would refuse it; users whose patience ends leave the line.",
		Source:  "Turner, \"New directions in communications\", IEEE Communications Magazine 24(10), 1986; the queue version of the textbook; nginx limit_req without nodelay.",
		Fails:   "It adds waiting even where servers are free, up to size/rate; that wait is spent patience by the time a server is reached.",
		Scale:   "A bucket holds whole attempts: where the burst comes to a few in a world of reduced scale it clips what a larger one would have let through, up to a third of the rate at a burst of one. A run says so.",
		Held:    "No vector. Departures exactly 1/rate apart and the size at which it overflows, call by call; the long-run rate of departures.",
		Surge:   "rate: 5/s, size: 150",
		Fresh:   func() policy.Spec { return new(LeakyBucketSpec) },
		Unmoved: "it counts what it lets through itself, and looks at no pool",
	})
}

// LeakyBucketSpec is the leaky bucket as a queue. Departures are 1/rate apart, in
// whole nanoseconds; an attempt that finds the line empty, and the last departure
// long enough ago, goes on at once.
type LeakyBucketSpec struct {
	Rate unit.Rate  `yaml:"rate" required:"true" min:"0" doc:"Attempts that go on a time, above 0 to 100M/s."`
	Size unit.Count `yaml:"size" required:"true" min:"1" doc:"Attempts that may wait, 1 to 2 billion."`
}

// New returns an empty bucket.
func (s *LeakyBucketSpec) New(env policy.Env) (policy.Policy, error) {
	b := &leakyBucket{next: env.Now(), reason: env.Reason(models.TooManyRequests)}
	return b, b.Reconfigure(s)
}

type leakyBucket struct {
	next     sim.Time // when one may go on
	interval sim.Time
	size     int
	reason   models.Reason
}

// Admit puts the attempt in line if there is a place.
func (b *leakyBucket) Admit(_ *models.Attempt, s *models.Signals) models.Verdict {
	if s.Kept >= b.size {
		return models.Verdict{Reason: b.reason, RetryAfter: max(1, b.next-s.Now)}
	}
	return models.Verdict{Kept: models.InLine}
}

// Let lets one go on when it is time.
func (b *leakyBucket) Let(kept int, s *models.Signals) (n int, next sim.Time) {
	if kept == 0 || s.Now < b.next {
		return 0, b.next
	}
	b.next = s.Now + b.interval
	return 1, b.next
}

// Discipline is first come, first served.
func (b *leakyBucket) Discipline() string { return "fifo" }

// Reconfigure changes rate and size from the next departure on. Those who are in
// line stay there, even if they are more than the new size.
func (b *leakyBucket) Reconfigure(spec policy.Spec) error {
	s := spec.(*LeakyBucketSpec)
	t, err := interval(float64(s.Rate))
	if err != nil {
		return err
	}
	size, err := whole("size", float64(s.Size), 1<<31)
	if err != nil {
		return err
	}
	b.interval, b.size = t, int(size)
	return nil
}
