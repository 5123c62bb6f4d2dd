package limits

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/sim"
)

// charge is the virtual scheduling algorithm of ITU-T Recommendation I.371,
// Annex A (the GCRA of ATM Forum Traffic Management 4.0) for work of any cost,
// as throttled has it: what costs `cost` moves the theoretical arrival time on by
// so much, from now where that has passed, and does not conform if the new one
// lies more than `tolerance` ahead. What does not conform changes nothing; wait
// is the time after which it will, and 0 if it never can.
func charge(tat *sim.Time, now, cost, tolerance sim.Time) (wait sim.Time, ok bool) {
	next := max(*tat, now) + cost
	if early := next - tolerance - now; early > 0 {
		if cost > tolerance {
			early = 0
		}
		return early, false
	}
	*tat = next
	return 0, true
}

// maxSpan is the longest time that a meter reckons with: 73 years, so that sums
// of a few of them are times.
const maxSpan = 1 << 61

// interval is the time between events at a rate a second, truncated to whole
// nanoseconds as in throttled. What a float64 cannot hold of 50/3h must not cost
// a nanosecond: it is truncated past the rounding of the number itself.
func interval(rate float64) (sim.Time, error) {
	if !(rate > 0 && rate <= maxRate) {
		return 0, fmt.Errorf("rate is %v a second, it must be above 0 and at most %v", rate, maxRate)
	}
	t := 1e9 / rate
	if t > maxSpan {
		return 0, fmt.Errorf("rate is %v a second, it must be at least one in 73 years", rate)
	}
	return sim.Time(math.Floor(float64(t * (1 + 0x1p-50)))), nil
}

// whole is a count of at least one as an integer.
func whole(name string, count float64, most float64) (int64, error) {
	n := math.Floor(count + 0.5)
	if !(n >= 1 && n <= most) {
		return 0, fmt.Errorf("%s is %v, it must be 1 to %v", name, count, most)
	}
	return int64(n), nil
}
