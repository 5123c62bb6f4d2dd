package demand

import (
	"cmp"
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A replay goes through a trace. However long it is, one event of it is
// pending: that of the next request.
type replay struct {
	rows        *rows
	first, last int      // the part that is replayed
	begin       sim.Time // kernel time of `from`
	period      sim.Time // 0: it is replayed once
	copies      int      // of a row at most, where users are numbered
	user        models.User
	number      uint32 // of its first row, of those of all streams

	row   int    // the one that comes next
	round uint64 // how often all were replayed
	due   []due  // a heap of requests that were taken from rows
}

// A due is a request of a trace that is to come.
type due struct {
	at    sim.Time
	row   int
	round uint64
	copy  int
}

func (a *due) before(b *due) bool {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.round, b.round), cmp.Compare(a.row, b.row), cmp.Compare(a.copy, b.copy)) < 0
}

// newReplay prepares the replay of a trace.
func newReplay(t *Trace, origin sim.Time) (*replay, error) {
	if t.rows == nil {
		return nil, fmt.Errorf("trace.file: %s has not been read", t.File)
	}
	first, last, period, err := t.span(t.rows.at)
	if err != nil {
		return nil, fmt.Errorf("trace.%w", err)
	}
	r := &replay{rows: t.rows, first: first, last: last, begin: origin + sim.Time(t.At), row: first, copies: int(math.Ceil(t.rate()))}
	if t.Repeat {
		r.period = period
	}
	return r, nil
}

// The limits of what scale_rate makes of a trace: copies of a row, and requests that
// are to come at a time, which are held until then.
const (
	maxCopies = 10_000
	maxDue    = 1 << 24
)

// fits reports a scale_rate that makes more copies than can be held: those of all
// rows within jitter of each other are.
func (r *replay) fits(t *Trace) error {
	rate := t.rate()
	if rate <= 1 {
		return nil
	}
	if !(rate <= maxCopies) {
		return fmt.Errorf("trace.scale_rate: makes %.4g copies of each row at this scale: want at most 10k", rate)
	}
	at := r.rows.at[r.first:r.last]
	if r.period > 0 && r.period <= sim.Time(t.Jitter) {
		return tooMany(float64(len(at))*math.Ceil(sim.Time(t.Jitter).Seconds()/r.period.Seconds()), rate)
	}
	if tooMany(float64(len(at)), rate) == nil {
		return nil
	}
	begin := 0
	for i := range at {
		for t.stretched(at[i]-at[begin]) > sim.Time(t.Jitter) {
			begin++
		}
		if err := tooMany(float64(i-begin+1), rate); err != nil {
			return err
		}
	}
	return nil
}

// tooMany reports that the copies of so many rows within jitter are too many.
func tooMany(rows, rate float64) error {
	if n := float64(rows * math.Ceil(rate)); n > maxDue {
		return fmt.Errorf("trace.scale_rate: makes %.3g requests of the rows within jitter, which are held at a time: want at most 16M, or less jitter", n)
	}
	return nil
}

// skip passes over what lies before the run.
func (r *replay) skip(now sim.Time, t *Trace) {
	if r.period > 0 && now > r.begin {
		if round := uint64((now - r.begin) / r.period); round > r.round {
			r.row, r.round = r.first, round
		}
	}
	for {
		if at, ok := r.next(t); !ok || at >= now {
			return
		}
		r.advance()
	}
}

// next is the time of the next row, if there is one.
func (r *replay) next(t *Trace) (sim.Time, bool) {
	if r.row == r.last {
		return 0, false
	}
	return later(r.begin+sim.Time(r.round)*r.period, t.stretched(r.rows.at[r.row]-sim.Time(t.From))), true
}

func (r *replay) advance() {
	if r.row++; r.row == r.last && r.period > 0 {
		r.row = r.first
		r.round++
	}
}

// key is the identity of a copy of a row.
func (r *replay) key(stream rng.Key, e due) rng.Key {
	if e.copy > 0 {
		stream = stream.Child(^uint64(e.copy))
	}
	return stream.Child(e.round*uint64(len(r.rows.at)) + uint64(e.row))
}

