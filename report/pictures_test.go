package report

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
)

func TestTheLaunchHasAPanelForEverythingThatHappened(t *testing.T) {
	var titles []string
	for _, p := range newTimeline(launchRun(2557)).panels {
		titles = append(titles, p.title)
	}
	assert.Equal(t, []string{"Attempts of class image", "Queue by tier", "Errors by reason, and users who left", "Refused by the operator's limits",
		"Latency of completed attempts", "Servers of pool images", "Servers of pool signups", "Sign-ups"}, titles)
}

func TestAPlainQueueHasNoEmptyPanels(t *testing.T) {
	tl := newTimeline(plainQueue())
	var titles []string
	for _, p := range tl.panels {
		titles = append(titles, p.title)
	}
	assert.Equal(t, []string{"Attempts of class job", "Queue", "Latency of completed attempts", "Servers of pool servers"}, titles)
	assert.Equal(t, "simulated time, h", tl.axis.About)
	assert.Equal(t, "25", tl.axis.Labels[len(tl.axis.Labels)-1].Text)
	assert.Nil(t, tl.key, "no marks, no key")
}

func TestNothingToShowMakesNoPicture(t *testing.T) {
	r := plainQueue()
	r.Latency, r.Result.Series = nil, nil
	r.Result.Summary.Tiers["all"].Attempts = 0
	assert.Empty(t, pictures(r))
}

// Every line and area of a legend must be seen in its panel: a colour that is
// there is data that was drawn.
func TestEveryPanelShowsWhatItsLegendNames(t *testing.T) {
	for _, r := range []*Run{launchRun(2557), plainQueue()} {
		tl := newTimeline(r)
		p := tl.picture()
		img := decode(t, p)
		for i, area := range tl.areas(p.Height) {
			for _, e := range tl.panels[i].entries {
				if e.As == paint.AsFact || strings.Contains(e.Label, "left the queue") {
					continue // thin signs, which the raster mixes with what lies behind
				}
				assert.NotZero(t, pixels(img, p.Height, area, e.Colour), "%s: %s: %s", r.Name, tl.panels[i].title, e.Label)
			}
		}
	}
}

func TestBarsOfOutcomesFillTheirWholeWidth(t *testing.T) {
	o := newOutcomes(launchRun(600))
	require.Len(t, o.blocks, 2)
	for _, b := range o.blocks {
		for _, bar := range b.bars {
			assert.InDelta(t, 1, paint.Total(bar.shares), 1e-9, "%s of %s", b.title, bar.label)
		}
	}
}

func TestPicturesAreTheSameOnRepeat(t *testing.T) {
	var first [][]byte
	for range 2 {
		var all [][]byte
		for _, p := range pictures(launchRun(300)) {
			img, err := p.PNG()
			require.NoError(t, err)
			vector, err := p.SVG()
			require.NoError(t, err)
			all = append(all, img, vector)
		}
		if first == nil {
			first = all
			continue
		}
		for i := range all {
			assert.True(t, bytes.Equal(first[i], all[i]), "picture %d", i)
		}
	}
}

func TestAnSVGReadsAloud(t *testing.T) {
	for _, p := range pictures(launchRun(600)) {
		svg, err := p.SVG()
		require.NoError(t, err)
		text := string(svg)
		assert.Contains(t, text, `role="img" aria-labelledby="title desc"`)
		assert.Contains(t, text, "<title id=\"title\">The ChatGPT image launch: "+strings.Fields(p.Title)[4])
		assert.Contains(t, text, "Arial,Helvetica,sans-serif")
		assert.Contains(t, text, ">The ChatGPT image launch</text>", "text stays text")
		for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else {
				require.NoError(t, err)
			}
		}
	}
}

// Names of marks: no two overlap, no leader runs through a name, none leaves the
// page; at any distance, number and length.
func TestNamesOfMarksNeverOverlap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	words := []string{"limits", "free tier to the small model", "+800 GPUs", "waiting room on", "a"}
	for range 2000 {
		var marks []Mark
		var x []vg.Length
		for range rnd.IntN(30) {
			marks = append(marks, Mark{Label: words[rnd.IntN(len(words))]})
			x = append(x, vg.Length(leftMargin+rnd.Float64()*rnd.Float64()*(paint.PageWidth-leftMargin-rightMargin)))
		}
		slices.Sort(x)
		h := newMarkHead(marks, x, leftMargin, paint.PageWidth-paint.Margin)
		require.True(t, h.badges || len(marks) < numbered)
		for i, a := range h.boxes {
			require.LessOrEqual(t, a.Max.X, vg.Length(paint.PageWidth-paint.Margin)+badgeSize)
			require.LessOrEqual(t, a.Max.Y, h.height)
			for j, b := range h.boxes {
				if i == j {
					continue
				}
				apart := a.Max.X <= b.Min.X || b.Max.X <= a.Min.X || a.Max.Y <= b.Min.Y || b.Max.Y <= a.Min.Y
				require.True(t, apart, "%v and %v of %v", a, b, x)
				if !h.badges && x[j] > a.Min.X && x[j] < a.Max.X {
					require.LessOrEqual(t, b.Max.Y, a.Min.Y+2, "the leader of %d runs through the name of %d", j, i)
				}
			}
		}
	}
}

