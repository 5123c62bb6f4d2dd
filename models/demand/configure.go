package demand

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// configure takes a Spec over into streams that are there already. On an error,
// which joins all that is wrong, nothing has changed.
func (d *Demand) configure(spec Spec) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if slices.ContainsFunc(spec.Streams, func(q Stream) bool { return q.DayShape }) {
		if sim.Time(spec.Step) > halfHour {
			fault("demand.step: %v is longer than the grain of the day: want at most 30m", spec.Step)
		}
		if _, err := newDayShape(spec.Day, spec.Regions, 1); err != nil {
			return errors.Join(append(faults, fmt.Errorf("demand.%w", err))...)
		}
	}
	fresh := make([]stream, len(d.streams))
	copy(fresh, d.streams)
	for i := range fresh {
		s := &fresh[i]
		q := spec.Streams[i]
		s.tier, s.class = d.tier(q.Tier), d.class(q.Class)
		if err := d.planRelease(s, &q, spec.Releases); err != nil {
			fault("demand.streams.%s.%w", q.Name, err)
		}
		var err error
		if s.curves, err = newCurves(&q, s.origin); err != nil {
			fault("demand.streams.%s.%w", q.Name, err)
		}
		if s.renewal, err = newRenewal(q.Arrivals); err != nil {
			fault("demand.streams.%s.%w", q.Name, err)
		}
		mod, err := newModulation(q.Arrivals)
		if err != nil {
			fault("demand.streams.%s.%w", q.Name, err)
		} else if mod != nil && s.mod != nil {
			mod.src, mod.state, mod.until = s.mod.src, s.mod.state, s.mod.until
		}
		s.mod = mod
		s.shape = nil
		if q.DayShape {
			s.shape, _ = newDayShape(spec.Day, spec.Regions, float64(q.Weekend)) // sound: it was built above
		}
		if q.PerUser > 0 && q.Rate > 0 {
			fault("demand.streams.%s.rate: users of a stream are told apart or not: want rate or per_user, not both", q.Name)
		}
		kind := d.env.Classes[s.class].Kind
		for _, err := range d.sources(s, &q, kind) {
			fault("demand.streams.%s.%w", q.Name, err)
		}
		s.fluid = kind == "fluid"
		s.numbered = q.PerUser > 0 && kind == "request"
		s.varies = s.fluid || s.release >= 0 || q.DayShape || len(s.curves) > 0 || q.Adoption != nil || q.Sharing != nil || (q.PerUser > 0 && d.signsUp(spec, q.Tier))
		s.active = newActivity(float64(q.TopTenth))
		if q.Adoption != nil {
			s.adopting.class, s.adopting.memory = s.class, sim.Time(q.Adoption.Memory)
		} else {
			s.adopted = 1
		}
		if q.Sharing != nil {
			s.sharing.class, s.sharing.memory = d.class(q.Sharing.Class), sim.Time(q.Sharing.Memory)
		}
		s.spec = q
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	d.streams, d.step, d.releases = fresh, sim.Time(spec.Step), spec.Releases
	return nil
}

// sources prepares what a stream has in place of a rate, and reports what is
// wrong with it.
func (d *Demand) sources(s *stream, q *Stream, kind string) (faults []error) {
	add := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	if c := q.Closed; c != nil {
		add(q.alone("closed"))
		var err error
		s.thinking, err = c.law()
		add(err)
		if kind != "request" {
			add(fmt.Errorf("closed: the class is of kind %s: want one of kind request", kind))
		}
	}
	if t := q.Trace; t != nil {
		add(q.alone("trace"))
		if kind == "fluid" {
			add(fmt.Errorf("trace: the class is of kind fluid, which has no single requests: want another class, or a rate_series"))
		}
		if s.replay == nil {
			var err error
			s.replay, err = newReplay(t, d.env.Origin)
			add(err)
		}
		if s.replay != nil {
			add(s.replay.fits(t))
		}
		if err := t.suits(&d.env.Classes[s.class]); err != nil {
			add(fmt.Errorf("trace.%w", err))
		}
	}
	if q.RateSeries != nil && (q.Rate > 0 || q.PerUser > 0 || q.Adoption != nil || q.Sharing != nil) {
		add(fmt.Errorf("rate_series: stands beside rate, per_user, adoption or sharing: want one of them"))
	}
	if q.Arrivals != nil && kind == "fluid" && !q.Arrivals.modulated() {
		add(fmt.Errorf("arrivals.process: the class is of kind fluid, which has no single requests: want mmpp"))
	}
	return faults
}

