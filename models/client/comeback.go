package client

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A ReturnSpec says how a user comes back whose request came to nothing: hours
// later, or when the quota is fresh again. The visit is a new request, a child
// of the one that failed.
type ReturnSpec struct {
	Share           unit.Share    `yaml:"share" required:"true" doc:"Share of the requests given up whose users come back, 0 to 1."`
	After           unit.Dist     `yaml:"after" doc:"Time until they do; it must be there unless tomorrow is."`
	Tomorrow        bool          `yaml:"tomorrow" default:"no" doc:"They come back tomorrow at the same time of day, give or take spread; after then says nothing."`
	Spread          unit.Duration `yaml:"spread" default:"2h" min:"0s" max:"12h" doc:"With tomorrow: how much earlier or later than that at most; uniform between."`
	HeedsRetryAfter bool          `yaml:"heed_retry_after" default:"yes" doc:"Count that time from the moment that a refusal named, if it named one: the end of a quota's window."`
	MaxVisits       int           `yaml:"max_visits" default:"0" min:"0" max:"256" doc:"Requests that a user makes for one wish, the first included; 0 is 256, the most there can be."`
}

// purposeReturn is what a user's coming back is drawn for.
var purposeReturn = rng.Purpose("client/return")

// A comeback is the behaviour of a ReturnSpec.
type comeback struct {
	share           float64
	after           rng.Dist // in seconds; nil: tomorrow
	spread          sim.Time
	heedsRetryAfter bool
	maxVisits       int
	src             rng.Source
}

func newComeback(s *ReturnSpec) (*comeback, error) {
	if s == nil {
		return nil, nil
	}
	if !(s.Share >= 0 && s.Share <= 1) {
		return nil, fmt.Errorf("share is %v, it must be 0 to 1", float64(s.Share))
	}
	if s.MaxVisits < 0 {
		return nil, fmt.Errorf("max_visits is negative: %d", s.MaxVisits)
	}
	after, err := build(s.After)
	if err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	if s.Tomorrow {
		after = nil
		if s.Spread < 0 || sim.Time(s.Spread) > 12*sim.Hour {
			return nil, fmt.Errorf("spread is %v, it must be 0s to 12h", sim.Time(s.Spread))
		}
	} else if after == nil {
		return nil, fmt.Errorf("after is missing")
	}
	return &comeback{spread: sim.Time(s.Spread), share: float64(s.Share), after: after, heedsRetryAfter: s.HeedsRetryAfter, maxVisits: s.MaxVisits}, nil
}

// next returns the time until the user comes back, and whether he does.
func (b *comeback) next(a *models.Attempt, retryAfter sim.Time) (sim.Time, bool) {
	if a.Visit == 255 || b.maxVisits != 0 && int(a.Visit)+1 >= b.maxVisits {
		return 0, false
	}
	b.src = a.Request.Draw(purposeReturn)
	if !b.src.Bool(b.share) {
		return 0, false
	}
	if !b.heedsRetryAfter {
		retryAfter = 0
	}
	if b.after == nil {
		from := sim.Day - b.spread
		return max(retryAfter, from+sim.Time(math.Floor(float64(b.src.Float64()*float64(2*b.spread))))), true
	}
	return plus(retryAfter, sample(b.after, &b.src)), true
}
