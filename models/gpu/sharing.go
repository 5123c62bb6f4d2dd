package gpu

import (
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// sharing is a pool that works on all its attempts at once (processor sharing): n
// attempts on c servers each progress at the rate min(1, c/n).
//
// Progress is the same for all, so that one number counts it, the virtual time: what
// each attempt would have been served that had been there from the start. An attempt
// ends when virtual time has grown by its service. The order of the ends is fixed
// when attempts come, in a heap; only the next end is an event.
type sharing struct {
	most    int       // attempts at a time; 0: any number
	jobs    []partial // a binary heap, the next to end on top
	seq     uint64
	virtual float64 // ns; begins anew whenever nobody is there
	past    float64 // ns of virtual time before it last began anew
	told    sim.Time
	had     sim.Time // service of the attempt that ended last
	rate    float64  // of virtual time
	since   sim.Time
	next    sim.Timer
}

type partial struct {
	from float64 // virtual time at which it came
	end  float64 // and at which it ends
	seq  uint64
	slot models.Slot
}

func (x partial) before(y partial) bool { return x.end < y.end || x.end == y.end && x.seq < y.seq }

// Share makes the pool work on attempts all at once, on so many at most; 0 is on any
// number. Called again it changes that number. A pool that has begun to work on
// attempts one by one cannot.
//
// Attempts are not lost with their node: the rest of the pool works on, slower.
func (p *Pool) Share(most int) {
	if p.share == nil {
		if p.busy > 0 {
			panic("gpu: a pool that holds attempts begins to be shared")
		}
		p.share = &sharing{since: p.k.Now()}
	}
	p.share.most = most
}

func (p *Pool) shareFree() int {
	s := p.share
	switch {
	case p.idle <= p.claim:
		return 0
	case s.most == 0:
		return math.MaxInt32
	}
	return max(0, s.most-len(s.jobs))
}

func (p *Pool) shareStart(now sim.Time, slot models.Slot, service sim.Time) bool {
	if p.shareFree() == 0 {
		return false
	}
	s := p.share
	s.advance(now)
	if len(s.jobs) == 0 {
		s.past += s.virtual
		s.virtual = 0
	}
	s.seq++
	s.add(partial{s.virtual, s.virtual + float64(p.AtSpeed(service)), s.seq, slot})
	p.pace(now)
	return true
}

// Had is the service of the attempt that ended last, of a pool whose servers are shared.
func (p *Pool) Had() sim.Time { return p.share.had }

// advance moves virtual time to now.
func (s *sharing) advance(now sim.Time) {
	s.virtual = float64(float64(now-s.since)*s.rate) + s.virtual
	s.since = now
}

// Shared is the service that an attempt has had by now that has shared the servers all
// the time: the time in which each attempt in service gets one server's work. Of a
// pool whose servers are not shared it is now itself.
func (p *Pool) Shared(now sim.Time) sim.Time {
	s := p.share
	if s == nil {
		return now
	}
	s.told = max(s.told, sim.Time(s.past+s.virtual+float64(float64(now-s.since)*s.rate)+0.5))
	return s.told
}

// pace sets the rate of virtual time and the event of the next end.
func (p *Pool) pace(now sim.Time) {
	s := p.share
	s.advance(now)
	p.k.Cancel(s.next)
	s.next, s.rate = 0, 0
	n := len(s.jobs)
	if n == 0 {
		return
	}
	s.rate = min(1, float64(p.idle-p.Fluid())/float64(n))
	if s.rate <= 0 {
		return
	}
	left := math.Floor(max(0, s.jobs[0].end-s.virtual)/s.rate + 0.5)
	if left < float64(sim.Never-now)/2 {
		s.next = p.k.Timer(now+sim.Time(left), sim.Event{Actor: p.id, Kind: shareEnds, Priority: models.PriorityDeparture})
	}
}

// shareDone ends the service of the first who shares. Virtual time is set to its end,
// so that the rounding of events to nanoseconds does not add up.
func (p *Pool) shareDone(now sim.Time) {
	s := p.share
	s.next = 0
	done := s.take()
	s.virtual, s.since = done.end, now
	s.had = sim.Time(done.end - done.from + 0.5)
	p.pace(now)
	p.host.Done(now, done.slot, -1)
}

// shareCancel takes an attempt out that shares the servers, and reports whether it
// was there. It has to look for it, and to put the others in order again.
func (p *Pool) shareCancel(now sim.Time, slot models.Slot) (had sim.Time, ok bool) {
	s := p.share
	i := slices.IndexFunc(s.jobs, func(x partial) bool { return x.slot == slot })
	if i < 0 {
		return 0, false
	}
	s.advance(now)
	had = sim.Time(max(0, s.virtual-s.jobs[i].from) + 0.5)
	rest := slices.Delete(slices.Clone(s.jobs), i, i+1)
	s.jobs = s.jobs[:0]
	for _, x := range rest {
		s.add(x)
	}
	p.pace(now)
	return had, true
}

func (s *sharing) add(x partial) {
	s.jobs = append(s.jobs, x)
	i := len(s.jobs) - 1
	for i > 0 && x.before(s.jobs[(i-1)/2]) {
		s.jobs[i] = s.jobs[(i-1)/2]
		i = (i - 1) / 2
	}
	s.jobs[i] = x
}

func (s *sharing) take() partial {
	first, n := s.jobs[0], len(s.jobs)-1
	x := s.jobs[n]
	s.jobs = s.jobs[:n]
	i := 0
	for c := 1; c < n; c = 2*i + 1 {
		if c+1 < n && s.jobs[c+1].before(s.jobs[c]) {
			c++
		}
		if !s.jobs[c].before(x) {
			break
		}
		s.jobs[i] = s.jobs[c]
		i = c
	}
	if n > 0 {
		s.jobs[i] = x
	}
	return first
}
