package limits

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// A userLog keeps the last `limit` admissions of each user, 4 bytes each: their
// ticks plus one, the oldest first; 0 is none. An attempt is remembered from the
// beginning of its tick, so that it is forgotten early by less than one.
type userLog struct {
	stamps []uint32 // limit a user; made at the first attempt
	limit  int
	users  int
	tick   sim.Time
}

func newUserLog(users int, horizon sim.Time) userLog {
	l := userLog{users: users, tick: sim.Millisecond}
	for horizon/l.tick >= 1<<32-2 { // 49 days
		l.tick *= 10
	}
	return l
}

// admit enters an attempt if fewer than limit of its user came within window.
// Otherwise wait is the time until there is room.
func (l *userLog) admit(user models.User, now, window sim.Time) (wait sim.Time, ok bool) {
	if l.stamps == nil {
		l.stamps = make([]uint32, l.users*l.limit)
	}
	log := l.stamps[int(user)*l.limit:][:l.limit]
	if oldest := log[0]; oldest != 0 {
		if wait := sim.Time(oldest-1)*l.tick + window - now; wait > 0 {
			return wait, false
		}
	}
	copy(log, log[1:])
	log[l.limit-1] = uint32(now/l.tick) + 1
	return 0, true
}

// resize changes the limit and keeps the latest of each user.
func (l *userLog) resize(limit int) {
	if l.stamps != nil && limit != l.limit {
		stamps, keep := make([]uint32, l.users*limit), min(limit, l.limit)
		for u := range l.users {
			copy(stamps[(u+1)*limit-keep:][:keep], l.stamps[(u+1)*l.limit-keep:])
		}
		l.stamps = stamps
	}
	l.limit = limit
}
