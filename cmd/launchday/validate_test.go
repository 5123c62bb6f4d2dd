package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/launchday-sim/launchday/study"
)

func TestOneRowThatDoesNotHoldFailsTheProof(t *testing.T) {
	assert.NoError(t, disagreement([]study.TheoryRow{{Model: "mm1", OK: true}, {Model: "mmc", OK: true}}))
	assert.EqualError(t, disagreement([]study.TheoryRow{{Model: "mm1", OK: true}, {Model: "mmc"}}), "1 of 2 rows do not agree with theory")
}
