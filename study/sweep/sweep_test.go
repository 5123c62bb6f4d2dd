package sweep

import (
	"bytes"
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

const world = `name: world
duration: 200s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}, slo: 5s}]
pools: [{name: main, nodes: 3}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 2/s}]}
`

const factorial = `name: small
scenario: world
reps: 4
factors:
  - {name: load, knob: demand.streams.jobs.rate, values: [2/s, 4/s]}
  - name: policy
    levels:
      - {name: none}
      - {name: limit, set: {policies: [{name: p, kind: queue-limit, limit: 5}]}}
plots:
  - {name: goodput, kind: lines, x: load, y: all.goodput_slo_per_s, by: policy}
  - {name: map, kind: heat-map, x: load, y: policy, z: all.error_rate}
  - {name: front, kind: pareto, x: all.goodput_slo_per_s, y: all.slo_attainment}
  - {name: tail, kind: ccdf, y: all.latency_s, by: policy, where: load=4/s}
`

func read(t testing.TB, text string) (*Study, error) {
	t.Helper()
	return Read(fstest.MapFS{"s.yaml": {Data: []byte(text)}, "world.yaml": {Data: []byte(world)}}, "s.yaml")
}

func whole(t testing.TB, text string) *Study {
	t.Helper()
	s, err := read(t, text)
	require.NoError(t, err)
	return s
}

func open(t testing.TB, s *Study, dir string) *Store {
	t.Helper()
	st, err := Open(dir, s, "v1")
	require.NoError(t, err)
	return st
}

// outcome is every file that a study leaves but its logs.
func outcome(t testing.TB, s *Study, st *Store) map[string]string {
	t.Helper()
	names, err := s.Write(st)
	require.NoError(t, err)
	files := map[string]string{}
	for _, n := range names {
		text, err := os.ReadFile(filepath.Join(st.Dir(), n))
		require.NoError(t, err)
		files[n] = string(text)
	}
	return files
}

func TestWhatComesOutHangsOnNothingButTheStudy(t *testing.T) {
	ctx := context.Background()
	s := whole(t, factorial)
	require.Len(t, s.Cells, 4)
	one := open(t, s, t.TempDir())
	require.NoError(t, s.Run(ctx, one, Whole, 1, nil))
	want := outcome(t, s, one)
	require.Len(t, want, 3+2*4+1)
	assert.Equal(t, 17, strings.Count(want["table.csv"], "\n"), "a head and a row for each cell and replication")

	t.Run("two workers", func(t *testing.T) {
		two := open(t, s, t.TempDir())
		require.NoError(t, s.Run(ctx, two, Whole, 2, nil))
		assert.Equal(t, want, outcome(t, s, two))
	})
	t.Run("shards in any order", func(t *testing.T) {
		var dirs []string
		for _, i := range []int{2, 0, 1} {
			dir := t.TempDir()
			part := open(t, s, dir)
			require.NoError(t, s.Run(ctx, part, Shard{i, 3}, 2, nil))
			require.NoError(t, part.Close())
			assert.Greater(t, s.Missing(part), 9)
			dirs = append(dirs, dir)
		}
		all := open(t, s, t.TempDir())
		require.NoError(t, s.Merge(all, dirs[:2], "v1"))
		_, err := s.Table(all)
		assert.ErrorContains(t, err, "of 16 runs of the study small are missing")
		require.NoError(t, s.Merge(all, dirs, "v1"))
		assert.Equal(t, want, outcome(t, s, all))
	})
	t.Run("interrupted and gone on with", func(t *testing.T) {
		dir := t.TempDir()
		for done := 0; done < 16; {
			ctx, cancel := context.WithCancel(ctx)
			st := open(t, s, dir)
			before := 16 - s.Missing(st)
			require.Equal(t, done, before, "no run that was finished is made again")
			err := s.Run(ctx, st, Whole, 2, func(n, _ int) {
				if n == 3 {
					cancel()
				}
			})
			if err != nil {
				require.ErrorIs(t, err, context.Canceled)
			}
			require.NoError(t, st.Close())
			done = 16 - s.Missing(st)
			require.Greater(t, done, before)
			cancel()
		}
		assert.Equal(t, want, outcome(t, s, open(t, s, dir)))
	})
}

// A kill leaves a log that ends anywhere; what stood behind the cut is made again, and
// nothing half-written is read.
func TestALogThatIsCutAnywhereIsReadAsFarAsItIsWhole(t *testing.T) {
	s := whole(t, factorial)
	dir := t.TempDir()
	st := open(t, s, dir)
	require.NoError(t, s.Run(context.Background(), st, Whole, 1, nil))
	require.NoError(t, st.Close())
	want := outcome(t, s, st)
	logs, err := filepath.Glob(filepath.Join(dir, "runs-*.jsonl"))
	require.NoError(t, err)
	require.Len(t, logs, 1)
	text, err := os.ReadFile(logs[0])
	require.NoError(t, err)
	rnd := rand.New(rand.NewPCG(rngtest.Seed(t, 5), 1))
	for range 50 {
		cut := rnd.IntN(len(text))
		require.NoError(t, os.WriteFile(logs[0], text[:cut], 0o644))
		st := open(t, s, dir)
		lines := bytes.Count(text[:cut], []byte("\n"))
		require.Equal(t, 16-lines, s.Missing(st), "cut at %d", cut)
	}
	// And a byte that a disk has turned makes its run be made again.
	bad := slices.Clone(text)
	bad[len(bad)/2] ^= 4
	require.NoError(t, os.WriteFile(logs[0], bad, 0o644))
	st = open(t, s, dir)
	require.Equal(t, 1, s.Missing(st))
	require.NoError(t, s.Run(context.Background(), st, Whole, 1, nil))
	assert.Equal(t, want, outcome(t, s, st))
}

func TestAFolderOfAnotherStudyIsRefused(t *testing.T) {
	s := whole(t, factorial)
	dir := t.TempDir()
	open(t, s, dir)
	other := whole(t, strings.Replace(factorial, "reps: 4", "reps: 5", 1))
	_, err := Open(dir, other, "v1")
	assert.ErrorIs(t, err, ErrOther)
	_, err = Open(dir, s, "v2")
	assert.ErrorIs(t, err, ErrOther)
	require.NoError(t, os.WriteFile(filepath.Join(t.TempDir(), "x"), nil, 0o644))
	mine := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(mine, "thesis.txt"), nil, 0o644))
	_, err = Open(mine, s, "v1")
	assert.ErrorContains(t, err, "it is there and is no study's")
}

