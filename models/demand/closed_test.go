package demand_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// A slowHost ends each request after a time.
type slowHost struct {
	k     *sim.Kernel
	actor sim.ActorID
	d     *demand.Demand
	after sim.Time
	ended map[models.User]sim.Time
	keys  map[models.User][]rng.Key
	think map[models.User][]sim.Time // before each request
}

func (h *slowHost) Request(now sim.Time, key rng.Key, user models.User, _ models.Tier, _ models.Class, _ uint32) {
	h.keys[user] = append(h.keys[user], key)
	h.think[user] = append(h.think[user], now-h.ended[user])
	h.k.At(now+h.after, sim.Event{Actor: h.actor, Arg: uint32(user)})
}

func (h *slowHost) Flow(sim.Time, sim.Time, models.Tier, models.Class, float64) {}

func (h *slowHost) Handle(now sim.Time, ev sim.Event) {
	h.ended[models.User(ev.Arg)] = now
	h.d.Ended(now, models.User(ev.Arg))
}

func circle(t *testing.T, after sim.Time) *slowHost {
	k := sim.NewKernel()
	h := &slowHost{k: k, after: after, ended: map[models.User]sim.Time{}, keys: map[models.User][]rng.Key{}, think: map[models.User][]sim.Time{}}
	h.actor = k.Register("host", h)
	spec := stream(demand.Stream{Closed: &demand.Closed{Users: 7, Think: unit.Dist{Law: "exponential", Mean: span(10)}}})
	open := stream(demand.Stream{PerUser: 1e-9}).Streams[0]
	open.Name = "open"
	spec.Streams = append(spec.Streams, open)
	var err error
	h.d, err = demand.New(k, spec, env(rngtest.Seed(t, 1), 100), h)
	require.NoError(t, err)
	h.d.Start(0)
	k.RunUntil(sim.Hour)
	return h
}

func TestAUserOfAClosedStreamThinksTheSameHoweverLongHeWaited(t *testing.T) {
	fast, slow := circle(t, sim.Second), circle(t, 20*sim.Second)
	require.Len(t, fast.keys, 7)
	require.Equal(t, 107, fast.d.Users())
	for user, keys := range slow.keys {
		require.GreaterOrEqual(t, user, models.User(100), "behind those of the tiers")
		require.Greater(t, len(fast.keys[user]), len(keys))
		assert.Equal(t, fast.keys[user][:len(keys)], keys)
		assert.Equal(t, fast.think[user][:len(keys)], slow.think[user])
	}
}
