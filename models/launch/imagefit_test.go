package launch_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/launchday-sim/launchday/models/gpu/batching"
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

// A seen is what requests for so many images and steps took, of all models or one.
type seen struct {
	model                                          string
	images, steps, requests, median, mad, mean, sd float64
}

func imageTrace(t *testing.T) (cells []seen) {
	for _, r := range rows(t, "../gpu/batching/testdata/gentd26_medians.csv") {
		cells = append(cells, seen{r["model"], float(t, r["images"]), float(t, r["steps"]), float(t, r["requests"]),
			float(t, r["median_s"]), float(t, r["mad_s"]), float(t, r["mean_s"]), float(t, r["sd_s"])})
	}
	return cells
}

// leastSquares minimises the sum over i of w_i (x_i · b - y_i)².
func leastSquares(t *testing.T, x [][]float64, y, w []float64) []float64 {
	t.Helper()
	left, right := mat.NewDense(len(x), len(x[0]), nil), mat.NewVecDense(len(x), nil)
	for i := range x {
		for j, v := range x[i] {
			left.Set(i, j, math.Sqrt(w[i])*v)
		}
		right.SetVec(i, math.Sqrt(w[i])*y[i])
	}
	var b mat.VecDense
	require.NoError(t, b.SolveVec(left, right))
	return b.RawVector().Data
}

// documented holds docs/validation.md to a row of a table, or to words, as they come out here.
func documented(t *testing.T, format string, a ...any) {
	t.Helper()
	text, err := os.ReadFile("../../docs/validation.md")
	require.NoError(t, err)
	_, text, _ = bytes.Cut(text, []byte("## The fit of image batches"))
	text, _, _ = bytes.Cut(text, []byte("\n## "))
	if row := fmt.Sprintf(format, a...); !strings.Contains(strings.Join(strings.Fields(string(text)), " "), row) {
		assert.Fail(t, "not in docs/validation.md, \"The fit of image batches\"", "%s", row)
	}
}

// setup is of a batch, in seconds: no measurement tells it from the steps.
const setup = 0.3

// The pool of image-batching is fitted, in two parts (docs/validation.md, "The fit of
// image batches"): how the time of a step grows with its images to the medians of
// GenTD26, and how long one image takes to FLUX.1-dev on an H100. This repeats the fit,
// and holds the scenario and what the documentation says of the errors to it.
func TestTheModelOfImageBatchesIsTheFitToWhatWasMeasured(t *testing.T) {
	var cells, fitted []seen
	for _, c := range imageTrace(t) {
		if c.model == "all" {
			cells = append(cells, c)
			if c.steps == 30 && c.images <= 4 {
				fitted = append(fitted, c)
			}
		}
	}
	require.Len(t, fitted, 3)

	// Relative errors of steps x (a + b x images), weighted by requests.
	var x [][]float64
	var y, w []float64
	for _, c := range fitted {
		x = append(x, []float64{c.steps / c.median, c.steps * c.images / c.median})
		y, w = append(y, 1), append(w, c.requests)
	}
	ab := leastSquares(t, x, y, w)
	a, b := ab[0], ab[1]
	documented(t, "give %.3f + %.4f n", a, b)
	fit := func(c seen) float64 { return c.steps * (a + b*c.images) }
	var errors []float64
	for _, c := range cells {
		miss := fit(c)/c.median - 1
		errors = append(errors, math.Abs(miss))
		documented(t, "| %.0f | %.0f | %.0f | %.1f s | %.1f s | %.1f s | %+.1f %% |", c.images, c.steps, c.requests, c.median, c.mad, fit(c), 100*miss)
	}
	slices.Sort(errors)
	documented(t, "The median of these %d errors is %.0f %%, the worst %.0f %%", len(errors), 100*errors[len(errors)/2], 100*errors[len(errors)-1])
	assert.Len(t, errors, 11)

	// Of single requests the fit explains next to nothing.
	documented(t, "R² is %.2f over the single requests of the three cells, %.2f over those of all", rSquared(fitted, fit), rSquared(cells, fit))

	step := (single(t, "FLUX.1-dev 1024 28 steps", "H100", "bf16") - setup) / 28
	want := batching.ImageModel{Setup: setup * 1e9, Step: step * a / (a + b) * 1e9, PerMegapixel: step * b / (a + b) * 1e9}
	got := read(t, "image-batching").Pools[0].Images
	assert.InDelta(t, want.Setup, float64(got.Setup), 0.5e6)
	assert.InDelta(t, want.Step, float64(got.Step), 0.5e6)
	assert.InDelta(t, want.PerMegapixel, float64(got.PerMegapixel), 0.5e6)
	documented(t, "a step of %.0f ms, and %.0f ms for each megapixel", want.Step/1e6, want.PerMegapixel/1e6)
	one, four := want.Duration(28, 1), want.Duration(28, 4)
	documented(t, "%.2f times in the scenario", four.Seconds()/one.Seconds())

	// Steps and setup cannot be told apart: what another setup would say of 20 steps.
	other := func(s float64) float64 {
		return 100 * ((s+20*(one.Seconds()-s)/28)/want.Duration(20, 1).Seconds() - 1)
	}
	documented(t, "a setup of 0 or 1 s would make 20 steps %.1f %% shorter or %.1f %% longer", -other(0), other(1))
}

