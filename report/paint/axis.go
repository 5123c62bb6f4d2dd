package paint

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
type Ticker struct {
	Name   func(float64) string
	Wanted int
	Known  []float64 // steps that it may have, ascending; none: round numbers
}

// Ticks implements plot.Ticker on a linear axis.
func (t Ticker) Ticks(lo, hi float64) []plot.Tick {
	var out []plot.Tick
	step := roundStep((hi - lo) / float64(t.Wanted))
	for _, s := range t.Known {
		if s*float64(t.Wanted) >= (hi-lo)*(1-1e-9) {
			step = s
			break
		}
	}
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+step*1e-9; i++ {
		v := i*step + 0 // never -0
		out = append(out, plot.Tick{Value: v, Label: t.Name(v)})
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

// LogTicker puts ticks at the values that people know on a logarithmic axis.
type LogTicker struct {
	Name  func(float64) string
	Known []float64 // ascending
	Finer []float64 // ascending; where the axis is too short for those
	Apart float64   // least distance of two names, as a share of the axis
}

// KnownSeconds are round durations: 1 ms ... 1 s, 10 s, 1 min, 10 min, 1 h, ...
var KnownSeconds = []float64{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 6 * 3600, 86400, 4 * 86400, 30 * 86400}

// FinerSeconds are the round durations between those.
var FinerSeconds = append(steps(-9, -1, 1, 2, 5), 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 2*3600, 6*3600, 12*3600, 86400, 2*86400, 4*86400, 10*86400, 30*86400)

// KnownCounts are the powers of ten, FinerCounts what lies between.
var (
	KnownCounts = steps(-12, 15, 1)
	FinerCounts = steps(-12, 15, 1, 2, 5)
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
func (t LogTicker) Ticks(lo, hi float64) []plot.Tick {
	beyond := func(v float64) bool { return v < lo*(1-1e-9) || v > hi*(1+1e-9) }
	values := slices.DeleteFunc(slices.Clone(t.Known), beyond)
	if len(values) < 3 {
		values = slices.DeleteFunc(slices.Clone(t.Finer), beyond)
	}
	var out []plot.Tick
	last := math.Inf(-1)
	for _, v := range values {
		tick := plot.Tick{Value: v}
		if at := math.Log(v/lo) / math.Log(hi/lo); at-last >= t.Apart {
			tick.Label, last = t.Name(v), at
		}
		out = append(out, tick)
	}
	return out
}

// RoundSeconds names a tick: 1 min rather than 60 s.
func RoundSeconds(v float64) string {
	switch {
	case v >= 86400:
		return Digits(v/86400) + " d"
	case v >= 60 && v < 3600:
		return Digits(v/60) + " min"
	}
	return Seconds(v)
}

// A timeAxis says where the time axis has ticks and what stands below it.
type TimeAxis struct {
	ticks  []float64 // lines through the panels, seconds
	minor  []float64 // short ticks
	Labels []timeLabel
	shaded [][2]float64 // weekends or nights
	Shades string       // what the shading means
	About  string       // what the axis counts, if its labels do not say
}

// A timeLabel is text below the axis.
type timeLabel struct {
	at   float64 // its middle, seconds
	Text string
	row  int // 0 is the upper row
}

// NewTimeAxis lays out the axis of a time that begins at a date, or has none, for a
// width of the data area.
func NewTimeAxis(start time.Time, duration time.Duration, width vg.Length) TimeAxis {
	length := duration.Seconds()
	switch {
	case start.IsZero() || length < 600:
		return counted(length)
	case length > 2.5*86400:
		return days(start, length, width)
	}
	return clock(start, length)
}

// counted is an axis of seconds, hours or days since the start.
func counted(length float64) TimeAxis {
	unit, name, write := 1.0, "simulated time, s", Grouped
	var known []float64
	switch {
	case length > 90*86400:
		unit, name = 86400, "simulated time, days"
	case length > 4*3600:
		unit, name = 3600, "simulated time, h"
	case length >= 600:
		unit, name, known = 60, "simulated time, min", MinuteSteps
	case length < 20:
		write = Digits
	}
	a := TimeAxis{About: name}
	for _, t := range (Ticker{Name: write, Wanted: 10, Known: known}).Ticks(0, length/unit) {
		a.ticks = append(a.ticks, t.Value*unit)
		a.Labels = append(a.Labels, timeLabel{at: t.Value * unit, Text: t.Label})
	}
	return a
}

// days is an axis with a line at each midnight and the date below each day.
func days(start time.Time, length float64, width vg.Length) TimeAxis {
	a := TimeAxis{Shades: "Saturday, Sunday", About: "UTC"}
	style := Words(9, Black, false)
	for at := midnight(start); ; at = at.AddDate(0, 0, 1) {
		from := at.Sub(start).Seconds()
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
				a.Labels = append(a.Labels, timeLabel{at: (from + to) / 2, Text: text})
				break
			}
		}
	}
	if len(a.shaded) == 0 {
		a.Shades = ""
	}
	return a
}

// clock is an axis of hours, with the date below the first and each midnight.
func clock(start time.Time, length float64) TimeAxis {
	step := 60.0
	for _, step = range []float64{60, 300, 600, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600} {
		if length/step <= 14 {
			break
		}
	}
	a := TimeAxis{Shades: "night, 22:00 to 06:00 UTC", About: "UTC"}
	day := ""
	for k := 0; ; k++ {
		at := midnight(start).Add(time.Duration(float64(k) * step * 1e9))
		t := at.Sub(start).Seconds()
		if t > length {
			break
		}
		if t < 0 {
			continue
		}
		a.ticks = append(a.ticks, t)
		a.Labels = append(a.Labels, timeLabel{at: t, Text: at.Format("15:04")})
		if date := at.Format("Mon 2 Jan"); date != day {
			day = date
			a.Labels = append(a.Labels, timeLabel{at: t, Text: date, row: 1})
		}
	}
	// Less than a day has no nights to compare with.
	for at := midnight(start).AddDate(0, 0, -1); length >= 86400 && at.Sub(start).Seconds() < length; at = at.AddDate(0, 0, 1) {
		from := math.Max(at.Add(22*time.Hour).Sub(start).Seconds(), 0)
		to := math.Min(at.Add(30*time.Hour).Sub(start).Seconds(), length)
		if from < to {
			a.shaded = append(a.shaded, [2]float64{from, to})
		}
	}
	if len(a.shaded) == 0 {
		a.Shades = ""
	}
	return a
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Draw writes the axis below a data area.
func (a *TimeAxis) Draw(c draw.Canvas, x func(float64) vg.Length, right, y vg.Length) {
	style := Words(9, Black, false)
	style.XAlign = draw.XCenter
	line := draw.LineStyle{Color: Grey, Width: 0.6}
	for _, t := range a.ticks {
		c.StrokeLine2(line, x(t), y, x(t), y-4)
	}
	for _, t := range a.minor {
		c.StrokeLine2(line, x(t), y, x(t), y-2)
	}
	for _, l := range a.Labels {
		Write(c, style, x(l.at), y-14-vg.Length(l.row)*11, l.Text)
	}
	if a.About != "" {
		Write(c, Words(9, Grey, false), right+24, y-14, a.About) // clear of the last label
	}
}

// MinuteSteps are what people divide hours into.
var MinuteSteps = []float64{1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1440}
