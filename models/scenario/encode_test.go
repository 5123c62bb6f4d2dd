package scenario_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/scenario"
)

func TestTheCanonicalTextReadsAsTheSameValue(t *testing.T) {
	s, _ := decode(t, sampleText)
	text, err := scenario.Encode(s)
	require.NoError(t, err)
	again, _ := decode(t, string(text))
	// The values of patches know where they stood in their file.
	s.Timeline, again.Timeline = nil, nil
	assert.Equal(t, s, again)
}

func TestTheCanonicalTextHasEveryDefaultAndNoTraceOfTheFile(t *testing.T) {
	s, _ := decode(t, sampleText)
	text, err := scenario.Encode(s)
	require.NoError(t, err)
	for _, line := range []string{"order: fifo", "  shed: 5%", "  burst: 10", "- at: +1d", "    dist: exponential", "  priority: 0"} {
		assert.Contains(t, string(text), line+"\n")
	}
	other := strings.NewReplacer("# A comment.\n", "", "9d", "216h", "1500", "1.5k", "+26h35m", "2025-03-26T20:35:00Z", "30%", "0.3").Replace(sampleText)
	same, _ := decode(t, other)
	otherText, err := scenario.Encode(same)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(otherText))
}

// validate checks a text against the schema of the sample.
func validate(t *testing.T, text string) error {
	t.Helper()
	raw, err := scenario.Schema[sample](sampleOptions, "Sample")
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("sample.json", doc))
	schema, err := c.Compile("sample.json")
	require.NoError(t, err)
	var v any
	require.NoError(t, yaml.Load([]byte(text), &v))
	asJSON, err := json.Marshal(v)
	require.NoError(t, err)
	inst, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	require.NoError(t, err)
	return schema.Validate(inst)
}

func TestTheSchemaAcceptsWhatTheDecoderAccepts(t *testing.T) {
	assert.NoError(t, validate(t, sampleText))
	s, _ := decode(t, sampleText)
	text, err := scenario.Encode(s)
	require.NoError(t, err)
	assert.NoError(t, validate(t, string(text)))
}

func TestTheSchemaRefusesWhatItCanSee(t *testing.T) {
	for old, bad := range map[string]string{
		"nodes: 1500":         "nods: 1500",
		"day: [":              "what: 1\nday: [",
		"duration: 9d":        "duration: 9",
		"scale: 1/1000":       "scale: all",
		"name: sample\n":      "",
		"users: 500M":         "users: -3",
		"users: 20M":          "users: many",
		"percent: 30%":        "percent: 30%, rate: 1/s",
		"kind: gate":          "kind: door",
		"priority: 1":         "priority: 16",
		"kind: cause":         "kind: curse",
		"dist: lognormal":     "dist: normal",
		"day: [1, 2.5, 0]":    "day: [1, -2]",
		"at: +26h35m":         "at: 26h35m",
		"rate: 1M/h":          "rate: 1M",
		"paid: yes":           "paid: maybe",
		"queue: {limit: 10k,": "queue: {limits: 10k,",
	} {
		require.Contains(t, sampleText, old)
		changed := strings.Replace(sampleText, old, bad, 1)
		assert.Error(t, validate(t, changed), bad)
		assert.NotEmpty(t, read(changed), bad)
	}
}

func TestTheReferenceNamesEveryKeyOnce(t *testing.T) {
	text := string(scenario.Reference[sample](sampleOptions))
	for _, key := range []string{"name", "tiers.NAME.users", "pools.NAME.nodes", "pools.NAME.failures.mtbf", "rules.NAME.burst", "rules.NAME.percent", "profile[].at", "timeline[].set", "median"} {
		assert.Equal(t, 1, strings.Count(text, "\n| `"+key+"` |"), key)
	}
	assert.Contains(t, text, "| `pools.NAME.nodes` | count, at least 1 | required | yes | Nodes. |")
	assert.Contains(t, text, "### `rules.NAME` of kind `gate`\n\nA rule of kind gate.\n")
	assert.Contains(t, text, `Pools \| of servers.`)
	assert.True(t, reflect.DeepEqual(text, string(scenario.Reference[sample](sampleOptions))), "it is the same every time")
}
