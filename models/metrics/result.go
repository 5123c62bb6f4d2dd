package metrics

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/launchday-sim/launchday/sim"
)

// A Figure is one reported number. NaN is a figure over an empty set; it is
// null in JSON.
type Figure float64

// Null is the figure over an empty set.
func Null() Figure { return Figure(math.NaN()) }

// IsNull reports whether the figure stands over an empty set.
func (f Figure) IsNull() bool { return math.IsNaN(float64(f)) }

// MarshalJSON writes the figure in its shortest exact form, null for NaN.
func (f Figure) MarshalJSON() ([]byte, error) {
	if f.IsNull() || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	if f == Figure(math.Trunc(float64(f))) && math.Abs(float64(f)) < 1<<53 {
		return strconv.AppendInt(nil, int64(f), 10), nil
	}
	return strconv.AppendFloat(nil, float64(f), 'g', -1, 64), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (f *Figure) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = Null()
		return nil
	}
	return json.Unmarshal(b, (*float64)(f))
}

// A Spread describes the distribution of a duration, in seconds.
type Spread struct {
	Mean Figure `json:"mean"`
	SD   Figure `json:"sd"`
	P50  Figure `json:"p50"`
	P90  Figure `json:"p90"`
	P95  Figure `json:"p95"`
	P99  Figure `json:"p99"`
	P999 Figure `json:"p999"`
	Max  Figure `json:"max"`
}

// A Level describes a number over time.
type Level struct {
	Mean Figure `json:"mean"` // time average
	Max  Figure `json:"max"`
}

