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
}

// An InFlight knows what a policy let through and has not seen the end of: how many,
// since when, and how many there were then. An attempt carries no mark of a policy's
// own, so one that must tell at an end whether it counted the attempt keeps this. It
// is a table with open addressing and linear probing (Knuth, TAOCP 3, 6.4, algorithms
// L and R) that grows to four times the largest number in flight, where hardly any meet
// on their way. An attempt is known by request, try and copy. The zero value is empty.
type InFlight struct {
	N     int
	table []Flight
}

func keyOf(a *models.Attempt) uint64 {
	return uint64(a.Request) + (uint64(a.Try)+uint64(a.Copy)<<16)*0x9e3779b97f4a7c15
}

// Enter notes that an attempt is let through.
func (f *InFlight) Enter(a *models.Attempt, now sim.Time) {
	if 4*(f.N+1) > len(f.table) {
		old := f.table
		f.table = make([]Flight, max(16, 2*len(old)))
		for i := range old {
			if old[i].InFlight != 0 {
				f.put(old[i])
			}
		}
	}
	f.N++
	f.put(Flight{keyOf(a), now, int32(min(f.N, 1<<31-1))})
}

func (f *InFlight) put(e Flight) {
	mask := uint64(len(f.table) - 1)
	i := e.key & mask
	for f.table[i].InFlight != 0 {
		i = (i + 1) & mask
	}
	f.table[i] = e
}

// Leave takes out an attempt that has ended; false: it was never let through.
func (f *InFlight) Leave(a *models.Attempt) (Flight, bool) {
	if f.N == 0 {
		return Flight{}, false
	}
	key, mask := keyOf(a), uint64(len(f.table)-1)
	i := key & mask
	for f.table[i].key != key || f.table[i].InFlight == 0 {
		if f.table[i].InFlight == 0 {
			return Flight{}, false
		}
		i = (i + 1) & mask
	}
	e := f.table[i]
	f.N--
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
	f.N = 0
	clear(f.table)
}
