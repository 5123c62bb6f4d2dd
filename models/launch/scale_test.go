package launch_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
	"github.com/launchday-sim/launchday/sim/stats"
)

// flood is a launch in small: 48,000 servers for half as much again as they can
// do, a population that grows by what it receives, and a lever of each kind: a
// quota of each user, a limit on the total, a limit of time. A limit on the queue
// is left out: of 50 places, at a thousandth, one more or less is two per cent.
const flood = `
name: flood
duration: 50m
warmup: 10m
tiers:
  - {name: free, users: 16M, priority: 1}
  - {name: plus, users: 1.6M, paid: yes, priority: 0}
classes:
  - {name: image, pool: gpus, service: {dist: lognormal, median: 20s, sigma: 0.47}}
  - {name: chat, kind: fluid, pool: gpus, service: 2s, share: 50%}
  - {name: signup, kind: signup, pool: door, service: {dist: exponential, mean: 10s}}
pools:
  - {name: gpus, nodes: 6000, slots_per_node: 8, queue: {discipline: priority}}
  - {name: door, nodes: 6000}
demand:
  step: 30s
  streams:
    - {name: image-free, class: image, tier: free, per_user: 1/h, interest: 90%, top_tenth: 40%, adoption: {from: -10m, at_once: 60%, innovation: 0.2/h, imitation: 0.2, memory: 10m}}
    - {name: image-plus, class: image, tier: plus, per_user: 2/h}
    - {name: chat, class: chat, tier: free, per_user: 2/h}
    - {name: signups, class: signup, tier: free, rate: 400k/h, sharing: {class: image, per_completion: 0.1, memory: 10m, reach: 20M}}
clients:
  - {name: free, tiers: [free], classes: [image], patience: {dist: lognormal, median: 90s, sigma: 1}, retry: {max_tries: 3, base: 20s, cap: 2m}, return: {share: 20%, after: {dist: exponential, mean: 15m}, max_visits: 3}}
policies:
  - {name: late, kind: deadline, tiers: [free], classes: [image], max_wait: 60s}
  - {name: quota, kind: user-quota, tiers: [free], classes: [image], limit: 2, window: 2h}
  - {name: bucket, kind: token-bucket, tiers: [plus], classes: [image], rate: 600/s, burst: 40k}
timeline:
  - {at: +25m, label: more nodes, kind: cause, set: {pools.gpus.nodes: 7000}}
`

// fluidFigures are what must not depend on the scale, and what must be in
// proportion to it. What depends on the number of servers is left out: the waits
// of those who come first in the queue, and what chance alone brings about near a
// threshold, such as the wait that ends just beyond its deadline.
var fluidFigures = map[string]func(s *metrics.Summary) metrics.Figure{
	"users with an image, of those who asked": func(s *metrics.Summary) metrics.Figure {
		return s.Classes["image"].UsersSatisfied / s.Classes["image"].Users
	},
	"images a user": func(s *metrics.Summary) metrics.Figure {
		return s.Classes["image"].Completed / s.Classes["image"].Users
	},
	"share stopped by the quota": func(s *metrics.Summary) metrics.Figure {
		return s.Tiers["free"].Rejected["quota"] / s.Tiers["free"].Attempts
	},
	"share stopped by the bucket": func(s *metrics.Summary) metrics.Figure {
		return s.Tiers["plus"].Rejected["bucket"] / s.Tiers["plus"].Attempts
	},
}

var fluidPaths = []string{
	// Shares and times, the same at every scale.
	"tiers.free.completed_share", "tiers.free.abandonment_rate", "tiers.plus.refusal_rate",
	"tiers.free.classes.image.wait_s.mean", "tiers.free.classes.image.request_latency_s.mean", "classes.image.load",
	// Counts and levels, brought to full scale.
	"classes.image.requests", "classes.image.attempts", "classes.image.completed", "classes.image.users", "classes.image.users_satisfied", "classes.signup.completed",
	"tiers.free.classes.image.queue_length.mean", "pools.gpus.capacity_mean", "pools.gpus.fluid_mean", "classes.chat.completed",
}

