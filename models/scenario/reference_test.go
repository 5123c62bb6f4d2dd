package scenario_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/scenario"
)

func TestTheReferenceInTheDocsIsThatOfTheCode(t *testing.T) {
	have, err := os.ReadFile("../../docs/reference.md")
	require.NoError(t, err)
	assert.True(t, string(have) == string(scenario.ReferenceText()), "write it anew: go run ./cmd/launchday schema --reference > docs/reference.md")
}
