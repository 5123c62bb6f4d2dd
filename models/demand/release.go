package demand

import (
	"fmt"

	"github.com/launchday-sim/launchday/sim"
)

// at is the moment at which a feature comes out, kernel time.
func (r *Release) at(origin sim.Time) sim.Time {
	return sim.After(sim.Time(r.Planned)+origin, sim.Time(r.Postponed))
}

// planRelease ties a stream to the release that it waits for: the instants of the
// stream are put off as that is.
func (d *Demand) planRelease(s *stream, q *Stream, releases []Release) error {
	s.origin, s.release = d.env.Origin, -1
	if q.Release == "" {
		return nil
	}
	for i := range releases {
		if releases[i].Name == q.Release {
			s.release = i
			s.released = releases[i].at(d.env.Origin)
			s.origin = sim.After(d.env.Origin, sim.Time(releases[i].Postponed))
		}
	}
	if a := q.Adoption; a != nil && a.From < releases[s.release].Planned {
		return fmt.Errorf("adoption.from: lies before the release of %s: want its planned date or later", q.Release)
	}
	return nil
}

// Takes reports why Reconfigure would refuse a Spec at a moment, which may lie ahead:
// what has come out cannot come out again.
func (d *Demand) Takes(now sim.Time, spec Spec) error {
	if len(spec.Releases) != len(d.releases) {
		return fmt.Errorf("demand.releases: cannot be added or removed during a run")
	}
	for i := range d.releases {
		old, next := &d.releases[i], &spec.Releases[i]
		where := "demand.releases." + old.Name
		switch {
		case next.Name != old.Name:
			return fmt.Errorf("%s.name: cannot change during a run", where)
		case next.Planned != old.Planned:
			return fmt.Errorf("%s.planned: cannot change during a run: want another postponed", where)
		case next.Postponed == old.Postponed:
		case old.at(d.env.Origin) < now:
			return fmt.Errorf("%s.postponed: it has come out already", where)
		case next.at(d.env.Origin) < now:
			return fmt.Errorf("%s.postponed: %v would have let it out already: want at least %v", where, next.Postponed, (now - d.env.Origin - sim.Time(old.Planned)).Duration())
		}
	}
	return nil
}

// EachRelease calls f with the planned and the real date of each release, kernel time.
func (d *Demand) EachRelease(f func(i int, planned, at sim.Time)) {
	for i := range d.releases {
		r := &d.releases[i]
		f(i, sim.Time(r.Planned)+d.env.Origin, r.at(d.env.Origin))
	}
}