// Each figure is compared over pairs of independent runs, one at each scale:
// zero must lie in the Student interval of the mean difference. All intervals
// together hold with a confidence of 1 - 1e-5, so that each is some 13 standard
// errors wide; that they are narrow all the same is asserted too.
func TestFluidQuantitiesAgreeBetweenScales(t *testing.T) {
	const pairs = 12
	full := text(t, flood)
	hundredth, thousandth := with(t, full, "scale", "1/100"), with(t, full, "scale", "1/1000")
	differences, means := map[string][]float64{}, map[string]*stats.Moments{}
	for rep := range uint64(pairs) {
		large := run(t, hundredth, launch.Options{Seed: rngtest.Seed(t, 1), Replication: rep})
		small := run(t, thousandth, launch.Options{Seed: rngtest.Seed(t, 1), Replication: pairs + rep})
		compare := func(name string, a, b metrics.Figure) {
			require.False(t, a.IsNull() || b.IsNull(), name)
			differences[name] = append(differences[name], float64(b-a))
			if means[name] == nil {
				means[name] = new(stats.Moments)
			}
			means[name].Add(float64(a))
		}
		for name, of := range fluidFigures {
			compare(name, of(&large.Summary), of(&small.Summary))
		}
		for _, path := range fluidPaths {
			compare(path, fullScale(t, large, path), fullScale(t, small, path))
		}
	}
	for name, d := range differences {
		mean := means[name].Interval(0.95).Mean
		i := stats.MeanInterval(d, stats.Bonferroni(1-1e-5, len(differences)))
		t.Logf("%-52s %12.5g, difference %+6.2f %% +- %.2f %%", name, mean, 100*i.Mean/mean, 100*i.HalfWidth()/mean)
		assert.True(t, i.Contains(0), "%s: at 1/1000 it differs from 1/100 by %v, of %v", name, i, mean)
		assert.NotZero(t, mean, "%s: the launch does not have it", name)
		assert.Less(t, i.HalfWidth(), 0.5*math.Abs(mean), "%s: nothing could be seen", name)
	}
}

// fullScale is a figure of a run, multiplied back to the whole world where it
// grows with the scale.
func fullScale(t testing.TB, res *metrics.Result, path string) metrics.Figure {
	t.Helper()
	f, err := res.Summary.Lookup(path)
	require.NoError(t, err)
	return metrics.FullScale(path, f, res.Summary.Scale)
}

// What must grow tenfold with the scale, before anything is multiplied back.
func TestCountsGrowWithTheScaleAndDurationsDoNot(t *testing.T) {
	full := text(t, flood)
	large := run(t, with(t, full, "scale", "1/100"), launch.Options{Seed: rngtest.Seed(t, 1)})
	small := run(t, with(t, full, "scale", "1/1000"), launch.Options{Seed: rngtest.Seed(t, 1)})
	for _, path := range fluidPaths {
		a, err := large.Summary.Lookup(path)
		require.NoError(t, err)
		b, err := small.Summary.Lookup(path)
		require.NoError(t, err)
		want := 1.0
		if metrics.Extensive(path) {
			want = 10
		}
		// The mean differences above are within 2 %, single pairs within five times that.
		assert.InEpsilon(t, want, float64(a/b), 0.3, path)
	}
	assert.Equal(t, large.Series.Len(), small.Series.Len(), "the series have the same intervals")
}

// The shipped launch, loosely: ten days of it at a ten-thousandth are some
// 70,000 images.
func TestTheLaunchIsTheSameAtATenthOfItsScale(t *testing.T) {
	sc := read(t, "ghibli-2025", "duration", "4d", "record", "[]")
	large := run(t, with(t, sc, "scale", "1/1000"), launch.Options{Seed: rngtest.Seed(t, 1)})
	small := run(t, with(t, sc, "scale", "1/10000"), launch.Options{Seed: rngtest.Seed(t, 1)})
	for path, within := range map[string]float64{
		"classes.image.completed": 0.1, "classes.image.users_satisfied": 0.1, "classes.signup.completed": 0.1, "classes.image.load": 0.1,
		"paid.classes.image.completed_share": 0.1, "pools.gpus.utilisation": 0.03,
	} {
		a, b := float64(fullScale(t, large, path)), float64(fullScale(t, small, path))
		t.Logf("%-40s %.4g at 1/1000, %.4g at 1/10000", path, a, b)
		assert.InEpsilon(t, a, b, within, path)
	}
	assert.True(t, strings.HasPrefix(large.Summary.Scenario, "ghibli"))
}
