package queue

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// adaptiveLIFO serves the first who came, and while the queue is overloaded the
// last: Maurer, "Fail at scale", ACM Queue 13(8), 2015. It is overloaded while it
// has not been empty for notEmptyFor, or while more than longerThan wait.
type adaptiveLIFO struct {
	fifo
	notEmptyFor sim.Time
	longerThan  int
	live        int
	since       sim.Time // when it was last empty
}

func (q *adaptiveLIFO) push(now sim.Time, e Entry, a *models.Attempt) (uint64, bool) {
	if q.live == 0 {
		q.since = now
	}
	if e.Slot != models.None {
		q.live++
	}
	return q.fifo.push(now, e, a)
}

func (q *adaptiveLIFO) leave(now sim.Time, place uint64) {
	q.live--
	q.fifo.leave(now, place)
}

func (q *adaptiveLIFO) pop(now sim.Time) (Entry, bool) {
	if q.head == q.tail {
		return Entry{}, false
	}
	var e Entry
	if q.live > 0 && now-q.since >= q.notEmptyFor || q.longerThan > 0 && q.live > q.longerThan {
		e = q.popBack()
	} else {
		e = q.popFront()
	}
	if e.Slot != models.None {
		q.live--
	}
	return e, true
}

func (q *adaptiveLIFO) reconfigure(s *Spec) {
	q.notEmptyFor = sim.Time(s.NotEmptyFor)
	if q.notEmptyFor == 0 {
		q.notEmptyFor = 100 * sim.Millisecond
		if s.Preset != "source" {
			q.notEmptyFor = 10 * sim.Second
		}
	}
	q.longerThan = count(s.LongerThan)
}
