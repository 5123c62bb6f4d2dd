package metrics

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/stats"
)

// What is followed of a pool beside its posts.
const (
	pCapacity = iota // servers that are up
	pHas             // servers, up or down
	pQueue
	pWorking      // of nodes that batch, the servers of those at which somebody is
	pDown         // servers that are down, by models.DownCauses
	numPoolLevels = pDown + models.NumDownCauses
)

// What servers are down for that is looked at by name.
const (
	pRestarting = numPoolLevels - 2
	pLoading    = numPoolLevels - 1
)

type poolLevels [numPoolLevels]stats.Gauge

// A poolState is the integrals of a pool at one moment.
type poolState [numPoolLevels]stats.Integral

// A postState is what is known of a post at one moment.
type postState struct {
	busy  stats.Integral
	asked int64
}

// A poolRow is one interval of one pool.
type poolRow struct {
	pool   int
	start  sim.Time
	levels [numPoolLevels]float64
	fluid  float64
	busy   []float64 // by class
	asked  float64   // servers
	load   float64
}

func (r *Recorder) poolStates(now sim.Time) []poolState {
	list := make([]poolState, len(r.pools))
	for p := range r.pools {
		for k := range list[p] {
			list[p][k] = r.pools[p][k].Integral(int64(now))
		}
	}
	return list
}

func (r *Recorder) postState(x *cell, pool int, now sim.Time) postState {
	at := now
	if !r.w.Classes[x.class].Fluid { // which holds whole servers
		at = r.clock(pool, now)
	}
	p := r.post(x.tier, x.class, pool)
	return postState{p.busy.Integral(int64(at)), p.asked}
}

func (r *Recorder) postStates(now sim.Time) []postState {
	var list []postState
	for i := range r.cells {
		for p := range r.pools {
			list = append(list, r.postState(&r.cells[i], p, now))
		}
	}
	return list
}

// closePools ends the current interval of the pools. It needs the last rows of the
// cells.
//
// The load of a pool is the server time that first tries for a wish ask of it, those of
// returns left out, less those that a limit of the operator refused, over that of its servers that are up and of those
// that are down only because failed health checks restart them: what an overload
// takes down itself is no less capacity, it is the overload. What fluid work holds
// is taken off. It is infinite where nothing is there to serve what is asked.
func (r *Recorder) closePools(now sim.Time) {
	ns := int64(now - r.closedAt)
	pools, posts := r.poolStates(now), r.postStates(now)
	served := r.rows[len(r.rows)-len(r.used):]
	for p := range r.pools {
		a, b := &r.lastPools[p], &pools[p]
		w := poolRow{pool: p, start: r.closedAt, busy: make([]float64, len(r.w.Classes))}
		for k := range w.levels {
			w.levels[k] = b[k].Sub(a[k]).Over(ns)
		}
		asked := 0.0
		for i := range r.cells {
			x := &r.cells[i]
			a, b := &r.lastPosts[i*len(r.pools)+p], &posts[i*len(r.pools)+p]
			busy := b.busy.Sub(a.busy).Over(ns)
			w.busy[x.class] += busy
			if r.w.Classes[x.class].Fluid {
				w.fluid += busy
			}
		}
		for k := range served {
			i := served[k].cell*len(r.pools) + p
			if n := &served[k].counts; n[cFresh] > n[cLimited] {
				asked += float64(float64(posts[i].asked-r.lastPosts[i].asked) * (1 - float64(n[cLimited])/float64(n[cFresh])))
			}
		}
		if asked > 0 {
			w.asked = asked * 1e-6 / sim.Time(ns).Seconds()
			w.load = w.asked / max(0, w.levels[pCapacity]+w.levels[pRestarting]-w.fluid)
		}
		r.poolRows = append(r.poolRows, w)
	}
	r.lastPools, r.lastPosts = pools, posts
}

// downFor says the models.DownCauses in words.
var downFor = [models.NumDownCauses]string{"their node in repair", "what their node hangs on in repair", "out of service",
	"in the hands of a deploy", "restarted by failed health checks", "loading a model"}

// poolTable turns the rows of the pools into columns.
func (r *Recorder) poolTable() *Table {
	t := &Table{}
	float := func(name, unit, about string, f func(w *poolRow) float64) {
		fill(t, r.poolRows, Column{Name: name, Unit: unit, About: about, Kind: Float}, func(w *poolRow, c *Column) { c.Floats = append(c.Floats, f(w)) })
	}
	moments(r, t, r.poolRows, func(w *poolRow) sim.Time { return w.start })
	fill(t, r.poolRows, Column{Name: "pool", About: "pool of servers", Kind: Text}, func(w *poolRow, c *Column) { c.Texts = append(c.Texts, r.w.Pools[w.pool]) })
	float("capacity_mean", "servers", "servers that are up, time average", func(w *poolRow) float64 { return w.levels[pCapacity] })
	float("servers_mean", "servers", "servers that the pool has, up or down, time average", func(w *poolRow) float64 { return w.levels[pHas] })
	for i, cause := range models.DownCauses {
		float(cause+"_mean", "servers", "servers that are down, "+downFor[i]+", time average", func(w *poolRow) float64 { return w.levels[pDown+i] })
	}
	float("queue_length_mean", "attempts", "attempts waiting before the pool, time average", func(w *poolRow) float64 { return w.levels[pQueue] })
	for c, class := range r.w.Classes {
		float("busy_mean_"+class.Name, "servers", "servers at work for class "+class.Name+", time average", func(w *poolRow) float64 { return w.busy[c] })
	}
	float("load_past_limits", "1", "server time asked for by first tries, not of returns, that no limit of the operator refused / server time of the servers that are up or restarting, without those that fluid work holds", func(w *poolRow) float64 { return w.load })
	return t
}
