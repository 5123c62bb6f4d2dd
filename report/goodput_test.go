package report

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/sim"
)

// storm is the plain queue with a promise that it does not keep for two thirds
// of the time, without a cause.
func storm() *Run {
	r := plainQueue()
	r.Classes[0].SLO = 10 * sim.Second
	t := r.Result.Series
	n := t.Len()
	good, wasted := metrics.Column{Name: "completed_in_slo", Kind: metrics.Int}, metrics.Column{Name: "wasted_s", Kind: metrics.Float}
	for i, k := range t.Column("completed").Ints {
		lost := 0.0
		if i >= n/3 {
			k, lost = k/5, 900
		}
		good.Ints = append(good.Ints, k)
		wasted.Floats = append(wasted.Floats, lost)
	}
	t.Columns = append(t.Columns, good, wasted)
	from := t.Column("t_s").Floats[n/3]
	f := &metrics.Figures{Metastable: 1, MetastableFrom: metrics.Figure(from), MetastableFor: metrics.Figure(r.Duration.Seconds() - from), TimeToRecover: 7200, Recovered: 1}
	r.Result.Summary.All = f
	r.Result.Summary.Classes = map[string]*metrics.Figures{"job": {Attempts: 5000, Requests: 1000, OfferedPerS: 0.9, GoodputPerS: 0.8, GoodputSLOPerS: 0.3, SLOAttainment: 0.25,
		RetryAmplification: 5, Wasted: 7200, Users: metrics.Null(), UsersSatisfied: metrics.Null(), UsersSatisfiedShare: metrics.Null(), WaitUserMean: metrics.Null()}}
	return r
}

func TestAPromiseHasAPanelAndWhatIsWastedToo(t *testing.T) {
	var titles []string
	for _, p := range newTimeline(storm()).panels {
		titles = append(titles, p.title)
	}
	assert.Equal(t, []string{"Attempts of class job", "Goodput", "Queue", "Latency of completed attempts", "Servers of pool servers", "Wasted work"}, titles)
}

func TestEveryPanelIsShadedWhileTheRunIsMetastableAndOnlyThen(t *testing.T) {
	r := storm()
	tl := newTimeline(r)
	p := tl.picture()
	img := decode(t, p)
	per := float64(img.Bounds().Dx()) / float64(p.Width)
	from, _, ok := r.storm()
	require.True(t, ok)
	for i, area := range tl.areas(p.Height) {
		shaded := [2]int{}
		// A row of pixels just below the upper edge, where no curve runs.
		y := int(float64(p.Height-area.Max.Y+1.5) * per)
		for x := int(float64(area.Min.X)*per) + 2; x < int(float64(area.Max.X)*per)-2; x++ {
			after := 0
			if float64(x)/per > float64(tl.x(from)) {
				after = 1
			}
			red, green, blue, _ := img.At(x, y).RGBA()
			c := stormColour
			if near := func(a uint32, b uint8) bool { return math.Abs(float64(a>>8)-float64(b)) < 3 }; near(red, c.R) && near(green, c.G) && near(blue, c.B) {
				shaded[after]++
			}
		}
		assert.Greater(t, shaded[1], 400, "panel %s", tl.panels[i].title)
		assert.LessOrEqual(t, shaded[0], 2, "panel %s", tl.panels[i].title)
	}
}

func TestTheTextSaysWhetherThePromiseWasKeptAndWhenTheStormWas(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Text(&b, storm(), ""))
	for _, line := range []string{
		"Of class job 10 s was promised: 25 % of the requests that ended had it from the first try; 0.9/s were offered, 0.8/s satisfied, 0.3/s by an attempt that was in time.",
		"Each of its requests took 5 attempts.",
		"Servers worked 2 hours for results that nobody got.",
		"longest recovery  2 h",
		"metastable        18.6 h",
	} {
		assert.Contains(t, b.String(), line)
	}
	assert.NotContains(t, b.String(), "NaN")

	b.Reset()
	require.NoError(t, Text(&b, plainQueue(), ""))
	for _, word := range []string{"promised", "metastable", "recovery", "nobody got"} {
		assert.NotContains(t, b.String(), word, "a run that promises nothing says nothing of it")
	}
}
