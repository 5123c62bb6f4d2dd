package gpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A counter is a queue of unlimited room, first come first served, before a
// pool: with Poisson arrivals it is M/G/c.
type counter struct {
	k        *sim.Kernel
	id       sim.ActorID
	pool     *Pool
	arrivals []sim.Time // of the customers, in order
	services []sim.Time
	waits    []sim.Time
	next     int // customer to arrive
	head     int // first who waits; those from head to next wait
}

func (c *counter) Handle(now sim.Time, _ sim.Event) {
	c.next++
	if c.next < len(c.arrivals) {
		c.k.At(c.arrivals[c.next], sim.Event{Actor: c.id, Priority: models.PriorityArrival})
	}
	c.pull(now)
}

func (c *counter) pull(now sim.Time) {
	for c.head < c.next {
		if _, ok := c.pool.Start(now, models.Slot(c.head), c.services[c.head]); !ok {
			return
		}
		c.waits[c.head] = now - c.arrivals[c.head]
		c.head++
	}
}

func (c *counter) Done(now sim.Time, _ models.Slot, _ int32)   { c.pull(now) }
func (c *counter) Lost(sim.Time, models.Slot, int32, sim.Time) { panic("nothing fails here") }
func (c *counter) CapacityChanged(now sim.Time)                { c.pull(now) }

// serve runs all customers through the pool and returns their waits.
func serve(t testing.TB, spec Spec, arrivals, services []sim.Time) []sim.Time {
	k := sim.NewKernel()
	c := &counter{k: k, arrivals: arrivals, services: services, waits: make([]sim.Time, len(arrivals))}
	c.id = k.Register("counter", c)
	var err error
	c.pool, err = New(k, spec, seed(t), 0, c)
	require.NoError(t, err)
	k.At(arrivals[0], sim.Event{Actor: c.id, Priority: models.PriorityArrival})
	for k.Step() {
	}
	require.Equal(t, len(arrivals), c.head)
	require.Zero(t, c.pool.Busy())
	return c.waits
}

// customers draws n of them: Poisson arrivals of that rate a second, services by
// draw in seconds.
func customers(t testing.TB, replication uint64, n int, ratePerSecond float64, draw func(*rng.Source) float64) (arrivals, services []sim.Time) {
	src := rng.NewSource(seed(t), replication, "customers")
	var now sim.Time
	for range n {
		now += sim.FromSeconds(src.Exp() / ratePerSecond)
		arrivals = append(arrivals, now)
		services = append(services, sim.FromSeconds(draw(&src)))
	}
	return arrivals, services
}

// Kiefer and Wolfowitz, "On the theory of queues with many servers", Trans. AMS
// 78 (1955): customer n waits for the least of the servers' workloads. This is
// no statistics: each wait must be equal to the nanosecond, ties included.
func TestBehindAFIFOQueueThePoolIsTheKieferWolfowitzRecursion(t *testing.T) {
	for _, servers := range []int{1, 3, 40} {
		src := rng.NewSource(seed(t), 0, "kiefer-wolfowitz")
		var arrivals, services []sim.Time
		var now sim.Time
		for range 20_000 {
			now += sim.Time(src.IntN(4)) // many at one instant
			arrivals = append(arrivals, now)
			services = append(services, sim.Time(src.IntN(uint64(3*servers)+1)))
		}
		got := serve(t, plain(servers), arrivals, services)

		until := make([]sim.Time, servers)
		for i := range arrivals {
			first := 0
			for j := range until {
				if until[j] < until[first] {
					first = j
				}
			}
			start := max(arrivals[i], until[first])
			require.Equal(t, start-arrivals[i], got[i], "%d servers, customer %d", servers, i)
			until[first] = start + services[i]
		}
	}
}

// erlangC is the probability of waiting in M/M/c with offered load a (Erlang
// 1917), by the recursion of Erlang B.
func erlangC(c int, a float64) float64 {
	b := 1.0
	for n := 1; n <= c; n++ {
		b = a * b / (float64(n) + a*b)
	}
	rho := a / float64(c)
	return b / (1 - rho + rho*b)
}

// Ten intervals at 1 - 1e-6 each: a false alarm once in 100,000 runs.
func TestWaitsAgreeWithErlangCAndPollaczekKhinchine(t *testing.T) {
	const replications, n, skipped, confidence = 32, 30_000, 3_000, 1 - 1e-6
	exponential := func(src *rng.Source) float64 { return src.Exp() }
	mmc := func(c int, rho float64) (probWait, meanWait float64) {
		probWait = erlangC(c, rho*float64(c))
		return probWait, probWait / (float64(c) * (1 - rho))
	}
	type row struct {
		name               string
		servers            int
		speed              float64
		rho                float64
		draw               func(*rng.Source) float64 // of mean 1 at full speed
		probWait, meanWait float64
	}
	rows := []row{
		{name: "M/M/1", servers: 1, speed: 1, rho: 0.5, draw: exponential},
		{name: "M/M/4", servers: 4, speed: 1, rho: 0.6, draw: exponential},
		{name: "M/M/10 of half the speed", servers: 10, speed: 0.5, rho: 0.7, draw: exponential},
		// Pollaczek-Khinchine: rho (1 + cv^2) / (2 (1 - rho)) mean services.
		{name: "M/D/1", servers: 1, speed: 1, rho: 0.6, probWait: 0.6, meanWait: 0.6 / (2 * 0.4),
			draw: func(*rng.Source) float64 { return 1 }},
		// Erlang-2 service: squared coefficient of variation 1/2.
		{name: "M/E2/1 of double speed", servers: 1, speed: 2, rho: 0.5, probWait: 0.5, meanWait: 0.5 * 1.5 / (2 * 0.5) / 2,
			draw: func(src *rng.Source) float64 { return (src.Exp() + src.Exp()) / 2 }},
	}
	for _, r := range rows {
		if r.probWait == 0 {
			r.probWait, r.meanWait = mmc(r.servers, r.rho)
			r.meanWait /= r.speed
		}
		spec := plain(r.servers)
		spec.Speed = unit.Factor(r.speed)
		var probs, means []float64
		for rep := range uint64(replications) {
			arrivals, services := customers(t, rep, n, r.rho*float64(r.servers)*r.speed, r.draw)
			var waited, sum float64
			for _, w := range serve(t, spec, arrivals, services)[skipped:] {
				if w > 0 {
					waited++
				}
				sum += w.Seconds()
			}
			probs = append(probs, waited/(n-skipped))
			means = append(means, sum/(n-skipped))
		}
		assertMean(t, r.name+": share that waits", r.probWait, probs, confidence)
		assertMean(t, r.name+": mean wait", r.meanWait, means, confidence)
	}
}

// assertMean holds an exact value against the Student interval of replications.
func assertMean(t *testing.T, what string, exact float64, xs []float64, confidence float64) {
	t.Helper()
	n := float64(len(xs))
	mean, sd := stat.MeanStdDev(xs, nil)
	half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(1-(1-confidence)/2) * sd / math.Sqrt(n)
	assert.InDelta(t, exact, mean, half, what)
	assert.Less(t, half, 0.3*exact, "%s: the interval is too wide to show anything", what)
	t.Logf("%-36s exact %.5f, simulated %.5f +- %.5f", what, exact, mean, half)
}
