package concurrency_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/concurrency"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// A gateway is one policy with a clock of its own, driven as the chain does.
type gateway struct {
	t testing.TB
	policy.Policy
	env     policy.Env
	now     sim.Time
	next    uint64
	padding []models.Attempt // in flight, to make up the number of a sample
}

func newGateway(t testing.TB, s policy.Spec) *gateway {
	t.Helper()
	g := &gateway{t: t}
	g.env = policy.Env{Name: "limit", Seed: rngtest.Seed(t, 1), Horizon: sim.Day, Reasons: new(models.Reasons), Now: func() sim.Time { return g.now }}
	p, err := s.New(g.env)
	require.NoError(t, err)
	g.Policy = p
	require.Equal(t, models.Refusal{Name: "limit", Status: models.Unavailable}, g.env.Reasons.Get(1))
	return g
}

// spec is a kind's Spec with the defaults of the scenario file.
func spec[T any](t testing.TB, kind, text string) *T {
	t.Helper()
	sc, err := scenario.ReadText("test.yaml", "name: test\nduration: 1s\ntiers: [{name: all}]\nclasses: [{name: job, pool: main, service: 1s}]\npools: [{name: main, nodes: 1}]\n"+
		"demand: {streams: [{name: jobs, class: job, tier: all, rate: 1/s}]}\npolicies: [{name: limit, kind: "+kind+", "+text+"}]\n")
	require.NoError(t, err)
	s, ok := any(sc.Policies[0].Spec).(*T)
	require.True(t, ok)
	return s
}

// come asks about a new attempt.
func (g *gateway) come() (models.Attempt, bool) {
	g.next++
	a := models.Attempt{Request: rng.StreamKey(g.env.Seed, 0, "requests").Child(g.next), Try: 1, Arrived: g.now, Admitted: g.now}
	ok := g.Admit(&a, &models.Signals{Now: g.now}).Reason == 0
	a.Passed = 1
	return a, ok
}

// end tells how an attempt ends.
func (g *gateway) end(a models.Attempt, o models.Outcome, now sim.Time) {
	g.Policy.(policy.Finisher).Finish(&a, o, now)
}

// sample lets one attempt through at the instant, as the inFlight-th in flight,
// and ends it an rtt later. The others in flight are abandoned, which is no
// sample.
func (g *gateway) sample(start, rtt sim.Time, inFlight int, dropped bool) {
	g.t.Helper()
	for len(g.padding) > inFlight-1 {
		last := len(g.padding) - 1
		g.end(g.padding[last], models.Abandoned, start)
		g.padding = g.padding[:last]
	}
	g.now = start
	for len(g.padding) < inFlight-1 {
		a, ok := g.come()
		require.True(g.t, ok)
		g.padding = append(g.padding, a)
	}
	a, ok := g.come()
	require.True(g.t, ok)
	require.Equal(g.t, inFlight, concurrency.InFlightOf(g.Policy))
	o := models.Completed
	if dropped {
		o = models.TimedOut
	}
	g.end(a, o, start+rtt)
}

// A row of a file of vectors, by the names of its columns.
type row map[string]string

func (r row) number(t testing.TB, column string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(r[column], 64)
	require.NoError(t, err, column)
	return x
}

func (r row) whole(t testing.TB, column string) int { t.Helper(); return int(r.number(t, column)) }

// vectors reads a file of testdata; its header says what made it.
func vectors(t testing.TB, name string) []row {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".csv")
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	lines, err := r.ReadAll()
	require.NoError(t, err)
	var rows []row
	for _, line := range lines[1:] {
		m := row{}
		for i, column := range lines[0] {
			m[column] = line[i]
		}
		rows = append(rows, m)
	}
	return rows
}
