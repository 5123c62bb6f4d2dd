package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/launch"
)

func checkCommand() *cobra.Command {
	var w world
	c := &cobra.Command{
		Use:     "check SCENARIO",
		Short:   "Read a scenario and report its faults, one a line",
		Example: "  launchday check my-incident.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			sc, err := read(args[0], w.set, w.scale)
			if err != nil {
				return err
			}
			if _, err := launch.New(sc, launch.Options{Seed: w.seed, Record: true}); err != nil {
				return badInput(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "ok: %s, %v at scale %v: %d tiers, %d classes, %d pools, %d streams, %d policies, %d patches, %d facts\n",
				sc.Name, sc.Duration, sc.Scale, len(sc.Tiers), len(sc.Classes), len(sc.Pools), len(sc.Demand.Streams), len(sc.Policies), len(sc.Timeline), len(sc.Record))
			return nil
		},
	}
	w.flags(c)
	return c
}
