package unit_test

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func ExampleCount() {
	var users unit.Count
	if err := users.UnmarshalText([]byte("500M")); err != nil {
		fmt.Println(err)
	}
	fmt.Println(float64(users), users)
	fmt.Println(users.UnmarshalText([]byte("500 million")))
	// Output:
	// 5e+08 500M
	// "500 million" is not a number: want a count such as 1500 or 2.5M
}

func read[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](text string) (any, error) {
	var v T
	err := P(&v).UnmarshalText([]byte(text))
	return v, err
}

func TestEveryUnitReadsWhatPeopleWrite(t *testing.T) {
	const hour = unit.Duration(sim.Hour)
	perDay, day := 0.6, 86400.0
	for _, c := range []struct {
		read func(string) (any, error)
		text string
		want any
		back string // canonical text
	}{
		{read[unit.Duration], "90s", unit.Duration(90 * sim.Second), "1m30s"},
		{read[unit.Duration], "1h30m", hour + hour/2, "1h30m"},
		{read[unit.Duration], "1.5h", hour + hour/2, "1h30m"},
		{read[unit.Duration], "2d", 48 * hour, "2d"},
		{read[unit.Duration], "1w", 168 * hour, "7d"},
		{read[unit.Duration], "5min", unit.Duration(5 * sim.Minute), "5m"},
		{read[unit.Duration], "250ms", unit.Duration(250 * sim.Millisecond), "250ms"},
		{read[unit.Duration], "1.0000000004s", unit.Duration(sim.Second), "1s"},
		{read[unit.Duration], "0", unit.Duration(0), "0s"},
		{read[unit.Instant], "+26h35m", unit.Instant(26*sim.Hour + 35*sim.Minute), "+1d2h35m"},
		{read[unit.Instant], "-2d", unit.Instant(-48 * sim.Hour), "-2d"},
		{read[unit.Instant], "+0", unit.Instant(0), "+0s"},
		{read[unit.Count], "1500", unit.Count(1500), "1500"},
		{read[unit.Count], "100k", unit.Count(100_000), "100k"},
		{read[unit.Count], "1.5B", unit.Count(1.5e9), "1.5G"},
		{read[unit.Count], "1e3", unit.Count(1000), "1k"},
		{read[unit.Count], "0.94", unit.Count(0.94), "0.94"},
		{read[unit.Rate], "2.5k/s", unit.Rate(2500), "2500/s"},
		{read[unit.Rate], "1M/h", unit.Rate(1e6 / 3600.0), "1M/h"},
		{read[unit.Rate], "50/3h", unit.Rate(50 / 10800.0), "400/d"},
		{read[unit.Rate], "90/min", unit.Rate(1.5), "1.5/s"},
		{read[unit.Rate], "0", unit.Rate(0), "0/s"},
		{read[unit.UserRate], "0.6/d", unit.UserRate(perDay / day), "0.6/d"},
		{read[unit.Share], "30%", unit.Share(0.3), "30%"},
		{read[unit.Share], "0.3", unit.Share(0.3), "30%"},
		{read[unit.Share], "99.95%", unit.Share(0.9995), "99.95%"},
		{read[unit.Share], "1", unit.Share(1), "100%"},
		{read[unit.Factor], "1.5", unit.Factor(1.5), "1.5"},
		{read[unit.Fraction], "1/1000", unit.Fraction(0.001), "1/1000"},
		{read[unit.Fraction], "0.25", unit.Fraction(0.25), "1/4"},
		{read[unit.Fraction], "0.3", unit.Fraction(0.3), "0.3"},
		{read[unit.Fraction], "1", unit.Fraction(1), "1"},
	} {
		got, err := c.read(c.text)
		if assert.NoError(t, err) {
			assert.Equal(t, c.want, got, "%s as %T", c.text, c.want)
			assert.Equal(t, c.back, fmt.Sprint(got), "%T", c.want)
		}
	}
}

