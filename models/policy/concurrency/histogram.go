package concurrency

import "math"

// A histogram is log-linear: 90 bins a decade, so that a value keeps its two
// leading decimal digits, from 1 to below 10^maxDecade. It is what Envoy keeps
// latencies in (OpenHistogram, libcircllhist), in whole microseconds.
type histogram struct {
	n    int
	bins []int // made with the first value
	used struct{ from, to int }
}

const (
	binsPerDecade = 90
	maxDecade     = 14
)

// bin is the place of a value.
func bin(v int64) int {
	decade, scale := 0, int64(1)
	for v >= 100*scale {
		scale *= 10
		decade++
	}
	if v < 10 { // one digit: the second is 0
		return 10*int(v) - 10
	}
	return min(decade+1, maxDecade)*binsPerDecade + int(min(v/scale, 99)) - 10
}

// edges are the least value of a bin and its width.
func edges(bin int) (left, width float64) {
	width = 0.1
	for range bin / binsPerDecade {
		width = float64(width * 10)
	}
	if bin >= binsPerDecade {
		width = math.Floor(width + 0.5)
	}
	return float64(float64(bin%binsPerDecade+10) * width), width
}

// add adds a value; one below 1 counts as 1.
func (h *histogram) add(v int64) {
	if h.bins == nil {
		h.bins = make([]int, (maxDecade+1)*binsPerDecade)
	}
	b := bin(max(v, 1))
	if h.n == 0 {
		h.used.from, h.used.to = b, b
	}
	h.used.from, h.used.to = min(h.used.from, b), max(h.used.to, b)
	h.bins[b]++
	h.n++
}

// quantile interpolates within the bin that holds the quantile, as
// hist_approx_quantile does; 0 for an empty histogram.
func (h *histogram) quantile(q float64) float64 {
	wanted := float64(float64(h.n) * q)
	below := 0.0
	for b := h.used.from; b <= h.used.to && h.n > 0; b++ {
		count := float64(h.bins[b])
		if count > 0 && below+count >= wanted {
			left, width := edges(b)
			return left + float64((wanted-below)/count*width)
		}
		below += count
	}
	return 0
}

func (h *histogram) clear() {
	if h.n > 0 {
		clear(h.bins[h.used.from : h.used.to+1])
		h.n = 0
	}
}
