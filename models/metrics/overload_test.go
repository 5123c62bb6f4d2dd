package metrics

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// played is a course of intervals of a minute in each of which 100 are owed,
// written one a letter:
//
//	.  load 0.7, all served in time          o  load 3, nothing served in time, 10 in all
//	x  load 0.7, nothing in time, 20 in all  d  load 0.7, nothing in time, 150 in all: a backlog is worked off
//	h  load 0.7, 60 in time                  X  load 0.97, nothing in time, 20 in all
//	-  nothing is owed and nothing served     ,  load 0.6, all served in time
//	k  all is kept before the queue           b  load 0.7, nothing in time, 90 in all: servers are busy with useful work
//
// What waits is 500 in an interval with fewer than 90 in time, and 20 otherwise. The
// slo is a minute.
func played(letters string) *course {
	c := &course{slo: 60}
	for i, l := range letters {
		v := map[rune][4]float64{'.': {100, 100, 100, 0.7}, 'o': {100, 0, 10, 3}, 'x': {100, 0, 20, 0.7}, 'd': {100, 0, 150, 0.7}, 'h': {100, 60, 60, 0.7}, 'X': {100, 0, 20, 0.97}, '-': {0, 0, 0, 0}, ',': {100, 100, 100, 0.6}, 'k': {100, 0, 0, 0.7}, 'b': {100, 0, 90, 0.7}}[l]
		waiting := 20.0
		if v[1] < 0.9*v[0] {
			waiting = 500
		}
		w := interval{start: float64(60 * i), width: 60, owed: v[0], good: v[1], due: v[0], prompt: v[1], satisfied: v[2], load: v[3], asked: v[3], useful: v[3] - 0.01, waiting: waiting}
		switch l {
		case 'k':
			w.due = 0
		case 'b':
			w.useful = 1
		}
		c.intervals = append(c.intervals, w)
	}
	return c
}

func TestRecoveryIsFromTheEndOfTheOverloadToTheReturnOfGoodput(t *testing.T) {
	for course, want := range map[string]Figure{
		"....":              Null(), // no trigger
		"..xxx..":           Null(), // goodput was lost, but not to demand
		"..ooo...":          0,
		"..oooxxx..":        180,
		"..ooohhh..":        180,    // 60 % is not recovered
		"..oooxx.x.":        120,    // up to the first return
		"..oooxx..oxxxx.":   240,    // the longest of two
		"..oooxxoxxx.":      180,    // counted from the trigger that came last
		"..oooxx-..":        120,    // where nothing is owed nothing is missing
		"..oooxxxx":         240,    // at least so long
		"..ooo":             Null(), // it has not ended
		"ooox.":             60,
		"..oooXXX..":        180,
		"..ooo" + "dddd...": 240,
	} {
		got, _ := played(course).recovery()
		if want.IsNull() {
			assert.True(t, got.IsNull(), course)
			continue
		}
		assert.Equal(t, want, got, course)
	}
}

func TestTheAreaOfOverloadIsWhatWaitedBeyondCalmTimesUntilRecovery(t *testing.T) {
	assert.Equal(t, Figure(0), played("....").area())
	assert.Equal(t, Figure(5*60*480), played("..oooxx..").area(), "500 for 5 minutes, of whom 20 wait at any time")
	assert.Equal(t, Figure(3*60*500), played("ooo").area(), "without a calm interval all is excess")
}

// Of stretches in which few are owed nothing is known.
func TestWhereFewAreOwedNothingIsDisturbed(t *testing.T) {
	c := played("..x..")
	c.intervals[2].few = true
	assert.Equal(t, Figure(0), c.area())
	c.intervals[2].load = 1
	assert.Equal(t, Figure(60*480), c.area(), "an overload is one all the same")
}

