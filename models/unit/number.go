package unit

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/launchday-sim/launchday/sim"
)

// maxText is the longest text that is read as a number or a duration: every
// float64 has a shorter one.
const maxText = 64

// prefixes are the powers of ten that a letter stands for, those that are
// written first. B is a billion for those who do not say giga.
var prefixes = []struct {
	letter string
	power  int
}{{"k", 3}, {"M", 6}, {"G", 9}, {"T", 12}, {"B", 9}}

// plain is a decimal number without the liberties of YAML and of Go: no 017, no
// 0x10, no .5, no infinities.
var plain = regexp.MustCompile(`^(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)(?:e([+-]?[0-9]+))?$`)

// ParseNumber reads a decimal number, which may have a prefix: 1500, -2.5, 1e-3,
// 500M.
func ParseNumber(text string) (float64, error) {
	x, problem := parseNumber(text, 0)
	if problem != "" {
		return 0, &Error{text, problem, "a number such as 2.5 or 500M"}
	}
	return x, nil
}

// parseNumber returns the number times ten to the power of shift, rounded once,
// or what is wrong with it.
func parseNumber(text string, shift int) (x float64, problem string) {
	if len(text) > maxText {
		return 0, "is too long"
	}
	number := text
	for _, p := range prefixes {
		if s, ok := strings.CutSuffix(text, p.letter); ok && !strings.Contains(s, "e") {
			number, shift = s, shift+p.power
			break
		}
	}
	m := plain.FindStringSubmatch(number)
	if m == nil {
		return 0, "is not a number"
	}
	power := 0
	if m[2] != "" {
		var err error
		if power, err = strconv.Atoi(m[2]); err != nil {
			return 0, "is out of range"
		}
	}
	x, err := strconv.ParseFloat(m[1]+"e"+strconv.Itoa(power+shift), 64)
	if err != nil {
		return 0, "is out of range"
	}
	return x + 0, "" // -0 becomes 0
}

// parsePositive reads a number of at least 0 into one of the types of this
// package.
func parsePositive[T ~float64](to *T, text string) error {
	x, problem := parseNumber(text, 0)
	if problem == "" && x < 0 {
		problem = "is negative"
	}
	if problem != "" {
		return fault[T](text, problem)
	}
	*to = T(x)
	return nil
}

// FormatNumber writes a number as the shortest text that ParseNumber reads as the
// same number, with a prefix where that is shorter.
func FormatNumber(x float64) string {
	best := decimal(x, 0)
	for _, p := range prefixes[:4] {
		if s := decimal(x, -p.power) + p.letter; len(s) < len(best) && !strings.Contains(s, "e") {
			best = s
		}
	}
	return best
}

