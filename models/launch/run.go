// Package launch is the assembly: a scenario in, a run out. It is the only room
// that wires the others together.
//
//	demand ──> client ──> policy chain ──> queue ──> gpu ──> client
//	              ^            │ reject       │ abandon  │ node lost
//	              └── retry ───┴──── drop ────┴──────────┘
//
// The run is an object: it can be stepped, and levers can be pulled on the way.
//
//	run, err := launch.New(sc, launch.Options{Seed: 7})
//	run.StepUntil(6 * sim.Hour)               // of the scenario's time
//	err = run.Apply(changes)                  // of paths of the scenario
//	res, err := run.Result()                  // runs to the end
//
// A run is a function of scenario, seed and replication alone.
package launch

import (
	"context"
	"fmt"
	"math"
	"reflect"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/gpu"
	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/policy"
	_ "github.com/launchday-sim/launchday/models/policy/all" // every kind of policy a scenario may name
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/stats"
)

// Options are what a run takes beside its scenario.
type Options struct {
	Seed, Replication uint64
	NoLevers          bool // no policies and no patches of the operator; causes are kept
	Record            bool // keep the windows of the scenario's record, for its score
}

// A Run is one simulation of a scenario.
type Run struct {
	k        *sim.Kernel
	actor    sim.ActorID
	opts     Options
	full     *scenario.Scenario // as patched so far, at full scale
	now      *scenario.Scenario // the same at the scale of the run
	end      sim.Time           // kernel time
	origin   sim.Time           // kernel time of the scenario's start
	demand   *demand.Demand
	chain    *policy.Chain
	pools    []pool
	classes  []class
	clients  []*client.Client // by tier * classes + class
	priority []uint8          // by tier
	reasons  models.Reasons
	rec      *metrics.Recorder
	attempts []models.Attempt
	free     []models.Slot
	parking  parking
	fluids   []fluid
	src      rng.Source     // of the draw being made; here because a law takes it by address
	signals  models.Signals // of the attempt being judged; here for the same reason
	err      error          // of a patch of the timeline
	done     bool
}

// A class is what the run needs of a class of requests.
type class struct {
	pool     int
	service  rng.Dist // seconds
	expected sim.Time // its mean
	signup   bool
	fluid    bool
}

// A pool is a pool of servers with the queue before it.
type pool struct {
	r        *Run
	n        int
	gpu      *gpu.Pool
	queue    *queue.Queue
	fluid    stats.Gauge // servers that fluid work holds
	capacity int         // as last recorded
}

// The kinds of the run's own events.
const (
	evPatience uint8 = iota // Arg: slot
	evPark                  // Arg: place in the parking
	evBucket                // Arg: bucket of the parking
	evBegin
	evInterval
	evOpenWindow  // Arg: window
	evCloseWindow // Arg: window
	evPatch       // Arg: index into the timeline
)

var purposeService = rng.Purpose("gpu/service")

// New builds a run of the scenario. Nothing has happened yet.
func New(sc *scenario.Scenario, opts Options) (*Run, error) {
	if opts.NoLevers {
		var err error
		if sc, err = sc.WithoutLevers(); err != nil {
			return nil, err
		}
	}
	now, err := sc.Scaled()
	if err != nil {
		return nil, err
	}
	r := &Run{k: sim.NewKernel(), opts: opts, full: sc, now: now, origin: sim.Time(sc.Warmup), end: sim.Time(sc.Warmup + sc.Duration)}
	r.actor = r.k.Register("launch", r)
	if err := r.build(); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", sc.Name, err)
	}
	r.schedule()
	for i := range r.pools {
		r.pools[i].changed(0)
	}
	r.demand.Start(0)
	return r, nil
}

