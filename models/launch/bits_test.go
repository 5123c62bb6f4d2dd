package launch_test

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/examples"
	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
)

// read returns a shipped scenario with knobs changed.
func read(t testing.TB, name string, knobs ...string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Read(examples.FS, "scenarios/"+name+".yaml")
	require.NoError(t, err)
	return with(t, sc, knobs...)
}

// with changes knobs, given as path and value in turn.
func with(t testing.TB, sc *scenario.Scenario, knobs ...string) *scenario.Scenario {
	t.Helper()
	var changes scenario.Changes
	for i := 0; i < len(knobs); i += 2 {
		c, err := scenario.NewChange(knobs[i], knobs[i+1])
		require.NoError(t, err)
		changes = append(changes, c)
	}
	sc, err := sc.With(changes)
	require.NoError(t, err)
	return sc
}

func run(t testing.TB, sc *scenario.Scenario, o launch.Options) *metrics.Result {
	t.Helper()
	r, err := launch.New(sc, o)
	require.NoError(t, err)
	res, err := r.Result()
	require.NoError(t, err)
	return res
}

// hash is over everything that a run leaves, to the last bit.
func hash(t testing.TB, res *metrics.Result) string {
	t.Helper()
	h := sha256.New()
	require.NoError(t, json.NewEncoder(h).Encode(res.Summary))
	require.NoError(t, json.NewEncoder(h).Encode(res.Windows))
	for _, c := range append(slices.Clone(res.Series.Columns), res.Pools.Columns...) {
		fmt.Fprintln(h, c.Name, strings.Join(c.Texts, " "), c.Ints)
		for _, x := range c.Floats {
			if math.IsNaN(x) {
				x = math.NaN() // one NaN for all platforms
			}
			require.NoError(t, binary.Write(h, binary.LittleEndian, x))
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

//go:embed testdata/bits.txt
var bits string

// The same command runs this test as WebAssembly, for arm64 and with another
// instruction set of amd64: .ci/run says how.
func TestAShortRunHasTheSameBitsOnEveryPlatform(t *testing.T) {
	short := map[string][]string{
		"ghibli-2025":      {"scale", "1/20000"},
		"quiet-day":        {"scale", "1/20000"},
		"mm1":              {"duration", "20000s"},
		"mmc":              {"duration", "2000s"},
		"mg1":              {"duration", "20000s"},
		"erlang-a":         {"duration", "200s"},
		"retry-storm-2025": {"scale", "1/20000"},
		"image-batching":   {"duration", "20m"},
		"chat-batching":    {"duration", "60s", "pools.gpus.nodes", "4"},
	}
	var got strings.Builder
	for _, name := range []string{"chat-batching", "erlang-a", "ghibli-2025", "image-batching", "mg1", "mm1", "mmc", "quiet-day", "retry-storm-2025"} {
		sc := read(t, name, short[name]...)
		h := hash(t, run(t, sc, launch.Options{Seed: 7, Record: true}))
		t.Logf("%s/%s %s %s", runtime.GOOS, runtime.GOARCH, name, h)
		fmt.Fprintln(&got, name, h)
	}
	if os.Getenv("LAUNCHDAY_UPDATE") != "" {
		require.NoError(t, os.WriteFile("testdata/bits.txt", []byte(got.String()), 0o644))
	}
	assert.Equal(t, bits, got.String(), "the bits changed: if that is meant, run this test with LAUNCHDAY_UPDATE=1, once more without, and on the other platforms (.ci/run)")
}
