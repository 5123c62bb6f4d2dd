package launch_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
)

func change(t testing.TB, path, value string) scenario.Changes {
	t.Helper()
	c, err := scenario.NewChange(path, value)
	require.NoError(t, err)
	return scenario.Changes{c}
}

const plain = `
name: plain
duration: 2000s
tiers: [{name: all}]
classes: [{name: job, pool: main, service: {dist: exponential, mean: 1s}}]
pools: [{name: main, nodes: 12}]
demand: {streams: [{name: jobs, class: job, tier: all, rate: 10/s}]}
`

func text(t testing.TB, yaml string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.ReadText("test.yaml", strings.TrimSpace(yaml))
	require.NoError(t, err)
	return sc
}

func TestALeverPulledByHandIsAPatchOfTheTimeline(t *testing.T) {
	dated := text(t, plain+`
timeline:
  - {at: +700s, label: fewer nodes, set: {pools.main.nodes: 8}}
  - {at: +1100s, label: slower, set: {demand.streams.jobs.rate: 6/s, pools.main.queue.discipline: lifo}}
`)
	want := run(t, dated, launch.Options{Seed: 3})

	r, err := launch.New(text(t, plain), launch.Options{Seed: 3})
	require.NoError(t, err)
	require.NoError(t, r.StepUntil(700*sim.Second))
	require.NoError(t, r.Apply(change(t, "pools.main.nodes", "8")))
	require.NoError(t, r.StepUntil(1100*sim.Second))
	require.Equal(t, 1100*sim.Second, r.Now())
	both := append(change(t, "demand.streams.jobs.rate", "6/s"), change(t, "pools.main.queue.discipline", "lifo")...)
	require.NoError(t, r.Apply(both))
	got, err := r.Result()
	require.NoError(t, err)
	// The events of the timeline itself are the only difference.
	assert.Equal(t, want.Summary.Events, got.Summary.Events+2)
	got.Summary.Events = want.Summary.Events
	assert.Equal(t, hash(t, want), hash(t, got))
	assert.NotEqual(t, hash(t, run(t, text(t, plain), launch.Options{Seed: 3})), hash(t, got))
}

// other is a valid value of a knob that differs from the present one.
func other(k scenario.Knob) []string {
	switch k.Type {
	case "yes or no":
		if k.Value == "yes" {
			return []string{"no"}
		}
		return []string{"yes"}
	}
	return []string{"17%", "2", "3", "7s", "3h", "100", "0.25", "1/500", "3/d", "0.4/d", "[1, 2]", "lifo", "full", "equal", "[{at: +1h, x: 2}, {at: +2h, x: 1}]", "{share: 10%, after: 1h}", "{class: image, per_completion: 1, reach: 10}", "[" + strings.Repeat("1, ", 23) + "2]", "[{name: plus, waiting_per_server: 1}]", "cause", "gpus", "signup", "image", "chat", "free", "plus", "[free]", "[image]", "request", "fluid", "video",
		"4000", "queue", "calibrate", "predict", "H", "L", "2025-03-25T06:00:00Z", "+5h", "min", "[]", "text"}
}

func TestEveryKnobTakesEffectInMidRunOrIsRefusedByName(t *testing.T) {
	quiet := []string{"timeline", "[]", "record", "[]", "unknowns", "[]", "warmup", "0s"}
	for _, c := range []struct {
		name  string
		knobs []string
		least int
		unit  sim.Time // of 20 that the run takes; a knob is turned before the last
	}{
		{"ghibli-2025", []string{"scale", "1/200000", "duration", "20h", "interval", "1h", "demand.step", "30m"}, 150, sim.Hour},
		{"chat-batching", []string{"duration", "20m", "pools.gpus.nodes", "1", "demand.streams.people.rate", "30/s", "demand.regions", "[{name: here, share: 100%}]", "demand.day", "[" + strings.Repeat("1, ", 23) + "1]"}, 40, sim.Minute},
		{"image-batching", []string{"duration", "20m", "pools.gpus.nodes", "3", "demand.streams.people.rate", "1/s", "demand.regions", "[{name: here, share: 100%}]", "demand.day", "[" + strings.Repeat("1, ", 23) + "1]"}, 40, sim.Minute},
		{"gpu-loss-2025", []string{"scale", "1/100000", "duration", "20m", "demand.step", "1m", "pools.api.outages", "[{name: rack, nodes: 10, mtbf: {dist: exponential, mean: 1d}, repair: 1h}]",
			"demand.releases", "[{name: video, planned: +19m30s}]", "demand.streams.calls.release", "video", "pools.api.slow", "{share: 10%}", "pools.api.degrade", "{steps: 90%}", "pools.api.cost", "{usd_per_gpu_hour: 2}",
			"fleet.autoscaling", "[{name: cloud, pool: api, by: step, max_nodes: 100, delay: 1m, steps: [{from: 0, change: 0}]}]",
			"fleet.training", "[{name: llm, pool: chatgpt, nodes: 100, hand_over: 1m, hand_back: 1m}]", "fleet.funds", "[{name: a, at: +19m30s, usd: 1G}]",
			"fleet.purchases", "[{name: b, pool: api, at: +19m30s, nodes: 10, usd_per_gpu: 30k}]", "fleet.spill_over", "[{pool: api, to: [chatgpt]}]"}, 150, sim.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			sc := read(t, c.name, append(c.knobs, quiet...)...)
			knobs := scenario.Knobs(sc)
			require.Greater(t, len(knobs), c.least)
			refused := 0
			for _, k := range knobs {
				refused += turned(t, sc, k, 19*c.unit, 20*c.unit)
			}
			t.Logf("%d knobs, %d of them cannot change during a run", len(knobs), refused)
		})
	}
}

