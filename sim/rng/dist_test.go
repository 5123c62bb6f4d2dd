package rng

import (
	"fmt"
	"math"
	"sort"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

func must[D Dist](d D, err error) D {
	if err != nil {
		panic(err)
	}
	return d
}

type named struct {
	name string
	dist Dist
}

// everyDist returns at least one of each distribution, and one for each way that a
// sampler can go.
func everyDist() []named {
	gamma := must(NewGamma(2.5, 3))
	short, long := must(NewErlang(3, 2)), must(NewLogNormal(40, 0.5))
	return []named{
		{"Deterministic", must(NewDeterministic(7))},
		{"Exponential", must(NewExponential(20))},
		{"Uniform", must(NewUniform(-1, 3))},
		{"Triangular", must(NewTriangular(1, 2, 5))},
		{"Triangular/left", must(NewTriangular(1, 1, 5))},
		{"Triangular/right", must(NewTriangular(1, 5, 5))},
		{"Weibull", must(NewWeibull(1.7, 10))},
		{"Weibull/falling", must(NewWeibull(0.6, 10))},
		{"LogNormal", must(NewLogNormal(20, 0.47))},
		{"Pareto", must(NewPareto(3, 4.5))},
		{"Gamma", gamma},
		{"Gamma/small", must(NewGamma(0.4, 3))},
		{"Gamma/large", must(NewGamma(400, 0.1))},
		{"Erlang", must(NewErlang(4, 10))},
		{"Erlang/large", must(NewErlang(50, 10))},
		{"Hyperexponential", must(HyperexponentialFromCV(10, 2))},
		{"Hyperexponential/many", must(NewHyperexponential(
			[]float64{1, 2, 3, 1, 1, 1, 1, 1, 1, 1}, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}))},
		{"Discrete", must(NewDiscrete([]float64{3, 1, 2}, []float64{1, 4, 5}))},
		{"Empirical", must(NewEmpirical([]float64{3, 1, 2, 2, 10, 7}))},
		{"Mixture", must(NewMixture([]Dist{short, long, must(NewDeterministic(0))}, []float64{3, 6, 1}))},
		{"Truncated/inverted", must(NewTruncated(long, 30, 60))},
		{"Truncated/redrawn", must(NewTruncated(gamma, 2, 20))},
		{"Truncated/open", must(NewTruncated(long, 30, math.Inf(1)))},
		{"Truncated/discrete", must(NewTruncated(must(NewDiscrete([]float64{1, 2, 3, 4}, []float64{1, 2, 3, 4})), 2, 3))},
		{"Shifted", must(NewShifted(gamma, 5))},
	}
}

// TestEverySamplerFollowsItsDistributionFunction is the test of Kolmogorov and
// Smirnov, at a chance of 10^-6 of a false alarm for each sampler (less where there
// are atoms).
func TestEverySamplerFollowsItsDistributionFunction(t *testing.T) {
	const n = 20000
	limit := math.Sqrt(math.Log(2/1e-6)/2) / math.Sqrt(n)
	for _, c := range everyDist() {
		t.Run(c.name, func(t *testing.T) {
			src := NewSource(rngtest.Seed(t, 1), 0, t.Name())
			xs := make([]float64, n)
			for i := range xs {
				xs[i] = c.dist.Sample(&src)
			}
			sort.Float64s(xs)
			for i := 0; i < n; {
				j := i
				for j < n && xs[j] == xs[i] {
					j++
				}
				require.InDelta(t, float64(j)/n, c.dist.CDF(xs[i]), limit, "at most %v", xs[i])
				require.InDelta(t, float64(i)/n, c.dist.CDF(math.Nextafter(xs[i], -inf)), limit, "less than %v", xs[i])
				i = j
			}
		})
	}
}

// TestEverySampleMeanIsNearTheMean allows 5.3 standard errors: a chance of 10^-7
// for what is near normal, as means of 100,000 of these are.
func TestEverySampleMeanIsNearTheMean(t *testing.T) {
	const n = 100000
	for _, c := range everyDist() {
		t.Run(c.name, func(t *testing.T) {
			src := NewSource(rngtest.Seed(t, 1), 0, t.Name())
			mean, variance := c.dist.Mean(), c.dist.Var()
			var sum, squares, fourth float64
			for range n {
				off := c.dist.Sample(&src) - mean
				sum += off
				squares += off * off
				fourth += off * off * off * off
			}
			assert.InDelta(t, 0, sum/n, 5.3*math.Sqrt(variance/n), "mean")
			spread := math.Sqrt(math.Max(0, fourth/n-squares/n*squares/n) / n)
			assert.InDelta(t, variance, squares/n, 5.3*spread+1e-9*variance, "variance")
		})
	}
}

