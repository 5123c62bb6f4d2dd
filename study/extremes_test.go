package study

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/scenario"
)

// Every knob of every lever at nothing, next to nothing and far too much: each value
// is refused in one line that says what would be right, or makes a run that ends.
func TestNoValueOfAKnobOfALeverHangsOrBreaksARun(t *testing.T) {
	with := func(sc *scenario.Scenario, knob, value string) (*scenario.Scenario, error) {
		c, err := scenario.NewChange(knob, value)
		require.NoError(t, err)
		return sc.With(scenario.Changes{c})
	}
	sc := surge(t)
	for knob, value := range map[string]string{"duration": "90s", "warmup": "0s", "interval": "30s", "demand.step": "30s"} {
		var err error
		sc, err = with(sc, knob, value)
		require.NoError(t, err)
	}
	runs := 0
	for _, l := range Levers() {
		pulled, err := l.Pulled(sc, l.Variants()[0])
		require.NoError(t, err)
		for _, k := range scenario.Knobs(pulled) {
			if !strings.Contains(k.Path, "lever") && !(l.Heading == queues && strings.Contains(k.Path, ".queue.")) {
				continue
			}
			for _, v := range []string{"0", "0s", "0%", "0/s", "1ns", "1e-9/s", "1e9", "1G/s", "100000d"} {
				extreme, err := with(pulled, k.Path, v)
				if err != nil {
					assert.NotContains(t, err.Error(), "\n", "%s: %s: %s", l.Name, k.Path, v)
					continue
				}
				runs++
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				_, err = Play(ctx, extreme, Options{Seed: 1})
				cancel()
				if faults := (scenario.Faults)(nil); !errors.As(err, &faults) {
					assert.NoError(t, err, "%s: %s: %s", l.Name, k.Path, v)
				}
			}
		}
	}
	assert.Greater(t, runs, 800)
	t.Logf("%d runs", runs)
}
