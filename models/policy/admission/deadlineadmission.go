package admission

import (
	"cmp"
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "deadline-admission", Heading: policy.Admission,
		Doc: "Refuses (503, with Retry-After) an attempt that would wait longer than `deadline`: the queue divided by the throughput. " +
			"The throughput is the attempts that were started within `window`, counted only while no server was free, for an idle pool shows the demand and not its capacity. Until the pool has been busy for a quarter of the window, and always with `estimate: service`, it is the servers divided by the expected service time of the attempt.",
		Source:  "Little's law, L = λW: J. D. C. Little, \"A proof for the queuing formula L = λW\", Operations Research 9(3), 1961.",
		Fails:   "It takes the queue to be first in, first out and everybody in it to stay: with priorities, last in first out or impatient users the wait is another. Where capacity has just been lost, the window still shows what there was.",
		Held:    "No vector. Little's law: the wait it expects against queue over throughput, call by call.",
		Scale:   "A window with few starts estimates the throughput badly: with n of them by about 1/sqrt(n).",
		Surge:   "deadline: 20s",
		Fresh:   func() policy.Spec { return new(DeadlineAdmissionSpec) },
		PerPool: true,
	})
}

// DeadlineAdmissionSpec refuses at once what could not be in time.
type DeadlineAdmissionSpec struct {
	Deadline unit.Duration `yaml:"deadline" required:"true" doc:"Longest expected wait that is admitted."`
	Window   unit.Duration `yaml:"window" default:"1m" doc:"Time over which the throughput is measured."`
	Estimate string        `yaml:"estimate" default:"throughput" enum:"throughput,service" doc:"Whether the wait is the queue over the measured throughput, or the queue times the expected service time over the servers."`
}

// readings is how many readings of the throughput a window holds.
const readings = 16

// New returns the policy with nothing measured.
func (s *DeadlineAdmissionSpec) New(env policy.Env) (policy.Policy, error) {
	p := &deadlineAdmission{reason: env.Reason(models.Unavailable)}
	return p, p.Reconfigure(s)
}

type deadlineAdmission struct {
	deadline, window sim.Time
	byService        bool
	reason           models.Reason

	ring [readings]reading // since the pool was last seen with a server free
	n    int               // readings made
}

// A reading is the attempts that had been started at an instant.
type reading struct {
	at      sim.Time
	started uint64
}

// Admit compares the expected wait with the deadline.
func (p *deadlineAdmission) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	if !mustWait(s) {
		p.n = 0
		return models.Verdict{}
	}
	p.read(s)
	wait := p.wait(a, s)
	if wait <= p.deadline {
		return models.Verdict{}
	}
	v := models.Verdict{Reason: p.reason}
	if wait != sim.Never {
		v.RetryAfter = wait - p.deadline
	}
	return v
}

// read makes a reading if the last is older than a part of the window.
func (p *deadlineAdmission) read(s *models.Signals) {
	if p.n > 0 && s.Now-p.ring[(p.n-1)%readings].at < p.window/readings {
		return
	}
	p.ring[p.n%readings] = reading{s.Now, s.Started}
	p.n++
}

// wait is how long an attempt that comes now would wait: for those before it
// and for its own turn.
func (p *deadlineAdmission) wait(a *models.Attempt, s *models.Signals) sim.Time {
	before := float64(s.Waiting + 1)
	if !p.byService {
		oldest := p.ring[max(0, p.n-readings)%readings]
		for i := max(0, p.n-readings); i < p.n; i++ {
			if r := p.ring[i%readings]; s.Now-r.at > p.window {
				oldest = r
			}
		}
		if span := s.Now - oldest.at; span >= p.window/4 {
			if s.Started == oldest.started {
				return sim.Never
			}
			return sim.FromSeconds(before * span.Seconds() / float64(s.Started-oldest.started))
		}
	}
	if s.Capacity <= 0 {
		return sim.Never
	}
	return sim.FromSeconds(before * a.Service.Seconds() / float64(s.Capacity))
}

// Reconfigure changes the parameters and keeps what was measured.
func (p *deadlineAdmission) Reconfigure(spec policy.Spec) error {
	s := spec.(*DeadlineAdmissionSpec)
	if err := cmp.Or(positive("deadline", sim.Time(s.Deadline)), positive("window", sim.Time(s.Window))); err != nil {
		return err
	}
	switch s.Estimate {
	case "", "throughput", "service":
	default:
		return fmt.Errorf("estimate is %q, it must be throughput or service", s.Estimate)
	}
	p.deadline, p.window, p.byService = sim.Time(s.Deadline), sim.Time(s.Window), s.Estimate == "service"
	return nil
}
