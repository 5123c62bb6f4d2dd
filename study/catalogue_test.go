package study

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/scenario"
)

func surge(t *testing.T) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Read(os.DirFS("../examples/scenarios"), "standard-surge.yaml")
	require.NoError(t, err)
	return sc
}

const docs = "../docs/policies.md"

// The figures are held against the docs by the matrix below, which makes the runs for
// them anyway.
func TestTheCatalogueInTheDocsIsThatOfTheCode(t *testing.T) {
	written, err := os.ReadFile(docs)
	require.NoError(t, err)
	text := regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(measuredMark)+`.*\n\n`).ReplaceAllString(string(written), "")
	assert.True(t, text == Catalogue(Levers(), "../results/gallery/levers"), "write it anew: go run ./cmd/launchday levers docs")
	for _, l := range Levers() {
		assert.FileExists(t, "../results/gallery/levers/"+l.Name+".png")
	}
}

// The command of a section makes the world that its figures are of.
func TestTheCommandOfEverySectionPlaysTheLeverAsItIsMeasured(t *testing.T) {
	written, err := os.ReadFile(docs)
	require.NoError(t, err)
	sc := surge(t)
	for _, l := range Levers() {
		_, section, _ := strings.Cut(string(written), "### `"+l.Name+"`\n\n")
		section, _, _ = strings.Cut(section, "\n### ")
		_, command, ok := strings.Cut(section, "Shown here:\n\n    launchday run standard-surge")
		require.True(t, ok, l.Name)
		command, _, _ = strings.Cut(command, "\n")
		var changes scenario.Changes
		for command != "" {
			var knob string
			rest, ok := strings.CutPrefix(command, " --set '")
			require.True(t, ok, "%s: %s", l.Name, command)
			knob, command, ok = strings.Cut(rest, "'")
			require.True(t, ok, "%s: %s", l.Name, rest)
			path, value, _ := strings.Cut(knob, "=")
			c, err := scenario.NewChange(path, value)
			require.NoError(t, err)
			changes = append(changes, c)
		}
		played, err := sc.With(changes)
		require.NoError(t, err, l.Name)
		measured, err := l.Pulled(sc, l.Variants()[0])
		require.NoError(t, err)
		got, err := played.Resolved()
		require.NoError(t, err)
		want, err := measured.Resolved()
		require.NoError(t, err)
		assert.Equal(t, want, got, l.Name)
	}
}

func TestEveryKindOfPolicyIsInTheCatalogue(t *testing.T) {
	levers := map[string]bool{}
	for _, l := range Levers() {
		assert.False(t, levers[l.Name], "%s is there twice", l.Name)
		levers[l.Name] = true
		for what, text := range map[string]string{"doc": l.Doc, "source": l.Source, "when it fails": l.Fails, "what it is held against": l.Held} {
			assert.NotEmpty(t, text, "%s: %s", l.Name, what)
		}
	}
	for _, kind := range policy.Kinds() {
		assert.True(t, levers[kind], kind)
	}
}

// Whoever reads the catalogue learns of every file of vectors, and of none that is not
// there.
func TestTheCatalogueNamesTheVectorsThatThereAre(t *testing.T) {
	named := map[string]bool{}
	for _, l := range Levers() {
		first := ""
		for _, word := range regexp.MustCompile("`([a-z0-9_]+_[a-z0-9]+|_[a-z])`").FindAllStringSubmatch(l.Held, -1) {
			name := word[1]
			if strings.HasPrefix(name, "_") {
				name = first[:len(first)-2] + name
			} else {
				first = name
			}
			named[name] = true
		}
	}
	there := map[string]bool{}
	for _, folder := range []string{"policy/*", "queue", "client"} {
		files, err := filepath.Glob("../models/" + folder + "/testdata/*.csv")
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, f := range files {
			name := strings.TrimSuffix(filepath.Base(f), ".csv")
			assert.True(t, named[name], "%s is named nowhere", f)
			there[name] = true
		}
	}
	for name := range named {
		assert.True(t, there[name], "there is no file %s", name)
	}
}

// digest is what became of attempts and requests, as text: all figures but the number
// of events and the reasons for which nobody was refused, which the mere name of a
// policy adds.
func digest(s *metrics.Summary) string {
	var b strings.Builder
	s.Walk(func(path string, v metrics.Figure) {
		if path != "events" && !(strings.Contains(path, ".rejected.") && v == 0) {
			fmt.Fprintln(&b, path, v)
		}
	})
	return b.String()
}

// sourceServesMore are the levers of which the preset source serves more in time
// than inference does, by more than 3 %, each with words of its section that say so.
var sourceServesMore = map[string]string{
	"apf": "Under the standard surge source serves more",
}

