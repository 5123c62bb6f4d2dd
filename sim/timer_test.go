package sim

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAPatienceTimerThatIsCancelledNeverFires(t *testing.T) {
	k, r, id := newRecorder()
	patience := k.Timer(Minute, Event{Actor: id, Arg: 1})
	k.At(Second, Event{Actor: id, Arg: 2})
	assert.Equal(t, 2, k.Pending())
	assert.True(t, k.Cancel(patience))
	assert.Equal(t, 1, k.Pending())
	assert.False(t, k.Cancel(patience), "a second time")
	for k.Step() {
	}
	assert.Equal(t, []uint32{2}, r.args())
	assert.Equal(t, Second, k.Now(), "the clock does not go to a cancelled event")
	assert.EqualValues(t, 1, k.Fired())
}

func TestATimerThatHasFiredCannotBeCancelled(t *testing.T) {
	k, r, id := newRecorder()
	tm := k.Timer(Second, Event{Actor: id})
	r.then = func(Time, Event) { assert.False(t, k.Cancel(tm), "in its own Handle") }
	assert.True(t, k.Step())
	assert.False(t, k.Cancel(tm))
}

func TestTheZeroTimerIsNoEvent(t *testing.T) {
	k, _, id := newRecorder()
	assert.False(t, k.Cancel(0))
	assert.NotZero(t, k.Timer(0, Event{Actor: id}))
	assert.False(t, k.Cancel(0))
	assert.Equal(t, 1, k.Pending())
}

func TestAStaleHandleDoesNotCancelTheEventThatTookItsPlace(t *testing.T) {
	k, r, id := newRecorder()
	old := k.Timer(Second, Event{Actor: id, Arg: 1})
	k.Step()
	fresh := k.Timer(Minute, Event{Actor: id, Arg: 2})
	assert.NotEqual(t, old, fresh)
	assert.False(t, k.Cancel(old))
	k.Step()
	assert.Equal(t, []uint32{1, 2}, r.args())
}

func TestGenerationsSkipZeroWhenTheyWrap(t *testing.T) {
	k, _, id := newRecorder()
	k.Cancel(k.Timer(Second, Event{Actor: id}))
	k.Step()
	k.timers.table[0].generation = 1<<32 - 1
	assert.True(t, k.Cancel(k.Timer(Second, Event{Actor: id})))
	assert.EqualValues(t, 1, k.timers.table[0].generation)
}

func TestAnEventOfTheCurrentInstantCanBeCancelled(t *testing.T) {
	k, r, id := newRecorder()
	const now = 3 * Second
	scheduledBefore := k.Timer(now, Event{Actor: id, Priority: 1, Arg: 2})
	k.At(now, Event{Actor: id, Arg: 1})
	k.At(now, Event{Actor: id, Priority: 1, Arg: 3})
	r.then = func(now Time, ev Event) {
		if ev.Arg == 1 {
			scheduledNow := k.Timer(now, Event{Actor: id, Arg: 4})
			k.At(now, Event{Actor: id, Arg: 5})
			assert.True(t, k.Cancel(scheduledBefore))
			assert.True(t, k.Cancel(scheduledNow))
		}
	}
	for k.Step() {
	}
	assert.Equal(t, []uint32{1, 5, 3}, r.args())
}

func TestNextPassesOverWhatWasCancelled(t *testing.T) {
	k, r, id := newRecorder()
	var now Timer
	k.At(Second, Event{Actor: id})
	k.At(Hour, Event{Actor: id})
	early := k.Timer(2*Second, Event{Actor: id})
	r.then = func(t Time, _ Event) { now = k.Timer(t, Event{Actor: id}) }
	k.Step()
	assert.Equal(t, Second, k.Next())
	k.Cancel(now)
	assert.Equal(t, 2*Second, k.Next())
	k.Cancel(early)
	assert.Equal(t, Hour, k.Next())
}

func TestCancelledTimersDoNotPileUp(t *testing.T) {
	k, _, id := newRecorder()
	for range 1000 {
		k.At(Day, Event{Actor: id})
	}
	most := 0
	for i := range 200000 {
		tm := k.Timer(Hour+Time(i), Event{Actor: id})
		if i%10 != 0 || i >= 10000 { // 1,000 stay
			k.Cancel(tm)
		}
		most = max(most, k.queue.len)
	}
	assert.Equal(t, 2000, k.Pending())
	assert.LessOrEqual(t, most, 2*2000+65)
	assert.LessOrEqual(t, len(k.timers.table), 1000+2000+65)
	for k.Step() {
	}
	assert.EqualValues(t, 2000, k.Fired())
	assert.Zero(t, k.timers.cancelled)
}
