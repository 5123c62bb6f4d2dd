package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/study"
)

func compareCommand() *cobra.Command {
	var w world
	var reps, workers int
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare A B",
		Short: "Compare two scenarios on common random numbers",
		Long: `Run two scenarios on the same random numbers, replication by replication, and
print for the main metrics both means and the paired difference with its 95 %
confidence interval.`,
		Example: `  launchday compare quiet-day ghibli-2025 --scale 1/10000 --reps 5
  launchday compare mm1 mm1-faster.yaml --reps 20`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reps < 2 {
				return badInput(fmt.Errorf("--reps %d: want at least 2, for one pair has no interval", reps))
			}
			a, err := read(args[0], w.set, w.scale)
			if err != nil {
				return err
			}
			b, err := read(args[1], w.set, w.scale)
			if err != nil {
				return err
			}
			if a.Scale != b.Scale {
				return badInput(fmt.Errorf("the scenarios are at different scales, %v and %v: want one, by --scale", a.Scale, b.Scale))
			}
			bar := newProgress(cmd.ErrOrStderr())
			result, err := study.Compare(cmd.Context(), a, b, w.seed, reps, workers, bar.replications)
			bar.done()
			if err != nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(result)
			}
			return result.Text(cmd.OutOrStdout())
		},
	}
	w.flags(c)
	c.Flags().IntVar(&reps, "reps", 10, "paired replications, at least 2")
	c.Flags().IntVar(&workers, "workers", 0, "replications at a time (default: one for each processor)")
	c.Flags().BoolVar(&asJSON, "json", false, "print every figure as JSON and nothing else")
	return c
}
