package launch_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
)

// chat serves Qwen2.5-7B on one H100 each (published fit), to requests of 500 and 100
// tokens in the mean.
const chat = `
name: chat
duration: 20m
warmup: 2m
interval: 30s
tiers: [{name: all}]
classes:
  - name: chat
    pool: gpus
    slo: 20s
    tokens: {prompt: {dist: exponential, mean: 500}, output: {dist: exponential, mean: 100}, context: 8000}
pools:
  - name: gpus
    nodes: 4
    gpus_per_node: 1
    slots_per_node: 64
    continuous_batching: {step: 7.05ms, per_prefill_token: 19.5us, per_decode: 25.4us, kv_tokens: 60000}
demand: {streams: [{name: chat, class: chat, tier: all, rate: 1/s}]}
`

// A batch that holds a request alone has its first token after a step with its prompt,
// and each other one a step later.
func TestARequestAloneTakesItsOwnSteps(t *testing.T) {
	s := run(t, text(t, chat), launch.Options{Seed: 1}).Summary.All
	// One request a second on four nodes: hardly two of them meet.
	assert.InDelta(t, 0.00705+500*19.5e-6, float64(s.FirstToken.Mean), 0.0012)
	assert.InDelta(t, 0.00705+25.4e-6, float64(s.PerToken.P50), 0.0003)
	assert.InDelta(t, float64(s.FirstToken.Mean)+99*0.0071, float64(s.Latency.Mean), 0.08)
	assert.Equal(t, s.Requests, s.Completed+s.InSystem)
	assert.Zero(t, float64(s.Wait.Max))
}

// The load that is expected from means is that at which the pool is full: below it
// nobody waits, above it the queue grows as it must.
func TestThePoolIsFullWhereTheExpectedLoadIsOne(t *testing.T) {
	at := func(rate string) (load, wait, served float64) {
		s := run(t, with(t, text(t, chat), "demand.streams.chat.rate", rate), launch.Options{Seed: 2}).Summary.All
		return float64(s.Load), float64(s.Wait.Mean), float64(s.GoodputPerS)
	}
	load, wait, _ := at("140/s")
	assert.InDelta(t, 0.85, load, 0.1)
	assert.Less(t, wait, 0.1)
	over, late, served := at("250/s")
	assert.Greater(t, over, 1.3)
	assert.Greater(t, late, 60.0)
	assert.InDelta(t, 250/over, served, 0.06*served, "as much as the expected service says")
}

func TestARunThatBatchesIsRepeatedBitForBitAndKeepsBothIdentities(t *testing.T) {
	sc := with(t, text(t, chat), "demand.streams.chat.rate", "250/s", "pools.gpus.continuous_batching.kv_tokens", "9000",
		"clients", "[{name: people, patience: {dist: exponential, mean: 15s}, retry: {max_tries: 3, base: 1s, cap: 10s}, hedge: {after: 3s}}]",
		"pools.gpus.failures", "{mtbf: {dist: exponential, mean: 5m}, repair: {dist: exponential, mean: 30s}}")
	res := run(t, sc, launch.Options{Seed: 3})
	assert.Equal(t, hash(t, res), hash(t, run(t, sc, launch.Options{Seed: 3})))
	s := res.Summary.All
	for what, n := range map[string]float64{"completed": float64(s.Completed), "abandoned": float64(s.Abandoned), "failed": float64(s.Failed), "cancelled": float64(s.Cancelled)} {
		assert.Greater(t, n, 20.0, what)
	}
}

// What a policy takes from the work is taken from the answer.
func TestAFallbackOfLessWorkShortensAnswers(t *testing.T) {
	full := run(t, text(t, chat), launch.Options{Seed: 4}).Summary.All
	half := run(t, with(t, text(t, chat), "policies", "[{name: short, kind: fallback, pool: gpus, work: 50%, quality: 80%}]"), launch.Options{Seed: 4}).Summary.All
	require.Equal(t, half.Completed, half.Degraded)
	assert.InDelta(t, 0.5, float64((half.Latency.Mean-half.FirstToken.Mean)/(full.Latency.Mean-full.FirstToken.Mean)), 0.02)
	assert.InDelta(t, float64(full.FirstToken.Mean), float64(half.FirstToken.Mean), 0.002)
}

