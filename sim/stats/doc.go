// Package stats turns what a run lets happen into figures that can be trusted:
// streaming estimators that keep no samples, and the intervals without which a
// mean of random runs says nothing.
//
// Its model of the world has two halves. Within one run everything is seen, so
// figures are descriptions, made of integers: a [Sketch] of durations, a
// [Gauge] of a level over time, a [Series] of intervals. Their sums are exact,
// so that parts merge to the same bits in any order and on any platform.
// Between runs, or along one run taken as a sample of a longer one, figures are
// estimates: [MeanInterval] over independent replications, [BatchMeans] along
// one run once [MSER5] has found its warm-up. An estimate is an [Interval];
// there is no way to get its mean without its width, and the warnings that
// belong to it travel with it.
//
//	var waits stats.Sketch
//	var queue stats.Gauge
//	queue.Add(now, +1)                  // a customer joins at time now, in ns
//	waits.Record(now - arrived)         // and is served later
//	p99 := waits.Quantile(0.99)         // ns, within 1/256 of itself
//	length := queue.Integral(now).Over(now) // mean number waiting since time 0
//
//	w := stats.MeanInterval(meanWaitOfEachReplication, 0.95)
//	fmt.Println(w) // 1.02 [0.97, 1.07] (95 %, n = 32)
//	for _, warning := range w.Warnings {
//		fmt.Println("warning:", warning)
//	}
//
// Times and durations are int64 nanoseconds; the package knows no clock and no
// kernel.
package stats
