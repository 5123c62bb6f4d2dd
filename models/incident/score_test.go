package incident_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

const warmup = 6 * sim.Hour

var clock = incident.Clock{Start: start.UnixNano(), Warmup: warmup}

// run is the result of ten days at a scale, with figures made by of in each of
// the windows that the facts need.
func run(facts []incident.Fact, scale float64, of func(w metrics.Window) *metrics.Figures) *metrics.Result {
	res := &metrics.Result{Summary: metrics.Summary{Scale: scale, From: 0, To: metrics.Figure((10 * sim.Day).Seconds())}}
	for _, w := range incident.Windows(facts, warmup) {
		f := of(w)
		res.Windows = append(res.Windows, metrics.Summary{All: f, Classes: map[string]*metrics.Figures{"signup": f}})
	}
	return res
}

// hour is a fact about the sign-ups of the n-th hour.
func hour(n int64, low, high *unit.Count) incident.Fact {
	return incident.Fact{Name: fmt.Sprintf("hour %d", n), Metric: "classes.signup.completed", Use: incident.Predict,
		From: unit.Instant(sim.Time(n) * sim.Hour), To: unit.Instant(sim.Time(n+1) * sim.Hour), Value: 100, Low: low, High: high}
}

func TestAFigureIsBroughtToFullScaleAndJudgedByItsTolerance(t *testing.T) {
	for _, c := range []struct {
		about     string
		low, high *unit.Count
		simulated metrics.Figure // at a scale of 1/10
		want      incident.Verdict
	}{
		{"inside", count(90), count(120), 10, incident.Hit},
		{"on the lower bound", count(90), count(120), 9, incident.Hit},
		{"on the upper bound", count(90), count(120), 12, incident.Hit},
		{"above by half the width", count(90), count(120), 13.5, incident.Near},
		{"above by more", count(90), count(120), 13.6, incident.Miss},
		{"below by half the width", count(90), count(120), 7.5, incident.Near},
		{"below by more", count(90), count(120), 7.4, incident.Miss},
		{"wide tolerance: a quarter of the bound", count(20), count(120), 1.5, incident.Near},
		{"wide tolerance: 14 of 20 is too few", count(20), count(120), 1.4, incident.Miss},
		{"no upper bound", count(90), nil, 1e6, incident.Hit},
		{"no upper bound: a quarter of the lower", count(100), nil, 7.5, incident.Near},
		{"no upper bound: below that", count(100), nil, 7.4, incident.Miss},
		{"no lower bound", nil, count(120), 0, incident.Hit},
		{"no lower bound: a quarter of the upper", nil, count(120), 15, incident.Near},
		{"an exact figure is hit or missed", count(100), count(100), 10.1, incident.Miss},
	} {
		fs := []incident.Fact{hour(3, c.low, c.high)}
		res := run(fs, 0.1, func(metrics.Window) *metrics.Figures { return &metrics.Figures{Completed: c.simulated} })
		row := incident.Score(fs, res, clock)[0]
		assert.Equal(t, c.want, row.Verdict, c.about)
		assert.InEpsilon(t, 1+10*float64(c.simulated), 1+float64(row.Simulated), 1e-12, c.about)
		assert.InDelta(t, 10*float64(c.simulated)/100-1, float64(row.Residual), 1e-9, c.about)
		assert.Empty(t, row.Why, c.about)
	}
}

func TestWindowsAreInTheKernelsTimeAndEachOnce(t *testing.T) {
	a, b := hour(3, count(1), nil), hour(3, count(2), nil)
	over := hour(5, count(1), nil)
	over.Over = &incident.Span{From: a.From, To: a.To}
	assert.Equal(t, []metrics.Window{
		{From: warmup + 3*sim.Hour, To: warmup + 4*sim.Hour},
		{From: warmup + 5*sim.Hour, To: warmup + 6*sim.Hour},
	}, incident.Windows([]incident.Fact{a, b, over}, warmup))
}

