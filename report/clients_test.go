package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
	"github.com/launchday-sim/launchday/sim"
)

// heldRun is the plain queue, whose clients hold back a quarter of the requests.
func heldRun() *Run {
	r := plainQueue()
	t := r.Result.Series
	first, between := metrics.Column{Name: "first_tries", Kind: metrics.Int}, metrics.Column{Name: "retrying_mean", Kind: metrics.Float}
	kept := int64(0)
	for _, n := range t.Column("requests").Ints {
		held := n / 4
		kept += held
		first.Ints = append(first.Ints, n-held)
		between.Floats = append(between.Floats, float64(kept))
	}
	t.Columns = append(t.Columns, first, between)
	f := r.Result.Summary.Classes["job"]
	f.RequestLatency, f.Retrying.Mean = metrics.Spread{Mean: 300, P50: 214, P99: 4000}, 9000
	return r
}

func TestWhatClientsHoldBackIsSaidAndShown(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Text(&b, heldRun(), ""))
	assert.Contains(t, b.String(), "Clients held back first tries of class job: ")
	assert.Contains(t, b.String(), "From the wish to the answer a satisfied request of class job took 3.57 min in the median (p99 1.11 h), where a completed attempt took 3.47 s (p99 23 s).")
	var titles []string
	for _, p := range newTimeline(heldRun()).panels {
		titles = append(titles, p.title)
	}
	assert.Contains(t, titles, "Held by their clients before or between tries")

	b.Reset()
	require.NoError(t, Text(&b, plainQueue(), ""))
	assert.NotContains(t, b.String(), "held back")
	assert.NotContains(t, b.String(), "From the wish")
}

func TestThePanelOfAttemptsShowsTheFirstTriesThatReachedTheService(t *testing.T) {
	r := heldRun()
	tl := newTimeline(r)
	first := newFrame(r).rate("first_tries", func(cell) bool { return true })
	most, _ := paint.Largest(first)
	require.Contains(t, tl.panels[0].title, "Attempts")
	assert.GreaterOrEqual(t, tl.panels[0].plot.Y.Max, most)
	labels := map[string]bool{}
	for _, e := range tl.panels[0].entries {
		labels[e.Label] = true
	}
	assert.True(t, labels["of these, first tries"])
}

func TestTheFirstMomentOfARunIsWrittenOut(t *testing.T) {
	for _, c := range []struct {
		length time.Duration
		at     float64
		want   string
	}{{72 * time.Hour, 0, "+0s"}, {72 * time.Hour, 25240, "+7h1m"}, {72 * time.Hour, 7200, "+2h0m"}, {2 * time.Hour, 1810, "+30m10s"}, {2 * time.Hour, 1800, "+30m"}, {5 * time.Minute, 120, "120 s"}} {
		assert.Equal(t, c.want, (&Run{Duration: c.length}).moment(c.at))
	}
}

func TestATierOfTwoClassesHasALineForEach(t *testing.T) {
	r := plainQueue()
	all := r.Result.Summary.Tiers["all"]
	r.Classes = append(r.Classes, metrics.ClassInfo{Name: "text", Pools: r.Classes[0].Pools, SLO: sim.Second})
	second := *all
	second.Latency.P50 = 77
	all.Classes = map[string]*metrics.Figures{"job": r.Result.Summary.Classes["job"], "text": &second}
	var b bytes.Buffer
	require.NoError(t, Text(&b, r, ""))
	assert.Regexp(t, `all, job +.* 3\.47 s +23 s`, b.String())
	assert.Regexp(t, `all, text +.* 77 s +23 s`, b.String())
}

func TestWhoLeavesARoomIsNotSaidToLeaveAQueue(t *testing.T) {
	r := plainQueue()
	assert.Equal(t, "left the queue", leftWhat(r))
	r.Result.Summary.Classes["job"].Held.Mean = 2
	r.Result.Summary.Classes["job"].WaitUserMean = 3
	r.Classes[0].SLO = sim.Second
	assert.Equal(t, "left the queue or the room", leftWhat(r))
	var b bytes.Buffer
	require.NoError(t, Text(&b, r, ""))
	assert.Contains(t, b.String(), "beyond the time that policies kept them before the queue")
}
