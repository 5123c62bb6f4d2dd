package report

import (
	"fmt"
	"image/color"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
)

// manyReasons is a run in which seven limits and five refusals for load had a hand.
func manyReasons() *Run {
	r := launchRun(300)
	for i := range 12 {
		name, status := fmt.Sprintf("reason-%02d", i), models.TooManyRequests
		if i%5 < 2 {
			status = models.Unavailable
		}
		r.Refusals = append(r.Refusals, models.Refusal{Name: name, Status: status})
		for _, tier := range r.Result.Summary.Tiers {
			for _, f := range []*metrics.Figures{tier, tier.Classes["image"]} {
				if f != nil {
					if f.Rejected == nil {
						f.Rejected = map[string]metrics.Figure{}
					}
					f.Rejected[name] = metrics.Figure(1000 - 80*i)
					f.Attempts += f.Rejected[name]
				}
			}
		}
	}
	return r
}

func TestReasonsBeyondTheColoursAreShownTogetherInStripes(t *testing.T) {
	r := manyReasons()
	parts := newOutcomes(r).blocks[0].parts
	seen := map[color.NRGBA]string{}
	var others []string
	for _, p := range parts {
		if p.As == paint.AsStripes {
			others = append(others, p.Label)
			continue
		}
		assert.Empty(t, seen[p.Colour], "%s has the colour of another", p.Label)
		seen[p.Colour] = p.Label
	}
	load, limits := 0, 0
	for _, reason := range reasonsOf(r) {
		if r.refusedForLoad(reason) {
			load++
		} else {
			limits++
		}
	}
	assert.Equal(t, []string{fmt.Sprintf("refused: other reasons (%d)", limits-len(limitColours)), fmt.Sprintf("refused for load: other reasons (%d)", load-len(errorColours))}, others)
	for _, bar := range newOutcomes(r).blocks[0].bars {
		assert.InDelta(t, 1, paint.Total(bar.shares), 0.01, bar.label)
	}
	svg, err := newOutcomes(r).picture().SVG()
	require.NoError(t, err)
	assert.Contains(t, string(svg), ">refused: other reasons (")
}

func TestWhatBecameOfAttemptsLeavesNobodyOut(t *testing.T) {
	r := plainQueue()
	f := r.Result.Summary.Tiers["all"]
	f.Cancelled, f.InSystem = 1000, 500
	f.Attempts += 1500
	text := strings.Join(happened(r, newFrame(r)), "\n")
	assert.Contains(t, text, "1 k were taken back because another copy was answered")
	assert.Contains(t, text, "At the end of the run 500 attempts were still in the system.")
}

func TestAShortRunIsToldByShorterStretchesThanHours(t *testing.T) {
	for duration, want := range map[time.Duration]string{
		9 * 24 * time.Hour: "hour", 2 * time.Hour: "hour", time.Hour: "10 min", 20 * time.Minute: "10 min", 10 * time.Minute: "60 s", 90 * time.Second: "10 s", time.Second: "1 s",
	} {
		assert.Equal(t, want, (&frame{run: &Run{Duration: duration, Interval: duration / 240}}).hour(), duration.String())
	}
}

// Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of
// color vision deficiency", 2009: full protanopia, deuteranopia and tritanopia, on
// linear RGB.
var visions = map[string][3][3]float64{
	"normal": {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protan": {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deutan": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritan": {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// lab is a colour, as it is seen, in CIE 1976 L*a*b*.
func lab(c color.NRGBA, vision [3][3]float64) [3]float64 {
	linear := func(v uint8) float64 {
		if x := float64(v) / 255; x > 0.04045 {
			return math.Pow((x+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	rgb := [3]float64{linear(c.R), linear(c.G), linear(c.B)}
	var seen [3]float64
	for i, row := range vision {
		seen[i] = math.Max(0, math.Min(1, row[0]*rgb[0]+row[1]*rgb[1]+row[2]*rgb[2]))
	}
	f := func(x float64) float64 {
		if x > 0.008856 {
			return math.Cbrt(x)
		}
		return 7.787*x + 16./116
	}
	x := f((0.4124*seen[0] + 0.3576*seen[1] + 0.1805*seen[2]) / 0.95047)
	y := f(0.2126*seen[0] + 0.7152*seen[1] + 0.0722*seen[2])
	z := f((0.0193*seen[0] + 0.1192*seen[1] + 0.9505*seen[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// A difference of 10 is seen at a glance; 2.3 is just noticeable.
func TestTheColoursOfOutcomesAreToldApartWithAnyColourVision(t *testing.T) {
	parts := newOutcomes(manyReasons()).blocks[0].parts
	parts = append(parts, paint.Entry{Label: "timed out", Colour: paint.Vermillion, As: paint.AsArea}, paint.Entry{Label: "taken back", Colour: paint.Yellow, As: paint.AsArea}, paint.Entry{Label: "degraded", Colour: paint.Pale(paint.Green, 0.5), As: paint.AsArea})
	require.Greater(t, len(parts), 12)
	for name, vision := range visions {
		for i, p := range parts {
			for _, q := range parts[:i] {
				if p.Colour == q.Colour {
					continue // stripes, or one that was added above
				}
				a, b := lab(p.Colour, vision), lab(q.Colour, vision)
				distance := math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
				assert.Greater(t, distance, 10., "%s vision: %s and %s", name, p.Label, q.Label)
			}
		}
	}
}
