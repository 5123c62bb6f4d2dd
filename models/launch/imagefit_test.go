package launch_test

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/launchday-sim/launchday/models/gpu/batching"
	"github.com/launchday-sim/launchday/sim"
)

// rows reads a table as maps by column.
func rows(t *testing.T, file string) (list []map[string]string) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	table, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	for _, line := range table[1:] {
		row := map[string]string{}
		for i, name := range table[0] {
			row[name] = line[i]
		}
		list = append(list, row)
	}
	return list
}

func float(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return v
}

// A seen is the median time of requests for so many images and steps.
type seen struct{ images, steps, requests, median float64 }

// The pool of image-batching is fitted, in two parts (docs/validation.md, "The fit of
// image batches"): how the time of a step grows with its images to the medians of
// GenTD26, and how long one image takes to FLUX.1-dev on an H100. This repeats the fit,
// holds the scenario to it, and the errors to what the documentation says of them.
func TestTheModelOfImageBatchesIsTheFitToWhatWasMeasured(t *testing.T) {
	var cells, fitted []seen
	for _, r := range rows(t, "../gpu/batching/testdata/gentd26_medians.csv") {
		c := seen{float(t, r["images"]), float(t, r["steps"]), float(t, r["requests"]), float(t, r["median_s"])}
		cells = append(cells, c)
		if c.steps == 30 && c.images <= 4 {
			fitted = append(fitted, c)
		}
	}
	require.Len(t, fitted, 3)

	// Weighted least squares of relative errors: minimise the sum over cells of
	// requests x (steps x (a + b x images) / median - 1)².
	x, y := mat.NewDense(len(fitted), 2, nil), mat.NewVecDense(len(fitted), nil)
	for i, c := range fitted {
		w := math.Sqrt(c.requests)
		x.SetRow(i, []float64{w * c.steps / c.median, w * c.steps * c.images / c.median})
		y.SetVec(i, w)
	}
	var ab mat.VecDense
	require.NoError(t, ab.SolveVec(x, y))
	a, b := ab.AtVec(0), ab.AtVec(1)
	assert.InDelta(t, 0.544, a, 0.001)
	assert.InDelta(t, 0.0879, b, 0.0001)
	miss := func(c seen) float64 { return c.steps*(a+b*c.images)/c.median - 1 }
	for _, c := range fitted {
		assert.Less(t, math.Abs(miss(c)), 0.03, "%+v", c)
	}
	for _, c := range cells { // what it does not meet
		switch {
		case c.steps == 30 && c.images == 8:
			assert.InDelta(t, 0.44, miss(c), 0.01)
		case c.steps != 30:
			assert.Less(t, math.Abs(miss(c)), 0.4, "%+v", c)
		}
	}

	// One image of 28 steps on an H100 takes 7.11 s; the setup is assumed.
	flux := 0.0
	points := rows(t, "../gpu/batching/testdata/service_time_points.csv")
	for _, r := range points {
		if r["workload"] == "FLUX.1-dev 1024 28 steps" && r["hardware"] == "H100" && r["config"] == "bf16" {
			flux = float(t, r["seconds_per_image"])
		}
	}
	const setup = 0.3
	step := (flux - setup) / 28
	want := batching.ImageModel{Setup: setup * 1e9, Step: step * a / (a + b) * 1e9, PerMegapixel: step * b / (a + b) * 1e9}
	got := read(t, "image-batching").Pools[0].Images
	assert.InDelta(t, want.Setup, float64(got.Setup), 0.5e6)
	assert.InDelta(t, want.Step, float64(got.Step), 0.5e6)
	assert.InDelta(t, want.PerMegapixel, float64(got.PerMegapixel), 0.5e6)
	one, four := want.Duration(28, 1), want.Duration(28, 4)
	assert.InDelta(t, flux, one.Seconds(), 1e-6)
	assert.InDelta(t, 1.40, four.Seconds()/one.Seconds(), 0.005)

	// Another model and hardware says how far such a ratio carries: SDXL alone, and with
	// its batches full.
	perStep := map[string]float64{}
	for _, r := range points {
		switch {
		case r["workload"] == "SDXL 1024 50 steps" && r["gpus"] == "1":
			perStep["alone"] = float(t, r["seconds_per_image"]) / 50
		case r["config"] == "MLPerf v4.1 offline TensorRT":
			perStep["full"] = 1 / float(t, r["images_per_s_per_gpu"]) / 20
		}
	}
	assert.InDelta(t, 0.42, perStep["full"]/perStep["alone"], 0.01, "measured")
	many := float64(want.Duration(28, 1e6)-sim.FromSeconds(setup)) / 1e6
	assert.InDelta(t, 0.14, many/float64(one-sim.FromSeconds(setup)), 0.01, "of the fit: batches are far better here than they were there")
}
