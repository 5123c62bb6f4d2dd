package study

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/scenario"
)

// What a policy is told half a minute late, or once in more than that, changes what
// becomes of the standard surge; a kind to which it would do nothing says so.
func TestCatalogueOldSignalsChangeTheSurgeOrAreRefused(t *testing.T) {
	sc := surge(t)
	for _, l := range Levers() {
		kind, known := policy.Of(l.Name), l.Heading != queues && l.Heading != clients
		if !known {
			continue
		}
		fresh, err := l.Pulled(sc, l.Variants()[0])
		require.NoError(t, err)
		res, err := launch.Play(context.Background(), fresh, launch.Options{Seed: 1})
		require.NoError(t, err)
		of := digest(&res.Summary)
		for key, old := range map[string]string{"signal_delay": "30s", "signal_interval": "37s"} {
			change, err := scenario.NewChange("policies.lever."+key, old)
			require.NoError(t, err)
			late, err := fresh.With(scenario.Changes{change})
			if err == nil {
				if res, err = launch.Play(context.Background(), late, launch.Options{Seed: 1}); err == nil {
					assert.False(t, of == digest(&res.Summary), "%s: %s does nothing and is not refused", l.Name, key)
				}
			}
			if kind.Unmoved == "" {
				assert.NoError(t, err, "%s: %s", l.Name, key)
			} else {
				assert.ErrorContains(t, err, "does nothing: "+kind.Unmoved, l.Name)
			}
		}
	}
}