// rSquared is the share of the variance of single requests that a fit explains, from the
// moments of the cells.
func rSquared(cells []seen, fit func(seen) float64) float64 {
	var n, sum, within, off, between float64
	for _, c := range cells {
		n, sum = n+c.requests, sum+c.requests*c.mean
	}
	for _, c := range cells {
		within += (c.requests - 1) * c.sd * c.sd
		off += c.requests * math.Pow(c.mean-fit(c), 2)
		between += c.requests * math.Pow(c.mean-sum/n, 2)
	}
	return 1 - (within+off)/(within+between)
}

// Requests for more images were for other models and had LoRAs more often. Requests from
// text without LoRA, for as many steps of the same model, are alike but for their images:
// logarithms of medians with a level for each model and number of steps, and a ratio for
// each number of images.
func TestLikeForLikeTheTraceGrowsLessWithImages(t *testing.T) {
	ratios := func(without string) (r [3]float64, worst float64) {
		type kind struct {
			model string
			steps float64
		}
		numbers := []float64{2, 4, 8}
		level, of := map[kind]int{}, map[kind]int{}
		var cells []seen
		for _, c := range imageTrace(t) {
			if c.model != "all" && c.model != without {
				of[kind{c.model, c.steps}]++
				cells = append(cells, c)
			}
		}
		cells = slices.DeleteFunc(cells, func(c seen) bool { return of[kind{c.model, c.steps}] == 1 }) // nothing to compare with
		for _, c := range cells {
			if _, ok := level[kind{c.model, c.steps}]; !ok {
				level[kind{c.model, c.steps}] = len(numbers) + len(level)
			}
		}
		var x [][]float64
		var y, w []float64
		for _, c := range cells {
			row := make([]float64, len(numbers)+len(level))
			row[level[kind{c.model, c.steps}]] = 1
			if i := slices.Index(numbers, c.images); i >= 0 {
				row[i] = 1
			}
			x, y, w = append(x, row), append(y, math.Log(c.median)), append(w, c.requests)
		}
		b := leastSquares(t, x, y, w)
		for i := range x {
			worst = max(worst, math.Abs(math.Exp(mat.Dot(mat.NewVecDense(len(b), x[i]), mat.NewVecDense(len(b), b))-y[i])-1))
		}
		return [3]float64{math.Exp(b[0]), math.Exp(b[1]), math.Exp(b[2])}, worst
	}
	r, worst := ratios("")
	documented(t, "medians are met to %.0f %%", 100*worst)
	lo, hi := r, r
	for _, c := range imageTrace(t) { // without one model after the other
		s, _ := ratios(c.model)
		for i := range s {
			lo[i], hi[i] = min(lo[i], s[i]), max(hi[i], s[i])
		}
	}
	for i, images := range []int{2, 4, 8} {
		documented(t, "| %d | %.2f | %.2f to %.2f |", images, r[i], lo[i], hi[i])
	}

	// The stages of image_latency_quantiles_gentd26.csv: the pipeline ran for 18.15 s of the
	// 28.91 s of a request, on average. If no other stage grows:
	const share = 18.1507 / 28.9107
	four := 1 + (r[1]-1)/share
	documented(t, "%.0f %% of a request, which makes it %.2f for the steps alone", 100*share, four)
	pool := read(t, "image-batching").Pools[0].Images
	m := batching.ImageModel{Setup: float64(pool.Setup), Step: float64(pool.Step), PerMegapixel: float64(pool.PerMegapixel)}
	ofScenario := m.Duration(28, 4).Seconds() / m.Duration(28, 1).Seconds()
	documented(t, "the %.2f of the scenario are %.0f %% more", ofScenario, 100*(ofScenario/four-1))

	// Who asks for 40 steps asks for another model.
	var forty, alike float64
	took := map[float64]float64{}
	for _, c := range imageTrace(t) {
		if c.model == "all" && c.steps == 40 {
			forty += c.requests
		}
		if c.model == "0001" && c.steps == 40 {
			alike += c.requests
		}
		if c.model == "0001" && c.images == 1 {
			took[c.steps] = c.median
		}
	}
	documented(t, "%.0f of %.0f requests for 40 steps were of model 0001", alike, forty)
	documented(t, "%.0f s with 30 steps and %.0f s with 40", took[30], took[40])
}

