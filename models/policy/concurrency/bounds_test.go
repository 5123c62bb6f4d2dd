package concurrency_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/concurrency"
	"github.com/launchday-sim/launchday/models/unit"
)

// limiters are the adaptive limits whose sources bound them, with the largest limit
// that is published.
func limiters(t *testing.T, parameters string) map[policy.Spec]int {
	return map[policy.Spec]int{
		spec[concurrency.AIMDSpec](t, "aimd", parameters):                        200,
		spec[concurrency.Gradient2Spec](t, "gradient2", parameters):              200,
		spec[concurrency.VegasSpec](t, "vegas", parameters):                      1000,
		spec[concurrency.FailsafeLimiterSpec](t, "failsafe-limiter", parameters): 200,
		spec[concurrency.EnvoyGradientSpec](t, "envoy-gradient", parameters):     1000,
	}
}

// meet lets the limiter see a pool of so many servers.
func meet(g *gateway, servers int) {
	var a models.Attempt
	g.Admit(&a, &models.Signals{Now: g.now, Capacity: servers})
}

func TestTheLargestLimitIsThatOfTheSourceAtTheScaleOfTheRun(t *testing.T) {
	for s, published := range limiters(t, "preset: source") {
		name := fmt.Sprintf("%T", s)
		g := newGateway(t, s)
		assert.Equal(t, published, concurrency.MostOf(g.Policy), name)
		meet(g, 7)
		assert.Equal(t, published, concurrency.MostOf(g.Policy), "%s: whatever the servers", name)

		g.env.Scale = 0.1
		unit.Scale(s, 0.1)
		small, err := s.New(g.env)
		require.NoError(t, err)
		assert.Equal(t, published/10, concurrency.MostOf(small), name)
		if _, envoy := s.(*concurrency.EnvoyGradientSpec); !envoy {
			assert.Equal(t, 2, concurrency.LimitOf(small), "%s begins with a tenth of 20", name)
		}
	}
}

func TestInInferenceTheLargestLimitIsTenTimesTheServers(t *testing.T) {
	for s := range limiters(t, "preset: inference") {
		name := fmt.Sprintf("%T", s)
		g := newGateway(t, s)
		meet(g, 300)
		assert.Equal(t, 3000, concurrency.MostOf(g.Policy), name)
		meet(g, 0)
		assert.Equal(t, 3000, concurrency.MostOf(g.Policy), "%s: with nothing up there is nothing to go by", name)
		require.NoError(t, g.Reconfigure(s))
		assert.Equal(t, 3000, concurrency.MostOf(g.Policy), "%s: new parameters keep what was seen", name)
		meet(g, 500)
		assert.Equal(t, 5000, concurrency.MostOf(g.Policy), "%s: as capacity comes", name)
	}
}

func TestALargestLimitThatIsGivenHolds(t *testing.T) {
	for _, preset := range []string{"source", "inference"} {
		g := newGateway(t, spec[concurrency.VegasSpec](t, "vegas", "max: 50, preset: "+preset))
		meet(g, 300)
		assert.Equal(t, 50, concurrency.MostOf(g.Policy), preset)
		assert.Equal(t, map[string]int{"source": 20, "inference": 50}[preset], concurrency.LimitOf(g.Policy), preset)
	}
}

func TestALeastLimitAboveThePublishedLargestIsTheLargest(t *testing.T) {
	g := newGateway(t, spec[concurrency.AIMDSpec](t, "aimd", "preset: source, min: 500"))
	assert.Equal(t, 500, concurrency.MostOf(g.Policy))
	g = newGateway(t, spec[concurrency.AIMDSpec](t, "aimd", "min: 500"))
	meet(g, 10)
	assert.Equal(t, 500, concurrency.MostOf(g.Policy))
}

func TestNewParametersBeforeTheFirstAttemptLeaveTheStartToTheServers(t *testing.T) {
	for s := range limiters(t, "preset: inference") {
		if _, envoy := s.(*concurrency.EnvoyGradientSpec); envoy {
			continue // it begins by measuring at its least limit
		}
		g := newGateway(t, s)
		require.NoError(t, g.Reconfigure(s))
		meet(g, 300)
		assert.Equal(t, 300, concurrency.LimitOf(g.Policy), "%T", s)
	}
}
