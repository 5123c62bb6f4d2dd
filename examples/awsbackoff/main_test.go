package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

func of(t *testing.T, name string, clients, n int) result {
	for _, s := range strategies {
		if s.name == name {
			r, err := mean(rngtest.Seed(t, 1), n, s, clients)
			require.NoError(t, err)
			return r
		}
	}
	require.Fail(t, "no strategy", name)
	return result{}
}

// Means of 20 runs of the authors' simulator (aws-samples/aws-arch-backoff-simulator,
// src/backoff_simulator.py, run with Python's random numbers): calls, and ms until the
// last write.
var published = map[int]map[string][2]float64{
	50:  {"none": {690, 1151}, "exponential": {626, 37509}, "equal jitter": {347, 4303}, "full jitter": {334, 2941}, "decorrelated": {375, 2117}},
	110: {"none": {2889, 2196}, "exponential": {2161, 67493}, "equal jitter": {909, 6996}, "full jitter": {898, 5306}, "decorrelated": {1158, 4977}},
	190: {"none": {7986, 3538}, "exponential": {5191, 100952}, "equal jitter": {1759, 9261}, "full jitter": {1774, 7364}, "decorrelated": {2445, 7664}},
}

// The means of calls have standard errors of under 2 %, those of times of under 5 %
// on both sides.
func TestTheExperimentGivesWhatTheAuthorsSimulatorGives(t *testing.T) {
	for clients, strategies := range published {
		for name, want := range strategies {
			got := of(t, name, clients, 40)
			assert.InEpsilon(t, want[0], got.calls, 0.1, "calls of %s at %d", name, clients)
			assert.InEpsilon(t, want[1], got.time.Seconds()*1000, 0.3, "time of %s at %d", name, clients)
		}
	}
}

// What the article concludes: no backoff is the most work; without jitter a backoff
// is the loser, much work and most time; of the jittered ones equal jitter takes the
// longest, and full jitter needs less work than decorrelated.
func TestTheStrategiesRankAsInTheArticle(t *testing.T) {
	for _, clients := range []int{110, 190} {
		none, expo, equal := of(t, "none", clients, 20), of(t, "exponential", clients, 20), of(t, "equal jitter", clients, 20)
		full, decorrelated := of(t, "full jitter", clients, 20), of(t, "decorrelated", clients, 20)
		assert.Greater(t, none.calls, 1.2*expo.calls)
		for _, jittered := range []result{equal, full, decorrelated} {
			assert.Greater(t, expo.calls, 1.7*jittered.calls)
			assert.Greater(t, expo.time, 5*jittered.time)
		}
		assert.Greater(t, expo.calls, 2*full.calls, "full jitter saves more than half of the calls")
		assert.Greater(t, decorrelated.calls, 1.1*full.calls)
		assert.Greater(t, equal.time, full.time)
	}
}

// Every success turns all other writes under way into failures: at equal steps of
// clients the second differences are positive and the same.
func TestTheWorkOfNoBackoffGrowsWithTheSquareOfTheClients(t *testing.T) {
	calls := map[int]float64{}
	for n := 30; n <= 190; n += 40 {
		calls[n] = of(t, "none", n, 40).calls
	}
	first, second := calls[110]-2*calls[70]+calls[30], calls[190]-2*calls[150]+calls[110]
	assert.Greater(t, first, 400.0)
	assert.InEpsilon(t, first, second, 0.2)
	assert.Greater(t, math.Log(calls[190]/calls[110])/math.Log(190./110), 1.8)
}

// One client meets nobody: it reads and writes in four hops.
func TestOneClientWritesAtOnce(t *testing.T) {
	r := of(t, "none", 1, 1000)
	assert.Equal(t, 1.0, r.calls)
	assert.InDelta(t, 40, r.time.Seconds()*1000, 4.9*4/math.Sqrt(1000))
}

func TestEveryClientWritesOnce(t *testing.T) {
	for _, s := range strategies {
		calls, end, err := play(rngtest.Seed(t, 1), 0, s, 50)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, calls, 50)
		assert.Less(t, end, sim.Minute)
	}
}

func TestTheProgramPrintsATableAndDrawsPictures(t *testing.T) {
	var text strings.Builder
	dir := t.TempDir()
	require.NoError(t, run(&text, 1, 1, dir))
	assert.Equal(t, 11, strings.Count(text.String(), "\n"))
	for _, name := range []string{"calls.svg", "time.svg"} {
		picture, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Contains(t, string(picture), "decorrelated")
	}
	assert.ErrorContains(t, run(&text, 1, 0, ""), "runs is 0, it must be 1 or more")
}