// single is how long a picture took by itself, in seconds.
func single(t *testing.T, workload, hardware, config string) float64 {
	t.Helper()
	for _, r := range rows(t, "../gpu/batching/testdata/service_time_points.csv") {
		if r["workload"] == workload && r["hardware"] == hardware && r["config"] == config && r["gpus"] == "1" {
			return float(t, r["seconds_per_image"])
		}
	}
	require.Fail(t, "no such point", "%s, %s, %s", workload, hardware, config)
	return 0
}

// A configuration that was measured once has a time for a step and no error.
func TestEveryPointOfServiceTimeGivesAStepOrIsLeftOut(t *testing.T) {
	plain := regexp.MustCompile(`^(SDXL|FLUX.1-dev) 1024 (\d+) steps$`)
	perStep, points := map[string]float64{}, 0
	for _, r := range rows(t, "../gpu/batching/testdata/service_time_points.csv") {
		m := plain.FindStringSubmatch(r["workload"])
		full := strings.HasPrefix(r["config"], "MLPerf")
		if m == nil || r["gpus"] != "1" && !full || strings.HasPrefix(r["config"], "FBCache") {
			continue
		}
		points++
		seconds, kind := r["seconds_per_image"], "alone"
		if full { // GPUs of one node serve a batch each
			seconds, kind = fmt.Sprint(1/float(t, r["images_per_s_per_gpu"])), "full batches"
		}
		ms := 1000 * float(t, seconds) / float(t, m[2])
		documented(t, "| %s | %s | %s | %s | %s | %.1f |", m[1], r["hardware"], r["config"], kind, m[2], ms)
		perStep[r["config"]+m[1]+r["hardware"]] = ms
	}
	documented(t, "%d of %d rows", points, len(rows(t, "../gpu/batching/testdata/service_time_points.csv")))
	a100, h100 := perStep["bf16FLUX.1-devA100"], perStep["bf16FLUX.1-devH100"]
	documented(t, "%.1f times as long (`speed: %.2f`)", a100/h100, h100/a100)
	offline := perStep["MLPerf v4.1 offline TensorRTSDXLH100 SXM"]
	documented(t, "the two of them are %.0f %% apart", 100*(perStep["MLPerf v4.1 serverSDXLH100 SXM"]/offline-1))

	// A step of B images takes offline x B where one takes alone: per image of a batch it
	// grows by (offline - alone / B) / (1 - 1/B).
	alone := perStep["diffusersSDXLH800"]
	grows := func(b float64) float64 { return (offline/alone - 1/b) / (1 - 1/b) }
	documented(t, "%.2f of it", offline/alone)
	documented(t, "if those held 8 images, four took %.1f times one, if 4, %.1f times", 1+3*grows(8), 1+3*grows(4))
}
