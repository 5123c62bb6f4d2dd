package client

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A RetrySpec says which tries are followed by another, and when. The libraries in use
// are these, each with the guard that its SDK has:
//
//	AWS SDKs, standard mode   {max_tries: 3, base: 1s, cap: 20s, jitter: aws-legacy}, aws-standard
//	the same, as of 2026      {max_tries: 3, base: 50ms, base_limited: 1s, cap: 20s, jitter: full, push_back: aws-2026, on_limited: yes}, aws-standard with costs new2026
//	grpc-go                   {max_tries: 5, jitter: grpc, push_back: grpc, and base, multiplier and cap as configured}, grpc-throttle
//	the text of gRPC A6       the same with jitter: full
type RetrySpec struct {
	MaxTries        int           `yaml:"max_tries" default:"3" min:"1" max:"65535" doc:"Tries of one request, the first included."`
	GiveUpAfter     unit.Duration `yaml:"give_up_after" doc:"No retry comes later than this after the first try of the request; no bound if absent."`
	OnUnavailable   bool          `yaml:"on_unavailable" default:"yes" doc:"Retry what was refused for load (503), by a policy or a queue."`
	OnLimited       bool          `yaml:"on_limited" default:"no" doc:"Retry what a limit or quota refused (429)."`
	OnTimedOut      bool          `yaml:"on_timed_out" default:"yes" doc:"Retry what waited longer than the operator allows."`
	OnFailed        bool          `yaml:"on_failed" default:"yes" doc:"Retry what was lost with its server or erred."`
	OnAbandoned     bool          `yaml:"on_abandoned" default:"no" doc:"Retry what ran out of patience: an app whose patience is its timeout, or one who reloads the page."`
	OnHeld          bool          `yaml:"on_held" default:"no" doc:"Try later what a guard of the client itself held back; it counts as a try. Otherwise the request ends there."`
	Base            unit.Duration `yaml:"base" default:"1s" doc:"Backoff before the first retry, without jitter: 1ms or more where there may be more than 100 tries."`
	BaseLimited     unit.Duration `yaml:"base_limited" default:"0s" min:"0s" doc:"The same where a limit or quota refused the try (429); 0s is base. The newer AWS SDKs have 50ms and 1s."`
	Cap             unit.Duration `yaml:"cap" default:"1m" doc:"Longest backoff."`
	Growth          Growth        `yaml:"growth" default:"exponential" enum:"exponential,linear,fixed" doc:"How the backoff goes on with each try: it is multiplied; base is added; it stays. Decorrelated jitter grows by its own law."`
	Multiplier      unit.Factor   `yaml:"multiplier" default:"2" min:"1" doc:"By what an exponential backoff is multiplied with each try: gRPC's backoffMultiplier."`
	Jitter          Jitter        `yaml:"jitter" default:"full" enum:"none,equal,full,decorrelated,grpc,aws-legacy" doc:"How the backoff b is spread: not; half of b plus a random half; uniform from 0 to b; uniform from base to three times the last one; uniform from 0.8 b to 1.2 b, as grpc-go does; uniform from 0 to base x multiplier^n after try n while that is at most cap, and then cap itself, as the AWS SDKs did (base 1s, cap 20s)."`
	After           unit.Dist     `yaml:"after" doc:"Law of the time before every retry, in the place of a backoff: base, cap and jitter then say nothing."`
	HeedsRetryAfter bool          `yaml:"heed_retry_after" default:"yes" doc:"Whether what the refusal asks for is heeded, as push_back says; with after it is waited for and the time of after comes on top."`
	PushBack        PushBack      `yaml:"push_back" default:"jittered" enum:"jittered,grpc,aws-2026" doc:"How it is heeded. jittered: wait at least as long, with the random part of the backoff on top. grpc: wait just as long, without jitter, so that all who were sent away together come back together. aws-2026: wait as long, but not less than the backoff and at most 5s more."`
}

// A PushBack is how a client heeds the time that a refusal asks for.
type PushBack string

// The ways of heeding it.
const (
	JitteredPushBack PushBack = "jittered" // max(fixed part of the backoff, asked) + its random part

	// GRPCPushBack is the time asked for and nothing else: gRPC proposal A6,
	// "Pushback"; grpc-go v1.85.0, stream.go. There the backoff begins anew after it;
	// here it goes on with the number of the try.
	GRPCPushBack PushBack = "grpc"

	// AWSPushBack is the time asked for within the backoff and the backoff + 5 s:
	// aws-sdk-go-v2 v1.47.7, adjustForRetryAfterHeader.
	AWSPushBack PushBack = "aws-2026"
)

