package launch

import (
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/stats"
)

// A load is the attempts at a pool over time, for an autoscaler.
type load struct {
	busy, waiting stats.Gauge
	asked         sim.Time // when their means were last asked for
	before        [2]stats.Integral
}

func (l *load) note(now sim.Time, p *pool) {
	busy := p.gpu.Busy()
	if p.batches {
		busy = p.gpu.Capacity() - p.gpu.Free() // a place of a node without memory is none
	}
	l.busy.Set(int64(now), int64(busy))
	l.waiting.Set(int64(now), int64(p.waiting()))
}

// mean is the servers at work, of nodes that batch the places that nobody could take, and the attempts that wait, on average since it was last
// asked for.
func (p *pool) mean(now sim.Time) (busy, waiting float64) {
	l := p.load
	l.note(now, p)
	at := [2]stats.Integral{l.busy.Integral(int64(now)), l.waiting.Integral(int64(now))}
	if ns := int64(now - l.asked); ns > 0 {
		busy, waiting = at[0].Sub(l.before[0]).Over(ns), at[1].Sub(l.before[1]).Over(ns)
	}
	l.asked, l.before = now, at
	return busy, waiting
}
