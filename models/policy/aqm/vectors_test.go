package aqm

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A row is one line of a file of vectors, by the names of its columns.
type row map[string]string

func (r row) int(t testing.TB, column string) int64 {
	n, err := strconv.ParseInt(r[column], 10, 64)
	require.NoError(t, err, "%s of row %s", column, r["i"])
	return n
}

func (r row) float(t testing.TB, column string) float64 {
	x, err := strconv.ParseFloat(r[column], 64)
	require.NoError(t, err, "%s of row %s", column, r["i"])
	return x
}

// vectors reads testdata/name.csv, a copy of what the original decided. What the
// lines that begin with # say is in the file.
func vectors(t testing.TB, name string) (rows []row) {
	f, err := os.Open("testdata/" + name + ".csv")
	require.NoError(t, err)
	defer f.Close()
	var columns []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		switch fields := strings.Split(lines.Text(), ","); {
		case strings.HasPrefix(lines.Text(), "#"):
		case columns == nil:
			columns = fields
		default:
			r := row{}
			for i, c := range columns {
				r[c] = fields[i]
			}
			rows = append(rows, r)
		}
	}
	require.NotEmpty(t, rows)
	return rows
}

func environment() policy.Env {
	return policy.Env{Name: "aqm", Seed: 1, Classes: []string{"image", "chat"}, Reasons: new(models.Reasons), Now: func() sim.Time { return 0 }}
}

func build(t testing.TB, s policy.Spec) policy.Policy {
	t.Helper()
	env := environment()
	p, err := s.New(env)
	require.NoError(t, err)
	if env.Reasons.Len() > 1 {
		require.Equal(t, models.Refusal{Name: "aqm", Status: models.Unavailable}, env.Reasons.Get(1))
	}
	return p
}

func ms(n int64) unit.Duration { return unit.Duration(n * int64(sim.Millisecond)) }

// The queue of the vectors is driven packet by packet; a dequeue that drops takes
// the next at once, as a pool does, and the policy is asked again at the same
// instant.
func TestCoDelDropsWhatItsOriginalsDrop(t *testing.T) {
	for _, tc := range []struct {
		file   string
		spec   CoDelSpec
		within int64 // ns, of the times of the state
	}{
		{"codel_linux_a", CoDelSpec{Preset: "source", Variant: "linux"}, 0},
		{"codel_linux_b", CoDelSpec{Variant: "linux", Target: ms(500), Interval: ms(10_000)}, 0},
		{"port_codel_rfc_a", CoDelSpec{Preset: "source", Variant: "rfc"}, 100},
		{"port_codel_rfc_b", CoDelSpec{Variant: "rfc", Target: ms(500), Interval: ms(10_000)}, 100},
	} {
		p := build(t, &tc.spec).(*codel)
		type packet struct {
			id string
			a  models.Attempt
		}
		var queue []packet
		drops := 0
		for _, r := range vectors(t, tc.file) {
			now := sim.Time(r.int(t, "t_ns"))
			if r["op"] == "enq" {
				queue = append(queue, packet{r["id"], models.Attempt{Arrived: now, Admitted: now}})
				require.Zero(t, p.Admit(&queue[len(queue)-1].a, &models.Signals{Now: now}))
				continue
			}
			var dropped []string
			served := ""
			for served == "" && len(queue) > 0 {
				head := queue[0]
				queue = queue[1:]
				if p.Start(&head.a, &models.Signals{Now: now, Waiting: len(queue)}).Reason != 0 {
					dropped = append(dropped, head.id)
				} else {
					served = head.id
				}
			}
			drops += len(dropped)
			name := tc.file + ", row " + r["i"]
			require.Equal(t, r["dropped"], strings.Join(dropped, " "), name)
			require.Equal(t, r["served"], served, name)
			require.Equal(t, r.int(t, "count"), int64(p.count), name)
			require.Equal(t, r.int(t, "lastcount"), int64(p.last), name)
			require.Equal(t, r["dropping"] == "1", p.dropping, name)
			require.InDelta(t, r.int(t, "first_above_ns"), int64(p.firstAbove), float64(tc.within), name)
			require.InDelta(t, r.int(t, "drop_next_ns"), int64(p.dropNext), float64(tc.within), name)
		}
		assert.Greater(t, drops, 20, "a file without drops proves nothing")
	}
}

func TestFollyCoDelDropsWhatTheOriginalDrops(t *testing.T) {
	for file, spec := range map[string]FollyCoDelSpec{
		"folly_codel_a": {Preset: "source"},
		"folly_codel_b": {Target: ms(800), Interval: ms(12_000)},
	} {
		p := build(t, &spec).(*follyCoDel)
		drops := 0
		for _, r := range vectors(t, file) {
			now, wait := sim.Time(r.int(t, "t_ns")), sim.Time(r.int(t, "delay_ns"))
			v := p.Start(&models.Attempt{Admitted: now - wait}, &models.Signals{Now: now})
			require.Equal(t, r["expire"] == "1", v.Reason != 0, "%s, row %s", file, r["i"])
			require.Equal(t, r.int(t, "min_delay_after_ns"), int64(p.least), "%s, row %s", file, r["i"])
			if v.Reason != 0 {
				drops++
			}
		}
		assert.Greater(t, drops, 20)
	}
}

func TestPIEHasTheProbabilityOfTheLinuxKernel(t *testing.T) {
	for file, spec := range map[string]PIESpec{
		"pie_linux_a": {Preset: "source", Variant: "linux"},
		"pie_linux_b": {Preset: "source", Variant: "linux", Target: ms(30), Alpha: 0.25, Beta: 0.75},
	} {
		p := build(t, &spec).(*pie)
		var now sim.Time
		for _, r := range vectors(t, file) {
			p.allowance = 0
			next := p.Tick(&models.Signals{Now: now, LastWait: sim.Time(r.int(t, "qdelay_ns")), Waiting: int(r.int(t, "backlog"))})
			require.Equal(t, now+15*sim.Millisecond, next)
			require.InDelta(t, r.float(t, "prob_after"), p.prob, 1e-6, "%s, row %s", file, r["i"])
			require.Equal(t, r["burst_reset"] == "1", p.allowance == 150*sim.Millisecond, "%s, row %s", file, r["i"])
			now = next
		}
	}
}