// Figures is what is reported of a set of attempts: all of them, those of a
// tier, of a class, or of a class within a tier. Counts are simulated counts.
// Fluid work stands under its class alone, and is not in the figures over
// classes: those of all, of the paid and unpaid, of a tier.
type Figures struct {
	Requests   Figure            `json:"requests"`     // a user who returns with the same wish makes another
	Satisfied  Figure            `json:"satisfied"`    // requests that got an answer
	GivenUp    Figure            `json:"given_up"`     // requests whose user came to nothing and tries no more
	Open       Figure            `json:"open"`         // requests that are neither at the end
	Attempts   Figure            `json:"attempts"`     // tries that reached the service
	Admitted   Figure            `json:"admitted"`     // attempts that the policies let in
	Completed  Figure            `json:"completed"`    // attempts that were served
	Degraded   Figure            `json:"degraded"`     // of those, with less than full quality
	Rejected   map[string]Figure `json:"rejected"`     // attempts that were refused or dropped, by reason
	Abandoned  Figure            `json:"abandoned"`    // attempts whose user left the queue
	TimedOut   Figure            `json:"timed_out"`    // attempts that waited longer than the operator allows
	Failed     Figure            `json:"failed"`       // attempts whose server was lost or erred
	Cancelled  Figure            `json:"cancelled"`    // attempts taken back because another copy was answered
	InSystem   Figure            `json:"in_system"`    // attempts that had not ended
	Suppressed Figure            `json:"suppressed"`   // tries that clients held back: no attempts
	Spilled    Figure            `json:"spilled_over"` // admitted attempts that went to another pool because theirs was full
	Resumed    Figure            `json:"resumed"`      // attempts whose node went down and that were worked on again, once for each time

	Users          Figure `json:"users"`           // distinct users with a request
	UsersSatisfied Figure `json:"users_satisfied"` // distinct users with a completed request
	Signups        Figure `json:"signups"`         // completed sign-ups
	GoodputPerS    Figure `json:"goodput_per_s"`   // requests satisfied a second: results that nobody wanted any more, of orphans and second copies, are in completed alone

	// Over whom: those who were refused, left or failed have no latency, so that
	// latency_s alone looks best where the fewest are served.
	Latency        Spread `json:"latency_s"`         // over completed attempts alone: arrival to end
	Wait           Spread `json:"wait_s"`            // over attempts that joined the queue, served or not; served at once is 0
	RequestLatency Spread `json:"request_latency_s"` // over satisfied requests alone: first try to satisfaction
	OfferedWait    Spread `json:"offered_wait_s"`    // over attempts that joined the queue: what an arrival of infinite patience would wait

	FirstToken Spread `json:"ttft_s"` // over attempts that got a first token, of pools that batch continuously: arrival to first token
	PerToken   Spread `json:"tpot_s"` // over completed attempts of two tokens or more: mean time between the tokens of each

	ProbWait        Figure `json:"prob_wait"`        // share of the attempts that joined and had to wait
	QueueLength     Level  `json:"queue_length"`     // attempts waiting
	Retrying        Level  `json:"retrying"`         // requests between two tries
	Held            Level  `json:"held"`             // attempts that a policy keeps before the queue: a waiting room, spare cycles
	BusyMean        Figure `json:"busy_mean"`        // servers held, time average
	ErrorRate       Figure `json:"error_rate"`       // (failed + timed out + refused for load) / attempts ended
	RefusalRate     Figure `json:"refusal_rate"`     // refused by a limit of the operator / attempts ended
	TurnedAwayRate  Figure `json:"turned_away_rate"` // refused for load or by a limit, whatever the status / attempts ended
	AbandonmentRate Figure `json:"abandonment_rate"` // (abandoned + balked) / attempts ended
	CompletedShare  Figure `json:"completed_share"`  // completed / attempts ended, refused ones included
	Load            Figure `json:"load"`             // server time asked for by first attempts, before the chain, those of users who return left out / server time available

	// Whether what was done is what was wanted. An slo is the latency that a class
	// promises; figures about it are over the classes that have one, and null where
	// none has. Those marked "run" are null in a window.
	OfferedPerS         Figure `json:"offered_per_s"`           // new requests a second, beside goodput_per_s
	GoodputSLOPerS      Figure `json:"goodput_slo_per_s"`       // attempts a second that were completed within the slo from their arrival, their user waiting
	QualityMean         Figure `json:"quality_mean"`            // of completed attempts: 1 is in full
	GoodputQualityPerS  Figure `json:"goodput_quality_per_s"`   // the same, each for the quality of its answer: 1 is in full, less is degraded
	SLOAttainment       Figure `json:"slo_attainment"`          // satisfied within the slo from the first try / requests that ended, satisfied or given up, and those still open at the end of the run whose slo has run out; in a window, over those that ended in it
	RetryAmplification  Figure `json:"retry_amplification"`     // attempts / requests
	Wasted              Figure `json:"wasted_s"`                // server time whose result nobody got: lost with a node, taken back in service
	UsersSatisfiedShare Figure `json:"users_satisfied_share"`   // users satisfied at least once / users
	WaitUserMean        Figure `json:"wait_user_mean_s"`        // mean over users of the mean wait of a user's attempts that joined the queue, served or not; run
	WaitServedMean      Figure `json:"wait_served_mean_s"`      // mean over satisfied requests of the wait of the attempt that satisfied them
	LatencyServedMean   Figure `json:"latency_served_mean_s"`   // the same of that attempt's latency, arrival to end
	WaitServedUserMean  Figure `json:"wait_served_user_mean_s"` // mean over satisfied users of the mean of that wait; run
	JainUsers           Figure `json:"jain_users"`              // fairness over users who asked, of the share of their requests that was satisfied: 1 is all alike; run
	JainTiers           Figure `json:"jain_tiers"`              // the same over tiers, null where only one asked
	TimeToRecover       Figure `json:"time_to_recover_s"`       // longest time from the end of an overload by first tries until goodput within the slo is 90 % of what is owed: wishes, each once however often its user returns, that were neither given up on an appeal nor refused by a limit of the operator; null without one; at least so long where recovered is 0; run
	Recovered           Figure `json:"recovered"`               // 1: after the last overload by first tries goodput came back within the run, 0: it did not; null without an overload; run
	OverloadArea        Figure `json:"overload_area"`           // attempt-seconds waited, in the queue or between tries, in excess of calm times, during overloads and until recovery; run
	Metastable          Figure `json:"metastable"`              // 1: the service gave less than half of those whom it let in what they came for within the slo, for ten times the slo or longer though first tries alone would not fill the servers, which served no lower a load in time, and had served some before; load and what is asked count each wish once, returns left out; 0: it did not; run
	MetastableFrom      Figure `json:"metastable_from_s"`       // when the longest such state began; run
	MetastableFor       Figure `json:"metastable_s"`            // how long it lasted; run

	// What it cost: its part of the pools' costs, idle time included, by the time that it
	// kept servers busy. Null where no prices, or no watts, are given, and of the pools that
	// have them.
	GPUHours           Figure `json:"gpu_hours"`
	CostUSD            Figure `json:"cost_usd"`
	CostPerCompleted   Figure `json:"cost_per_completed_usd"` // cost_usd of a completed attempt, its part of idle time included
	EnergyKWh          Figure `json:"energy_kwh"`
	EnergyPerCompleted Figure `json:"energy_per_completed_wh"` // the same of energy
	RevenueAtRisk      Figure `json:"revenue_at_risk_usd"`     // a month's price of each user who asked and was never satisfied in the run, and the price of each request given up

	Classes map[string]*Figures `json:"classes,omitempty"` // within a tier, each class
}

