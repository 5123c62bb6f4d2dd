package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/study/proof"
)

func validateCommand() *cobra.Command {
	var o proof.Options
	var coverage bool
	c := &cobra.Command{
		Use:   "validate",
		Short: "Prove the simulator against queueing theory",
		Long: `Run textbook queues through the same models and the same scenario format as
everything else, and hold them against exact values. The whole table stands or
falls together: intervals are simultaneous, at 99.9 %. A second, wider table
follows, a family of its own; its longest cases are in the full proof only.`,
		Example: `  launchday validate          some minutes
  launchday validate --full   hours: intervals of 1 %
  launchday validate --coverage   how often 95 % intervals hold the exact value, of 400`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			bar := newProgress(cmd.ErrOrStderr())
			if coverage {
				rows, err := proof.Coverage(cmd.Context(), o.Seed, 400, bar.replications)
				bar.clear()
				if err != nil {
					return err
				}
				if err := proof.CoverageText(cmd.OutOrStdout(), rows); err != nil {
					return err
				}
				for i := range rows {
					if !rows[i].OK() {
						return fmt.Errorf("%s, %s: its intervals do not cover as they should", rows[i].World, rows[i].Figure)
					}
				}
				return nil
			}
			o.Progress = bar.replications
			rows, err := proof.Narrow(cmd.Context(), o)
			bar.clear()
			if err != nil {
				return err
			}
			wide, err := proof.Wide(cmd.Context(), o)
			bar.clear()
			if err != nil {
				return err
			}
			for _, table := range [][]proof.Row{rows, wide} {
				if err := proof.Text(cmd.OutOrStdout(), table); err != nil {
					return err
				}
			}
			return disagreement(append(rows, wide...))
		},
	}
	c.Flags().BoolVar(&o.Full, "full", false, "intervals of 1 % where 10^8 customers are enough for that, and the longest cases of the wide table")
	c.Flags().BoolVar(&coverage, "coverage", false, "repeat experiments 400 times, and count how often their 95 % intervals hold the exact value")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of all random numbers")
	return c
}

// disagreement is the error of a table in which not every row holds.
func disagreement(rows []proof.Row) error {
	failed := 0
	for _, r := range rows {
		if !r.OK {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d rows do not agree with theory", failed, len(rows))
	}
	return nil
}
