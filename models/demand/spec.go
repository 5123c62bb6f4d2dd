package demand

import (
	"github.com/launchday-sim/launchday/models/unit"
)

// A Tier is a group of users that the operator tells apart.
type Tier struct {
	Name     string     `yaml:"name" required:"true" doc:"Name of the tier."`
	Users    unit.Count `yaml:"users" default:"0" min:"0" doc:"Users at the start. Completed sign-ups add to it."`
	Paid     bool       `yaml:"paid" default:"no" doc:"Whether its users pay."`
	Price    float64    `yaml:"usd_per_month" default:"0" min:"0" doc:"What a user of it pays a month, in USD: what is at risk while he gets nothing."`
	Priority int        `yaml:"priority" default:"0" min:"0" max:"15" doc:"Rank where a queue or a policy goes by priority: 0 comes first."`
}

// A Class is a kind of request.
type Class struct {
	Name     string        `yaml:"name" required:"true" doc:"Name of the class."`
	Kind     string        `yaml:"kind" default:"request" enum:"request,signup,fluid" doc:"request: every attempt is followed. signup: a request whose completion adds a user to its tier. fluid: a rate of work, too much to follow one by one, that claims its share of the pool."`
	Pool     string        `yaml:"pool" required:"true" ref:"pools" doc:"The pool that serves it."`
	Service  unit.Dist     `yaml:"service" doc:"Time that a server at full speed needs for one request; only where pools that batch serve the class it may be left out. Of a fluid class only the mean counts."`
	Images   *Images       `yaml:"images" doc:"Images of one request, for pools that batch images."`
	Tokens   *Tokens       `yaml:"tokens" doc:"Tokens of one request, for pools that batch continuously."`
	SLO      unit.Duration `yaml:"slo" min:"0s" doc:"Latency that is promised, from the arrival of an attempt to its end: what comes later is no goodput. None if absent. It measures, and changes nothing in the run; not of a fluid class."`
	Price    float64       `yaml:"usd_per_request" default:"0" min:"0" doc:"What is paid for a request, in USD, as through an API: what is at risk where it comes to nothing."`
	Then     []Station     `yaml:"then" doc:"Further stations: after its service at the pool an attempt goes on to them, one after the other, and completes at the last. Its user leaves a queue for impatience before the first only; policies look at it there only."`
	Share    unit.Share    `yaml:"share" default:"100%" doc:"Fluid only: the largest share of the pool's servers that it may claim while others wait."`
	Patience unit.Duration `yaml:"patience" default:"1m" min:"1ms" doc:"Fluid only: mean time after which a waiting message is abandoned."`
}

// A Station is a pool that serves attempts of a class after the first one did.
type Station struct {
	Pool    string    `yaml:"pool" required:"true" ref:"pools" doc:"The pool that serves them."`
	Service unit.Dist `yaml:"service" required:"true" doc:"Time that a server at full speed needs for one."`
}

// A Spec is the demand of a scenario.
type Spec struct {
	Step     unit.Duration `yaml:"step" default:"1m" min:"1ms" doc:"Rates that vary are linear between moments this far apart; feedback is taken in at these moments. At most 30m where regions are used."`
	Day      []float64     `yaml:"day" min:"0" doc:"Activity in each of the 24 local hours, from midnight on, in any unit; it is divided by its mean, and linear between the middles of the hours."`
	Regions  []Region      `yaml:"regions" doc:"Where users live. The shape of the day is the sum over the regions."`
	Releases []Release     `yaml:"releases" doc:"The release calendar: features that come out during the run, and what it postpones."`
	Streams  []Stream      `yaml:"streams" required:"true" doc:"Who asks for what, and how often."`
}

// A Release is a feature that comes out. What is asked of it begins then.
type Release struct {
	Name      string        `yaml:"name" required:"true" doc:"Name of the feature."`
	Planned   unit.Instant  `yaml:"planned" required:"true" doc:"When it is to come out."`
	Postponed unit.Duration `yaml:"postponed" default:"0s" min:"0s" max:"87600h" doc:"How long after that it does. A lever, until it is out."`
}

