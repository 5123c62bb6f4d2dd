package proof

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/textbook"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// A simulator without fault fails with a chance under 0.2 %: 0.1 % that an exact
// value lies outside its interval, and about as much that an interval is too wide.
func TestTheSimulatorReproducesTheory(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute on two cores")
	}
	rows, err := Narrow(t.Context(), Options{Seed: rngtest.Seed(t, 2025)})
	require.NoError(t, err)
	var table strings.Builder
	require.NoError(t, Text(&table, rows))
	t.Log("\n" + table.String())
	for _, r := range rows {
		assert.True(t, r.OK, "%s %s %s: exact %v, simulated %v, %v to %v, want %s", r.Model, r.Parameters, r.Metric, r.Exact, r.Estimate, r.Lo, r.Hi, r.Rule)
	}
}

func TestEveryRowOfTheTableIsSimulated(t *testing.T) {
	cases, err := narrowCases(false)
	require.NoError(t, err)
	simulated := map[textbook.Exact]bool{}
	for _, c := range cases {
		_, err := c.world.scenario()
		assert.NoError(t, err, "%s %s", c.model, c.parameters)
		for _, row := range c.rows {
			simulated[row] = true
		}
	}
	for _, row := range textbook.Table() {
		assert.True(t, simulated[row], "%+v", row)
	}
	assert.Len(t, simulated, 94)
	assert.Len(t, narrowLengths, len(cases), "a length without a case")
}

func TestACaseIsAScenarioThatAStudentCouldWrite(t *testing.T) {
	worlds, err := worldsOf("erlang_a", [][]float64{{120}, {1}, {0.5}, {100}})
	require.NoError(t, err)
	w := worlds[""]
	w.Duration, w.Warmup, w.Interval = "400s", "20s", "400s"
	text, err := w.text()
	require.NoError(t, err)
	assert.Equal(t, `
name: theory
duration: 400s
warmup: 20s
interval: 400s

tiers:
  - {name: class0, priority: 0}

classes:
  - {name: class0, pool: servers, service: {dist: exponential, mean: 1s}}

pools:
  - {name: servers, nodes: 100, queue: {discipline: fifo}}

demand:
  streams:
    - name: class0
      tier: class0
      class: class0
      rate: 120/s

clients:
  - name: everyone
    patience: {dist: exponential, mean: 2s}
`, text)
}

func TestAServiceThatIsATenthTooLongIsCaught(t *testing.T) {
	all, err := narrowCases(false)
	require.NoError(t, err)
	var sound, broken []narrowCase
	for _, c := range all {
		if c.model == "mm1" && c.numbers[0][0] == 0.5 || c.model == "erlang_a" && c.numbers[0][0] == 10 || c.model == "md1" {
			sound = append(sound, c)
			slow := c
			slow.world.Streams = []stream{{c.world.Streams[0].Rate, strings.Replace(c.world.Streams[0].Service, "1s", "1.1s", 1)}}
			broken = append(broken, slow)
		}
	}
	require.Len(t, sound, 3)
	rows, err := runNarrow(t.Context(), Options{Seed: rngtest.Seed(t, 2025)}, sound)
	require.NoError(t, err)
	for _, r := range rows {
		assert.True(t, r.OK, "%+v", r)
	}
	rows, err = runNarrow(t.Context(), Options{Seed: rngtest.Seed(t, 2025)}, broken)
	require.NoError(t, err)
	for _, r := range rows {
		assert.False(t, r.OK, "%+v", r)
		assert.False(t, r.Lo <= r.Exact && r.Exact <= r.Hi, "%+v", r)
	}
}

func TestAnIntervalThatIsTooWideProvesNothing(t *testing.T) {
	cases, err := narrowCases(false)
	require.NoError(t, err)
	short := cases[:1]
	short[0].world.Duration, short[0].world.Interval = "100s", "100s"
	rows, err := runNarrow(t.Context(), Options{Seed: rngtest.Seed(t, 2025)}, short)
	require.NoError(t, err)
	for _, r := range rows {
		if r.Metric == "wait_p99_s" {
			assert.False(t, r.OK, "%+v", r)
		}
	}
}

func TestTheFullProofIsLongerWhereThatIsCheap(t *testing.T) {
	modest, err := narrowCases(false)
	require.NoError(t, err)
	full, err := narrowCases(true)
	require.NoError(t, err)
	for i, c := range full {
		run, err := strconv.ParseFloat(strings.TrimSuffix(c.world.Duration, "s"), 64)
		require.NoError(t, err)
		was, err := strconv.ParseFloat(strings.TrimSuffix(modest[i].world.Duration, "s"), 64)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, run, was)
		customers := run * c.rate() * narrowReplications
		if run > was {
			assert.LessOrEqual(t, customers, 1.01e8, "%s %s", c.model, c.parameters)
		}
		assert.True(t, c.precision < 0.0101 || customers > 0.99e8, "%s %s: %v with %v customers", c.model, c.parameters, c.precision, customers)
	}
}

func TestTheTableSaysWhatFails(t *testing.T) {
	var b strings.Builder
	require.NoError(t, Text(&b, []Row{
		{Model: "mm1", Parameters: "0.9 1 1", Metric: "wait_mean_s", Exact: 9, Estimate: 9.1234567, Lo: 8.9, Hi: 9.3, N: 128, Rule: "in ±5 %", OK: true},
		{Model: "mm1", Parameters: "0.9 1 1", Metric: "prob_wait", Exact: 0.9, Estimate: 0.8, Lo: 0.79, Hi: 0.81, N: 128, Rule: "in ±5 %"},
	}))
	assert.Equal(t, `model  parameters  figure       exact  simulated  interval      runs  rule     holds
mm1    0.9 1 1     wait_mean_s  9      9.1235     8.9 to 9.3    128   in ±5 %  yes
mm1    0.9 1 1     prob_wait    0.9    0.8        0.79 to 0.81  128   in ±5 %  NO

1 of 2 rows hold; the intervals hold together with 99.9 %.
`, b.String())
}
