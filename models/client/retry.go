package client

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A RetrySpec says which tries are followed by another, and when.
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
	Cap             unit.Duration `yaml:"cap" default:"1m" doc:"Longest backoff."`
	Growth          Growth        `yaml:"growth" default:"exponential" enum:"exponential,linear,fixed" doc:"How the backoff goes on with each try: it doubles; base is added; it stays. Decorrelated jitter grows by its own law."`
	Jitter          Jitter        `yaml:"jitter" default:"full" enum:"none,equal,full,decorrelated" doc:"How the backoff b is spread: not; half of b plus a random half; uniform from 0 to b; uniform from base to three times the last one."`
	After           unit.Dist     `yaml:"after" doc:"Law of the time before every retry, in the place of a backoff: base, cap and jitter then say nothing."`
	HeedsRetryAfter bool          `yaml:"heed_retry_after" default:"yes" doc:"Wait at least as long as the refusal says, with the jitter, or the time of after, on top."`
}

// retry is the behaviour of a RetrySpec. A refusal with 403 is never retried: a
// user who may not do it knows that another try is no use.
type retry struct {
	RetrySpec
	backoff Backoff
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
	b, err := NewBackoff(sim.Time(s.Base), sim.Time(s.Cap), s.Growth, s.Jitter)
	if err != nil {
		return nil, err
	}
	law, err := build(s.After)
	if err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	if law != nil && s.MaxTries > maxAtOnce && !(law.Mean() >= sim.Millisecond.Seconds()) {
		return nil, fmt.Errorf("after: a mean of %v is too short: want a mean of at least 1ms where there may be more than %d tries", unit.Duration(sim.FromSeconds(law.Mean())), maxAtOnce)
	}
	return &retry{RetrySpec: *s, backoff: b, law: law}, nil
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

// next returns the time from now to the next try, and whether there is one.
func (r *retry) next(a *models.Attempt, retryAfter, now sim.Time) (sim.Time, bool) {
	if int(a.Try) >= r.MaxTries {
		return 0, false
	}
	if !r.HeedsRetryAfter {
		retryAfter = 0
	}
	var after sim.Time
	if r.law == nil {
		after = r.backoff.Wait(a.Request, int(a.Try), retryAfter)
	} else {
		r.src = a.Request.Child(uint64(a.Try)).Draw(purposeBackoff)
		after = plus(retryAfter, sample(r.law, &r.src))
	}
	if r.GiveUpAfter > 0 && after > sim.Time(r.GiveUpAfter)-(now-a.First) {
		return 0, false
	}
	return after, true
}
