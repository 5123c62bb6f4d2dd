package study_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/study"
)

// Up to the decision the two worlds are the same to the last attempt; after it they part.
func TestABranchIsTheSameWorldUpToItsDecision(t *testing.T) {
	sc := shipped(t, "standard-surge")
	set, err := scenario.NewChange("pools.gpus.nodes", "200")
	require.NoError(t, err)
	b, err := study.BranchAt(context.Background(), sc, "+30m", "twice the nodes", scenario.Changes{set}, 3, 3, 2, nil)
	require.NoError(t, err)
	require.Equal(t, 1800.0, b.At)
	require.Len(t, b.Course, 3)
	parted := false
	for i, at := range b.Moment {
		for _, c := range b.Course {
			if at < b.At {
				require.Zero(t, c.Y[i].Mean, "%s at %v", c.Title, at)
				require.Zero(t, c.Y[i].Hi)
			} else {
				parted = parted || c.Y[i].Lo > 0
			}
		}
	}
	assert.True(t, parted, "after it more is completed")
	var text strings.Builder
	require.NoError(t, b.Text(&text))
	assert.Contains(t, text.String(), "Up to 30m after the start both are the same world; then: twice the nodes.")
	assert.Regexp(t, `better +served in time`, text.String())
	for _, svg := range []bool{true, false} {
		picture, err := b.Picture(svg)
		require.NoError(t, err)
		assert.NotEmpty(t, picture)
	}
	_, err = study.BranchAt(context.Background(), sc, "+3h", "too late", scenario.Changes{set}, 3, 3, 2, nil)
	assert.ErrorContains(t, err, "--at +3h: lies outside the run")
	bad, err := scenario.NewChange("policies", "[{name: x, kind: queue-limit, limit: 3}]")
	require.NoError(t, err)
	_, err = study.BranchAt(context.Background(), sc, "+30m", "x", scenario.Changes{bad}, 3, 3, 2, nil)
	assert.ErrorContains(t, err, "cannot be added or removed during a run")
}
