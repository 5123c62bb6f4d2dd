package demand

import (
	"fmt"
	"io/fs"
	"sync"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// RateSeries is a rate over time as it was measured. Outside the series the
// stream is silent.
type RateSeries struct {
	Log   `yaml:",inline"`
	Rate  string        `yaml:"rate" required:"true" doc:"Column of the rate. A row where it is empty is passed over."`
	Per   unit.Duration `yaml:"per" default:"1s" min:"1ns" doc:"The rate is so many requests in this time: 1m for requests per minute, the length of the intervals for counts."`
	Shape string        `yaml:"shape" default:"linear" enum:"linear,step" doc:"linear between the rows; step: each rate holds until the next row, the last as long as the one before it."`

	points *points
}

// points are the rows of a rate series.
type points struct {
	at   []sim.Time // from the first row
	rate []float64  // per second
	hash string
}

// Load reads the file from files, under the name that it has there. What has
// been read before is taken from seen, which may be nil.
func (r *RateSeries) Load(files fs.FS, name string, seen *sync.Map) error {
	if r.Time == "" {
		return fmt.Errorf("time is missing: want the name of a column")
	}
	how := r.Unit
	if how == "" {
		how = "s"
	}
	key := fmt.Sprintf("series %q %q %q %q %v", name, r.Time, how, r.Rate, r.Per)
	if had, ok := recall(seen, key); ok {
		r.points = had.(*points)
		return r.hashed(name, r.points.hash)
	}
	p := &points{}
	c := clock{unit: how}
	var first sim.Time
	begun := false
	err := r.read(files, name, []Column{{Name: r.Time}, {Name: r.Rate}}, func(cells []string) error {
		at, err := c.read(cells[0])
		if err != nil {
			return fmt.Errorf("column %s: %w", r.Time, err)
		}
		if !begun {
			first, begun = at, true
		}
		at -= first
		if n := len(p.at); n > 0 && at < p.at[n-1] {
			return fmt.Errorf("column %s: %s comes before the row above it", r.Time, quoted(cells[0]))
		}
		if cells[1] == "" {
			return nil // nothing was measured
		}
		x, err := number(cells[1])
		if err != nil {
			return fmt.Errorf("column %s: %w", r.Rate, err)
		}
		p.at = append(p.at, at)
		p.rate = append(p.rate, x/sim.Time(r.Per).Seconds())
		return nil
	})
	if err != nil {
		return blame(err, name, r.Time, [2]string{"time", r.Time}, [2]string{"rate", r.Rate})
	}
	if len(p.at) < 2 {
		return fmt.Errorf("%s: has fewer than two rows", name)
	}
	p.hash = r.SHA256
	r.points = p
	remember(seen, key, p)
	return nil
}

// level is the factor on the rates as they stand in the file.
func (r *RateSeries) level() float64 {
	if r.ScaleTime == 0 {
		return r.rate()
	}
	return r.rate() / float64(r.ScaleTime) // as many requests in less time
}

// profile is the series over the run's time, in requests per second before
// scale_rate and scale.
func (r *RateSeries) profile(origin sim.Time) (profile, error) {
	if r.points == nil {
		return profile{}, fmt.Errorf("rate_series.file: %s has not been read", r.File)
	}
	at, x := r.points.at, r.points.rate
	first, last, period, err := r.span(at)
	if err != nil {
		return profile{}, fmt.Errorf("rate_series.%w", err)
	}
	begin := origin + sim.Time(r.At)
	p := profile{origin: begin}
	place := func(t sim.Time) sim.Time { return begin + r.stretched(t-sim.Time(r.From)) }
	if !r.Repeat {
		p.add(place(at[first]), 0)
	}
	for i := first; i < last; i++ {
		if r.Shape == "step" && i > first {
			p.add(place(at[i]), x[i-1])
		}
		p.add(place(at[i]), x[i])
	}
	end := place(at[last-1])
	if r.Shape == "step" {
		if last-first > 1 {
			end += r.stretched(at[last-1] - at[last-2])
		}
		if r.Repeat {
			end = begin + period
		}
		p.add(end, x[last-1])
	}
	if !r.Repeat {
		p.add(end, 0)
		return p, nil
	}
	p.period = period
	if r.Shape != "step" {
		p.add(begin+period, x[first])
	}
	return p, nil
}
