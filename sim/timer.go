package sim

// A Timer is the handle of an event that can be cancelled. The zero Timer is
// no event. A handle outlives its event harmlessly: it says which use of its
// place in the table it means, and goes wrong only after 2^32 further uses of
// the same place.
type Timer uint64

// timerActor marks an entry of the queue whose event stands in the table of
// timers, at Arg. No actor has this number.
const timerActor ActorID = 1<<16 - 1

// timers is the table of the events that can be cancelled. The queue holds the
// index of an event, so cancelling needs no search: the event is struck from
// the table, and its entry falls out when it comes up or at the next purge.
// Until then the place is not used again, so an index is never ambiguous.
type timers struct {
	table     []timer
	free      uint32 // first free place, plus 1; 0 is none
	cancelled int    // entries of the queue whose event was cancelled
}

type timer struct {
	ev         Event  // Actor is timerActor if there is none
	generation uint32 // from 1, one more at each fire and cancel
	nextFree   uint32 // of a free place, the next one, plus 1
}

// Timer schedules ev to fire at t, as At does, so that it can be cancelled. A
// Timer at Never is no event, and is 0.
func (k *Kernel) Timer(t Time, ev Event) Timer {
	if t < k.now || int(ev.Actor) >= len(k.actors) {
		k.refuse(t, ev)
	}
	if t == Never {
		return 0
	}
	i, generation := k.timers.add(ev)
	k.queue.push(k.now, entry{t, Event{Actor: timerActor, Priority: ev.Priority, Arg: i}})
	return Timer(generation)<<32 | Timer(i)
}

// Cancel withdraws the event of tm and reports whether it was still pending:
// false if it has fired (its own Handle included) or was cancelled before, and
// for the zero Timer. It takes constant time, amortised: when the cancelled events
// that still lie in the queue outnumber the pending ones, and 64, it clears them
// out.
func (k *Kernel) Cancel(tm Timer) bool {
	s := &k.timers
	i, generation := uint32(tm), uint32(tm>>32)
	if int(i) >= len(s.table) || s.table[i].generation != generation {
		return false
	}
	s.strike(i)
	s.cancelled++
	if s.cancelled > 64 && s.cancelled > k.queue.len/2 {
		k.queue.purge(func(e entry) bool {
			if !s.isCancelled(e) {
				return false
			}
			s.release(e.ev.Arg)
			return true
		})
		s.cancelled = 0
	}
	return true
}

// add enters an event and returns its place and generation.
func (s *timers) add(ev Event) (place, generation uint32) {
	if s.free == 0 {
		s.table = append(s.table, timer{generation: 1})
		s.free = uint32(len(s.table))
	}
	place = s.free - 1
	t := &s.table[place]
	s.free = t.nextFree
	t.ev = ev
	return place, t.generation
}

// expire takes out the event whose entry has come up; false if it was
// cancelled.
func (s *timers) expire(place uint32) (Event, bool) {
	ev := s.table[place].ev
	if ev.Actor == timerActor {
		s.cancelled--
		s.release(place)
		return Event{}, false
	}
	s.strike(place)
	s.release(place)
	return ev, true
}

// strike takes out an event and makes its handles stale.
func (s *timers) strike(place uint32) {
	t := &s.table[place]
	t.ev.Actor = timerActor
	if t.generation++; t.generation == 0 {
		t.generation = 1 // so that no handle is the zero Timer
	}
}

// release makes a struck place free for another event.
func (s *timers) release(place uint32) {
	s.table[place].nextFree = s.free
	s.free = place + 1
}

// isCancelled reports whether an entry of the queue is that of a cancelled
// event.
func (s *timers) isCancelled(e entry) bool {
	return e.ev.Actor == timerActor && s.table[e.ev.Arg].ev.Actor == timerActor
}
