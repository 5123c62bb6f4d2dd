package report

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
)

// untried is how many requests of the cells that are wanted had not been tried, at
// most at the end of an interval, and at the end of the run: their clients, or the
// app when it was asked to, held them back. It is 0 where they are less than a
// hundredth of all.
func (f *frame) untried(want func(cell) bool) (most, end float64) {
	requests, first := f.sum("requests", want), f.sum("first_tries", want)
	if first == nil {
		return 0, 0
	}
	for i := range requests {
		end += requests[i] - first[i]
		most = math.Max(most, end)
	}
	if most < paint.Total(requests)/100 {
		return 0, 0
	}
	return most, end
}

// heldBack says what users waited for before their attempt reached the service,
// which no latency of attempts holds.
func heldBack(r *Run, f *frame) (lines []string) {
	for _, c := range r.Classes {
		fig := r.Result.Summary.Classes[c.Name]
		if fig == nil || !served(c) || c.Fluid {
			continue
		}
		if most, end := f.untried(func(x cell) bool { return x.class == c.Name }); most > 0 {
			lines = append(lines, fmt.Sprintf("Clients held back first tries of class %s: %s requests never reached the service. Between tries or held back were %s at a time, on average.",
				c.Name, paint.Count(math.Max(0, end)), paint.Count(r.full(float64(fig.Retrying.Mean)))))
		}
		if l, q := fig.Latency, fig.RequestLatency; differ(l.P50, q.P50) || differ(l.P99, q.P99) {
			lines = append(lines, fmt.Sprintf("From the wish to the answer a satisfied request of class %s took %s in the median (p99 %s), where a completed attempt took %s (p99 %s).",
				c.Name, paint.Seconds(float64(q.P50)), paint.Seconds(float64(q.P99)), paint.Seconds(float64(l.P50)), paint.Seconds(float64(l.P99))))
		}
	}
	return lines
}

// differ reports whether two durations differ by more than a tenth.
func differ(a, b metrics.Figure) bool {
	return a > 0 && b > 0 && math.Abs(float64(b-a)) > 0.1*float64(a)
}
