package rng

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// same requires equal numbers, NaN with NaN and +0 apart from -0.
func same(t *testing.T, want, got float64, what ...any) {
	t.Helper()
	if math.IsNaN(want) {
		assert.True(t, math.IsNaN(got), what...)
		return
	}
	assert.Equal(t, math.Float64bits(want), math.Float64bits(got), what...)
}

var inf, nan = math.Inf(1), math.NaN()

func TestExpIsWithinOneUlpOfTheTruth(t *testing.T) {
	src := NewSource(rngtest.Seed(t, 1), 0, "exp")
	worst := 0.0
	check := func(x float64) {
		off := ulpsOff(Exp(x), exactExp(number(x)))
		worst = math.Max(worst, off)
		require.Less(t, off, 1.0, "Exp(%v) = %v", x, Exp(x))
	}
	for _, width := range []float64{1e-300, 1e-9, 1e-3, 1, 30, 744} {
		for range 1500 {
			check(width * (2*src.Float64() - 1))
		}
	}
	for range 1500 {
		check(-708 - 37*src.Float64()) // the result is subnormal
	}
	for _, x := range []float64{expOverflow, expUnderflow, -708.5, -740, 1, -1} {
		check(x)
	}
	t.Logf("largest error %.3f ulp", worst)
}

func TestExpAtItsEdges(t *testing.T) {
	for _, c := range []struct{ x, want float64 }{
		{0, 1}, {math.Copysign(0, -1), 1}, {inf, inf}, {-inf, 0}, {nan, nan},
		{1, math.E}, {math.SmallestNonzeroFloat64, 1}, {math.MaxFloat64, inf}, {-math.MaxFloat64, 0},
		{math.Nextafter(expOverflow, inf), inf},
		{expUnderflow, math.SmallestNonzeroFloat64}, {math.Nextafter(expUnderflow, -inf), 0},
	} {
		same(t, c.want, Exp(c.x), "Exp(%v)", c.x)
	}
}

func TestLogIsWithinOneUlpOfTheTruth(t *testing.T) {
	src := NewSource(rngtest.Seed(t, 1), 0, "log")
	worst := 0.0
	check := func(x float64) {
		off := ulpsOff(Log(x), exactLog(x))
		worst = math.Max(worst, off)
		require.Less(t, off, 1.0, "Log(%v) = %v", x, Log(x))
	}
	for range 2000 {
		check(src.Float64())
		check(1 + (src.Float64()-0.5)*1e-3)
		check(math.Float64frombits(src.IntN(0x7ff << 52))) // any positive number
		check(math.Float64frombits(1 + src.IntN(1<<52)))   // a subnormal one
	}
	for _, x := range []float64{math.SmallestNonzeroFloat64, math.MaxFloat64, 0x1p-1022, 2, math.E, math.Nextafter(1, 2), math.Nextafter(1, 0)} {
		check(x)
	}
	t.Logf("largest error %.3f ulp", worst)
}

func TestLogAtItsEdges(t *testing.T) {
	for _, c := range []struct{ x, want float64 }{
		{0, -inf}, {math.Copysign(0, -1), -inf}, {-1, nan}, {-inf, nan}, {inf, inf}, {nan, nan}, {1, 0}, {2, math.Ln2},
	} {
		same(t, c.want, Log(c.x), "Log(%v)", c.x)
	}
}

func TestPowIsWithinOneUlpOfTheTruth(t *testing.T) {
	src := NewSource(rngtest.Seed(t, 1), 0, "pow")
	worst := 0.0
	check := func(x, y float64) {
		exact := exactLog(x)
		off := ulpsOff(Pow(x, y), exactExp(exact.Mul(exact, number(y))))
		worst = math.Max(worst, off)
		require.Less(t, off, 1.0, "Pow(%v, %v) = %v", x, y, Pow(x, y))
	}
	for range 1500 {
		x := math.Float64frombits(1 + src.IntN(0x7ff<<52-1)) // any positive number
		check(x, (2*src.Float64()-1)*1074/math.Abs(math.Log2(x)))
		check(x, 2*src.Float64()-1)
		check(1+(src.Float64()-0.5)/64, (2*src.Float64()-1)*6e4)
		check(2*src.Float64(), 10*src.Float64())
	}
	check(math.Nextafter(1, 2), 0x1p60)
	check(math.Nextafter(1, 0), 0x1p61)
	check(math.SmallestNonzeroFloat64, 1)
	check(math.MaxFloat64, 1)
	t.Logf("largest error %.3f ulp", worst)
}

func TestPowOfSmallWholeNumbersIsExact(t *testing.T) {
	for base := 2.0; base <= 30; base++ {
		for n, want := 0.0, 1.0; want < 1<<53; n, want = n+1, want*base {
			require.Equal(t, want, Pow(base, n), "%v^%v", base, n)
		}
	}
}

