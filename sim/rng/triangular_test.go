package rng

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestTriangularAgreesWithGonum(t *testing.T) {
	agrees(t, distuv.NewTriangle(1, 5, 2, nil), must(NewTriangular(1, 2, 5)))
	agrees(t, distuv.NewTriangle(1, 5, 1, nil), must(NewTriangular(1, 1, 5)))
	agrees(t, distuv.NewTriangle(1, 5, 5, nil), must(NewTriangular(1, 5, 5)))
}

func TestTriangularRefusesWhatCannotBe(t *testing.T) {
	require.EqualError(t, refused(NewTriangular(1, 6, 5)), "triangular: mode is 6, it must be between min and max")
	require.EqualError(t, refused(NewTriangular(5, 5, 5)), "triangular: max is 5, it must be above min")
}
