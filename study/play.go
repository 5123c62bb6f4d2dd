// Package study is what needs more than one run: a scenario beside the same
// world with no lever pulled, replications, paired comparisons, the calibration
// of knobs on published figures, the catalogue of levers. The proof of the simulator
// against theory is in study/proof.
//
//	run, err := study.Play(ctx, sc, study.Options{Seed: 7, NoLever: true})
//	err = report.Text(os.Stdout, run, dir)
//
// Runs are independent of each other, so that they are shared out to the
// processors; what comes out does not depend on how many there are.
package study

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/report"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/stats"
)

// Options are what a run takes beside its scenario.
type Options struct {
	Seed, Replication uint64
	Version           string                                        // of the program
	NoLever           bool                                          // score the same world with no lever pulled too
	NoLeverScale      float64                                       // at this scale at most; 0 is no bound
	Progress          func(done, whole time.Duration, fired uint64) // of the scenario's time; called from one goroutine
	Watch             func(k *sim.Kernel)                           // called before the first event
}

// Play runs a scenario once and gathers what its report says.
func Play(ctx context.Context, sc *scenario.Scenario, o Options) (*report.Run, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var bare []incident.Row
	var bareScale float64
	var failed error
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		if o.NoLever && len(sc.Record) > 0 {
			var small *scenario.Scenario
			var err error
			if small, err = smaller(sc, o.NoLeverScale); err == nil {
				bareScale = float64(small.Scale)
				bare, err = score(ctx, small, launch.Options{Seed: o.Seed, Replication: o.Replication, NoLevers: true, Record: true})
			}
			if failed = err; failed != nil {
				cancel()
			}
		}
	}()
	run, err := launch.New(sc, launch.Options{Seed: o.Seed, Replication: o.Replication, Record: true})
	if err != nil {
		return nil, err
	}
	if o.Watch != nil {
		o.Watch(run.Kernel())
	}
	var progress func(sim.Time, uint64)
	if o.Progress != nil {
		whole := sim.Time(sc.Warmup + sc.Duration).Duration()
		progress = func(now sim.Time, fired uint64) {
			o.Progress((now + sim.Time(sc.Warmup)).Duration(), whole, fired)
		}
	}
	err = run.RunToEnd(ctx, progress)
	var res *metrics.Result
	if err == nil {
		res, err = run.Result()
	}
	if err != nil {
		cancel()
	}
	<-idle
	if failed != nil && (err == nil || err == context.Canceled) {
		err = fmt.Errorf("with no lever pulled: %w", failed)
	}
	if err != nil {
		return nil, err
	}
	r, err := gather(sc, o, run, res)
	if err != nil {
		return nil, err
	}
	r.NoLever, r.NoLeverScale = bare, bareScale
	return r, nil
}

// leastScale is the scale below which the world with no lever pulled is not
// made smaller than the run beside it.
const leastScale = 1.0 / 4000

// smaller is the scenario at a quarter of its scale: a world with no lever
// pulled has several times the attempts, and its score needs less precision
// than the run's. It is not above most, where that is given. Where pools have too
// few servers to be made as much smaller it would be another world: it keeps its
// own scale.
func smaller(sc *scenario.Scenario, most float64) (*scenario.Scenario, error) {
	scale := float64(sc.Scale) / 4
	if most > 0 && scale > most {
		scale = most
	}
	if scale < leastScale {
		return sc, nil
	}
	c, err := scenario.NewChange("scale", unit.Fraction(scale).String())
	if err != nil {
		return nil, err
	}
	small, err := sc.With(scenario.Changes{c})
	if err != nil {
		return nil, err
	}
	before, err := roundings(sc)
	if err != nil {
		return nil, err
	}
	after, err := roundings(small)
	if err != nil {
		return nil, err
	}
	for i := range after {
		if after[i].unlike() && after[i] != before[i] {
			return sc, nil
		}
	}
	return small, nil
}

// A rounding is what scaling made of a pool.
type rounding struct {
	full  float64 // servers of the whole world
	n     float64 // servers at the scale
	stand float64 // servers of the whole world that those stand for
}

// off is by how much the pool is larger than its share.
func (p rounding) off() float64 { return p.stand/p.full - 1 }

// unlike reports whether the pool is another than that of the whole world.
func (p rounding) unlike() bool { return p.full > 0 && math.Abs(p.off()) > 0.01 }

func roundings(sc *scenario.Scenario) ([]rounding, error) {
	small, err := sc.Scaled()
	if err != nil {
		return nil, err
	}
	list := make([]rounding, len(sc.Pools))
	for i := range sc.Pools {
		n := math.Round(float64(small.Pools[i].Nodes) * float64(small.Pools[i].SlotsPerNode))
		list[i] = rounding{float64(sc.Pools[i].Nodes) * float64(sc.Pools[i].SlotsPerNode), n, n / float64(sc.Scale)}
	}
	return list, nil
}

