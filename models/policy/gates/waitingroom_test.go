package gates_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/gates"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func room(perMinute, total float64, method string) *gates.WaitingRoomSpec {
	return &gates.WaitingRoomSpec{NewUsersPerMinute: unit.Rate(perMinute / 60), TotalActiveUsers: unit.Count(total), SessionDuration: unit.Duration(5 * sim.Minute), QueueingMethod: method}
}

// A door is a gateway with a line before it.
type door struct {
	*gateway
	line []models.Attempt
	came []models.User // who came in from the line
	next sim.Time      // when it wants to be asked
}

func newDoor(t *testing.T, s policy.Spec) *door {
	return &door{gateway: newGateway(t, "room", 0, s), next: sim.Never}
}

// come brings a user before the door and reports what becomes of him.
func (d *door) come(user models.User) string {
	a := models.Attempt{User: user, Arrived: d.now}
	v := d.Admit(&a, &models.Signals{Now: d.now, Kept: len(d.line)})
	switch {
	case v.Reason != 0:
		return "refused"
	case v.Kept == models.InLine:
		d.line = append(d.line, a)
		d.ask(nil)
		return "waits"
	case v.Kept == models.Aside:
		d.line = append(d.line, a)
		d.ask(nil)
		return "aside"
	}
	return "in"
}

// ask asks the keeper as the chain does.
func (d *door) ask(s *models.Signals) {
	if s == nil {
		s = &models.Signals{}
	}
	for {
		s.Now, s.Kept = d.now, len(d.line)
		n, next := d.Policy.(policy.Keeper).Let(len(d.line), s)
		n = min(n, len(d.line))
		if n <= 0 {
			d.next = next
			return
		}
		for range n {
			a := d.line[0]
			d.line = d.line[1:]
			if r, ok := d.Policy.(policy.Releaser); ok {
				r.Release(&a, d.now)
			}
			d.came = append(d.came, a.User)
		}
	}
}

// until lets time pass, and the keeper be asked when it wants to.
func (d *door) until(t sim.Time) []models.User {
	for len(d.line) > 0 && d.next <= t {
		d.now = d.next
		d.ask(nil)
	}
	d.now = t
	came := d.came
	d.came = nil
	return came
}

func TestUsersComeInUntilTheRateOfNewOnesIsPassedAndTheOthersFollowMinuteByMinute(t *testing.T) {
	d := newDoor(t, room(3, 100, "fifo"))
	for user := range models.User(3) {
		require.Equal(t, "in", d.come(user))
	}
	for user := range models.User(8) {
		require.Equal(t, "waits", d.come(10+user))
	}
	assert.Equal(t, "in", d.come(1), "an active user passes the line")
	assert.Empty(t, d.until(sim.Minute-1))
	assert.Equal(t, []models.User{10, 11, 12}, d.until(sim.Minute))
	assert.Equal(t, "waits", d.come(50), "behind the line, whatever the minute has left")
	assert.Equal(t, []models.User{13, 14, 15}, d.until(3*sim.Minute-1))
	assert.Equal(t, []models.User{16, 17, 50}, d.until(3*sim.Minute))
	assert.Equal(t, "waits", d.come(51))
	assert.Equal(t, []models.User{51}, d.until(4*sim.Minute))
	assert.Equal(t, "in", d.come(52), "the line is empty and the minute is not full")
	assert.Equal(t, "in", d.come(53))
	assert.Equal(t, "waits", d.come(54))
}

func TestNoMoreThanTheTotalAreActiveAndAPlaceComesFreeWhenASessionEnds(t *testing.T) {
	d := newDoor(t, room(100, 2, "fifo"))
	assert.Equal(t, "in", d.come(1))
	d.until(sim.Minute)
	assert.Equal(t, "in", d.come(2))
	assert.Equal(t, "waits", d.come(3))
	assert.Equal(t, "waits", d.come(4))
	d.until(4 * sim.Minute)
	assert.Equal(t, "in", d.come(2), "whose session is renewed by that until 9 min")
	assert.Empty(t, d.until(5*sim.Minute-1))
	assert.Equal(t, []models.User{3}, d.until(5*sim.Minute), "the session of 1 ended")
	assert.Empty(t, d.until(9*sim.Minute-1))
	assert.Equal(t, []models.User{4}, d.until(9*sim.Minute))
	assert.Equal(t, "waits", d.come(2), "a user whose session has ended is a new one")
}