func TestMetastableIsACollapseOfGoodputThatNothingExplains(t *testing.T) {
	x, y := strings.Repeat("x", 10), strings.Repeat(".", 10)
	for _, c := range []struct {
		course       string
		is           Figure
		from, lasted float64 // minutes
		why          string
	}{
		{"............", 0, 0, 0, "a healthy run"},
		{y + "ooo" + x + "..", 1, 13, 10, "10 minutes after the cause is gone"},
		{y + "ooo" + x[1:] + "..", 0, 0, 0, "9 are too few, at an slo of a minute"},
		{",,,ooo" + x + "xx" + y, 1, 6, 12, "the same load is served later"},
		{"ooo" + x + "xx" + y, 0, 0, 0, "none was served before: a cold start"},
		{"ooo" + x + "xxxxxxxxxxxxxxxxxx", 0, 0, 0, "in time is never: the slo is too tight for any load"},
		{",,,,,,,,,,,,ooo" + x + ",,,,,,,,,,,,", 0, 0, 0, "nobody knows whether so much load can be served"},
		{"............" + strings.ReplaceAll(x, "x", "b"), 0, 0, 0, "a long queue by chance: servers do all that they can"},
		{"............" + strings.ReplaceAll(x, "x", "k") + "..", 0, 0, 0, "what a policy keeps is not due"},
		{y + "ooo" + strings.ReplaceAll(x, "x", "h"), 0, 0, 0, "60 % is not collapsed"},
		{y + "ooo" + strings.ReplaceAll(x, "x", "X"), 0, 0, 0, "a load of 97 % explains it"},
		{y + "ooo" + strings.ReplaceAll(x, "x", "o"), 0, 0, 0, "an overload explains it"},
		{y + "ooo" + strings.ReplaceAll(x, "x", "d"), 0, 0, 0, "a backlog that is being worked off"},
		{y + "ooo" + x + "ddd...", 1, 13, 13, "and when it ends in working it off, this belongs to it"},
		{y + "ooo" + x + "..oo" + x + "xx.", 1, 27, 12, "the longest of two"},
		{y + "ooo" + x, 1, 13, 10, "up to the end"},
		{"----------------", 0, 0, 0, "nothing is owed"},
	} {
		is, from, lasted := played(c.course).metastable()
		assert.Equal(t, c.is, is, c.why)
		assert.Equal(t, Figure(60*c.lasted), lasted, c.why)
		assert.Equal(t, c.is == 0, from.IsNull(), c.why)
		if c.is == 1 {
			assert.Equal(t, Figure(60*c.from), from, c.why)
		}
	}
}

func TestGoodputIsWhatIsCompletedWithinTheSLO(t *testing.T) {
	d := open(twoTiers())
	d.serve(1, 9*sim.Second, sim.Second)               // 10 s: in time
	d.serve(2, 9*sim.Second, sim.Second+1)             // later
	d.serve(31, 0, 2*sim.Second)                       // in time
	late := d.come(4, 3*sim.Second, sim.Second)        // its second attempt is served within 4 s
	late.First, late.Try = late.First-20*sim.Second, 2 // but its user has tried for 24
	late.Server, late.Started = 0, d.now
	d.r.Started(d.now, late)
	d.now += sim.Second
	d.r.Released(d.now, late)
	d.r.Ended(d.now, late, models.Completed, 0)
	d.r.Satisfied(d.now, late)
	d.leave(5, sim.Second)
	// The answer to one whom another copy has satisfied is completed, and no gain.
	twice := &models.Attempt{User: 1, First: d.now, Arrived: d.now, Admitted: d.now, Try: 1, Copy: 1, Quality: 1, Orphan: true, Server: -1}
	d.r.Arrived(twice, twice.Service)
	d.now += sim.Second
	d.r.Ended(d.now, twice, models.Completed, 0)
	s := d.close()
	assert.Equal(t, Figure(5), s.All.Completed)
	assert.InDelta(t, (9+1+9+1+2+4)/4.0, float64(s.All.LatencyServedMean), 1e-6, "beside the waits of the same four")
	seconds := float64(d.now+sim.Hour) / 1e9
	assert.InDelta(t, 3/seconds, float64(s.All.GoodputSLOPerS), 1e-12, "three attempts")
	assert.InDelta(t, 4/seconds, float64(s.All.GoodputPerS), 1e-12)
	assert.InDelta(t, 5/seconds, float64(s.All.OfferedPerS), 1e-12)
	assert.InDelta(t, 2/5.0, float64(s.All.SLOAttainment), 1e-12, "two requests of the five that ended")
	assert.Equal(t, Figure(1), s.Paid.SLOAttainment)
}