// clock is what the record needs to know of a scenario's time.
func clock(sc *scenario.Scenario) incident.Clock {
	return incident.Clock{Start: sc.Start.UnixNano(), Warmup: sim.Time(sc.Warmup)}
}

func score(ctx context.Context, sc *scenario.Scenario, o launch.Options) ([]incident.Row, error) {
	res, err := launch.Play(ctx, sc, o)
	if err != nil {
		return nil, err
	}
	return incident.Score(sc.Record, res, clock(sc)), nil
}

func gather(sc *scenario.Scenario, o Options, run *launch.Run, res *metrics.Result) (*report.Run, error) {
	resolved, err := sc.Resolved()
	if err != nil {
		return nil, err
	}
	r := &report.Run{Name: sc.Name, Title: sc.Title, Version: o.Version, Resolved: resolved,
		Duration: sim.Time(sc.Duration).Duration(), Interval: run.Interval().Duration(), Scale: float64(sc.Scale), Seed: o.Seed, Replication: o.Replication,
		Refusals: run.Refusals(), Result: res}
	if sc.Dated() {
		r.Start = sc.Start.UTC()
	}
	if len(sc.Record) > 0 {
		r.Score = incident.Score(sc.Record, res, clock(sc))
	}
	for _, u := range sc.Unknowns {
		if u.Knob != "" {
			// What was used is what the knob holds, whatever the file says of it.
			if u.Value, err = sc.Value(u.Knob); err != nil {
				return nil, err
			}
		}
		if u.Knob == "" {
			u.Value += ", as written"
		}
		r.Unknowns = append(r.Unknowns, u)
	}
	for _, t := range sc.Tiers {
		r.Tiers = append(r.Tiers, metrics.TierInfo{Name: t.Name, Paid: t.Paid})
	}
	for _, p := range sc.Pools {
		r.Pools = append(r.Pools, p.Name)
		if p.Batches() {
			r.Batches = append(r.Batches, p.Name)
		}
	}
	for _, c := range sc.Classes {
		info := metrics.ClassInfo{Name: c.Name, Signup: c.Kind == "signup", Fluid: c.Kind == "fluid", Tokens: c.Tokens != nil, SLO: sim.Time(c.SLO), Pools: make([]int, 1+len(c.Then))}
		for i, p := range sc.Pools {
			for k, s := range c.Then {
				if p.Name == s.Pool {
					info.Pools[k+1] = i
				}
			}
			if p.Name == c.Pool {
				info.Pools[0] = i
			}
		}
		r.Classes = append(r.Classes, info)
	}
	kinds := map[string]report.MarkKind{"lever": report.Lever, "cause": report.Cause, "note": report.Note}
	for _, p := range sc.Timeline {
		r.Marks = append(r.Marks, report.Mark{At: sim.Time(p.At).Duration(), Label: p.Label, Kind: kinds[p.Kind]})
	}
	r.Marks = append(r.Marks, report.ReleaseMarks(&res.Summary)...)
	if r.Warnings, err = Warnings(sc); err != nil {
		return nil, err
	}
	run.Distributions(func(tier, class string, s *stats.Sketch) {
		label := tier
		if len(sc.Classes) > 1 {
			label += " " + class
		}
		r.Latency = append(r.Latency, distribution(label, s))
	})
	return r, nil
}

// Warnings says what is no fault of a scenario but hardly meant: patches that
// never come, and pools whose servers cannot be scaled as finely as the rest of
// the world.
func Warnings(sc *scenario.Scenario) ([]string, error) {
	pools, err := roundings(sc)
	if err != nil {
		return nil, err
	}
	var warnings []string
	late := 0
	for _, p := range sc.Timeline {
		if sim.Time(p.At) < sim.Time(sc.Duration) {
			continue
		}
		if late++; late == 1 {
			warnings = append(warnings, "")
		}
		at := p.At.String()
		if sc.Dated() {
			at = sc.Start.Add(time.Duration(p.At)).Format(time.RFC3339)
		}
		warnings[0] = fmt.Sprintf("%q is dated %s, after the end of the run, and never happens", p.Label, at)
	}
	if late > 1 {
		warnings[0] = fmt.Sprintf("%d patches of the timeline are dated after the end of the run and never happen, the last of them %s", late, strings.Replace(warnings[0], ", after the end of the run, and never happens", "", 1))
	}
	for i, p := range pools {
		if p.unlike() {
			more := "more"
			if p.off() < 0 {
				more = "fewer"
			}
			warnings = append(warnings, fmt.Sprintf("pool %s has %s servers at full scale, and %.0f at scale %v stand for %s, %.0f %% %s; what happens near its capacity is not to be believed",
				sc.Pools[i].Name, number(p.full), p.n, sc.Scale, number(p.stand), 100*math.Abs(p.off()), more))
		}
	}
	few, err := scaledAway(sc)
	return append(append(warnings, few...), anonymous(sc)...), err
}

