// Package unit is what a scenario is written in: durations, instants, counts,
// rates, shares, factors and distributions, each a type that knows how it is
// read, how it is written and how it scales.
//
// A run may simulate a part of the world. What is extensive (Count, Rate) is
// multiplied by that part; what is intensive stays. The type of a key says
// which it is, and Scale goes by it:
//
//	var limit unit.Count
//	err := limit.UnmarshalText([]byte("2.5M")) // 2,500,000
//	fmt.Println(limit)                         // 2.5M
//	unit.Scale(&spec, 1.0/1000)                // every Count and Rate in spec
//
// Every value is written as text that reads as exactly the same value. The
// errors of reading are of type *Error.
package unit

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/launchday-sim/launchday/sim"
)

// A Duration is a length of time of at least 0, in nanoseconds: 250ms, 90s,
// 1h30m, 2d. Intensive.
type Duration sim.Time

// An Instant is a moment, in nanoseconds after the scenario's start: +26h35m, or
// a date in RFC 3339. Before the start it is negative: -2d. Intensive.
type Instant sim.Time

// A Count is a number of users, nodes, attempts or tokens of the whole world, at
// least 0: 1500, 100k, 500M. Extensive: it is scaled to the nearest whole number,
// and never to 0.
type Count float64

// A Rate is a number per second of the whole world, at least 0: 2.5k/s, 1M/h,
// 50/3h. Extensive.
type Rate float64

// A UserRate is a number per second and user, at least 0: 0.6/d. Intensive.
type UserRate float64

// A Share is a part of a whole, from 0 to 1: 30%, 0.3. Intensive.
type Share float64

// A Factor is a plain number of at least 0: 1.5. Intensive.
type Factor float64

// A Fraction is the share of the world that is simulated, above 0 and at most
// 1: 1/1000. It is what other things are scaled by.
type Fraction float64

// An Error says what is wrong with a text, and what would be right.
type Error struct {
	Text    string // what was read; empty if it is nothing in particular
	Problem string // "has no unit"
	Want    string // "a duration such as 90s"
}

func (e *Error) Error() string {
	if e.Text == "" {
		return e.Problem + ": want " + e.Want
	}
	return fmt.Sprintf("%q %s: want %s", e.Text, e.Problem, e.Want)
}

// An Info describes a type of this package to those who write documentation and
// error messages.
type Info struct {
	Name     string // "duration"
	Example  string // "1h30m"
	Min, Max string // the natural bounds where they are not 0 and none
	Pattern  string // a regular expression for every text that can be right
	Scales   bool   // whether it is extensive
}

// Want is what would be right: "a duration such as 1h30m".
func (i Info) Want() string {
	text := "a " + i.Name
	if i.Name[0] == 'i' {
		text = "an " + i.Name
	}
	if i.Max != "" {
		text += " from " + i.Min + " to " + i.Max
	}
	return text + " such as " + i.Example
}

const (
	numberPattern   = `(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-]?[0-9]+|[kMGBT])?`
	durationPattern = `((0|[1-9][0-9]*)(\.[0-9]+)?(w|d|h|m|min|s|ms|us|µs|ns))+`
	ratePattern     = `^(0|` + numberPattern + `/(` + durationPattern + `|w|d|h|m|min|s|ms|us|µs|ns))$`
)

var infos = map[reflect.Type]Info{
	reflect.TypeFor[Duration](): {Name: "duration", Example: "1h30m", Pattern: `^(0|` + durationPattern + `)$`},
	reflect.TypeFor[Instant](): {Name: "instant", Example: "+26h35m or 2025-03-25T18:00:00Z",
		Pattern: `^([+-](0|` + durationPattern + `)|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))$`},
	reflect.TypeFor[Count]():    {Name: "count", Example: "1500 or 2.5M", Pattern: `^` + numberPattern + `$`, Scales: true},
	reflect.TypeFor[Rate]():     {Name: "rate", Example: "2.5k/s or 1M/h", Pattern: ratePattern, Scales: true},
	reflect.TypeFor[UserRate](): {Name: "rate per user", Example: "0.6/d", Pattern: ratePattern},
	reflect.TypeFor[Share]():    {Name: "share", Example: "30%", Min: "0%", Max: "100%", Pattern: `^` + numberPattern + `%?$`},
	reflect.TypeFor[Factor]():   {Name: "factor", Example: "1.5", Pattern: `^` + numberPattern + `$`},
	reflect.TypeFor[Fraction](): {Name: "scale", Example: "1/1000", Min: "just above 0", Max: "1", Pattern: `^` + numberPattern + `(/` + numberPattern + `)?$`},
	reflect.TypeFor[Dist](): {Name: "distribution of durations", Example: "{dist: lognormal, median: 20s, p99: 1m} or 20s",
		Pattern: `^(0|` + durationPattern + `)$`},
}

