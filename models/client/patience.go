package client

import (
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// purposePatience is what the patience of a request is drawn for.
var purposePatience = rng.Purpose("client/patience")

// A patience is the law of the longest wait in the queue that a user bears:
// the G of M/M/c+G (Garnett, Mandelbaum and Reiman 2002).
type patience struct {
	dist rng.Dist // in seconds; nil is for ever
	src  rng.Source
}

func newPatience(d unit.Dist) (patience, error) {
	dist, err := build(d)
	return patience{dist: dist}, err
}

func (p *patience) of(request rng.Key) sim.Time {
	if p.dist == nil {
		return sim.Never
	}
	p.src = request.Draw(purposePatience)
	return sample(p.dist, &p.src)
}

// build makes a distribution of spans of time; one that is absent is nil.
func build(d unit.Dist) (rng.Dist, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.Build()
}

// sample draws a span of time. The source lies in the caller's struct, not on
// its stack, because what is passed to an interface would be allocated.
func sample(d rng.Dist, src *rng.Source) sim.Time {
	return max(0, sim.FromSeconds(d.Sample(src)))
}