// anonymous says which policies count by user and have none to tell apart.
func anonymous(sc *scenario.Scenario) (warnings []string) {
	for i := range sc.Policies {
		p := &sc.Policies[i]
		if !p.Enabled && len(sc.Timeline) == 0 {
			continue
		}
		per := reflect.ValueOf(p.Spec).Elem().FieldByName("Per")
		if p.Kind != "user-quota" && !(per.IsValid() && per.String() == "user") {
			continue
		}
		on := func(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }
		told, streams := false, 0
		for _, s := range sc.Demand.Streams {
			if on(p.Tiers, s.Tier) && on(p.Classes, s.Class) {
				streams++
				told = told || s.PerUser > 0 || s.Closed != nil || s.Trace != nil && (s.Trace.User != "" && s.Trace.User != "none" || s.Trace.User == "" && s.Trace.Format == "alibaba-genai" || s.Trace.Format == "burstgpt")
			}
		}
		if streams > 0 && !told {
			warnings = append(warnings, fmt.Sprintf("policy %s counts by user, and does nothing: the requests that it acts on are of users that are not told apart (demand.streams.NAME.per_user)", p.Name))
		}
	}
	return warnings
}

// priceOf is what an attempt takes of a count of a policy: 1, or where that counts what
// attempts cost, the dearest class's mean.
func priceOf(sc *scenario.Scenario, p *policy.Item, key string) float64 {
	price := 1.0
	switch {
	case p.Kind == "cost-limit" && key == "burst":
		for _, c := range sc.Classes {
			if law, err := c.Service.Build(); err == nil && !c.Service.IsZero() && (len(p.Classes) == 0 || slices.Contains(p.Classes, c.Name)) {
				price = math.Max(price, law.Mean())
			}
		}
	case p.Kind == "requests-and-tokens" && key == "tpm":
		if f := reflect.ValueOf(p.Spec).Elem().FieldByName("Tokens"); f.IsValid() && f.CanFloat() {
			price = math.Max(price, f.Float())
		}
	}
	return price
}

// fewest is the number below which a count of a policy is coarse: a bucket of ten whole
// tokens clips a Poisson stream that a large one lets through by less than a percent.
const fewest = 10

// scaledAway says which counts of policies scaling has made so small that the policy is
// another one.
func scaledAway(sc *scenario.Scenario) (warnings []string, err error) {
	small, err := sc.Scaled()
	if err != nil || sc.Scale == 1 {
		return nil, err
	}
	var others []string
	for i := range sc.Policies {
		if !sc.Policies[i].Enabled && len(sc.Timeline) == 0 {
			continue
		}
		if k := policy.Of(sc.Policies[i].Kind); k.Scale != "" && (k.Heading == policy.Concurrency || k.Heading == policy.AQM || k.Heading == policy.Admission || k.Heading == policy.Custom) {
			others = append(others, sc.Policies[i].Name+" ("+k.Name+")")
		}
		full, scaled := reflect.ValueOf(sc.Policies[i].Spec).Elem(), reflect.ValueOf(small.Policies[i].Spec).Elem()
		for k := range full.NumField() {
			if !full.Type().Field(k).IsExported() {
				continue
			}
			a, ok := full.Field(k).Interface().(unit.Count)
			if !ok {
				continue
			}
			key, _, _ := strings.Cut(full.Type().Field(k).Tag.Get("yaml"), ",")
			if b := scaled.Field(k).Interface().(unit.Count); b != a && float64(b) < fewest*priceOf(sc, &sc.Policies[i], key) && a >= 1 {
				warnings = append(warnings, fmt.Sprintf("policy %s has a %s of %s, which is %v at scale %v: of so little it is coarser than of the whole world, and may let through less, or nothing", sc.Policies[i].Name, key, number(float64(a)), float64(b), sc.Scale))
			}
		}
	}
	if len(others) > 0 {
		warnings = append(warnings, fmt.Sprintf("at scale %v these policies act otherwise than in the whole world, so that nothing is to be concluded of their order: %s; launchday levers show says why", sc.Scale, strings.Join(others, ", ")))
	}
	return warnings, nil
}

// distribution is the curve of a sketch at quantiles that are close together
// where a picture of the tail shows them.
func distribution(label string, s *stats.Sketch) report.Distribution {
	d := report.Distribution{Label: label}
	add := func(p float64) {
		d.X = append(d.X, s.Quantile(p)/1e9)
		d.P = append(d.P, p)
	}
	for i := 1; i < 90; i++ {
		add(float64(i) / 100)
	}
	// From 0.9 on, 20 steps for each factor of 10 in what is left.
	left, step := 0.1, 0.8912509381337456 // 10^(-1/20)
	for ; left*float64(s.Count()) >= 1 && left > 1e-6; left *= step {
		add(1 - left)
	}
	return d
}
