package admission

import (
	"cmp"
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

func init() {
	policy.Register(policy.Kind{
		Name: "rajomon", Heading: policy.Admission,
		Doc: "The service has a price that follows the largest queueing delay of each period; a client earns `token_step` tokens a period and offers all it has with an attempt. " +
			"One that offers less than the price is refused (503). A client that has seen a higher price in its last answer keeps its tokens, and what its users want until it has enough is held back on its own side: it is suppressed and no attempt.",
		Source: "Xing et al., \"Rajomon: Decentralized and Coordinated Overload Control for Latency-Sensitive Microservices\", NSDI 2025; pennsail/rajomon, UpdateOwnPrice, UpdatePrice and UnaryInterceptorEnduser.",
		Fails:  "Who comes seldom is rich: where a client comes once in many periods, the price must climb for as many before anybody is refused. Who has paid and is refused at the service has lost his tokens. Who is held back on his own side tries again only where the retries of his client say on_held.",
		Held:   "Vectors of pennsail/rajomon (commit f7c75535), `rajomon_a` (step), `_b` (proportional) and `_c` (expdecay): all 900 rows, price and increases exactly. The client's side is in no file, and is held against the interceptor of the source in cases.",
		Presets: "Source: threshold 20 ms, price and tokens each 10 ms. Inference: threshold 5 s, a quarter of a service of 20 s; the price each 5 s, as long as the wait that it judges, and so is the excess that raises a proportional price by a step. " +
			"Tokens each 500 ms: the price at which a pool is just full is what a client earns between two of its turns, 20 tokens where 50 clients share 5 requests a second, so that a step of the price is a twentieth of the load. With tokens each 5 s it would be 2, a step a half of the load, and everybody poor. With other numbers of clients or requests choose token_update so.",
		Scale:   "Prices and tokens are whole numbers; with few clients they separate coarsely.",
		Fresh:   func() policy.Spec { return new(RajomonSpec) },
		PerPool: true,
		Gauges:  true,
	})
}

// RajomonSpec is Rajomon (Xing et al., NSDI 2025) with one service, whose price
// is the price of the path. The threshold of the source has no default that
// could be read; 20 ms is that of its experiments.
type RajomonSpec struct {
	Preset      string        `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times hold where none is given."`
	Strategy    string        `yaml:"strategy" default:"step" enum:"step,proportional,expdecay" doc:"How the price follows the delay: up by a step above the threshold and down by 1 below; in proportion to the distance; or that, with increases in a row that get smaller."`
	Threshold   unit.Duration `yaml:"threshold" doc:"Largest queueing delay of a period above which the price rises; 0s: 20ms in source, 5s in inference."`
	PriceUpdate unit.Duration `yaml:"price_update" min:"1ms" or:"0s" doc:"Period of the price; 0s: 10ms in source, 5s in inference."`
	PriceStep   int           `yaml:"price_step" default:"1" min:"0" max:"1000000000" doc:"Step of the price."`
	DelayUnit   unit.Duration `yaml:"delay_unit" doc:"Distance from the threshold that moves a proportional price by a step; 0s: 10ms in source, 5s in inference."`
	GuidePrice  int           `yaml:"guide_price" default:"-1" min:"-1" doc:"Price that a step goes to at once, and below which a proportional price does not fall; -1 is none."`
	DecayRate   unit.Share    `yaml:"decay_rate" default:"80%" doc:"What is left of an increase with each before it, from the third in a row on (expdecay)."`
	Tokens      int           `yaml:"tokens" default:"10" min:"0" max:"1000000000" doc:"Tokens of a client at the start."`
	TokenUpdate unit.Duration `yaml:"token_update" min:"1ms" or:"0s" doc:"Period of the tokens; 0s: 10ms in source, 500ms in inference."`
	TokenStep   int           `yaml:"token_step" default:"1" min:"1" max:"1000000" doc:"Tokens that a client earns in each period."`
	Clients     unit.Count    `yaml:"clients" default:"50" min:"1" doc:"Clients that users are hashed into."`
}

// New returns the policy with a price of 0.
func (s *RajomonSpec) New(env policy.Env) (policy.Policy, error) {
	p := &rajomon{luck: env.Luck(), reason: env.ReasonOf("price", models.Unavailable), now: env.Now}
	return p, p.Reconfigure(s)
}

type rajomon struct {
	spec                                           RajomonSpec
	threshold, priceUpdate, delayUnit, tokenUpdate sim.Time
	luck                                           policy.Luck
	reason                                         models.Reason
	phase                                          sim.Time // when the first period of the tokens of now began
	earned                                         int64    // by each client up to then, since tokens were dealt
	now                                            func() sim.Time
	price, increases                               int64
	worst                                          sim.Time // queueing delay of this period
	clients                                        []payer
	n                                              int
}

// A payer is a client: its tokens, what each client had earned when they were
// counted, and the price that it was told last.
type payer struct{ earned, tokens, price int64 }

// earnings are what a client has earned since tokens were dealt, and the periods
// since the phase.
func (p *rajomon) earnings(now sim.Time) (earned int64, periods sim.Time) {
	periods = (now - p.phase) / p.tokenUpdate
	return p.earned + int64(periods)*int64(p.spec.TokenStep), periods
}

// Price is the price of the service, and how often it has risen in a row.
func (p *rajomon) Price() (price, increases int64) { return p.price, p.increases }

// client is the client of an attempt, with the tokens that it has now.
func (p *rajomon) client(a *models.Attempt, now sim.Time) *payer {
	if p.clients == nil {
		p.clients = make([]payer, p.n)
		for i := range p.clients {
			p.clients[i] = payer{tokens: int64(p.spec.Tokens)}
		}
	}
	user := p.luck.OfUser(a)
	c := &p.clients[user.IntN(uint64(p.n))]
	earned, _ := p.earnings(now)
	c.tokens += earned - c.earned
	c.earned = earned
	return c
}

// Throttles holds a try back while its client has less than the price that it was
// told last.
func (p *rajomon) Throttles(a *models.Attempt, now sim.Time) bool {
	c := p.client(a, now)
	return c.tokens < c.price
}

// Admit takes all tokens of the client and compares them with the price.
func (p *rajomon) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	c := p.client(a, s.Now)
	offered := c.tokens
	c.tokens, c.price = 0, p.price
	if offered < p.price {
		return models.Verdict{Reason: p.reason}
	}
	return models.Verdict{}
}

