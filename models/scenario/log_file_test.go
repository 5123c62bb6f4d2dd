package scenario_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
)

const withLog = `name: replayed
duration: 1m
tiers: [{name: all}]
classes: [{name: job, pool: main, service: 1s}]
pools: [{name: main, nodes: 1}]
demand:
  streams:
    - {name: log, class: job, tier: all, trace: {file: logs/a.csv, time: t, size: s}}
    - {name: rate, class: job, tier: all, rate_series: {file: logs/b.csv, time: t, rate: r, shape: step}}
timeline: [{at: +5s, label: less, set: {demand.streams.log.trace.scale_rate: 0.5}}]
`

var logs = fstest.MapFS{
	"dir/a.yaml":     {Data: []byte(withLog)},
	"dir/logs/a.csv": {Data: []byte("t,s\n0,2\n1,3\n2,4\n")},
	"dir/logs/b.csv": {Data: []byte("t,r\n0,2\n10,0\n20,0\n")},
}

func TestALogIsReadFromAFileBesideTheScenarioAndNamedByItsHash(t *testing.T) {
	sc, err := scenario.Read(logs, "dir/a.yaml")
	require.NoError(t, err)
	require.NoError(t, launch.Rehearse(sc))
	resolved, err := sc.Resolved()
	require.NoError(t, err)
	assert.Contains(t, resolved, "file: logs/a.csv")
	assert.Contains(t, resolved, "sha256: ")

	// The resolved scenario is the same world where the file is, and says so where
	// they have changed.
	again, err := scenario.ReadTextIn(logs, "dir/resolved.yaml", resolved)
	require.NoError(t, err)
	twice, err := again.Resolved()
	require.NoError(t, err)
	assert.Equal(t, resolved, twice)
	other := fstest.MapFS{"logs/a.csv": {Data: []byte("t,s\n0,2\n")}, "logs/b.csv": logs["dir/logs/b.csv"]}
	_, err = scenario.ReadTextIn(other, "resolved.yaml", resolved)
	assert.ErrorContains(t, err, "logs/a.csv: is not the file that was meant: its sha256 is ")
}

func TestAFaultOfALogStandsAtTheFileThatIsNamed(t *testing.T) {
	read := func(change func(fs fstest.MapFS)) error {
		files := fstest.MapFS{}
		for name, f := range logs {
			files[name] = f
		}
		change(files)
		_, err := scenario.Read(files, "dir/a.yaml")
		return err
	}
	assert.EqualError(t, read(func(fs fstest.MapFS) { fs["dir/logs/a.csv"] = &fstest.MapFile{Data: []byte("t,s\n0,2\n1,long\n")} }),
		`dir/a.yaml:8:56: demand.streams.log.trace.file: "logs/a.csv" cannot be read: dir/logs/a.csv: line 3: column s: "long" is no number of at least 0`)
	assert.EqualError(t, read(func(f fstest.MapFS) { f["dir/logs/a.csv"] = &fstest.MapFile{Data: []byte("when,s\n0,2\n")} }),
		`dir/a.yaml:8:74: demand.streams.log.trace.time: "t" is no column of dir/logs/a.csv: want one of when, s`)
	assert.ErrorContains(t, read(func(f fstest.MapFS) { f["dir/logs/a.csv"] = &fstest.MapFile{Data: []byte("t,s\n2025-01-01,2\n")} }),
		`demand.streams.log.trace.unit: does not go with "2025-01-01", in column t of dir/logs/a.csv: want date`)
	assert.ErrorContains(t, read(func(fs fstest.MapFS) { delete(fs, "dir/logs/b.csv") }), `dir/a.yaml:9:63: demand.streams.rate.rate_series.file: "logs/b.csv" cannot be read: open dir/logs/b.csv: file does not exist`)
	_, err := scenario.ReadText("a.yaml", withLog)
	assert.ErrorContains(t, err, "the scenario comes from no folder")
}