// A prefix that is there is not computed.
func TestAPrefixThatIsThereShortensTheFirstToken(t *testing.T) {
	s := run(t, with(t, text(t, chat), "classes.chat.tokens.prefix_hit", "100%", "classes.chat.tokens.prefix_part", "80%"), launch.Options{Seed: 1}).Summary.All
	assert.InDelta(t, 0.00705+100*19.5e-6, float64(s.FirstToken.Mean), 0.0008)
}

func TestAClassHasWhatThePoolThatServesItWants(t *testing.T) {
	for want, knobs := range map[string][]string{
		"has no tokens":                       {"classes", "[{name: chat, pool: gpus, service: 1s}]"},
		"is 8000, and a node of pool gpus":    {"pools.gpus.continuous_batching.kv_tokens", "5000"},
		"sjf cannot stand before nodes":       {"pools.gpus.queue.discipline", "sjf"},
		"service: does nothing: no pool":      {"classes.chat.service", "1s"},
		"max_tokens: is 64: want more":        {"pools.gpus.continuous_batching.max_tokens", "64"},
		"is one that batches, and a fluid":    {"classes.chat.kind", "fluid"},
		"has no service time":                 {"pools", "[{name: gpus, nodes: 1}]", "classes", "[{name: chat, pool: gpus}]"},
		"tokens: does nothing: no pool":       {"pools", "[{name: gpus, nodes: 1}]", "classes.chat.service", "1s"},
		"batches, which only the first":       {"classes.chat.then", "[{pool: gpus, service: 1s}]"},
		"has no images":                       {"pools", "[{name: gpus, nodes: 1, image_batching: {step: 1ms}}]"},
		"image_batching: a pool has one kind": {"pools.gpus.image_batching", "{step: 1ms}"},
	} {
		var changes scenario.Changes
		for i := 0; i < len(knobs); i += 2 {
			c, err := scenario.NewChange(knobs[i], knobs[i+1])
			require.NoError(t, err)
			changes = append(changes, c)
		}
		_, err := text(t, chat).With(changes)
		assert.ErrorContains(t, err, want)
	}
}

// Batch harder: from the tenth minute on batches are four times as large. More is served,
// and each token comes more slowly.
func TestLargerBatchesServeMoreAndMoreSlowly(t *testing.T) {
	sc := with(t, text(t, chat), "demand.streams.chat.rate", "200/s", "pools.gpus.continuous_batching.max_batch", "16", "classes.chat.tokens.prompt", "{dist: deterministic, value: 50}",
		"timeline", "[{at: +10m, kind: lever, label: batch harder, set: {pools.gpus.continuous_batching.max_batch: 64}}]",
		"clients", "[{name: people, patience: {dist: exponential, mean: 10s}}]")
	res := run(t, sc, launch.Options{Seed: 5})
	column := func(name string, from, to int) (sum float64) {
		c := res.Series.Column(name)
		for i := from; i < to; i++ {
			if c.Ints != nil {
				sum += float64(c.Ints[i]) / float64(to-from)
			} else {
				sum += c.Floats[i] / float64(to-from)
			}
		}
		return sum
	}
	// A step of 16 decodes takes 7.46 ms, and of 64 8.68 ms: 2.1 and 7.4 tokens a millisecond.
	assert.Less(t, column("completed", 2, 20), 0.5*column("completed", 24, 40))
	assert.InDelta(t, 0.0075, column("tpot_p50_s", 2, 20), 0.0015)
	assert.Greater(t, column("tpot_p50_s", 24, 40), 1.05*column("tpot_p50_s", 2, 20))
}

const pictures = `
name: pictures
duration: 3h
warmup: 10m
interval: 5m
tiers: [{name: all}]
classes: [{name: image, pool: gpus, slo: 1m, images: {count: {dist: discrete, values: [1, 4], weights: [3, 1]}, steps: {dist: deterministic, value: 30}, megapixels: 1}}]
pools: [{name: gpus, nodes: 4, gpus_per_node: 1, slots_per_node: 4, image_batching: {setup: 100ms, step: 25.5ms, per_megapixel: 4.5ms, max_images: 8}}]
demand: {streams: [{name: images, class: image, tier: all, rate: 0.2/s}]}
`

