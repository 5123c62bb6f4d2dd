package queue

import (
	"fmt"
	"math"
	"slices"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// A Spec is the queue of a pool as a scenario writes it.
type Spec struct {
	Discipline string     `yaml:"discipline" default:"fifo" enum:"fifo,lifo,random,adaptive-lifo,priority,priority-preemptive,drr,sfq,apf,vtc,edf,sjf,srpt,processor-sharing" doc:"Who is served next. fifo: who came first. lifo: who came last. random: one at random (SIRO). adaptive-lifo: fifo, and lifo while overloaded. priority: strictly by the tier's priority and fifo within it, without pre-emption. priority-preemptive: the same, and an arrival takes the server of one of lower priority, which resumes later. drr, sfq: fair between tiers by weight. apf: shuffle-sharded fair queues as in Kubernetes. vtc: the tenant that was served least. edf: the earliest deadline. sjf: the shortest service. srpt: the shortest rest, with pre-emption. processor-sharing: all at once, each at its share of the servers."`
	Limit      unit.Count `yaml:"limit" default:"0" min:"0" doc:"Attempts that may wait at most; 0 is no limit. Who is dropped is refused with 503 as POOL.drop-tail, POOL.drop-head or POOL.drop-lowest. It holds for arrivals: who is displaced by pre-emption always joins again, so that more may wait by as many as were displaced, and arrivals are dropped until it is below the limit once more. A queue that has none at the start is given none later."`
	Drop       string     `yaml:"drop" default:"tail" enum:"tail,head,lowest" doc:"Who is dropped when the limit is reached: the one that arrives (tail), the one that has waited longest (head), or the last that came of those of lowest priority, the arriving one among them (lowest)."`
	Preset     string     `yaml:"preset" default:"inference" enum:"source,inference" doc:"Whose times are taken where none is given: as published, made for milliseconds (source), or scaled to work that takes some 20 seconds (inference)."`

	NotEmptyFor unit.Duration `yaml:"not_empty_for" default:"0s" min:"0s" doc:"adaptive-lifo: newest first while the queue has not been empty for this long; 0s is that of the preset: 100ms in source, 10s in inference."`
	LongerThan  unit.Count    `yaml:"longer_than" default:"0" min:"0" doc:"adaptive-lifo: newest first also while more than this wait; 0 is never."`

	Ageing unit.Duration `yaml:"ageing" default:"0s" min:"0s" doc:"priority, priority-preemptive: an attempt gains one priority for each of these that it has waited, in proportion; 0s is no ageing."`

	Tiers    []TierSpec    `yaml:"tiers" doc:"What a tier has of its own: its weight (drr, sfq, vtc) and its deadline (edf)."`
	Quantum  unit.Duration `yaml:"quantum" default:"0s" min:"0s" doc:"drr: mean service that the tier of least weight is granted in a round, the others in proportion; 0s is the largest mean service of a class."`
	Deadline unit.Duration `yaml:"deadline" default:"1m" min:"0s" doc:"edf: the deadline of an attempt is its arrival plus this, for tiers that have none of their own."`

	Flow             string `yaml:"flow" default:"user" enum:"tier,user" doc:"apf, vtc: between whom the service is shared: the tiers, or the users."`
	Tenants          int    `yaml:"tenants" default:"1024" min:"1" max:"1048576" doc:"vtc with flow user: groups into which users are hashed, each with one counter."`
	Charge           string `yaml:"charge" default:"predicted" enum:"predicted,served" doc:"vtc: when a tenant is charged for a service: the mean of its class as it begins and the difference as it ends (predicted), or as it goes on (served), which costs a look at everything in service at each arrival and start."`
	Queues           int    `yaml:"queues" default:"64" min:"1" max:"4096" doc:"apf: number of queues."`
	HandSize         int    `yaml:"hand_size" default:"8" min:"1" max:"15" doc:"apf: queues among which a flow chooses."`
	QueueLengthLimit int    `yaml:"queue_length_limit" default:"50" min:"0" doc:"apf: attempts of one queue at most while no server is free; one more is refused with 503 as POOL.queue-full."`

	Levels           []LevelSpec   `yaml:"levels" doc:"apf: priority levels among which the tiers are divided and that lend each other servers; none is one level of all tiers. A server stays idle for which no level has both an attempt and a seat."`
	AdjustmentPeriod unit.Duration `yaml:"borrowing_adjustment_period" default:"0s" min:"1ms" or:"0s" doc:"apf: how often the levels' seats are divided anew; 0s is that of the preset: 10s in source, 20s in inference."`

	PredictionCV float64    `yaml:"prediction_cv" default:"0" min:"0" max:"100" doc:"sjf: coefficient of variation of the lognormal error, of mean 1, by which the known size is multiplied; 0 is known exactly."`
	Sharing      unit.Count `yaml:"sharing" default:"0" min:"0" doc:"processor-sharing: attempts that the servers work on at a time at most, the rest waits fifo; 0 is no limit."`
}

// A TierSpec is what a tier has of its own in a queue.
type TierSpec struct {
	Name     string        `yaml:"name" required:"true" ref:"tiers" doc:"The tier."`
	Weight   float64       `yaml:"weight" default:"1" min:"0.001" max:"1000" doc:"Share of the service that it may claim, in proportion to the others."`
	Deadline unit.Duration `yaml:"deadline" default:"0s" min:"0s" doc:"Its deadline after arrival; 0s is that of the queue."`
}

// Env is what a run gives its queues to be built with. A queue of fifo, lifo or
// random needs no more than Pool, Seed and Replication.
type Env struct {
	Pool              string
	Seed, Replication uint64
	Tiers             []string                       // by models.Tier
	Cost              func(*models.Attempt) sim.Time // mean service of an attempt's class, as a gateway predicts it
	Seats             func() int                     // servers that there are for attempts
	Width             func(*models.Attempt) int      // seats that an attempt holds, as a list of objects holds several in Kubernetes; nil: one, as of an attempt that holds one server
}

func (env *Env) tiers() int { return max(len(env.Tiers), 1) }

func (env *Env) cost(a *models.Attempt) sim.Time {
	if env.Cost == nil {
		return a.Service
	}
	return env.Cost(a)
}

func (env *Env) width(a *models.Attempt) int {
	if env.Width == nil {
		return 1
	}
	return env.Width(a)
}

func (env *Env) seats() int {
	if env.Seats == nil {
		return 1
	}
	return env.Seats()
}

// tier is what the Spec says of a tier of its own; nil is nothing.
func (env *Env) tier(s *Spec, tier int) *TierSpec {
	for i := range s.Tiers {
		if tier < len(env.Tiers) && s.Tiers[i].Name == env.Tiers[tier] {
			return &s.Tiers[i]
		}
	}
	return nil
}

func (env *Env) weights(s *Spec) []float64 {
	list := make([]float64, env.tiers())
	for i := range list {
		list[i] = 1
		if t := env.tier(s, i); t != nil && t.Weight > 0 {
			list[i] = t.Weight
		}
	}
	return list
}

func count(c unit.Count) int { return int(math.Floor(float64(c) + 0.5)) }

// Check reports why no queue could be built from the spec. The error begins with the
// field.
func (s *Spec) Check() error {
	if !slices.ContainsFunc(Disciplines, func(k Kind) bool { return k.Name == s.Discipline }) {
		var names []string
		for _, k := range Disciplines {
			names = append(names, k.Name)
		}
		return fmt.Errorf("discipline is %q, it must be one of %v", s.Discipline, names)
	}
	for i, t := range s.Tiers {
		if slices.ContainsFunc(s.Tiers[:i], func(o TierSpec) bool { return o.Name == t.Name }) {
			return fmt.Errorf("tiers.%s is there twice, it must be there once", t.Name)
		}
	}
	if s.Discipline == "apf" && (s.Queues < 1 || s.HandSize < 1 || s.HandSize > min(s.Queues, largestHand)) {
		return fmt.Errorf("hand_size is %d, it must be 1 to %d and at most queues", s.HandSize, largestHand)
	}
	if s.Discipline == "vtc" && s.Flow == "user" && s.Tenants < 1 {
		return fmt.Errorf("tenants is %d, it must be at least 1", s.Tenants)
	}
	return s.checkLevels()
}