func TestASessionThatIsNotRenewedEndsUnderItsUser(t *testing.T) {
	spec := room(100, 1, "reject")
	spec.DisableRenewal = true
	d := newDoor(t, spec)
	for m := range sim.Time(5) {
		d.now = m * sim.Minute
		require.Equal(t, "in", d.come(1))
		require.Equal(t, "refused", d.come(2))
	}
	d.now = 5 * sim.Minute
	assert.Equal(t, "in", d.come(2))
	assert.Equal(t, "refused", d.come(1))
}

func TestThoseWhoWaitComeInWhenTheirPageReloads(t *testing.T) {
	d := newDoor(t, room(100, 1, "fifo"))
	d.now = 7 * sim.Second
	require.Equal(t, "in", d.come(1))
	require.Equal(t, "waits", d.come(2))
	assert.Empty(t, d.until(5*sim.Minute+20*sim.Second-1), "the session ends at 5m7s")
	assert.Equal(t, []models.User{2}, d.until(5*sim.Minute+20*sim.Second))
}

func TestAnonymousRequestsAreUsersOfOneRequest(t *testing.T) {
	d := newDoor(t, room(100, 2, "reject"))
	assert.Equal(t, "in", d.come(models.Anonymous))
	assert.Equal(t, "in", d.come(models.Anonymous))
	assert.Equal(t, "refused", d.come(models.Anonymous))
	d.now = 5 * sim.Minute
	assert.Equal(t, "in", d.come(models.Anonymous))
}

func TestOneWhoComesInByTwoRequestsTakesOnePlace(t *testing.T) {
	d := newDoor(t, room(100, 2, "fifo"))
	require.Equal(t, "in", d.come(1))
	require.Equal(t, "in", d.come(2))
	for range 3 {
		require.Equal(t, "waits", d.come(3), "in three windows")
	}
	require.Equal(t, "waits", d.come(4))
	assert.Equal(t, []models.User{3, 3}, d.until(5*sim.Minute), "two places came free, and one of them is left")
	assert.Equal(t, []models.User{3}, d.until(5*sim.Minute+20*sim.Second))
	assert.Equal(t, []models.User{4}, d.until(5*sim.Minute+40*sim.Second))
}

func TestPassthroughLetsAllInAndRejectNobodyMoreThanTheLimits(t *testing.T) {
	d := newDoor(t, room(2, 5, "passthrough"))
	for user := range models.User(20) {
		require.Equal(t, "in", d.come(user))
	}
	require.NoError(t, d.Reconfigure(room(2, 21, "reject")))
	d.now = sim.Minute
	require.Equal(t, "in", d.come(30), "the twenty were counted: one place is left")
	a := models.Attempt{User: 31}
	d.now += 15 * sim.Second
	v := d.Admit(&a, &models.Signals{Now: d.now})
	assert.Equal(t, models.Refusal{Name: "room", Status: models.TooManyRequests}, d.env.Reasons.Get(v.Reason))
	assert.Equal(t, 45*sim.Second, v.RetryAfter, "a new minute begins then")
	assert.Equal(t, "in", d.come(5))
}

func TestANewMethodLetsThoseWhoWaitInIfItLetsAllIn(t *testing.T) {
	d := newDoor(t, room(1, 5, "fifo"))
	for user := range models.User(9) {
		d.come(user)
	}
	require.Len(t, d.line, 8)
	require.NoError(t, d.Reconfigure(room(1, 5, "passthrough")))
	d.ask(nil)
	assert.Len(t, d.came, 8)
	assert.Equal(t, "random", newDoor(t, room(1, 5, "random")).Policy.(policy.Keeper).Discipline())
	assert.Equal(t, "fifo", d.Policy.(policy.Keeper).Discipline())
}

