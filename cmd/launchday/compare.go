package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim/stats"
	"github.com/launchday-sim/launchday/study"
)

func compareCommand() *cobra.Command {
	var in input
	var reps int
	var asJSON bool
	var chart string
	c := &cobra.Command{
		Use:   "compare A B [C...]",
		Short: "Compare scenarios on common random numbers",
		Long: `Run scenarios on the same random numbers, replication by replication, and hold
each but the first against the first: in words, and for the main metrics both
means and the paired difference with its 95 % confidence interval. Knobs are
changed in all.`,
		Example: `  launchday compare mm1 my-queue.yaml --reps 20
  launchday compare none.yaml codel.yaml pie.yaml --chart levers.png
  launchday compare quiet-day ghibli-2025 --scale 1/2000 --reps 5`,
		Args: func(c *cobra.Command, args []string) error {
			return arguments("A", "B")(c, args[:min(len(args), 2)])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ending := strings.ToLower(filepath.Ext(chart))
			switch {
			case reps < 2:
				return badInput(fmt.Errorf("--reps %d: want at least 2, for one pair has no interval", reps))
			case chart != "" && ending != ".png" && ending != ".svg":
				return badInput(fmt.Errorf("--chart %s: want a file ending in .png or .svg", chart))
			}
			if _, err := os.Lstat(chart); chart != "" && err == nil {
				return badInput(fmt.Errorf("--chart %s: it is there already", chart))
			}
			var scenarios []*scenario.Scenario
			for _, arg := range args {
				sc, err := in.read(arg)
				if err != nil {
					return err
				}
				if len(scenarios) > 0 && sc.Scale != scenarios[0].Scale {
					return badInput(fmt.Errorf("%s is at scale %v and %s at %v: want one for both, by --scale", args[0], scenarios[0].Scale, arg, sc.Scale))
				}
				scenarios = append(scenarios, sc)
			}
			bar := newProgress(cmd.ErrOrStderr())
			pairs, err := study.CompareAll(cmd.Context(), scenarios, in.seed, reps, 0, bar.replications)
			bar.clear()
			if err != nil {
				return err
			}
			if chart != "" {
				picture, err := study.Chart(pairs, ending == ".svg")
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
	c.Flags().StringVar(&chart, "chart", "", "write a chart to this new file, .png or .svg")
	c.Flags().BoolVar(&asJSON, "json", false, "print every figure of summary.json, at full scale, as JSON, and nothing else; of more than two scenarios an object for each pair, in pairs")
	return c
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
	A          interval `json:"a"`
	B          interval `json:"b"`
	Difference interval `json:"difference"`
	Lower      int      `json:"b_lower_in"` // pairs
}

// A pairJSON is a comparison of two scenarios.
type pairJSON struct {
	A          string            `json:"a"`
	B          string            `json:"b"`
	Seed       uint64            `json:"seed"`
	Reps       int               `json:"replications"`
	Scale      float64           `json:"scale"`
	Confidence float64           `json:"confidence"`
	Figures    map[string]pairOf `json:"figures"`
}

func comparisonJSON(w io.Writer, pairs []*study.Comparison) error {
	var list []pairJSON
	for _, c := range pairs {
		figures := map[string]pairOf{}
		for _, f := range c.Figures {
			figures[f.Name] = pairOf{intervalOf(f.A), intervalOf(f.B), intervalOf(f.Difference), f.Lower}
		}
		list = append(list, pairJSON{c.A, c.B, c.Seed, c.Reps, c.Scale, study.Confidence, figures})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if len(list) == 1 {
		return enc.Encode(list[0])
	}
	return enc.Encode(map[string][]pairJSON{"pairs": list})
}