func TestBadgesMoveNoFurtherThanTheyMust(t *testing.T) {
	assert.Equal(t, []vg.Length{100, 200}, spread([]vg.Length{100, 200}, 10, 0, 500))
	assert.Equal(t, []vg.Length{95, 105}, spread([]vg.Length{100, 100}, 10, 0, 500))
	assert.Equal(t, []vg.Length{90, 100, 110}, spread([]vg.Length{95, 100, 105}, 10, 0, 500))
	assert.Equal(t, []vg.Length{0, 10}, spread([]vg.Length{0, 0}, 10, 0, 500), "not beyond the left end")
	assert.Equal(t, []vg.Length{490, 500}, spread([]vg.Length{500, 500}, 10, 0, 500), "nor the right one")
}

func TestALineStopsWhereThereIsNoFigure(t *testing.T) {
	nan := math.NaN()
	assert.Equal(t, [][2]int{{1, 3}, {4, 5}}, paint.Runs([]float64{nan, 1, 2, nan, 3, nan}))
	assert.Empty(t, paint.Runs([]float64{nan}))
}

// A published figure is a mean over its window: on a run that covers only a
// part of it, it would lie.
func TestPublishedFiguresAreShownWhereTheirWholeWindowIs(t *testing.T) {
	facts := func(r *Run) (out []string) {
		for _, p := range newTimeline(r).panels {
			for _, e := range p.entries {
				if e.As == paint.AsFact {
					out = append(out, e.Label)
				}
			}
		}
		return out
	}
	assert.Equal(t, []string{"published: 700 M images in 8.86 d", "published: 45 s", "published: 100 M users in 7 d", "published: 1 M users in 1 h"}, facts(launchRun(2557)))
	assert.Empty(t, facts(launchRun(500)))
}

func decode(t *testing.T, p paint.Picture) image.Image {
	t.Helper()
	b, err := p.PNG()
	require.NoError(t, err)
	img, err := png.Decode(bytes.NewReader(b))
	require.NoError(t, err)
	return img
}

// pixels counts those of a colour in an area of a page.
func pixels(img image.Image, height vg.Length, area vg.Rectangle, want color.NRGBA) (n int) {
	const perPoint = paint.DPI / 72.
	for y := int((height - area.Max.Y) * perPoint); y < int((height-area.Min.Y)*perPoint); y++ {
		for x := int(area.Min.X * perPoint); x < int(area.Max.X*perPoint); x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			near := func(a uint32, b uint8) bool { d := int(a>>8) - int(b); return d > -24 && d < 24 }
			if near(r, want.R) && near(g, want.G) && near(b, want.B) {
				n++
			}
		}
	}
	return n
}

// Who is kept before the queue is in no queue: without a panel of its own a waiting
// room would look like a world in which nobody waits.
func TestWhomPoliciesKeepIsSeenInPictureAndText(t *testing.T) {
	r := plainQueue()
	assert.NotContains(t, strings.Join(happened(r, newFrame(r)), "\n"), "kept")
	table := r.Result.Series
	column := metrics.Column{Name: "held_mean", Kind: metrics.Float, Unit: "attempts"}
	for range table.Len() {
		column.Floats = append(column.Floats, 700)
	}
	table.Columns = append(table.Columns, column)
	r.Result.Summary.Classes["job"].Held = metrics.Level{Mean: 700, Max: 900}
	var titles []string
	for _, p := range newTimeline(r).panels {
		titles = append(titles, p.title)
	}
	assert.Contains(t, titles, "Kept before the queue")
	assert.Contains(t, strings.Join(happened(r, newFrame(r)), "\n"), "Before the queue policies kept 700 of class job at a time, on average, 900 at most")
	assert.Contains(t, strings.Join(worst(r, newFrame(r)), "\n"), "most kept by policies")
}