func (r *Run) build() error {
	sc := r.now
	var tiers []policy.TierInfo
	var names []metrics.TierInfo
	for _, t := range sc.Tiers {
		tiers = append(tiers, policy.TierInfo{Name: t.Name, Paid: t.Paid, Priority: uint8(t.Priority)})
		names = append(names, metrics.TierInfo{Name: t.Name, Paid: t.Paid})
		r.priority = append(r.priority, uint8(t.Priority))
	}
	for i := range sc.Pools {
		r.pools = append(r.pools, pool{r: r, n: i})
	}
	var poolNames []string
	for i := range r.pools {
		p := &r.pools[i]
		spec := r.shifted(sc.Pools[i].Spec)
		var err error
		if p.gpu, err = gpu.New(r.k, spec, r.opts.Seed, r.opts.Replication, p); err != nil {
			return err
		}
		if p.queue, err = queue.New(sc.Pools[i].Queue); err != nil {
			return fmt.Errorf("pools.%s.queue.%w", spec.Name, err)
		}
		poolNames = append(poolNames, spec.Name)
	}
	var classNames []string
	var infos []metrics.ClassInfo
	for _, c := range sc.Classes {
		law, err := c.Service.Build()
		if err != nil {
			return fmt.Errorf("classes.%s.service: %w", c.Name, err)
		}
		n := class{service: law, expected: expected(law), signup: c.Kind == "signup", fluid: c.Kind == "fluid"}
		for i := range sc.Pools {
			if sc.Pools[i].Name == c.Pool {
				n.pool = i
			}
		}
		r.classes = append(r.classes, n)
		classNames = append(classNames, c.Name)
		infos = append(infos, metrics.ClassInfo{Name: c.Name, Pool: n.pool, Signup: n.signup, Fluid: n.fluid})
	}
	var err error
	epoch := sim.Time(sc.Start.UnixNano()) - r.origin
	r.demand, err = demand.New(r.k, sc.Demand, demand.Env{Seed: r.opts.Seed, Replication: r.opts.Replication, Epoch: epoch, Origin: r.origin, Tiers: sc.Tiers, Classes: sc.Classes}, r)
	if err != nil {
		return err
	}
	r.chain, err = policy.NewChain(sc.Policies, policy.Env{Seed: r.opts.Seed, Replication: r.opts.Replication, Users: r.demand.Users(), Horizon: r.end, Tiers: tiers, Reasons: &r.reasons, Now: r.k.Now}, classNames)
	if err != nil {
		return err
	}
	if err := r.setClients(); err != nil {
		return err
	}
	used := map[[2]string]bool{}
	for _, s := range sc.Demand.Streams {
		if c := r.classes[r.classOf(s.Class)]; c.fluid {
			r.fluids = append(r.fluids, r.newFluid(s.Tier, s.Class))
		}
		used[[2]string{s.Tier, s.Class}] = true
	}
	var windows []metrics.Window
	if r.opts.Record {
		windows = incident.Windows(sc.Record, r.origin)
	}
	r.parking.init(r.end)
	r.rec = metrics.NewRecorder(metrics.World{Scenario: sc.Name, Scale: float64(sc.Scale), Seed: r.opts.Seed, Replication: r.opts.Replication,
		Epoch: int64(epoch), From: r.origin, To: r.end, Interval: r.Interval(), Tiers: names, Classes: infos, Pools: poolNames,
		Used:    func(t models.Tier, c models.Class) bool { return used[[2]string{sc.Tiers[t].Name, sc.Classes[c].Name}] },
		Reasons: &r.reasons, Users: r.demand.Users(), Windows: windows})
	return nil
}

// shifted is a pool's Spec with its instants in kernel time.
func (r *Run) shifted(s gpu.Spec) gpu.Spec {
	s.Lots = append([]gpu.LotSpec(nil), s.Lots...)
	for i := range s.Lots {
		s.Lots[i].Ordered += unit.Instant(r.origin)
	}
	return s
}

func (r *Run) classOf(name string) int {
	for i := range r.now.Classes {
		if r.now.Classes[i].Name == name {
			return i
		}
	}
	panic("launch: no class " + name)
}

func (r *Run) tierOf(name string) int {
	for i := range r.now.Tiers {
		if r.now.Tiers[i].Name == name {
			return i
		}
	}
	panic("launch: no tier " + name)
}

