package metrics

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// What a client holds back is a request and no first try; a retry and a second copy
// are attempts and no first tries.
func TestFirstTriesAreThoseThatReachedTheService(t *testing.T) {
	d := open(twoTiers())
	d.serve(1, 0, sim.Second)
	d.r.Requested(&models.Attempt{User: 2, First: d.now, Arrived: d.now, Try: 1})
	d.r.Arrived(&models.Attempt{User: 3, First: d.now, Arrived: d.now, Try: 2}, 0)
	d.r.Arrived(&models.Attempt{User: 3, First: d.now, Arrived: d.now, Try: 1, Copy: 1}, 0)
	d.r.CloseInterval(d.now)
	table := d.r.table()
	sum := func(column string) (n int64) {
		c := table.Column(column)
		require.NotNil(t, c, column)
		for _, v := range c.Ints {
			n += v
		}
		return n
	}
	assert.Equal(t, int64(2), sum("requests"))
	assert.Equal(t, int64(1), sum("first_tries"))
	assert.Equal(t, int64(3), sum("attempts"))
}
