package proof

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/textbook"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// Rows that begin with det: are traces, which a test of launch plays.
func TestEveryRowOfTheWideTableIsSimulatedOrHasAReason(t *testing.T) {
	cases, err := wideCases()
	require.NoError(t, err)
	simulated := map[textbook.Wide]bool{}
	keys := map[string]bool{}
	for _, c := range cases {
		c.world.Duration, c.world.Interval, c.world.Warmup = "1s", "1s", "0s"
		c.world.Steps = nil // they may come after that second
		_, err := c.world.scenario()
		assert.NoError(t, err, c.key())
		keys[c.key()] = true
		for _, row := range c.rows {
			simulated[row.Wide] = true
		}
	}
	left := map[string]int{}
	for _, row := range textbook.WideTable() {
		switch {
		case wideLater[row.Name] != "" || wideLaterMetric[row.Metric] != "":
			left[row.Name]++
		case strings.HasPrefix(row.Name, "det:"), otherGaps(row), tooLong(row):
		default:
			assert.True(t, simulated[row], "%+v", row)
		}
	}
	for name := range wideLater {
		assert.Positive(t, left[name], "%s has no row", name)
	}
	for key := range wideLengths {
		assert.True(t, keys[key], "a length without a case: %s", key)
	}
	t.Logf("%d rows are simulated in %d cases", len(simulated), len(cases))
}

func TestTheSimulatorReproducesTheWideTable(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute on two cores")
	}
	rows, err := Wide(t.Context(), Options{Seed: rngtest.Seed(t, 2025)})
	require.NoError(t, err)
	var table strings.Builder
	require.NoError(t, Text(&table, rows))
	t.Log("\n" + table.String())
	for _, r := range rows {
		assert.True(t, r.OK, "%s %s %s: exact %v, simulated %v, %v to %v, want %s", r.Model, r.Parameters, r.Metric, r.Exact, r.Estimate, r.Lo, r.Hi, r.Rule)
	}
}

func TestADisciplineInThePlaceOfAnotherIsCaught(t *testing.T) {
	cases, err := wideCases()
	require.NoError(t, err)
	wrong := map[string]string{"M/M/1 SJF (nonpreemptive)": "fifo", "M/M/1 SRPT": "sjf", "M/G/1 SIRO (random order)": "fifo", "M/G/1 preemptive-resume priority": "priority"}
	for _, c := range cases {
		if discipline, ok := wrong[c.name]; ok {
			c.world.Discipline = discipline
			rows, err := runWide(t.Context(), Options{Seed: rngtest.Seed(t, 2025)}, []*wideCase{c}, len(c.rows))
			require.NoError(t, err)
			assert.False(t, rows[0].Lo <= rows[0].Exact && rows[0].Exact <= rows[0].Hi, "%+v", rows[0])
		}
	}
}

func TestTheInequalityOfBernsteinIsThatOfAnHonestCoin(t *testing.T) {
	// l = ln(2/0.01) = 5.2983; sqrt(2 x 0.25 x 5.2983 / 1000) + 2 x 5.2983 / 3000
	assert.InDelta(t, 0.051470+0.003532, bernstein(0.5, 1000, 0.99), 1e-6)
}