// setClients finds the behaviour of each tier and class: the first that matches.
func (r *Run) setClients() error {
	var built []*client.Client
	for _, s := range r.now.Clients {
		c, err := client.New(s)
		if err != nil {
			return err
		}
		built = append(built, c)
	}
	plain, err := client.New(client.Spec{})
	if err != nil {
		return err
	}
	r.clients = r.clients[:0]
	for _, t := range r.now.Tiers {
		for _, c := range r.now.Classes {
			found := plain
			for i := len(built) - 1; i >= 0; i-- {
				if r.now.Clients[i].Matches(t.Name, c.Name) {
					found = built[i]
				}
			}
			r.clients = append(r.clients, found)
		}
	}
	return nil
}

// maxIntervals bounds the memory of the series.
const maxIntervals = 4000

// Interval is the length of an interval of the series: the scenario's interval, or a longer one where there would be
// more intervals than a series keeps.
func (r *Run) Interval() sim.Time {
	i := sim.Time(r.now.Interval)
	if i <= 0 {
		i = max(1, sim.Time(r.now.Duration)/240)
	}
	for (r.end-r.origin)/i > maxIntervals {
		i *= 2
	}
	return i
}

// schedule enters what is known beforehand. Looks come first at their instant,
// so that intervals and windows hold their beginning and not their end.
func (r *Run) schedule() {
	at := func(t sim.Time, kind uint8, arg int) {
		if t >= r.k.Now() && t < r.end {
			r.k.At(t, sim.Event{Actor: r.actor, Kind: kind, Priority: models.PriorityPatch, Arg: uint32(arg)})
		}
	}
	at(r.origin, evBegin, 0)
	for t := r.origin + r.Interval(); t < r.end; t += r.Interval() {
		at(t, evInterval, 0)
	}
	if r.opts.Record {
		for i, w := range incident.Windows(r.now.Record, r.origin) {
			if w.From >= r.origin && w.To <= r.end {
				at(w.From, evOpenWindow, i)
				at(w.To, evCloseWindow, i)
			}
		}
	}
	for i, p := range r.full.Timeline {
		at(sim.Time(p.At)+r.origin, evPatch, i)
	}
}

// Handle fires an event of the kernel.
func (r *Run) Handle(now sim.Time, ev sim.Event) {
	switch ev.Kind {
	case evPatience:
		r.leave(now, models.Slot(ev.Arg))
	case evPark:
		r.resume(now, ev.Arg)
	case evBucket:
		r.open(now, int(ev.Arg))
	case evBegin:
		r.settle(now)
		r.rec.Begin(now, r.k.Fired())
	case evInterval:
		r.rec.CloseInterval(now)
	case evOpenWindow:
		r.rec.OpenWindow(int(ev.Arg), now, r.k.Fired())
	case evCloseWindow:
		r.rec.CloseWindow(int(ev.Arg), now, r.k.Fired())
	case evPatch:
		p := &r.full.Timeline[ev.Arg]
		if err := r.Apply(p.Set); err != nil && r.err == nil {
			r.err = fmt.Errorf("timeline, %s: %w", p.Label, err)
		}
	}
}

// Describe names an event for the trace.
func (r *Run) Describe(ev sim.Event) string {
	switch ev.Kind {
	case evPatience:
		return fmt.Sprintf("patience of attempt %d ends", ev.Arg)
	case evPark:
		return "a request is tried again"
	case evBucket:
		return "those who come back soon are called up"
	case evBegin:
		return "the warm-up ends"
	case evInterval:
		return "an interval of the series ends"
	case evOpenWindow, evCloseWindow:
		return "a window of the record begins or ends"
	}
	return "patch: " + r.full.Timeline[ev.Arg].Label
}

// Kernel is the run's kernel, for those who watch its events.
func (r *Run) Kernel() *sim.Kernel { return r.k }

// Now is the present moment in the scenario's time; the warm-up is below 0.
func (r *Run) Now() sim.Time { return r.k.Now() - r.origin }

// StepUntil advances to a moment of the scenario's time: every event before it
// has fired.
func (r *Run) StepUntil(t sim.Time) error {
	r.k.RunUntil(min(t+r.origin, r.end))
	return r.err
}

