package concurrency

import "github.com/launchday-sim/launchday/sim"

// leastRTT is the rtt below which a window ignores a sample (WindowedLimit,
// minRttThreshold).
const leastRTT = 100 * sim.Microsecond

// A window makes one sample of those of a stretch of time: their mean rtt, the
// largest concurrency, and whether any was dropped. It ends with the first
// sample later than its length; one that holds too few is thrown away.
//
// It is WindowedLimit of Netflix/concurrency-limits with minWindowTime equal to
// maxWindowTime, as is its default, and the AverageSampleWindow.
type window struct {
	length sim.Time // 0: every sample is passed on
	least  int      // samples that a window must hold
	end    sim.Time
	sum    sim.Time
	n      int
	all    sample
}

// add adds a sample that ends now and returns the window's, if it ends with it.
func (w *window) add(now sim.Time, s sample) (sample, bool) {
	if w.length == 0 {
		return s, true
	}
	if s.rtt < leastRTT {
		return sample{}, false
	}
	w.sum += s.rtt
	w.n++
	w.all.inFlight = max(w.all.inFlight, s.inFlight)
	w.all.dropped = w.all.dropped || s.dropped
	if now <= w.end {
		return sample{}, false
	}
	n, all := w.n, w.all
	all.rtt = w.sum / sim.Time(n)
	w.sum, w.n, w.all = 0, 0, sample{}
	w.end = now + w.length
	return all, n >= w.least
}