func TestWithoutAnSLOThereIsNoGoodputAndNoRecovery(t *testing.T) {
	w := twoTiers()
	w.Classes[0].SLO = 0
	d := open(w)
	d.serve(1, sim.Second, sim.Second)
	s := d.close()
	for _, v := range []Figure{s.All.GoodputSLOPerS, s.All.SLOAttainment, s.All.TimeToRecover, s.All.OverloadArea, s.All.Metastable, s.All.MetastableFrom, s.All.MetastableFor} {
		assert.True(t, v.IsNull())
	}
	assert.Equal(t, Figure(1), s.All.RetryAmplification)
}

func TestWorkThatNobodyHasAnythingOfIsWasted(t *testing.T) {
	w := twoTiers()
	w.From = sim.Minute
	r := NewRecorder(w)
	r.Begin(sim.Minute, 0)
	r.Wasted(&models.Attempt{Arrived: 0}, sim.Hour) // of the warm-up
	r.Wasted(&models.Attempt{Arrived: sim.Minute}, 1500*sim.Millisecond)
	r.Wasted(&models.Attempt{Arrived: sim.Minute, Tier: 1}, 2*sim.Second)
	r.CloseInterval(sim.Hour)
	res := r.Result(sim.Hour, 0, r.NewLive())
	assert.Equal(t, Figure(3.5), res.Summary.All.Wasted)
	assert.Equal(t, Figure(2), res.Summary.Paid.Wasted)
	assert.Equal(t, []float64{1.5, 2}, res.Series.Column("wasted_s").Floats)
}

func TestServersThatHealthChecksRestartAreCapacityAllTheSame(t *testing.T) {
	w := twoTiers()
	w.Interval = sim.Hour
	r := NewRecorder(w)
	r.Begin(0, 0)
	r.Capacity(0, 0, 10)
	r.Capacity(30*sim.Minute, 0, 2)
	r.Down(30*sim.Minute, 0, [models.NumDownCauses]int{pRestarting - pDown: 8})
	r.Arrived(&models.Attempt{Try: 1}, 5*sim.Hour)
	r.Arrived(&models.Attempt{Try: 2}, 5*sim.Hour) // a retry is no demand
	r.CloseInterval(sim.Hour)
	res := r.Result(sim.Hour, 0, Live{InSystem: []int64{2, 0}, Open: []int64{0, 0}, Late: []int64{0, 0}})
	require.Equal(t, 1, res.Pools.Len())
	assert.Equal(t, []float64{0.5}, res.Pools.Column("load_past_limits").Floats, "5 of 10 server hours")
	assert.Equal(t, []float64{4}, res.Pools.Column("restarting_mean").Floats)
	assert.Equal(t, Figure(4), res.Summary.GPU.RestartingMean)
	assert.Equal(t, Figure(6), res.Summary.GPU.CapacityMean)
}

func TestWhatALimitRefusesIsNotOwed(t *testing.T) {
	w := twoTiers()
	w.Interval = sim.Hour
	limit := w.Reasons.Add(models.Refusal{Name: "quota", Status: models.TooManyRequests})
	full := w.Reasons.Add(models.Refusal{Name: "queue-full", Status: models.Unavailable})
	r := NewRecorder(w)
	r.Begin(0, 0)
	for k := range 6 {
		a := models.Attempt{Try: 1, Service: 20 * sim.Minute}
		r.Requested(&a)
		r.Arrived(&a, a.Service)
		r.Ended(0, &a, models.Rejected, []models.Reason{limit, full}[k%2])
	}
	r.Capacity(0, 0, 2)
	a := models.Attempt{Tier: 1, Try: 2, Service: 20 * sim.Minute}
	r.Ended(0, &a, models.Rejected, limit) // a retry of an earlier request
	r.CloseInterval(sim.Hour)
	assert.Equal(t, 0.5, r.poolRows[0].load, "three of 20 minutes, in two server hours")
	assert.Equal(t, 3.0, r.course(func(x *cell) bool { return x.tier == 0 }).intervals[0].owed)
	assert.Equal(t, 0.0, r.course(func(x *cell) bool { return x.tier == 1 }).intervals[0].owed)
}

