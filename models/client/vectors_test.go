package client

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// The vectors of testdata are calls of the original implementations with what
// they answered; the header of each file says which, and what its columns mean.

// A vector is one row of a file, by the names of its columns.
type vector map[string]string

func (v vector) int(t *testing.T, column string) int64 {
	n, err := strconv.ParseInt(v[column], 10, 64)
	require.NoError(t, err, "%s of row %s", column, v["i"])
	return n
}

func (v vector) float(t *testing.T, column string) float64 {
	x, err := strconv.ParseFloat(v[column], 64)
	require.NoError(t, err, "%s of row %s", column, v["i"])
	return x
}

func vectors(t *testing.T, name string, rows int) (list []vector) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".csv"))
	require.NoError(t, err)
	defer f.Close()
	var columns []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		cells := strings.Split(lines.Text(), ",")
		switch {
		case strings.HasPrefix(lines.Text(), "#"):
		case columns == nil:
			columns = cells
		default:
			v := vector{}
			for i, c := range columns {
				v[c] = cells[i]
			}
			list = append(list, v)
		}
	}
	require.Len(t, list, rows)
	return list
}

func made[G Guard](t *testing.T, spec GuardSpec) G {
	t.Helper()
	g, err := spec.New(GuardEnv{Name: "app/guard"})
	require.NoError(t, err)
	return g.(G)
}

func TestTheFinagleBudgetDecidesAsFinagle(t *testing.T) {
	for name, tc := range map[string]struct {
		rows int
		spec FinagleBudgetSpec
	}{
		"a": {700, FinagleBudgetSpec{Preset: "source", MinPS: 10, Share: 0.2}},
		"b": {400, FinagleBudgetSpec{TTL: unit.Duration(5 * sim.Second), MinPS: 1, Share: 0.5}},
		"c": {300, FinagleBudgetSpec{TTL: unit.Duration(30 * sim.Second), Share: 0.1}},
	} {
		g := made[*finagleBudget](t, &tc.spec)
		for _, v := range vectors(t, "finagle_budget_"+name, tc.rows) {
			now := sim.Time(v.int(t, "t_ms")) * sim.Millisecond
			if v["op"] == "deposit" {
				g.Allow(now, 0, &models.Attempt{Try: 1})
			} else {
				require.Equal(t, v["ok"] == "1", g.Retry(now, 0, &models.Attempt{Try: 1}, Overloaded), "%s, row %s", name, v["i"])
			}
			require.Equal(t, v.int(t, "balance_after"), g.balance(now, 0), "%s, row %s", name, v["i"])
		}
	}
}

func TestTheAWSBucketDecidesAsTheSDK(t *testing.T) {
	endings := map[string]Ending{"ok": Succeeded, "transient": Broken, "timeout": Timeout, "throttle": Throttled, "fatal": Forbidden}
	for name, tc := range map[string]struct {
		rows int
		spec AWSStandardSpec
	}{
		"a":         {400, AWSStandardSpec{Capacity: 500, Costs: "legacy"}},
		"b":         {300, AWSStandardSpec{Capacity: 60, Costs: "legacy"}},
		"new2026_a": {400, AWSStandardSpec{Capacity: 500, Costs: "new2026"}},
	} {
		g := made[*awsStandard](t, &tc.spec)
		paid := map[string]uint8{}
		for _, v := range vectors(t, "aws_standard_"+name, tc.rows) {
			a := &models.Attempt{Try: uint16(v.int(t, "attempt")), Paid: paid[v["op_id"]]}
			e := endings[v["outcome"]]
			g.Result(0, 0, a, e, true)
			if v["retry_granted"] != "" {
				a.Paid = 0
				require.Equal(t, v["retry_granted"] == "1", g.Retry(0, 0, a, e), "%s, row %s", name, v["i"])
				paid[v["op_id"]] = a.Paid
			}
			require.EqualValues(t, v.int(t, "tokens_after"), g.tokens(0), "%s, row %s", name, v["i"])
		}
	}
}

func TestTheAWSLimiterGoesAsTheSDK(t *testing.T) {
	for _, name := range []string{"a", "b"} {
		g := made[*awsAdaptive](t, &AWSAdaptiveSpec{Preset: "source"})
		for _, v := range vectors(t, "aws_adaptive_"+name, 400) {
			now := sim.Time(v.int(t, "t_ns"))
			row := fmt.Sprintf("%s, row %s", name, v["i"])
			if v["op"] == "acquire" {
				wait, ok := g.Allow(now, 0, &models.Attempt{})
				require.True(t, ok, "it holds nothing back")
				require.Equal(t, v["ok"] == "1", wait == 0, row)
				if v["ok"] == "0" {
					require.InDelta(t, v.int(t, "wait_ns"), int64(wait), 2, row)
				}
			} else {
				e := Succeeded
				if v["throttled"] == "1" {
					e = Throttled
				}
				g.Result(now, 0, &models.Attempt{}, e, false)
			}
			l := &g.processes[0]
			require.Equal(t, v["enabled"] == "1", l.on, row)
			for column, got := range map[string]float64{"calculated_rate": l.calculated, "measured_tx_rate": l.measured,
				"last_max_rate": l.lastMax, "time_window_s": l.timeWindow, "tokens": l.tokens, "capacity": l.capacity, "fill_rate": l.fill} {
				want := v.float(t, column)
				require.InDelta(t, want, got, 1e-7*math.Max(1, math.Abs(want)), "%s of %s", column, row)
			}
		}
	}
}

