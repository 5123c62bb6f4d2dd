package stats_test

import (
	"testing"

	"github.com/launchday-sim/launchday/sim/stats"
)

func BenchmarkSketchRecord(b *testing.B) {
	r := random(b, 1)
	values := make([]int64, 1<<12)
	for i := range values {
		values[i] = int64(r.ExpFloat64() * 20e9)
	}
	var s stats.Sketch
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Record(values[i%len(values)])
	}
}

func BenchmarkGaugeAdd(b *testing.B) {
	var g stats.Gauge
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		g.Add(i*1000, 1-(i&1)*2)
	}
}

// One interval of a series: 100 latencies around 20 s, closed to five quantiles.
func BenchmarkSeriesInterval(b *testing.B) {
	r := random(b, 2)
	values := make([]int64, 100)
	for i := range values {
		values[i] = int64(r.ExpFloat64() * 20e9)
	}
	s, err := stats.NewSeries(int64(max(b.N, 1<<20)), 1, 0.5, 0.9, 0.95, 0.99, 0.999)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		for _, v := range values {
			s.Record(int64(i), v)
		}
	}
}