// RunToEnd advances to the end and reports progress about every permille; it
// stops early with the context's error.
func (r *Run) RunToEnd(ctx context.Context, progress func(now sim.Time, fired uint64)) error {
	step := max(r.end/1000, 1)
	for r.k.Now() < r.end {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.k.RunUntil(min(r.k.Now()+step, r.end))
		if r.err != nil {
			return r.err
		}
		if progress != nil {
			progress(r.Now(), r.k.Fired())
		}
	}
	return nil
}

// Result runs to the end, checks both conservation laws and returns what the
// run leaves.
func (r *Run) Result() (*metrics.Result, error) {
	if r.done {
		return nil, fmt.Errorf("the result of a run can be taken once")
	}
	if err := r.RunToEnd(context.Background(), nil); err != nil {
		return nil, err
	}
	r.done = true
	now := r.end
	r.settle(now)
	r.rec.CloseInterval(now)
	if r.opts.Record {
		for i, w := range incident.Windows(r.now.Record, r.origin) {
			if w.To == now {
				r.rec.CloseWindow(i, now, r.k.Fired())
			}
		}
	}
	live := r.live()
	if err := r.rec.Check(live); err != nil {
		return nil, err
	}
	return r.rec.Result(now, r.k.Fired(), live), nil
}

// live counts what is under way.
func (r *Run) live() metrics.Live {
	live := r.rec.NewLive()
	vacant := make([]bool, len(r.attempts))
	for _, s := range r.free {
		vacant[s] = true
	}
	for s := range r.attempts {
		if !vacant[s] {
			r.rec.Attempt(live, &r.attempts[s])
		}
	}
	r.parking.each(func(p *parked) {
		if p.try > 1 {
			r.rec.Between(live, p.tier, p.class, p.first)
		}
	})
	for i := range r.fluids {
		f := &r.fluids[i]
		r.rec.Backlog(live, f.tier, f.class, f.backlog)
	}
	return live
}

// Apply pulls levers now: changes to paths of the scenario, checked like the
// file itself. Each room takes over what changed, or refuses it by name.
func (r *Run) Apply(changes scenario.Changes) error {
	full, err := r.full.Patched(changes)
	if err != nil {
		return err
	}
	next, err := full.Scaled()
	if err != nil {
		return err
	}
	if err := r.fixed(next); err != nil {
		return err
	}
	old, now := r.now, r.k.Now()
	r.settle(now)
	before := r.full
	r.full, r.now = full, next
	changed, err := r.reconfigure(now, old, next)
	switch {
	case err != nil && changed:
		r.err = fmt.Errorf("a change was taken over in part: %w", err)
		return r.err
	case err != nil:
		r.full, r.now = before, old
	}
	return err
}

// reconfigure hands what changed to the rooms, and reports whether any has
// taken it over.
func (r *Run) reconfigure(now sim.Time, old, next *scenario.Scenario) (changed bool, err error) {
	if !reflect.DeepEqual(old.Demand, next.Demand) {
		if err := r.demand.Reconfigure(now, next.Demand); err != nil {
			return changed, err
		}
		changed = true
	}
	if !reflect.DeepEqual(old.Clients, next.Clients) {
		if err := r.setClients(); err != nil {
			return changed, err
		}
		changed = true
	}
	if !reflect.DeepEqual(old.Policies, next.Policies) {
		if err := r.chain.Reconfigure(next.Policies); err != nil {
			return changed, err
		}
		changed = true
	}
	for i := range r.pools {
		p, a, b := &r.pools[i], &old.Pools[i], &next.Pools[i]
		if a.Queue != b.Queue {
			if err := p.queue.Reconfigure(b.Queue, func(s models.Slot) *models.Attempt { return &r.attempts[s] }); err != nil {
				return changed, err
			}
			changed = true
		}
		if !reflect.DeepEqual(a.Spec, b.Spec) {
			if err := p.gpu.Reconfigure(now, r.shifted(b.Spec)); err != nil {
				return changed, err
			}
			changed = true
		}
	}
	for i := range next.Classes {
		law, err := next.Classes[i].Service.Build()
		if err != nil {
			return changed, fmt.Errorf("classes.%s.service: %w", next.Classes[i].Name, err)
		}
		r.classes[i].service, r.classes[i].expected = law, expected(law)
	}
	for i := range r.fluids {
		r.setFluid(&r.fluids[i])
	}
	for i := range next.Tiers {
		r.priority[i] = uint8(next.Tiers[i].Priority)
	}
	return changed, nil
}