func TestARankIsAmongTheHoursOnBothSidesWholeInTheWindow(t *testing.T) {
	f := hour(0, count(1), count(3))
	f.From, f.To = unit.Instant(90*sim.Minute), unit.Instant(7*sim.Hour)
	f.RankOf = &incident.Span{From: unit.Instant(3*sim.Hour + 10*sim.Minute), To: unit.Instant(4*sim.Hour + 10*sim.Minute)}
	require.NoError(t, f.Check())
	fs := []incident.Fact{f}
	windows := incident.Windows(fs, warmup)
	require.Len(t, windows, 4, "02:10 to 05:10, each hour; 01:10 and 06:10 are cut off")
	assert.Equal(t, metrics.Window{From: warmup + 2*sim.Hour + 10*sim.Minute, To: warmup + 3*sim.Hour + 10*sim.Minute, Counts: true}, windows[0])

	rank := func(signups ...metrics.Figure) metrics.Figure {
		return incident.Score(fs, run(fs, 0.001, func(w metrics.Window) *metrics.Figures {
			for i := range windows {
				if windows[i] == w {
					return &metrics.Figures{Completed: signups[i]}
				}
			}
			return nil
		}), clock)[0].Simulated
	}
	assert.EqualValues(t, 1, rank(5, 9, 8, 7))
	assert.EqualValues(t, 3, rank(9, 5, 4, 6))
	assert.EqualValues(t, 2, rank(1, 5, 5, 3), "a tie counts against it")
	assert.EqualValues(t, 4, rank(0, 0, 0, 0), "an hour like any other is no best hour")

	// Another fact that needs the distributions of one of those hours gets them.
	whole := hour(0, count(1), nil)
	whole.From, whole.To = f.RankOf.From, f.RankOf.To
	assert.False(t, incident.Windows([]incident.Fact{f, whole}, warmup)[1].Counts)
}

func TestAFigureOverThatOfAnotherWindowNeedsNoScale(t *testing.T) {
	f := hour(5, nil, count(0.5))
	f.Over, f.Value = &incident.Span{From: 0, To: unit.Instant(sim.Hour)}, 0.5
	fs := []incident.Fact{f}
	completed := func(first metrics.Figure) incident.Row {
		return incident.Score(fs, run(fs, 0.001, func(w metrics.Window) *metrics.Figures {
			if w.From == warmup {
				return &metrics.Figures{Completed: first}
			}
			return &metrics.Figures{Completed: 4}
		}), clock)[0]
	}
	row := completed(16)
	assert.EqualValues(t, 0.25, row.Simulated)
	assert.EqualValues(t, -0.5, row.Residual)
	assert.Equal(t, incident.Hit, row.Verdict)
	assert.Equal(t, incident.NotScored, completed(0).Verdict, "nothing can be compared with 0")
}

func TestAnInputIsAddedAtFullScale(t *testing.T) {
	f := hour(5, count(1), nil)
	f.Plus = 400
	fs := []incident.Fact{f}
	res := run(fs, 0.1, func(metrics.Window) *metrics.Figures { return &metrics.Figures{Completed: 7} })
	assert.EqualValues(t, 470, incident.Score(fs, res, clock)[0].Simulated)
}

// series has two hours from 10:00 in intervals of half an hour, and a rest that
// a scorer must leave out.
func series() *metrics.Table {
	at := func(minutes int64) int64 { return start.UnixNano() + int64(10*sim.Hour) + minutes*int64(sim.Minute) }
	rows := []struct {
		time                int64
		tier, class         string
		admitted, completed int64
	}{
		{at(-30), "free", "image", 100, 0}, // before the first whole hour
		{at(0), "free", "image", 60, 30},
		{at(0), "plus", "image", 20, 20},
		{at(0), "plus", "signup", 1000, 0}, // another class
		{at(30), "free", "image", 20, 20},
		{at(60), "free", "image", 10, 4},
		{at(90), "free", "image", 10, 8},
		{at(90), "plus", "image", 0, 0},
		{at(120), "free", "image", 0, 0},   // an hour without anyone
		{at(180), "free", "image", 100, 1}, // after the last whole hour
	}
	t := &metrics.Table{Columns: []metrics.Column{{Name: "time", Kind: metrics.Instant}, {Name: "tier"}, {Name: "class"},
		{Name: "admitted", Kind: metrics.Int}, {Name: "admitted_completed", Kind: metrics.Int}}}
	for _, r := range rows {
		t.Columns[0].Ints = append(t.Columns[0].Ints, r.time)
		t.Columns[1].Texts = append(t.Columns[1].Texts, r.tier)
		t.Columns[2].Texts = append(t.Columns[2].Texts, r.class)
		t.Columns[3].Ints = append(t.Columns[3].Ints, r.admitted)
		t.Columns[4].Ints = append(t.Columns[4].Ints, r.completed)
	}
	return t
}

