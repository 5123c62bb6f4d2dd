package scenario_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
)

// The machinery is tested against a type of its own that has every feature of
// the tags, so that no change of a room's Spec touches these tests.
type sample struct {
	Name     string           `yaml:"name" required:"true" doc:"Name of the sample."`
	Start    time.Time        `yaml:"start" default:"2000-01-01T00:00:00Z" doc:"The date of time 0."`
	Duration unit.Duration    `yaml:"duration" required:"true" min:"1s" doc:"How long it lasts."`
	Scale    unit.Fraction    `yaml:"scale" default:"1" doc:"Share that is simulated."`
	Order    string           `yaml:"order" default:"fifo" enum:"fifo,lifo,priority" doc:"Who comes first."`
	Tiers    []sampleTier     `yaml:"tiers" required:"true" doc:"Groups of users."`
	Pools    []samplePool     `yaml:"pools" doc:"Pools | of servers."`
	Rules    []sampleRule     `yaml:"rules" doc:"Rules of several kinds."`
	Profile  []samplePoint    `yaml:"profile" doc:"A list without names."`
	Day      []float64        `yaml:"day" min:"0" doc:"Activity by the hour."`
	Timeline []scenario.Patch `yaml:"timeline" doc:"What happens when."`
}

type sampleTier struct {
	Name     string        `yaml:"name" required:"true" doc:"Name of the tier."`
	Users    unit.Count    `yaml:"users" default:"0" doc:"Users."`
	Paid     bool          `yaml:"paid" default:"no" doc:"Whether they pay."`
	Priority int           `yaml:"priority" default:"0" min:"0" max:"15" doc:"Rank."`
	PerUser  unit.UserRate `yaml:"per_user" doc:"Requests of a user."`
}

type samplePool struct {
	SampleNodes `yaml:",inline"`
	Service     unit.Dist       `yaml:"service" default:"1s" doc:"Time of service."`
	Serves      []string        `yaml:"serves" ref:"tiers,all" doc:"Tiers that it serves."`
	Failures    *sampleFailures `yaml:"failures" doc:"How nodes fail; not at all if absent."`
	Queue       sampleQueue     `yaml:"queue" doc:"The queue."`
}

// SampleNodes is embedded, and therefore exported.
type SampleNodes struct {
	Name  string     `yaml:"name" required:"true" doc:"Name of the pool."`
	Nodes unit.Count `yaml:"nodes" required:"true" min:"1" doc:"Nodes."`
}

type sampleQueue struct {
	Limit  *unit.Count `yaml:"limit" doc:"Longest queue; none if absent."`
	Shed   unit.Share  `yaml:"shed" default:"5%" max:"0.5" doc:"Share that is shed."`
	Factor unit.Factor `yaml:"factor" default:"1.5" min:"1" max:"3" doc:"Factor."`
	Offset float64     `yaml:"offset" min:"-12" max:"14" doc:"Hours from UTC."`
}

type sampleFailures struct {
	MTBF   unit.Dist `yaml:"mtbf" required:"true" doc:"Time between failures."`
	Repair unit.Dist `yaml:"repair" default:"{dist: exponential, mean: 4h}" doc:"Time of repair."`
}

type samplePoint struct {
	At unit.Instant `yaml:"at" required:"true" doc:"When."`
	X  unit.Factor  `yaml:"x" default:"1" doc:"Factor."`
}

type sampleRule struct {
	Name string `yaml:"name" required:"true" doc:"Name of the rule."`
	Kind string `yaml:"kind" required:"true" doc:"Kind of the rule."`
	Tier string `yaml:"tier" default:"" ref:"tiers" doc:"The tier that it is for; all if empty."`
	Spec any    `yaml:",inline" kinds:"rule"`
}

type bucketRule struct {
	Rate  unit.Rate  `yaml:"rate" required:"true" doc:"Tokens that flow in."`
	Burst unit.Count `yaml:"burst" default:"10" min:"1" doc:"Tokens that it holds."`
}

type gateRule struct {
	Percent unit.Share `yaml:"percent" required:"true" doc:"Share that is let in."`
}

var sampleOptions = scenario.Options{Kinds: map[string]scenario.Registry{"rule": {
	Fresh: func(kind string) (any, bool) {
		switch kind {
		case "bucket":
			return new(bucketRule), true
		case "gate":
			return new(gateRule), true
		}
		return nil, false
	},
	Kinds: func() []string { return []string{"bucket", "gate"} },
	Doc:   func(kind string) string { return "A rule of kind " + kind + "." },
}}}

const sampleText = `# A comment.
name: sample
start: 2025-03-25T18:00:00Z
duration: 9d
scale: 1/1000
tiers:
  - {name: free, users: 500M, per_user: 0.6/d}
  - {name: plus, users: 20M, paid: yes, priority: 1}
pools:
  - name: images
    nodes: 1500
    service: {dist: lognormal, median: 20s, p99: 1m}
    serves: [free, all]
    failures: {mtbf: 30d}
    queue: {limit: 10k, offset: -8}
rules:
  - {name: bucket, kind: bucket, rate: 1M/h}
  - {name: gate, kind: gate, tier: plus, percent: 30%}
profile:
  - {at: 2025-03-26T18:00:00Z, x: 2}
day: [1, 2.5, 0]
timeline:
  - at: +26h35m
    label: "more: capacity"
    kind: cause
    set:
      pools.images.nodes: 2k
      rules.bucket: {name: bucket, kind: bucket, rate: 2M/h}
`

func parse(t testing.TB, text string) *scenario.Document {
	t.Helper()
	doc, err := scenario.Parse("sample.yaml", strings.NewReader(text))
	require.NoError(t, err)
	return doc
}

func decode(t testing.TB, text string) (*sample, *scenario.Document) {
	t.Helper()
	doc := parse(t, text)
	s, err := scenario.Decode[sample](doc, sampleOptions)
	require.NoError(t, err)
	return s, doc
}

// read returns the faults of a text as they are printed.
func read(text string) []string {
	doc, err := scenario.Parse("sample.yaml", strings.NewReader(text))
	if err == nil {
		_, err = scenario.Decode[sample](doc, sampleOptions)
	}
	if err == nil {
		return nil
	}
	var faults scenario.Faults
	if !errors.As(err, &faults) {
		return []string{"no fault: " + err.Error()}
	}
	return slices.Collect(strings.SplitSeq(faults.Error(), "\n"))
}
