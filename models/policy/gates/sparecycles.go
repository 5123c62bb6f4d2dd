package gates

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "spare-cycles", Heading: policy.Gates,
		Doc:    "Accepts a tier's work at once, puts it aside and runs it, oldest first, on up to `share` of the servers that the others leave free, `reserve` of which stay free. While anybody waits in the queue, none of it is started, unless `min_rate` is due. Its users are told that it will be done later: nobody waits at a screen and nobody leaves.",
		Source: "The engineers' account of the image launch (The Pragmatic Engineer, 2025): the free tier's images became asynchronous and were worked off when the load left room.",
		Fails:  "Where the others leave no room the backlog grows without bound and its oldest work is days old when it is done. It takes servers without being pre-empted: a surge of the others finds them held for as long as a service takes, which is what `reserve` is for. It looks at one pool, the first of the first class that it acts on: give each pool an item of its own, and expect nothing of a second station that is full. Before nodes with lines of their own it waits until no line holds anybody.",
		Held:   "No vector. How many run at each number of free servers, call by call.",
		Scale:  "The free servers at high load fluctuate as the square root of the pool: in a world of reduced scale a smaller pool leaves a larger share of itself free.",
		Surge:  "tiers: [free], share: 100%",
		NoGain: "the free tier is answered when the others leave room, after the surge, which is late by the SLO; in the end nearly all of it is answered, and the paid tier does not notice the surge.",
		Fresh:  func() policy.Spec { return new(SpareCyclesSpec) },
	})
}

// SpareCyclesSpec is work for spare cycles. It looks at one pool: that of the
// first class that it acts on. Of the servers that are free or run its work, it
// may hold
//
//	share * (free + its own - reserve)
//
// rounded down, so that what runs already counts.
type SpareCyclesSpec struct {
	Share   unit.Share `yaml:"share" default:"100%" doc:"Share of the servers that the others leave free."`
	Reserve unit.Count `yaml:"reserve" default:"0" doc:"Free servers that are left to the others."`
	MinRate unit.Rate  `yaml:"min_rate" default:"0" min:"0" doc:"How much of it is let on in any case while there is some, 0 to 1G/s; it waits in the queue if no server is free."`
}

// spareLook is how often it looks for free servers where nothing tells it of
// them: capacity that others gave back, or signals that were old.
const spareLook = sim.Second

// New returns the policy with nothing aside.
func (s *SpareCyclesSpec) New(env policy.Env) (policy.Policy, error) {
	p := &spareCycles{idle: true}
	return p, p.Reconfigure(s)
}

type spareCycles struct {
	share   float64
	reserve int
	gap     sim.Time // of min_rate; 0: none

	running int      // let on and not ended
	at      sim.Time // when some were let on last
	let     int      // how many then, of those that have not ended
	paced   sim.Time // up to when min_rate is served
	idle    bool     // nothing was aside when it was last asked
}

// Admit puts the attempt aside.
func (p *spareCycles) Admit(*models.Attempt, *models.Signals) models.Verdict {
	return models.Verdict{Kept: models.Aside}
}

// Let fills its part of what the others leave free.
func (p *spareCycles) Let(kept int, s *models.Signals) (n int, next sim.Time) {
	if kept == 0 {
		p.idle = true
		return 0, sim.Never
	}
	if p.idle {
		p.idle, p.paced = false, s.Now
	}
	n = min(p.room(s), kept)
	next = (s.Now/spareLook + 1) * spareLook
	if p.gap > 0 {
		if due := int((s.Now - p.paced) / p.gap); n <= due {
			n = min(due, kept)
			p.paced += sim.Time(n) * p.gap
		} else {
			p.paced = s.Now
		}
		next = min(next, p.paced+p.gap)
	}
	return n, next
}

// room is how many more of its own it may run. The signals may be older than
// those that it has just let on, which are not let on twice.
func (p *spareCycles) room(s *models.Signals) int {
	if s.Waiting > 0 {
		return 0
	}
	free := s.Free()
	if s.Now == p.at {
		free -= p.let
	}
	most := math.Floor(float64(max(0, free+p.running-p.reserve)) * p.share)
	return max(0, int(most)-p.running)
}

// Release counts one who goes on.
func (p *spareCycles) Release(_ *models.Attempt, now sim.Time) {
	p.running++
	if now != p.at {
		p.at, p.let = now, 0
	}
	p.let++
}

// Finish counts one whose work has ended, or was refused behind it.
func (p *spareCycles) Finish(_ *models.Attempt, _ models.Outcome, now sim.Time) {
	p.running = max(0, p.running-1)
	if now == p.at {
		p.let = max(0, p.let-1)
	}
}

// Discipline is first come, first served.
func (p *spareCycles) Discipline() string { return "fifo" }

// Reconfigure changes the parameters; what runs goes on.
func (p *spareCycles) Reconfigure(spec policy.Spec) error {
	s := spec.(*SpareCyclesSpec)
	switch {
	case !(s.Share >= 0 && s.Share <= 1):
		return fmt.Errorf("share is %v, it must be 0%% to 100%%", float64(s.Share))
	case !(s.Reserve >= 0 && s.Reserve < 1<<53):
		return fmt.Errorf("reserve is %v, it must be 0 to 2^53", float64(s.Reserve))
	case !(s.MinRate >= 0 && s.MinRate <= 1e9):
		return fmt.Errorf("min_rate is %v a second, it must be 0 to 1G/s", float64(s.MinRate))
	}
	p.share, p.reserve, p.gap = float64(s.Share), int(math.Floor(float64(s.Reserve))), 0
	if s.MinRate > 0 {
		p.gap = sim.FromSeconds(min(1/float64(s.MinRate), 1e9))
	}
	return nil
}
