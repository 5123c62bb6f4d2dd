package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// twoTiers is a world of two tiers and one class, with an slo of 10 s, and of
// 40 users of whom the first 30 are of the first tier.
func twoTiers() World {
	return World{Scale: 1, To: 10 * sim.Hour, Interval: sim.Minute,
		Tiers: []TierInfo{{Name: "free"}, {Name: "plus", Paid: true}}, Blocks: []Block{{Tier: 0, Users: 30}, {Tier: 1, First: 30, Users: 10}},
		Classes: []ClassInfo{{Name: "image", Pools: []int{0}, SLO: 10 * sim.Second}}, Pools: []string{"gpus"},
		Used: func(models.Tier, models.Class) bool { return true }, Reasons: &models.Reasons{}, Users: 40, UserState: true}
}

// A desk tells a recorder of attempts, one after the other. Its time begins at ten
// minutes, so that those who are served then may have come before.
type desk struct {
	r   *Recorder
	now sim.Time
}

func open(w World) *desk {
	d := &desk{NewRecorder(w), 0}
	d.r.Begin(0, 0)
	d.now = 10 * sim.Minute
	return d
}

func (d *desk) come(u models.User, wait, service sim.Time) *models.Attempt {
	at := d.now - wait
	a := &models.Attempt{User: u, First: at, Arrived: at, Admitted: at, Try: 1, Quality: 1, Service: service, Server: -1, Waited: wait > 0}
	if u >= 30 {
		a.Tier = 1
	}
	d.r.Requested(a)
	d.r.Arrived(a, a.Service)
	d.r.Admitted(a)
	if a.Waited {
		d.r.Queued(d.now, a)
	}
	return a
}

// serve is a request of a user who has waited until now, and is served.
func (d *desk) serve(u models.User, wait, service sim.Time) {
	a := d.come(u, wait, service)
	a.Server, a.Started = 0, d.now
	d.r.Started(d.now, a)
	d.now += service
	d.r.Released(d.now, a)
	d.r.Ended(d.now, a, models.Completed, 0)
	d.r.Satisfied(d.now, a)
}

// leave is a request of a user who has waited until now, and gives up.
func (d *desk) leave(u models.User, wait sim.Time) {
	a := d.come(u, wait, sim.Second)
	d.r.Left(d.now, a)
	d.r.Ended(d.now, a, models.Abandoned, 0)
	d.r.GaveUp(a)
}

func (d *desk) close() Summary {
	d.r.CloseInterval(d.now + sim.Hour)
	return d.r.Result(d.now+sim.Hour, 0, d.r.NewLive()).Summary
}

func TestTheStateOfAUserTakesLessThan16Bytes(t *testing.T) {
	assert.Equal(t, uintptr(14), unsafe.Sizeof(userState{}))
	d := open(twoTiers())
	d.serve(3, 0, sim.Second)
	require.Len(t, d.r.users[0], 40)
	// Beside it a user costs four bits: seen, and satisfied, in the class and in any.
	for _, sets := range [][]bitset{d.r.seen, d.r.satisfied} {
		require.Len(t, sets, 2)
		for _, b := range sets {
			assert.Len(t, b, 1)
		}
	}
}

func TestAUsersWaitCountsOnceHoweverOftenHeAsks(t *testing.T) {
	d := open(twoTiers())
	for range 9 {
		d.serve(1, 2*sim.Second, sim.Second) // 9 requests that wait for 2 s
	}
	d.serve(2, 12*sim.Second, sim.Second) // one that waits for 12
	d.leave(3, 40*sim.Second)             // one that is left after 40
	d.serve(31, 0, sim.Second)            // one of another tier that does not wait
	s := d.close()

	free := s.Tiers["free"]
	assert.InDelta(t, (9*2+12+40)/11.0, float64(free.Wait.Mean), 1e-9, "over attempts")
	assert.InDelta(t, (2+12+40)/3.0, float64(free.WaitUserMean), 1e-9, "over users")
	assert.InDelta(t, (9*2+12)/10.0, float64(free.WaitServedMean), 1e-9, "over satisfied requests")
	assert.InDelta(t, (2+12)/2.0, float64(free.WaitServedUserMean), 1e-9, "over satisfied users")
	assert.InDelta(t, (2+12+40+0)/4.0, float64(s.All.WaitUserMean), 1e-9)
	assert.InDelta(t, (2+12+0)/3.0, float64(s.Classes["image"].WaitServedUserMean), 1e-9)
	assert.Equal(t, Figure(0), s.Paid.WaitUserMean)
	assert.InDelta(t, 2/3.0, float64(free.UsersSatisfiedShare), 1e-9)
}

