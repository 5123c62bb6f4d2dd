package metrics

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sample is a summary with every kind of step in its paths.
func sample() *Summary {
	image := &Figures{Completed: 7, Latency: Spread{P50: 45, P99: Null()}, QueueLength: Level{Mean: 3, Max: 9},
		Rejected: map[string]Figure{"free-quota": 2, "bucket.burst": 1}}
	return &Summary{
		Events: 99, Scale: 0.001,
		All:     &Figures{Latency: Spread{P99: 1.5}},
		Paid:    &Figures{Classes: map[string]*Figures{"image": image}},
		Tiers:   map[string]*Figures{"plus": {ErrorRate: 0.25, Classes: map[string]*Figures{"image": image}}, "free": {}},
		Classes: map[string]*Figures{"image": image},
		Pools:   map[string]PoolFigures{"images": {Utilisation: 0.9, BusyMean: 5}},
		GPU:     PoolFigures{BusyMean: 6},
	}
}

func TestAMetricIsNamedByItsPathInTheJSON(t *testing.T) {
	s := sample()
	for path, want := range map[string]Figure{
		"events":                              99,
		"all.latency_s.p99":                   1.5,
		"tiers.plus.error_rate":               0.25,
		"tiers.plus.classes.image.completed":  7,
		"paid.classes.image.latency_s.p50":    45,
		"classes.image.rejected.free-quota":   2,
		"classes.image.rejected.bucket.burst": 1,
		"classes.image.queue_length.max":      9,
		"pools.images.utilisation":            0.9,
		"gpu.busy_mean":                       6,
	} {
		got, err := s.Lookup(path)
		require.NoError(t, err, path)
		assert.Equal(t, want, got, path)
	}
	got, err := s.Lookup("classes.image.latency_s.p99")
	require.NoError(t, err)
	assert.True(t, got.IsNull(), "a null figure is there, and null")
}

func TestAPathThatNamesNoFigureIsAnErrorWithTheNearestName(t *testing.T) {
	s := sample()
	for _, path := range []string{"", "all", "all.latency_s", "all.latency_s.p98", "all.latency_s.p99.", ".all", "all..users", "tiers.gold.users", "unpaid.users", "rejected", "scale", "seed", "gpu.busy_mean.x"} {
		v, err := s.Lookup(path)
		assert.Error(t, err, path)
		assert.True(t, v.IsNull(), path)
	}
	_, err := s.Lookup("all.latency_s.p9")
	assert.EqualError(t, err, `metric "all.latency_s.p9" is not in the summary; the nearest is "all.latency_s.p90"`)
	_, err = s.Lookup("tiers.pluss.eror_rate")
	assert.EqualError(t, err, `metric "tiers.pluss.eror_rate" is not in the summary; the nearest is "tiers.plus.error_rate"`)
	_, err = s.Lookup("p99")
	assert.EqualError(t, err, `metric "p99" is not in the summary, whose metrics are such as all.latency_s.p99 or tiers.NAME.error_rate`)

	_, err = (&Summary{}).Lookup("all.users")
	assert.Error(t, err, "an empty summary has no figures of attempts")
}

func TestWalkVisitsEachFigureOfTheJSONOnceInAFixedOrder(t *testing.T) {
	s := sample()
	var paths []string
	seen := map[string]Figure{}
	s.Walk(func(path string, v Figure) {
		paths = append(paths, path)
		seen[path] = v
		got, err := s.Lookup(path)
		require.NoError(t, err, path)
		assert.Equal(t, math.Float64bits(float64(v)), math.Float64bits(float64(got)), path)
	})
	assert.Len(t, seen, len(paths), "no path twice")
	assert.Equal(t, []string{"from_s", "to_s", "events", "all.requests"}, paths[:4])

	again := []string{}
	s.Walk(func(path string, _ Figure) { again = append(again, path) })
	assert.Equal(t, paths, again)

	// The other way round: what the JSON form has, save what describes the run.
	text, err := json.Marshal(s)
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, json.Unmarshal(text, &tree))
	for _, name := range []string{"schema", "scenario", "scale", "seed", "replication"} {
		delete(tree, name)
	}
	leaves := 0
	var count func(path string, v any)
	count = func(path string, v any) {
		if m, ok := v.(map[string]any); ok {
			for k, v := range m {
				count(join(path, k), v)
			}
			return
		}
		if _, ok := v.(float64); ok || strings.HasSuffix(path, ".p99") {
			leaves++
			assert.Contains(t, seen, path)
		}
	}
	count("", map[string]any(tree))
	assert.Len(t, seen, leaves)
}

func TestEveryFigureIsClassifiedAndNothingElseIs(t *testing.T) {
	fields := map[string]bool{}
	visited := map[reflect.Type]bool{}
	var visit func(reflect.Type)
	visit = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || visited[typ] {
			return
		}
		visited[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			if isMeasure(f.Type) {
				fields[jsonName(f)] = true
				continue
			}
			visit(f.Type)
		}
	}
	visit(reflect.TypeFor[Summary]())
	require.Contains(t, fields, "goodput_per_s")
	require.Contains(t, fields, "fluid_mean")
	for name := range fields {
		assert.Contains(t, extensive, name, "a figure of Summary, Figures or PoolFigures that path.go does not classify")
	}
	for name := range extensive {
		assert.Contains(t, fields, name, "path.go classifies a figure that there is not")
	}
}

func TestOnlyWhatGrowsWithTheWorldIsMultipliedBack(t *testing.T) {
	for _, path := range []string{"events", "all.completed", "classes.image.rejected.free-quota", "classes.image.rejected.bucket.burst", "tiers.plus.classes.image.users",
		"all.queue_length.max", "all.goodput_per_s", "pools.images.capacity_mean", "gpu.busy_mean",
		"tiers.load.users", "classes.latency_s.completed"} {
		assert.True(t, Extensive(path), path)
		assert.Equal(t, Figure(5000), FullScale(path, 5, 0.001), path)
	}
	for _, path := range []string{"from_s", "all.latency_s.p99", "paid.classes.image.completed_share", "all.load", "pools.images.utilisation", "all.error_rate",
		"tiers.users.load", "", "all", "all.nonsense"} {
		assert.False(t, Extensive(path), path)
		assert.Equal(t, Figure(5), FullScale(path, 5, 0.001), path)
	}
	assert.True(t, FullScale("all.completed", Null(), 0.001).IsNull())
}

func TestEveryFigureHasAMeaningAndAUnit(t *testing.T) {
	for name := range extensive {
		_, there := comments()[name]
		assert.True(t, there, "result.go has no line of %s that can be read", name)
	}
	_, about, unit := About("tiers.plus.latency_s.p99")
	assert.Equal(t, "over completed attempts alone: arrival to end", about)
	assert.Equal(t, "s", unit)
	_, _, unit = About("all.goodput_slo_per_s")
	assert.Equal(t, "1/s", unit)
	_, _, unit = About("classes.image.cost_per_completed_usd")
	assert.Equal(t, "USD", unit)
}
