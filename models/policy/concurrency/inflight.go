package concurrency

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// A flight is an attempt that was let through.
type flight struct {
	key      uint64
	since    sim.Time
	inFlight int32 // then, this one included; 0: the place is vacant
}

// An inFlight knows what a policy let through and has not seen the end of: how
// many, since when, and how many there were then. It is a table with open
// addressing and linear probing (Knuth, TAOCP 3, 6.4, algorithms L and R) that
// grows to twice the largest number in flight. An attempt is known by request,
// try and copy.
type inFlight struct {
	n     int
	table []flight
}

func keyOf(a *models.Attempt) uint64 {
	return uint64(a.Request) + (uint64(a.Try)+uint64(a.Copy)<<16)*0x9e3779b97f4a7c15
}

// enter notes that an attempt is let through.
func (f *inFlight) enter(a *models.Attempt, now sim.Time) {
	if 2*(f.n+1) > len(f.table) {
		old := f.table
		f.table = make([]flight, max(16, 2*len(old)))
		for i := range old {
			if old[i].inFlight != 0 {
				f.put(old[i])
			}
		}
	}
	f.n++
	f.put(flight{keyOf(a), now, int32(min(f.n, 1<<31-1))})
}

func (f *inFlight) put(e flight) {
	mask := uint64(len(f.table) - 1)
	i := e.key & mask
	for f.table[i].inFlight != 0 {
		i = (i + 1) & mask
	}
	f.table[i] = e
}

// leave takes out an attempt that has ended; false: it was never let through.
func (f *inFlight) leave(a *models.Attempt) (flight, bool) {
	if f.n == 0 {
		return flight{}, false
	}
	key, mask := keyOf(a), uint64(len(f.table)-1)
	i := key & mask
	for f.table[i].key != key || f.table[i].inFlight == 0 {
		if f.table[i].inFlight == 0 {
			return flight{}, false
		}
		i = (i + 1) & mask
	}
	e := f.table[i]
	f.n--
	// Those behind it move up, unless that would bring them before their home.
	for j := (i + 1) & mask; f.table[j].inFlight != 0; j = (j + 1) & mask {
		if home := f.table[j].key & mask; (j-home)&mask >= (j-i)&mask {
			f.table[i] = f.table[j]
			i = j
		}
	}
	f.table[i] = flight{}
	return e, true
}

// A sample is what one attempt, or a window of them, tells a limit.
type sample struct {
	rtt      sim.Time
	inFlight int
	dropped  bool
}

// sampleOf is what the end of an attempt tells, if anything.
func sampleOf(e flight, a *models.Attempt, o models.Outcome, now sim.Time) (sample, bool) {
	s := sample{rtt: now - e.since, inFlight: int(e.inFlight)}
	if !ran(a, o) || s.rtt <= 0 {
		return s, false
	}
	s.dropped = o != models.Completed
	return s, true
}

// ran reports whether an attempt came to its end behind the whole chain, and
// neither its user nor its client took it back. One that a later policy refuses
// has passed no link.
func ran(a *models.Attempt, o models.Outcome) bool {
	switch o {
	case models.Completed, models.TimedOut, models.Failed:
		return true
	case models.Rejected:
		return a.Passed > 0
	}
	return false
}