func TestARateOfNoWholeNumberAMinuteIsKeptOverTheMinutes(t *testing.T) {
	d := newDoor(t, room(2.5, 1000, "fifo"))
	for user := range models.User(100) {
		d.come(user)
	}
	assert.Len(t, d.line, 98)
	for minutes, come := range map[sim.Time]int{4: 12, 10: 27} { // floor(2.5 (m+1)), the present minute begun
		d := newDoor(t, room(2.5, 1000, "fifo"))
		for user := range models.User(100) {
			d.come(user)
		}
		d.until(minutes * sim.Minute)
		assert.Equal(t, 100-come, len(d.line), "%d minutes", minutes)
	}
}

func TestTheShownWaitIs20To50SecondsOld(t *testing.T) {
	d := newDoor(t, room(6, 1e6, "fifo"))
	lengths := map[sim.Time]int{}
	user := models.User(0)
	for d.now < 4*sim.Minute {
		for range 2 {
			d.come(user)
			user++
		}
		d.until(d.now + sim.Second)
		lengths[d.now] = len(d.line)
		if d.now < 50*sim.Second {
			continue
		}
		a := models.Attempt{User: 1 << 19}
		v := d.Admit(&a, &models.Signals{Now: d.now, Kept: len(d.line)})
		require.Equal(t, models.InLine, v.Kept)
		// The figures of every 30 s, shown from 20 s later on; six a minute come in.
		taken := (d.now - 20*sim.Second) / (30 * sim.Second) * (30 * sim.Second)
		// Two may come, and six go in, at the instant in which they are taken.
		require.InDelta(t, float64(lengths[taken])*10, v.ShownWait.Seconds(), 80.001, "at %v of %v", d.now, taken)
		require.GreaterOrEqual(t, d.now-taken, 20*sim.Second)
		require.Less(t, d.now-taken, 50*sim.Second)
	}
}

func TestSessionsSurviveANewDuration(t *testing.T) {
	d := newDoor(t, room(1000, 3, "reject"))
	require.Equal(t, "in", d.come(1))
	longer := room(1000, 3, "reject")
	longer.SessionDuration = unit.Duration(30 * sim.Minute)
	require.NoError(t, d.Reconfigure(longer))
	require.Equal(t, "in", d.come(2))
	require.NoError(t, d.Reconfigure(room(1000, 3, "reject")))
	d.now = sim.Minute
	require.Equal(t, "in", d.come(3))
	require.Equal(t, "refused", d.come(4))
	d.now = 5 * sim.Minute
	require.Equal(t, "in", d.come(4), "1 is gone")
	require.Equal(t, "refused", d.come(5))
	d.now = 29 * sim.Minute
	for user := models.User(10); user < 12; user++ {
		require.Equal(t, "in", d.come(user))
	}
	require.Equal(t, "refused", d.come(12), "2 is still there")
	require.Equal(t, "in", d.come(2))
	d.now = 2 * sim.Hour
	for user := models.User(20); user < 23; user++ {
		require.Equal(t, "in", d.come(user), "all sessions have ended long ago")
	}
	require.Equal(t, "refused", d.come(23))
}

func TestWrongParametersOfARoomAreRefusedAndChangeNothing(t *testing.T) {
	for want, wrong := range map[string]func(s *gates.WaitingRoomSpec){
		"total_active_users is 0.5, it must be 1 to 2^31":                               func(s *gates.WaitingRoomSpec) { s.TotalActiveUsers = 0.5 },
		"new_users_per_minute is 0 a second, it must be more than 0 and less than 1G/s": func(s *gates.WaitingRoomSpec) { s.NewUsersPerMinute = 0 },
		"session_duration is 1ms, it must be 1s to 1d":                                  func(s *gates.WaitingRoomSpec) { s.SessionDuration = unit.Duration(sim.Millisecond) },
		"queueing_method is \"lifo\", it must be fifo, random, passthrough or reject":   func(s *gates.WaitingRoomSpec) { s.QueueingMethod = "lifo" },
	} {
		d, s := newDoor(t, room(10, 10, "fifo")), room(10, 10, "fifo")
		wrong(s)
		assert.EqualError(t, d.Reconfigure(s), want)
		_, err := s.New(d.env)
		assert.EqualError(t, err, want)
		assert.Equal(t, "in", d.come(1))
	}
}
