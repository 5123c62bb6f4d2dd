package demand

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A segment is a stretch of time over which a rate is linear.
type segment struct {
	begin, end sim.Time
	r0, r1     float64 // rates per second at its ends
}

func (s *segment) length() float64 { return (s.end - s.begin).Seconds() }

// points is the expected number of points up to x seconds after the beginning.
func (s *segment) points(x float64) float64 {
	if s.r0 == s.r1 {
		return float64(s.r0 * x)
	}
	return float64(s.r0*x) + float64(float64(0.5*(s.r1-s.r0)/s.length()*x)*x)
}

// until is the expected number of points from the beginning to t.
func (s *segment) until(t sim.Time) float64 {
	if t <= s.begin {
		return 0
	}
	return s.points((t - s.begin).Seconds())
}

// invert is the x at which points(x) = n; the root of the quadratic is written
// so that nothing cancels.
func (s *segment) invert(n float64) float64 {
	if s.r0 == s.r1 {
		return n / s.r0
	}
	d := float64(s.r0*s.r0) + float64(2*(s.r1-s.r0)/s.length()*n)
	return 2 * n / (s.r0 + math.Sqrt(math.Max(d, 0)))
}

const (
	halfHour  = 30 * sim.Minute
	slotsWeek = 7 * 48
	// 1 January 1970 was a Thursday.
	epochToMonday = 3 * sim.Day
)

// A dayShape is the sum over regions of the local day and weekend, linear over
// half hours of a week that begins on Monday 00:00 UTC; its mean over a week
// without weekends is 1.
type dayShape struct{ begin, end [slotsWeek]float64 }

func newDayShape(day []float64, regions []Region, weekend float64) (*dayShape, error) {
	s := &dayShape{}
	total := 0.0
	for _, r := range regions {
		total += float64(r.Share)
	}
	if total == 0 {
		return nil, fmt.Errorf("regions: no region has a share above 0")
	}
	if len(day) != 24 {
		return nil, fmt.Errorf("day: %d values: want 24, one for each local hour", len(day))
	}
	mean := 0.0
	for _, x := range day {
		mean += x / 24
	}
	if mean == 0 {
		return nil, fmt.Errorf("day: all hours are 0: want at least one above")
	}
	for _, r := range regions {
		shift := r.UTCHours * 2
		if shift != math.Trunc(shift) {
			return nil, fmt.Errorf("regions.%s.utc_hours: %v: want a multiple of 0.5", r.Name, r.UTCHours)
		}
		weight := float64(r.Share) / total / mean
		for i := range slotsWeek {
			local := (i + int(shift) + slotsWeek) % slotsWeek
			w := weight
			if local/48 >= 5 {
				w *= weekend
			}
			s.begin[i] += float64(w * hourly(day, local))
			s.end[i] += float64(w * hourly(day, local+1))
		}
	}
	return s, nil
}

// hourly is the activity at the beginning of a local half hour: the value of
// the hour in its middle, the mean of two hours between them.
func hourly(day []float64, half int) float64 {
	h := half / 2 % 24
	if half%2 == 1 {
		return day[h]
	}
	return (day[h] + day[(h+23)%24]) / 2
}

// at is the shape at a time since 1970; left takes the limit from before it.
func (s *dayShape) at(t sim.Time, left bool) float64 {
	if left {
		t--
	}
	const week = slotsWeek * halfHour
	in := ((t+epochToMonday)%week + week) % week
	i := in / halfHour
	x := float64(in%halfHour) / float64(halfHour)
	return s.begin[i] + float64(x*(s.end[i]-s.begin[i]))
}

// An activity maps a uniform number to the rank, in 0..1, of the user who made
// a request, where activity over users is lognormal: with L(p) = Phi(Phi^-1(p) -
// sigma) the Lorenz curve of the lognormal law, a request belongs to rank
// L^-1(u). It is tabulated, and linear in between.
type activity []float64

const activitySteps = 1024

func newActivity(topTenth float64) activity {
	if topTenth <= 0.1 {
		return activity{0, 1}
	}
	sigma := rng.NormalQuantile(0.9) - rng.NormalQuantile(1-topTenth)
	a := make(activity, activitySteps+1)
	for i := 1; i < activitySteps; i++ {
		a[i] = rng.NormalCDF(rng.NormalQuantile(float64(i)/activitySteps) + sigma)
	}
	a[activitySteps] = 1
	return a
}

func (a activity) rank(u float64) float64 {
	x := float64(u * float64(len(a)-1))
	i := int(x)
	return a[i] + float64((x-float64(i))*(a[i+1]-a[i]))
}
