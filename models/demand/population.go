package demand

import (
	"math"

	"github.com/launchday-sim/launchday/models"
)

// A block is the numbering of the users of a tier: first those who are there at
// the start, then those who sign up, in order, as far as the scenario can reach.
type block struct {
	first   models.User // number of the first user
	base    int         // interested users at the start
	reach   int         // sign-ups that can be numbered
	total   float64     // all users at the start, interested or not
	signups int         // completed sign-ups
	stride  uint64      // coprime to base + reach, near the golden section of it
}

func (b *block) size() int { return b.base + b.reach }

// user is the number in the block of the user at a rank in 0..1 of activity.
// Ranks are spread by multiples of the golden section, so that every run of
// consecutive numbers holds all ranks evenly: those who come first are like
// those who come last.
func (b *block) user(rank float64) int {
	n := uint64(b.size())
	i := min(uint64(rank*float64(n)), n-1)
	return int(i * b.stride % n)
}

func newBlock(first models.User, total float64, base, reach int) block {
	b := block{first: first, total: total, base: base, reach: reach, stride: 1}
	n := uint64(b.size())
	if n > 2 {
		b.stride = uint64(math.Floor(float64(n) * 0.6180339887498949))
		for gcd(b.stride, n) != 1 {
			b.stride++
		}
	}
	return b
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
