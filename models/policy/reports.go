package policy

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// What a policy learns from the attempts themselves, how they end and, where its
// Start only measures, how long they waited, comes to it as reports. With
// signal_delay they travel as long as the signals do, and with signal_interval they
// are sent when signals are read. A report says when it happened, so that the response
// times that a policy takes from it are right. How many it has in flight a policy counts
// itself, and is never late with (Counter): what it lets in counts at once, and if what
// ends did so only after the delay, all that ended within it would seem to be in flight.
//
// They are handed over in the order of time before the policy is next asked, told
// or changed, which is the first moment at which it could act on them: no events are
// made for them.

// A report is the start or the end of an attempt, on its way to a policy.
type report struct {
	of      models.Attempt
	outcome models.Outcome // InSystem: it was started
	pool    uint8          // whose policy admitted it, or by which it was started
	at, due sim.Time
}

// reports are those on their way to the policies of a link: a ring that grows to what
// happens within the delay.
type reports struct {
	ring    []report
	next, n int
	seen    models.Signals // of the start being reported; here because policies take it by address
}

func (r *reports) push(e report) {
	if r.n == len(r.ring) {
		grown := make([]report, max(16, 2*len(r.ring)))
		k := copy(grown, r.ring[r.next:])
		copy(grown[k:], r.ring[:r.next])
		r.ring, r.next = grown, 0
	}
	r.ring[(r.next+r.n)%len(r.ring)] = e
	r.n++
}

func (r *reports) started(a *models.Attempt, pool uint8, now, due sim.Time) {
	r.push(report{of: *a, pool: pool, at: now, due: due})
}

func (r *reports) ended(a *models.Attempt, pool uint8, o models.Outcome, now, due sim.Time) {
	r.push(report{of: *a, outcome: o, pool: pool, at: now, due: due})
}

// due is when a report of what happens now reaches the link.
func (l *link) due(now sim.Time) sim.Time {
	m := l.sampled
	if m == nil {
		return now
	}
	sent := now
	if l.item.SignalInterval > 0 && m.next > 0 {
		sent = m.last + m.every
	}
	return sent + m.delay
}

// setReports lets reports to the link travel where its signals are late or read at
// intervals; those on their way arrive at once where they are no longer.
func (c *Chain) setReports(l *link) {
	switch {
	case l.sampled != nil && l.reports == nil:
		l.reports = new(reports)
	case l.sampled == nil && l.reports != nil:
		c.deliver(l, sim.Never)
		l.reports = nil
	case l.reports != nil: // the way may have become shorter
		r, latest := l.reports, c.loop.k.Now()+l.sampled.delay+l.sampled.every
		for i := range r.n {
			e := &r.ring[(r.next+i)%len(r.ring)]
			e.due = min(e.due, latest)
		}
	}
}

// deliver hands the policies of the link the reports that have reached it by now.
func (c *Chain) deliver(l *link, now sim.Time) {
	r := l.reports
	if r == nil {
		return
	}
	for r.n > 0 && r.ring[r.next].due <= now {
		e := &r.ring[r.next]
		p := l.of(e.pool)
		if e.outcome == models.InSystem {
			c.startedThen(l, p, e)
		} else {
			p.(Finisher).Finish(&e.of, e.outcome, e.at)
		}
		r.next = (r.next + 1) % len(r.ring)
		r.n--
	}
}

// startedThen tells a policy of a start, with the signals as it sees them now and the
// clock of the start.
func (c *Chain) startedThen(l *link, p Policy, e *report) {
	r := l.reports
	r.seen = models.Signals{Now: c.loop.k.Now(), Pool: int(e.pool)}
	r.seen = *l.view(&r.seen)
	r.seen.Now = e.at
	p.(Starter).Start(&e.of, &r.seen)
}
