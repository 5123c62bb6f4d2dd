package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
)

// inUnit writes a figure of the public record with its unit.
func inUnit(v metrics.Figure, unit string) string {
	x := float64(v)
	switch {
	case v.IsNull():
		return paint.None
	case unit == "s":
		return paint.Seconds(x)
	case unit == "yes":
		return map[bool]string{true: "yes", false: "no"}[x != 0]
	case unit == "ratio":
		return paint.Digits(x)
	case unit == "rank":
		return "rank " + paint.Digits(x)
	}
	return paint.Count(x) + " " + unit
}

// moment writes a time of the run: Mon 31 Mar 17:00, or where the run has no dates
// 200 s, +20m30s in a run of ten minutes or more, +6h58m in one of more than two hours.
func (r *Run) moment(t float64) string {
	if r.Start.IsZero() {
		if r.Duration >= 10*time.Minute && r.Duration <= 90*24*time.Hour {
			at, step := time.Duration(math.Round(t))*time.Second, time.Second
			if r.Duration > 2*time.Hour {
				step = time.Minute
			}
			text := at.Round(step).String()
			if short, whole := strings.CutSuffix(text, "m0s"); whole {
				text = short + "m"
			}
			return "+" + text
		}
		return paint.Grouped(t) + " s"
	}
	return r.date(t).Format("Mon 2 Jan 15:04")
}

// date is the UTC date of a time of the run in seconds.
func (r *Run) date(t float64) time.Time {
	return r.Start.UTC().Add(time.Duration(math.Round(t * 1e9)))
}

// span writes when the run took place.
func (r *Run) span() string {
	length := paint.Seconds(r.Duration.Seconds())
	if r.Start.IsZero() {
		return length
	}
	from, to := r.date(0), r.date(r.Duration.Seconds())
	layout := "2 Jan 15:04"
	if from.Year() != to.Year() {
		layout = "2 Jan 2006 15:04"
	}
	return fmt.Sprintf("%s to %s UTC (%s)", from.Format(layout), to.Format("2 Jan 2006 15:04"), length)
}
