package launch_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
	"github.com/launchday-sim/launchday/sim/stats"
)

// bulk is the mean wait in M/D^[1,b]/1: Poisson arrivals, services of constant time d for
// all who wait, up to b of them, begun as soon as one is there (the general bulk service
// rule with a = 1: Neuts 1967, Annals of Mathematical Statistics 38, 759-770). With n who
// wait when a service ends, max(n,1) less those who are taken, and a Poisson number of
// arrivals, wait when the next ends: a Markov chain, solved numerically. Over a cycle, the
// idle time before it included, the area below the number that wait is (n-b)+ d + lambda d²/2,
// and the mean wait is, by Little's law, the mean area over the mean number of arrivals.
func bulk(lambda, d float64, b int) float64 {
	const most = 400
	arrivals := make([]float64, most)
	arrivals[0] = math.Exp(-lambda * d)
	for k := 1; k < most; k++ {
		arrivals[k] = arrivals[k-1] * lambda * d / float64(k)
	}
	p := make([]float64, most)
	p[0] = 1
	for range 3000 {
		next := make([]float64, most)
		for n, x := range p {
			left := max(n-b, 0)
			for k := 0; left+k < most; k++ {
				next[left+k] += x * arrivals[k]
			}
		}
		p = next
	}
	area, length := 0.0, 0.0
	for n, x := range p {
		area += x * (float64(max(n-b, 0))*d + lambda*d*d/2)
		length += x * d
	}
	length += p[0] / lambda
	return area / (lambda * length)
}

func TestBatchesWaitAsTheGeneralBulkServiceRuleSays(t *testing.T) {
	// b = 1 is M/D/1: rho d / (2 (1 - rho)).
	assert.InDelta(t, 0.8*10/(2*0.2), bulk(0.08, 10, 1), 1e-6)
	seed := rngtest.Seed(t, 91)
	for _, c := range []struct {
		b    int
		rate string
		rho  float64
	}{{1, "0.08/s", 0.8}, {4, "0.3/s", 0.75}, {8, "0.4/s", 0.5}} {
		var waits []float64
		sc := text(t, fmt.Sprintf(`
name: bulk
duration: 100h
warmup: 1h
tiers: [{name: all}]
classes: [{name: image, pool: gpus, images: {steps: {dist: deterministic, value: 10}}}]
pools: [{name: gpus, nodes: 1, slots_per_node: %d, image_batching: {step: 1s}}]
demand: {streams: [{name: s, class: image, tier: all, rate: %s}]}
`, c.b, c.rate))
		for k := range uint64(8) {
			waits = append(waits, float64(run(t, sc, launch.Options{Seed: seed, Replication: k}).Summary.All.Wait.Mean))
		}
		lambda := c.rho * float64(c.b) / 10
		// 99.99 % of each of three.
		i := stats.MeanInterval(waits, 0.9999)
		assert.True(t, i.Contains(bulk(lambda, 10, c.b)), "b = %d: %v, want %v", c.b, i, bulk(lambda, 10, c.b))
		assert.Less(t, i.HalfWidth(), 0.12*i.Mean)
	}
}
