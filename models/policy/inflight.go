package policy

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// A Flight is an attempt that was let through.
type Flight struct {
	key      uint64
	Since    sim.Time
	InFlight int32 // then, this one included; 0: the place is vacant
	AtEnd    int32 // the same when it ended; 0: it has not
}

// An InFlight knows what a policy let through and has not seen the end of: how many,
// since when, and how many there were then. An attempt carries no mark of a policy's
// own, so one that must tell at an end whether it counted the attempt keeps this. It
// is a table with open addressing and linear probing (Knuth, TAOCP 3, 6.4, algorithms
// L and R) that grows to four times the largest number that it knew, where hardly any meet
// on their way. An attempt is known by request, try and copy. The zero value is empty.
type InFlight struct {
	N     int
	known int // in the table: those in flight, and those of whose end it is still to be told
	table []Flight
}

func keyOf(a *models.Attempt) uint64 {
	return uint64(a.Request) + (uint64(a.Try)+uint64(a.Copy)<<16)*0x9e3779b97f4a7c15
}

// Enter notes that an attempt is let through.
func (f *InFlight) Enter(a *models.Attempt, now sim.Time) {
	if 4*(f.known+1) > len(f.table) {
		old := f.table
		f.table = make([]Flight, max(16, 2*len(old)))
		for i := range old {
			if old[i].InFlight != 0 {
				f.put(old[i])
			}
		}
	}
	f.N++
	f.known++
	f.put(Flight{key: keyOf(a), Since: now, InFlight: int32(min(f.N, 1<<31-1))})
}

func (f *InFlight) put(e Flight) {
	mask := uint64(len(f.table) - 1)
	i := e.key & mask
	for f.table[i].InFlight != 0 {
		i = (i + 1) & mask
	}
	f.table[i] = e
}

// find is the place of an attempt, if it has one.
func (f *InFlight) find(a *models.Attempt) (at uint64, ok bool) {
	if f.known == 0 {
		return 0, false
	}
	key, mask := keyOf(a), uint64(len(f.table)-1)
	i := key & mask
	for f.table[i].key != key || f.table[i].InFlight == 0 {
		if f.table[i].InFlight == 0 {
			return 0, false
		}
		i = (i + 1) & mask
	}
	return i, true
}

// Left notes that an attempt has ended, of which Leave is told later; false: it was never
// let through, or has ended before.
func (f *InFlight) Left(a *models.Attempt) bool {
	i, ok := f.find(a)
	if ok = ok && f.table[i].AtEnd == 0; ok {
		f.table[i].AtEnd = int32(min(f.N, 1<<31-1))
		f.N--
	}
	return ok
}

// Leave takes out an attempt that has ended; false: it was never let through.
func (f *InFlight) Leave(a *models.Attempt) (Flight, bool) {
	i, ok := f.find(a)
	if !ok {
		return Flight{}, false
	}
	mask := uint64(len(f.table) - 1)
	e := f.table[i]
	if e.AtEnd == 0 {
		e.AtEnd = int32(min(f.N, 1<<31-1))
		f.N--
	}
	f.known--
	// Those behind it move up, unless that would bring them before their home.
	for j := (i + 1) & mask; f.table[j].InFlight != 0; j = (j + 1) & mask {
		if home := f.table[j].key & mask; (j-home)&mask >= (j-i)&mask {
			f.table[i] = f.table[j]
			i = j
		}
	}
	f.table[i] = Flight{}
	return e, true
}

// Clear forgets all.
func (f *InFlight) Clear() {
	f.N, f.known = 0, 0
	clear(f.table)
}
