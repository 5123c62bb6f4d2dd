package incident

import (
	"fmt"
	"math"
	"strings"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/sim"
)

// ranked lists the windows that a fact's RankOf is ranked among, in order: of
// its length, one after the other, on both sides of it, whole within the fact's
// own window.
func ranked(f *Fact) []Span {
	length := f.RankOf.To - f.RankOf.From
	from := f.From + (f.RankOf.From-f.From)%length
	var spans []Span
	for ; from+length <= f.To; from += length {
		spans = append(spans, Span{from, from + length})
	}
	return spans
}

// rank counts the windows that have at least as much of the metric as the one
// in question, itself included: in a tie it gets the worst place, so that a
// metric that is 0 all along is no success.
func (s *scorer) rank(f *Fact) (metrics.Figure, error) {
	own, err := s.figure(f.Metric, *f.RankOf)
	if err != nil {
		return own, err
	}
	rank := 0
	for _, span := range ranked(f) {
		v, err := s.figure(f.Metric, span)
		if err != nil {
			return metrics.Null(), err
		}
		if v >= own {
			rank++
		}
	}
	return metrics.Figure(rank), nil
}

// shareClass returns the NAME in classes.NAME.admitted_completed_share, or "".
func shareClass(metric string) string {
	name, ok := strings.CutPrefix(metric, "classes.")
	if !ok {
		return ""
	}
	name, ok = strings.CutSuffix(name, ".admitted_completed_share")
	if !ok {
		return ""
	}
	return name
}

// leastShare returns the least share, by stretch of the clock in which they
// were admitted, of the class's admitted attempts that completed. Stretches
// without an admission say nothing.
func (s *scorer) leastShare(f *Fact) (metrics.Figure, error) {
	class := shareClass(f.Metric)
	t := s.res.Series
	if t == nil {
		return metrics.Null(), fmt.Errorf("the run kept no series")
	}
	for _, name := range []string{"time", "class", "admitted", "admitted_completed"} {
		if t.Column(name) == nil {
			return metrics.Null(), fmt.Errorf("the series has no column %s", name)
		}
	}
	times, classes := t.Column("time").Ints, t.Column("class").Texts
	admitted, completed := t.Column("admitted"), t.Column("admitted_completed")

	if step := interval(times); step > sim.Time(f.By) {
		return metrics.Null(), fmt.Errorf("the series has intervals of %v, longer than %v", step, sim.Time(f.By))
	}
	by := int64(f.By)
	first := ceilDiv(s.clock.Start+int64(f.From), by)
	last := floorDiv(s.clock.Start+int64(f.To), by)
	sums := make([]struct{ admitted, completed float64 }, max(0, last-first))
	for i, at := range times {
		n := floorDiv(at, by) - first
		if classes[i] != class || n < 0 || n >= int64(len(sums)) {
			continue
		}
		sums[n].admitted += number(admitted, i)
		sums[n].completed += number(completed, i)
	}
	least := math.Inf(1)
	for _, sum := range sums {
		if sum.admitted > 0 {
			least = math.Min(least, sum.completed/sum.admitted)
		}
	}
	if math.IsInf(least, 1) {
		return metrics.Null(), fmt.Errorf("no attempt of class %s was admitted in its window", class)
	}
	return metrics.Figure(least), nil
}

// interval returns the distance between the starts of a series' intervals; its
// rows are in order of time.
func interval(times []int64) sim.Time {
	for _, t := range times {
		if t != times[0] {
			return sim.Time(t - times[0])
		}
	}
	return 0
}

func number(c *metrics.Column, i int) float64 {
	if c.Kind == metrics.Int {
		return float64(c.Ints[i])
	}
	return c.Floats[i]
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func ceilDiv(a, b int64) int64 { return -floorDiv(-a, b) }