// decimal writes x times ten to the power of shift, exactly as far as the
// shortest digits of x go.
func decimal(x float64, shift int) string {
	s := strconv.FormatFloat(math.Abs(x), 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	power, err := strconv.Atoi(exponent)
	if err != nil {
		return s // an infinity or no number, which no text reads as
	}
	power += shift
	digits := strings.Replace(mantissa, ".", "", 1)
	sign := ""
	if x < 0 {
		sign = "-"
	}
	switch {
	case x == 0:
		return "0"
	case power < -7 || power > 20:
		return fmt.Sprintf("%s%se%d", sign, mantissa, power)
	case power < 0:
		return sign + "0." + strings.Repeat("0", -power-1) + digits
	case power+1 >= len(digits):
		return sign + digits + strings.Repeat("0", power+1-len(digits))
	}
	return sign + digits[:power+1] + "." + digits[power+1:]
}

// spans are the units of time, from long to short, each with the name that is
// written first.
var spans = []struct {
	names []string
	ns    sim.Time
}{
	{[]string{"w"}, 7 * sim.Day}, {[]string{"d"}, sim.Day}, {[]string{"h"}, sim.Hour}, {[]string{"m", "min"}, sim.Minute}, {[]string{"s"}, sim.Second},
	{[]string{"ms"}, sim.Millisecond}, {[]string{"us", "µs"}, sim.Microsecond}, {[]string{"ns"}, sim.Nanosecond},
}

// maxDuration is where durations end: 290 years.
const maxDuration = 290 * 365 * 24 * 3600 * 1_000_000_000

var component = regexp.MustCompile(`^((?:0|[1-9][0-9]*)(?:\.[0-9]+)?)([a-zµ]*)`)

// parseDuration reads the sum of numbers with units, from long to short. It is
// rounded to the nearest nanosecond once.
func parseDuration(text string) (t sim.Time, problem string) {
	switch {
	case text == "0":
		return 0, ""
	case len(text) > maxText:
		return 0, "is too long"
	case strings.HasPrefix(text, "-"):
		return 0, "is negative"
	}
	sum, next := new(big.Rat), 0
	for rest := text; rest != "" || text == ""; {
		m := component.FindStringSubmatch(rest)
		if m == nil {
			return 0, "is not a duration"
		}
		if m[2] == "" && strings.HasPrefix(rest[len(m[0]):], " ") {
			return 0, "has a space in it"
		}
		if m[2] == "" {
			return 0, "has no unit"
		}
		k := span(m[2])
		if k < 0 {
			return 0, "has an unknown unit"
		}
		if k < next {
			return 0, "does not go from long units to short ones"
		}
		next = k + 1
		part, _ := new(big.Rat).SetString(m[1])
		sum.Add(sum, part.Mul(part, new(big.Rat).SetInt64(int64(spans[k].ns))))
		rest = rest[len(m[0]):]
	}
	sum.Add(sum, big.NewRat(1, 2))
	ns := new(big.Int).Quo(sum.Num(), sum.Denom())
	if !ns.IsInt64() || ns.Int64() >= maxDuration {
		return 0, "is longer than 290 years"
	}
	return sim.Time(ns.Int64()), ""
}

func span(name string) int {
	for k, s := range spans {
		for _, n := range s.names {
			if n == name {
				return k
			}
		}
	}
	return -1
}

// formatDuration writes a duration of at least 0 so that it reads as the same;
// weeks are left out, for people count them in days.
func formatDuration(t sim.Time) string {
	if t == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, s := range spans[1:] {
		if n := t / s.ns; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, s.names[0])
			t %= s.ns
		}
	}
	return b.String()
}

// parseRate reads a number per time, which may be a multiple of a unit: 50/3h. A
// plain 0 is 0 in any unit.
func parseRate[T ~float64](to *T, text string) error {
	if text == "0" {
		*to = 0
		return nil
	}
	number, per, divided := strings.Cut(text, "/")
	if !divided {
		return fault[T](text, "has no unit of time")
	}
	x, problem := parseNumber(number, 0)
	if problem != "" {
		return fault[T](text, problem)
	}
	if x < 0 {
		return fault[T](text, "is negative")
	}
	if span(per) >= 0 {
		per = "1" + per
	}
	t, problem := parseDuration(per)
	switch {
	case problem == "" && t == 0:
		problem = "is per no time"
	case problem == "is not a duration" || problem == "has an unknown unit":
		problem = "has no unit of time"
	}
	if problem != "" {
		return fault[T](text, problem)
	}
	x /= t.Seconds()
	if math.IsInf(x, 1) {
		return fault[T](text, "is out of range")
	}
	*to = T(x)
	return nil
}

// formatRate writes a rate per second, unless that is long and another unit of
// time makes it shorter.
func formatRate(x float64) string {
	best := FormatNumber(x) + "/s"
	if len(best) <= len("2500.5/s") {
		return best
	}
	for _, k := range []int{3, 2, 1} { // m, h, d
		s := FormatNumber(float64(x*spans[k].ns.Seconds())) + "/" + spans[k].names[0]
		var back Rate
		if len(s) < len(best) && parseRate(&back, s) == nil && float64(back) == x {
			best = s
		}
	}
	return best
}
