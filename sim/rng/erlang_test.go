package rng

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestErlangIsAGammaOfWholeShape(t *testing.T) {
	for _, k := range []int{1, 4, 50} {
		agrees(t, distuv.Gamma{Alpha: float64(k), Beta: float64(k) / 10}, must(NewErlang(k, 10)))
	}
}

func TestErlangRefusesWhatCannotBe(t *testing.T) {
	require.EqualError(t, refused(NewErlang(0, 10)), "erlang: number of phases is 0, it must be 1 to 1000; gamma takes any shape")
	require.EqualError(t, refused(NewErlang(3, -1)), "erlang: mean is -1, it must be a number above 0")
}
