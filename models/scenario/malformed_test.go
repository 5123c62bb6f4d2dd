package scenario_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/examples"
	"github.com/launchday-sim/launchday/models/policy"
	_ "github.com/launchday-sim/launchday/models/policy/all"
	"github.com/launchday-sim/launchday/models/scenario"
)

// malformed are scenarios with something wrong in each, whose first lines are
// the lines that `launchday check` prints of it.
func malformed(t testing.TB) map[string]string {
	t.Helper()
	fsys := os.DirFS("testdata/scenarios")
	names, err := fs.Glob(fsys, "*.yaml")
	require.NoError(t, err)
	texts := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		require.NoError(t, err)
		texts[name] = string(text)
	}
	return texts
}

// answer is the lines that a scenario's faults print.
func answer(name, text string) []string {
	_, err := scenario.ReadText(name, text)
	if err == nil {
		return nil
	}
	if faults := (scenario.Faults)(nil); !errors.As(err, &faults) {
		return []string{"no fault: " + err.Error()}
	}
	return slices.Collect(strings.SplitSeq(err.Error(), "\n"))
}

// The files say {kinds of policies} for a list that every new kind would change.
func TestEveryMalformedScenarioIsAnsweredWithOneLineForEachFault(t *testing.T) {
	kinds := policy.Kinds()
	fill := strings.NewReplacer("{kinds of policies}", fmt.Sprintf("one of %s and %d more", strings.Join(kinds[:20], ", "), len(kinds)-20))
	texts := malformed(t)
	require.Greater(t, len(texts), 40)
	for name, text := range texts {
		var want []string
		for line := range strings.Lines(text) {
			comment, ok := strings.CutPrefix(line, "#! ")
			if !ok {
				break
			}
			want = append(want, fill.Replace(strings.TrimSuffix(comment, "\n")))
		}
		assert.NotEmpty(t, want, name)
		assert.Equal(t, want, answer(name, text), name)
	}
}

const queue = `name: queue
duration: 1h
tiers: [{name: free}, {name: plus}]
classes: [{name: job, pool: main, service: 1s}]
pools: [{name: main, nodes: 10}]
demand: {streams: [{name: jobs, class: job, tier: free, rate: 1/s}]}
`

// What is too large for a folder of small files.
func TestAHostileScenarioCostsLessThanASecond(t *testing.T) {
	require.Empty(t, answer("queue.yaml", queue))
	list := func(key, item string, n int) string {
		var b strings.Builder
		b.WriteString(key + ":\n")
		for i := range n {
			b.WriteString("  - " + strings.ReplaceAll(item, "#", fmt.Sprint(i)) + "\n")
		}
		return b.String()
	}
	flood := "bomb:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 30; i++ {
		flood += fmt.Sprintf("  a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	for _, c := range []struct{ name, text, first string }{
		{"an empty file", "", `f.yaml:1:1: the file is empty: want a scenario`},
		{"a scalar of a megabyte", queue + "title: " + strings.Repeat("a", 1<<20-1000), `f.yaml:7:8: "` + strings.Repeat("a", 60) + `…" is too long: want at most 64 KiB`},
		{"more than a megabyte", queue + "title: " + strings.Repeat("a", 1<<20), `f.yaml:1:1: the file is too large: want at most 1 MiB`},
		{"a flood of aliases", queue + flood, `f.yaml:8:7: "&a0" is an anchor: want the value without it; there are no aliases`},
		{"a tower of lists", queue + "title: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000), `f.yaml:7:58: is nested too deeply: want at most 50 levels`},
		{"a flood of patches", queue + list("timeline", "{at: +#s, label: more, set: {pools.main.nodes: 3}}", 5000), `f.yaml:8:3: timeline: has too many patches: want at most 500`},
		{"patches of a large file", queue + list("record", "{name: a#, what: b, from: +0s, to: +1s, metric: all.load, value: 1, low: 1, unit: s, use: given, source: c, confidence: H}", 6000) + list("timeline", "{at: +#s, label: more, set: {pools.main.nodes: 3}}", 500), `f.yaml:6009:3: timeline: has too many patches for a file of this size: want at most 2`},
		{"a flood of tiers", strings.Replace(queue, "tiers: [{name: free}, {name: plus}]", strings.TrimSuffix(list("tiers", "{name: free#}", 5000), "\n"), 1), ``},
		{"a flood of policies", queue + list("policies", "{name: a#, kind: user-quota, tiers: [free, plus], limit: 3, window: 1h}", 4000), ``},
		{"a flood of wrong names", queue + list("policies", "{name: a#, kind: user-quota, tiers: [pluss, fre], limit: 3, window: 1h}", 4000), ``},
		{"a flood of streams", strings.Replace(queue, "streams: [", "streams: ["+strings.Repeat("{name: a, class: job, tier: free, rate: 1/s}, ", 3000), 1), ``},
		{"a flood of unknown keys", queue + list("clients", "{nam: a#, patienc: 1s}", 8000), ``},
	} {
		begun := time.Now()
		got := answer("f.yaml", c.text)
		took := time.Since(begun)
		t.Logf("%s: %v, %d lines", c.name, took.Round(time.Millisecond), len(got))
		assert.Less(t, took, 5*time.Second, "%s: a second, were the machine idle", c.name)
		if c.first != "" {
			assert.Equal(t, c.first, append(got, "")[0], c.name)
		}
		assert.LessOrEqual(t, len(got), 101, c.name)
	}
}

// FuzzRead feeds any text to the whole of reading a scenario. It never panics
// and takes no more than a second; every fault has a position; and what is
// accepted has a canonical text that reads as the same.
func FuzzRead(f *testing.F) {
	shipped, err := fs.Glob(examples.FS, "scenarios/*.yaml")
	require.NoError(f, err)
	for _, name := range shipped {
		text, err := fs.ReadFile(examples.FS, name)
		require.NoError(f, err)
		f.Add(string(text))
	}
	for _, text := range malformed(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		begun := time.Now()
		sc, err := scenario.ReadText("fuzz.yaml", text)
		require.Less(t, time.Since(begun), 5*time.Second, "a second, were the machine idle")
		if err != nil {
			var faults scenario.Faults
			require.ErrorAs(t, err, &faults)
			for _, fault := range faults {
				require.Positive(t, fault.Line, "%v", fault)
				require.Positive(t, fault.Column, "%v", fault)
				require.NotContains(t, fault.Error(), "\n")
			}
			return
		}
		once, err := sc.Resolved()
		require.NoError(t, err)
		again, err := scenario.ReadText("again.yaml", once)
		require.NoError(t, err, once)
		twice, err := again.Resolved()
		require.NoError(t, err)
		require.Equal(t, once, twice)
	})
}
