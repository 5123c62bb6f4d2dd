package concurrency_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/concurrency"
	"github.com/launchday-sim/launchday/sim"
)

// waited tells the policy that an attempt starts after such a wait.
func (g *gateway) waited(wait sim.Time) {
	g.Policy.(policy.Starter).Start(&models.Attempt{Admitted: g.now - wait}, &models.Signals{Now: g.now})
}

// look ends a period with so many waiting and busy.
func (g *gateway) look(waiting, busy, capacity int) {
	g.now = g.Policy.(policy.Ticker).Tick(&models.Signals{Now: g.now, Waiting: waiting, Busy: busy, Capacity: capacity})
}

// A service of 100 servers and services of 20 s, with demand without end: who is
// let in beyond 100 waits, 10 s when 50 do.
func TestTheLimitSettlesWhereTheQueueingDelayMeetsItsTarget(t *testing.T) {
	g := newGateway(t, spec[concurrency.PIDSpec](t, "pid", "max_limit: 500"))
	require.Equal(t, 500, concurrency.LimitOf(g.Policy))
	inside := 0
	for i := range 400 {
		limit := concurrency.LimitOf(g.Policy)
		for range 5 {
			g.waited(sim.FromSeconds(max(0, float64(limit-100)/100*20)))
		}
		g.look(max(0, limit-100), min(limit, 100), 100)
		if i >= 100 {
			require.InDelta(t, 150, limit, 15)
			inside++
		}
	}
	assert.Equal(t, 300, inside)
}

func TestTheRateSettlesWhereTheUtilisationMeetsItsTarget(t *testing.T) {
	g := newGateway(t, spec[concurrency.PIDSpec](t, "pid", "signal: utilisation, target_utilisation: 80%, steers: rate, min_rate: 0.1/s, max_rate: 20/s"))
	for range 3000 { // of which 10 a second fill 200 servers
		busy := min(200, int(concurrency.RateOf(g.Policy)*20+0.5))
		g.look(0, busy, 200)
	}
	assert.InDelta(t, 8, concurrency.RateOf(g.Policy), 0.1)
}

func TestAsManyAreAdmittedAsTheRateSays(t *testing.T) {
	g := newGateway(t, spec[concurrency.PIDSpec](t, "pid", "steers: rate, min_rate: 0.1/s, max_rate: 7/s"))
	in := 0
	for range 100_000 {
		if a, ok := g.come(); ok {
			in++
			g.end(a, models.Completed, g.now)
		}
		g.now += 10 * sim.Millisecond
	}
	assert.InDelta(t, 7*1000+70, in, 2, "and what one period brings, at the start")
}

// A long calm leaves the limit at its end. Nothing must have grown beyond it, or
// the first periods of a surge would only undo that.
func TestACalmDoesNotWindTheControllerUp(t *testing.T) {
	outputAfter := func(calm int) float64 {
		g := newGateway(t, spec[concurrency.PIDSpec](t, "pid", "max_limit: 500"))
		for range calm {
			g.look(0, 10, 100)
		}
		for range 5 {
			g.waited(40 * sim.Second)
			g.look(100, 100, 100)
		}
		return concurrency.OutputOf(g.Policy)
	}
	assert.Equal(t, outputAfter(1), outputAfter(10_000))
	assert.Less(t, outputAfter(1), 0.6)
}

func TestTheDelayIsTheMeanOfThoseWhoStartedOrTheLastWhileNoneDoes(t *testing.T) {
	g := newGateway(t, spec[concurrency.PIDSpec](t, "pid", "max_limit: 500, target_delay: 10s"))
	g.now = sim.Minute
	g.waited(4 * sim.Second)
	g.waited(8 * sim.Second)
	g.look(3, 100, 100)
	assert.Equal(t, 0.6, concurrency.Delay(g.Policy))
	g.look(3, 100, 100)
	assert.Equal(t, 0.6, concurrency.Delay(g.Policy), "some wait and none was started")
	g.look(0, 90, 100)
	assert.Zero(t, concurrency.Delay(g.Policy), "nobody waits")
}

func TestTheDerivativeLooksAheadOfARisingDelay(t *testing.T) {
	output := func(more string) float64 {
		g := newGateway(t, spec[concurrency.PIDSpec](t, "pid", "max_limit: 500, target_delay: 10s"+more))
		g.now = sim.Minute
		for i := range 5 {
			g.waited(sim.Time(2*i) * sim.Second)
			g.look(5, 100, 100)
		}
		return concurrency.OutputOf(g.Policy)
	}
	assert.Less(t, output(", derivative_time: 30s"), output(""))
}
