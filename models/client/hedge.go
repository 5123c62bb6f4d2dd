package client

import (
	"errors"
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/stats"
)

// MaxCopies is the most copies that may go out beside a try.
const MaxCopies = 7

// A HedgeSpec says how copies of a request go out while there is no answer: the
// first answer wins, and the other copies are cancelled (Dean and Barroso, "The
// Tail at Scale", 2013). After a failure that is not final (403) the next copy
// goes at once; guards that hold back retries hold back copies (gRPC proposal A6).
type HedgeSpec struct {
	After    unit.Dist  `yaml:"after" required:"true" doc:"Time without an answer after which a copy goes out."`
	Quantile unit.Share `yaml:"quantile" default:"0%" doc:"In place of after, once 1000 answers have come: this quantile of the latency of the 1000 before; 0 is not."`
	Max      int        `yaml:"max" default:"1" min:"1" max:"7" doc:"Copies of a try, the first not counted."`
	Fresh    bool       `yaml:"fresh" default:"no" doc:"A copy draws a service time of its own, as where slowness is the server's; otherwise the work is that of the request."`
}

// A ResubmitSpec says how an impatient user submits again what is still waiting or
// in service, as by reloading a page: the earlier attempt goes on, its result
// unwanted.
type ResubmitSpec struct {
	After unit.Dist `yaml:"after" required:"true" doc:"Time without an answer after which the user submits again. The earlier attempt goes on: it loses no patience any more, is served in its turn unless the operator's deadline drops it, and its wait and latency stand in the figures of attempts; its result is waste and satisfies nobody."`
	Max   int       `yaml:"max" default:"1" min:"1" max:"7" doc:"Submissions of a try beside the first."`
}

// purposeCopy is what the time of a copy is drawn for.
var purposeCopy = rng.Purpose("client/copy")

// A hedge is the behaviour of a HedgeSpec.
type hedge struct {
	HedgeSpec
	after   rng.Dist
	seen    stats.Sketch // latencies since delay was set, ns
	delay   sim.Time
	learned bool
	src     rng.Source
}

// answersOfQuantile is how many answers a quantile is taken from.
const answersOfQuantile = 1000

// with returns the behaviour of the spec, with what h has seen; h may be nil.
func (h *hedge) with(s *HedgeSpec) (*hedge, error) {
	if s == nil {
		return nil, nil
	}
	law, err := copyLaw(s.After, s.Max)
	if err != nil {
		return nil, err
	}
	if !(s.Quantile >= 0 && s.Quantile < 1) {
		return nil, fmt.Errorf("quantile is %v, it must be 0 to less than 1", float64(s.Quantile))
	}
	next := new(hedge)
	if h != nil && h.Quantile == s.Quantile {
		*next = *h
	}
	next.HedgeSpec, next.after = *s, law
	return next, nil
}

func copyLaw(after unit.Dist, most int) (rng.Dist, error) {
	if most < 1 || most > MaxCopies {
		return nil, fmt.Errorf("max is %d, it must be 1 to %d", most, MaxCopies)
	}
	law, err := build(after)
	if err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	if law == nil {
		return nil, errors.New("after is missing")
	}
	return law, nil
}

// learn takes in the latency of an answer.
func (h *hedge) learn(latency sim.Time) {
	if h.Quantile == 0 {
		return
	}
	h.seen.Record(int64(latency))
	if h.seen.Count() >= answersOfQuantile {
		h.delay, h.learned = sim.Time(h.seen.Quantile(float64(h.Quantile))), true
		h.seen.Reset()
	}
}

// A resubmit is the behaviour of a ResubmitSpec.
type resubmit struct {
	ResubmitSpec
	after rng.Dist
	src   rng.Source
}

func newResubmit(s *ResubmitSpec) (*resubmit, error) {
	if s == nil {
		return nil, nil
	}
	law, err := copyLaw(s.After, s.Max)
	if err != nil {
		return nil, err
	}
	return &resubmit{ResubmitSpec: *s, after: law}, nil
}

// Copies is the most copies that go out beside a try of the request, 0 if none
// does, and whether they are hedges: otherwise each takes the place of the one
// before.
func (c *Client) Copies() (most int, hedged bool) {
	switch {
	case c.hedge != nil:
		return c.hedge.Max, true
	case c.resubmit != nil:
		return c.resubmit.Max, false
	}
	return 0, false
}

// CopyAfter is the time from now without an answer after which the copy of that
// number (1 is the first) goes out.
func (c *Client) CopyAfter(a *models.Attempt, number int) sim.Time {
	key := a.Request.Child(uint64(a.Try) + uint64(number)<<32)
	switch {
	case c.hedge != nil:
		h := c.hedge
		if h.learned {
			return h.delay
		}
		h.src = key.Draw(purposeCopy)
		return sample(h.after, &h.src)
	case c.resubmit != nil:
		r := c.resubmit
		r.src = key.Draw(purposeCopy)
		return sample(r.after, &r.src)
	}
	return sim.Never
}

// FreshCopies reports whether a copy has a service time of its own.
func (c *Client) FreshCopies() bool { return c.hedge != nil && c.hedge.Fresh }

// AllowCopy asks the guards, from number from on, whether a copy of an attempt may
// go out now; with from -1 also those that hold retries back, unless it is a user
// who submits again. What a guard took for it is in Paid.
func (c *Client) AllowCopy(now sim.Time, a *models.Attempt, from int) Permit {
	own := a.Paid
	if from < 0 && c.hedge != nil && !c.mayRetry(now, a, Unanswered) {
		a.Paid = own
		return Permit{}
	}
	paid := a.Paid
	a.Paid = own
	p := c.Allow(now, a, max(0, from))
	p.Paid = paid
	return p
}
