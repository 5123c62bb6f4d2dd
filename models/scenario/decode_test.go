package scenario_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func TestADocumentIsReadWithItsDefaults(t *testing.T) {
	s, _ := decode(t, sampleText)
	assert.Equal(t, "sample", s.Name)
	assert.Equal(t, time.Date(2025, 3, 25, 18, 0, 0, 0, time.UTC), s.Start)
	assert.Equal(t, unit.Fraction(0.001), s.Scale)
	assert.Equal(t, "fifo", s.Order)
	assert.Equal(t, []sampleTier{{Name: "free", Users: 500e6, PerUser: unit.UserRate(s.Tiers[0].PerUser)}, {Name: "plus", Users: 20e6, Paid: true, Priority: 1}}, s.Tiers)
	pool := s.Pools[0]
	assert.Equal(t, unit.Count(1500), pool.Nodes)
	assert.Equal(t, unit.Dist{Law: "lognormal", Median: unit.Duration(20 * sim.Second), P99: unit.Duration(sim.Minute)}, pool.Service)
	assert.Equal(t, unit.Constant(unit.Duration(30*sim.Day)), pool.Failures.MTBF)
	assert.Equal(t, unit.Dist{Law: "exponential", Mean: unit.Duration(4 * sim.Hour)}, pool.Failures.Repair)
	assert.Equal(t, unit.Count(10_000), *pool.Queue.Limit)
	assert.Equal(t, unit.Share(0.05), pool.Queue.Shed)
	assert.Equal(t, -8.0, pool.Queue.Offset)
	assert.Equal(t, &bucketRule{Rate: unit.Rate(1e6 / 3600.0), Burst: 10}, s.Rules[0].Spec)
	assert.Equal(t, &gateRule{Percent: 0.3}, s.Rules[1].Spec)
	assert.Equal(t, unit.Instant(sim.Day), s.Profile[0].At)
	assert.Equal(t, "pools.images.nodes", s.Timeline[0].Set[0].Path)
}

// Each file of testdata/sample starts with the lines that its faults print, as
// comments.
func TestEveryMalformedFileIsAnsweredWithOneLineForEachFault(t *testing.T) {
	files, err := filepath.Glob("testdata/sample/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		var want []string
		for line := range strings.Lines(string(text)) {
			comment, ok := strings.CutPrefix(line, "#! ")
			if !ok {
				break
			}
			want = append(want, strings.TrimSuffix(comment, "\n"))
		}
		assert.Equal(t, want, read(string(text)), name)
	}
}

// What a text file cannot show well: bytes, and sizes.
func TestWhatIsNoScenarioIsRefusedWithAPosition(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      `sample.yaml:1:1: the file is empty: want a scenario`,
		"# nothing\n":                           `sample.yaml:1:1: the file is empty: want a scenario`,
		"--- {}\n--- {}\n":                      `sample.yaml:1:1: there are several documents: want one document, without --- between parts`,
		"- a\n":                                 `sample.yaml:1:1: is not a scenario: want keys with values, such as name: quiet-day`,
		"sample":                                `sample.yaml:1:1: "sample" is not a scenario: want keys with values, such as name: quiet-day`,
		"name: a\nx: \"\xff\"":                  `sample.yaml:2:5: the text is not UTF-8: want a text file in UTF-8`,
		"name: a\nx: \x00":                      `sample.yaml:2:4: control characters are not allowed (value: 0)`,
		"\xff\xfen\x00a\x00":                    `sample.yaml:1:1: the text is not UTF-8: want a text file in UTF-8`,
		"name: [1, 2":                           `sample.yaml:2:1: the [ of line 1, column 7 is still open here: want a comma, or ] before this`,
		"name:\n\t- a":                          `sample.yaml:2:1: there is a tab: want spaces`,
		strings.Repeat("[", 20_000):             `sample.yaml:1:10001: exceeded max depth of 10000 while increasing flow level`,
		strings.Repeat("a", 1<<20+1):            `sample.yaml:1:1: the file is too large: want at most 1 MiB`,
		"name: " + strings.Repeat("a", 1<<16+1): `sample.yaml:1:7: "` + strings.Repeat("a", 60) + `…" is too long: want at most 64 KiB`,
		"name: " + strings.Repeat("[", 60) + strings.Repeat("]", 60): `sample.yaml:1:57: is nested too deeply: want at most 50 levels`,
		"day: [" + strings.Repeat("1,", 250_000) + "1]":              `sample.yaml:1:399999: there are too many values: want at most 200,000`,
	} {
		got := read(text)
		if assert.Len(t, got, 1, "%.40q", text) {
			assert.Equal(t, want, got[0])
		}
	}
}

func TestAnAliasFloodIsRefusedBeforeItIsExpanded(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	got := read(b.String())
	assert.Equal(t, `sample.yaml:1:5: "&a0" is an anchor: want the value without it; there are no aliases`, got[0])
	assert.Less(t, len(got), 200)
}

func TestOffendingTextIsHarmlessToATerminal(t *testing.T) {
	got := read("name: a\nduration: \"\\e[31mred\\nline\"\ntiers: [{name: a}]\n")
	assert.Equal(t, []string{`sample.yaml:2:11: duration: "\x1b[31mred\nline" is not a duration: want a duration of at least 1s, such as 1h30m`}, got)
}

func TestOnlyTheFirstHundredFaultsArePrinted(t *testing.T) {
	var b strings.Builder
	for i := range 150 {
		fmt.Fprintf(&b, "key%d: 1\n", i)
	}
	got := read(b.String())
	assert.Len(t, got, 101)
	assert.Equal(t, "sample.yaml: 53 more faults", got[100], "150 unknown keys and 3 that are missing")
}

func TestADocumentComesFromAnyFileSystem(t *testing.T) {
	doc, err := scenario.Load(fstest.MapFS{"a/sample.yaml": {Data: []byte(sampleText)}}, "a/sample.yaml")
	require.NoError(t, err)
	assert.Equal(t, "a/sample.yaml", doc.Name())
	_, err = scenario.Load(fstest.MapFS{}, "b.yaml")
	assert.ErrorContains(t, err, "b.yaml")
}

func TestAFaultFoundLaterStandsWhereItsKnobStands(t *testing.T) {
	_, doc := decode(t, sampleText)
	for path, want := range map[string]string{
		"pools.images.nodes":           "sample.yaml:11:12: pools.images.nodes: bad",
		"timeline[0].label":            "sample.yaml:24:12: timeline[0].label: bad",
		"pools.images.failures.repair": "sample.yaml:14:15: pools.images.failures.repair: bad",
		"profile[7]":                   "sample.yaml:20:3: profile[7]: bad",
	} {
		assert.EqualError(t, doc.Fault(path, "bad", ""), want)
	}
}

// FuzzDecode feeds any text to the parser. It never panics; every fault has a
// position; and what is accepted has a canonical text that reads as the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(sampleText))
	files, err := filepath.Glob("testdata/sample/*.yaml")
	require.NoError(f, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := scenario.Parse("fuzz.yaml", bytes.NewReader(text))
		var s *sample
		if err == nil {
			s, err = scenario.Decode[sample](doc, sampleOptions)
		}
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
		once, err := scenario.Encode(s)
		require.NoError(t, err)
		again, _ := decode(t, string(once))
		twice, err := scenario.Encode(again)
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	})
}
