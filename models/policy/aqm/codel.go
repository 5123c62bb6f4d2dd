package aqm

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "codel", Heading: policy.AQM,
		Doc:    "Once everything that was taken from the queue for an `interval` had waited longer than `target`, it drops one attempt as its turn comes, the next after interval/sqrt(2), then interval/sqrt(3) and so on, until one has waited less. A queue that drains now and then is left alone, however long it gets. Nothing is dropped while at most `maxpacket` wait behind it.",
		Source: "Nichols and Jacobson, \"Controlling queue delay\", ACM Queue 10(5), 2012; RFC 8289, section 5; Linux, include/net/codel_impl.h.",
		Fails:  "It trusts that senders slow down when something is dropped. Where users retry or others come anyway, its few drops do not bring the wait down, and with a LIFO queue the wait at the head says nothing.",
		Held:   "Vectors of the Linux kernel's codel_impl.h, `codel_linux_a` and `_b` (exactly), and transcriptions of RFC 8289, not runs of an original, `port_codel_rfc_a` and `_b` (times to 100 ns): all 6,000 rows, drops, count and state. Besides: the inverse root law of drops, and that the state dequeues again.",
		Presets: "Source: target 5 ms, interval 100 ms. Inference: 2 s each. The published interval is the longest round trip, in which a sender shows that it has slowed down. A refused user slows nothing down, and a drop at the head moves the queue at once, so that the interval has to do two things only. " +
			"It must be long beside the time from one start to the next, or a ripple counts as a standing queue. And the law must catch up with the load while people still wait: it reaches r drops a second after 2 r interval², 80 s for 10 a second and an interval of 2 s, 55 hours for 100 s. So take sqrt(patience/(2 r)) where another rate is too much. " +
			"target is a tenth of a service of 20 s; between 200 ms and 5 s it hardly matters. Source is no control here: 100 ms after somebody waits it drops whoever waits, which in a surge is as good as any policy, since with a hundred servers the next arrival is there at once, and under a steady high load refuses those who would not have waited long.",
		Scale:   "The drops come at absolute times, one each interval/sqrt(n), whatever the arrivals: in a world of reduced scale they are a larger share of them, and control sets in sooner. A service that is a hundred times as large needs an interval a tenth as long.",
		Fresh:   func() policy.Spec { return new(CoDelSpec) },
		Unmoved: "it stands at the queue itself, and measures the wait of each attempt there",
		PerPool: true,
	})
}

// CoDelSpec is controlled delay, RFC 8289, with backlogs in attempts for bytes
// and one attempt for the largest packet: a wait counts as below the target while no
// more than that is left behind the head (bytes() <= MAXPACKET in section 5.5, and
// *backlog <= mtu in Linux).
//
// The variant linux differs from rfc as include/net/codel_impl.h does: the clock
// has ticks of 1,024 ns; the drop at the end of the first interval needs more
// than the interval, not the interval; 1/sqrt(n) is a 16-bit number improved by
// one Newton step for each change of n, which makes the second gap 0.50 of the
// interval where the law says 0.71; the count goes up for each drop and not only
// where the wait then stays above the target; and one dequeue drops at most 256.
// The kernel's clock wraps after 73 minutes; this one does not.
type CoDelSpec struct {
	Preset   string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times are taken where none are given: the published ones (source), or those for work of seconds (inference)."`
	Variant  string        `yaml:"variant" default:"rfc" enum:"rfc,linux" doc:"Which implementation is followed: RFC 8289 (rfc), or the Linux kernel with its coarse square root (linux)."`
	Target   unit.Duration `yaml:"target" doc:"Wait that a standing queue may have; 5ms in source, 2s in inference."`
	Interval unit.Duration `yaml:"interval" doc:"How long the wait must stay above target before the first drop; about sqrt(patience/(2 r)) where r a second have to be dropped. 100ms in source, 2s in inference."`

	MaxPacket int `yaml:"maxpacket" default:"1" min:"0" doc:"Attempts that may be left waiting behind the head of the queue for it never to be dropped: the largest packet, with an attempt for a packet."`
}

// The constants of RFC 8289, sections 4.2 and 4.3, and those for work of 20 s.
const (
	codelTarget            = 5 * sim.Millisecond
	codelInterval          = 100 * sim.Millisecond
	codelInferenceTarget   = 2 * sim.Second
	codelInferenceInterval = 2 * sim.Second
)

// codelMaxDrops is the most that the Linux variant drops in one dequeue.
const codelMaxDrops = 256

// New returns the policy, which has seen nothing yet.
func (s *CoDelSpec) New(env policy.Env) (policy.Policy, error) {
	p := &codel{reason: env.Reason(models.Unavailable), root: math.MaxUint16}
	return p, p.Reconfigure(s)
}

