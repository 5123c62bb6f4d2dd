package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim/stats"
	"github.com/launchday-sim/launchday/study"
)

func compareCommand() *cobra.Command {
	var in input
	var reps int
	var asJSON bool
	var chart, axes string
	var vary, policies []string
	c := &cobra.Command{
		Use:   "compare A [B...]",
		Short: "Compare scenarios on common random numbers",
		Long: `Run scenarios on the same random numbers, replication by replication, and hold
each but the first against the first: in words, and for the main metrics both
means and the paired difference with its 95 % confidence interval. Knobs are
changed in all by --set; --vary takes one scenario, and holds against it what it
is with a knob at each of some values, or with other policies (--policies). Where
either is repeated, each value is one alternative more: knobs are not combined, which
sweep does. With --axes the chart shows what one figure
of summary.json costs in another, a point for each scenario.`,
		Example: `  launchday compare mm1 my-queue.yaml --reps 20
  launchday compare none.yaml codel.yaml pie.yaml --chart levers.png
  launchday compare quiet-day ghibli-2025 --scale 1/2000 --reps 5
  launchday compare standard-surge --policies token-bucket.yaml,codel.yaml --chart levers.png
  launchday compare image-batching --vary pools.gpus.degrade.steps=80%,60%,40% \
    --chart price.png --axes all.goodput_slo_per_s:all.quality_mean`,
		Args: func(c *cobra.Command, args []string) error {
			if len(vary)+len(policies) > 0 {
				return arguments("A")(c, args)
			}
			return arguments("A", "B")(c, args[:min(len(args), 2)])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ending := strings.ToLower(filepath.Ext(chart))
			x, y, ok := strings.Cut(axes, ":")
			switch {
			case reps < 2:
				return badInput(fmt.Errorf("--reps %d: want at least 2, for one pair has no interval", reps))
			case chart != "" && ending != ".png" && ending != ".svg":
				return badInput(fmt.Errorf("--chart %s: want a file ending in .png or .svg", chart))
			case axes != "" && chart == "":
				return badInput(fmt.Errorf("--axes %s: want --chart, the file that is drawn", axes))
			case axes != "" && !ok:
				return badInput(fmt.Errorf("--axes %s: want two figures with a colon between them, such as all.goodput_per_s:all.quality_mean", axes))
			}
			for _, figure := range []string{x, y} {
				if axes != "" && !metrics.Exists(figure) {
					return badInput(fmt.Errorf("--axes: %q is no figure of summary.json: want one such as all.goodput_per_s", figure))
				}
			}
			if err := newFile(chart); err != nil {
				return badInput(fmt.Errorf("--chart %w", err))
			}
			entrants, err := in.entrants(args, vary, policies)
			if err != nil {
				return err
			}
			bar := newProgress(cmd.ErrOrStderr())
			pairs, err := study.CompareAll(cmd.Context(), entrants, in.seed, reps, 0, bar.replications)
			bar.clear()
			if err != nil {
				return err
			}
			if chart != "" {
				var picture []byte
				if axes != "" {
					picture, err = study.TradeOff(pairs, x, y, ending == ".svg")
				} else {
					picture, err = study.Chart(pairs, ending == ".svg")
				}
				if err != nil {
					return err
				}
				if err := os.WriteFile(chart, picture, 0o644); err != nil {
					return badInput(err)
				}
			}
			if asJSON {
				return comparisonJSON(cmd.OutOrStdout(), pairs)
			}
			for i, p := range pairs {
				if i > 0 {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				if err := p.Text(cmd.OutOrStdout()); err != nil {
					return err
				}
			}
			return nil
		},
	}
	in.flags(c)
	c.Flags().IntVar(&reps, "reps", 10, "paired replications, at least 2")
	c.Flags().StringArrayVar(&vary, "vary", nil, "hold against A what it is with a knob at each of these values: knob=v1,v2,...; may be repeated")
	c.Flags().StringSliceVar(&policies, "policies", nil, "hold against A what it is with the policies of each of these files in place of its own: a list under the key policies")
	c.Flags().StringVar(&axes, "axes", "", "draw one figure over another, as in all.goodput_per_s:all.quality_mean")
	c.Flags().StringVar(&chart, "chart", "", "write a chart to this new file, .png or .svg")
	c.Flags().BoolVar(&asJSON, "json", false, "print every figure of summary.json, at full scale, as JSON, and nothing else; of more than two scenarios an object for each pair, in pairs")
	return c
}

// entrants reads the scenarios that are compared, all of one scale.
func (in *input) entrants(args, vary, policies []string) ([]study.Entrant, error) {
	var scenarios []*scenario.Scenario
	for _, arg := range args {
		sc, err := in.read(arg)
		if err != nil {
			return nil, err
		}
		if len(scenarios) > 0 && sc.Scale != scenarios[0].Scale {
			return nil, badInput(fmt.Errorf("%s is at scale %v and %s at %v: want one for both, by --scale", args[0], scenarios[0].Scale, arg, sc.Scale))
		}
		scenarios = append(scenarios, sc)
	}
	list := study.Named(scenarios...)
	for _, file := range policies {
		sc, err := withPolicies(list[0].Scenario, file)
		if err == nil {
			err = launch.Rehearse(sc)
		}
		if err != nil {
			return nil, badInput(fmt.Errorf("--policies %s: %w", file, err))
		}
		base := filepath.Base(file)
		list = append(list, study.Entrant{Name: strings.TrimSuffix(base, filepath.Ext(base)), Scenario: sc})
	}
	for _, v := range vary {
		knob, values, ok := strings.Cut(v, "=")
		if !ok {
			return nil, badInput(fmt.Errorf("--vary %s: want knob=value,value, such as pools.gpus.nodes=5k,6k", v))
		}
		varied, err := study.Vary(list[0], strings.TrimSpace(knob), listed(values))
		if err != nil {
			return nil, badInput(fmt.Errorf("--vary %s: %w", knob, err))
		}
		for _, e := range varied[1:] {
			if err := launch.Rehearse(e.Scenario); err != nil {
				return nil, badInput(fmt.Errorf("--vary %s: %w", e.Name, err))
			}
		}
		list = append(list, varied[1:]...)
	}
	times := map[string]int{}
	for i := range list {
		name := list[i].Name
		if times[name]++; times[name] > 1 {
			list[i].Name = fmt.Sprintf("%s (%d)", name, times[name])
		}
	}
	return list, nil
}

// newFile refuses a file that is there, or whose folder is not.
func newFile(name string) error {
	if name == "" {
		return nil
	}
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("%s: it is there already", name)
	}
	if info, err := os.Stat(filepath.Dir(name)); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: there is no folder %s", name, filepath.Dir(name))
	}
	return nil
}

