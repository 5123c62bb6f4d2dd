package stats

import (
	"fmt"
	"slices"
)

// A Series records values by the interval of time that they fell into and keeps
// of each interval the count, the sum and chosen quantiles: what happened then,
// and not since the start.
//
// Its memory is fixed beforehand by the horizon. Quantiles of two intervals
// cannot be joined to those of both, so a Series never doubles its interval
// when it is full: it holds one live Sketch, which is emptied at the end of each
// interval.
type Series struct {
	live      Sketch
	horizon   int64
	interval  int64
	end       int64 // of the interval that is being recorded
	quantiles []float64
	points    []Point
	values    []float64 // of the quantiles of all points, one point after the other
}

// A Point is what a Series keeps of one interval.
type Point struct {
	Count     int64
	Sum       float64   // of the values
	Quantiles []float64 // in the order of NewSeries; NaN if Count is 0
}

// Mean is the mean of the values of the interval, NaN if there is none.
func (p Point) Mean() float64 { return p.Sum / float64(p.Count) }

// NewSeries returns a Series of the intervals of the given length, in ns, that
// cover the time from 0 to the horizon; the last one may be cut short by it.
// The quantiles must be ascending and in [0, 1].
func NewSeries(horizon, interval int64, quantiles ...float64) (*Series, error) {
	if horizon <= 0 || interval <= 0 {
		return nil, fmt.Errorf("stats: a series of intervals of %d ns up to %d ns: both must be positive", interval, horizon)
	}
	for _, q := range quantiles {
		if !(q >= 0 && q <= 1) {
			return nil, fmt.Errorf("stats: quantile %v of a series: must be in [0, 1]", q)
		}
	}
	if !slices.IsSorted(quantiles) {
		return nil, fmt.Errorf("stats: quantiles %v of a series: must be ascending", quantiles)
	}
	n := (horizon-1)/interval + 1
	return &Series{
		horizon:   horizon,
		interval:  interval,
		end:       min(interval, horizon),
		quantiles: slices.Clone(quantiles),
		points:    make([]Point, 0, n),
		values:    make([]float64, 0, int(n)*len(quantiles)),
	}, nil
}

// Record counts the value v in the interval of time now, which must not go back
// behind the last Record or Advance, and must lie before the horizon. An interval
// holds its beginning and not its end.
func (s *Series) Record(now, v int64) {
	if now >= s.end {
		if now >= s.horizon {
			panic("stats: a value of a Series is recorded at its horizon or after it")
		}
		s.Advance(now)
	}
	s.live.Record(v)
}

// Advance closes the intervals that end at time now or before. A run calls it
// with its horizon when it ends. Intervals without a value are closed with a
// count of 0.
func (s *Series) Advance(now int64) {
	for now >= s.end && len(s.points) < cap(s.points) {
		s.close()
	}
}

func (s *Series) close() {
	n := len(s.values)
	s.values = s.values[:n+len(s.quantiles)]
	quantiles := s.values[n:len(s.values):len(s.values)]
	s.live.quantiles(s.quantiles, quantiles)
	s.points = append(s.points, Point{Count: s.live.n, Sum: s.live.total(), Quantiles: quantiles})
	s.live.Reset()
	s.end += min(s.interval, s.horizon-s.end)
}

// Points are the intervals closed so far, in order: point i covers the time
// from i to i+1 times the interval. They are to be read only.
func (s *Series) Points() []Point { return s.points }