type codel struct {
	target, interval sim.Time // as the clock of the variant reads them
	linux            bool
	maxPacket        int
	reason           models.Reason

	firstAbove    sim.Time // when an interval above the target will be over; 0: the wait is below it
	dropNext      sim.Time
	count, last   uint32 // drops since dropping began, and what they began with
	root          uint16 // 1/sqrt(count) in units of 2^-16, of the Linux variant
	dropping      bool
	dropped       bool // the last call dropped one, in the dropping state: the dequeue goes on
	inThisDequeue int  // drops of the dequeue under way
}

// Admit lets everything into the queue.
func (p *codel) Admit(*models.Attempt, *models.Signals) models.Verdict { return models.Verdict{} }

// Start drops the attempt if CoDel would drop it from the head of the queue.
//
// What follows the drop that begins the dropping state is handed out by the
// originals whatever it has waited. That needs no case of its own: the next drop
// is not due yet, and if the wait is below the target the state ends one call
// sooner than theirs, before it could have dropped anything.
func (p *codel) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	now := p.clock(s.Now)
	above := p.okToDrop(now, now-p.clock(a.Admitted), s.Waiting)
	goesOn := p.dropped
	p.dropped = false
	if !goesOn {
		p.inThisDequeue = 0
	}
	switch {
	case !above:
		p.dropping = false
		return models.Verdict{}
	case !p.dropping:
		p.enter(now)
		return models.Verdict{Reason: p.reason}
	case goesOn:
		if !p.linux {
			p.count++
		}
		p.dropNext += p.gap()
	}
	if now < p.dropNext || p.linux && p.inThisDequeue >= codelMaxDrops {
		return models.Verdict{}
	}
	if p.linux {
		p.count++
		p.improveRoot()
	}
	p.dropped = true
	p.inThisDequeue++
	return models.Verdict{Reason: p.reason}
}

// okToDrop is dodequeue of RFC 8289, section 5.5. An empty queue leaves a server
// idle, so that the next attempt is started with a wait of 0: that is seen here
// and needs no call of its own.
func (p *codel) okToDrop(now, wait sim.Time, behind int) bool {
	switch {
	case wait < p.target || behind <= p.maxPacket:
		p.firstAbove = 0
	case p.firstAbove == 0:
		p.firstAbove = now + p.interval
	case p.linux:
		return now > p.firstAbove
	default:
		return now >= p.firstAbove
	}
	return false
}

// enter begins the dropping state. Where the last one is not long ago, its rate
// of drops is a good guess for this one.
func (p *codel) enter(now sim.Time) {
	p.dropping = true
	delta := p.count - p.last
	if delta > 1 && now-p.dropNext < 16*p.interval {
		p.count = delta
		p.improveRoot()
	} else {
		p.count, p.root = 1, math.MaxUint16
	}
	p.last = p.count
	p.dropNext = now + p.gap()
}

// tick is the unit of the Linux clock.
const tick = 1 << 10

// clock is the time as the variant reads it.
func (p *codel) clock(t sim.Time) sim.Time {
	if p.linux {
		return t &^ (tick - 1)
	}
	return t
}

// gap is the control law: interval/sqrt(count).
func (p *codel) gap() sim.Time {
	if p.linux {
		hi, lo := bits.Mul64(uint64(p.interval/tick), uint64(p.root)<<16)
		return sim.Time(hi<<32|lo>>32) * tick
	}
	return sim.Time(float64(p.interval) / math.Sqrt(float64(p.count)))
}

// improveRoot is codel_Newton_step: x (3 - count x²)/2.
func (p *codel) improveRoot() {
	x := uint64(p.root) << 16
	val := uint64(3<<32) - uint64(p.count)*(x*x>>32)
	p.root = uint16(val >> 2 * x >> (32 - 2 + 1) >> 16)
}

// Reconfigure changes the parameters; what was seen of the queue stays.
func (p *codel) Reconfigure(spec policy.Spec) error {
	s := spec.(*CoDelSpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	if s.Variant != "rfc" && s.Variant != "linux" && s.Variant != "" {
		return fmt.Errorf("variant is %q, it must be rfc or linux", s.Variant)
	}
	target, interval := set.Time(s.Target, codelTarget, codelInferenceTarget), set.Time(s.Interval, codelInterval, codelInferenceInterval)
	if err := above0("target", s.Target); err != nil {
		return err
	}
	if interval < tick {
		return fmt.Errorf("interval is %v, it must be at least %v", interval, sim.Time(tick))
	}
	if s.MaxPacket < 0 {
		return fmt.Errorf("maxpacket is %d, it must be 0 or more", s.MaxPacket)
	}
	linux := s.Variant == "linux"
	if linux && !p.linux && p.count > 0 {
		p.root = uint16(math.Floor(math.MaxUint16 / math.Sqrt(float64(p.count))))
	}
	p.linux, p.maxPacket = linux, s.MaxPacket
	p.target, p.interval = p.clock(target), p.clock(interval)
	return nil
}
