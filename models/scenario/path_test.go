package scenario_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
)

func TestAKnobIsSetByItsPath(t *testing.T) {
	before, doc := decode(t, sampleText)
	for _, c := range []struct {
		path, value string
		got         func(s *sample) any
		want        any
	}{
		{"pools.images.nodes", "2k", func(s *sample) any { return s.Pools[0].Nodes }, unit.Count(2000)},
		{"pools.images.service", "{dist: exponential, mean: 1s}", func(s *sample) any { return s.Pools[0].Service.Law }, "exponential"},
		{"pools.images.service.median", "21s", func(s *sample) any { return s.Pools[0].Service.Median.String() }, "21s"},
		{"pools.images.serves", "[plus]", func(s *sample) any { return s.Pools[0].Serves }, []string{"plus"}},
		{"pools.images.failures.repair", "1h", func(s *sample) any { return s.Pools[0].Failures.Repair.Value.String() }, "1h"},
		{"rules.bucket.burst", "20", func(s *sample) any { return s.Rules[0].Spec.(*bucketRule).Burst }, unit.Count(20)},
		{"tiers.free.paid", "yes", func(s *sample) any { return s.Tiers[0].Paid }, true},
		{"day", "[3]", func(s *sample) any { return s.Day }, []float64{3}},
		{"order", "lifo", func(s *sample) any { return s.Order }, "lifo"},
	} {
		changed, err := doc.Set(c.path, c.value)
		require.NoError(t, err, c.path)
		s, err := scenario.Decode[sample](changed, sampleOptions)
		require.NoError(t, err, c.path)
		assert.Equal(t, c.want, c.got(s), c.path)
	}
	after, err := scenario.Decode[sample](doc, sampleOptions)
	require.NoError(t, err)
	assert.Equal(t, before, after, "the document itself has not changed")
}

func TestOptionalSectionsOnTheWayAreMade(t *testing.T) {
	_, doc := decode(t, "name: a\nduration: 1h\ntiers: [{name: free}]\npools: [{name: main, nodes: 3}]\n")
	changed, err := doc.Set("pools.main.failures.mtbf", "30d")
	require.NoError(t, err)
	changed, err = changed.Set("pools.main.queue.limit", "5")
	require.NoError(t, err)
	s, err := scenario.Decode[sample](changed, sampleOptions)
	require.NoError(t, err)
	assert.Equal(t, "30d", s.Pools[0].Failures.MTBF.Value.String())
	assert.Equal(t, unit.Count(5), *s.Pools[0].Queue.Limit)
	_, err = doc.Set("pools.main.service.dist", "exponential")
	assert.EqualError(t, err, `pools.main.service: is written as a plain value: want it whole, such as pools.main.service: {...}`)
}

func TestAWrongKnobIsAnsweredWithTheNearestName(t *testing.T) {
	_, doc := decode(t, sampleText)
	for _, c := range [][3]string{
		{"pools.images.nods", "1", `pools.images: "nods" is not a key here: want nodes`},
		{"pool.images.nodes", "1", `"pool" is not a key here: want pools`},
		{"pools.imagse.nodes", "1", `pools: "imagse" is not in the list: want images`},
		{"rules.gate.burst", "1", `rules.gate: "burst" is not a key here: want name, kind, tier or percent`},
		{"profile[0].x", "1", `"profile[0]" is not a key here: want profile`},
		{"profile.x", "1", `profile: is a list without names: want the whole list as its value`},
		{"pools.images.nodes.x", "1", `pools.images.nodes: is a single value: want no path that goes on below it`},
		{"pools..nodes", "1", `"pools..nodes" is no path of a knob: want names with points between them, such as pools.main.nodes`},
		{"", "1", `is no path of a knob: want names with points between them, such as pools.main.nodes`},
		{"pools.images.nodes", "-3", `pools.images.nodes: "-3" is negative: want a count of at least 1, such as 1500 or 2.5M`},
		{"pools.images.nodes", "", `pools.images.nodes: has no value`},
		{"pools.images.nodes", "[1", `pools.images.nodes: the [ of line 1, column 1 is still open here: want a comma, or ] before this`},
		{"pools.images.nodes", "[1]", `pools.images.nodes: is not a single value: want a count of at least 1, such as 1500 or 2.5M`},
		{"pools.images.serves", "[gold]", `pools.images.serves[0]: "gold" is not in tiers: want free, plus or all`},
		{"rules.gate.kind", "bucket", "rules.gate.rate: is missing: want a rate such as 2.5k/s or 1M/h\nsample.yaml:18:42: rules.gate: \"percent\" is not a key here: want name, kind, tier, rate or burst"},
	} {
		_, err := doc.Set(c[0], c[1])
		if assert.Error(t, err, c[0]) {
			assert.ElementsMatch(t, strings.Split(c[2], "\n"), strings.Split(strings.ReplaceAll(err.Error(), "sample.yaml:18:5: ", ""), "\n"), c[0])
		}
	}
}

func TestPatchesAreTriedInTheOrderOfTime(t *testing.T) {
	text := strings.Split(sampleText, "timeline:")[0] + `timeline:
  - {at: +2h, label: the rate of the bucket that comes later, set: {rules.gate.rate: 5/s}}
  - {at: +1h, label: the gate becomes a bucket, set: {rules.gate: {name: gate, kind: bucket, rate: 1/s}}}
`
	_, _ = decode(t, text)
	assert.Equal(t, []string{`sample.yaml:23:69: rules.gate: "rate" is not a key here: want name, kind, tier or percent`},
		read(strings.Replace(text, "+1h", "+3h", 1)))
}

func TestKnobsListsWhatCanBeSet(t *testing.T) {
	s, doc := decode(t, sampleText)
	found := map[string]scenario.Knob{}
	for _, k := range scenario.Knobs(s) {
		found[k.Path] = k
	}
	assert.Equal(t, scenario.Knob{Path: "pools.images.nodes", Type: "count", Scales: true, Value: "1500", Doc: "Nodes."}, found["pools.images.nodes"])
	assert.Equal(t, "{dist: lognormal, median: 20s, p99: 1m}", found["pools.images.service"].Value)
	assert.Equal(t, "1M/h", found["rules.bucket.rate"].Value)
	assert.Equal(t, "section", func() string {
		bare, _ := decode(t, "name: a\nduration: 1h\ntiers: [{name: a}]\npools: [{name: main, nodes: 3}]\n")
		for _, k := range scenario.Knobs(bare) {
			if k.Path == "pools.main.failures" {
				return k.Type
			}
		}
		return "none"
	}())
	for path, k := range found {
		if k.Value == "" {
			continue
		}
		_, err := doc.Set(path, k.Value)
		assert.NoError(t, err, "%s: a knob takes its own value", path)
	}
}

func ExampleDocument_Set() {
	doc, _ := scenario.Parse("sample.yaml", strings.NewReader(sampleText))
	_, _ = scenario.Decode[sample](doc, sampleOptions)
	_, err := doc.Set("pools.image.nodes", "2k")
	fmt.Println(err)
	// Output: pools: "image" is not in the list: want images
}