// PoolFigures is what is reported of a pool of servers.
type PoolFigures struct {
	Utilisation  Figure `json:"utilisation"`   // busy over capacity, of time averages
	BusyMean     Figure `json:"busy_mean"`     // servers at work, time average, fluid work included
	CapacityMean Figure `json:"capacity_mean"` // servers up, time average
	FluidMean    Figure `json:"fluid_mean"`    // servers held by fluid work, time average

	ServersMean    Figure `json:"servers_mean"`    // servers that the pool has, up or down, time average
	DownMean       Figure `json:"down_mean"`       // servers down for any reason, time average
	LoadingMean    Figure `json:"loading_mean"`    // servers down because their node loads its model, time average
	RestartingMean Figure `json:"restarting_mean"` // servers down because failed health checks restart their nodes, time average
	GPUHours       Figure `json:"gpu_hours"`       // of the servers that it has, up or down
	CostUSD        Figure `json:"cost_usd"`        // of them; null without a price; of several pools, those with one
	EnergyKWh      Figure `json:"energy_kwh"`      // the same of watts
	QueueLength    Level  `json:"queue_length"`    // attempts waiting before the pool; the maximum of one pool, of the whole run
}

// SchemaVersion is the version of the shape of Summary.
const SchemaVersion = 1

// A Summary holds the figures of a run, or of a window of it. A metric's name
// is its path in the JSON form: all.latency_s.p99, tiers.plus.error_rate.
type Summary struct {
	Schema      int     `json:"schema"`
	Scenario    string  `json:"scenario"`
	Scale       float64 `json:"scale"`  // simulated share of the full-scale world
	Counts      string  `json:"counts"` // "simulated": counts, flows and levels are to be divided by scale
	Seed        uint64  `json:"seed"`
	Replication uint64  `json:"replication"`
	From        Figure  `json:"from_s"` // seconds after the scenario's start
	To          Figure  `json:"to_s"`   // end of what the figures are of, the same way
	Events      Figure  `json:"events"` // of the kernel

	All     *Figures               `json:"all"`
	Paid    *Figures               `json:"paid"`   // the tiers that pay
	Unpaid  *Figures               `json:"unpaid"` // the tiers that do not
	Tiers   map[string]*Figures    `json:"tiers"`
	Classes map[string]*Figures    `json:"classes"`
	Pools   map[string]PoolFigures `json:"pools"`
	GPU     PoolFigures            `json:"gpu"` // the sum of the pools

	Training map[string]TrainingFigures `json:"training,omitempty"` // by job
	Funds    *FundsFigures              `json:"funds,omitempty"`
	Releases map[string]ReleaseFigures  `json:"releases,omitempty"` // by feature
}

// ReleaseFigures is when a feature came out, seconds after the scenario's start.
type ReleaseFigures struct {
	Planned  Figure `json:"planned_s"`  // when it was to come out
	Released Figure `json:"released_s"` // null if it is not out at the end
	Delay    Figure `json:"delay_s"`    // how long it has been held back, until the end where it is not out; null before it is due
}

// TrainingFigures is what became of the GPU-hours of a training job. With those of the
// pools they are all that the fleet has.
type TrainingFigures struct {
	Useful     Figure `json:"useful_gpu_hours"`     // work that was kept
	Lost       Figure `json:"lost_gpu_hours"`       // work since a checkpoint, when nodes left or joined
	Restarting Figure `json:"restarting_gpu_hours"` // the job was restarting
	Moving     Figure `json:"moving_gpu_hours"`     // nodes under way to a pool or back
	Lent       Figure `json:"lent_gpu_hours"`       // nodes lent to a pool: these are counted there
}

// FundsFigures is what became of money that was raised, in USD.
type FundsFigures struct {
	Raised Figure `json:"raised_usd"`
	Bought Figure `json:"bought_usd"` // spent on nodes that were bought
	Rented Figure `json:"rented_usd"` // spent on rent
	Left   Figure `json:"left_usd"`   // at the end
}

// A Window is a stretch of the run whose figures are reported apart, beside
// those of the whole.
type Window struct {
	From, To sim.Time
	Counts   bool // counts and levels only: no distributions, which cost memory
}

// A Result is what a run leaves.
type Result struct {
	Summary  Summary
	Series   *Table    // a row for each interval, tier and class
	Pools    *Table    // a row for each interval and pool
	Training *Table    // a row for each interval and training job; nil without one
	Windows  []Summary // one for each registered window, in their order
}
