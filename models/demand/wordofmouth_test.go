package demand_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// hawkes is a self-exciting stream: a base rate, and sharing of its own class.
func hawkes(base, ratio, memory float64) demand.Spec {
	spec := stream(demand.Stream{Class: "signup", Rate: unit.Rate(base), Sharing: &demand.Sharing{Class: "signup", PerCompletion: unit.Factor(ratio), Memory: span(memory), Reach: 1e12}})
	spec.Step = span(memory / 50)
	return spec
}

func TestSharingOfItsOwnClassIsTheProcessOfHawkes(t *testing.T) {
	// Hawkes 1971 with the kernel n exp(-u/m)/m and a base rate b. From nothing, the
	// mean intensity at t is b/(1-n) (1 - n exp(-(1-n) t/m)); its integral is the mean
	// count, which tends to t b/(1-n).
	const base, n, m = 5.0, 0.5, 1.0
	count := func(n, t float64) float64 {
		g := (1 - n) / m
		return base / (1 - n) * (t - n*(1-math.Exp(-g*t))/g)
	}
	// In the stationary state its variance is that of Da Fonseca and Zaatour 2014
	// (Hawkes process: fast calibration, J. Futures Markets 34): an index of
	// dispersion that goes from 1 to 1/(1-n)².
	variance := func(n, t float64) float64 {
		g, k2 := (1-n)/m, 1/((1-n)*(1-n))
		return base / (1 - n) * (t*k2 + (1-k2)*(1-math.Exp(-g*t))/g)
	}
	windows := func(n float64) []window {
		w := []window{{0, 1, count(n, 1), math.NaN()}, {0, 4, count(n, 4), math.NaN()}}
		for _, length := range []float64{1, 10} {
			w = append(w, window{20, 20 + length, base / (1 - n) * length, variance(n, length)})
		}
		return w
	}
	spec := hawkes(base, n, m)
	requireCountsOf(t, spec, env(rngtest.Seed(t, 1), 0), windows(n), func(rng.Key) bool { return true })

	// What throttles the service throttles the growth: where two in five requests
	// are served, each has 2/5 of the offspring.
	requireCountsOf(t, spec, env(rngtest.Seed(t, 1), 0), windows(0.4*n), func(k rng.Key) bool { return k%5 < 2 })
	requireCountsOf(t, spec, env(rngtest.Seed(t, 1), 0), windows(0), func(rng.Key) bool { return false })
}

func TestAboveOneOffspringEachGrowthEndsWhereNobodyIsLeft(t *testing.T) {
	// At a branching ratio of 2 the mean grows by e in a memory: the count of the
	// first two is 5 (2 (e² - 1) - 2) = 53.9, less 1 % for the lag of the step.
	requireCountsOf(t, hawkes(5, 2, 1), env(rngtest.Seed(t, 1), 0), []window{{0, 2, 5 * (2*(math.Exp(2)-1) - 2), math.NaN()}}, func(rng.Key) bool { return true })

	spec := hawkes(5, 2, 100)
	spec.Streams[0].Sharing.Reach = 20000
	l := play(t, spec, env(rngtest.Seed(t, 1), 0), 3000*sim.Second, true)
	assert.Greater(t, len(l.at), 20000)
	last := 0.0
	for _, x := range l.at {
		if x >= 2900*sim.Second {
			last++
		}
	}
	assert.InDelta(t, 500, last, 6*math.Sqrt(500), "the base alone is left")
}

func TestAdoptionByImitationIsTheModelOfBass(t *testing.T) {
	// Bass 1969: dA/dt = (p + q A) (1 - A), whose solution from 0 is
	// A(t) = (1 - exp(-(p+q) t)) / (1 + q/p exp(-(p+q) t)). Every user is served at
	// once, so that the completions per user and second are r A, and an imitation of
	// q/r per completion makes the rate q A. What remains is the lag of memory and
	// step, 1.5 s of some 500 s in which the model grows by e.
	const p, q, r, users = 2e-4, 2e-3, 0.01, 20000.0
	spec := stream(demand.Stream{PerUser: r, TopTenth: 0.1, Adoption: &demand.Adoption{Innovation: p, Imitation: q / r, Memory: unit.Duration(sim.Second)}})
	spec.Step = unit.Duration(sim.Second)
	const runs, ends = 8, 8
	got := make([]float64, ends)
	for n := range runs {
		e := env(rngtest.Seed(t, 1), users)
		e.Replication = uint64(n)
		for _, x := range play(t, spec, e, ends*400*sim.Second, true).at {
			got[x/(400*sim.Second)] += 1.0 / runs
		}
	}
	adopted := func(t float64) float64 {
		x := math.Exp(-(p + q) * t)
		return (1 - x) / (1 + q/p*x)
	}
	for i := range got {
		want, h := 0.0, 400.0/2000
		for k := range 2000 {
			want += h * users * r * adopted(400*float64(i)+h*(float64(k)+0.5))
		}
		assert.InEpsilon(t, want, got[i], 0.03, "from %d s", 400*i)
	}
}
