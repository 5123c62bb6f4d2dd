package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/sim/stats"
	"github.com/launchday-sim/launchday/study"
)

func compareCommand() *cobra.Command {
	var in input
	var reps int
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare A B",
		Short: "Compare two scenarios on common random numbers",
		Long: `Run two scenarios on the same random numbers, replication by replication, and
print for the main metrics both means and the paired difference with its 95 %
confidence interval. Knobs are changed in both.`,
		Example: `  launchday compare mm1 my-queue.yaml --reps 20
  launchday compare quiet-day ghibli-2025 --scale 1/2000 --reps 5`,
		Args: arguments("A", "B"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reps < 2 {
				return badInput(fmt.Errorf("--reps %d: want at least 2, for one pair has no interval", reps))
			}
			a, err := in.read(args[0])
			if err != nil {
				return err
			}
			b, err := in.read(args[1])
			if err != nil {
				return err
			}
			if a.Scale != b.Scale {
				return badInput(fmt.Errorf("%s is at scale %v and %s at %v: want one for both, by --scale", args[0], a.Scale, args[1], b.Scale))
			}
			bar := newProgress(cmd.ErrOrStderr())
			result, err := study.Compare(cmd.Context(), a, b, in.seed, reps, 0, bar.replications)
			bar.clear()
			if err != nil {
				return err
			}
			if asJSON {
				return comparisonJSON(cmd.OutOrStdout(), result)
			}
			return result.Text(cmd.OutOrStdout())
		},
	}
	in.flags(c)
	c.Flags().IntVar(&reps, "reps", 10, "paired replications, at least 2")
	c.Flags().BoolVar(&asJSON, "json", false, "print every figure of summary.json, at full scale, as JSON, and nothing else")
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

func comparisonJSON(w io.Writer, c *study.Comparison) error {
	figures := map[string]pairOf{}
	for _, f := range c.Figures {
		figures[f.Name] = pairOf{intervalOf(f.A), intervalOf(f.B), intervalOf(f.Difference), f.Lower}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		A          string            `json:"a"`
		B          string            `json:"b"`
		Seed       uint64            `json:"seed"`
		Reps       int               `json:"replications"`
		Scale      float64           `json:"scale"`
		Confidence float64           `json:"confidence"`
		Figures    map[string]pairOf `json:"figures"`
	}{c.A, c.B, c.Seed, c.Reps, c.Scale, study.Confidence, figures})
}
