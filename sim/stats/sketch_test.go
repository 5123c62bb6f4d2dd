package stats_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"

	"github.com/launchday-sim/launchday/sim/stats"
)

const relativeError = 1.0 / 256

var shapes = []struct {
	name string
	draw func(*rand.Rand) int64
}{
	{"waits of which half are 0", func(r *rand.Rand) int64 { return r.Int64N(2) * int64(r.ExpFloat64()*3e9) }},
	{"lognormal service of 20 s", func(r *rand.Rand) int64 { return int64(20e9 * math.Exp(0.47*r.NormFloat64())) }},
	{"small integers", func(r *rand.Rand) int64 { return r.Int64N(256) }},
	{"all magnitudes of an int64", func(r *rand.Rand) int64 { return r.Int64() >> r.IntN(63) }},
	{"Pareto with infinite variance", func(r *rand.Rand) int64 { return int64(1e6 * math.Pow(1-r.Float64(), -1/1.5)) }},
}

func TestAQuantileIsWithinOne256thOfTheSortedSample(t *testing.T) {
	r := random(t, 10)
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			var s stats.Sketch
			sample := make([]int64, 20_011)
			for i := range sample {
				sample[i] = shape.draw(r)
				s.Record(sample[i])
			}
			slices.Sort(sample)
			for permille := range 1001 {
				rank := max(1, (permille*len(sample)+999)/1000) // ⌈qn⌉ in integers
				exact := float64(sample[rank-1])
				got := s.Quantile(float64(permille) / 1000)
				require.LessOrEqual(t, math.Abs(got-exact), exact*relativeError, "quantile %d/1000: %v for %v", permille, got, exact)
				if exact < 256 {
					require.Equal(t, exact, got, "small values are exact")
				}
			}
			assert.EqualValues(t, sample[len(sample)-1], s.Max())
			assert.Equal(t, float64(s.Max()), s.Quantile(1))
		})
	}
}

func TestEveryBucketKeepsTheBoundAtItsEdges(t *testing.T) {
	for e := range 63 {
		for m := range int64(128) {
			// The first value of a bucket and the last of the one before.
			edge := int64(1)<<e + m<<e>>7
			for _, v := range []int64{edge, max(0, edge-1)} {
				var s stats.Sketch
				s.Record(v)
				s.Record(math.MaxInt64) // so that v is not the maximum, which is exact
				require.InDelta(t, float64(v), s.Quantile(0), float64(v)*relativeError, "value %d", v)
			}
		}
	}
}

func TestADecimalQuantileTakesTheRankThatItsDigitsSay(t *testing.T) {
	var s stats.Sketch
	for v := int64(1); v <= 100; v++ {
		s.Record(v)
	}
	for v := 1; v <= 100; v++ {
		// 0.07 * 100 is 7.000000000000001 in binary, whose ceiling is 8.
		assert.Equal(t, float64(v), s.Quantile(float64(v)/100))
	}
}

func TestNoQuantileLiesAboveTheMaximum(t *testing.T) {
	var s stats.Sketch
	s.Record(1 << 20) // the first value of its bucket
	s.Record(1 << 20)
	assert.Equal(t, 0x1p20, s.Quantile(0.5))
}

func TestMeanAndDeviationAreThoseOfTheSample(t *testing.T) {
	r := random(t, 11)
	var s stats.Sketch
	var sample []float64
	for range 5000 {
		v := int64(r.ExpFloat64() * 20e9)
		s.Record(v)
		sample = append(sample, float64(v))
	}
	mean, sd := stat.MeanStdDev(sample, nil)
	assert.InEpsilon(t, mean, s.Mean(), 1e-12)
	assert.InEpsilon(t, sd, s.SD(), 1e-12)
}

func TestTheDeviationSurvivesALargeMean(t *testing.T) {
	var s stats.Sketch
	for range 500 {
		s.Record(1e15)
		s.Record(1e15 + 2)
	}
	// n/(n-1) times 1; squares in floating point would leave no digit of it.
	assert.InEpsilon(t, math.Sqrt(1000.0/999), s.SD(), 1e-15)
}

func TestTheSumsDoNotOverflow(t *testing.T) {
	var s stats.Sketch
	s.Record(1e15)
	s.Record(3e15)
	for range 34 { // 3.4·10¹⁰ values of some 10¹⁵ ns: squares of 10⁴¹, beyond 2¹²⁸
		s.Merge(s.Clone())
	}
	assert.EqualValues(t, 1<<35, s.Count())
	assert.Equal(t, 2e15, s.Mean())
	assert.InEpsilon(t, 1e15, s.SD(), 1e-10)

	s.Reset()
	for range 50 {
		s.Record(math.MaxInt64)
		s.Record(0)
	}
	assert.Equal(t, 0x1p62, s.Mean())
	assert.InEpsilon(t, 0x1p62*math.Sqrt(100.0/99), s.SD(), 1e-15)
}

