package demand

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// An echo is the rate of completions as it works on others, smoothed by an
// exponential lag.
type echo struct {
	class  models.Class
	memory sim.Time
	rate   float64 // per second
}

func (e *echo) hear(feeds []classFeed, dt sim.Time) {
	keep := rng.Exp(-dt.Seconds() / e.memory.Seconds())
	now := float64(feeds[e.class].completed) / dt.Seconds()
	e.rate = float64(e.rate*keep) + float64(now*(1-keep))
}

// listen takes in what was completed since the last tick.
func (d *Demand) listen(now sim.Time) {
	dt := now - d.ticked
	if dt <= 0 {
		return
	}
	d.ticked = now
	for i := range d.streams {
		s := &d.streams[i]
		if s.spec.Sharing != nil {
			s.sharing.hear(d.classes, dt)
		}
		if a := s.spec.Adoption; a != nil {
			s.adopting.hear(d.classes, dt)
			if s.known {
				base := math.Max(1, d.interested(s))
				hazard := float64(a.Innovation) + float64(float64(a.Imitation)*s.adopting.rate)/base
				s.adopted = 1 - float64((1-s.adopted)*rng.Exp(-float64(hazard*dt.Seconds())))
			}
			d.announce(s, now)
		}
	}
	for c := range d.classes {
		d.classes[c].completed = 0
	}
}

// announce makes the feature of a stream known when its time has come.
func (d *Demand) announce(s *stream, now sim.Time) {
	if a := s.spec.Adoption; a != nil && !s.known && now >= sim.After(s.origin, sim.Time(a.From)) {
		s.known = true
		s.adopted = float64(a.AtOnce)
	}
}

// interested is the number of users at the start who will ever ask.
func (d *Demand) interested(s *stream) float64 {
	return d.blocks[s.tier].total * float64(s.spec.Interest)
}
