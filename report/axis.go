package report

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A ticker puts ticks at round values, about as many as are wanted, and names
// them.
type ticker struct {
	name   func(float64) string
	wanted int
	known  []float64 // steps that it may have, ascending; none: round numbers
}

// Ticks implements plot.Ticker on a linear axis.
func (t ticker) Ticks(lo, hi float64) []plot.Tick {
	var out []plot.Tick
	step := roundStep((hi - lo) / float64(t.wanted))
	for _, s := range t.known {
		if s*float64(t.wanted) >= (hi-lo)*(1-1e-9) {
			step = s
			break
		}
	}
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+step*1e-9; i++ {
		v := i*step + 0 // never -0
		out = append(out, plot.Tick{Value: v, Label: t.name(v)})
	}
	return out
}

// roundStep is the least of 1, 2, 5 times a power of ten that is at least v.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= v*(1-1e-9) {
			return f * power
		}
	}
	return 10 * power
}

// logTicker puts ticks at the values that people know on a logarithmic axis.
type logTicker struct {
	name  func(float64) string
	known []float64 // ascending
	finer []float64 // ascending; where the axis is too short for those
	apart float64   // least distance of two names, as a share of the axis
}

// knownSeconds are round durations: 1 ms ... 1 s, 10 s, 1 min, 10 min, 1 h, ...
var knownSeconds = []float64{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 6 * 3600, 86400, 4 * 86400, 30 * 86400}

// finerSeconds are the round durations between those.
var finerSeconds = append(steps(-9, -1, 1, 2, 5), 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 2*3600, 6*3600, 12*3600, 86400, 2*86400, 4*86400, 10*86400, 30*86400)

// knownCounts are the powers of ten, finerCounts what lies between.
var (
	knownCounts = steps(-12, 15, 1)
	finerCounts = steps(-12, 15, 1, 2, 5)
)

// steps are the given multiples of the powers of ten.
func steps(from, to float64, multiples ...float64) (out []float64) {
	for e := from; e <= to; e++ {
		for _, m := range multiples {
			out = append(out, m*math.Pow(10, e))
		}
	}
	return out
}

// Ticks implements plot.Ticker.
func (t logTicker) Ticks(lo, hi float64) []plot.Tick {
	beyond := func(v float64) bool { return v < lo*(1-1e-9) || v > hi*(1+1e-9) }
	values := slices.DeleteFunc(slices.Clone(t.known), beyond)
	if len(values) < 3 {
		values = slices.DeleteFunc(slices.Clone(t.finer), beyond)
	}
	var out []plot.Tick
	last := math.Inf(-1)
	for _, v := range values {
		tick := plot.Tick{Value: v}
		if at := math.Log(v/lo) / math.Log(hi/lo); at-last >= t.apart {
			tick.Label, last = t.name(v), at
		}
		out = append(out, tick)
	}
	return out
}

// roundSeconds names a tick: 1 min rather than 60 s.
func roundSeconds(v float64) string {
	switch {
	case v >= 86400:
		return digits(v/86400) + " d"
	case v >= 60 && v < 3600:
		return digits(v/60) + " min"
	}
	return seconds(v)
}

// A timeAxis says where the time axis has ticks and what stands below it.
type timeAxis struct {
	ticks  []float64 // lines through the panels, seconds
	minor  []float64 // short ticks
	labels []timeLabel
	shaded [][2]float64 // weekends or nights
	shades string       // what the shading means
	about  string       // what the axis counts, if its labels do not say
}

// A timeLabel is text below the axis.
type timeLabel struct {
	at   float64 // its middle, seconds
	text string
	row  int // 0 is the upper row
}

// newTimeAxis lays out the time axis for a width of the data area.
func newTimeAxis(r *Run, width vg.Length) timeAxis {
	length := r.Duration.Seconds()
	switch {
	case r.Start.IsZero() || length < 600:
		return counted(length)
	case length > 2.5*86400:
		return days(r, length, width)
	}
	return clock(r, length)
}