// A Region is a share of the users with a local clock.
type Region struct {
	Name     string     `yaml:"name" required:"true" doc:"Name of the region."`
	Share    unit.Share `yaml:"share" required:"true" doc:"Share of the users; shares are divided by their sum."`
	UTCHours float64    `yaml:"utc_hours" default:"0" min:"-12" max:"14" doc:"Local time minus UTC, hours, in halves."`
}

// A Stream is a stream of requests of one tier for one class. Its rate is
//
//	(rate + per_user x active users + sharing) x day shape x (profile + spikes)
//
// where the active users are users x interest x adoption, plus all who signed up.
// With closed or trace there is no rate.
type Stream struct {
	Name       string        `yaml:"name" required:"true" doc:"Name of the stream. It names the stream of random numbers too."`
	Class      string        `yaml:"class" required:"true" ref:"classes" doc:"What is asked for."`
	Tier       string        `yaml:"tier" required:"true" ref:"tiers" doc:"Who asks."`
	Release    string        `yaml:"release" ref:"demand.releases" doc:"The feature for which this is asked: nobody asks before it is out, and if it is postponed, all instants of the stream are put off as long."`
	Rate       unit.Rate     `yaml:"rate" default:"0/s" min:"0" doc:"Requests of users that are not told apart."`
	PerUser    unit.UserRate `yaml:"per_user" default:"0/s" min:"0" doc:"Requests of an active user of the tier, on average."`
	Interest   unit.Share    `yaml:"interest" default:"100%" doc:"Share of the tier's first users who will ever ask. Those who sign up are all interested."`
	TopTenth   unit.Share    `yaml:"top_tenth" default:"10%" min:"0.1" max:"0.99" doc:"Share of the requests that the most active tenth of the users makes: activity is lognormal over users. 10% is everybody alike."`
	DayShape   bool          `yaml:"day_shape" default:"no" doc:"Whether the rate follows the day of the regions."`
	Weekend    unit.Factor   `yaml:"weekend" default:"1" min:"0" doc:"With day_shape: activity on Saturday and Sunday, local time, relative to other days."`
	Profile    []Point       `yaml:"profile" doc:"Factor on the rate over time, constant outside the points. Two points at one time make a jump."`
	Shape      string        `yaml:"shape" default:"linear" enum:"linear,step" doc:"How the profile goes between its points. step: each value holds until the next point."`
	Period     unit.Duration `yaml:"period" default:"0s" min:"1ms" or:"0s" doc:"The profile repeats itself after this time from the scenario's start; 0 is never."`
	Ramps      []Ramp        `yaml:"ramps" doc:"In place of a profile: the factor on the rate begins at 1, and each ramp takes it to another value, where it stays. In order of time, none before the one above it has ended."`
	Spikes     []Spike       `yaml:"spikes" doc:"Surges, added to the factor on the rate. They do not repeat themselves."`
	RateSeries *RateSeries   `yaml:"rate_series" doc:"In place of rate and profile: a rate over time read from a file."`
	Arrivals   *Arrivals     `yaml:"arrivals" doc:"How irregular requests are at that rate. Without it they are a Poisson process."`
	Closed     *Closed       `yaml:"closed" doc:"In place of a rate: a fixed number of users who each ask, wait for the end of the request, think, and ask again."`
	Trace      *Trace        `yaml:"trace" doc:"In place of a rate: a log of requests, replayed."`
	Adoption   *Adoption     `yaml:"adoption" doc:"Word of mouth among those who are users already. Without it all are active from the start."`
	Sharing    *Sharing      `yaml:"sharing" doc:"Requests caused by what other users received: word of mouth among those who are no users yet, self-exciting as in Hawkes (1971) where it leads to completions of the class it listens to."`
}

// A Point is a value of a profile.
type Point struct {
	At unit.Instant `yaml:"at" required:"true" doc:"When."`
	X  unit.Factor  `yaml:"x" required:"true" min:"0" doc:"Factor on the rate."`
}