// turned turns a knob in mid-run, and returns 1 where that is refused.
func turned(t *testing.T, sc *scenario.Scenario, k scenario.Knob, at, end sim.Time) int {
	t.Helper()
	r, err := launch.New(sc, launch.Options{Seed: 1})
	require.NoError(t, err)
	require.NoError(t, r.StepUntil(at))
	var last error
	for _, v := range other(k) {
		if v == k.Value {
			continue
		}
		c, err := scenario.NewChange(k.Path, v)
		require.NoError(t, err)
		if last = r.Apply(scenario.Changes{c}); last == nil {
			require.NoError(t, r.StepUntil(end), k.Path)
			_, err = r.Result()
			require.NoError(t, err, k.Path)
			return 0
		}
		if faults := (scenario.Faults)(nil); !errors.As(last, &faults) {
			break // the form is right: a room refuses it
		}
	}
	require.Error(t, last, k.Path)
	// A name that others refer to is refused at the references.
	key := k.Path[strings.LastIndex(k.Path, ".")+1:]
	assert.True(t, strings.Contains(last.Error(), key) || strings.Contains(last.Error(), `"`+k.Value+`"`), "the refusal of %s does not name it: %v", k.Path, last)
	t.Logf("refused: %s: %v", k.Path, last)
	return 1
}

// A lot that has come cannot come later, and the file is at fault, not the run.
func TestAPatchThatARoomRefusesIsFoundBeforeTheRunAndTakesNothingOver(t *testing.T) {
	const lots = `
timeline:
  - {at: +1h, label: too late, set: {demand.streams.jobs.rate: 5/s, pools.main.lots.more.ordered: +2h}}
`
	yaml := strings.Replace(strings.Replace(plain, "nodes: 12}", "nodes: 12, lots: [{name: more, ordered: +10m, nodes: 2}]}", 1), "2000s", "2h", 1)
	assert.ErrorContains(t, launch.Rehearse(text(t, yaml+lots)), "lots.more.ordered: the lot has arrived")

	want := run(t, text(t, yaml), launch.Options{Seed: 3})
	r, err := launch.New(text(t, yaml), launch.Options{Seed: 3})
	require.NoError(t, err)
	require.NoError(t, r.StepUntil(sim.Hour))
	both := append(change(t, "demand.streams.jobs.rate", "5/s"), change(t, "pools.main.lots.more.ordered", "+2h")...)
	require.ErrorContains(t, r.Apply(both), "the lot has arrived")
	got, err := r.Result()
	require.NoError(t, err, "the run goes on as it was")
	assert.Equal(t, hash(t, want), hash(t, got))
}

// The world with no lever pulled has no policies: a cause that changes one says
// nothing of it.
func TestACauseThatChangesAPolicyLeavesTheWorldWithoutLeversAlone(t *testing.T) {
	sc := text(t, plain+`
policies: [{name: full, kind: queue-limit, limit: 100}]
timeline:
  - {at: +5m, kind: cause, label: a slip, set: {policies.full.limit: 3, pools.main.nodes: 11}}
record: [{name: f, what: jobs, metric: all.completed, from: +0s, to: +2000s, use: predict, value: 20k, low: 10k, high: 30k, unit: jobs, source: nobody, confidence: L}]
`)
	require.NoError(t, launch.Rehearse(sc))
	bare := run(t, sc, launch.Options{Seed: 1, NoLevers: true})
	assert.Empty(t, bare.Summary.All.Rejected)
	assert.Less(t, float64(bare.Summary.Pools["main"].CapacityMean), 12.0)
}