// Describe returns what is to be said of a type of this package. Of Dist it
// describes the short form.
func Describe(t reflect.Type) (Info, bool) {
	i, ok := infos[t]
	return i, ok
}

// fault returns the error for a text that is no good value of type T.
func fault[T any](text, problem string) error {
	return &Error{text, problem, infos[reflect.TypeFor[T]()].Want()}
}

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(b []byte) error {
	t, problem := parseDuration(string(b))
	if problem != "" {
		return fault[Duration](string(b), problem)
	}
	*d = Duration(t)
	return nil
}

func (d Duration) String() string { return formatDuration(sim.Time(d)) }

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// ParseInstant reads an instant of a scenario that starts at the given date; the
// zero date is none, and dates cannot be read then.
func ParseInstant(text string, start time.Time) (Instant, error) {
	if span, signed := strings.CutPrefix(text, "+"); signed || strings.HasPrefix(text, "-") {
		before := !signed
		if before {
			span = text[1:]
		}
		t, problem := parseDuration(span)
		if problem != "" {
			return 0, fault[Instant](text, problem)
		}
		if before {
			t = -t
		}
		return Instant(t), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		if d, problem := parseDuration(text); problem == "" {
			return 0, &Error{text, "has no sign", fmt.Sprintf("+%s, counted from the start", formatDuration(d))}
		}
		if _, err := time.Parse(time.DateOnly, text); err == nil {
			return 0, &Error{text, "has no time of day", text + "T00:00:00Z"}
		}
		return 0, fault[Instant](text, "is not an instant")
	}
	if start.IsZero() {
		return 0, &Error{text, "is a date, but there is no start to count from", "an offset such as +26h35m"}
	}
	after := at.Sub(start)
	if after >= maxDuration || after <= -maxDuration {
		return 0, &Error{text, "is too far from the start", "a date within 290 years of it"}
	}
	return Instant(after), nil
}

// UnmarshalText reads an offset from the start; a date needs ParseInstant.
func (i *Instant) UnmarshalText(b []byte) (err error) {
	*i, err = ParseInstant(string(b), time.Time{})
	return err
}

func (i Instant) String() string {
	if i < 0 {
		return "-" + formatDuration(sim.Time(-i))
	}
	return "+" + formatDuration(sim.Time(i))
}

// MarshalText writes the instant as an offset from the start.
func (i Instant) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads a count.
func (c *Count) UnmarshalText(b []byte) error { return parsePositive(c, string(b)) }

func (c Count) String() string { return FormatNumber(float64(c)) }

// MarshalText writes the count.
func (c Count) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a rate.
func (r *Rate) UnmarshalText(b []byte) error { return parseRate(r, string(b)) }

func (r Rate) String() string { return formatRate(float64(r)) }

// MarshalText writes the rate.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a rate per user.
func (r *UserRate) UnmarshalText(b []byte) error { return parseRate(r, string(b)) }

func (r UserRate) String() string { return formatRate(float64(r)) }

// MarshalText writes the rate per user.
func (r UserRate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a share.
func (s *Share) UnmarshalText(b []byte) error {
	number, percent := strings.CutSuffix(string(b), "%")
	shift := 0
	if percent {
		shift = -2
	}
	x, problem := parseNumber(number, shift)
	if problem == "" && !(x >= 0 && x <= 1) {
		problem = "is not between 0% and 100%"
	}
	if problem != "" {
		return fault[Share](string(b), problem)
	}
	*s = Share(x)
	return nil
}

func (s Share) String() string { return decimal(float64(s), 2) + "%" }

// MarshalText writes the share.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a factor.
func (f *Factor) UnmarshalText(b []byte) error { return parsePositive(f, string(b)) }

func (f Factor) String() string { return FormatNumber(float64(f)) }

// MarshalText writes the factor.
func (f Factor) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads a fraction.
func (f *Fraction) UnmarshalText(b []byte) error {
	over, under, divided := strings.Cut(string(b), "/")
	x, problem := parseNumber(over, 0)
	if divided && problem == "" {
		var y float64
		y, problem = parseNumber(under, 0)
		x /= y
	}
	if problem == "" && !(x > 0 && x <= 1) {
		problem = "is not above 0 and at most 1"
	}
	if problem != "" {
		return fault[Fraction](string(b), problem)
	}
	*f = Fraction(x)
	return nil
}

func (f Fraction) String() string {
	if n := math.Floor(1/float64(f) + 0.5); n > 1 && 1/n == float64(f) {
		return "1/" + decimal(n, 0)
	}
	return decimal(float64(f), 0)
}

// MarshalText writes the fraction.
func (f Fraction) MarshalText() ([]byte, error) { return []byte(f.String()), nil }
