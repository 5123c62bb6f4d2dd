package launch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
)

// Two features share a pool that bears one of them.
const calendar = `
name: calendar
duration: 3h
warmup: 10m
tiers: [{name: all}]
classes:
  - {name: image, pool: main, service: {dist: exponential, mean: 10s}}
  - {name: video, pool: main, service: {dist: exponential, mean: 60s}}
pools: [{name: main, nodes: 50}]
demand:
  releases:
    - {name: video, planned: +1h}
    - {name: voice, planned: +1d}
  streams:
    - {name: images, class: image, tier: all, rate: 4/s}
    - {name: videos, class: video, tier: all, rate: 1/s, release: video}
clients: [{name: people, patience: {dist: exponential, mean: 5m}}]
`

func TestWhatComesOutSharesThePoolAndPostponingItIsALever(t *testing.T) {
	out := run(t, text(t, calendar), launch.Options{Seed: 5}).Summary
	assert.Equal(t, metrics.ReleaseFigures{Planned: 3600, Released: 3600, Delay: 0}, out.Releases["video"])
	voice := out.Releases["voice"]
	assert.True(t, voice.Planned == 86400 && voice.Released.IsNull() && voice.Delay.IsNull(), "not due in the run")
	assert.InDelta(t, 7200, float64(out.Classes["video"].Requests), 6*85)

	held := run(t, text(t, calendar+`
timeline: [{at: +50m, label: held back, set: {demand.releases.video.postponed: 90m}}]
`), launch.Options{Seed: 5}).Summary
	assert.Equal(t, metrics.ReleaseFigures{Planned: 3600, Released: 9000, Delay: 5400}, held.Releases["video"])
	assert.InDelta(t, 1800, float64(held.Classes["video"].Requests), 6*43)
	assert.Equal(t, out.Classes["image"].Requests, held.Classes["image"].Requests, "the same luck")
	assert.Less(t, float64(held.Classes["image"].Wait.Mean), float64(out.Classes["image"].Wait.Mean)/2)

	never := run(t, text(t, calendar+`
timeline: [{at: +50m, label: held back, set: {demand.releases.video.postponed: 90d}}]
`), launch.Options{Seed: 5}).Summary
	assert.Zero(t, never.Classes["video"].Requests)
	assert.True(t, never.Releases["video"].Released.IsNull())
	assert.Equal(t, metrics.Figure(7200), never.Releases["video"].Delay, "until the end of the run")
}

func TestAReleaseThatIsOutCannotBeHeldBackAndTheFileIsAtFault(t *testing.T) {
	const late = `
timeline: [{at: +70m, label: too late, set: {demand.releases.video.postponed: 90m}}]
`
	assert.ErrorContains(t, launch.Rehearse(text(t, calendar+late)), "test.yaml:18:45: timeline[0].set: demand.releases.video.postponed: it has come out already")
	const past = `
timeline:
  - {at: +50m, label: held back, set: {demand.releases.video.postponed: 90m}}
  - {at: +80m, label: let out, set: {demand.releases.video.postponed: 19m}}
`
	assert.ErrorContains(t, launch.Rehearse(text(t, calendar+past)), "postponed: 19m would have let it out already: want at least 20m")
}