// signsUp reports whether a stream adds users to the tier.
func (d *Demand) signsUp(spec Spec, tier string) bool {
	for _, q := range spec.Streams {
		if q.Tier == tier && d.env.Classes[d.class(q.Class)].Kind == "signup" {
			return true
		}
	}
	return false
}

func (d *Demand) tier(name string) models.Tier {
	for i := range d.env.Tiers {
		if d.env.Tiers[i].Name == name {
			return models.Tier(i)
		}
	}
	panic("demand: no tier " + name)
}

func (d *Demand) class(name string) models.Class {
	for i := range d.env.Classes {
		if d.env.Classes[i].Name == name {
			return models.Class(i)
		}
	}
	panic("demand: no class " + name)
}

// number gives the users of each tier their numbers. Only users who can be
// told apart in some stream are numbered.
func (d *Demand) number() error {
	first := models.User(0)
	for t := range d.env.Tiers {
		interest, reach, numbered, unreached := 0.0, 0.0, false, ""
		for i := range d.streams {
			s := &d.streams[i]
			if int(s.tier) != t {
				continue
			}
			if s.numbered {
				numbered = true
				interest = math.Max(interest, float64(s.spec.Interest))
			}
			switch {
			case d.env.Classes[s.class].Kind != "signup":
			case s.spec.Sharing != nil:
				reach += float64(s.spec.Sharing.Reach)
			default:
				unreached = s.spec.Name
			}
		}
		total := float64(d.env.Tiers[t].Users)
		if !numbered {
			d.blocks = append(d.blocks, block{first: first, total: total})
			continue
		}
		if unreached != "" && reach == 0 {
			return fmt.Errorf("demand.streams.%s.sharing: is missing, without which no number is kept for those who sign up, and the users of tier %s are told apart: want the reach in it, with per_completion: 0 where nobody is brought in by others", unreached, d.env.Tiers[t].Name)
		}
		if float64(first)+float64(total*interest)+reach > math.MaxInt32 {
			return fmt.Errorf("tiers.%s.users: are too many to be told apart at this scale: want at most 2.1G in all tiers", d.env.Tiers[t].Name)
		}
		base := int(math.Floor(float64(total*interest) + 0.5))
		if total*interest > 0 {
			base = max(base, 1) // requests will come, and somebody makes them
		}
		d.blocks = append(d.blocks, newBlock(first, total, base, int(reach)))
		first += models.User(d.blocks[t].size())
	}
	d.crowds = first
	last := float64(first)
	rows := uint64(1)
	for i := range d.streams {
		s := &d.streams[i]
		switch {
		case s.spec.Closed != nil:
			n := float64(s.spec.Closed.Users)
			if last += n; last > math.MaxInt32 {
				return fmt.Errorf("demand.streams.%s.closed.users: are too many to be told apart at this scale: want at most 2.1G in all streams", s.spec.Name)
			}
			s.crowd = &crowd{first: first, asked: make([]uint32, int(n))}
			first += models.User(n)
		case s.replay != nil:
			n := float64(float64(s.replay.rows.users) * float64(s.replay.copies))
			if last += n; last > math.MaxInt32 {
				return fmt.Errorf("demand.streams.%s.trace.scale_rate: there are too many users to be told apart: want at most 2.1G in all streams, or user: none", s.spec.Name)
			}
			s.replay.user = first
			first += models.User(n)
			s.replay.number = uint32(rows)
			if rows += uint64(len(s.replay.rows.at)); rows > math.MaxUint32 {
				return fmt.Errorf("demand.streams.%s.trace.file: there are more than 2^32 rows in all traces: want shorter ones", s.spec.Name)
			}
		}
	}
	d.users = int(first)
	return nil
}

