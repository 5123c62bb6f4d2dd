package sim_test

import (
	"fmt"
	"os"

	"github.com/launchday-sim/launchday/sim"
)

// The kinds of the shop's events.
const (
	arrival uint8 = iota
	departure
	impatience
)

// A shop has one counter, which takes a second for each customer, and customers
// who leave the line after 1.5 s.
type shop struct {
	k      *sim.Kernel
	id     sim.ActorID
	atWork bool
	line   []uint32             // customers waiting
	leaves map[uint32]sim.Timer // the patience of each of them
}

func (s *shop) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case arrival:
		if !s.atWork {
			s.serve(now, ev.Arg)
			return
		}
		s.line = append(s.line, ev.Arg)
		s.leaves[ev.Arg] = s.k.Timer(now+1500*sim.Millisecond, sim.Event{Actor: s.id, Kind: impatience, Arg: ev.Arg})
	case departure:
		s.atWork = false
		if len(s.line) > 0 {
			next := s.line[0]
			s.line = s.line[1:]
			s.k.Cancel(s.leaves[next])
			s.serve(now, next)
		}
	case impatience:
		for i, customer := range s.line {
			if customer == ev.Arg {
				s.line = append(s.line[:i], s.line[i+1:]...)
				break
			}
		}
	}
}

func (s *shop) serve(now sim.Time, customer uint32) {
	s.atWork = true
	s.k.At(now+sim.Second, sim.Event{Actor: s.id, Kind: departure, Arg: customer})
}

// Describe puts an event of the shop in words, for the trace.
func (s *shop) Describe(ev sim.Event) string {
	return fmt.Sprintf("customer %d %s", ev.Arg, [...]string{"arrives", "is served and goes", "is tired of waiting"}[ev.Kind])
}

func Example() {
	k := sim.NewKernel()
	s := &shop{k: k, leaves: map[uint32]sim.Timer{}}
	s.id = k.Register("shop", s)
	for customer := range uint32(4) {
		k.At(sim.Time(customer)*200*sim.Millisecond, sim.Event{Actor: s.id, Kind: arrival, Arg: customer})
	}
	sim.Trace(os.Stdout, k)
	k.RunUntil(sim.Minute)
	fmt.Println("now", k.Now(), "after", k.Fired(), "events")
	// Output:
	//             0s  shop: customer 0 arrives
	//          200ms  shop: customer 1 arrives
	//          400ms  shop: customer 2 arrives
	//          600ms  shop: customer 3 arrives
	//             1s  shop: customer 0 is served and goes
	//           1.9s  shop: customer 2 is tired of waiting
	//             2s  shop: customer 1 is served and goes
	//             3s  shop: customer 3 is served and goes
	// now 1m0s after 8 events
}
