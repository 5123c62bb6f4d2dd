package queue

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// sjf serves the one whose service is shortest, without pre-emption (Phipps 1956).
// The size is known, or predicted: known times a lognormal error of mean 1 and the
// given coefficient of variation, which belongs to the request.
type sjf struct {
	sorted
	purpose uint64
	sigma   float64 // of the logarithm of the error; 0: the size is known
}

func newSJF(env Env) *sjf { return &sjf{purpose: rng.Purpose("queue/" + env.Pool + "/prediction")} }

func (q *sjf) push(_ sim.Time, e Entry, a *models.Attempt) (uint64, bool) {
	size := a.Service
	if q.sigma > 0 {
		luck := a.Request.Draw(q.purpose)
		off := rng.Exp(float64(q.sigma*luck.Normal()) - float64(q.sigma*q.sigma)/2)
		size = sim.Time(math.Min(float64(float64(size)*off), 1<<62))
	}
	return q.add(int64(size), e), true
}

func (q *sjf) leave(_ sim.Time, place uint64) { q.slab.leave(place) }

func (q *sjf) pop(sim.Time) (Entry, bool) { return q.least() }

func (q *sjf) reconfigure(s *Spec) {
	q.sigma = math.Sqrt(rng.Log(1 + float64(s.PredictionCV*s.PredictionCV)))
}
