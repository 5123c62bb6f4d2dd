package sim_test

import (
	"testing"

	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/stats"
)

// The kinds of a station's events.
const (
	arrives uint8 = iota
	leaves
	abandons
)

// A station is the M/M/c queue, with exponential patience M/M/c+M (Erlang A):
// the least that a model does for a customer, statistics included. A mean
// service takes a second.
type station struct {
	k        *sim.Kernel
	id       sim.ActorID
	arrivals rng.Source
	services rng.Source
	patience rng.Source
	interval float64 // mean time between arrivals, ns
	mean     float64 // mean patience, ns; 0 is for ever
	free     int     // servers

	line       [1 << 16]waiting // a ring; places are counted from the start
	head, tail uint32
	served     int
	wait       stats.Sketch
	inSystem   stats.Gauge
}

type waiting struct {
	since sim.Time // -1: has left
	timer sim.Timer
}

func newStation(servers int, load, patience float64) *station {
	s := &station{
		k:        sim.NewKernel(),
		arrivals: rng.NewSource(1, 0, "arrivals"),
		services: rng.NewSource(1, 0, "services"),
		patience: rng.NewSource(1, 0, "patience"),
		interval: 1e9 / (load * float64(servers)),
		mean:     patience * 1e9,
		free:     servers,
	}
	s.id = s.k.Register("station", s)
	s.k.At(0, sim.Event{Actor: s.id, Kind: arrives})
	return s
}

func (s *station) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case arrives:
		s.k.At(now+sim.Time(s.arrivals.Exp()*s.interval), sim.Event{Actor: s.id, Kind: arrives})
		s.inSystem.Add(int64(now), 1)
		if s.free > 0 {
			s.free--
			s.serve(now, 0)
			return
		}
		w := &s.line[s.tail%uint32(len(s.line))]
		w.since = now
		if s.mean > 0 {
			w.timer = s.k.Timer(now+sim.Time(s.patience.Exp()*s.mean), sim.Event{Actor: s.id, Kind: abandons, Arg: s.tail})
		}
		s.tail++
	case leaves:
		s.inSystem.Add(int64(now), -1)
		for ; s.head != s.tail; s.head++ {
			if w := &s.line[s.head%uint32(len(s.line))]; w.since >= 0 {
				s.k.Cancel(w.timer)
				s.head++
				s.serve(now, now-w.since)
				return
			}
		}
		s.free++
	case abandons:
		w := &s.line[ev.Arg%uint32(len(s.line))]
		s.wait.Record(int64(now - w.since))
		w.since = -1
		s.served++
		s.inSystem.Add(int64(now), -1)
	}
}

func (s *station) serve(now, waited sim.Time) {
	s.wait.Record(int64(waited))
	s.served++
	s.k.At(now+sim.Time(s.services.Exp()*1e9), sim.Event{Actor: s.id, Kind: leaves})
}

// BenchmarkStation measures whole customers: two events or more each, random
// draws and statistics included.
func BenchmarkStation(b *testing.B) {
	for _, c := range []struct {
		name           string
		servers        int
		load, patience float64
	}{
		{"mm1", 1, 0.9, 0},
		{"mm100", 100, 0.9, 0},
		{"erlang-a", 100, 1.1, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := newStation(c.servers, c.load, c.patience)
			for range 10000 {
				s.k.Step()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for done := s.served + b.N; s.served < done; {
				s.k.Step()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "customers/s")
		})
	}
}