// Reconfigure changes rates from now on. What is counted in users stays: the
// list of streams, who and what they are, the interest in them and the reach
// of sharing.
func (d *Demand) Reconfigure(now sim.Time, spec Spec) error {
	if len(spec.Streams) != len(d.streams) {
		return fmt.Errorf("demand.streams: streams cannot be added or removed during a run")
	}
	for i := range d.streams {
		old, q := &d.streams[i].spec, &spec.Streams[i]
		where := "demand.streams." + old.Name
		switch {
		case q.Name != old.Name:
			return fmt.Errorf("%s.name: cannot change during a run", where)
		case q.Class != old.Class:
			return fmt.Errorf("%s.class: cannot change during a run", where)
		case q.Tier != old.Tier:
			return fmt.Errorf("%s.tier: cannot change during a run", where)
		case q.Release != old.Release:
			return fmt.Errorf("%s.release: cannot change during a run: want another postponed of it", where)
		case q.Interest != old.Interest:
			return fmt.Errorf("%s.interest: cannot change during a run: it says which users are numbered", where)
		case (q.PerUser > 0) != (old.PerUser > 0):
			return fmt.Errorf("%s.per_user: cannot turn a stream of anonymous requests into one of users, or back, during a run", where)
		case (q.Sharing != nil) != (old.Sharing != nil) || (q.Sharing != nil && q.Sharing.Reach != old.Sharing.Reach):
			return fmt.Errorf("%s.sharing.reach: cannot change during a run: it says how many users are numbered", where)
		case (q.Adoption != nil) != (old.Adoption != nil):
			return fmt.Errorf("%s.adoption: cannot be added or removed during a run", where)
		}
		if err := d.streams[i].keeps(q); err != nil {
			return fmt.Errorf("%s.%w", where, err)
		}
	}
	if err := d.Takes(now, spec); err != nil {
		return err
	}
	// The points that lie between the last plan and now have passed.
	for i := range d.streams {
		s := &d.streams[i]
		if s.crowd != nil || s.replay != nil {
			continue
		}
		s.left = math.Max(0, s.left+(s.segment.until(s.since)-s.segment.until(now)))
		s.since = now
	}
	d.listen(now)
	if err := d.configure(spec); err != nil {
		return err
	}
	for i := range d.streams {
		s := &d.streams[i]
		if s.crowd != nil {
			continue
		}
		s.plan++
		if s.replay != nil {
			s.replay.skip(now, s.spec.Trace)
			d.await(i)
			continue
		}
		d.extend(i, now)
	}
	d.tick(now)
	return nil
}

// keeps refuses changes of what a stream is made of.
func (s *stream) keeps(q *Stream) error {
	old := &s.spec
	switch {
	case (q.Closed != nil) != (old.Closed != nil):
		return fmt.Errorf("closed: cannot be added or removed during a run")
	case q.Closed != nil && q.Closed.Users != old.Closed.Users:
		return fmt.Errorf("closed.users: cannot change during a run: it says how many users are numbered")
	case (q.Trace != nil) != (old.Trace != nil):
		return fmt.Errorf("trace: cannot be added or removed during a run")
	case (s.mod != nil) != q.Arrivals.modulated():
		return fmt.Errorf("arrivals.process: cannot become mmpp, or cease to be it, during a run")
	case s.mod != nil && len(q.Arrivals.States) != len(old.Arrivals.States):
		return fmt.Errorf("arrivals.states: cannot be added or removed during a run")
	}
	if q.Trace == nil {
		return nil
	}
	a, b := *old.Trace, *q.Trace
	if s.replay.rows.users > 0 && int(math.Ceil(b.rate())) > s.replay.copies {
		return fmt.Errorf("trace.scale_rate: cannot rise above %d times during a run: it says how many users are numbered", s.replay.copies)
	}
	a.ScaleRate, a.Jitter, a.rows, b.rows = b.ScaleRate, b.Jitter, nil, nil // what was read is told apart by its hash
	if a != b {
		return fmt.Errorf("trace: cannot change during a run save for scale_rate and jitter")
	}
	return nil
}
