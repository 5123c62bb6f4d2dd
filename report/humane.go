package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/launchday-sim/launchday/models/metrics"
)

// none stands where there is no figure.
const none = "–"

// digits writes v with three significant digits and no needless zeros.
func digits(v float64) string {
	if a := math.Abs(v); a >= 100 || a == 0 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	s := strconv.FormatFloat(v, 'g', 3, 64)
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// count writes a number of things the way people say it: 703 M, 1.2 M, 45.
func count(v float64) string {
	if math.IsNaN(v) {
		return none
	}
	for _, step := range []struct {
		size float64
		name string
	}{{1e12, " tn"}, {1e9, " bn"}, {1e6, " M"}, {1e3, " k"}} {
		// 999,600 is 1 M, not 1000 k.
		if math.Abs(v) >= step.size*0.9995 {
			return digits(v/step.size) + step.name
		}
	}
	return digits(v)
}

// seconds writes a duration: 45 s, 2.3 min, 1.5 h, 9 d.
func seconds(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return none
	case a == 0:
		return "0 s"
	case a < 1e-3:
		return digits(v*1e6) + " µs"
	case a < 1:
		return digits(v*1e3) + " ms"
	case a < 120:
		return digits(v) + " s"
	case a < 3600:
		return digits(v/60) + " min"
	case a < 48*3600:
		return digits(v/3600) + " h"
	}
	return digits(v/86400) + " d"
}

// percent writes a share.
func percent(v float64) string {
	switch {
	case math.IsNaN(v):
		return none
	case v > 0 && v < 0.001:
		return "<0.1 %"
	case v < 0.1:
		return strconv.FormatFloat(math.Round(v*1000)/10, 'f', -1, 64) + " %"
	case v < 1 && v > 0.995:
		return strconv.FormatFloat(math.Floor(v*1000)/10, 'f', -1, 64) + " %"
	}
	return strconv.FormatFloat(math.Round(v*100), 'f', -1, 64) + " %"
}

// inUnit writes a figure of the public record with its unit.
func inUnit(v metrics.Figure, unit string) string {
	x := float64(v)
	switch {
	case v.IsNull():
		return none
	case unit == "s":
		return seconds(x)
	case unit == "yes":
		return map[bool]string{true: "yes", false: "no"}[x != 0]
	case unit == "ratio":
		return digits(x)
	case unit == "rank":
		return "rank " + digits(x)
	}
	return count(x) + " " + unit
}

// scaleName writes a share as a fraction of the world: 1/1000.
func scaleName(scale float64) string {
	if scale == 1 {
		return "1"
	}
	if n := math.Round(1 / scale); math.Abs(n*scale-1) < 1e-9 {
		return "1/" + strconv.FormatFloat(n, 'f', -1, 64)
	}
	return digits(scale)
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
		return grouped(t) + " s"
	}
	return r.date(t).Format("Mon 2 Jan 15:04")
}

// date is the UTC date of a time of the run in seconds.
func (r *Run) date(t float64) time.Time {
	return r.Start.UTC().Add(time.Duration(math.Round(t * 1e9)))
}

// span writes when the run took place.
func (r *Run) span() string {
	length := seconds(r.Duration.Seconds())
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

// grouped writes a whole number with commas: 20,000.
func grouped(v float64) string {
	s := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	digits := strings.TrimPrefix(s, "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return s[:len(s)-len(strings.TrimPrefix(s, "-"))] + digits
}