// Start measures the queueing delay.
func (p *rajomon) Start(a *models.Attempt, s *models.Signals) models.Verdict {
	p.worst = max(p.worst, s.Now-a.Admitted)
	return models.Verdict{}
}

// Period is that of the price.
func (p *rajomon) Period() sim.Time { return p.priceUpdate }

// Tick changes the price at the end of a period.
func (p *rajomon) Tick(s *models.Signals) sim.Time {
	if p.spec.Strategy == "step" || p.spec.Strategy == "" {
		p.step()
	} else {
		p.proportional()
	}
	p.worst = 0
	return s.Now + p.priceUpdate
}

// step is UpdateOwnPrice of the source.
func (p *rajomon) step() {
	switch {
	case p.worst > p.threshold && p.spec.GuidePrice >= 0:
		p.price = int64(p.spec.GuidePrice)
	case p.worst > p.threshold:
		p.price += int64(p.spec.PriceStep)
	case p.price > 0:
		p.price--
	}
}

// proportional is UpdatePrice of the source. It measures in milliseconds and
// cuts to whole microseconds; its whole-number division is by 10,000 of them,
// which is the unit of the preset `source`.
func (p *rajomon) proportional() {
	delay := int64(float64(p.worst) / 1e6 * 1000)
	step := (delay - int64(p.threshold/1000)) * int64(p.spec.PriceStep) / int64(p.delayUnit/1000)
	if p.spec.Strategy == "expdecay" {
		switch {
		case step > 0:
			if p.increases >= 2 {
				step = int64(float64(step) * rng.Pow(float64(p.spec.DecayRate), float64(p.increases)))
			}
			p.increases++
		case step < 0:
			p.increases = 0
		}
	}
	p.price = max(p.price+step, int64(p.spec.GuidePrice), 0)
}

// settle closes the periods of the tokens up to now at what they brought, and begins
// those of another length: as much of the first is over as was of the last.
func (p *rajomon) settle(length sim.Time) {
	now := p.now()
	earned, periods := p.earnings(now)
	over := float64(now-p.phase-periods*p.tokenUpdate) / float64(p.tokenUpdate)
	p.earned, p.phase = earned, now-min(sim.Time(float64(over*float64(length))), length-1)
}

// Reconfigure changes the constants and keeps price and tokens, which come at the new
// rate from now on. If users are to
// be hashed into another number of clients, or clients are to begin with other
// tokens, all tokens are dealt anew.
func (p *rajomon) Reconfigure(spec policy.Spec) error {
	s := spec.(*RajomonSpec)
	set, err := policy.PresetOf(s.Preset)
	if err != nil {
		return err
	}
	threshold := set.Time(s.Threshold, 20*sim.Millisecond, 5*sim.Second)
	price := set.Time(s.PriceUpdate, 10*sim.Millisecond, 5*sim.Second)
	excess := set.Time(s.DelayUnit, 10*sim.Millisecond, 5*sim.Second)
	tokens := set.Time(s.TokenUpdate, 10*sim.Millisecond, 500*sim.Millisecond)
	if err := cmp.Or(positive("threshold", threshold), positive("price_update", price), positive("token_update", tokens),
		spans("delay_unit", excess, sim.Microsecond, 1e9*sim.Second), within("price_step", float64(s.PriceStep), 0, 1e9), within("guide_price", float64(s.GuidePrice), -1, 1e15),
		within("decay_rate", float64(s.DecayRate), 0, 1), within("tokens", float64(s.Tokens), 0, 1e9), within("token_step", float64(s.TokenStep), 1, 1e6),
		within("clients", float64(s.Clients), 1, maxClients)); err != nil {
		return err
	}
	switch s.Strategy {
	case "", "step", "proportional", "expdecay":
	default:
		return fmt.Errorf("strategy is %q, it must be step, proportional or expdecay", s.Strategy)
	}
	if n := int(math.Floor(float64(s.Clients) + 0.5)); n != p.n || s.Tokens != p.spec.Tokens {
		p.n, p.clients, p.phase, p.earned = n, nil, p.now(), 0
	} else if tokens != p.tokenUpdate || s.TokenStep != p.spec.TokenStep {
		p.settle(tokens)
	}
	p.spec, p.threshold, p.priceUpdate, p.delayUnit, p.tokenUpdate = *s, threshold, price, excess, tokens
	return nil
}
