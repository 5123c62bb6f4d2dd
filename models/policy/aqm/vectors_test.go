package aqm

import (
	"bufio"
	"cmp"
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
	"github.com/launchday-sim/launchday/sim/rng"
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
// instant. The files take the largest packet for 0 bytes: only the last of the queue
// is never dropped.
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

// An allowance of one update is gone with the next, as in the file, where the caller
// takes it away. Between two updates 40 attempts come to a queue of three or more: each
// adds the probability of the file to a sum, below 0.85 of which none is refused and from
// 8.5 on one must be.
func TestPIEHasTheProbabilityOfTheLinuxKernelAndRefusesByIt(t *testing.T) {
	for file, spec := range map[string]PIESpec{
		"pie_linux_a": {Preset: "source", Variant: "linux", Burst: ms(15)},
		"pie_linux_b": {Preset: "source", Variant: "linux", Burst: ms(15), Target: ms(30), Alpha: 0.25, Beta: 0.75},
	} {
		target := cmp.Or(sim.Time(spec.Target), pieTarget)
		p := build(t, &spec).(*pie)
		var now sim.Time
		sum, refused, key := 0.0, 0, rng.StreamKey(1, 0, file)
		for _, r := range vectors(t, file) {
			where := file + ", row " + r["i"]
			wait, backlog := sim.Time(r.int(t, "qdelay_ns")), int(r.int(t, "backlog"))
			next := p.Tick(&models.Signals{Now: now, LastWait: wait, Waiting: backlog})
			require.Equal(t, now+15*sim.Millisecond, next)
			prob := r.float(t, "prob_after")
			require.InDelta(t, prob, p.prob, 1e-6, where)
			require.Equal(t, r["burst_reset"] == "1", p.allowance > 0, where)
			if r["burst_reset"] == "1" {
				sum = 0
			}
			spared := r["burst_reset"] == "1" || wait < target/2 && prob < 0.2
			for i := range 40 {
				key = key.Child(uint64(i))
				a := &models.Attempt{Request: key, Try: 1, Arrived: now}
				require.Zero(t, p.Admit(a, &models.Signals{Now: now, Waiting: 2}).Reason, "at most two wait")
				out := p.Admit(a, &models.Signals{Now: now, Waiting: 3}).Reason != 0
				if spared {
					require.False(t, out, where)
					continue
				}
				if prob == 0 {
					sum = 0
				}
				sum += prob
				require.False(t, out && sum < 0.85-1e-3, where)
				require.True(t, out || sum < 8.5+1e-3, where)
				if out {
					refused++
					sum = 0
				}
			}
			now = next
		}
		assert.Greater(t, refused, 1000, file)
	}
}