func TestAnEmptySketchHasNoFigures(t *testing.T) {
	var s stats.Sketch
	assert.Zero(t, s.Count())
	assert.Zero(t, s.Max())
	for _, f := range []float64{s.Mean(), s.SD(), s.Quantile(0), s.Quantile(0.5), s.Quantile(1)} {
		assert.True(t, math.IsNaN(f))
	}
	s.Record(5)
	assert.True(t, math.IsNaN(s.SD()), "one value has no deviation")
}

func TestCallsThatBreakTheContractPanic(t *testing.T) {
	var s stats.Sketch
	assert.Panics(t, func() { s.Record(-1) })
	assert.Panics(t, func() { s.Record(math.MinInt64) })
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		assert.Panics(t, func() { s.Quantile(q) })
	}
	var other stats.Sketch
	s.Record(1)
	for _, v := range []int64{2, 2e9} {
		other.Reset()
		other.Record(v)
		assert.Panics(t, func() { s.Clone().Sub(&other) })
	}
}

// values draws what one sketch records: of every magnitude, often none.
func values(t *rapid.T, label string) []int64 {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) int64 {
		return rapid.Int64Range(0, math.MaxInt64).Draw(t, "value") >> rapid.IntRange(0, 62).Draw(t, "shift")
	}), 0, 40).Draw(t, label)
}

func sketchOf(lists ...[]int64) *stats.Sketch {
	s := new(stats.Sketch)
	for _, list := range lists {
		for _, v := range list {
			s.Record(v)
		}
	}
	return s
}

func TestMergingInAnyOrderGivesTheBitsOfRecordingItAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := values(t, "a"), values(t, "b"), values(t, "c")
		all := sketchOf(a, b, c)

		left := sketchOf(a)
		left.Merge(sketchOf(b))
		left.Merge(sketchOf(c))
		require.Equal(t, all, left)

		inner := sketchOf(c)
		inner.Merge(sketchOf(a))
		right := sketchOf(b)
		right.Merge(inner)
		require.Equal(t, all, right)
	})
}

func TestSubLeavesWhatWasRecordedSince(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, since := values(t, "before"), values(t, "since")
		s := sketchOf(before)
		earlier := s.Clone()
		for _, v := range since {
			s.Record(v)
		}
		whole := s.Clone()
		s.Sub(earlier)

		want := sketchOf(since)
		require.Equal(t, want.Count(), s.Count())
		require.Equal(t, [2]uint64{math.Float64bits(want.Mean()), math.Float64bits(want.SD())},
			[2]uint64{math.Float64bits(s.Mean()), math.Float64bits(s.SD())})
		require.InDelta(t, want.Max(), s.Max(), float64(want.Max())*relativeError)
		if len(since) > 0 && want.Max() > earlier.Max() {
			require.Equal(t, want.Max(), s.Max(), "a maximum raised since is exact")
		}
		for q := 0.0; q <= 1; q += 1.0 / 16 {
			if len(since) > 0 {
				require.InDelta(t, want.Quantile(q), s.Quantile(q), want.Quantile(q)*relativeError)
			}
		}

		s.Merge(earlier) // and it is put back without loss
		require.Equal(t, whole, s.Clone())
		s.Sub(whole)
		require.Equal(t, new(stats.Sketch), s.Clone())
	})
}

func TestResetForgetsEverythingAndACloneSharesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, second := values(t, "first"), values(t, "second")
		s := sketchOf(first)
		clone := s.Clone()
		s.Reset()
		require.Equal(t, new(stats.Sketch), s.Clone())
		for _, v := range second {
			s.Record(v)
		}
		require.Equal(t, sketchOf(second), s.Clone())
		require.Equal(t, sketchOf(first), clone)
	})
}

func TestRecordingAllocatesNothingOnceItsRangeIsTouched(t *testing.T) {
	var s stats.Sketch
	fill := func() {
		s.Reset()
		for v := int64(1); v < 1e15; v += v {
			s.Record(v)
		}
	}
	fill()
	assert.Zero(t, testing.AllocsPerRun(20, fill))
}

// DDSketch bounds the relative error by other means (logarithmic buckets). Two
// sketches of an error below e can differ by 2e/(1-e) at most.
func TestQuantilesAgreeWithDDSketch(t *testing.T) {
	r := random(t, 12)
	reference, err := ddsketch.NewDefaultDDSketch(relativeError)
	require.NoError(t, err)
	var s stats.Sketch
	for range 20_001 { // so that (n-1)q, DDSketch's rank from 0, and ⌈nq⌉ name the same value
		v := int64(1e9 * math.Exp(2*r.NormFloat64()))
		s.Record(v)
		require.NoError(t, reference.Add(float64(v)))
	}
	for _, q := range []float64{0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999} {
		want, err := reference.GetValueAtQuantile(q)
		require.NoError(t, err)
		assert.InEpsilon(t, want, s.Quantile(q), 2.01*relativeError, "quantile %v", q)
	}
}