func TestTheLeastShareIsTakenByClockHourOfAdmission(t *testing.T) {
	f := incident.Fact{Name: "alive", Metric: "classes.image.admitted_completed_share", Use: incident.Predict, Value: 0.5, Low: count(0.5), High: count(1),
		From: unit.Instant(9*sim.Hour + sim.Minute), To: unit.Instant(13*sim.Hour + 59*sim.Minute), By: unit.Duration(sim.Hour), Take: "min"}
	require.NoError(t, f.Check())
	fs := []incident.Fact{f}
	assert.Empty(t, incident.Windows(fs, warmup), "the series has it all")
	res := run(fs, 0.001, nil)
	row := incident.Score(fs, res, clock)[0]
	assert.Equal(t, "the run kept no series", row.Why)

	res.Series = series()
	row = incident.Score(fs, res, clock)[0]
	assert.EqualValues(t, 0.6, row.Simulated, "12 of 20 from 11:00; 09:30 and 13:00 are not in whole hours of the window")
	assert.Equal(t, incident.Hit, row.Verdict)

	fs[0].By = unit.Duration(10 * sim.Minute)
	assert.Equal(t, "the series has intervals of 30m0s, longer than 10m0s", incident.Score(fs, res, clock)[0].Why)
	fs[0] = f
	fs[0].Metric = "classes.video.admitted_completed_share"
	assert.Equal(t, "no attempt of class video was admitted in its window", incident.Score(fs, res, clock)[0].Why)
}

func TestWhatWasNotSimulatedIsNotScoredAndSaysWhy(t *testing.T) {
	late, absent, null, waiting := hour(11*24, count(1), nil), hour(1, count(1), nil), hour(2, count(1), nil), hour(3, count(1), nil)
	absent.Metric, null.Metric = "classes.video.completed", "all.load"
	waiting.NotScored = "it needs a detector"
	other := hour(5, count(1), nil)
	other.Over = &incident.Span{From: late.From, To: late.To}
	rank := hour(12*24, count(1), nil)
	rank.From, rank.RankOf = 0, &incident.Span{From: 0, To: unit.Instant(sim.Hour)}
	fs := []incident.Fact{late, absent, null, waiting, other, rank}
	res := run(fs, 0.001, func(metrics.Window) *metrics.Figures { return &metrics.Figures{Completed: 7, Load: metrics.Null()} })
	for i, why := range []string{
		"the run does not cover its window",
		`metric "classes.video.completed" is not in the summary`,
		"all.load is over an empty set in the run",
		"it needs a detector",
		"the run does not cover the window that it is compared with",
		"the run does not cover its window",
	} {
		row := incident.Score(fs, res, clock)[i]
		assert.Equal(t, incident.NotScored, row.Verdict)
		assert.Contains(t, row.Why, why)
		assert.True(t, row.Simulated.IsNull())
		assert.True(t, row.Residual.IsNull())
	}
	res.Windows = nil
	assert.Equal(t, "the run kept no figures of its window", incident.Score(fs, res, clock)[1].Why)
}

func TestAGivenFactIsShownAndNeverCountsAsASuccess(t *testing.T) {
	put, waiting := hour(1, count(50), nil), hour(2, count(50), nil)
	put.Use, waiting.Use, waiting.NotScored = incident.Given, incident.Given, "it needs a detector"
	miss, near := hour(3, count(200), nil), hour(4, count(80), count(90))
	near.Use = incident.Calibrate
	fs := []incident.Fact{put, waiting, miss, near, hour(5, count(100), nil)}
	rows := incident.Score(fs, run(fs, 0.01, func(metrics.Window) *metrics.Figures { return &metrics.Figures{Completed: 1} }), clock)
	assert.Equal(t, incident.WasGiven, rows[0].Verdict)
	assert.EqualValues(t, 100, rows[0].Simulated)
	near.High = count(96)
	assert.Equal(t, []incident.Count{
		{Use: "calibrate", Miss: 1},
		{Use: "predict", Hit: 1, Miss: 1},
		{Use: "given", Given: 1, NotScored: 1},
	}, incident.Tally(rows))

	fs[3] = near
	rows = incident.Score(fs, run(fs, 0.01, func(metrics.Window) *metrics.Figures { return &metrics.Figures{Completed: 1} }), clock)
	assert.Equal(t, incident.Count{Use: "calibrate", Near: 1}, incident.Tally(rows)[0])
}

