package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/study"
)

func branchCommand() *cobra.Command {
	var in input
	var at, label, chart string
	var set []string
	var reps int
	c := &cobra.Command{
		Use:   "branch SCENARIO --at T --set KNOB=VALUE",
		Short: "Say how a world goes on after another decision",
		Long: `Play a scenario as it is and with another decision at a moment, on the same random
numbers: up to then both are the same world, draw by draw. What differs after it is
told in words and figures, with 95 % intervals of the paired differences, and drawn
over time.`,
		Example: `  launchday branch ghibli-2025 --at 2025-03-27T18:00:00Z --set policies.free-gate.percent=0% \
    --label "the free tier stays out" --reps 5 --chart stays-out.png
  launchday branch standard-surge --at +30m --set pools.gpus.nodes=150`,
		Args: arguments("SCENARIO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ending := strings.ToLower(filepath.Ext(chart))
			switch {
			case at == "":
				return badInput(fmt.Errorf("--at is missing: want the moment of the decision, such as +30m or 2025-03-27T18:00:00Z"))
			case len(set) == 0:
				return badInput(fmt.Errorf("--set is missing: want the decision, such as pools.gpus.nodes=5k"))
			case reps < 2:
				return badInput(fmt.Errorf("--reps %d: want at least 2, for one pair has no interval", reps))
			case chart != "" && ending != ".png" && ending != ".svg":
				return badInput(fmt.Errorf("--chart %s: want a file ending in .png or .svg", chart))
			}
			if err := newFile(chart); err != nil {
				return badInput(fmt.Errorf("--chart %w", err))
			}
			sc, err := in.read(args[0])
			if err != nil {
				return err
			}
			var decision scenario.Changes
			for _, s := range set {
				knob, value, ok := strings.Cut(s, "=")
				if !ok {
					return badInput(fmt.Errorf("--set %s: want knob=value, such as pools.gpus.nodes=5k", s))
				}
				change, err := scenario.NewChange(strings.TrimSpace(knob), value)
				if err != nil {
					return badInput(err)
				}
				decision = append(decision, change)
			}
			if label == "" {
				label = strings.Join(set, ", ")
			}
			bar := newProgress(cmd.ErrOrStderr())
			b, err := study.BranchAt(cmd.Context(), sc, at, label, decision, in.seed, reps, 0, bar.replications)
			bar.clear()
			if err != nil {
				if cmd.Context().Err() != nil {
					return err
				}
				return badInput(fmt.Errorf("%s: %w", args[0], err))
			}
			if chart != "" {
				picture, err := b.Picture(ending == ".svg")
				if err != nil {
					return err
				}
				if err := os.WriteFile(chart, picture, 0o644); err != nil {
					return badInput(err)
				}
			}
			return b.Text(cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&at, "at", "", "moment of the decision: an offset from the start, or a date")
	c.Flags().StringArrayVar(&set, "set", nil, "the decision: a knob and its value from then on; may be repeated")
	c.Flags().StringVar(&label, "label", "", "the decision in a few words (default: its knobs)")
	c.Flags().StringVar(&chart, "chart", "", "write the differences over time to this new file, .png or .svg")
	c.Flags().IntVar(&reps, "reps", 10, "paired replications, at least 2")
	c.Flags().StringVar(&in.scale, "scale", "", "share of the world to simulate, such as 1/1000 (default: the scenario's)")
	c.Flags().Uint64Var(&in.seed, "seed", 1, "seed of all random numbers")
	in.seedFlag = c.Flags().Lookup("seed")
	return c
}
