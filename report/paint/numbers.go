package paint

import (
	"math"
	"strconv"
	"strings"
)

// None stands where there is no figure.
const None = "–"

// Digits writes v with three significant digits and no needless zeros.
func Digits(v float64) string {
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

// Count writes a number of things the way people say it: 703 M, 1.2 M, 45.
func Count(v float64) string {
	if math.IsNaN(v) {
		return None
	}
	for _, step := range []struct {
		size float64
		name string
	}{{1e12, " tn"}, {1e9, " bn"}, {1e6, " M"}, {1e3, " k"}} {
		// 999,600 is 1 M, not 1000 k.
		if math.Abs(v) >= step.size*0.9995 {
			return Digits(v/step.size) + step.name
		}
	}
	return Digits(v)
}

// Seconds writes a duration: 45 s, 2.3 min, 1.5 h, 9 d.
func Seconds(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return None
	case a == 0:
		return "0 s"
	case a < 1e-3:
		return Digits(v*1e6) + " µs"
	case a < 1:
		return Digits(v*1e3) + " ms"
	case a < 120:
		return Digits(v) + " s"
	case a < 3600:
		return Digits(v/60) + " min"
	case a < 48*3600:
		return Digits(v/3600) + " h"
	}
	return Digits(v/86400) + " d"
}

// Percent writes a share.
func Percent(v float64) string {
	switch {
	case math.IsNaN(v):
		return None
	case v > 0 && v < 0.001:
		return "<0.1 %"
	case v < 0.1:
		return strconv.FormatFloat(math.Round(v*1000)/10, 'f', -1, 64) + " %"
	case v < 1 && v > 0.995:
		return strconv.FormatFloat(math.Floor(v*1000)/10, 'f', -1, 64) + " %"
	}
	return strconv.FormatFloat(math.Round(v*100), 'f', -1, 64) + " %"
}

// ScaleName writes a share as a fraction of the world: 1/1000.
func ScaleName(scale float64) string {
	if scale == 1 {
		return "1"
	}
	if n := math.Round(1 / scale); math.Abs(n*scale-1) < 1e-9 {
		return "1/" + strconv.FormatFloat(n, 'f', -1, 64)
	}
	return Digits(scale)
}

// Grouped writes a whole number with commas: 20,000.
func Grouped(v float64) string {
	s := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	digits := strings.TrimPrefix(s, "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return s[:len(s)-len(strings.TrimPrefix(s, "-"))] + digits
}
