package gates

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// Sessions are the users who are active: four bytes a user for the second in
// which his session ends, and a count of the sessions that end in each second to
// come, so that nobody is looked at when time passes. Sessions end on whole
// seconds: up to one later than they would.
type sessions struct {
	users  int
	ends   []int32 // by user, in seconds; made at the first session of one who is told apart
	ending []int32 // by second, modulo its length
	length sim.Time
	second int32 // up to which time has passed
	active int
}

// setLength changes how long sessions last that begin or are renewed from now on.
func (x *sessions) setLength(length sim.Time) {
	x.length = length
	n := int(length/sim.Second) + 3
	if n <= len(x.ending) {
		return
	}
	longer := make([]int32, n)
	for s := x.second + 1; s <= x.second+int32(len(x.ending)); s++ {
		longer[int(s)%n] = x.ending[int(s)%len(x.ending)]
	}
	x.ending = longer
}

// pass lets time pass until now.
func (x *sessions) pass(now sim.Time) {
	second := int32(now / sim.Second)
	if int(second-x.second) >= len(x.ending) {
		clear(x.ending)
		x.active, x.second = 0, second
		return
	}
	for x.second < second {
		x.second++
		end := &x.ending[int(x.second)%len(x.ending)]
		x.active -= int(*end)
		*end = 0
	}
}

// has reports whether the user is active.
func (x *sessions) has(u models.User) bool {
	return u != models.Anonymous && x.ends != nil && x.ends[u] > x.second
}

// begin begins or renews the session of a user; that of one who is not told
// apart always begins.
func (x *sessions) begin(u models.User, now sim.Time) {
	end := int32((now + x.length + sim.Second - 1) / sim.Second)
	if x.has(u) {
		x.ending[int(x.ends[u])%len(x.ending)]--
		x.active--
	}
	x.ending[int(end)%len(x.ending)]++
	x.active++
	if u == models.Anonymous {
		return
	}
	if x.ends == nil {
		x.ends = make([]int32, x.users)
	}
	x.ends[u] = end
}
