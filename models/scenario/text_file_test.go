package scenario_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/policy/script"
	"github.com/launchday-sim/launchday/models/scenario"
)

const withScript = `name: scripted
duration: 10s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: 1s}]
pools: [{name: main, nodes: 1}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 1/s}]}
policies:
  - {name: mine, kind: starlark, file: policies/own.star}
timeline: [{at: +5s, label: more, set: {policies.mine.max_steps: 20k}}]
`

const ownScript = "# Every second one.\r\ndef admit(now, attempt, signals):\n\tstate[\"n\"] = state.get(\"n\", 0) + 1\n\treturn state[\"n\"] % 2 == 0  # \"quoted\": 'too'\n"

func TestAScriptIsReadFromAFileBesideTheScenario(t *testing.T) {
	files := fstest.MapFS{"dir/a.yaml": {Data: []byte(withScript)}, "dir/policies/own.star": {Data: []byte(ownScript)}}
	sc, err := scenario.Read(files, "dir/a.yaml")
	require.NoError(t, err)
	assert.Equal(t, strings.ReplaceAll(ownScript, "\r", ""), sc.Policies[0].Spec.(*script.StarlarkSpec).Script)

	// What was run needs no file any more.
	resolved, err := sc.Resolved()
	require.NoError(t, err)
	again, err := scenario.ReadText("resolved.yaml", resolved)
	require.NoError(t, err)
	assert.Equal(t, sc.Policies, again.Policies)
}

func TestAFaultOfAScriptNamesItsFileAndPlace(t *testing.T) {
	read := func(scenarioText, scriptText string) error {
		_, err := scenario.Read(fstest.MapFS{"dir/a.yaml": {Data: []byte(scenarioText)}, "dir/policies/own.star": {Data: []byte(scriptText)}}, "dir/a.yaml")
		return err
	}
	for text, want := range map[string]string{
		"def admit(now, attempt, signals):\n  return limt\n": "dir/policies/own.star:2:10: policies.mine: undefined: limt",
		"x = 1\n":  "dir/policies/own.star:1:1: policies.mine: there is no function admit: want def admit(now, attempt, signals)",
		"":         `dir/a.yaml:8:40: policies.mine.file: "policies/own.star" cannot be read: dir/policies/own.star is empty: want the path of a text file, from the scenario's folder`,
		"\xff = 1": `dir/a.yaml:8:40: policies.mine.file: "policies/own.star" cannot be read: dir/policies/own.star is not UTF-8: want the path of a text file, from the scenario's folder`,
		strings.Repeat("# a long comment\n", 5000): `dir/a.yaml:8:40: policies.mine.file: "policies/own.star" cannot be read: dir/policies/own.star is larger than 64 KiB: want the path of a text file, from the scenario's folder`,
	} {
		assert.EqualError(t, read(withScript, text), want)
	}
	inline := strings.Replace(withScript, "{name: mine, kind: starlark, file: policies/own.star}", "name: mine\n    kind: starlark\n    script: |\n      def admit(now, attempt, signals):\n        return limt", 1)
	assert.EqualError(t, read(inline, ""), "dir/a.yaml:10:13: policies.mine.script: line 2, column 10: undefined: limt")
	missing := strings.Replace(withScript, "own.star", "your.star", 1)
	assert.ErrorContains(t, read(missing, ownScript), "your.star: file does not exist")
	_, err := scenario.ReadText("a.yaml", withScript)
	assert.ErrorContains(t, err, "the scenario comes from no folder: want the text itself")
	_, err = scenario.ReadText("a.yaml", strings.Replace(withScript, ", file: policies/own.star", "", 1))
	assert.ErrorContains(t, err, "a.yaml:8:5: policies.mine.script: is empty: want a script with def admit(now, attempt, signals)")
}
