package stats

import (
	"math"
	"math/big"
	"math/bits"
)

// A bucket is found by the exponent of a value and the seven bits of mantissa
// after its leading one: 128 buckets to an octave, the log-linear layout of
// HdrHistogram with a power of two for its precision. Values below 256 have a
// bucket each.
const (
	mantissaBits  = 7
	pageSize      = 1 << mantissaBits
	pages         = 63 - mantissaBits + 1 // the values below 128, and an octave each
	exactBelow    = 2 * pageSize          // smaller values have a bucket of their own
	rankTolerance = 0x1p-51               // see rankOf
)

// A page holds the counts of one octave.
type page [pageSize]int64

// A Sketch is a histogram of int64 values from 0 up, usually durations in
// nanoseconds, that answers quantiles with a relative error below 1/256
// (0.39 %), exactly below 256. Count, mean, standard deviation and maximum are
// exact: they are kept as integers of 128 bits (the sum) and 192 bits (the sum
// of squares), which no number of values that fits an int64 can overflow.
//
// Two sketches merge to the same bits in either order. The zero value is ready
// to use. It takes 0.5 kB and 1 kB for each octave that a value fell into;
// recording allocates only when an octave is touched for the first time.
type Sketch struct {
	pages [pages]*page // nil where nothing was recorded
	spare []*page      // zeroed pages, kept by Reset
	n     int64
	max   int64
	sum   [2]uint64 // least significant word first
	sumSq [3]uint64
}

// Record counts the value v. A negative v panics.
func (s *Sketch) Record(v int64) {
	u := uint64(v)
	i := bucketOf(u)
	// A negative value lands one page beyond the last, where the bounds check
	// of the array refuses it.
	p := s.pages[i>>mantissaBits]
	if p == nil {
		p = s.touch(i >> mantissaBits)
	}
	p[i%pageSize]++
	s.n++
	s.max = max(s.max, v)
	var carry uint64
	s.sum[0], carry = bits.Add64(s.sum[0], u, 0)
	s.sum[1] += carry
	hi, lo := bits.Mul64(u, u)
	s.sumSq[0], carry = bits.Add64(s.sumSq[0], lo, 0)
	s.sumSq[1], carry = bits.Add64(s.sumSq[1], hi, carry)
	s.sumSq[2] += carry
}

// touch gives octave k its page.
func (s *Sketch) touch(k uint64) *page {
	var p *page
	if last := len(s.spare) - 1; last >= 0 {
		p, s.spare = s.spare[last], s.spare[:last]
	} else {
		p = new(page)
	}
	s.pages[k] = p
	return p
}

// release takes the page of octave k away and keeps it for later.
func (s *Sketch) release(k int) {
	p := s.pages[k]
	*p = page{}
	s.pages[k], s.spare = nil, append(s.spare, p)
}

// Count is the number of values recorded.
func (s *Sketch) Count() int64 { return s.n }

// Max is the largest value recorded, 0 if there is none.
func (s *Sketch) Max() int64 { return s.max }

// Mean is the mean of the values recorded, NaN if there is none.
func (s *Sketch) Mean() float64 { return s.total() / float64(s.n) }

// total is the sum of the values.
func (s *Sketch) total() float64 { return float128(s.sum[1], s.sum[0]) }

// SD is the sample standard deviation (divisor n-1) of the values recorded, NaN
// for fewer than two. It is computed from the exact sums, so that no precision
// is lost where the deviation is small against the mean.
func (s *Sketch) SD() float64 {
	if s.n < 2 {
		return math.NaN()
	}
	n := big.NewInt(s.n)
	sum, sumSq := wide(s.sum[:]), wide(s.sumSq[:])
	spread := sumSq.Sub(sumSq.Mul(sumSq, n), sum.Mul(sum, sum)) // n Σv² - (Σv)²
	pairs := n.Mul(n, big.NewInt(s.n-1))
	variance, _ := new(big.Rat).SetFrac(spread, pairs).Float64()
	return math.Sqrt(variance)
}

// Quantile returns the q-quantile of the values recorded: the least value that
// a share q of them does not exceed, that is the ⌈qn⌉-th smallest, within a
// relative error of 1/256. The quantile 1 is Max. It is NaN if nothing was
// recorded; q must be in [0, 1].
func (s *Sketch) Quantile(q float64) float64 {
	var out [1]float64
	s.quantiles([]float64{q}, out[:])
	return out[0]
}

// quantiles writes the quantiles qs, in ascending order, to out in one pass.
func (s *Sketch) quantiles(qs, out []float64) {
	bucket, seen := -1, int64(0) // the buckets up to this one hold so many values
	for j, q := range qs {
		rank := rankOf(q, s.n)
		for seen < rank {
			bucket++
			if p := s.pages[bucket/pageSize]; p != nil {
				seen += p[bucket%pageSize]
			} else {
				bucket += pageSize - 1
			}
		}
		switch {
		case s.n == 0:
			out[j] = math.NaN()
		case rank == s.n:
			out[j] = float64(s.max)
		default:
			out[j] = min(midpoint(bucket), float64(s.max))
		}
	}
}

