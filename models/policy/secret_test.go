package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim"
)

// A witness is a policy that notes what it sees of an attempt at every hook, and may
// send it to another pool.
type witness struct {
	Pool uint8 // 0: that of its class
	saw  map[string][2]sim.Time
}

func (w *witness) New(policy.Env) (policy.Policy, error) { return w, nil }

func (w *witness) note(hook string, a *models.Attempt) {
	w.saw[hook] = [2]sim.Time{a.Service, a.Patience}
}

func (w *witness) Admit(a *models.Attempt, _ *models.Signals) models.Verdict {
	w.note("admit", a)
	return models.Verdict{Pool: w.Pool}
}

func (w *witness) Start(a *models.Attempt, _ *models.Signals) models.Verdict {
	w.note("start", a)
	return models.Verdict{}
}

func (w *witness) Finish(a *models.Attempt, _ models.Outcome, _ sim.Time) { w.note("finish", a) }

func (w *witness) Reconfigure(policy.Spec) error { return nil }

func TestAPolicySeesOfAnAttemptWhatAGatewayCould(t *testing.T) {
	first, second := &witness{Pool: 2, saw: map[string][2]sim.Time{}}, &witness{saw: map[string][2]sim.Time{}}
	r := newFakeRun(t, policy.Item{Name: "first", Kind: "witness", Enabled: true, Spec: first}, policy.Item{Name: "second", Kind: "witness", Enabled: true, Spec: second})
	a := models.Attempt{Service: sim.Minute, Patience: 5 * sim.Second}
	s := r.See(0)
	r.c.Admit(&a, &s)
	assert.Equal(t, 5*sim.Second, a.Patience, "what is hidden is there again")

	a.Service = 17 * sim.Second // what it really needs
	r.c.Start(&a, &s)
	assert.Equal(t, 17*sim.Second, a.Service)
	r.c.Finish(&a, models.Completed, sim.Minute)
	assert.Equal(t, 17*sim.Second, a.Service)
	assert.Equal(t, 5*sim.Second, a.Patience)

	unseen := [2]sim.Time{}
	assert.Equal(t, map[string][2]sim.Time{"admit": {sim.Minute, 0}, "start": unseen, "finish": unseen}, first.saw)
	assert.Equal(t, map[string][2]sim.Time{"admit": {2 * sim.Minute, 0}, "start": unseen, "finish": unseen}, second.saw, "behind the choice of a pool the service is what is expected there")
}
