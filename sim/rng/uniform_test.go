package rng

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestUniformAgreesWithGonum(t *testing.T) {
	agrees(t, distuv.Uniform{Min: 2, Max: 7}, must(NewUniform(2, 7)))
}

func TestUniformRefusesWhatCannotBe(t *testing.T) {
	require.EqualError(t, refused(NewUniform(2, 2)), "uniform: max is 2, it must be above min")
	require.EqualError(t, refused(NewUniform(nan, 2)), "uniform: min is NaN, it must be a finite number")
}
