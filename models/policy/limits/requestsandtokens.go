package limits

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

func init() {
	policy.Register(policy.Kind{
		Name: "requests-and-tokens", Heading: policy.Limits,
		Doc:     "The published quotas of AI services: `rpm` requests and `tpm` tokens a minute at once, two buckets that hold a minute's worth and fill all the time. An attempt must fit into both, and is refused (429, with Retry-After) under the name of the one that it does not fit into. How many tokens a request needs is lognormal with mean `tokens` and belongs to the request, so that it is the same for every try. What is left of a quota, which the services show in headers, is not told: a client acts on a refusal and its Retry-After, and none in the catalogue acts on the remainder before that.",
		Source:  "The rate limits in the public documentation of the services; \"Rate limits\" of the Claude API: \"the API uses the token bucket algorithm, your capacity is continuously replenished\"; the baseline RPM of Sheng et al., OSDI 2024.",
		Fails:   "Quotas are given to users or organisations one by one and sum up to more than the capacity; in a launch all use them at the same time. A request of more tokens than tpm never passes.",
		Scale:   "A bucket holds whole attempts: where the burst comes to a few in a world of reduced scale it clips what a larger one would have let through, up to a third of the rate at a burst of one. A run says so.",
		Held:    "No vector. Both buckets call by call, each of which is that of `token-bucket`; the law of the tokens of requests, statistically.",
		Surge:   "rpm: 300, tpm: 300k, tokens: 1000, tokens_cv: 0.5, per: all",
		Fresh:   func() policy.Spec { return new(RequestsAndTokensSpec) },
		Unmoved: "it counts what it lets through itself, and looks at no pool",
	})
}

// RequestsAndTokensSpec is two token buckets, kept as theoretical arrival times
// of GCRA: 16 bytes a user. A token's share of the minute is rounded to whole
// nanoseconds once for each attempt.
type RequestsAndTokensSpec struct {
	RPM    unit.Count `yaml:"rpm" required:"true" min:"1" doc:"Requests a minute, 1 to 6 billion; of each user where per is user, and not scaled then."`
	TPM    unit.Count `yaml:"tpm" required:"true" min:"1" doc:"Tokens a minute, at least 1; scaled as rpm is."`
	Tokens float64    `yaml:"tokens" required:"true" min:"0" doc:"Mean number of tokens of a request, prompt and answer, above 0."`
	CV     float64    `yaml:"tokens_cv" default:"0" min:"0" max:"100" doc:"Standard deviation of the tokens over their mean; 0 is the same for every request."`
	Per    string     `yaml:"per" default:"user" enum:"all,user" doc:"Whose quota it is: one for all users that it acts on, or one for each of them; anonymous requests pass then."`
}

// ScaleBy scales what all share, and leaves what each user has.
func (s *RequestsAndTokensSpec) ScaleBy(f float64) {
	if s.Per != perUserScope {
		unit.Scale(&s.RPM, f)
		unit.Scale(&s.TPM, f)
	}
}

// New returns two full buckets.
func (s *RequestsAndTokensSpec) New(env policy.Env) (policy.Policy, error) {
	q := &requestsAndTokens{luck: env.Luck(), requests: env.ReasonOf("requests", models.TooManyRequests), tokens: env.ReasonOf("tokens", models.TooManyRequests)}
	q.tats.n = env.Users
	return q, q.Reconfigure(s)
}

type requestsAndTokens struct {
	tats             scoped[twoTimes]
	perRequest       sim.Time // share of a minute
	perToken         float64  // nanoseconds
	mean             float64
	law              rng.LogNormal
	random           bool
	luck             policy.Luck
	requests, tokens models.Reason
}

// twoTimes are the theoretical arrival times of the two buckets.
type twoTimes struct{ request, token sim.Time }

// Admit takes from both buckets, or from none.
func (q *requestsAndTokens) Admit(a *models.Attempt, s *models.Signals) models.Verdict {
	t := q.tats.of(a.User)
	if t == nil {
		return models.Verdict{}
	}
	tokens := q.mean
	if q.random {
		src := q.luck.OfRequest(a.Request)
		tokens = q.law.Sample(&src)
	}
	cost := sim.Time(math.Floor(float64(math.Max(tokens, 1)*q.perToken) + 0.5))
	after := *t
	if wait, ok := charge(&after.request, s.Now, q.perRequest, sim.Minute); !ok {
		return models.Verdict{Reason: q.requests, RetryAfter: wait}
	}
	if wait, ok := charge(&after.token, s.Now, cost, sim.Minute); !ok {
		return models.Verdict{Reason: q.tokens, RetryAfter: wait}
	}
	*t = after
	return models.Verdict{}
}

// Reconfigure changes the quotas. What is used up of a minute stays the same
// share of it.
func (q *requestsAndTokens) Reconfigure(spec policy.Spec) error {
	s := spec.(*RequestsAndTokensSpec)
	rpm, err := whole("rpm", float64(s.RPM), 6e9)
	if err != nil {
		return err
	}
	tpm, err := whole("tpm", float64(s.TPM), 1<<53)
	if err != nil {
		return err
	}
	if !(s.Tokens > 0 && s.Tokens <= 1e9) {
		return fmt.Errorf("tokens is %v, it must be above 0 and at most 1e9", s.Tokens)
	}
	var law rng.LogNormal
	if s.CV != 0 {
		if law, err = rng.LogNormalFromCV(s.Tokens, s.CV); err != nil {
			return err
		}
	}
	q.perRequest, q.perToken = sim.Minute/sim.Time(rpm), float64(sim.Minute)/float64(tpm)
	q.mean, q.law, q.random, q.tats.each = s.Tokens, law, s.CV != 0, s.Per == perUserScope
	return nil
}