// A user who returns with his wish asks for nothing that he had not asked for before,
// so that a storm of those who return does not look like demand.
func TestAReturnIsTheSameWishAgain(t *testing.T) {
	w := twoTiers()
	w.Interval = sim.Hour
	limit := w.Reasons.Add(models.Refusal{Name: "limit", Status: models.TooManyRequests})
	r := NewRecorder(w)
	r.Begin(0, 0)
	r.Capacity(0, 0, 1)
	for visit := range uint8(4) {
		a := models.Attempt{Try: 1, Visit: visit, Service: 30 * sim.Minute}
		r.Requested(&a)
		r.Arrived(&a, a.Service)
		switch visit {
		case 1:
			r.Kept(0, &a)
		case 2:
			r.Ended(0, &a, models.Rejected, limit)
		default:
			r.Ended(0, &a, models.Abandoned, 0)
		}
	}
	r.CloseInterval(sim.Hour)
	v := r.rowByRow(func(*cell) bool { return true }).intervals[0]
	assert.Equal(t, [4]float64{1, 1, 0.5, 0.5}, [4]float64{v.owed, v.due, v.asked, v.load})
	assert.Equal(t, Figure(4), r.Result(sim.Hour, 0, Live{InSystem: []int64{4, 0}, Open: []int64{4, 0}, Late: []int64{0, 0}}).Summary.All.Requests)
}

// Who refrains asks for nothing. Whose client holds him back is owed something all the
// same, but it is not the service that fails him.
func TestWhatNeverReachesTheServiceIsNotDue(t *testing.T) {
	w := twoTiers()
	w.Interval = sim.Hour
	r := NewRecorder(w)
	r.Begin(0, 0)
	asks := func(visit uint8) *models.Attempt {
		a := &models.Attempt{Try: 1, Visit: visit}
		r.Requested(a)
		return a
	}
	r.Arrived(asks(0), 0)
	r.Suppressed(asks(0))
	r.Refrained(asks(0))
	r.Refrained(asks(1)) // a return
	r.Refrained(&models.Attempt{Try: 2})
	r.CloseInterval(sim.Hour)
	v := r.rowByRow(func(*cell) bool { return true }).intervals[0]
	assert.Equal(t, [2]float64{2, 1}, [2]float64{v.owed, v.due})
	assert.Equal(t, int64(4), r.cells[0].counts[cSuppressed])
}

// A limit that refuses retries hides no storm: what is owed is told by first tries.
func TestARetryThatALimitRefusesIsOwedAllTheSame(t *testing.T) {
	w := twoTiers()
	w.Interval = sim.Hour
	limit := w.Reasons.Add(models.Refusal{Name: "limit", Status: models.TooManyRequests})
	r := NewRecorder(w)
	r.Begin(0, 0)
	a := models.Attempt{Try: 1}
	r.Requested(&a)
	for a.Try = 1; a.Try < 10; a.Try++ {
		r.Arrived(&a, a.Service)
		if a.Try == 1 {
			r.Ended(0, &a, models.TimedOut, 0)
		} else {
			r.Ended(0, &a, models.Rejected, limit)
		}
	}
	r.CloseInterval(sim.Hour)
	assert.Equal(t, 1.0, r.course(func(*cell) bool { return true }).intervals[0].owed)
}

// Who is kept in a waiting room is owed, for he waits; but the service has him to
// serve only from the moment at which he is let in.
func TestWhoIsKeptFallsDueWhenHeGoesOn(t *testing.T) {
	w := twoTiers()
	w.Interval = sim.Hour
	r := NewRecorder(w)
	r.Begin(0, 0)
	var kept [3]models.Attempt
	for i := range kept {
		kept[i] = models.Attempt{Try: 1, Server: 0, Quality: 1}
		r.Requested(&kept[i])
		r.Arrived(&kept[i], 0)
		r.Kept(0, &kept[i])
	}
	r.Unkept(30*sim.Minute, &kept[2]) // he leaves the room
	r.Ended(30*sim.Minute, &kept[2], models.Abandoned, 0)
	r.CloseInterval(sim.Hour)
	later := sim.Hour + 30*sim.Minute
	for i := range kept[:2] {
		a := &kept[i]
		r.WentOn(later, a)
		a.Admitted, a.Started = later, later
		r.Started(later, a)
	}
	for i := range kept[:2] {
		end := later + sim.Time(i+1)*8*sim.Second // of an slo of 10 s
		r.Released(end, &kept[i])
		r.Ended(end, &kept[i], models.Completed, 0)
		r.Satisfied(end, &kept[i])
	}
	r.CloseInterval(2 * sim.Hour)
	c := r.rowByRow(func(*cell) bool { return true }).intervals
	assert.Equal(t, [2]float64{3, 0}, [2]float64{c[0].owed, c[1].owed})
	assert.Equal(t, [2]float64{0, 2}, [2]float64{c[0].due, c[1].due})
	assert.Equal(t, [2]float64{0, 1}, [2]float64{c[0].prompt, c[1].prompt})
	assert.Equal(t, [2]float64{0, 0}, [2]float64{c[0].good, c[1].good}, "an hour and a half is late")
	assert.Equal(t, [2]float64{2.5, 1}, [2]float64{c[0].waiting, c[1].waiting})
}

