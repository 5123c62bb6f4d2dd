package fleet

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A FundSpec is money that comes in.
type FundSpec struct {
	Name string       `yaml:"name" required:"true" doc:"Name of it."`
	At   unit.Instant `yaml:"at" required:"true" doc:"When it is there."`
	USD  unit.Count   `yaml:"usd" required:"true" min:"0" doc:"How much, in USD."`
}

// A PurchaseSpec is nodes that are bought, each at once for its price, or rented for as
// long as there is money.
type PurchaseSpec struct {
	Name   string        `yaml:"name" required:"true" doc:"Name of the purchase."`
	Pool   string        `yaml:"pool" required:"true" ref:"pools" doc:"The pool that the nodes are for."`
	At     unit.Instant  `yaml:"at" required:"true" doc:"When they are ordered. What the funds do not suffice for then is ordered as more money comes in."`
	Nodes  unit.Count    `yaml:"nodes" required:"true" min:"0" doc:"Nodes that are wanted."`
	Lead   unit.Dist     `yaml:"lead" doc:"Law of the time from an order to the arrival of its nodes."`
	Over   unit.Duration `yaml:"over" default:"0s" min:"0s" doc:"How long the delivery of an order takes from the arrival on: its nodes come evenly; 0 is all at once."`
	Price  float64       `yaml:"usd_per_gpu" default:"0" min:"0" doc:"Price of a GPU with its part of the rest, in USD, paid with the order."`
	Rental float64       `yaml:"usd_per_gpu_hour" default:"0" min:"0" doc:"In place of a price: rent of a GPU and hour, in USD, paid from the arrival on, of a delivery over some time from its middle. When the funds are used up the nodes go back."`
}

func (s *PurchaseSpec) check() error {
	if _, err := lawOf("lead", s.Lead); err != nil {
		return err
	}
	if (s.Price > 0) == (s.Rental > 0) {
		return fmt.Errorf("usd_per_gpu: is %v beside usd_per_gpu_hour of %v: want one of them above 0", s.Price, s.Rental)
	}
	return nil
}

// A treasury is money and what it buys. Between two events the rents flow evenly.
type treasury struct {
	f       *Fleet
	balance float64 // at since
	since   sim.Time
	rate    float64 // of all rents, USD a second
	dry     sim.Timer
	money   Money
	funds   []income
	orders  []purchase
}

// An income is what has become of a FundSpec.
type income struct {
	timer sim.Timer
	came  bool
}

// A purchase is what has become of a PurchaseSpec.
type purchase struct {
	pool    int
	lead    rng.Dist
	timer   sim.Timer
	due     bool // its date has come
	ordered int  // servers
	orders  int
	rents   int       // servers that are rented, there or coming
	begins  sim.Timer // of the rent, when they come
}

func (f *Fleet) takesMoney(now sim.Time, spec *Spec) error {
	past := func(at unit.Instant) bool { return sim.Time(at)+f.env.Origin <= now }
	for i := range max(len(spec.Funds), len(f.spec.Funds)) {
		var old, s FundSpec
		if i < len(f.spec.Funds) {
			old = f.spec.Funds[i]
		}
		if i < len(spec.Funds) {
			s = spec.Funds[i]
		}
		if old != s && old.Name != "" && past(old.At) {
			return fmt.Errorf("funds.%s: has come, and cannot change", old.Name)
		}
	}
	for i := range max(len(spec.Purchases), len(f.spec.Purchases)) {
		var old, s *PurchaseSpec
		if i < len(f.spec.Purchases) {
			old = &f.spec.Purchases[i]
		}
		if i < len(spec.Purchases) {
			s = &spec.Purchases[i]
		}
		if old != nil && past(old.At) && (s == nil || !same(old, s)) {
			return fmt.Errorf("purchases.%s: has been ordered, and cannot change", old.Name)
		}
	}
	return nil
}

func same(a, b *PurchaseSpec) bool { return fmt.Sprint(*a) == fmt.Sprint(*b) }

func (f *Fleet) setMoney(now sim.Time) error {
	t := &f.chest
	t.f = f
	ahead := func(timer *sim.Timer, at unit.Instant, kind uint8, i int, done bool) {
		f.k.Cancel(*timer)
		*timer = 0
		if !done {
			*timer = f.k.Timer(max(now, sim.Time(at)+f.env.Origin), f.event(kind, i))
		}
	}
	for i := len(f.spec.Funds); i < len(t.funds); i++ {
		f.k.Cancel(t.funds[i].timer)
	}
	for i := len(f.spec.Purchases); i < len(t.orders); i++ {
		f.k.Cancel(t.orders[i].timer)
	}
	for i, s := range f.spec.Funds {
		if i == len(t.funds) {
			t.funds = append(t.funds, income{})
		}
		ahead(&t.funds[i].timer, s.At, fund, i, t.funds[i].came)
	}
	t.funds = t.funds[:len(f.spec.Funds)]
	for i := range f.spec.Purchases {
		s := &f.spec.Purchases[i]
		if i == len(t.orders) {
			t.orders = append(t.orders, purchase{})
		}
		o := &t.orders[i]
		var err error
		if o.lead, err = lawOf("lead", s.Lead); err != nil {
			return err
		}
		o.pool = f.pool(s.Pool)
		ahead(&o.timer, s.At, buy, i, o.due)
	}
	t.orders = t.orders[:len(f.spec.Purchases)]
	return nil
}

