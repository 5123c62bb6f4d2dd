package admission

import (
	"cmp"
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "breakwater", Heading: policy.Admission,
		Doc: "A client sends only while it holds a credit. The pool of credits grows by `a` for each client and round trip while the queueing delay is below `target`, and shrinks by up to a half, `b` times the relative excess, at or above it; it is never below the servers nor above 64 a client. " +
			"A client's credits are what it has pending, what it has asked for and a part of what is spare; one that asks when there is none is refused (503), and so is everybody on arrival while the delay is twice the target.",
		Source: "Cho et al., \"Overload Control for µs-Scale RPCs with Breakwater\", OSDI 2020; the authors' server, srpc_update_credit, decr_credit_pool and incr_credit_pool, and configs/bw_config.h of breakwater-artifact.",
		Fails:  "Clients that hold credits and send nothing hold them from others, which the pool makes good only slowly; the fewer the clients to a credit, the slower it grows. It knows no priorities.",
		Held:   "Transcriptions of the authors' credit pool, not runs of it: `port_breakwater_a` and `port_breakwater_b`, all 600 rows, credits exactly and the fraction carried over to 1e-9. What a client gets of the pool is in no file, and is held against the source line by line in cases of its own.",
		Presets: "Source: target 80 µs for services of 10 µs (refusal at 160 µs) and a round trip of 10 µs. Inference: target 2 s, a tenth of a service of 20 s (refusal at 4 s): the delay is that of who has started, late by itself, and while it grows to 4 s a load of six times the capacity, retries among it, puts six times that into the queue, 24 s, which with the service is still within a minute. " +
			"A round trip of 1 s, in which the pool of a thousand clients grows by a credit, a fifth of what 100 servers do in the time. a and b are shares and stay. Source does not steer here: any wait is more than 160 µs and refuses, which costs nothing in a surge, as with a hundred servers the next arrival is there at once; under a steady high load it refuses those who would not have waited long.",
		Scale:   "Credits are whole numbers and a pool grows by whole credits, so that a small world moves in coarser steps. Where starts are rarer than round trips, as always in source, the pool is changed once a start, of which a small world has fewer: it grows the slower.",
		Fresh:   func() policy.Spec { return new(BreakwaterSpec) },
		PerPool: true,
		Gauges:  true,
	})
}

// BreakwaterSpec is Breakwater (Cho et al., OSDI 2020). Nothing waits at our
// clients, and so two things are other than in the source: a client without a
// credit asks at once instead of with its next message, and there is no list of
// clients to be woken when credits become spare. Its demand is the attempts that
// were refused for want of a credit since its credits were last counted.
type BreakwaterSpec struct {
	Preset    string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times hold where none is given."`
	Target    unit.Duration `yaml:"target" doc:"Queueing delay at which credits are taken back; twice of it refuses on arrival; 0s: 80us in source, 2s in inference."`
	RoundTrip unit.Duration `yaml:"round_trip" doc:"How often the pool of credits is changed at most; 0s: 10us in source, 1s in inference."`
	A         unit.Share    `yaml:"a" default:"0.1%" doc:"Credits that are added for each client and round trip."`
	B         unit.Share    `yaml:"b" default:"2%" doc:"Share of the credits that is taken back for a delay of twice the target."`
	By        string        `yaml:"by" default:"users" enum:"users,tiers" doc:"What a client is: users hashed into so many clients, or each tier."`
	Clients   unit.Count    `yaml:"clients" default:"1000" min:"1" doc:"Clients that users are hashed into."`
}

const (
	creditsOfClient = 64 // SBW_MAX_WINDOW
	maxClients      = 1 << 24
)

// New returns the policy with a pool of no credits, which the first look at the
// pool of servers raises to their number; with a credit for each client in inference.
func (s *BreakwaterSpec) New(env policy.Env) (policy.Policy, error) {
	p := &breakwater{luck: env.Luck(), tiers: len(env.Tiers), reason: env.ReasonOf("credits", models.Unavailable), delayed: env.ReasonOf("delay", models.Unavailable), changed: -1 << 62}
	if err := p.Reconfigure(s); err != nil {
		return nil, err
	}
	if set, _ := policy.PresetOf(s.Preset); set == policy.Inference {
		p.pool = p.n // a credit for each client: what idle ones hold would take hours to make good, at a credit each round trip of seconds
	}
	return p, nil
}

type breakwater struct {
	target, roundTrip sim.Time
	a, b              float64
	byTier            bool
	luck              policy.Luck
	tiers             int
	reason, delayed   models.Reason

	pool    int
	carry   float64  // of the additive increase
	delay   sim.Time // of the attempt that was started last
	changed sim.Time // when the pool of credits was
	used    int      // credits that clients hold
	n       int      // clients
	clients []creditor
	flights policy.InFlight // those that count as pending
}

