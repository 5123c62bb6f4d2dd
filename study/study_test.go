package study_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/examples"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/report"
	"github.com/launchday-sim/launchday/sim/stats"
	"github.com/launchday-sim/launchday/study"
)

func shipped(t *testing.T, name string, knobs ...string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Read(examples.FS, "scenarios/"+name+".yaml")
	require.NoError(t, err)
	return with(t, sc, knobs...)
}

func with(t *testing.T, sc *scenario.Scenario, knobs ...string) *scenario.Scenario {
	t.Helper()
	var changes scenario.Changes
	for i := 0; i < len(knobs); i += 2 {
		c, err := scenario.NewChange(knobs[i], knobs[i+1])
		require.NoError(t, err)
		changes = append(changes, c)
	}
	sc, err := sc.With(changes)
	require.NoError(t, err)
	return sc
}

// leaves is everything hashed that a run leaves, and its scores.
func leaves(t *testing.T, r *report.Run) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	require.NoError(t, enc.Encode(r.Result.Summary))
	require.NoError(t, enc.Encode(r.Result.Windows))
	require.NoError(t, enc.Encode(r.Score))
	require.NoError(t, enc.Encode(r.NoLever))
	for _, c := range r.Result.Series.Columns {
		fmt.Fprintln(&b, c.Name, c.Texts, c.Ints, c.Floats)
	}
	return b.String()
}

func TestEveryShippedScenarioLeavesTheSameBitsTwiceOnOneProcessorAndOnTwo(t *testing.T) {
	entries, err := fs.ReadDir(examples.FS, "scenarios")
	require.NoError(t, err)
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".yaml")
		sc := shipped(t, name)
		var got [2]string
		for i := range got {
			before := runtime.GOMAXPROCS(i + 1)
			run, err := study.Play(context.Background(), sc, study.Options{Seed: 5, NoLever: true})
			runtime.GOMAXPROCS(before)
			require.NoError(t, err)
			got[i] = leaves(t, run)
		}
		assert.True(t, got[0] == got[1], "%s differs", name)
	}
}

func TestAnotherSeedOrReplicationIsAnotherRun(t *testing.T) {
	sc := shipped(t, "mm1", "duration", "2000s")
	seen := map[string]bool{}
	for seed := range uint64(3) {
		for replication := range uint64(3) {
			run, err := study.Play(context.Background(), sc, study.Options{Seed: seed, Replication: replication})
			require.NoError(t, err)
			text := leaves(t, run)
			require.False(t, seen[text])
			seen[text] = true
		}
	}
}

func TestReplicationsGiveEachFigureAnIntervalWhateverTheWorkers(t *testing.T) {
	sc := shipped(t, "mm1", "duration", "3000s")
	var got [2][]byte
	for i := range got {
		all, err := study.Replicate(context.Background(), sc, study.Options{Seed: 5}, 8, i+1, nil)
		require.NoError(t, err)
		got[i], err = all.JSON()
		require.NoError(t, err)
	}
	require.Equal(t, string(got[0]), string(got[1]))
	var tree struct {
		Replications int
		Scenario     string
		All          struct {
			Utilisation any
			Wait        struct {
				Mean struct {
					Mean, Lo, Hi float64
					N            int
				}
			} `json:"wait_s"`
		}
	}
	require.NoError(t, json.Unmarshal(got[0], &tree))
	assert.Equal(t, 8, tree.Replications)
	assert.Equal(t, "mm1", tree.Scenario)
	w := tree.All.Wait.Mean
	assert.Equal(t, 8, w.N)
	assert.Less(t, w.Lo, w.Mean)
	assert.Less(t, w.Mean, w.Hi)
}

func TestAComparisonOnCommonRandomNumbersSeesASmallDifferenceThroughTheNoise(t *testing.T) {
	a := shipped(t, "mm1", "duration", "4000s")
	b := with(t, a, "name", "faster", "pools.server.speed", "1.02")
	c, err := study.Compare(context.Background(), a, b, 5, 8, 2, nil)
	require.NoError(t, err)
	for _, f := range c.Figures {
		if f.Name == "all.wait_s.mean" {
			// Every wait of b is at most that of a: the same requests, served faster.
			assert.Equal(t, 8, f.Lower)
			assert.Less(t, f.Difference.Hi, 0.0)
			assert.Less(t, f.A.Lo, f.B.Hi, "the two means alone would not tell them apart")
			assert.Greater(t, f.Reduction, 10.0)
		}
		if f.Name == "all.requests" {
			assert.Zero(t, f.Difference.Mean, "both have the same requests")
		}
	}
	var text strings.Builder
	require.NoError(t, c.Text(&text))
	assert.Contains(t, text.String(), "8 of 8")
}