// The moments once more without chance: as integrals over the quantiles.
func TestEveryMeanAndVarianceIsThatOfTheQuantiles(t *testing.T) {
	for _, c := range everyDist() {
		t.Run(c.name, func(t *testing.T) {
			all := Truncated{base: c.dist, lo: c.dist.Quantile(0), hi: c.dist.Quantile(1), mass: 1}
			mean := all.expect(func(x float64) float64 { return x })
			assert.InEpsilon(t, mean, c.dist.Mean(), 1e-7)
			variance := all.expect(func(x float64) float64 { return (x - mean) * (x - mean) })
			assert.InDelta(t, variance, c.dist.Var(), 1e-6*variance+1e-20)
		})
	}
}

func TestEveryQuantileIsTheLeastValueOfItsProbability(t *testing.T) {
	for _, c := range everyDist() {
		t.Run(c.name, func(t *testing.T) {
			for i := 1; i < 100; i++ {
				p := float64(i) / 100
				x := c.dist.Quantile(p)
				require.GreaterOrEqual(t, c.dist.CDF(x), p-1e-13, "p = %v", p)
				below := math.Nextafter(x-1e-12*math.Abs(x), -inf)
				require.LessOrEqual(t, c.dist.CDF(below), p+1e-13, "p = %v", p)
			}
			lo, hi := c.dist.Quantile(0), c.dist.Quantile(1)
			require.LessOrEqual(t, lo, c.dist.Quantile(1e-9))
			require.Zero(t, c.dist.CDF(lo-1))
			require.GreaterOrEqual(t, hi, c.dist.Quantile(1-1e-9))
			require.Equal(t, 1.0, c.dist.CDF(hi))
			require.Zero(t, c.dist.CDF(-inf))
			for _, p := range []float64{-0.1, 1.1, nan} {
				require.True(t, math.IsNaN(c.dist.Quantile(p)), "p = %v", p)
			}
		})
	}
}

func TestWhatIsSampledByInversionIsAQuantile(t *testing.T) {
	for _, c := range everyDist() {
		if !invertible(c.dist) {
			continue
		}
		a := NewSource(rngtest.Seed(t, 1), 0, c.name)
		b := a
		for range 1000 {
			require.Equal(t, c.dist.Quantile(b.Float64()), c.dist.Sample(&a), c.name)
		}
	}
}

func TestSamplingAllocatesNothing(t *testing.T) {
	src := NewSource(rngtest.Seed(t, 1), 0, "allocations")
	for _, c := range everyDist() {
		require.Zero(t, testing.AllocsPerRun(200, func() { c.dist.Sample(&src) }), c.name)
	}
}

// reference is what gonum's distributions have in common.
type reference interface {
	CDF(x float64) float64
	Quantile(p float64) float64
	Mean() float64
	Variance() float64
}

// agrees holds a distribution against gonum's.
func agrees(t *testing.T, want reference, got Dist) {
	t.Helper()
	for i := 1; i < 200; i++ {
		p := float64(i) / 200
		x := want.Quantile(p)
		require.InDelta(t, want.CDF(x), got.CDF(x), 1e-11, "CDF(%v)", x)
		require.InEpsilon(t, x, got.Quantile(p), 1e-8, "Quantile(%v)", p)
	}
	require.InEpsilon(t, want.Mean(), got.Mean(), 1e-12)
	require.InEpsilon(t, want.Variance(), got.Var(), 1e-10)
}

// refused returns the error of a constructor's answer.
func refused[D Dist](_ D, err error) error { return err }

func ExampleDist() {
	// An image takes 20 s to make; one in a hundred takes over a minute.
	service, err := LogNormalFromQuantile(20, 0.99, 60)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("mean %.1f s, over two minutes: %.6f\n", service.Mean(), 1-service.CDF(120))
	_, err = LogNormalFromQuantile(20, 0.99, 15)
	fmt.Println(err)
	// Output:
	// mean 22.4 s, over two minutes: 0.000074
	// lognormal: quantile's value is 15, it must be above the median
}
