package limits

import (
	"fmt"

	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim"
)

// A calendar numbers the windows of one length that follow each other without a
// gap since the beginning of 1970 in UTC, so that windows that divide a day
// begin at midnight. The window in which it is set is number 1; 0 is none.
type calendar struct {
	epoch, horizon sim.Time
	length         sim.Time
	first, number  int64 // a window by its ordinal since 1970, and its number
}

func newCalendar(env *policy.Env) calendar {
	return calendar{epoch: env.Epoch, horizon: env.Horizon, number: 1}
}

// set changes the length of the windows. The present one keeps its number, and
// with it what was counted in it.
func (c *calendar) set(length, now sim.Time) error {
	switch {
	case length <= 0:
		return fmt.Errorf("window is %v, it must be more than 0", length)
	case c.horizon/length >= 1<<30:
		return fmt.Errorf("window is %v, it must be at least %v in a run of %v", length, c.horizon>>30+1, c.horizon)
	}
	if c.length != 0 {
		n, _ := c.at(now)
		c.number = int64(n)
	}
	c.length = length
	c.first = floorDiv(int64(c.epoch+now), int64(length))
	return nil
}

// at returns the number of the window at an instant, and how long it has been
// open.
func (c *calendar) at(now sim.Time) (number uint32, elapsed sim.Time) {
	wall := int64(c.epoch + now)
	k := floorDiv(wall, int64(c.length))
	return uint32(k - c.first + c.number), sim.Time(wall - k*int64(c.length))
}

// floorDiv is the quotient rounded down; before 1970 times are negative.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
