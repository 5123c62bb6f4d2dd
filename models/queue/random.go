package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// random serves one of those who wait, each with the same chance (SIRO). Its luck
// is the stream queue/POOL/random: one draw for each who is taken.
type random struct {
	slab
	places []int32
	luck   rng.Source
}

func newRandom(env Env) *random {
	return &random{luck: rng.NewSource(env.Seed, env.Replication, "queue/"+env.Pool+"/random")}
}

func (q *random) push(_ sim.Time, e Entry, _ *models.Attempt) (uint64, bool) {
	at := q.put(e)
	q.places = append(q.places, at)
	return uint64(at), true
}

func (q *random) leave(_ sim.Time, place uint64) { q.slab.leave(place) }

func (q *random) pop(sim.Time) (Entry, bool) {
	n := len(q.places)
	if n == 0 {
		return Entry{}, false
	}
	i := q.luck.IntN(uint64(n))
	at := q.places[i]
	q.places[i] = q.places[n-1]
	q.places = q.places[:n-1]
	return q.take(at), true
}

func (q *random) reconfigure(*Spec) {}