// awsPushBack is how much longer than the backoff AWSPushBack waits at most.
const awsPushBack = 5 * sim.Second

// retry is the behaviour of a RetrySpec. A refusal with 403 is never retried: a
// user who may not do it knows that another try is no use.
type retry struct {
	RetrySpec
	backoff Backoff
	limited Backoff  // after a 429
	law     rng.Dist // in seconds, in the place of the backoff; nil: it has none
	src     rng.Source
}

// maxAtOnce is how many tries may follow each other without a time between them.
const maxAtOnce = 100

func newRetry(s *RetrySpec) (*retry, error) {
	if s == nil {
		return nil, nil
	}
	if s.MaxTries < 1 || s.MaxTries > math.MaxUint16 {
		return nil, fmt.Errorf("max_tries is %d, it must be 1 to %d", s.MaxTries, math.MaxUint16)
	}
	if s.GiveUpAfter < 0 {
		return nil, fmt.Errorf("give_up_after is %v, it must be 0 or more", sim.Time(s.GiveUpAfter))
	}
	if s.MaxTries > maxAtOnce && s.After.IsZero() && sim.Time(s.Base) < sim.Millisecond {
		return nil, fmt.Errorf("base is %v, it must be 1ms or more where there may be more than %d tries", sim.Time(s.Base), maxAtOnce)
	}
	switch s.PushBack {
	case "", JitteredPushBack, GRPCPushBack, AWSPushBack:
	default:
		return nil, fmt.Errorf("push_back is %q, it must be jittered, grpc or aws-2026", s.PushBack)
	}
	b, err := s.backoff("base", s.Base)
	if err != nil {
		return nil, err
	}
	limited := b
	if s.BaseLimited != 0 {
		if limited, err = s.backoff("base_limited", s.BaseLimited); err != nil {
			return nil, err
		}
	}
	law, err := build(s.After)
	if err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	if law != nil && s.MaxTries > maxAtOnce && !(law.Mean() >= sim.Millisecond.Seconds()) {
		return nil, fmt.Errorf("after: a mean of %v is too short: want a mean of at least 1ms where there may be more than %d tries", unit.Duration(sim.FromSeconds(law.Mean())), maxAtOnce)
	}
	return &retry{RetrySpec: *s, backoff: b, limited: limited, law: law}, nil
}

// backoff is that of the spec from a base. A multiplier of 0 is 2.
func (s *RetrySpec) backoff(name string, base unit.Duration) (Backoff, error) {
	switch {
	case base < 0:
		return Backoff{}, fmt.Errorf("%s is negative: %v", name, sim.Time(base))
	case s.Cap < base:
		return Backoff{}, fmt.Errorf("cap is %v, it must be at least %s, which is %v", sim.Time(s.Cap), name, sim.Time(base))
	}
	b, err := NewBackoff(sim.Time(base), sim.Time(s.Cap), s.Growth, s.Jitter)
	if err != nil || s.Multiplier == 0 {
		return b, err
	}
	return b.Times(float64(s.Multiplier))
}

// on reports whether a try that ended so is one to retry.
func (r *retry) on(o models.Outcome, status models.Status) bool {
	switch o {
	case models.Rejected:
		return status == models.Unavailable && r.OnUnavailable || status == models.TooManyRequests && r.OnLimited
	case models.TimedOut:
		return r.OnTimedOut
	case models.Failed:
		return r.OnFailed
	case models.Abandoned:
		return r.OnAbandoned
	}
	return false
}

// next returns the time from now to the next try, and whether there is one. A limited
// try is one that a limit or quota refused.
func (r *retry) next(a *models.Attempt, limited bool, retryAfter, now sim.Time) (sim.Time, bool) {
	if int(a.Try) >= r.MaxTries {
		return 0, false
	}
	if !r.HeedsRetryAfter {
		retryAfter = 0
	}
	var after sim.Time
	if r.law == nil {
		b := &r.backoff
		if limited {
			b = &r.limited
		}
		switch {
		case retryAfter == 0 || r.PushBack == JitteredPushBack || r.PushBack == "":
			after = b.Wait(a.Request, int(a.Try), retryAfter)
		case r.PushBack == GRPCPushBack:
			after = retryAfter
		default:
			after = b.Wait(a.Request, int(a.Try), 0)
			after = max(after, min(retryAfter, plus(after, awsPushBack)))
		}
	} else {
		r.src = a.Request.Child(uint64(a.Try)).Draw(purposeBackoff)
		after = plus(retryAfter, sample(r.law, &r.src))
	}
	if r.GiveUpAfter > 0 && after > sim.Time(r.GiveUpAfter)-(now-a.First) {
		return 0, false
	}
	return after, true
}