// settle brings the balance to now.
func (t *treasury) settle(now sim.Time) {
	paid := float64(t.rate * (now - t.since).Seconds())
	t.balance -= paid
	t.money.Rented += paid
	t.since = now
}

// spend orders what the funds suffice for, and plans when they are used up.
func (t *treasury) spend(now sim.Time) {
	for i := range t.orders {
		o, s := &t.orders[i], &t.f.spec.Purchases[i]
		if !o.due {
			continue
		}
		p := &t.f.env.Pools[o.pool]
		open := t.f.servers(o.pool, s.Nodes) - o.ordered
		if s.Rental > 0 {
			if open > 0 && t.balance > 0 {
				o.rents = open
				t.order(now, i, open)
			}
			continue
		}
		price := float64(s.Price*p.GPUs) * float64(p.Node) // of a node
		n := min(math.Ceil(float64(open)/float64(p.Node)), math.Floor(t.balance/price))
		if n > 0 {
			servers := min(open, int(n)*p.Node)
			paid := float64(float64(servers) * float64(s.Price*p.GPUs))
			t.balance -= paid
			t.money.Bought += paid
			t.order(now, i, servers)
		}
	}
	t.f.k.Cancel(t.dry)
	t.dry = 0
	if t.rate > 0 { // the balance may be a rounding error below 0
		t.dry = t.f.k.Timer(sim.After(now, sim.FromSeconds(max(0, t.balance)/t.rate)+1), t.f.event(empty, 0))
	}
}

// order lets servers of a purchase come.
func (t *treasury) order(now sim.Time, i, servers int) {
	o, s := &t.orders[i], &t.f.spec.Purchases[i]
	at := sim.After(now, t.f.draw(o.lead, "purchases/"+s.Name, uint64(o.orders)))
	o.orders++
	o.ordered += servers
	p := t.f.env.Pools[o.pool].Servers
	if s.Rental > 0 {
		p.Order(now, "purchases/"+s.Name, servers, at, sim.Time(s.Over))
		// Nodes that come evenly are paid for from the middle on, which comes to the same.
		o.begins = t.f.k.Timer(sim.After(at, sim.Time(s.Over)/2), t.f.event(rent, i))
		return
	}
	p.Order(now, fmt.Sprintf("purchases/%s/%d", s.Name, o.orders), servers, at, sim.Time(s.Over))
}

// fund is money that comes in.
func (t *treasury) fund(now sim.Time, i int) {
	t.settle(now)
	t.funds[i] = income{came: true}
	usd := float64(float64(t.f.spec.Funds[i].USD) * t.f.spec.factor())
	t.balance += usd
	t.money.Raised += usd
	t.spend(now)
}

// buy is the date of a purchase.
func (t *treasury) buy(now sim.Time, i int) {
	t.settle(now)
	t.orders[i].due, t.orders[i].timer = true, 0
	t.spend(now)
}

// begin is when rented nodes have come.
func (t *treasury) begin(now sim.Time, i int) {
	t.settle(now)
	o := &t.orders[i]
	o.begins = 0
	t.rate += float64(float64(o.rents)*t.f.env.Pools[o.pool].GPUs) * t.f.spec.Purchases[i].Rental / 3600
	t.spend(now)
}

// empty is when the funds are used up: what is rented goes back.
func (t *treasury) empty(now sim.Time) {
	t.dry = 0
	t.settle(now)
	t.money.Rented += t.balance // a rounding error
	t.rate, t.balance = 0, 0
	for i := range t.orders {
		if o := &t.orders[i]; o.rents > 0 {
			t.f.env.Pools[o.pool].Servers.Order(now, "purchases/"+t.f.spec.Purchases[i].Name, 0, now, 0)
			t.f.k.Cancel(o.begins)
			o.begins, o.ordered, o.rents = 0, 0, 0
		}
	}
}

// Money is what has become of the funds by now.
func (f *Fleet) Money(now sim.Time) Money {
	m := f.chest.money
	m.Rented += float64(f.chest.rate * (now - f.chest.since).Seconds())
	return m
}
