package metrics

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// MaxUsers is the largest number of numbered users of whom the recorder keeps
// one by one what they waited and got: their state then takes 900 MB for each
// class that asks for them. In larger worlds the figures over users that need it
// (wait_user_mean_s, wait_served_user_mean_s, jain_users) are null.
const MaxUsers = 1 << 26

// A userState is what is known of one user in one class, in 14 bytes. Waits are
// whole milliseconds, so that a sum does not depend on its order. What would
// pass the end of a count (65,535) or of a sum (49 days) is left out with its
// count.
type userState struct {
	wait      [2]uint16 // sum over the attempts that joined the queue, low half first
	served    [2]uint16 // sum over the attempts that satisfied a request
	waits     uint16    // attempts that joined the queue
	satisfied uint16    // requests
	requests  uint16
}

func sum32(s [2]uint16) uint32 { return uint32(s[0]) | uint32(s[1])<<16 }

// record adds a wait to a sum and one to its count.
func record(sum *[2]uint16, count *uint16, wait sim.Time) {
	ms := uint64(wait+sim.Millisecond/2) / uint64(sim.Millisecond)
	total := uint64(sum32(*sum)) + ms
	if *count == math.MaxUint16 || total > math.MaxUint32 {
		return
	}
	*count++
	sum[0], sum[1] = uint16(total), uint16(total>>16)
}

// of is the state of the user of an attempt, nil where none is kept.
func (r *Recorder) of(a *models.Attempt) *userState {
	if a.User == models.Anonymous || !r.w.UserState {
		return nil
	}
	s := &r.users[a.Class]
	if *s == nil {
		*s = make([]userState, r.w.Users)
	}
	return &(*s)[a.User]
}

// userFigures makes the figures over single users, of whom member tells by tier
// which classes count.
func (r *Recorder) userFigures(member [][]bool, g *Figures) {
	g.WaitUserMean, g.WaitServedUserMean, g.JainUsers = Null(), Null(), Null()
	if !r.w.UserState {
		return
	}
	var waited, served, asked, wait, servedWait, share, square float64
	for _, b := range r.w.Blocks {
		for u := b.First; u < b.First+models.User(b.Users); u++ {
			var ms, servedMs, waits, satisfied, requests uint64
			for c, in := range member[b.Tier] {
				if in && r.users[c] != nil {
					s := &r.users[c][u]
					ms += uint64(sum32(s.wait))
					servedMs += uint64(sum32(s.served))
					waits += uint64(s.waits)
					satisfied += uint64(s.satisfied)
					requests += uint64(s.requests)
				}
			}
			if waits > 0 {
				waited++
				wait += float64(ms) / float64(waits)
			}
			if satisfied > 0 {
				served++
				servedWait += float64(servedMs) / float64(satisfied)
			}
			if requests > 0 {
				asked++
				x := float64(satisfied) / float64(requests)
				share += x
				square += float64(x * x)
			}
		}
	}
	g.WaitUserMean = ratio(wait/1000, waited)
	g.WaitServedUserMean = ratio(servedWait/1000, served)
	g.JainUsers = jain(share, square, asked)
}

// jainOf is the index over tiers that asked, of the share of their requests that
// was satisfied; null where fewer than two did.
func jainOf(tiers [][2]int64) Figure {
	var sum, squares, n float64
	for _, t := range tiers {
		if t[1] > 0 {
			x := float64(t[0]) / float64(t[1])
			sum, squares, n = sum+x, squares+float64(x*x), n+1
		}
	}
	if n < 2 {
		return Null()
	}
	return jain(sum, squares, n)
}

// jain is the fairness index of Jain, Chiu and Hawe (DEC TR-301, 1984), of n
// values with that sum and sum of squares: (sum x)^2 / (n sum x^2), from 1/n,
// where one has all, to 1, where all have alike.
func jain(sum, squares, n float64) Figure {
	return ratio(float64(sum*sum), float64(n*squares))
}

// user counts the first time that a user is seen in a class, and in any class.
func (r *Recorder) user(x *cell, sets []bitset, u models.User, count int) {
	if u == models.Anonymous {
		return
	}
	if sets[x.class].add(u, r.w.Users) {
		x.counts[count]++
		if sets[len(sets)-1].add(u, r.w.Users) {
			x.counts[count+2]++
		}
	}
}

// A bitset tells which users have been seen.
type bitset []uint64

// add reports whether the user was not in the set, and puts it in.
func (b *bitset) add(u models.User, users int) bool {
	if *b == nil {
		*b = make(bitset, (users+63)/64)
	}
	w, bit := &(*b)[u>>6], uint64(1)<<(u&63)
	if *w&bit != 0 {
		return false
	}
	*w |= bit
	return true
}
