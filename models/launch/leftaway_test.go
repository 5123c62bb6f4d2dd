package launch_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/launch"
)

// A batch of one request on each node, so that the time that an answer takes is that of
// its model, by hand: setup 1 s, 20 steps of 0.1 s and 0.2 s for each of 2 images of a
// megapixel.
const pairs = `
name: pairs
duration: 2h
tiers: [{name: free}]
classes: [{name: image, pool: gpus, slo: 1h, images: {count: {dist: deterministic, value: 2}, steps: {dist: deterministic, value: 20}, megapixels: 1}}]
pools: [{name: gpus, nodes: 50, slots_per_node: 1, image_batching: {setup: 1s, step: 0.1s, per_megapixel: 0.2s, max_images: 4}}]
demand: {streams: [{name: images, class: image, tier: free, rate: 1/s}]}
`

func TestWhatIsLeftAwayTakesNoTimeAndCostsQuality(t *testing.T) {
	for degrade, want := range map[string]struct{ seconds, quality float64 }{
		"{steps: 50%}":      {1 + 10*0.5, math.Pow(0.5, 0.1)},
		"{resolution: 25%}": {1 + 20*(0.1+0.2*2*0.25), math.Pow(0.25, 0.15)},
		"{images: 1}":       {1 + 20*0.3, math.Sqrt(0.5)},
		"{images: 2}":       {1 + 20*0.5, 1},
		"{model: 40%}":      {0.4 * (1 + 20*0.5), math.Pow(0.4, 0.15)},
		"{steps: 50%, images: 1, quality: {steps: 1}}": {1 + 10*0.3, 0.5 * math.Sqrt(0.5)},
	} {
		s := run(t, with(t, text(t, pairs), "pools.gpus.degrade", degrade), launch.Options{Seed: 1}).Summary.All
		assert.InDelta(t, want.seconds, float64(s.Latency.P50), 0.02*want.seconds, degrade)
		assert.InDelta(t, want.quality, float64(s.GoodputQualityPerS/s.GoodputSLOPerS), 1e-5, degrade)
		assert.InDelta(t, want.quality, float64(s.QualityMean), 1e-5, degrade)
	}
	// Of slots the service time shrinks by the product; answers that are begun stay.
	slots := strings.Replace(strings.Replace(pairs, "images: {count: {dist: deterministic, value: 2}, steps: {dist: deterministic, value: 20}, megapixels: 1}", "service: 10s", 1),
		", image_batching: {setup: 1s, step: 0.1s, per_megapixel: 0.2s, max_images: 4}", "", 1)
	s := run(t, with(t, text(t, slots), "pools.gpus.degrade", "{steps: 50%, output: 80%}"), launch.Options{Seed: 1}).Summary.All
	assert.InDelta(t, 4, float64(s.Latency.P50), 0.05)
	half := run(t, with(t, text(t, slots), "timeline", "[{at: +1h, label: fewer steps, set: {pools.gpus.degrade: {steps: 50%}}}]"), launch.Options{Seed: 1}).Summary.All
	assert.InDelta(t, 0.5, float64(half.Degraded/half.Completed), 0.02)

	// Tokens of an answer, and larger models, of nodes that batch continuously.
	chat := fmt.Sprintf(`
name: talk
duration: 1h
tiers: [{name: free}]
classes: [{name: chat, pool: gpus, slo: 1h, tokens: {prompt: {dist: deterministic, value: 10}, output: {dist: deterministic, value: 100}}}]
pools: [{name: gpus, nodes: 10, slots_per_node: 8, continuous_batching: {step: 50ms, kv_tokens: 100k}, degrade: %s}]
demand: {streams: [{name: chats, class: chat, tier: free, rate: 1/s}]}
`, "{output: 50%}")
	s = run(t, text(t, chat), launch.Options{Seed: 1}).Summary.All
	assert.InDelta(t, 50*0.05, float64(s.Latency.P50), 0.06, "the step under way goes by first")
	assert.InDelta(t, math.Pow(0.5, 0.2), float64(s.GoodputQualityPerS/s.GoodputSLOPerS), 1e-5)
}