// counted is an axis of seconds, hours or days since the start.
func counted(length float64) timeAxis {
	unit, name, write := 1.0, "simulated time, s", grouped
	var known []float64
	switch {
	case length > 90*86400:
		unit, name = 86400, "simulated time, days"
	case length > 4*3600:
		unit, name = 3600, "simulated time, h"
	case length >= 600:
		unit, name, known = 60, "simulated time, min", minuteSteps
	case length < 20:
		write = digits
	}
	a := timeAxis{about: name}
	for _, t := range (ticker{name: write, wanted: 10, known: known}).Ticks(0, length/unit) {
		a.ticks = append(a.ticks, t.Value*unit)
		a.labels = append(a.labels, timeLabel{at: t.Value * unit, text: t.Label})
	}
	return a
}

// days is an axis with a line at each midnight and the date below each day.
func days(r *Run, length float64, width vg.Length) timeAxis {
	a := timeAxis{shades: "Saturday, Sunday", about: "UTC"}
	style := words(9, black, false)
	for at := midnight(r.Start); ; at = at.AddDate(0, 0, 1) {
		from := at.Sub(r.Start).Seconds()
		if from >= length {
			break
		}
		to := math.Min(from+86400, length)
		for h := 6.0; h < 24; h += 6 {
			if m := from + h*3600; m > 0 && m < length {
				a.minor = append(a.minor, m)
			}
		}
		if from > 0 {
			a.ticks = append(a.ticks, from)
		}
		from = math.Max(from, 0)
		if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
			a.shaded = append(a.shaded, [2]float64{from, to})
		}
		room := width*vg.Length((to-from)/length) - 4
		for _, layout := range []string{"Mon 2 Jan", "2 Jan", "2"} {
			if text := at.Format(layout); style.Width(text) <= room {
				a.labels = append(a.labels, timeLabel{at: (from + to) / 2, text: text})
				break
			}
		}
	}
	if len(a.shaded) == 0 {
		a.shades = ""
	}
	return a
}

// clock is an axis of hours, with the date below the first and each midnight.
func clock(r *Run, length float64) timeAxis {
	step := 60.0
	for _, step = range []float64{60, 300, 600, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600} {
		if length/step <= 14 {
			break
		}
	}
	a := timeAxis{shades: "night, 22:00 to 06:00 UTC", about: "UTC"}
	day := ""
	for k := 0; ; k++ {
		at := midnight(r.Start).Add(time.Duration(float64(k) * step * 1e9))
		t := at.Sub(r.Start).Seconds()
		if t > length {
			break
		}
		if t < 0 {
			continue
		}
		a.ticks = append(a.ticks, t)
		a.labels = append(a.labels, timeLabel{at: t, text: at.Format("15:04")})
		if date := at.Format("Mon 2 Jan"); date != day {
			day = date
			a.labels = append(a.labels, timeLabel{at: t, text: date, row: 1})
		}
	}
	// Less than a day has no nights to compare with.
	for at := midnight(r.Start).AddDate(0, 0, -1); length >= 86400 && at.Sub(r.Start).Seconds() < length; at = at.AddDate(0, 0, 1) {
		from := math.Max(at.Add(22*time.Hour).Sub(r.Start).Seconds(), 0)
		to := math.Min(at.Add(30*time.Hour).Sub(r.Start).Seconds(), length)
		if from < to {
			a.shaded = append(a.shaded, [2]float64{from, to})
		}
	}
	if len(a.shaded) == 0 {
		a.shades = ""
	}
	return a
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// draw writes the axis below a data area.
func (a *timeAxis) draw(c draw.Canvas, x func(float64) vg.Length, right, y vg.Length) {
	style := words(9, black, false)
	style.XAlign = draw.XCenter
	line := draw.LineStyle{Color: grey, Width: 0.6}
	for _, t := range a.ticks {
		c.StrokeLine2(line, x(t), y, x(t), y-4)
	}
	for _, t := range a.minor {
		c.StrokeLine2(line, x(t), y, x(t), y-2)
	}
	for _, l := range a.labels {
		write(c, style, x(l.at), y-14-vg.Length(l.row)*11, l.text)
	}
	if a.about != "" {
		write(c, words(9, grey, false), right+24, y-14, a.about) // clear of the last label
	}
}
