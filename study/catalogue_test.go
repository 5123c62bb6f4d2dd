package study

import (
	"context"
	"fmt"
	"os"
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

func TestTheCatalogueInTheDocsIsThatOfTheCode(t *testing.T) {
	want, err := os.ReadFile("../docs/policies.md")
	require.NoError(t, err)
	assert.True(t, string(want) == Catalogue(Levers(), "../results/gallery/levers"), "write it anew: go run ./cmd/launchday levers docs")
	for _, l := range Levers() {
		assert.FileExists(t, "../results/gallery/levers/"+l.Name+".png")
	}
}

func TestEveryKindOfPolicyIsInTheCatalogue(t *testing.T) {
	levers := map[string]bool{}
	for _, l := range Levers() {
		assert.False(t, levers[l.Name], "%s is there twice", l.Name)
		levers[l.Name] = true
		for what, text := range map[string]string{"doc": l.Doc, "source": l.Source, "when it fails": l.Fails} {
			assert.NotEmpty(t, text, "%s: %s", l.Name, what)
		}
	}
	for _, kind := range policy.Kinds() {
		if policy.Of(kind).Heading != policy.Custom {
			assert.True(t, levers[kind], kind)
		}
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

// inTime is how many requests were satisfied within the SLO of their class.
func inTime(s *metrics.Summary) float64 { return float64(s.All.GoodputSLOPerS * (s.To - s.From)) }

// The matrix: every lever, in every preset, under the standard surge. Both
// identities are checked by Result; the outcome differs from that of no policy,
// and, in the preset made for inference, more users are served in time, or the
// lever's section says why it cannot be.
func TestEveryLeverChangesTheStandardSurgeAndHelpsOrSaysWhyNot(t *testing.T) {
	sc := surge(t)
	play := func(sc *scenario.Scenario) *metrics.Summary {
		res, err := launch.Play(context.Background(), sc, launch.Options{Seed: 1})
		require.NoError(t, err)
		return &res.Summary
	}
	plain := play(sc)
	idle := Lever{Name: "idle", settings: []setting{{"policies", "[{name: lever, kind: token-bucket, rate: 1M/s, burst: 1M}]"}}}
	loose, err := idle.Pulled(sc, "")
	require.NoError(t, err)
	require.Equal(t, digest(plain), digest(play(loose)), "a lever that does nothing is told")
	for _, l := range Levers() {
		without := plain
		if len(l.beside) > 0 {
			bare, err := l.Without(sc)
			require.NoError(t, err)
			without = play(bare)
		}
		for _, v := range l.Variants() {
			pulled, err := l.Pulled(sc, v)
			if !assert.NoError(t, err) {
				continue
			}
			with := play(pulled)
			name := strings.TrimSpace(l.Name + " " + v)
			if l.Name != "fifo" { // which is what stands there already
				assert.False(t, digest(without) == digest(with), "%s changes nothing", name)
			}
			gain := inTime(with) - inTime(without)
			t.Logf("%-28s %+6.0f in time of %.0f", name, gain, inTime(without))
			if v == "source" {
				continue
			}
			if l.NoGain == "" {
				assert.Greater(t, gain, inTime(without)/100, "%s serves no more users in time, and does not say why", name)
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