// The matrix: every lever, in every preset, under the standard surge. Both
// identities are checked by Result; the outcome differs from that of no policy,
// and, in the preset made for inference, more users are served in time, or the
// lever's section says why it cannot be. No two disciplines of queues do the same,
// and the figures are those of the docs.
func TestEveryLeverChangesTheStandardSurgeAndHelpsOrSaysWhyNot(t *testing.T) {
	written, err := os.ReadFile(docs)
	require.NoError(t, err)
	stand, err := NewStand(surge(t))
	require.NoError(t, err)
	idle := Lever{Name: "idle", settings: []setting{{"policies", "[{name: lever, kind: token-bucket, rate: 1M/s, burst: 1M}]"}}}
	loose, err := stand.Try(context.Background(), &idle)
	require.NoError(t, err)
	require.Equal(t, digest(&loose.Without.Surge), digest(&loose.With[0].Surge), "a lever that does nothing is told")
	disciplines := map[string]string{} // name by digest
	for _, l := range Levers() {
		trials, err := stand.Try(context.Background(), &l)
		if !assert.NoError(t, err) {
			continue
		}
		text := l.Section("")
		_, section, _ := strings.Cut(string(written), "### `"+l.Name+"`\n\n")
		section, _, _ = strings.Cut(section, "\n### ")
		assert.True(t, strings.Contains(section, "\n"+trials.Text()+"\n"),
			"%s: docs/policies.md has other figures; write it anew: go run ./cmd/launchday levers docs", l.Name)
		without := trials.Without.InTime()
		for i := range trials.With {
			with := &trials.With[i]
			name := strings.TrimSpace(l.Name + " " + with.Preset)
			d := digest(&with.Surge)
			if l.Name != "fifo" { // which is what stands there already
				assert.False(t, digest(&trials.Without.Surge) == d, "%s changes nothing", name)
			}
			if l.Heading == queues {
				assert.Empty(t, disciplines[d], "%s does the same", name)
				disciplines[d] = name
			}
			gain := with.InTime() - without
			t.Logf("%-28s %+6.0f in time of %.0f, refuses %.4f of a steady load", name, gain, without, refusedShare(&with.Steady))
			switch {
			case i > 0:
				says, known := sourceServesMore[l.Name]
				if known {
					assert.Contains(t, text, says, name)
				}
				assert.Equal(t, known, with.InTime()*0.97 > trials.With[0].InTime(), "%s serves %.0f, inference %.0f", name, with.InTime(), trials.With[0].InTime())
			case l.NoGain == "":
				assert.Greater(t, gain, without/100, "%s serves no more users in time, and does not say why", name)
			}
		}
	}
}

// What the presets of inference gain does not hang on one seed or one size of the
// surge: at one and a half, twice and three times the capacity each serves nearly as
// many in time as source does, which for most is to refuse whenever anybody waits.
func TestThePresetsOfInferenceDoNotHangOnTheSeedNorOnTheSizeOfTheSurge(t *testing.T) {
	sc := surge(t)
	for _, name := range []string{"codel", "pie", "dagor", "breakwater", "rajomon", "folly-codel", "controlled-delay"} {
		l := Levers()[slices.IndexFunc(Levers(), func(l Lever) bool { return l.Name == name })]
		for _, peak := range []string{"2.5", "3.33", "5"} {
			var changes scenario.Changes
			for _, tier := range []string{"free", "plus"} {
				c, err := scenario.NewChange("demand.streams."+tier+".profile", "[{at: +20m, x: 1}, {at: +22m, x: "+peak+"}, {at: +50m, x: "+peak+"}, {at: +52m, x: 1}]")
				require.NoError(t, err)
				changes = append(changes, c)
			}
			world, err := sc.With(changes)
			require.NoError(t, err)
			for seed := uint64(2); seed <= 3; seed++ {
				served := map[string]float64{}
				for _, preset := range []string{"", "inference", "source"} {
					pulled := world
					if preset != "" {
						pulled, err = l.Pulled(world, preset)
						require.NoError(t, err)
					}
					res, err := launch.Play(context.Background(), pulled, launch.Options{Seed: seed})
					require.NoError(t, err)
					served[preset] = inTime(&res.Summary)
				}
				assert.Greater(t, served["inference"], 0.94*served["source"], "%s at %s times, seed %d", name, peak, seed)
				assert.Greater(t, served["inference"], 1.3*served[""], "%s at %s times, seed %d", name, peak, seed)
			}
		}
	}
}

// Where there is room for all, a lever that is made for overload lets all in: at
// three fifths of the capacity it refuses next to nobody. What bounds or gates by
// design is left out.
func TestNoLeverRefusesWhereThereIsRoom(t *testing.T) {
	sc := surge(t)
	var calm scenario.Changes
	for _, tier := range []string{"free", "plus"} {
		c, err := scenario.NewChange("demand.streams."+tier+".profile", "[]")
		require.NoError(t, err)
		calm = append(calm, c)
	}
	sc, err := sc.With(calm)
	require.NoError(t, err)
	byDesign := map[string]bool{"feature-gate": true, "user-quota": true}
	for _, l := range Levers() {
		if byDesign[l.Name] {
			continue
		}
		pulled, err := l.Pulled(sc, l.Variants()[0])
		require.NoError(t, err)
		res, err := launch.Play(context.Background(), pulled, launch.Options{Seed: 1})
		require.NoError(t, err)
		refused := 0.0
		for _, n := range res.Summary.All.Rejected {
			refused += float64(n)
		}
		assert.LessOrEqual(t, refused, 0.02*float64(res.Summary.All.Attempts), l.Name)
	}
}
