package paint

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMinutesAreNamedFromTenMinutesOnAndNightsShadedFromADayOn(t *testing.T) {
	for length, want := range map[float64]string{300: "simulated time, s", 4000: "simulated time, min", 5 * 3600: "simulated time, h"} {
		assert.Equal(t, want, counted(length).About)
	}
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	assert.Empty(t, clock(at, 900).shaded)
	assert.NotEmpty(t, clock(at, 86400).shaded)
}

// The names below the time axis must not touch, whatever the length of a run.
func TestNamesOfTheTimeAxisNeverTouch(t *testing.T) {
	const width = 772
	style := Words(9, Black, false)
	for _, dated := range []bool{true, false} {
		for _, length := range []time.Duration{10 * time.Second, 45 * time.Minute, 3 * time.Hour, 26 * time.Hour, 59 * time.Hour, 61 * time.Hour, 9 * 24 * time.Hour, 45 * 24 * time.Hour, 100000 * time.Second, 400 * time.Hour} {
			var start time.Time
			if dated {
				start = time.Date(2025, 3, 25, 18, 18, 31, 0, time.UTC)
			}
			a := NewTimeAxis(start, length, width)
			require.NotEmpty(t, a.Labels, "%v", length)
			ends := map[int]float64{}
			for _, l := range a.Labels {
				middle := l.at / length.Seconds() * width
				half := float64(style.Width(l.Text)) / 2
				if end, ok := ends[l.row]; ok {
					assert.Less(t, end, middle-half, "%v: %s", length, l.Text)
				}
				ends[l.row] = middle + half
			}
		}
	}
}

func TestTicksStandAtRoundValues(t *testing.T) {
	names := func(ts Ticker, lo, hi float64) (out []string) {
		for _, tick := range ts.Ticks(lo, hi) {
			out = append(out, tick.Label)
		}
		return out
	}
	assert.Equal(t, []string{"0", "2 k", "4 k", "6 k"}, names(Ticker{Name: Count, Wanted: 5}, 0, 7700))
	assert.Equal(t, []string{"0", "0.2", "0.4", "0.6", "0.8"}, names(Ticker{Name: Count, Wanted: 5}, 0, 0.97))
	var logs []string
	for _, tick := range (LogTicker{RoundSeconds, KnownSeconds, FinerSeconds, 0.05}).Ticks(0.5, 90000) {
		logs = append(logs, tick.Label)
	}
	assert.Equal(t, []string{"1 s", "10 s", "1 min", "10 min", "1 h", "6 h", "1 d"}, logs)
}