// Alone, an image takes a second and four of them 1.405 s.
func TestAPictureAloneTakesItsStepsAndPixels(t *testing.T) {
	s := run(t, text(t, pictures), launch.Options{Seed: 1}).Summary.All
	assert.InDelta(t, 0.75*1+0.25*1.405, float64(s.Latency.Mean), 0.03)
	assert.InDelta(t, 1.405, float64(s.Latency.P90), 0.01)
	assert.True(t, s.FirstToken.Mean.IsNull(), "a picture has no tokens")
}

// The pool is full where the expected load is 1; larger batches serve more, more slowly.
func TestLargerBatchesOfPicturesServeMoreAndMoreSlowly(t *testing.T) {
	at := func(knobs ...string) (load, rate, slow float64) {
		s := run(t, with(t, text(t, pictures), append(knobs, "demand.streams.images.rate", "12/s", "duration", "20m", "clients", "[{name: people, patience: {dist: exponential, mean: 20s}}]")...), launch.Options{Seed: 2}).Summary.All
		return float64(s.Load), float64(s.GoodputPerS), float64(s.Latency.Mean - s.WaitServedMean)
	}
	load, rate, slow := at()
	assert.InDelta(t, 12/load, rate, 0.12*rate, "as much as the expected service says, but that three requests of four images are no batch")
	singleLoad, singleRate, singleSlow := at("pools.gpus.image_batching.max_batch", "1")
	assert.InDelta(t, 12/singleLoad, singleRate, 0.03*singleRate)
	assert.Greater(t, rate, 1.8*singleRate)
	assert.Greater(t, slow, 1.2*singleSlow)
}

// Fewer steps are a degradation at the pool: half the work is half the steps.
func TestAFallbackOfLessWorkTakesFromTheSteps(t *testing.T) {
	s := run(t, with(t, text(t, pictures), "policies", "[{name: fast, kind: fallback, pool: gpus, work: 50%, quality: 90%}]"), launch.Options{Seed: 1}).Summary.All
	assert.InDelta(t, 0.75*0.55+0.25*(0.1+15*0.0435), float64(s.Latency.Mean), 0.02)
	assert.InDelta(t, 0.9, float64(s.GoodputQualityPerS/s.GoodputSLOPerS), 1e-6)
}

// Copies of one request that end in the same step: the first satisfies it, the other
// was worked on for nothing.
func TestCopiesThatEndInOneStepAreServedTwiceAndSatisfyOnce(t *testing.T) {
	s := run(t, with(t, text(t, chat), "demand.streams.chat.rate", "20/s", "pools.gpus.nodes", "1", "clients", "[{name: people, hedge: {after: 3ms}}]"), launch.Options{Seed: 1}).Summary.All
	assert.Greater(t, float64(s.Completed-s.Satisfied), 1000.0)
	assert.Greater(t, float64(s.Wasted), 100.0)
}

// A batch that the operator makes too small is an overload, and no mystery.
func TestTheLoadOfABatchIsThatOfItsSize(t *testing.T) {
	s := run(t, with(t, text(t, chat), "demand.streams.chat.rate", "100/s", "duration", "40m", "timeline", "[{at: +10m, label: x, set: {pools.gpus.continuous_batching.max_batch: 8}}]",
		"clients", "[{name: p, patience: {dist: exponential, mean: 200s}, resubmit: {after: 20s, max: 7}}]"), launch.Options{Seed: 1}).Summary.All
	assert.Greater(t, float64(s.Load), 1.0)
	assert.Equal(t, 0.0, float64(s.Metastable), "from %v", s.MetastableFrom)
}

