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

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/fleet"
	"github.com/launchday-sim/launchday/models/gpu"
	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/policy"
	_ "github.com/launchday-sim/launchday/models/policy/all" // every kind of policy a scenario may name
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/models/scenario"
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
	fleet    *fleet.Fleet
	classes  []class
	clients  []*client.Client // by tier * classes + class
	entries  []entry          // of the scenario's list of clients
	copies   []copies
	vacant   []int32        // of copies
	copied   models.Attempt // of which a copy is being sent
	balked   models.Reason  // 0: nobody balks
	priority []uint8        // by tier
	reasons  models.Reasons
	world    metrics.World // what the recorder was told
	rec      *metrics.Recorder
	attempts []models.Attempt
	free     []models.Slot
	parking  parking
	lines    []line // of those whom policies keep, by link of the chain
	fluids   []fluid
	src      rng.Source     // of the draw being made; here because a law takes it by address
	signals  models.Signals // of the attempt being judged; here for the same reason
	err      error          // of a patch of the timeline, or of a policy
	rehearse sim.Time       // the instant for which a patch is tried before the run
	done     bool
}

// A class is what the run needs of a class of requests.
type class struct {
	pool     int
	service  rng.Dist  // seconds
	expected sim.Time  // its mean
	tokens   *tokens   // nil: it has none
	images   *images   // nil: it has none
	then     []station // that it passes afterwards
	signup   bool
	fluid    bool
}

// A station is a pool that serves a class after the first one did.
type station struct {
	pool     int
	service  rng.Dist // seconds
	expected sim.Time // its mean
}

// A pool is a pool of servers with the queue before it.
type pool struct {
	r        *Run
	n        int
	gpu      *gpu.Pool
	queue    *queue.Queue
	fluid    stats.Gauge // servers that fluid work holds
	capacity int         // as last recorded
	working  int         // servers of nodes that batch and at which somebody is
	shared   bool        // attempts share its servers
	batches  bool        // its nodes batch
	routed   bool        // its nodes have lines of their own
	drops    map[string]models.Reason

	load    *load    // nil: nobody asks for it
	above   sim.Time // wait from which on others help
	helpers []int    // pools

	has  int // servers, as last recorded
	down [models.NumDownCauses]int

	coming models.Slot // the attempt that comes and finds a server free; None once it is taken
	due    sim.Timer   // of a pull that is planned
	dueAt  sim.Time

	started, completed uint64   // attempts
	lastWait           sim.Time // of the attempt started last
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
	evCopy        // Arg: index into the copies
	evPull        // Arg: pool
)

var (
	purposeService = rng.Purpose("gpu/service")
	purposeRoute   = rng.Purpose("gpu/route")
)

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
	r.chain.Begin(r.k, r)
	return r, nil
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
	case evCopy:
		r.copies[ev.Arg].timer = 0
		r.sendCopy(now, int32(ev.Arg), r.copies[ev.Arg].slots[0])
	case evPull:
		p := &r.pools[ev.Arg]
		p.due = 0
		p.pull(now)
	case evBegin:
		r.settle(now)
		r.spent(now)
		r.rec.Begin(now, r.k.Fired())
	case evInterval:
		r.settle(now)
		r.rec.CloseInterval(now)
	case evOpenWindow:
		r.spent(now)
		r.rec.OpenWindow(int(ev.Arg), now, r.k.Fired())
	case evCloseWindow:
		r.spent(now)
		r.rec.CloseWindow(int(ev.Arg), now, r.k.Fired())
	case evPatch:
		p := &r.full.Timeline[ev.Arg]
		if err := r.Apply(p.Set); err != nil {
			r.err = fmt.Errorf("timeline, %s: %w", p.Label, err)
		}
	}
}

// spent tells the recorder what has become of the funds.
func (r *Run) spent(now sim.Time) { r.rec.Money(metrics.Money(r.fleet.Money(now))) }

// fail lets the run end with the first error that a policy reports.
func (r *Run) fail(err error) {
	if r.err == nil {
		r.err = err
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
	case evCopy:
		return "a copy of a request is due"
	case evPull:
		return "the seats of a queue's levels are divided anew"
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
	r.k.RunUntil(min(t, r.end-r.origin) + r.origin)
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
		to := min(r.k.Now()+step, r.end)
		for !r.k.Advance(to, 1<<18) && ctx.Err() == nil {
		}
		if r.err != nil {
			return r.err
		}
		if progress != nil {
			progress(r.Now(), r.k.Fired())
		}
	}
	return nil
}

// Play runs a scenario from its beginning to its end, or to that of the context.
func Play(ctx context.Context, sc *scenario.Scenario, o Options) (*metrics.Result, error) {
	r, err := New(sc, o)
	if err != nil {
		return nil, err
	}
	if err := r.RunToEnd(ctx, nil); err != nil {
		return nil, err
	}
	return r.Result()
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
	if r.err != nil {
		return nil, r.err
	}
	r.done = true
	now := r.end
	r.settle(now)
	r.spent(now)
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
		if vacant[s] {
			continue
		}
		if a := &r.attempts[s]; r.counted(a, models.Slot(s)) {
			r.rec.Attempt(live, a)
		} else {
			r.rec.Copy(live, a)
		}
	}
	r.asides(func(a *models.Attempt) { r.rec.Attempt(live, a) })
	r.parking.each(func(p *parked) {
		if p.stage != wished {
			r.rec.Between(live, p.tier, p.class, p.first)
		}
	})
	for i := range r.fluids {
		f := &r.fluids[i]
		r.rec.Backlog(live, f.tier, f.class, f.backlog)
	}
	return live
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

// Waits returns the waits of a tier and class, as Distributions does their latency.
func (r *Run) Waits(tier models.Tier, class models.Class) *stats.Sketch {
	return r.rec.Waits(tier, class)
}

// Present is the number of attempts that wait before a pool, and of those in service.
func (r *Run) Present(pool int) (waiting, served int) {
	p := &r.pools[pool]
	return p.waiting(), p.gpu.Working()
}

// Returning is the number of users who will come with another request: they come back,
// or go on in their session.
func (r *Run) Returning() int { return r.parking.returning }

// Refusals are the reasons for which attempts are refused in this run.
func (r *Run) Refusals() []models.Refusal {
	var list []models.Refusal
	for i := 1; i < r.reasons.Len(); i++ {
		list = append(list, r.reasons.Get(models.Reason(i)))
	}
	return list
}

func seconds(x float64) sim.Time { return sim.FromSeconds(math.Max(x, 0)) }
