package limits

import (
	"unsafe"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim"
)

// TakeN is what Admit does of a gcra policy, for n cells at once. It also returns
// the theoretical arrival time and the tolerance.
func TakeN(p policy.Policy, user models.User, now sim.Time, n int64) (wait sim.Time, ok bool, tat, tolerance sim.Time) {
	g := p.(*gcra)
	wait, ok = g.take(user, now, sim.Time(n))
	return wait, ok, *g.tats.of(user), g.tolerance
}

// TokensOf does what Admit of a token-bucket does, for n tokens at once, and returns
// how many whole ones and what part of one are left.
func TokensOf(p policy.Policy, now sim.Time, n int) (ok bool, left float64) {
	b := p.(*tokenBucket)
	ok = b.take(now, uint64(n))
	return ok, float64(b.tokens) + float64(b.part)/0x1p64
}

// Bytes a user of the kinds that keep something for each.
var UserBytes = map[string]uintptr{
	"gcra":                unsafe.Sizeof(scoped[sim.Time]{}.one),
	"fixed-window":        unsafe.Sizeof(windowCount{}),
	"sliding-window":      unsafe.Sizeof(twoCounts{}),
	"requests-and-tokens": unsafe.Sizeof(twoTimes{}),
	"cost-limit":          unsafe.Sizeof(costLimit{}.tats.one),
	"concurrency-limit":   unsafe.Sizeof(concurrencyLimit{}.users.one),
	"user-quota":          unsafe.Sizeof(uint32(0)),
}
