package limits

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	policy.Register(policy.Kind{
		Name: "concurrency-limit", Heading: policy.Limits,
		Doc:     "At most `limit` of the attempts that it admitted are under way at a time, in a queue or in service; more are refused (429). The limit is one for all users, one for each tier, or one for each user. Whatever ends an attempt frees its place.",
		Source:  "\"Scaling your API with rate limiters\", Stripe, 2017: the concurrent requests limiter.",
		Fails:   "A fixed number is right for one capacity and one service time: when nodes are lost it lets the queue grow, and when requests get shorter it wastes servers. Nobody can say when a place comes free, so there is no Retry-After.",
		Held:    "No vector. The count under way through every outcome, call by call, per user, per tier and for all.",
		Scale:   "In a small world few places remain, and a whole number of them: the share refused by chance grows.",
		Surge:   "limit: 130",
		Fresh:   func() policy.Spec { return new(ConcurrencyLimitSpec) },
		Unmoved: "it counts what it lets through itself, and frees a place when an attempt ends",
	})
}

// ConcurrencyLimitSpec bounds the attempts under way. A user costs 2 bytes.
type ConcurrencyLimitSpec struct {
	Limit unit.Count `yaml:"limit" required:"true" min:"1" doc:"Attempts under way, at least 1; of each user where per is user, at most 65535 and not scaled then."`
	Per   string     `yaml:"per" default:"all" enum:"all,tier,user" doc:"Whose limit it is: one for all that it acts on, one for each tier, or one for each user; anonymous requests pass then."`
}

// ScaleBy scales what many share, and leaves what each user has.
func (s *ConcurrencyLimitSpec) ScaleBy(f float64) {
	if s.Per != perUserScope {
		unit.Scale(&s.Limit, f)
	}
}

// New returns the limit with nothing under way.
func (s *ConcurrencyLimitSpec) New(env policy.Env) (policy.Policy, error) {
	c := &concurrencyLimit{tiers: make([]int, len(env.Tiers)), reason: env.Reason(models.TooManyRequests)}
	c.users.each, c.users.n = true, env.Users
	return c, c.Reconfigure(s)
}

// A concurrencyLimit counts all, by tier and by user at any time: whose limit it is
// may change, and an attempt does not say whether it was counted.
type concurrencyLimit struct {
	all    int
	tiers  []int
	users  scoped[uint16]
	per    string
	limit  int
	reason models.Reason
}

// Admit takes a place if there is one.
func (c *concurrencyLimit) Admit(a *models.Attempt, _ *models.Signals) models.Verdict {
	under, user := c.all, c.ofUser(a.User)
	switch c.per {
	case "tier":
		under = c.tiers[a.Tier]
	case perUserScope:
		under = 0
		if user != nil {
			under = int(*user)
		}
	}
	if under >= c.limit {
		return models.Verdict{Reason: c.reason}
	}
	c.all++
	c.tiers[a.Tier]++
	if user != nil && *user < math.MaxUint16 {
		*user++
	}
	return models.Verdict{}
}

// Finish frees the place of the attempt.
func (c *concurrencyLimit) Finish(a *models.Attempt, _ models.Outcome, _ sim.Time) {
	c.all--
	c.tiers[a.Tier]--
	if n := c.ofUser(a.User); n != nil && *n > 0 {
		*n--
	}
}

// ofUser is the count of a user; nil for the request of nobody that is told apart.
func (c *concurrencyLimit) ofUser(user models.User) *uint16 {
	if int(user) >= c.users.n {
		return nil
	}
	return c.users.of(user)
}

// Reconfigure changes the limit. Attempts under way keep their places, even if
// they are more than the new limit, and whosever limit it was.
func (c *concurrencyLimit) Reconfigure(spec policy.Spec) error {
	s := spec.(*ConcurrencyLimitSpec)
	most := float64(1 << 53)
	if s.Per == perUserScope {
		most = math.MaxUint16
	}
	limit, err := whole("limit", float64(s.Limit), most)
	if err != nil {
		return err
	}
	c.limit, c.per = int(limit), s.Per
	return nil
}
