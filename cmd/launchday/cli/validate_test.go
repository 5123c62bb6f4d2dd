package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/study/proof"
)

func TestOneRowThatDoesNotHoldFailsTheProof(t *testing.T) {
	assert.NoError(t, disagreement([]proof.Row{{Model: "mm1", OK: true}, {Model: "mmc", OK: true}}))
	assert.EqualError(t, disagreement([]proof.Row{{Model: "mm1", OK: true}, {Model: "mmc"}}), "1 of 2 rows do not agree with theory")
}