// A creditor is a client: its credits, of which so many are pending, and what
// it has asked for in vain.
type creditor struct{ credit, pending, demand int32 }

// Pool is the number of credits, and the fraction of one that is carried over.
func (p *breakwater) Pool() (credits int, carry float64) { return p.pool, p.carry }

// client returns the client that an attempt comes from.
func (p *breakwater) client(a *models.Attempt) *creditor {
	if p.clients == nil {
		p.clients = make([]creditor, p.n)
	}
	if p.byTier {
		return &p.clients[a.Tier]
	}
	user := p.luck.OfUser(a)
	return &p.clients[user.IntN(uint64(p.n))]
}

// Admit lets the attempt in on a credit of its client.
func (p *breakwater) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	p.pool = max(p.pool, s.Capacity)
	if s.Waiting > 0 && p.delay >= 2*p.target {
		return models.Verdict{Reason: p.delayed}
	}
	c := p.client(a)
	if c.pending >= c.credit {
		c.demand++
		p.deal(c, s.Capacity, false)
		if c.pending >= c.credit {
			return models.Verdict{Reason: p.reason}
		}
	}
	c.pending++
	p.flights.Enter(a, s.Now)
	// What the client does not ask for is free for others.
	if most := c.pending + c.demand; c.credit > most {
		p.used -= int(c.credit - most)
		c.credit = most
	}
	return models.Verdict{}
}

// Start measures the queueing delay and changes the pool of credits, at most
// once a round trip, as the source does when a worker has taken up a request.
func (p *breakwater) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	p.delay = s.Now - a.Admitted
	if s.Now-p.changed >= p.roundTrip {
		p.changed = s.Now
		p.resize(s)
	}
	return models.Verdict{}
}

// resize is decr_credit_pool or incr_credit_pool of the source.
func (p *breakwater) resize(s *models.Signals) {
	p.pool = max(p.pool, s.Capacity)
	if p.delay >= p.target {
		excess := float64(float64(p.delay-p.target) / float64(p.target) * p.b)
		p.pool = int(float64(p.pool) * max(1-excess, 0.5))
		p.carry = 0
	} else {
		p.carry += float64(float64(p.n) * p.a)
		whole := math.Floor(p.carry)
		p.pool += int(whole)
		p.carry -= whole
	}
	p.pool = min(max(p.pool, s.Capacity), p.n*creditsOfClient)
}

// Finish gives the credit of the attempt to its client again.
func (p *breakwater) Finish(a *models.Attempt, o models.Outcome, _ sim.Time) { p.Left(a, o) }

// Left does so at once, as far as there is one for it: the answer brings it.
func (p *breakwater) Left(a *models.Attempt, o models.Outcome) {
	if _, ok := p.flights.Leave(a); !ok {
		return // it is of before the clients were others
	}
	c := p.client(a)
	c.pending--
	p.deal(c, 0, o == models.Rejected)
}

// deal sets the credits of a client anew: srpc_update_credit of the source.
func (p *breakwater) deal(c *creditor, cores int, dropped bool) {
	unused := p.pool - p.used
	spare := int32(max(unused/p.n, 1))
	old := c.credit
	switch {
	case unused > 0:
		c.credit = min(c.pending+c.demand+spare, c.credit+int32(min(unused, math.MaxInt32/2)))
	case unused < 0:
		c.credit--
	}
	if p.n <= cores {
		c.credit = max(c.credit, spare)
	}
	if old > 0 && c.credit == 0 && !dropped {
		c.credit = spare
	}
	c.credit = max(c.credit, c.pending)
	c.credit = min(c.credit, creditsOfClient-1, c.pending+c.demand+spare)
	c.demand = 0
	p.used += int(c.credit - old)
}

// Reconfigure changes the constants and keeps the pool. If there are to be
// other clients, all credits are dealt anew.
func (p *breakwater) Reconfigure(spec policy.Spec) error {
	s := spec.(*BreakwaterSpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	target, trip := set.Time(s.Target, 80*sim.Microsecond, 2*sim.Second), set.Time(s.RoundTrip, 10*sim.Microsecond, sim.Second)
	if err := cmp.Or(positive("target", target), positive("round_trip", trip), within("a", float64(s.A), 0, 1), within("b", float64(s.B), 0, 1)); err != nil {
		return err
	}
	n, byTier := int(math.Floor(float64(s.Clients)+0.5)), false
	switch s.By {
	case "tiers":
		n, byTier = p.tiers, true
	case "users", "":
		if err := within("clients", float64(s.Clients), 1, maxClients); err != nil {
			return err
		}
	default:
		return fmt.Errorf("by is %q, it must be users or tiers", s.By)
	}
	if n != p.n || byTier != p.byTier {
		p.n, p.byTier, p.clients, p.used = n, byTier, nil, 0
		p.flights.Clear()
	}
	p.target, p.roundTrip, p.a, p.b = target, trip, float64(s.A), float64(s.B)
	return nil
}