func TestWhatSaysWhenRequestsComeStandsAlone(t *testing.T) {
	for stream, want := range map[string]string{
		"closed: {users: 5, think: 1s}, rate: 1/s":                                                              `demand.streams.log.rate: stands beside closed, which says by itself when requests come: want one of the two`,
		"trace: {file: logs/a.csv, time: t}, closed: {users: 5, think: 1s}":                                     "demand.streams.log.trace: stands beside closed, which says by itself when requests come: want one of the two",
		"trace: {file: logs/a.csv, time: t, from: 1m}":                                                          `demand.streams.log.trace.from: there is no row between from and to: want a part of the file, which is 2s long`,
		"trace: {file: logs/a.csv, time: t, from: 1s, to: 1s}":                                                  `demand.streams.log.trace.to: 1s is not behind from: want more than 1s`,
		"trace: {file: logs/a.csv, time: t, scale_rate: 1e9}":                                                   `dir/a.yaml:6:102: demand.streams.log.trace.scale_rate: makes 1e+09 copies of each row at this scale: want at most 10k`,
		"trace: {file: logs/a.csv, time: t, scale_rate: 9k, repeat: yes, to: 1ms}":                              "demand.streams.log.trace.scale_rate: makes 5.4e+08 requests of the rows within jitter, which are held at a time: want at most 16M, or less jitter",
		"trace: {file: logs/a.csv, time: t, repeat: yes, scale_time: 0.000001}":                                 "demand.streams.log.trace.repeat: what is to be repeated is 3us long: want 1ms or more, from the key from to the key to",
		"trace: {file: logs/a.csv, time: t, per_token_out: 1ms}":                                                `dir/a.yaml:6:62: demand.streams.log.trace.tokens_out: is missing: want the name of the column that per_token_out is for`,
		"trace: {file: logs/a.csv}":                                                                             `dir/a.yaml:6:62: demand.streams.log.trace.time: is missing: want the name of a column, or a format`,
		"trace: {file: logs/a.csv, time: t, at: +1m}":                                                           "demand.streams.log.trace.at: lies behind the run, which ends at +1m: nobody would ask: want an earlier moment",
		"rate_series: {file: logs/b.csv, time: t, rate: r, at: +2m}":                                            "demand.streams.log.rate_series.at: lies behind the run, which ends at +1m: nobody would ask: want an earlier moment",
		"trace: {file: logs/a.csv, time: t, tokens_out: s}":                                                     `demand.streams.log.trace.tokens_out: does nothing without per_token_out: want the service time of a token as well, or neither`,
		"trace: {file: logs/a.csv, time: t, tokens_in: s}":                                                      `demand.streams.log.trace.tokens_in: does nothing without per_token_in: want the service time of a token as well, or neither`,
		"rate: 1k/s, arrivals: {process: mmpp, states: [{factor: 1, sojourn: 1ms}, {factor: 0, sojourn: 30d}]}": "demand.streams.log.rate: makes 2.59e+12 requests a second at this scale: want at most 1G/s, one a nanosecond",
		"rate_series: {file: logs/b.csv, time: t, rate: r, per: 1ns, scale_rate: 10}":                           "demand.streams.log.rate_series: makes 2e+10 requests a second at this scale: want at most 1G/s, one a nanosecond",
		"rate: 1/s, arrivals: {process: gamma}":                                                                 "demand.streams.log.arrivals.cv: want one of cv and shape for gamma",
		"rate: 1/s, arrivals: {process: gamma, cv: 0.001}":                                                      `demand.streams.log.arrivals.cv: 0.001 is too small: want at least 0.01`,
		"rate: 1/s, arrivals: {process: mmpp, cv: 2}":                                                           `demand.streams.log.arrivals.cv: goes with gamma and weibull only: want no cv and no shape for mmpp`,
		"rate: 1/s, arrivals: {process: mmpp}":                                                                  "demand.streams.log.arrivals.states: 0 are too few: want two or more",
		"rate: 1/s, profile: [{at: +1s, x: 2}], ramps: [{at: +1s, to: 2}]":                                      "demand.streams.log.ramps: stand beside a profile: want one of the two",
		"rate: 1/s, ramps: [{at: +5s, over: 2s, to: 2}, {at: +6s, to: 1}]":                                      "demand.streams.log.ramps: ramp 2 begins before the one above it has ended: want ramps in order of time",
		"rate: 1/s, rate_series: {file: logs/b.csv, time: t, rate: r}":                                          "demand.streams.log.rate_series: stands beside rate, per_user, adoption or sharing: want one of them",
		"rate_series: {file: logs/b.csv, time: t, rate: r}, spikes: [{at: +1s, height: 2}]":                     "demand.streams.log.rate_series: stands beside profile, ramps or spikes: want one of them",
	} {
		text := `name: a
duration: 1m
tiers: [{name: all}]
classes: [{name: job, pool: main, service: 1s}]
pools: [{name: main, nodes: 1}]
demand: {streams: [{name: log, class: job, tier: all, ` + stream + `}]}
`
		_, err := scenario.ReadTextIn(logs, "dir/a.yaml", text)
		assert.ErrorContains(t, err, want, stream)
	}
}