func TestPowAtItsEdges(t *testing.T) {
	for _, c := range []struct{ x, y, want float64 }{
		{nan, 0, 1}, {1, nan, 1}, {1, inf, 1}, {nan, 1, nan}, {2, nan, nan}, {-1, 2, nan}, {-inf, 2, nan},
		{0, 2, 0}, {0, -2, inf}, {inf, 0.5, inf}, {inf, -0.5, 0},
		{2, inf, inf}, {2, -inf, 0}, {0.5, inf, 0}, {0.5, -inf, inf},
		{2, 1023, 0x1p1023}, {2, 1024, inf}, {2, -1022, 0x1p-1022}, {2, -1074, 0x1p-1074}, {2, -1076, 0},
		{math.Nextafter(1, 2), 0x1p70, inf}, {math.Nextafter(1, 0), 0x1p70, 0},
		{math.MaxFloat64, 1, math.MaxFloat64}, {math.MaxFloat64, 2, inf}, {math.MaxFloat64, -2, 0},
		{math.SmallestNonzeroFloat64, 1, math.SmallestNonzeroFloat64}, {math.MaxFloat64, math.MaxFloat64, inf},
		{4, 0.5, 2}, {10, 22, 1e22}, {10, -323, 1e-323},
	} {
		same(t, c.want, Pow(c.x, c.y), "Pow(%v, %v)", c.x, c.y)
	}
}

func TestNormalCDFAgreesWithGonum(t *testing.T) {
	for x := -38.0; x < 9; x += 0.0037 {
		want := distuv.UnitNormal.CDF(x)
		assert.InEpsilon(t, want, NormalCDF(x), 4e-16*(2+x*x), "at %v", x)
	}
	same(t, 0, NormalCDF(-inf))
	same(t, 1, NormalCDF(inf))
	same(t, 0.5, NormalCDF(0))
	same(t, nan, NormalCDF(nan))
	same(t, 0, NormalCDF(-40))
}

func TestNormalQuantileInvertsTheNormalCDF(t *testing.T) {
	for x := -37.5; x < 0; x += 0.0037 {
		p := distuv.UnitNormal.CDF(x)
		// p is off by (1+x²) ulp, which moves the quantile by that over |x|.
		assert.InDelta(t, x, NormalQuantile(p), 1e-15*(2-x), "at %v", x)
	}
	for _, p := range []float64{1e-12, 0.001, 0.0749, 0.0751, 0.3, 0.4999, 0.7} {
		assert.InDelta(t, distuv.UnitNormal.Quantile(p), NormalQuantile(p), 1e-14)
	}
	same(t, -inf, NormalQuantile(0))
	same(t, inf, NormalQuantile(1))
	same(t, 0, NormalQuantile(0.5))
	for _, p := range []float64{-0.1, 1.1, nan, inf, -inf} {
		same(t, nan, NormalQuantile(p))
	}
}

func TestExpm1AndLog1pKeepTheirDigitsNearZero(t *testing.T) {
	for _, x := range []float64{1e-300, 1e-20, 1e-9, 1e-5, 0.1, 0.5, 2, 50, 800} {
		assert.InEpsilon(t, math.Expm1(-x), expm1(-x), 1e-15)
		assert.InEpsilon(t, math.Log1p(x), log1p(x), 1e-15)
		if x < 1 {
			assert.InEpsilon(t, math.Expm1(x), expm1(x), 1e-15)
			assert.InEpsilon(t, math.Log1p(-x), log1p(-x), 1e-15)
		}
	}
	same(t, inf, expm1(800))
	same(t, inf, log1p(inf))
	same(t, -inf, log1p(-1))
	same(t, -1, expm1(-inf))
	same(t, 0, expm1(0))
}

func TestTheGammaFunctionsAgreeWithGonum(t *testing.T) {
	for a := 0.01; a < 2e6; a *= 1.37 {
		want, _ := math.Lgamma(a)
		assert.InDelta(t, want, logGamma(a), 1e-14*math.Max(1, math.Abs(want)), "ln Gamma(%v)", a)
		for _, z := range []float64{-6, -3, -1, -0.1, 0, 0.1, 1, 3, 6} {
			x := a * Exp(z/math.Max(1, math.Sqrt(a)))
			assert.InDelta(t, mathext.GammaIncReg(a, x), gammaCDF(a, x), 1e-11, "P(%v, %v)", a, x)
		}
	}
	same(t, 0, gammaCDF(2, 0))
	same(t, 0, gammaCDF(2, -1))
	same(t, 1, gammaCDF(2, inf))
}
