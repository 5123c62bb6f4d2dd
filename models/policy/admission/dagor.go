package admission

import (
	"cmp"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "dagor", Heading: policy.Admission,
		Doc: "Every attempt has a compound level: its tier's priority, and within it one of 128 that its user is hashed to, anew each hour; attempts at or above the admission level are refused (503). " +
			"A window with a mean queueing time above `threshold` was one of overload: the level is lowered until it would have admitted `alpha` less. After any other window it is raised until it would have admitted more by `beta` of all that came.",
		Source: "Zhou et al., \"Overload Control for Scaling WeChat Microservices\", SoCC 2018, algorithm 1, in the reading of Jiali-Xing/dagor-grpc (CalculateAdmissionLevel).",
		Fails:  "It sees the overload of those whom it let in a whole wait ago, and goes on lowering the level meanwhile: where the wait is longer than the window it sheds too much and comes back only by beta a window. Anonymous requests have the luck of the request, so that a retry may pass.",
		Held:   "No vector. Algorithm 1 in the reading of Jiali-Xing/dagor-grpc: the walk over the histogram cell by cell, at levels reckoned by hand; in a closed loop, the wait that it holds.",
		Presets: "Source: 20 ms over 1 s or 2,000 requests. Inference: 2 s, a tenth of a service of 20 s and, as 20 ms of the 500 ms that WeChat gives a task, about a twenty-fifth of the minute that people give it, over 5 s and without a bound on the requests: what a level does shows in the queueing times of those who start, after their wait, so that a window must be longer than that, not than a service; " +
			"and at alpha a window it takes 14 windows to shed a half, which is to be about the minute that people wait. Source serves a little more in the surge because 20 ms are overload to it: whenever all servers are busy it sheds, which costs nothing while arrivals are plenty. It moves so fast between too few and too many levels that high tiers are refused with the low ones, and under a steady high load it refuses those who would not have waited long.",
		Scale:   "The histogram of a window counts attempts: in a small world it is coarse, and a bound on the requests of a window is reached later.",
		Fresh:   func() policy.Spec { return new(DagorSpec) },
		PerPool: true,
		Gauges:  true,
	})
}

// DagorSpec is WeChat's DAGOR (Zhou et al., SoCC 2018). Queueing time is that
// of the attempts that started within the window. One in which none started says
// nothing of it, and is not one of overload; in inference, where a window may be
// shorter than a service, it is if some waited. That an upstream service keeps the
// level of the services behind it and refuses for them has no place here: the
// gateway is the only caller.
type DagorSpec struct {
	Preset         string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times hold where none is given."`
	Threshold      unit.Duration `yaml:"threshold" doc:"Mean queueing time above which a window was one of overload; 0s: 20ms in source, 2s in inference."`
	Window         unit.Duration `yaml:"window" min:"1ms" or:"0s" doc:"Length of a window; 0s: 1s in source, 5s in inference."`
	WindowRequests int           `yaml:"window_requests" min:"0" doc:"Attempts after which a window ends early; 0: 2000 in source, no bound in inference."`
	Alpha          unit.Share    `yaml:"alpha" default:"5%" doc:"Share of the admitted that is refused more after a window of overload."`
	Beta           unit.Share    `yaml:"beta" default:"1%" doc:"Share of all that came by which more are admitted after any other window."`
	Rehash         unit.Duration `yaml:"rehash" default:"1h" min:"1ms" doc:"How often users are hashed anew."`
}

// userLevels is the number of levels of users within a tier (section 4.2.2).
const userLevels = 128

// New returns the policy with all levels admitted.
func (s *DagorSpec) New(env policy.Env) (policy.Policy, error) {
	d := &dagor{luck: env.Luck(), reason: env.Reason(models.Unavailable), now: env.Now, end: env.Now()}
	var n int
	d.business, n = ranks(env.Tiers)
	d.came = make([]int32, n*userLevels)
	d.level = len(d.came)
	return d, d.Reconfigure(s)
}

type dagor struct {
	threshold, window, rehash sim.Time
	most                      int  // attempts of a window
	stalls                    bool // a window in which none started while some waited was one of overload
	alpha, beta               float64
	business                  []int // by tier, 0 is the last to be refused
	luck                      policy.Luck
	reason                    models.Reason
	now                       func() sim.Time

	level           int     // cells below it are admitted
	came            []int32 // attempts of this window by cell: business * userLevels + user
	total, admitted int
	waited          sim.Time // by those who started in this window
	started         int
	end             sim.Time // of this window
}

// Level is the number of compound levels that are admitted.
func (d *dagor) Level() int { return d.level }

// Admit compares the attempt's compound level with the admission level.
func (d *dagor) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	user := d.luck.OfUserIn(a, uint64(s.Now/d.rehash))
	cell := d.business[a.Tier]*userLevels + int(user.Uint64()%userLevels)
	d.total++
	d.came[cell]++
	in := cell < d.level
	if in {
		d.admitted++
	}
	if d.most > 0 && d.total >= d.most {
		d.close(s)
	}
	if !in {
		return models.Verdict{Reason: d.reason}
	}
	return models.Verdict{}
}

// Start counts the queueing time of an attempt whose turn has come.
func (d *dagor) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	d.waited += s.Now - a.Admitted
	d.started++
	return models.Verdict{}
}

// Period is the length of a window.
func (d *dagor) Period() sim.Time { return d.window }

// Tick ends the window unless it has ended by its attempts.
func (d *dagor) Tick(s *models.Signals) sim.Time {
	if s.Now >= d.end {
		d.close(s)
	}
	return d.end
}

func (d *dagor) close(s *models.Signals) {
	overload := d.stalls && d.started == 0 && s.Waiting > 0
	if d.started > 0 {
		overload = d.waited/sim.Time(d.started) > d.threshold
	}
	d.walk(overload)
	clear(d.came)
	d.total, d.admitted, d.waited, d.started = 0, 0, 0, 0
	d.end = s.Now + d.window
}

// walk moves the level one cell at a time until those of the window below it
// are as many as expected. One cell always stays admitted.
func (d *dagor) walk(overload bool) {
	prefix := float64(d.admitted)
	if overload {
		expected := float64((1 - d.alpha) * prefix)
		for prefix > expected && d.level > 1 {
			d.level--
			prefix -= float64(d.came[d.level])
		}
		return
	}
	expected := prefix + float64(d.beta*float64(d.total))
	for prefix < expected && d.level < len(d.came) {
		prefix += float64(d.came[d.level])
		d.level++
	}
}

// Reconfigure changes the constants; the level stays, and so does what the window has
// counted. It ends within a length of the new ones.
func (d *dagor) Reconfigure(spec policy.Spec) error {
	s := spec.(*DagorSpec)
	p, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	threshold := p.Time(s.Threshold, 20*sim.Millisecond, 2*sim.Second)
	window := p.Time(s.Window, sim.Second, 5*sim.Second)
	if err := cmp.Or(positive("threshold", threshold), positive("window", window), positive("rehash", sim.Time(s.Rehash)),
		within("alpha", float64(s.Alpha), 0, 1), within("beta", float64(s.Beta), 0, 1), within("window_requests", float64(s.WindowRequests), 0, 1<<31)); err != nil {
		return err
	}
	most := s.WindowRequests
	if most == 0 && p == policy.Source {
		most = 2000
	}
	d.threshold, d.window, d.rehash, d.most = threshold, window, sim.Time(s.Rehash), most
	d.alpha, d.beta, d.stalls = float64(s.Alpha), float64(s.Beta), p == policy.Inference
	d.end = min(d.end, d.now()+window)
	return nil
}