func TestEachOfSeveralIsHeldAgainstTheFirst(t *testing.T) {
	a := shipped(t, "mm1", "duration", "4000s")
	b := with(t, a, "name", "faster", "pools.server.speed", "1.02")
	c := with(t, a, "name", "limited", "policies", "[{name: full, kind: queue-limit, limit: 3}]")
	pairs, err := study.CompareAll(context.Background(), study.Named(a, b, c), 5, 4, 2, nil)
	require.NoError(t, err)
	require.Len(t, pairs, 2)
	two, err := study.Compare(context.Background(), a, b, 5, 4, 1, nil)
	require.NoError(t, err)
	require.Len(t, pairs[0].Figures, len(two.Figures))
	wider := 0
	for i, f := range two.Figures {
		same := pairs[0].Figures[i]
		if f.Difference.HalfWidth() > 0 && !math.IsInf(f.Difference.HalfWidth(), 0) {
			// t(3 degrees) at 97.5 % and, for one of two intervals, at 98.75 %.
			assert.InEpsilon(t, 4.176535/3.182446, same.Difference.HalfWidth()/f.Difference.HalfWidth(), 1e-6, f.Name)
			assert.GreaterOrEqual(t, same.P, f.P)
			wider++
		}
		same.P, f.P, same.Difference, f.Difference = 0, 0, stats.Interval{}, stats.Interval{}
		assert.Equal(t, fmt.Sprint(f), fmt.Sprint(same), "a third scenario changes nothing else between two")
	}
	assert.Greater(t, wider, 20)
	assert.Equal(t, "mm1", pairs[1].A)
	assert.Equal(t, "limited", pairs[1].B)
	// What only one of two has is said of that one.
	for _, f := range pairs[1].Figures {
		if f.Name == "all.rejected.full" {
			assert.Greater(t, f.B.Mean, 0.0)
			assert.Equal(t, 4, f.B.N)
			assert.Zero(t, f.A.N)
			assert.Zero(t, f.Difference.N)
		}
	}
	var text strings.Builder
	require.NoError(t, pairs[1].Text(&text))
	assert.Regexp(t, `(?m)^  better +median from wish to answer +[0-9.]+ s, not [0-9.]+ s +by -[0-9.]+ s \[-[0-9.]+ s, -[0-9.]+ m?s\] +lower in 4 of 4$`, text.String())
	assert.Regexp(t, `(?m)^  worse +errors, of attempts +1[56] %, not 0 % +by 1[56] % .* higher in 4 of 4$`, text.String())
	for _, svg := range []bool{false, true} {
		picture, err := study.Chart(pairs, svg)
		require.NoError(t, err)
		assert.NotEmpty(t, picture)
		if svg {
			assert.Contains(t, string(picture), "limited")
			assert.NotContains(t, string(picture), "NaN")
		}
	}
}

func TestAFitFindsTheKnobsThatMadeTheRecord(t *testing.T) {
	world := func(nodes, rate string, facts string) *scenario.Scenario {
		sc, err := scenario.ReadText("fit.yaml", `
name: fit
duration: 20000s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: `+nodes+`}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: `+rate+`}]}
policies: [{name: full, kind: queue-limit, limit: 20}]
`+facts)
		require.NoError(t, err)
		return sc
	}
	fact := func(name, metric string, value float64) string {
		return fmt.Sprintf("  - {name: %s, what: w, from: +0s, to: +20000s, metric: %s, value: %.6g, low: 0, unit: u, use: calibrate, source: s, confidence: L}\n", name, metric, value)
	}
	truth, err := study.Play(context.Background(), world("200", "230/s", ""), study.Options{Seed: 9})
	require.NoError(t, err)
	s := truth.Result.Summary.All
	sc := world("100", "300/s", "record:\n"+fact("served", "all.completed", float64(s.Completed))+fact("asked", "all.attempts", float64(s.Attempts)))
	var free []study.Free
	for _, text := range []string{"pools.main.nodes:120..400", "demand.streams.jobs.rate:100/s..400/s"} {
		f, err := study.ParseFree(sc, text)
		require.NoError(t, err)
		free = append(free, f)
	}
	fitted, err := study.Fit(context.Background(), sc, free, study.FitOptions{Seed: 9, Reps: 1, Rounds: 12, Workers: 1})
	require.NoError(t, err)
	assert.Equal(t, []string{"served", "asked"}, fitted.Facts)
	for _, m := range fitted.Misfit {
		assert.InDelta(t, 0, m, 0.01)
	}
	nodes, err := with(t, sc, fitted.Knobs[0].Knob, fitted.Knobs[0].Value).Number("pools.main.nodes")
	require.NoError(t, err)
	assert.InDelta(t, 200, nodes, 5)
}

