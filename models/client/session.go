package client

import (
	"errors"
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A SessionSpec says how a user goes on from one request to the next: when he
// has what he asked for he thinks, and asks again. Each is a new request, a child
// of the one before. A closed loop of this kind is what web and chat workloads
// are measured as: requests of a session, think times between them.
type SessionSpec struct {
	Requests          CountLaw  `yaml:"requests" doc:"Requests of a session, the first included."`
	Think             unit.Dist `yaml:"think" required:"true" doc:"Time from an answer to the next request."`
	ThinkAfterFailure unit.Dist `yaml:"think_after_failure" doc:"Time from a request given up to the next one of the session, often shorter; if absent a failure ends the session. Who comes back by return starts no next request."`
}

// A CountLaw is a law of a number of at least 1.
type CountLaw struct {
	Law     string    `yaml:"law" default:"geometric" enum:"geometric,fixed,discrete" doc:"geometric: after each there is another with one and the same chance. fixed: mean, rounded. discrete: values with weights."`
	Mean    float64   `yaml:"mean" default:"1" min:"1" max:"250" doc:"Mean of geometric, value of fixed."`
	Values  []int     `yaml:"values" min:"1" max:"250" doc:"Values of discrete."`
	Weights []float64 `yaml:"weights" min:"0" doc:"Weights of the values, divided by their sum."`
}

// maxSession is the longest session.
const maxSession = 250

// purposeSession is what the next request of a session is drawn for.
var purposeSession = rng.Purpose("client/session")

// A session is the behaviour of a SessionSpec.
type session struct {
	// goesOn is the chance that there is a next request after the (i+1)-th, of
	// those who made that many: to draw step by step needs no memory in a request.
	goesOn         []float64
	geometric      float64
	think, failure rng.Dist // in seconds
	src            rng.Source
}

func newSession(s *SessionSpec) (*session, error) {
	if s == nil {
		return nil, nil
	}
	n := new(session)
	if err := n.count(s.Requests); err != nil {
		return nil, fmt.Errorf("requests.%w", err)
	}
	var err error
	if n.think, err = build(s.Think); err != nil {
		return nil, fmt.Errorf("think: %w", err)
	}
	if n.think == nil {
		return nil, errors.New("think is missing")
	}
	if n.failure, err = build(s.ThinkAfterFailure); err != nil {
		return nil, fmt.Errorf("think_after_failure: %w", err)
	}
	return n, nil
}

func (n *session) count(law CountLaw) error {
	if law.Law != "discrete" && !(law.Mean >= 1 && law.Mean <= maxSession) {
		return fmt.Errorf("mean is %v, it must be 1 to %d", law.Mean, maxSession)
	}
	switch law.Law {
	case "geometric":
		n.geometric = 1 - 1/law.Mean
		return nil
	case "fixed":
		for range int(law.Mean+0.5) - 1 {
			n.goesOn = append(n.goesOn, 1)
		}
		return nil
	case "discrete":
		if len(law.Values) == 0 || len(law.Values) != len(law.Weights) {
			return fmt.Errorf("weights are %d, it must be as many as the values, which are %d", len(law.Weights), len(law.Values))
		}
		// beyond[i] is the weight of more than i requests.
		var beyond [maxSession + 1]float64
		for i, v := range law.Values {
			w := law.Weights[i]
			if v < 1 || v > maxSession || !(w >= 0) {
				return fmt.Errorf("values are to be 1 to %d, with weights of at least 0", maxSession)
			}
			for k := range v {
				beyond[k] += w
			}
		}
		if !(beyond[0] > 0) {
			return errors.New("weights are all 0")
		}
		for k := 1; k < maxSession && beyond[k] > 0; k++ {
			n.goesOn = append(n.goesOn, beyond[k]/beyond[k-1])
		}
		return nil
	}
	return fmt.Errorf("law is %q, it must be geometric, fixed or discrete", law.Law)
}

// Goes returns after what time the user of a request that is over makes the next
// of the session, and whether he does.
func (c *Client) Goes(a *models.Attempt, satisfied bool) (sim.Time, bool) {
	n := c.session
	if n == nil || a.Step >= maxSession {
		return 0, false
	}
	law := n.think
	if !satisfied {
		law = n.failure
	}
	chance := n.geometric
	if int(a.Step) < len(n.goesOn) {
		chance = n.goesOn[a.Step]
	}
	n.src = a.Request.Draw(purposeSession)
	if !n.src.Bool(chance) || law == nil {
		return 0, false
	}
	return sample(law, &n.src), true
}
