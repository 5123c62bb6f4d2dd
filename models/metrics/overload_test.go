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
//	-  nothing is owed and nothing served
//
// What waits is 500 in an interval with fewer than 90 in time, and 20 otherwise.
func played(letters string) *course {
	c := &course{}
	for i, l := range letters {
		v := map[rune][4]float64{'.': {100, 100, 100, 0.7}, 'o': {100, 0, 10, 3}, 'x': {100, 0, 20, 0.7}, 'd': {100, 0, 150, 0.7}, 'h': {100, 60, 60, 0.7}, 'X': {100, 0, 20, 0.97}, '-': {0, 0, 0, 0}}[l]
		waiting := 20.0
		if v[1] < 0.9*v[0] {
			waiting = 500
		}
		c.owed, c.good, c.completed, c.load = append(c.owed, v[0]), append(c.good, v[1]), append(c.completed, v[2]), append(c.load, v[3])
		c.waiting, c.start, c.width = append(c.waiting, waiting), append(c.start, float64(60*i)), append(c.width, 60)
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
		got := played(course).recovery()
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

func TestMetastableIsACollapseOfGoodputThatNothingExplains(t *testing.T) {
	x := strings.Repeat("x", 10)
	for _, c := range []struct {
		course       string
		is           Figure
		from, lasted float64 // minutes
		why          string
	}{
		{"............", 0, 0, 0, "a healthy run"},
		{"..ooo" + x + "..", 1, 5, 10, "10 intervals after the cause is gone"},
		{"..ooo" + x[1:] + "..", 0, 0, 0, "9 are too few"},
		{"..ooo" + strings.ReplaceAll(x, "x", "h"), 0, 0, 0, "60 % is not collapsed"},
		{"..ooo" + strings.ReplaceAll(x, "x", "X"), 0, 0, 0, "a load of 97 % explains it"},
		{"..ooo" + strings.ReplaceAll(x, "x", "o"), 0, 0, 0, "an overload explains it"},
		{"..ooo" + strings.ReplaceAll(x, "x", "d"), 0, 0, 0, "a backlog that is being worked off"},
		{"..ooo" + x + "ddd...", 1, 5, 13, "and when it ends in working it off, this belongs to it"},
		{"..ooo" + x + "..oo" + x + "xx.", 1, 19, 12, "the longest of two"},
		{"..ooo" + x, 1, 5, 10, "up to the end"},
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
	s := d.close()
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
	r.Restarting(30*sim.Minute, 0, 8)
	r.Arrived(&models.Attempt{Try: 1, Service: 5 * sim.Hour})
	r.Arrived(&models.Attempt{Try: 2, Service: 5 * sim.Hour}) // a retry is no demand
	r.CloseInterval(sim.Hour)
	res := r.Result(sim.Hour, 0, Live{InSystem: []int64{2, 0}, Open: []int64{0, 0}})
	require.Equal(t, 2, res.Series.Len())
	assert.Equal(t, []float64{0.5, 0.5}, res.Series.Column("offered_load").Floats, "5 of 10 server hours")
	assert.Equal(t, []float64{4, 4}, res.Series.Column("restarting_mean").Floats)
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
		r.Arrived(&a)
		r.Ended(0, &a, models.Rejected, []models.Reason{limit, full}[k%2])
	}
	r.Capacity(0, 0, 2)
	a := models.Attempt{Tier: 1, Try: 2, Service: 20 * sim.Minute}
	r.Ended(0, &a, models.Rejected, limit) // a retry of an earlier request
	r.CloseInterval(sim.Hour)
	r.pressure = r.loads()
	assert.Equal(t, [][]float64{{0.5}}, r.pressure, "three of 20 minutes, in two server hours")
	assert.Equal(t, []float64{3}, r.course(func(x *cell) bool { return x.tier == 0 }).owed)
	assert.Equal(t, []float64{0}, r.course(func(x *cell) bool { return x.tier == 1 }).owed)
}
