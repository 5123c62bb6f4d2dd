package scenario_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/scenario"
)

const withFile = `name: traced
duration: 10s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: empirical, file: data/times.txt}}]
pools: [{name: main, nodes: 1}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 1/s}]}
timeline: [{at: +5s, label: more, set: {pools.main.nodes: 2}}]
`

func TestAnEmpiricalLawIsReadFromAFileBesideTheScenario(t *testing.T) {
	files := fstest.MapFS{
		"dir/a.yaml":         {Data: []byte(withFile)},
		"dir/data/times.txt": {Data: []byte("# seconds, or durations\n1.5\n\n250ms # fast\n3\n")},
	}
	sc, err := scenario.Read(files, "dir/a.yaml")
	require.NoError(t, err)
	law, err := sc.Classes[0].Service.Build()
	require.NoError(t, err)
	assert.Equal(t, 0.25, law.Quantile(0))
	assert.Equal(t, 1.5, law.Quantile(0.5))
	assert.Equal(t, 3.0, law.Quantile(1))

	// What was run needs no file any more.
	resolved, err := sc.Resolved()
	require.NoError(t, err)
	assert.NotContains(t, resolved, "times.txt")
	again, err := scenario.ReadText("resolved.yaml", resolved)
	require.NoError(t, err)
	assert.Equal(t, sc.Classes, again.Classes)
}

func TestAFaultOfASampleNamesTheFileAndTheLine(t *testing.T) {
	for name, want := range map[string]string{
		"1s\nfast\n": `a.yaml:4:68: classes.job.service.file: "data/times.txt" cannot be read: data/times.txt:2: "fast" is no duration of at least 0: want a file with a duration, or a number of seconds, a line`,
		"-1\n":       `a.yaml:4:68: classes.job.service.file: "data/times.txt" cannot be read: data/times.txt:1: "-1" is no duration of at least 0: want a file with a duration, or a number of seconds, a line`,
	} {
		_, err := scenario.Read(fstest.MapFS{"a.yaml": {Data: []byte(withFile)}, "data/times.txt": {Data: []byte(name)}}, "a.yaml")
		assert.EqualError(t, err, want)
	}
	_, err := scenario.Read(fstest.MapFS{"a.yaml": {Data: []byte(withFile)}}, "a.yaml")
	assert.ErrorContains(t, err, "data/times.txt: file does not exist")
	_, err = scenario.ReadText("a.yaml", withFile)
	assert.ErrorContains(t, err, "the scenario comes from no folder")
}
