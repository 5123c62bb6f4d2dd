package demand

import (
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A Log is what a file with times in it is read by, and how it is laid on the
// time of the scenario: the beginning of what is read (from, or the first row)
// lies at `at`, and from there on times are multiplied by scale_time.
type Log struct {
	File      string        `yaml:"file" required:"true" doc:"The file, its path from the scenario's folder. Its name ends in .csv (the first line names the columns), .jsonl (an object a line) or .parquet. The resolved scenario names it, with its hash, and does not hold it: keep the file beside the manifest."`
	Time      string        `yaml:"time" doc:"Column of the time."`
	Unit      string        `yaml:"unit" enum:"date,h,m,s,ms,us,ns" doc:"How the time is written: as a date (RFC 3339 or like 2023-11-16 18:15:46.68, UTC where it says nothing else) or as a number in this unit. Without it that of the format, and s otherwise."`
	At        unit.Instant  `yaml:"at" default:"+0s" doc:"When the beginning of what is read comes. What would come before the run is left out."`
	From      unit.Duration `yaml:"from" default:"0s" min:"0s" doc:"Where to begin, counted from the first row, in the file's own time."`
	To        unit.Duration `yaml:"to" default:"0s" min:"0s" doc:"Where to end, counted likewise, this moment not included; 0 is the end of the file."`
	ScaleRate unit.Factor   `yaml:"scale_rate" default:"1" min:"0" doc:"Factor on the rate; the scale of the world multiplies it."`
	ScaleTime unit.Factor   `yaml:"scale_time" default:"1" min:"0.000001" max:"1000000" doc:"Factor on all times: 0.5 is twice as fast, and so twice the rate."`
	Repeat    bool          `yaml:"repeat" default:"no" doc:"Whether it begins anew at its end: after to - from, or else one mean gap between rows after the last."`
	SHA256    string        `yaml:"sha256" doc:"Hash of the file, in hexadecimal digits. Where it is given, the file must have it; the resolved scenario has it written in."`

	share float64 // of the world that is simulated; 0 is all of it
}

// ScaleBy takes note of the share of the world that is simulated.
func (l *Log) ScaleBy(f float64) { l.share = f }

// rate is the factor on the rate at the scale of the run.
func (l *Log) rate() float64 {
	if l.share == 0 {
		return float64(l.ScaleRate)
	}
	return float64(float64(l.ScaleRate) * l.share)
}

// stretched is a span of the file's time in that of the scenario.
func (l *Log) stretched(t sim.Time) sim.Time {
	if l.ScaleTime == 1 || l.ScaleTime == 0 {
		return t
	}
	return sim.FromSeconds(float64(t.Seconds() * float64(l.ScaleTime)))
}

// read reads the file and takes its hash.
func (l *Log) read(files fs.FS, name string, want []Column, row func(cells []string) error) error {
	hash, err := readTable(files, name, want, row)
	if err != nil {
		return err
	}
	return l.hashed(name, hash)
}

// hashed holds the hash of the file against the one that was given.
func (l *Log) hashed(name, hash string) error {
	if l.SHA256 != "" && !strings.EqualFold(l.SHA256, hash) {
		return fmt.Errorf("%s: is not the file that was meant: its sha256 is %s: want that file, or no sha256", name, hash)
	}
	l.SHA256 = hash
	return nil
}

// span is the part of times, counted from the first row, that is read, and the
// time after which it begins anew.
func (l *Log) span(at []sim.Time) (first, last int, period sim.Time, err error) {
	from, to := sim.Time(l.From), sim.Time(l.To)
	if to != 0 && to <= from {
		return 0, 0, 0, fmt.Errorf("to: %v is not behind from: want more than %v", l.To, l.From)
	}
	first, _ = slices.BinarySearch(at, from)
	last = len(at)
	if to != 0 {
		last, _ = slices.BinarySearch(at, to)
	}
	if first == last {
		return 0, 0, 0, fmt.Errorf("from: there is no row between from and to: want a part of the file, which is %v long", unit.Duration(at[len(at)-1]))
	}
	period = to - from
	if to == 0 {
		period = at[last-1] - from
		if n := sim.Time(last - first - 1); n > 0 {
			period += (at[last-1] - at[first]) / n
		}
	}
	if period = l.stretched(period); l.Repeat && period < sim.Millisecond {
		return 0, 0, 0, fmt.Errorf("repeat: what is to be repeated is %v long: want 1ms or more, from the key from to the key to", unit.Duration(max(0, period)))
	}
	return first, last, period, nil
}

// A clock reads the times of a file.
type clock struct {
	unit   string
	layout int // of the last date
}

var units = map[string]sim.Time{"h": sim.Hour, "m": sim.Minute, "s": sim.Second, "ms": sim.Millisecond, "us": sim.Microsecond, "ns": sim.Nanosecond}

// layouts are those in which a date may be written; seconds may have a fraction.
var layouts = []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02 15:04", "2006-01-02"}

// read reads a time: nanoseconds from some origin.
func (c *clock) read(text string) (sim.Time, error) {
	if c.unit == "date" {
		for i := range layouts {
			n := (c.layout + i) % len(layouts)
			if at, err := time.Parse(layouts[n], text); err == nil && at.Year() >= 1700 && at.Year() < 2250 {
				c.layout = n
				return sim.Time(at.UnixNano()), nil
			}
		}
		return 0, fmt.Errorf("%s is no date", quoted(text))
	}
	ns := units[c.unit]
	// The whole part is exact: seconds since 1970 have more digits than a float.
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	part := 0.0
	if err == nil && fraction != "" {
		part, err = strconv.ParseFloat("0."+fraction, 64)
	}
	if err != nil || strings.ContainsAny(text, "eE") {
		x, bad := strconv.ParseFloat(text, 64)
		if isDate(text) {
			return 0, &dated{quoted(text)}
		}
		if bad != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return 0, fmt.Errorf("%s is no number", quoted(text))
		}
		n, part = int64(math.Max(-1e18, math.Min(x, 1e18))), x-math.Trunc(x)
	} else if strings.HasPrefix(whole, "-") {
		part = -part
	}
	if limit := int64(math.MaxInt64/2) / int64(ns); n > limit || n < -limit {
		return 0, fmt.Errorf("%s is out of range", quoted(text))
	}
	return sim.Time(n)*ns + sim.Time(math.Floor(float64(part*float64(ns))+0.5)), nil
}

// isDate reports whether a text is written like a date.
func isDate(text string) bool {
	return slices.ContainsFunc(layouts, func(layout string) bool {
		_, err := time.Parse(layout, text)
		return err == nil
	})
}

// number reads a number of at least 0.
func number(text string) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x >= 0) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%s is no number of at least 0", quoted(text))
	}
	return x, nil
}

// quoted is a text as it stands in an error, cut where it is long.
func quoted(text string) string {
	if len(text) > 60 {
		text = text[:60] + "..."
	}
	return strconv.Quote(text)
}