func TestDegradedAnswersAreWorthTheirQuality(t *testing.T) {
	d := open(twoTiers())
	for i, quality := range []float32{1, 0.5, 0.25} {
		a := d.come(models.User(i), 0, sim.Second)
		a.Quality = quality
		d.r.Ended(d.now, a, models.Completed, 0)
		d.r.Satisfied(d.now, a)
	}
	s := d.close()
	seconds := float64(d.now+sim.Hour) / 1e9
	assert.InDelta(t, 3/seconds, float64(s.All.GoodputSLOPerS), 1e-12)
	assert.InDelta(t, 1.75/seconds, float64(s.All.GoodputQualityPerS), 1e-12)
}

func TestAPromiseThatHasRunOutIsBrokenThoughItsRequestIsOpen(t *testing.T) {
	d := open(twoTiers())
	d.serve(1, 0, sim.Second)
	waits := d.come(2, 0, sim.Second)
	r := d.r
	r.w.To = d.now + 11*sim.Second
	young := &models.Attempt{First: d.now + 2*sim.Second, Arrived: d.now + 2*sim.Second, Try: 1}
	r.Requested(young)
	r.Arrived(young, 0)
	r.CloseInterval(r.w.To)
	l := r.NewLive()
	r.Attempt(l, waits)
	r.Attempt(l, young)
	require.NoError(t, r.Check(l))
	s := r.Result(r.w.To, 0, l).Summary
	assert.Equal(t, Figure(0.5), s.All.SLOAttainment, "one in time, one too late already, and one of whom nobody knows")
}

// Intervals are judged together until they are five times the slo and hold 25 requests:
// what is left at the end belongs to the last.
func TestWhatIsJudgedTogetherIsLongEnoughToSpeak(t *testing.T) {
	c := &course{slo: 10}
	for i := range 20 {
		c.intervals = append(c.intervals, interval{start: float64(10 * i), width: 10, owed: 6, good: 3, due: 6, prompt: float64(i % 2 * 6), satisfied: 6, load: float64(i) / 20, waiting: 4})
	}
	c.intervals[7].owed = -3 // those whom a policy refused had come before
	c.join()
	require.Len(t, c.intervals, 3)
	first := c.intervals[0]
	assert.Equal(t, interval{start: 0, width: 50, owed: 30, good: 15, due: 30, prompt: 12, satisfied: 30, load: 0.1, waiting: 4}, first)
	assert.Equal(t, 50.0, c.intervals[1].start)
	assert.Equal(t, 60.0, c.intervals[1].width, "to where 25 are owed")
	assert.Equal(t, 90.0, c.intervals[2].width, "50, and what is left")

	assert.Equal(t, [3]bool{}, [3]bool{c.intervals[0].few, c.intervals[1].few, c.intervals[2].few})

	c = &course{slo: 10, intervals: []interval{{width: 200, owed: 24}, {width: 10, owed: 1}}}
	c.join()
	require.Len(t, c.intervals, 1)
	assert.False(t, c.intervals[0].few, "with the tail they are enough")

	c = &course{slo: 10, intervals: []interval{{width: 10, owed: 1}}}
	c.join()
	require.Len(t, c.intervals, 1)
	assert.True(t, c.intervals[0].few)
}