// Merge adds what o has recorded. The result is the same, bit for bit, as if
// every value had been recorded here.
func (s *Sketch) Merge(o *Sketch) {
	for k, from := range o.pages {
		if from == nil {
			continue
		}
		p := s.pages[k]
		if p == nil {
			p = s.touch(uint64(k))
		}
		for i, c := range from {
			p[i] += c
		}
	}
	s.n += o.n
	s.max = max(s.max, o.max)
	addTo(s.sum[:], o.sum[:])
	addTo(s.sumSq[:], o.sumSq[:])
}

// Sub takes away what an earlier state of the same sketch, kept by Clone, had
// recorded: what is left is what was recorded since. Counts, mean and standard
// deviation are exact. The maximum is exact if it was raised since; otherwise
// it is known to its bucket and given within 1/256, as a quantile is. It panics
// if earlier is no earlier state.
func (s *Sketch) Sub(earlier *Sketch) {
	if s.max == earlier.max {
		defer s.lowerMax()
	}
	for k, before := range earlier.pages {
		if before == nil {
			continue
		}
		p := s.pages[k]
		if p == nil {
			panic("stats: Sketch.Sub of a sketch that is no earlier state of this one")
		}
		var left int64
		for i, c := range before {
			p[i] -= c
			left |= p[i]
		}
		if left < 0 {
			panic("stats: Sketch.Sub of a sketch that is no earlier state of this one")
		}
		if left == 0 {
			s.release(k)
		}
	}
	s.n -= earlier.n
	subFrom(s.sum[:], earlier.sum[:])
	subFrom(s.sumSq[:], earlier.sumSq[:])
}

// lowerMax lowers the maximum to the last bucket that is not empty.
func (s *Sketch) lowerMax() {
	for k := pages - 1; k >= 0; k-- {
		if s.pages[k] == nil {
			continue
		}
		for i := pageSize - 1; i >= 0; i-- {
			if s.pages[k][i] != 0 {
				s.max = min(s.max, int64(midpoint(k*pageSize+i)))
				return
			}
		}
	}
	s.max = 0
}

// Clone returns a copy that shares nothing with s.
func (s *Sketch) Clone() *Sketch {
	c := *s
	c.spare = nil
	for k, p := range c.pages {
		if p != nil {
			copied := *p
			c.pages[k] = &copied
		}
	}
	return &c
}

// Reset forgets every value and keeps the memory. It costs what was touched.
func (s *Sketch) Reset() {
	for k, p := range s.pages {
		if p != nil {
			s.release(k)
		}
	}
	s.n, s.max, s.sum, s.sumSq = 0, 0, [2]uint64{}, [3]uint64{}
}

// bucketOf returns the number of the bucket of u.
func bucketOf(u uint64) uint64 {
	shift := bits.Len64(u|pageSize) - mantissaBits - 1
	return uint64(shift)<<mantissaBits + u>>(shift&63)
}

// midpoint returns the middle of the integers of bucket i.
func midpoint(i int) float64 {
	if i < exactBelow {
		return float64(i)
	}
	shift := i/pageSize - 1
	low := int64(i%pageSize+pageSize) << shift
	return float64(low) + float64(int64(1)<<shift-1)/2
}

// rankOf returns ⌈qn⌉, at least 1 where n is. A decimal such as 0.07 is stored a little
// above or below itself; the tolerance keeps 0.07 of 100 at the 7th.
func rankOf(q float64, n int64) int64 {
	if !(q >= 0 && q <= 1) {
		panic("stats: a quantile is asked for outside [0, 1]")
	}
	return max(min(1, n), int64(math.Ceil(q*float64(n)*(1-rankTolerance))))
}

// addTo adds b to a, both little-endian words of equal length.
func addTo(a, b []uint64) {
	var carry uint64
	for i := range a {
		a[i], carry = bits.Add64(a[i], b[i], carry)
	}
}

// subFrom subtracts b from a.
func subFrom(a, b []uint64) {
	var borrow uint64
	for i := range a {
		a[i], borrow = bits.Sub64(a[i], b[i], borrow)
	}
}

// wide returns little-endian words as one integer.
func wide(words []uint64) *big.Int {
	v := new(big.Int)
	for i := len(words) - 1; i >= 0; i-- {
		v.Or(v.Lsh(v, 64), new(big.Int).SetUint64(words[i]))
	}
	return v
}

// float128 returns hi·2⁶⁴ + lo as a float.
func float128(hi, lo uint64) float64 { return float64(float64(hi)*0x1p64) + float64(lo) }