func TestALatinHypercubeHasEachPartOfEachRangeOnce(t *testing.T) {
	const text = `name: lhs
scenario: world
reps: 2
design: latin-hypercube
samples: 40
factors:
  - {name: load, knob: demand.streams.jobs.rate, low: 1/s, high: 5/s}
  - {name: nodes, knob: pools.main.nodes, low: "100", high: 10k, log: yes}
`
	s := whole(t, text)
	require.Len(t, s.Cells, 40)
	parts := map[int]bool{}
	for _, c := range s.Cells {
		parts[int((c.Numbers[0]-1)/4*40)] = true
		assert.GreaterOrEqual(t, c.Numbers[1], 100.0)
		assert.LessOrEqual(t, c.Numbers[1], 10000.0)
	}
	assert.Len(t, parts, 40)
	less := whole(t, strings.Replace(text, "  - {name: load, knob: demand.streams.jobs.rate, low: 1/s, high: 5/s}\n", "", 1))
	for i := range s.Cells {
		assert.Equal(t, s.Cells[i].Values[1], less.Cells[i].Values[0], "a factor more changes no other")
	}
	below := 0
	for _, c := range s.Cells {
		if c.Numbers[1] < 1000 {
			below++
		}
	}
	assert.Equal(t, 20, below, "even in the logarithm")
}

func TestOneAtATimeLeavesTheOthersAsTheyAre(t *testing.T) {
	s := whole(t, `name: oat
scenario: world
reps: 2
design: one-at-a-time
set: {duration: 100s}
factors:
  - {name: load, knob: demand.streams.jobs.rate, low: 1/s, high: 5/s}
  - {name: nodes, knob: pools.main.nodes, values: ["2", "4", "5"]}
plots: [{name: swing, kind: tornado, y: all.latency_s.mean}]
`)
	var cells []string
	for i := range s.Cells {
		cells = append(cells, s.Cells[i].Label())
	}
	assert.Equal(t, []string{"as it is, as it is", "1/s, as it is", "5/s, as it is", "as it is, 2", "as it is, 4", "as it is, 5"}, cells)
	assert.Equal(t, 2.0, s.Cells[3].Numbers[0], "the scenario's own")
	st := open(t, s, t.TempDir())
	require.NoError(t, s.Run(context.Background(), st, Whole, 0, nil))
	files := outcome(t, s, st)
	assert.Contains(t, files["swing.svg"], ">nodes<")
	assert.Contains(t, files["table.csv"], "as it is,2,")
}

func TestAFaultOfAStudyIsAtItsPlace(t *testing.T) {
	for change, want := range map[[2]string]string{
		{"scenario: world", "scenario: word"}:                               `s.yaml:2:11: scenario: "word" is no scenario that is shipped, and no file beside s.yaml`,
		{"values: [2/s, 4/s]", "values: [2/s, 4]"}:                          `s.yaml:5:5: factors.load: `,
		{"knob: demand.streams.jobs.rate", "knob: demand.streams.jobs.rat"}: `s.yaml:5:5: factors.load: demand.streams.jobs: "rat" is not a key here: want rate`,
		{"values: [2/s, 4/s]", "low: 2/s, high: 4/s"}:                       `of which a factorial design has no values: want values`,
		{"y: all.goodput_slo_per_s, by: policy", "y: all.goodput, by: who"}: `"all.goodput" is no figure of summary.json`,
		{"kind: lines", "kind: line"}:                                       `want lines`,
		{"reps: 4", "reps: 1"}:                                              `reps: "1" `,
		{"reps: 4", "reps: 4\ndesign: latin-hypercube"}:                     `samples: is the number of samples of a Latin hypercube: want at least 2`,
		{"where: load=4/s", "where: load"}:                                  `plots.tail.where: names no value`,
		{"kind: pareto, x: all.goodput_slo_per_s, y", "kind: tornado, y"}:   `needs factors that are varied one at a time`,
		{"limit: 5}]}", "limmit: 5}]}"}:                                     `"limmit" is not a key here`,
		{"name: load,", "name: cell,"}:                                      `factors.cell.name: is the name of another column`,
		{"plots:\n", "colour: red\nplots:\n"}:                               `s.yaml:10:1: "colour" is not a key here`,
	} {
		require.Contains(t, factorial, change[0])
		_, err := read(t, strings.Replace(factorial, change[0], change[1], 1))
		assert.ErrorContains(t, err, want, change[1])
	}
	_, err := Read(fstest.MapFS{}, "none.yaml")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}