func TestAnInterruptedRunEndsSoonWithTheContextsError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := study.Play(ctx, shipped(t, "ghibli-2025"), study.Options{Seed: 1, NoLever: true})
	assert.ErrorIs(t, err, context.Canceled)
}

// A single server cannot be made four times smaller: without levers, which it has
// none of, the world is the run itself, and so is its score.
func TestAWorldTooSmallToBeMadeSmallerKeepsItsScaleWithNoLeverPulled(t *testing.T) {
	for name, want := range map[string]float64{"mm1": 1, "mmc": 0.25} {
		sc := with(t, shipped(t, name), "duration", "1h", "record",
			"[{name: served, what: jobs, metric: all.completed, from: +0s, to: +1h, use: predict, value: 1k, low: 1, high: 1M, unit: jobs, source: nobody, confidence: L}]")
		run, err := study.Play(context.Background(), sc, study.Options{Seed: 3, NoLever: true})
		require.NoError(t, err)
		assert.InDelta(t, want, run.NoLeverScale, 1e-12, name)
		if want == 1 {
			assert.Equal(t, run.Score, run.NoLever)
		}
	}
}

// Of two policies that keep attempts the table says how many each keeps: they are in
// no queue, and their wait before it is none of wait_s.
func TestAComparisonOfTwoKeepersShowsWhomTheyKeep(t *testing.T) {
	sc := shipped(t, "standard-surge", "duration", "40m", "warmup", "0s", "demand.step", "1m")
	room := with(t, sc, "name", "room", "policies", "[{name: lever, kind: waiting-room, new_users_per_minute: 260/m, total_active_users: 1300}]")
	spare := with(t, sc, "name", "spare", "policies", "[{name: lever, kind: spare-cycles, tiers: [free]}]")
	c, err := study.Compare(context.Background(), room, spare, 1, 2, 0, nil)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, c.Text(&b))
	assert.Regexp(t, `(?m)^all\.held\.mean +[1-9]`, b.String())
	assert.Regexp(t, `(?m)^tiers\.plus\.held\.mean +[1-9][^ ]* +0 `, b.String())
}

// How many are made hangs on what comes out, and not on the number of workers.
func TestReplicationsEndWhenTheFigureIsKnownWellEnough(t *testing.T) {
	sc := shipped(t, "mm1", "duration", "2000s", "demand.streams.arrivals.rate", "0.5/s")
	until := []study.Precision{{Path: "all.latency_s.mean", Share: 0.06}}
	one, err := study.ReplicateUntil(context.Background(), sc, study.Options{Seed: 4}, until, 200, 1, nil)
	require.NoError(t, err)
	two, err := study.ReplicateUntil(context.Background(), sc, study.Options{Seed: 4}, until, 200, 2, nil)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprint(one.Estimates), fmt.Sprint(two.Estimates))
	assert.Greater(t, one.N(), 10)
	assert.Less(t, one.N(), 200)
	assert.Empty(t, one.Missed())
	for _, e := range one.Estimates {
		if e.Name == "all.latency_s.mean" {
			assert.LessOrEqual(t, e.HalfWidth(), 0.06/1.06*e.Mean)
		}
	}
	fixed, err := study.Replicate(context.Background(), sc, study.Options{Seed: 4}, one.N(), 2, nil)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprint(fixed.Estimates), fmt.Sprint(one.Estimates), "as many asked for are the same")
	few, err := study.ReplicateUntil(context.Background(), sc, study.Options{Seed: 4}, []study.Precision{{Path: "all.latency_s.mean", Share: 0.001}}, 11, 2, nil)
	require.NoError(t, err)
	assert.Equal(t, 11, few.N())
	assert.Len(t, few.Missed(), 1)
}

// What is turned away as a limit is no error: said wherever some of what is compared does
// the one and some the other, also where the base turns nobody away.
func TestAComparisonOfLimitsAndSheddersSaysWhichFiguresHangOnTheStatus(t *testing.T) {
	base := shipped(t, "standard-surge")
	limit := with(t, base, "policies", "[{name: p, kind: token-bucket, rate: 5/s, burst: 50}]")
	shed := with(t, base, "policies", "[{name: p, kind: queue-limit, limit: 50}]")
	pairs, err := study.CompareAll(context.Background(), study.Named(base, limit, shed), 1, 2, 2, nil)
	require.NoError(t, err)
	for _, p := range pairs {
		require.Len(t, p.Warnings, 1)
		assert.Contains(t, p.Warnings[0], "as a limit (429), which is no error")
	}
	pairs, err = study.CompareAll(context.Background(), study.Named(base, shed), 1, 2, 2, nil)
	require.NoError(t, err)
	assert.Empty(t, pairs[0].Warnings)
}
