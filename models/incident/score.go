package incident

import (
	"errors"
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A Verdict says how a run did on a fact.
type Verdict string

// The verdicts.
const (
	Hit       Verdict = "hit"        // inside the tolerance
	Near      Verdict = "near"       // outside, but not by far: see Score
	Miss      Verdict = "miss"       // outside by more than that
	WasGiven  Verdict = "given"      // put in as a cause: shown, no success
	NotScored Verdict = "not scored" // for the reason in Why
)

// A Row is a fact with what a run made of it.
type Row struct {
	Fact      Fact
	Simulated metrics.Figure // of the whole world; null if there is none
	Residual  metrics.Figure // (simulated - value) / value; simulated where value is 0
	Verdict   Verdict
	Why       string // why it is not scored, else ""
}

// A Clock says where the times of a scenario stand.
type Clock struct {
	Start  int64    // the scenario's start, in ns since 1970-01-01 UTC
	Warmup sim.Time // time of the kernel at that start
}

// Windows lists the windows that a recorder must keep for the facts, which have
// passed Check, each once. Those that are only ranked keep counts alone.
func Windows(facts []Fact, warmup sim.Time) []metrics.Window {
	var p plan
	for i := range facts {
		f := &facts[i]
		if f.NotScored != "" || f.By != 0 {
			continue
		}
		if f.RankOf != nil {
			for _, s := range ranked(f) {
				p.add(s, warmup, true)
			}
			continue
		}
		p.add(Span{f.From, f.To}, warmup, false)
		if f.Over != nil {
			p.add(*f.Over, warmup, false)
		}
	}
	return p.windows
}

// A plan is a list of windows without doubles.
type plan struct {
	windows []metrics.Window
	place   map[Span]int
}

func (p *plan) add(s Span, warmup sim.Time, counts bool) {
	if i, ok := p.place[s]; ok {
		p.windows[i].Counts = p.windows[i].Counts && counts
		return
	}
	if p.place == nil {
		p.place = map[Span]int{}
	}
	p.place[s] = len(p.windows)
	p.windows = append(p.windows, metrics.Window{From: warmup + sim.Time(s.From), To: warmup + sim.Time(s.To), Counts: counts})
}

// Score lays a run beside the facts: a row for each, in their order. The run
// must have been recorded with Windows(facts, clock.Warmup) at the head of its
// windows; counts are brought to full scale by the scale in its summary.
//
// A figure inside the tolerance is a hit, bounds included. One outside is near
// if it lies no further from the nearer bound than a quarter of that bound (of a ratio
// below 1, also of what is left to 1) and, where both bounds are given, half the width
// of the tolerance; else a miss.
func Score(facts []Fact, res *metrics.Result, clock Clock) []Row {
	s := scorer{res: res, clock: clock, windows: map[metrics.Window]*metrics.Summary{}}
	for i, w := range Windows(facts, clock.Warmup) {
		if i < len(res.Windows) {
			w.Counts = false
			s.windows[w] = &res.Windows[i]
		}
	}
	rows := make([]Row, len(facts))
	for i := range facts {
		rows[i] = s.row(facts[i])
	}
	return rows
}

type scorer struct {
	res     *metrics.Result
	clock   Clock
	windows map[metrics.Window]*metrics.Summary
}

func (s *scorer) row(f Fact) Row {
	row := Row{Fact: f, Simulated: metrics.Null(), Residual: metrics.Null(), Verdict: NotScored}
	v, err := s.simulated(&f)
	if err != nil {
		row.Why = err.Error()
		return row
	}
	row.Simulated, row.Residual = v, v-metrics.Figure(f.Value)
	if f.Value != 0 {
		row.Residual /= metrics.Figure(f.Value)
	}
	row.Verdict = verdict(&f, float64(v))
	if f.Use == Given {
		row.Verdict = WasGiven
	}
	return row
}

// simulated returns what the run says in place of the published value, or why
// it says nothing.
func (s *scorer) simulated(f *Fact) (metrics.Figure, error) {
	null := metrics.Null()
	if f.NotScored != "" {
		return null, errors.New(f.NotScored)
	}
	if !s.covers(f.From, f.To) {
		return null, errors.New("the run does not cover its window")
	}
	switch {
	case f.RankOf != nil:
		return s.rank(f)
	case f.By != 0:
		return s.leastShare(f)
	}
	v, err := s.figure(f.Metric, Span{f.From, f.To})
	if err != nil {
		return null, err
	}
	if f.Over != nil {
		base, err := s.figure(f.Metric, *f.Over)
		if err != nil {
			return null, err
		}
		if base == 0 {
			return null, fmt.Errorf("%s is 0 in the window that it is divided by", f.Metric)
		}
		return v / base, nil
	}
	v = metrics.FullScale(f.Metric, v, s.res.Summary.Scale)
	return v + metrics.Figure(f.Plus), nil
}

// covers reports whether the run's figures reach over a window.
func (s *scorer) covers(from, to unit.Instant) bool {
	sum := &s.res.Summary
	return sim.FromSeconds(float64(sum.From)) <= sim.Time(from) && sim.Time(to) <= sim.FromSeconds(float64(sum.To))
}

// figure returns a metric of a window as simulated, not null.
func (s *scorer) figure(metric string, in Span) (metrics.Figure, error) {
	if !s.covers(in.From, in.To) {
		return metrics.Null(), errors.New("the run does not cover the window that it is compared with")
	}
	w := metrics.Window{From: s.clock.Warmup + sim.Time(in.From), To: s.clock.Warmup + sim.Time(in.To)}
	sum, ok := s.windows[w]
	if !ok {
		return metrics.Null(), errors.New("the run kept no figures of its window")
	}
	v, err := sum.Lookup(metric)
	if err != nil {
		return v, err
	}
	if v.IsNull() {
		return v, fmt.Errorf("%s is over an empty set in the run", metric)
	}
	return v, nil
}

// verdict compares a figure with the tolerance.
func verdict(f *Fact, v float64) Verdict {
	outside, bound := 0.0, 0.0
	if f.Low != nil && v < float64(*f.Low) {
		outside, bound = float64(*f.Low)-v, float64(*f.Low)
	}
	if f.High != nil && v > float64(*f.High) {
		outside, bound = v-float64(*f.High), float64(*f.High)
	}
	room := math.Abs(bound) / 4
	if f.Unit == "ratio" && bound >= 0 && bound < 1 {
		room = math.Min(room, (1-bound)/4) // 0.99 is not near to at most 0.9 of all
	}
	if f.Low != nil && f.High != nil {
		room = math.Min(room, float64(*f.High-*f.Low)/2)
	}
	switch {
	case outside == 0:
		return Hit
	case outside <= room:
		return Near
	}
	return Miss
}

// A Count says how the facts of one use came out.
type Count struct {
	Use                               string
	Hit, Near, Miss, Given, NotScored int
}

// Tally counts the rows by use and verdict: calibrate, predict, given, in this
// order.
func Tally(rows []Row) []Count {
	counts := []Count{{Use: Calibrate}, {Use: Predict}, {Use: Given}}
	for _, r := range rows {
		for i := range counts {
			c := &counts[i]
			if c.Use != r.Fact.Use {
				continue
			}
			switch r.Verdict {
			case Hit:
				c.Hit++
			case Near:
				c.Near++
			case Miss:
				c.Miss++
			case WasGiven:
				c.Given++
			case NotScored:
				c.NotScored++
			}
		}
	}
	return counts
}