// A Ramp is a linear change of a rate.
type Ramp struct {
	At   unit.Instant  `yaml:"at" required:"true" doc:"When it begins."`
	Over unit.Duration `yaml:"over" default:"0s" min:"0s" doc:"How long it takes; 0 is a jump."`
	To   unit.Factor   `yaml:"to" required:"true" min:"0" doc:"Factor on the rate at its end and from then on."`
}

// A Spike is a surge that comes and goes.
type Spike struct {
	At     unit.Instant  `yaml:"at" required:"true" doc:"When it begins."`
	Height unit.Factor   `yaml:"height" required:"true" min:"0" doc:"What is added to the factor on the rate at its peak: with 4, a rate of 10/s becomes 50/s."`
	Rise   unit.Duration `yaml:"rise" default:"0s" min:"0s" doc:"Time of its linear rise; 0 is a jump."`
	Hold   unit.Duration `yaml:"hold" default:"0s" min:"0s" doc:"Time that it stays at its peak."`
	Fall   unit.Duration `yaml:"fall" default:"0s" min:"0s" doc:"Time of its linear fall, or the mean of its exponential fall; 0 is a jump."`
	Decay  string        `yaml:"decay" default:"linear" enum:"linear,exponential" doc:"How it falls. exponential: in linear pieces of an eighth of fall, each with exactly the area of the curve, until 12 times fall."`
}

// Adoption is how users come to know of a feature: the model of Bass (1969) in
// which imitation is driven by what users receive, not by how many know. With A
// the share of the interested users who are active and c the completions per
// second and interested user,
//
//	dA/dt = (innovation + imitation x c) (1 - A)
type Adoption struct {
	From       unit.Instant  `yaml:"from" required:"true" doc:"When the feature is announced; nobody is active before."`
	AtOnce     unit.Share    `yaml:"at_once" default:"0%" doc:"Share that is active from that moment."`
	Innovation unit.UserRate `yaml:"innovation" default:"0/s" min:"0" doc:"Rate at which an inactive user becomes active without having seen a result."`
	Imitation  unit.Factor   `yaml:"imitation" default:"0" min:"0" doc:"Inactive users who become active for each completed request of the class, while all are inactive."`
	Memory     unit.Duration `yaml:"memory" default:"6h" min:"1s" doc:"How long a completed request keeps working on others, mean of an exponential lag."`
}

// Sharing is how results bring in people who are no users yet. With c_i the
// moments at which requests of the class were completed, it adds to the rate
//
//	per_completion x sum over c_i < t of exp(-(t-c_i)/memory) / memory
//
// times the share of the reach that has not signed up. Where the class is the
// stream's own, this is the intensity of the self-exciting process of Hawkes
// (Biometrika 58, 1971) with an exponential kernel, and per_completion is its
// branching ratio n: the requests that one completed request causes. Where sign-ups
// lead to images and images are shared, n is per_completion times the images that
// a sign-up brings, and their delay lengthens the kernel. Below 1 the
// rate tends to base/(1-n), and the variance of counts to 1/(1-n)² times their mean; above
// 1 it grows by e in memory/(n-1) until the reach is exhausted. Only what was
// completed counts: a policy that lets a share p of the requests through has a
// branching ratio of n p.
//
// Completions are taken in at the moments of demand.step and spread evenly over
// the step before; each still causes n requests in the mean, half a step later.
type Sharing struct {
	Class         string        `yaml:"class" required:"true" ref:"classes" doc:"The class whose completed requests are shared; it may be the stream's own."`
	PerCompletion unit.Factor   `yaml:"per_completion" required:"true" min:"0" max:"1000000" doc:"Requests of this stream that a completed request causes, while nobody who can be reached has signed up: the branching ratio of a Hawkes process. What is throttled causes none."`
	Memory        unit.Duration `yaml:"memory" default:"6h" min:"1s" doc:"How long a completed request keeps working on others: mean of the exponential kernel."`
	Reach         unit.Count    `yaml:"reach" required:"true" min:"1" doc:"People who could sign up in the run, for whom numbers are kept where the tier's users are told apart. The effect shrinks as they do."`
}