// A log says the tokens of each request, in the place of the laws of its class.
func TestALogSaysTheTokensOfItsRequests(t *testing.T) {
	yaml := strings.Replace(strings.TrimSpace(chat), "rate: 1/s", "trace: {file: log.csv, format: azure-llm-2023}", 1)
	rows := "TIMESTAMP,ContextTokens,GeneratedTokens\n"
	for i := range 100 {
		rows += fmt.Sprintf("2023-11-16 18:%02d:%02d.0000000,%d,%d\n", i/10, i%10*6, 40, 11)
	}
	read := func(yaml string) (*scenario.Scenario, error) {
		return scenario.Read(fstest.MapFS{"chat.yaml": {Data: []byte(yaml)}, "log.csv": {Data: []byte(rows)}}, "chat.yaml")
	}
	sc, err := read(yaml)
	require.NoError(t, err)
	s := run(t, sc, launch.Options{Seed: 1}).Summary.All
	require.Equal(t, 100.0, float64(s.Completed))
	assert.InDelta(t, 0.00705+40*19.5e-6, float64(s.FirstToken.Max), 1e-8)
	assert.InDelta(t, 0.00705+40*19.5e-6+10*(0.00705+25.4e-6), float64(s.Latency.Max), 1e-8)

	_, err = read(strings.Replace(yaml, "azure-llm-2023}", "azure-llm-2023, per_token_out: 1ms}", 1))
	assert.ErrorContains(t, err, "demand.streams.chat.trace.per_token_out: does nothing: class chat has no service time")
}

// A hedge of another draw asks for other tokens.
func TestAFreshCopyAsksForTokensOfItsOwn(t *testing.T) {
	latency := func(fresh string) float64 {
		return float64(run(t, with(t, text(t, chat), "clients", "[{name: p, hedge: {after: 1ms, fresh: "+fresh+"}}]", "pools.gpus.nodes", "16"), launch.Options{Seed: 1}).Summary.All.RequestLatency.Mean)
	}
	assert.Less(t, latency("yes"), 0.75*latency("no"), "of two exponential answers the shorter has half the mean")
}

// Whatever comes together: batches of either kind, lines of nodes, failures, drains,
// smaller and larger batches, copies, impatience, a pool that preempts for memory. Both
// identities are checked by every run, and each is repeated bit for bit.
func TestBatchingWorldsOfEveryKindLive(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	of := func(options ...string) string { return options[rnd.IntN(len(options))] }
	for range 30 {
		world, key, rate := chat, "continuous_batching", of("20/s", "120/s", "220/s")
		stream := "chat"
		if rnd.IntN(2) == 0 {
			world, key, rate, stream = pictures, "image_batching", of("1/s", "4/s", "12/s"), "images"
		}
		knobs := []string{"duration", "20m", "warmup", "1m", "interval", "1m", "demand.streams." + stream + ".rate", rate,
			"clients", "[{name: p, patience: {dist: exponential, mean: " + of("5s", "60s") + "}, retry: {max_tries: 3, base: 1s, cap: 10s}" + of("", ", hedge: {after: 1s}", ", resubmit: {after: 3s, max: 3}", ", hedge: {after: 2s, fresh: yes}") + "}]",
			"timeline", "[{at: +3m, label: a, set: {pools.gpus." + key + ".max_batch: " + of("1", "2", "3") + "}}, {at: +6m, label: b, set: {pools.gpus.nodes: " + of("1", "2", "9") + "}}, {at: +9m, label: c, set: {pools.gpus.out_of_service: " + of("30%", "100%") + "}}, {at: +11m, label: d, set: {pools.gpus.out_of_service: 0%, pools.gpus." + key + ".max_batch: 0, pools.gpus.speed: " + of("0.5", "2") + "}}]"}
		if rnd.IntN(2) == 0 {
			knobs = append(knobs, "pools.gpus.routing", "{by: "+of("random", "round-robin", "shortest-queue", "power-of-choices", "session")+"}")
		}
		if rnd.IntN(2) == 0 {
			knobs = append(knobs, "pools.gpus.failures", "{mtbf: {dist: exponential, mean: 3m}, repair: {dist: exponential, mean: 30s}}")
		}
		if world == chat && rnd.IntN(2) == 0 {
			knobs = append(knobs, "pools.gpus.continuous_batching.kv_tokens", of("8000", "12000"), "pools.gpus.continuous_batching.when_full", of("preempt", "queue"))
		}
		if world == pictures && rnd.IntN(2) == 0 {
			knobs = append(knobs, "pools.gpus.image_batching.wait", "700ms")
		}
		sc := with(t, text(t, world), knobs...)
		assert.Equal(t, hash(t, run(t, sc, launch.Options{Seed: 3})), hash(t, run(t, sc, launch.Options{Seed: 3})), "%v", knobs)
	}
}
