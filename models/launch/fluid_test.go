package launch

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models/scenario"
)

const flood = `
name: flood
duration: 10h
tiers: [{name: free}, {name: paid, paid: yes}]
classes: [{name: chat, kind: fluid, pool: servers, service: 1s, patience: 10s}]
pools: [{name: servers, nodes: 10}]
demand:
  streams:
    - {name: free, tier: free, class: chat, rate: 15/s}
    - {name: paid, tier: paid, class: chat, rate: 5/s}
`

// Twice as much as can be served: of 20 a second 10 are served, and so many wait,
// 10 s on average, that the other 10 leave.
func TestFluidWorkUnderOverloadFindsItsBalance(t *testing.T) {
	s := finish(t, flood, 1).Summary
	assert.InEpsilon(t, 0.5, float64(s.Classes["chat"].AbandonmentRate), 0.01)
	assert.InEpsilon(t, 100, float64(s.Classes["chat"].QueueLength.Mean), 0.01)
	assert.InDelta(t, 1, float64(s.GPU.Utilisation), 1e-6)
	assert.InEpsilon(t, float64(s.Tiers["free"].Classes["chat"].CompletedShare), float64(s.Tiers["paid"].Classes["chat"].CompletedShare), 0.01, "servers are shared by what is claimed")
}

// Servers and messages are whole numbers. What rounding leaves over from one
// step to the next must not look like a queue, or small scales would suffer
// more than large ones.
func TestFluidWorkNeverWaitsWhereThereIsRoomAtAnyScale(t *testing.T) {
	for _, nodes := range []string{"30", "300", "30k"} {
		text := strings.Replace(flood, "nodes: 10", "nodes: "+nodes, 1)
		text = strings.Replace(text, "service: 1s", "service: 1.37s", 1)
		text = strings.ReplaceAll(text, "/s}", "/s, profile: [{at: +0s, x: 0.1}, {at: +5h, x: 1}, {at: +10h, x: 0}]}")
		s := finish(t, text, 1).Summary
		assert.Zero(t, s.Classes["chat"].Abandoned, nodes)
		assert.Zero(t, s.Classes["chat"].QueueLength.Max, nodes)
		// 20/s x 0.525 of it on average x 1.37 s.
		assert.InEpsilon(t, 20*0.525*1.37, float64(s.GPU.FluidMean), 0.001, nodes)
	}
}

func TestFluidWorkThatNeedsNoTimeIsDoneAtOnce(t *testing.T) {
	s := finish(t, strings.Replace(flood, "service: 1s", "service: 0s", 1), 1).Summary
	assert.Equal(t, s.Classes["chat"].Requests, s.Classes["chat"].Satisfied)
	assert.Zero(t, s.GPU.FluidMean)
}

func TestOneFluidStreamOfATierAndClassIsEnough(t *testing.T) {
	_, err := scenario.ReadText("twice.yaml", strings.Replace(flood, "tier: paid", "tier: free", 1))
	assert.ErrorContains(t, err, "demand.streams.paid: is the second stream of the fluid class chat for tier free: want one, at the sum of the rates")
}

func TestAPopulationSmallerThanAUserStillHasOne(t *testing.T) {
	s := finish(t, `
name: hamlet
duration: 10h
tiers: [{name: villagers, users: 3}]
classes: [{name: job, pool: server, service: 1s}]
pools: [{name: server, nodes: 1}]
demand: {streams: [{name: s, class: job, tier: villagers, per_user: 100/h, interest: 10%}]}
`, 1).Summary
	assert.EqualValues(t, 1, s.All.Users)
	assert.InDelta(t, 300, float64(s.All.Requests), 87, "five standard deviations")
}
