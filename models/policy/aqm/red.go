package aqm

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

func init() {
	policy.Register(policy.Kind{
		Name: "red", Heading: policy.AQM,
		Doc:     "Averages the queue over the arrivals and refuses none while the average is below `min`, all from `max` on, and in between a share that rises to `max_p`, spread so that refusals come at even distances. With `gentle` the share goes on to rise from `max_p` at `max` to all at twice `max`. Nothing is refused while at most one waits.",
		Source:  "Floyd and Jacobson, \"Random early detection gateways for congestion avoidance\", IEEE/ACM Transactions on Networking 1(4), 1993, figure 2; gentle: Floyd, \"Recommendation on using the gentle_ variant of RED\", 2000; ns-3, red-queue-disc.cc.",
		Fails:   "A length is a wait only at one capacity, so that the thresholds are wrong when servers are lost or come. The average lags behind a surge by 1/weight arrivals and stays high after it.",
		Held:    "No vector. Figure 2 of the paper: the average by hand, idle time included, and the uniform law of the distances between refusals, statistically.",
		Scale:   "The average moves with each arrival: in a world of reduced scale it reaches back over as many arrivals, which is a longer time.",
		Fresh:   func() policy.Spec { return new(REDSpec) },
		PerPool: true,
	})
}

// REDSpec is random early detection. The typical transmission time by which an
// idle time ages the average is the service that is expected of the attempt that
// comes, shared by all servers.
type REDSpec struct {
	Min    unit.Count `yaml:"min" default:"5" doc:"Average queue below which nothing is refused, in attempts."`
	Max    unit.Count `yaml:"max" default:"15" doc:"Average queue from which all are refused, at least min."`
	MaxP   unit.Share `yaml:"max_p" default:"2%" doc:"Share that is refused as the average reaches max."`
	Weight unit.Share `yaml:"weight" default:"0.2%" doc:"Weight of the newest queue in the average, above 0."`
	Gentle bool       `yaml:"gentle" default:"no" doc:"Whether the share rises on to all at twice max."`
}

// New returns the policy with an average of 0.
func (s *REDSpec) New(env policy.Env) (policy.Policy, error) {
	p := &red{luck: env.Luck(), reason: env.Reason(models.Unavailable), empty: env.Now(), count: -1}
	return p, p.Reconfigure(s)
}

type red struct {
	spec   REDSpec
	luck   policy.Luck
	reason models.Reason
	avg    float64
	count  int      // attempts since the last refusal; -1: the average is low
	empty  sim.Time // since when the queue is empty, if it is: the last sign of somebody who waited
	waits  bool     // whether somebody waited when it was last looked at
}

// Admit is the algorithm of figure 2.
func (p *red) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	p.average(a, s)
	low, high := float64(p.spec.Min), float64(p.spec.Max)
	most := high
	if p.spec.Gentle {
		most = 2 * high
	}
	switch {
	case p.avg < low || s.Waiting <= 1:
		p.count = -1
		return models.Verdict{}
	case p.avg >= most:
		p.count = 0
		return models.Verdict{Reason: p.reason}
	}
	p.count++
	share := float64(p.spec.MaxP) * ((p.avg - low) / (high - low))
	if p.avg >= high {
		rest := 1 - float64(p.spec.MaxP)
		share = float64(p.spec.MaxP) + float64(rest*((p.avg-high)/high))
	}
	if left := 1 - float64(float64(p.count)*share); left > share {
		share /= left
	} else {
		share = 1
	}
	draw := ofTry(p.luck, a)
	if !draw.Bool(share) {
		return models.Verdict{}
	}
	p.count = 0
	return models.Verdict{Reason: p.reason}
}

// average takes the queue that an arrival finds into the average, or lets it
// age as if the idle time had been used.
func (p *red) average(a *models.Attempt, s *models.Signals) {
	w := float64(p.spec.Weight)
	p.waits = s.Waiting > 0 || s.Free() == 0
	if s.Waiting > 0 {
		p.empty = s.Now
		p.avg += float64(w * (float64(s.Waiting) - p.avg))
		return
	}
	if a.Service > 0 {
		m := float64(s.Now-p.empty) * float64(s.Capacity) / float64(a.Service)
		p.avg = float64(p.avg * rng.Pow(1-w, m))
	}
	p.empty = s.Now
}

// Start notes when the queue becomes empty.
func (p *red) Start(_ *models.Attempt, s *models.Signals) models.Verdict {
	p.empty, p.waits = s.Now, s.Waiting > 0
	return models.Verdict{}
}

// Finish notes when the queue becomes empty because whoever waited has left it.
// What is cancelled may have been in service, and what is refused may have come to
// no queue: that counts only if somebody waited.
func (p *red) Finish(a *models.Attempt, o models.Outcome, now sim.Time) {
	switch {
	case a.Line != 0: // it was kept before the queue
	case o == models.Abandoned, o == models.TimedOut, p.waits && (o == models.Cancelled || o == models.Rejected && a.Passed > 0):
		p.empty = now
	}
}

// Reconfigure changes the parameters; the average stays.
func (p *red) Reconfigure(spec policy.Spec) error {
	s := spec.(*REDSpec)
	switch {
	case !(s.Min >= 0 && s.Min <= s.Max):
		return fmt.Errorf("min is %v, it must be 0 to max, which is %v", s.Min, s.Max)
	case !(s.Max < 1<<53):
		return fmt.Errorf("max is %v, it must be below 2^53", float64(s.Max))
	case !(s.MaxP >= 0 && s.MaxP <= 1):
		return fmt.Errorf("max_p is %v, it must be 0%% to 100%%", float64(s.MaxP))
	case !(s.Weight > 0 && s.Weight <= 1):
		return fmt.Errorf("weight is %v, it must be more than 0%% and at most 100%%", float64(s.Weight))
	}
	p.spec = *s
	return nil
}
