package client

import (
	"errors"
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A BalkSpec says which users do not join the queue when they see how long it
// is: balking on the wait that is shown (Haight 1957; with announced delays
// Armony, Shimkin and Whitt 2009).
type BalkSpec struct {
	Accepts  unit.Dist     `yaml:"accepts" required:"true" doc:"Law of the longest shown wait that a user accepts, of the queue or of a waiting room; one who sees a longer one leaves at once."`
	ShownAge unit.Duration `yaml:"shown_age" default:"0s" min:"0s" doc:"How old the shown wait may be: it is read again when it is older than that."`
}

// purposeBalk is what the longest wait that a user accepts is drawn for.
var purposeBalk = rng.Purpose("client/balk")

// A balk is the behaviour of a BalkSpec.
type balk struct {
	accepts rng.Dist
	age     sim.Time
	shown   []shownWait // by pool
	src     rng.Source
}

type shownWait struct {
	read bool
	at   sim.Time
	wait sim.Time
}

func newBalk(s *BalkSpec) (*balk, error) {
	if s == nil {
		return nil, nil
	}
	law, err := build(s.Accepts)
	if err != nil {
		return nil, fmt.Errorf("accepts: %w", err)
	}
	if law == nil {
		return nil, errors.New("accepts is missing")
	}
	if s.ShownAge < 0 {
		return nil, fmt.Errorf("shown_age is negative: %v", sim.Time(s.ShownAge))
	}
	return &balk{accepts: law, age: sim.Time(s.ShownAge)}, nil
}

// MayBalk reports whether Balks can ever say yes.
func (c *Client) MayBalk() bool { return c.balk != nil }

// Balks reports whether the user of an attempt that would have to wait for the
// pool leaves at the sight of the wait. estimate is what the service would show
// now.
func (c *Client) Balks(now sim.Time, a *models.Attempt, estimate sim.Time) bool {
	b := c.balk
	for len(b.shown) <= int(a.Pool) {
		b.shown = append(b.shown, shownWait{})
	}
	s := &b.shown[a.Pool]
	if !s.read || now-s.at > b.age {
		*s = shownWait{true, now, estimate}
	}
	return c.Declines(a, s.wait)
}

// Declines reports whether the user of an attempt leaves at the sight of a wait that
// is shown to him, such as that of a waiting room. The longest wait that he accepts
// is the same wherever it is shown.
func (c *Client) Declines(a *models.Attempt, shown sim.Time) bool {
	b := c.balk
	b.src = a.Request.Draw(purposeBalk)
	return shown > sample(b.accepts, &b.src)
}
