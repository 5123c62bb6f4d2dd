package demand

import (
	"fmt"
	"math"
)

// maxRate is the largest rate of a stream, requests per second at the scale of
// the run: beyond one a nanosecond arrivals could not be told apart, and a count
// of them would leave the range of an integer within a long run.
const maxRate = 1e9

// maxClosed is the most users of a closed stream: each has an event under way.
const maxClosed = 1 << 24

// bounded reports streams that would ask for more than maxRate when all their
// users are active, their profile is at its height and their hidden state is the
// busiest.
func (d *Demand) bounded() (faults []error) {
	for i := range d.streams {
		q := &d.streams[i].spec
		height := 1.0
		for k, p := range q.Profile {
			if k == 0 || float64(p.X) > height {
				height = float64(p.X)
			}
		}
		if len(q.Ramps) > 0 || len(q.Spikes) > 0 {
			base, peak := 1.0, 0.0
			for _, r := range q.Ramps {
				base = math.Max(base, float64(r.To))
			}
			for _, s := range q.Spikes {
				peak += float64(s.Height)
			}
			height = float64(height * (base + peak))
		}
		if m := d.streams[i].mod; m != nil {
			top := 0.0
			for _, factor := range m.factor {
				top = math.Max(top, factor)
			}
			height = float64(height * top)
		}
		measured := 0.0
		if q.RateSeries != nil {
			for _, x := range q.RateSeries.points.rate {
				measured = math.Max(measured, x)
			}
			measured = float64(measured * q.RateSeries.level())
		}
		if q.Closed != nil && float64(q.Closed.Users) > maxClosed {
			faults = append(faults, fmt.Errorf("demand.streams.%s.closed.users: are too many at this scale: want at most 16M", q.Name))
		}
		for _, part := range []struct {
			key  string
			rate float64
		}{
			{"rate", float64(q.Rate) * height},
			{"rate_series", measured * height},
			{"per_user", float64(q.PerUser) * float64(d.env.Tiers[d.streams[i].tier].Users) * float64(q.Interest) * height},
		} {
			if !(part.rate <= maxRate) {
				faults = append(faults, fmt.Errorf("demand.streams.%s.%s: makes %.3g requests a second at this scale: want at most 1G/s, one a nanosecond", q.Name, part.key, math.Min(part.rate, math.MaxFloat64)))
			}
		}
	}
	return faults
}