func TestJainsIndexIsThatOfTheSharesOfRequestsSatisfied(t *testing.T) {
	d := open(twoTiers())
	d.serve(1, 0, sim.Second) // user 1: 1
	d.serve(2, 0, sim.Second) // user 2: 1/2
	d.leave(2, sim.Second)
	d.leave(3, sim.Second) // user 3: 0
	d.serve(30, 0, sim.Second)
	s := d.close()
	assert.InDelta(t, 1.5*1.5/(3*1.25), float64(s.Tiers["free"].JainUsers), 1e-12)
	assert.InDelta(t, 2.5*2.5/(4*2.25), float64(s.All.JainUsers), 1e-12)
	assert.InDelta(t, 1.5*1.5/(2*1.25), float64(s.All.JainTiers), 1e-12, "half of the requests of one tier, all of the other")
	assert.True(t, s.Tiers["free"].JainTiers.IsNull(), "one tier is not compared with itself")
	assert.Equal(t, Figure(1), s.Paid.JainUsers)
}

func TestFiguresOverUsersDoNotDependOnTheOrderOfWhatHappened(t *testing.T) {
	luck := rand.New(rand.NewPCG(3, 5))
	type one struct {
		u    models.User
		wait sim.Time
	}
	var all []one
	for range 2000 {
		all = append(all, one{models.User(luck.IntN(40)), sim.Time(luck.Int64N(int64(sim.Minute)))})
	}
	var want Summary
	for i := range 5 {
		d := open(twoTiers())
		for _, x := range all {
			d.serve(x.u, x.wait, 0)
		}
		s := d.close()
		if i == 0 {
			want = s
		}
		assert.Equal(t, want.All.WaitUserMean, s.All.WaitUserMean)
		assert.Equal(t, want.All.WaitServedUserMean, s.All.WaitServedUserMean)
		assert.Equal(t, want.All.JainUsers, s.All.JainUsers)
		// Close to one another in time, they happen in another order.
		luck.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
}

func TestACountThatIsFullKeepsTheMeanOfWhatItCounted(t *testing.T) {
	var s userState
	for range 70_000 {
		record(&s.wait, &s.waits, 3*sim.Millisecond)
	}
	assert.Equal(t, uint16(math.MaxUint16), s.waits)
	assert.Equal(t, uint32(3*math.MaxUint16), sum32(s.wait))

	s = userState{}
	record(&s.wait, &s.waits, 40*sim.Day)
	record(&s.wait, &s.waits, 40*sim.Day) // would pass the end of the sum
	record(&s.wait, &s.waits, sim.Second)
	assert.Equal(t, uint16(2), s.waits)
	assert.Equal(t, uint32(40*86_400_000+1000), sum32(s.wait))
}

func TestWithoutAStateForUsersTheirFiguresAreNullAndAllOthersTheSame(t *testing.T) {
	var got [2]Summary
	for i := range got {
		w := twoTiers()
		w.UserState = i == 0
		d := open(w)
		for u := range models.User(40) {
			d.serve(u, sim.Time(u%7)*sim.Second, 3*sim.Second)
		}
		got[i] = d.close()
	}
	with := map[string]Figure{}
	got[0].Walk(func(path string, v Figure) { with[path] = v })
	missing := 0
	got[1].Walk(func(path string, v Figure) {
		if math.Float64bits(float64(v)) != math.Float64bits(float64(with[path])) {
			require.True(t, v.IsNull(), path)
			missing++
		}
	})
	assert.Positive(t, missing)
}