func TestEveryUnitSaysWhatWouldBeRight(t *testing.T) {
	for _, c := range []struct {
		read func(string) (any, error)
		text string
		want string
	}{
		{read[unit.Duration], "90", `"90" has no unit: want a duration such as 1h30m`},
		{read[unit.Duration], "-90s", `"-90s" is negative: want a duration such as 1h30m`},
		{read[unit.Duration], "5 minutes", `"5 minutes" has a space in it: want a duration such as 1h30m`},
		{read[unit.Duration], "3y", `"3y" has an unknown unit: want a duration such as 1h30m`},
		{read[unit.Duration], "30m1h", `"30m1h" does not go from long units to short ones: want a duration such as 1h30m`},
		{read[unit.Duration], "1s1s", `"1s1s" does not go from long units to short ones: want a duration such as 1h30m`},
		{read[unit.Duration], "300000d", `"300000d" is longer than 290 years: want a duration such as 1h30m`},
		{read[unit.Duration], "", `is not a duration: want a duration such as 1h30m`},
		{read[unit.Instant], "26h", `"26h" has no sign: want +1d2h, counted from the start`},
		{read[unit.Instant], "2025-03-25", `"2025-03-25" has no time of day: want 2025-03-25T00:00:00Z`},
		{read[unit.Instant], "2025-03-25T18:00:00Z", `"2025-03-25T18:00:00Z" is a date, but there is no start to count from: want an offset such as +26h35m`},
		{read[unit.Instant], "noon", `"noon" is not an instant: want an instant such as +26h35m or 2025-03-25T18:00:00Z`},
		{read[unit.Count], "-3", `"-3" is negative: want a count such as 1500 or 2.5M`},
		{read[unit.Count], "017", `"017" is not a number: want a count such as 1500 or 2.5M`},
		{read[unit.Count], "0x10", `"0x10" is not a number: want a count such as 1500 or 2.5M`},
		{read[unit.Count], ".inf", `".inf" is not a number: want a count such as 1500 or 2.5M`},
		{read[unit.Count], "NaN", `"NaN" is not a number: want a count such as 1500 or 2.5M`},
		{read[unit.Count], "1e999", `"1e999" is out of range: want a count such as 1500 or 2.5M`},
		{read[unit.Count], "1,500", `"1,500" is not a number: want a count such as 1500 or 2.5M`},
		{read[unit.Rate], "100", `"100" has no unit of time: want a rate such as 2.5k/s or 1M/h`},
		{read[unit.Rate], "-1/s", `"-1/s" is negative: want a rate such as 2.5k/s or 1M/h`},
		{read[unit.Rate], "1/0s", `"1/0s" is per no time: want a rate such as 2.5k/s or 1M/h`},
		{read[unit.UserRate], "1/month", `"1/month" has no unit of time: want a rate per user such as 0.6/d`},
		{read[unit.Share], "130%", `"130%" is not between 0% and 100%: want a share from 0% to 100% such as 30%`},
		{read[unit.Factor], "-1", `"-1" is negative: want a factor such as 1.5`},
		{read[unit.Fraction], "0", `"0" is not above 0 and at most 1: want a scale from just above 0 to 1 such as 1/1000`},
		{read[unit.Fraction], "1/0", `"1/0" is not above 0 and at most 1: want a scale from just above 0 to 1 such as 1/1000`},
		{read[unit.Fraction], "1000", `"1000" is not above 0 and at most 1: want a scale from just above 0 to 1 such as 1/1000`},
	} {
		_, err := c.read(c.text)
		assert.EqualError(t, err, c.want)
	}
}

func TestAnInstantMayBeADate(t *testing.T) {
	start := time.Date(2025, 3, 25, 18, 0, 0, 0, time.UTC)
	at, err := unit.ParseInstant("2025-03-26T20:35:00+01:00", start)
	require.NoError(t, err)
	assert.Equal(t, unit.Instant(25*sim.Hour+35*sim.Minute), at)
	_, err = unit.ParseInstant("0001-01-01T00:00:00Z", start)
	assert.ErrorContains(t, err, "too far from the start")
}

// roundTrip checks that a value is written as text that reads as exactly the
// same value, and that the text is its canonical one.
func roundTrip[T comparable, P interface {
	*T
	encoding.TextUnmarshaler
}](t *rapid.T, v T) {
	b, err := any(v).(encoding.TextMarshaler).MarshalText()
	require.NoError(t, err)
	var back T
	require.NoError(t, P(&back).UnmarshalText(b), "%T %v", v, v)
	require.Equal(t, v, back, "%s", b)
	info, ok := unit.Describe(reflect.TypeFor[T]())
	require.True(t, ok)
	require.Regexp(t, info.Pattern, string(b))
}

func TestEveryValueIsWrittenSoThatItReadsBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := math.Abs(rapid.Float64().Draw(t, "any"))
		x := rapid.SampledFrom([]float64{bits, math.Floor(bits), float64(rapid.Uint32().Draw(t, "whole")), math.Mod(bits, 1e6)}).Draw(t, "x")
		roundTrip(t, unit.Count(x))
		roundTrip(t, unit.Factor(x))
		roundTrip(t, unit.Rate(x))
		roundTrip(t, unit.UserRate(x/86400))
		share := rapid.Float64Range(0, 1).Draw(t, "share")
		roundTrip(t, unit.Share(share))
		roundTrip(t, unit.Fraction(max(share, 1e-300)))
		roundTrip(t, unit.Fraction(1/float64(rapid.IntRange(1, 1e6).Draw(t, "n"))))
		ns := rapid.Int64Range(0, 289*365*24*3600*1e9).Draw(t, "ns")
		roundTrip(t, unit.Duration(ns))
		roundTrip(t, unit.Instant(ns))
		roundTrip(t, unit.Instant(-ns))
	})
}

func TestNearestFindsWhatWasMeant(t *testing.T) {
	valid := []string{"nodes", "name", "failures", "gpus_per_node", "speed"}
	for got, want := range map[string]string{
		"nods": "nodes", "ndoes": "nodes", "Nodes": "nodes", "gpu_per_nodes": "gpus_per_node", "failure": "failures",
		"nope": "", "zzz": "", "": "",
	} {
		assert.Equal(t, want, unit.Nearest(got, valid), got)
	}
}
