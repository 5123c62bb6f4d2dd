package launch_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

const everyKind = `name: every-kind
duration: 1000s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: 50}]
demand:
  streams:
    - {name: gusts, class: job, tier: all, rate: 5/s, arrivals: {process: mmpp, states: [{factor: 1, sojourn: 10s}, {factor: 9, sojourn: 2s}]}}
    - {name: waves, class: job, tier: all, rate: 5/s, arrivals: {process: gamma, cv: 2}, ramps: [{at: +100s, over: 100s, to: 2}], spikes: [{at: +600s, height: 3, hold: 1m}]}
    - {name: circle, class: job, tier: all, closed: {users: 20, think: 5s}}
    - {name: log, class: job, tier: all, trace: {file: log.csv, time: t, user: u, size: s, repeat: yes}}
    - {name: series, class: job, tier: all, rate_series: {file: rate.csv, time: t, rate: r, repeat: yes}}
`

// Each knob of demand acts when it is changed in mid-run, or its change is
// refused by its name.
func TestAChangeOfDemandInMidRunActsOrIsRefusedByName(t *testing.T) {
	files := fstest.MapFS{
		"a.yaml":   {Data: []byte(everyKind)},
		"log.csv":  {Data: []byte("t,u,s\n0,ann,1\n1,bob,2\n2,ann,0.5\n4,cat,1\n")},
		"rate.csv": {Data: []byte("t,r\n0,1\n10,4\n20,1\n")},
	}
	sc, err := scenario.Read(files, "a.yaml")
	require.NoError(t, err)
	finish := func(path, value string) (string, error) {
		r, err := launch.New(sc, launch.Options{Seed: rngtest.Seed(t, 2025)})
		require.NoError(t, err)
		require.NoError(t, r.StepUntil(500*sim.Second))
		if path != "" {
			if err := r.Apply(change(t, path, value)); err != nil {
				return "", err
			}
		}
		res, err := r.Result()
		require.NoError(t, err)
		return hash(t, res), nil
	}
	plain, err := finish("", "")
	require.NoError(t, err)
	for path, value := range map[string]string{
		"gusts.rate":                    "6/s",
		"gusts.arrivals.states":         "[{factor: 1, sojourn: 1s}, {factor: 9, sojourn: 20s}]",
		"waves.arrivals.cv":             "0.5",
		"waves.arrivals.process":        "weibull",
		"waves.ramps":                   "[{at: +100s, to: 3}]",
		"waves.spikes":                  "[{at: +700s, height: 3, fall: 1m, decay: exponential}]",
		"circle.closed.think":           "{dist: exponential, mean: 1s}",
		"log.trace.scale_rate":          "0.5",
		"series.rate_series.at":         "+3s",
		"series.rate_series.shape":      "step",
		"series.rate_series.per":        "500ms",
		"series.rate_series.repeat":     "no",
		"series.rate_series.to":         "15s",
		"series.rate_series.scale_time": "2",
		"series.rate_series.scale_rate": "2",
	} {
		got, err := finish("demand.streams."+path, value)
		require.NoError(t, err, path)
		assert.NotEqual(t, plain, got, path)
	}
	for path, value := range map[string]string{
		"gusts.arrivals.process": "poisson",
		"circle.closed.users":    "30",
		"log.trace.scale_time":   "2",
		"log.trace.scale_rate":   "2", // its users would have no numbers
		"log.trace.repeat":       "no",
		"log.trace.to":           "3s",
		"log.trace.user":         "none",
		"log.trace.size":         "none",
	} {
		_, err := finish("demand.streams."+path, value)
		require.Error(t, err, path)
		assert.Contains(t, err.Error(), "demand.streams."+path[:3], path)
	}
}