// fixed refuses changes of what a run is made of.
func (r *Run) fixed(next *scenario.Scenario) error {
	old := r.now
	switch {
	case next.Name != old.Name:
		return fmt.Errorf("name: cannot change during a run")
	case !next.Start.Equal(old.Start):
		return fmt.Errorf("start: cannot change during a run")
	case next.Duration != old.Duration:
		return fmt.Errorf("duration: cannot change during a run")
	case next.Warmup != old.Warmup:
		return fmt.Errorf("warmup: cannot change during a run")
	case next.Scale != old.Scale:
		return fmt.Errorf("scale: cannot change during a run")
	case next.Interval != old.Interval:
		return fmt.Errorf("interval: cannot change during a run")
	case len(next.Tiers) != len(old.Tiers) || len(next.Classes) != len(old.Classes) || len(next.Pools) != len(old.Pools):
		return fmt.Errorf("tiers, classes and pools cannot be added or removed during a run")
	case !reflect.DeepEqual(next.Timeline, old.Timeline):
		return fmt.Errorf("timeline: cannot change during a run: apply the patch itself")
	case !reflect.DeepEqual(next.Record, old.Record):
		return fmt.Errorf("record: cannot change during a run")
	case !reflect.DeepEqual(next.Unknowns, old.Unknowns):
		return fmt.Errorf("unknowns: cannot change during a run")
	}
	if len(next.Policies) != len(old.Policies) {
		return fmt.Errorf("policies: cannot be added or removed during a run: have them all, and switch them by enabled")
	}
	for i := range next.Policies {
		a, b := &old.Policies[i], &next.Policies[i]
		switch {
		case a.Name != b.Name:
			return fmt.Errorf("policies.%s.name: cannot change during a run", a.Name)
		case a.Kind != b.Kind:
			return fmt.Errorf("policies.%s.kind: cannot change during a run", a.Name)
		}
	}
	for i := range next.Tiers {
		a, b := old.Tiers[i], next.Tiers[i]
		a.Priority = b.Priority
		switch {
		case a.Name != b.Name:
			return fmt.Errorf("tiers.%s.name: cannot change during a run", a.Name)
		case a.Users != b.Users:
			return fmt.Errorf("tiers.%s.users: cannot change during a run: users come by sign-up", a.Name)
		case a != b:
			return fmt.Errorf("tiers.%s.paid: cannot change during a run", a.Name)
		}
	}
	for i := range next.Classes {
		a, b := old.Classes[i], next.Classes[i]
		switch {
		case a.Name != b.Name:
			return fmt.Errorf("classes.%s.name: cannot change during a run", a.Name)
		case a.Kind != b.Kind:
			return fmt.Errorf("classes.%s.kind: cannot change during a run", a.Name)
		case a.Pool != b.Pool:
			return fmt.Errorf("classes.%s.pool: cannot change during a run", a.Name)
		}
	}
	return nil
}

// Distributions calls f with the latency of each tier and class that has any.
func (r *Run) Distributions(f func(tier, class string, latency *stats.Sketch)) {
	for t := range r.now.Tiers {
		for c := range r.now.Classes {
			if s := r.rec.Distribution(models.Tier(t), models.Class(c)); s.Count() > 0 {
				f(r.now.Tiers[t].Name, r.now.Classes[c].Name, s)
			}
		}
	}
}

// Refusals are the reasons for which attempts are refused in this run.
func (r *Run) Refusals() []models.Refusal {
	var list []models.Refusal
	for i := 1; i < r.reasons.Len(); i++ {
		list = append(list, r.reasons.Get(models.Reason(i)))
	}
	return list
}

// expected is the mean of a law of service; a law without one is taken for a
// day, which is longer than any service.
func expected(law rng.Dist) sim.Time {
	return min(seconds(law.Mean()), sim.Day)
}

func seconds(x float64) sim.Time { return sim.FromSeconds(math.Max(x, 0)) }
