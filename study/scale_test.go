package study

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
)

// coarse are the policies that do something else in a world of a tenth of the scale,
// of ten servers, each with words of what its kind says of reduced scales.
var coarse = map[string]string{
	"breakwater source":       "changed once a start",
	"dagor source":            "in a small world it is coarse",
	"vegas source":            "steps that do not shrink",
	"gradient2 source":        "steps that do not shrink",
	"failsafe-limiter source": "steps that do not shrink",
	"starlark":                "",
}

// What a policy states itself, or takes from its source, of attempts and servers is
// of the whole world: at a tenth of the scale it serves the same share of the
// requests in time, within a fifth, or its kind says why not.
func TestAPolicyServesTheSameShareAtATenthOfTheScaleOrSaysWhyNot(t *testing.T) {
	const seeds = 10
	sc := surge(t)
	small := changed(t, sc, "scale", "1/10")
	for _, l := range policies() {
		for _, variant := range l.Variants() {
			served := func(scale string, seeds uint64) (share float64) {
				world := sc
				if scale != "1" {
					world = small
				}
				pulled, err := l.Pulled(world, variant)
				require.NoError(t, err)
				for seed := range seeds {
					res, err := launch.Play(context.Background(), pulled, launch.Options{Seed: seed + 1})
					require.NoError(t, err)
					share += inTime(&res.Summary) / float64(res.Summary.All.Requests) / float64(seeds)
				}
				return share
			}
			name := strings.TrimSpace(l.Name + " " + variant)
			whole, tenth := served("1", 1), served("1/10", seeds)
			says, other := coarse[name]
			assert.Equal(t, other, tenth < 0.8*whole || tenth > 1.2*whole, "%s serves %.3f of the requests in time at the whole scale, %.3f at a tenth", name, whole, tenth)
			if other {
				assert.Contains(t, l.Scale, says, name)
			}
		}
	}
}