// The whole record of the launch over a made-up run: every fact but the two
// that need a detector finds its figure.
func TestEveryRowOfTheRecordFindsItsFigure(t *testing.T) {
	fs := facts(t)
	res := &metrics.Result{Summary: metrics.Summary{Scale: 0.001, From: 0, To: metrics.Figure((10 * sim.Day).Seconds())}, Series: series()}
	for range incident.Windows(fs, warmup) {
		image := &metrics.Figures{Completed: 710_000, UsersSatisfied: 131_000, Load: 1.2, CompletedShare: 0.88, Latency: metrics.Spread{P50: 60}}
		res.Windows = append(res.Windows, metrics.Summary{
			All:     &metrics.Figures{ErrorRate: 0.01},
			Paid:    &metrics.Figures{Classes: map[string]*metrics.Figures{"image": image}},
			Classes: map[string]*metrics.Figures{"image": image, "signup": {Completed: 90_000}},
		})
	}
	// The made-up series has its hours on the 25th.
	for i := range res.Series.Columns[0].Ints {
		res.Series.Columns[0].Ints[i] += int64(24 * sim.Hour)
	}
	want := map[string]struct {
		simulated metrics.Figure
		verdict   incident.Verdict
	}{
		"images-by-3-apr":      {710e6, incident.Hit},
		"image-users-by-3-apr": {131e6, incident.Hit},
		"signups-week-1":       {90e6, incident.Hit},
		"signups-best-hour":    {90e6, incident.Miss},
		"best-hour-when":       {211, incident.Miss}, // all hours alike
		"weekly-users":         {490e6, incident.Hit},
		"overload-day-3":       {1.2, incident.Hit},
		"overload-day-5":       {1.2, incident.Hit},
		"alive":                {0, incident.Miss},
		"paid-kept":            {0.88, incident.Hit},
		"slow-images":          {60, incident.Hit},
		"error-spikes":         {metrics.Null(), incident.NotScored},
		"spike-1-apr":          {metrics.Null(), incident.NotScored},
		"stabler":              {1, incident.Miss},
	}
	rows := incident.Score(fs, res, clock)
	require.Len(t, rows, len(want))
	for _, row := range rows {
		w := want[row.Fact.Name]
		assert.Equal(t, w.verdict, row.Verdict, "%s: %s", row.Fact.Name, row.Why)
		if !w.simulated.IsNull() {
			assert.InDelta(t, float64(w.simulated), float64(row.Simulated), 1e-6*float64(w.simulated), row.Fact.Name)
		}
	}
}

func TestAFactThatContradictsItselfIsRefused(t *testing.T) {
	for _, c := range []struct {
		spoil func(*incident.Fact)
		want  string
	}{
		{func(f *incident.Fact) { f.To = f.From }, "fact hour 3: to must be after from"},
		{func(f *incident.Fact) { f.Metric = "" }, "fact hour 3: metric is missing; without one, not_scored must say why"},
		{func(f *incident.Fact) { f.Low, f.High = nil, nil }, "fact hour 3: low and high are both missing: nothing would be a miss"},
		{func(f *incident.Fact) { f.High = count(0.5) }, "fact hour 3: high 0.5 is below low 1"},
		{func(f *incident.Fact) { f.Take = "min" }, "fact hour 3: by and take belong together"},
		{func(f *incident.Fact) { f.By, f.Take = unit.Duration(sim.Hour), "min" }, `fact hour 3: by takes the metric classes.NAME.admitted_completed_share, not "classes.signup.completed"`},
		{func(f *incident.Fact) { f.Over = &incident.Span{} }, "fact hour 3: over: to must be after from"},
		{func(f *incident.Fact) { f.RankOf = &incident.Span{From: f.From, To: f.To + 1} }, "fact hour 3: rank_of must be a window between from and to"},
		{func(f *incident.Fact) { f.Plus, f.Over = 1, &incident.Span{To: 1} }, "fact hour 3: only one of plus, over, rank_of and by can be set"},
	} {
		f := hour(3, count(1), nil)
		require.NoError(t, f.Check())
		c.spoil(&f)
		assert.EqualError(t, f.Check(), c.want)
	}
}

func TestPublishedValuesHaveNoScale(t *testing.T) {
	f := hour(3, count(1), nil)
	before := f
	f.ScaleBy(0.001)
	assert.Equal(t, before, f)
}