// withPolicies is a scenario with the policies of a file in place of its own.
func withPolicies(sc *scenario.Scenario, file string) (*scenario.Scenario, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode || len(root.Content[0].Content) != 2 || root.Content[0].Content[0].Value != "policies" {
		return nil, fmt.Errorf("want a list under the key policies, and nothing else, such as policies: [{name: limit, kind: token-bucket, rate: 5/s, burst: 50}]")
	}
	changed, err := sc.With(scenario.Changes{{Path: "policies", Value: root.Content[0].Content[1]}})
	var faults scenario.Faults
	if errors.As(err, &faults) { // their lines are of this file
		for i := range faults {
			if strings.HasPrefix(faults[i].Path, "policies") {
				faults[i].File = file
			}
		}
		return nil, faults
	}
	return changed, err
}

// listed are the values of a list, with commas between them that stand in no bracket.
func listed(text string) (values []string) {
	depth, from := 0, 0
	for i, r := range text {
		switch {
		case strings.ContainsRune("{[", r):
			depth++
		case strings.ContainsRune("}]", r):
			depth--
		case r == ',' && depth == 0:
			values, from = append(values, strings.TrimSpace(text[from:i])), i+1
		}
	}
	return append(values, strings.TrimSpace(text[from:]))
}

// An interval is written as in the summary.json of replications.
type interval struct {
	Mean metrics.Figure `json:"mean"`
	Lo   metrics.Figure `json:"lo"`
	Hi   metrics.Figure `json:"hi"`
	N    int            `json:"n"`
}

func intervalOf(i stats.Interval) interval {
	return interval{metrics.Figure(i.Mean), metrics.Figure(i.Lo), metrics.Figure(i.Hi), i.N}
}

// A pairOf is one figure of A and of B, and the difference B - A.
type pairOf struct {
	A          interval       `json:"a"`
	B          interval       `json:"b"`
	Difference interval       `json:"difference"`
	P          metrics.Figure `json:"p"`          // of the paired t test, Holm's for all alternatives
	Lower      int            `json:"b_lower_in"` // pairs
	Higher     int            `json:"b_higher_in"`
}

// A pairJSON is a comparison of two scenarios.
type pairJSON struct {
	A          string            `json:"a"`
	B          string            `json:"b"`
	Seed       uint64            `json:"seed"`
	Reps       int               `json:"replications"`
	Scale      float64           `json:"scale"`
	Confidence float64           `json:"confidence"`
	Warnings   []string          `json:"warnings,omitempty"`
	Figures    map[string]pairOf `json:"figures"`
}

func comparisonJSON(w io.Writer, pairs []*study.Comparison) error {
	var list []pairJSON
	for _, c := range pairs {
		figures := map[string]pairOf{}
		for _, f := range c.Figures {
			figures[f.Name] = pairOf{intervalOf(f.A), intervalOf(f.B), intervalOf(f.Difference), metrics.Figure(f.P), f.Lower, f.Higher}
		}
		list = append(list, pairJSON{c.A, c.B, c.Seed, c.Reps, c.Scale, study.Confidence, c.Warnings, figures})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if len(list) == 1 {
		return enc.Encode(list[0])
	}
	return enc.Encode(map[string][]pairJSON{"pairs": list})
}