// rowsAtOnce bounds how many rows are looked at for one event.
const rowsAtOnce = 1 << 14

// take takes rows up to the next request, or so many, and returns the time of
// the next event.
func (r *replay) take(s *stream) sim.Time {
	t := s.spec.Trace
	scale := t.rate()
	if scale == 0 {
		return sim.Never
	}
	for range rowsAtOnce {
		at, more := r.next(t)
		if !more || at == sim.Never || (len(r.due) > 0 && at > r.due[0].at) {
			break
		}
		e := due{at: at, row: r.row, round: r.round}
		whole := math.Floor(scale)
		n := int(whole)
		key := r.key(s.key, e)
		if part := scale - whole; part > 0 {
			if src := key.Draw(purposeKeep); src.Float64() < part {
				n++
			}
		}
		if r.rows.users > 0 {
			n = min(n, r.copies)
		}
		for e.copy = range n {
			e.at = at
			if e.copy > 0 && t.Jitter > 0 {
				src := r.key(s.key, e).Draw(purposeJitter)
				e.at = later(at, sim.FromSeconds(float64(src.Float64()*sim.Time(t.Jitter).Seconds())))
			}
			r.push(e)
		}
		r.advance()
	}
	soonest := sim.Never
	if len(r.due) > 0 {
		soonest = r.due[0].at
	}
	if at, more := r.next(t); more {
		soonest = min(soonest, at)
	}
	return soonest
}

// play is the moment of the next request of a trace.
func (d *Demand) play(now sim.Time, i int) {
	s := &d.streams[i]
	r := s.replay
	if len(r.due) > 0 && r.due[0].at <= now {
		e := r.pop()
		d.await(i)
		user := models.Anonymous
		if r.rows.user != nil && r.rows.user[e.row] >= 0 {
			user = r.user + models.User(e.copy*r.rows.users) + models.User(r.rows.user[e.row])
		}
		row := uint32(0)
		if r.rows.work != nil || r.rows.in != nil {
			row = r.number + uint32(e.row)
		}
		d.host.Request(now, r.key(s.key, e), user, s.tier, s.class, row)
		return
	}
	d.await(i)
}

// await schedules the next event of a trace.
func (d *Demand) await(i int) {
	s := &d.streams[i]
	if at := s.replay.take(s); at != sim.Never {
		d.k.At(max(at, d.k.Now()), sim.Event{Actor: d.actor, Kind: kindRow, Priority: models.PriorityArrival, Arg: uint32(i) | s.plan<<16})
	}
}

// Work is the service time that a server at full speed needs for the request of
// a row of a trace, by the number that came with it.
//
// Where the trace says none, ok is false.
func (d *Demand) Work(row uint32) (t sim.Time, ok bool) {
	rows, i := d.rowOf(row)
	if rows.work == nil {
		return 0, false
	}
	return rows.work[i], true
}

// Tokens are those of the prompt and of the answer of such a row.
func (d *Demand) Tokens(row uint32) (prompt, answer int32, ok bool) {
	rows, i := d.rowOf(row)
	if rows.in == nil {
		return 0, 0, false
	}
	return rows.in[i], rows.out[i], true
}

func (d *Demand) rowOf(row uint32) (*rows, uint32) {
	for i := range d.streams {
		if r := d.streams[i].replay; r != nil && row >= r.number && row-r.number < uint32(len(r.rows.at)) {
			return r.rows, row - r.number
		}
	}
	panic("demand: no row of such a number")
}

func (r *replay) push(e due) {
	h := append(r.due, e)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !e.before(&h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = e
	r.due = h
}

func (r *replay) pop() due {
	h := r.due
	top, e := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	r.due = h
	if len(h) == 0 {
		return top
	}
	i := 0
	for {
		c := 2*i + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && h[c+1].before(&h[c]) {
			c++
		}
		if !h[c].before(&e) {
			break
		}
		h[i] = h[c]
		i = c
	}
	h[i] = e
	return top
}
