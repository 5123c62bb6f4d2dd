package limits_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy/limits"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func cells(rate, burst float64, per string) *limits.GCRASpec {
	return &limits.GCRASpec{Rate: unit.Rate(rate), Burst: unit.Count(burst), Per: per}
}

// readRows are those of a vector below its header, without the names of the
// columns. Their meaning stands in the header of the file.
func readRows(t *testing.T, name string) [][]string {
	f, err := os.Open("testdata/" + name + ".csv")
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

func whole(t *testing.T, s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	require.NoError(t, err)
	return n
}

// Every row of testdata/gcra_*.csv: what throttled v2.15.0 decided, for keys
// that are users here. An attempt is one cell; rows of other quantities go by
// what Admit calls. Quantity 0 only looks: it is tried on a copy of the row's
// level, and nothing is to change.
func TestGCRADecidesAsThrottledDoes(t *testing.T) {
	for _, file := range []struct {
		name        string
		rate, burst float64
		refused     int // so that the test is not an empty one
	}{
		{"gcra_a", 20.0 / 60, 5, 64}, {"gcra_b", 7, 1, 95}, {"gcra_c", 50.0 / (3 * 3600), 50, 0},
	} {
		t.Run(file.name, func(t *testing.T) {
			rows := readRows(t, file.name)
			g := newGateway(t, sim.Time(whole(t, rows[0][1])), cells(file.rate, file.burst, "user"))
			var admitted, refused int
			for _, row := range rows {
				at, n := sim.Time(whole(t, row[1])), whole(t, row[3])
				user := models.User(row[2][1] - '0')
				g.now = at
				where := fmt.Sprint(row)

				var wait, tat, tolerance sim.Time
				ok := true
				switch n {
				case 0:
					_, _, tat, tolerance = limits.TakeN(g.Policy, user, at, 0)
					if after := max(tat, at) + tolerance/sim.Time(file.burst) - tolerance - at; after > 0 {
						wait = after
					}
				case 1:
					v := g.try(at, user)
					wait, ok = v.RetryAfter, v.Reason == 0
					_, _, tat, tolerance = limits.TakeN(g.Policy, user, at, 0)
				default:
					wait, ok, tat, tolerance = limits.TakeN(g.Policy, user, at, n)
				}
				require.Equal(t, row[4] == "1", !ok, where)
				if ok {
					admitted++
				} else {
					refused++
				}
				if want := whole(t, row[7]); want >= 0 {
					require.Equal(t, want, int64(wait), where)
				} else {
					require.Zero(t, wait, where)
				}
				if whole(t, row[7]) < 0 && !ok {
					continue // a quantity that can never fit: the library reports nothing in use
				}
				ahead := max(0, tat-at)
				assert.Equal(t, whole(t, row[6]), int64(ahead), where)
				assert.Equal(t, whole(t, row[5]), int64((tolerance-ahead)/(tolerance/sim.Time(file.burst))), where)
			}
			assert.Equal(t, len(rows), admitted+refused)
			assert.Equal(t, file.refused, refused)
		})
	}
}

func TestABurstOfThreePassesAndThenOneASecond(t *testing.T) {
	g := newGateway(t, 0, cells(1, 3, "all"))
	for _, tc := range []struct{ at, retryAfter sim.Time }{
		{0, 0}, {0, 0}, {0, 0}, {0, sim.Second}, {sim.Second / 2, sim.Second / 2}, {sim.Second, 0}, {sim.Second, sim.Second}, {10 * sim.Second, 0},
	} {
		v := g.try(tc.at, models.Anonymous)
		assert.Equal(t, tc.retryAfter, v.RetryAfter, "%+v", tc)
		assert.Equal(t, tc.retryAfter != 0, v.Reason != 0, "%+v", tc)
	}
}

func TestOneUserDoesNotUseUpTheRateOfAnother(t *testing.T) {
	g := newGateway(t, 0, cells(1, 1, "user"))
	assert.Zero(t, g.try(0, 1).Reason)
	assert.NotZero(t, g.try(0, 1).Reason)
	assert.Zero(t, g.try(0, 2).Reason)
	assert.Zero(t, g.try(0, models.Anonymous).Reason)
	assert.Zero(t, g.try(0, models.Anonymous).Reason)
}

func TestANewRateKeepsWhatIsDue(t *testing.T) {
	g := newGateway(t, 0, cells(1, 2, "all"))
	g.try(0, 0)
	g.try(0, 0)
	require.NoError(t, g.Reconfigure(cells(10, 2, "all")))
	assert.Equal(t, 1900*sim.Millisecond, g.try(0, 0).RetryAfter)
	require.Error(t, g.Reconfigure(cells(0, 2, "all")))
	assert.Equal(t, 1900*sim.Millisecond, g.try(0, 0).RetryAfter, "nothing has changed")
}

func TestOnlyWhatAllShareIsScaled(t *testing.T) {
	all, each := cells(1000, 50, "all"), cells(1000, 50, "user")
	unit.Scale(all, 0.1)
	unit.Scale(each, 0.1)
	assert.Equal(t, cells(100, 5, "all"), all)
	assert.Equal(t, cells(1000, 50, "user"), each)
}

func TestAMeterThatCannotBeIsRefused(t *testing.T) {
	for want, s := range map[string]*limits.GCRASpec{
		"rate is 0 a second, it must be above 0 and at most 1e+08":    cells(0, 1, ""),
		"rate is NaN a second, it must be above 0 and at most 1e+08":  cells(math.NaN(), 1, ""),
		"rate is 1e-10 a second, it must be at least one in 73 years": cells(1e-10, 1, ""),
		"burst is 0, it must be 1 to 9.007199254740992e+15":           cells(1, 0, ""),
		"burst is 1e+15, it must be at most 2305843009 at this rate":  cells(1, 1e15, ""),
	} {
		_, err := s.New(newGateway(t, 0, cells(1, 1, "")).env)
		assert.EqualError(t, err, want)
	}
}
