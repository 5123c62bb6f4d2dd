package metrics

import (
	"github.com/launchday-sim/launchday/sim/stats"
)

// A Cost is what the GPUs of a pool cost.
type Cost struct {
	GPUs                 float64 // that a server is worth
	Hour                 float64 // USD for a GPU and hour, whether it works or not
	WattsIdle, WattsBusy float64 // of a GPU, with its part of the node, before PUE
	PUE                  float64 // power of the whole over that of its computers
	Priced, Metered      bool    // whether Hour, and the watts, are known
	Batches              bool    // its nodes batch: one works whole, however few its batch holds
}

// spending is what pools cost over a stretch of time.
type spending struct{ gpuHours, usd, kwh Figure }

// nothing is the spending of no pool.
func nothing() spending { return spending{0, Null(), Null()} }

// add takes in that of another pool. What is not known of it counts for nothing, if
// anything is known of any.
func (s *spending) add(t spending) {
	known := func(to *Figure, x Figure) {
		switch {
		case x.IsNull():
		case to.IsNull():
			*to = x
		default:
			*to += x
		}
	}
	s.gpuHours += t.gpuHours
	known(&s.usd, t.usd)
	known(&s.kwh, t.kwh)
}

// spending is what pool p costs that has had the servers, of which some were busy. What
// is not known is null.
func (f *figurer) spending(p int, has, busy stats.Integral) spending {
	var c Cost
	if f.r.w.Costs != nil {
		c = f.r.w.Costs[p]
	}
	if c.Batches {
		busy = f.to.pools[p][pWorking].Sub(f.from.pools[p][pWorking])
	}
	// In hours of a GPU.
	all := has.Over(1) * c.GPUs / 3.6e12
	worked := busy.Over(1) * c.GPUs / 3.6e12
	s := spending{gpuHours: Figure(all), usd: Null(), kwh: Null()}
	if c.Priced {
		s.usd = Figure(all * c.Hour)
	}
	if c.Metered {
		s.kwh = Figure((float64(all*c.WattsIdle) + float64(worked*(c.WattsBusy-c.WattsIdle))) * c.PUE / 1000)
	}
	return s
}

// costs makes the figures of money and energy of the cells that are in. Each bears the
// part of what a pool costs, idle time included, that it has of the time of its busy
// servers.
func (f *figurer) costs(g *Figures, in func(*cell) bool, classes int) {
	sum := nothing()
	for p := range f.r.pools {
		var own, all stats.Integral
		for i := range f.r.cells {
			held := f.to.posts[i*len(f.r.pools)+p].busy.Sub(f.from.posts[i*len(f.r.pools)+p].busy)
			all = all.Add(held)
			if in(&f.r.cells[i]) {
				own = own.Add(held)
			}
		}
		if part := own.Over(1); part > 0 {
			has := f.to.pools[p][pHas].Sub(f.from.pools[p][pHas])
			s := f.spending(p, has, all)
			x := Figure(part / all.Over(1))
			sum.add(spending{times(s.gpuHours, x), times(s.usd, x), times(s.kwh, x)})
		}
	}
	g.GPUHours, g.CostUSD, g.EnergyKWh = sum.gpuHours, sum.usd, sum.kwh
	g.CostPerCompleted = ratio(float64(sum.usd), float64(g.Completed))
	g.EnergyPerCompleted = ratio(float64(sum.kwh)*1000, float64(g.Completed))
	g.RevenueAtRisk = f.atRisk(in, classes)
}

func times(a, b Figure) Figure { return Figure(float64(a) * float64(b)) }

// atRisk is what a month's revenue from the users of a whole run who asked and got
// nothing comes to, and that from requests which came to nothing; null where nobody pays.
func (f *figurer) atRisk(in func(*cell) bool, classes int) Figure {
	sum, paid := 0.0, false
	for _, i := range f.r.used {
		x := &f.r.cells[i]
		if !in(x) {
			continue
		}
		n := x.counts
		for k := range n {
			n[k] = f.to.cells[i].counts[k] - f.from.cells[i].counts[k]
		}
		if price := f.r.w.Classes[x.class].Price; price > 0 {
			paid = true
			sum += float64(float64(n[cGivenUp]) * price)
		}
		if price := f.r.w.Tiers[x.tier].Price; price > 0 && f.live != nil {
			paid = true
			without := n[cUsers] - n[cUsersSatisfied]
			if classes > 1 {
				without = n[cUsersInTier] - n[cUsersSatisfiedInTier]
			}
			sum += float64(float64(without) * price)
		}
	}
	if !paid {
		return Null()
	}
	return Figure(sum)
}