func TestTheGRPCThrottleDecidesAsGRPC(t *testing.T) {
	for name, spec := range map[string]GRPCThrottleSpec{"a": {MaxTokens: 10, TokenRatio: 0.1}, "b": {MaxTokens: 25, TokenRatio: 0.75}} {
		g := made[*grpcThrottle](t, &spec)
		for _, v := range vectors(t, "grpc_throttle_"+name, 300) {
			if v["op"] == "success" {
				g.Result(0, 0, nil, Succeeded, false)
			} else {
				g.Result(0, 0, nil, Overloaded, true)
				require.Equal(t, v["throttled"] == "1", !g.Retry(0, 0, nil, Overloaded), "%s, row %s", name, v["i"])
			}
			require.InDelta(t, v.float(t, "tokens_after"), g.tokens[0], 1e-9, "%s, row %s", name, v["i"])
		}
	}
}

func TestTheFailsafeThrottlerRejectsAsFailsafe(t *testing.T) {
	for name, spec := range map[string]AdaptiveThrottlingSpec{
		"a": {Preset: "source", Variant: "failsafe", K: 2, FailureShare: 0.1, MaxRejection: 0.9},
		"b": {Window: unit.Duration(20 * sim.Second), Variant: "failsafe", K: 2, FailureShare: 0.5, MinResults: 10, MaxRejection: 1},
	} {
		g := made[*adaptiveThrottling](t, &spec)
		for _, v := range vectors(t, "failsafe_throttler_"+name, 400) {
			now := sim.Time(v.int(t, "t_ns"))
			switch v["op"] {
			case "permit":
				_, ok := g.Allow(now, 0, &models.Attempt{Request: 1, Try: 1})
				share := g.rejection(0)
				require.InDelta(t, v.float(t, "rejection_rate"), share, 1e-9, "%s, row %s", name, v["i"])
				if share == 0 || share == 1 {
					require.Equal(t, share == 0, ok)
				}
			case "success":
				g.Result(now, 0, &models.Attempt{}, Succeeded, false)
			case "failure":
				g.Result(now, 0, &models.Attempt{}, Broken, true)
			}
		}
	}
}

func TestTheBreakerIsThatOfGobreaker(t *testing.T) {
	states := map[string]breakerState{"closed": breakerClosed, "half-open": breakerHalfOpen, "open": breakerOpen}
	endings := map[string]Ending{"ok": Succeeded, "fail": Broken, "excluded": Withdrawn}
	seconds := func(n int) unit.Duration { return unit.Duration(sim.Time(n) * sim.Second) }
	for name, spec := range map[string]CircuitBreakerSpec{
		"a": {Preset: "source", Failures: 5, MinRequests: 1, Trials: 1},
		"b": {Open: seconds(5), FailureShare: 0.5, MinRequests: 20, Trials: 3, Interval: seconds(10)},
		"c": {Open: seconds(5), FailureShare: 0.5, MinRequests: 20, Trials: 2, Interval: seconds(10), Bucket: seconds(1)},
	} {
		spec.Variant = "gobreaker"
		g := made[*gobreaker](t, &spec)
		sent := map[string]*models.Attempt{}
		for _, v := range vectors(t, "gobreaker_"+name, 400) {
			now := sim.Time(v.int(t, "t_ns"))
			row := fmt.Sprintf("%s, row %s", name, v["i"])
			if v["op"] == "allow" {
				a := &models.Attempt{Arrived: now}
				_, ok := g.Allow(now, 0, a)
				require.Equal(t, v["result"] == "ok", ok, row)
				sent[v["i"]] = a
			} else {
				g.Result(now, 0, sent[v["ref"]], endings[v["outcome"]], true)
			}
			b := &g.processes[0]
			require.Equal(t, states[v["state"]], b.state, row)
			for column, got := range map[string]uint32{"requests": b.counts.requests, "total_successes": b.counts.successes, "total_failures": b.counts.failures,
				"total_exclusions": b.counts.exclusions, "consecutive_successes": b.counts.inRowSuccesses, "consecutive_failures": b.counts.inRowFailures} {
				assert.EqualValues(t, v.int(t, column), got, "%s of %s", column, row)
			}
			if t.Failed() {
				return
			}
		}
	}
}
