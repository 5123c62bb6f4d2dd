package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/study"
)

func checkCommand() *cobra.Command {
	var in input
	c := &cobra.Command{
		Use:   "check SCENARIO",
		Short: "Read a scenario and report its faults, one a line",
		Long: `Read a scenario and report every fault: its place in the file, what is wrong and
what would be right.`,
		Example: `  launchday check my-incident.yaml
  launchday check ghibli-2025 --set pools.gpus.nodes=5k`,
		Args: arguments("SCENARIO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sc, err := in.read(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "ok: %s, %v at scale %v: %s, %s, %s, %s, %s, %s, %s\n", sc.Name, sc.Duration, sc.Scale,
				counted(len(sc.Tiers), "tier"), counted(len(sc.Classes), "class"), counted(len(sc.Pools), "pool"), counted(len(sc.Demand.Streams), "stream"),
				counted(len(sc.Policies), "policy"), counted(len(sc.Timeline), "patch"), counted(len(sc.Record), "fact"))
			if err != nil {
				return err
			}
			warnings, err := study.Warnings(sc)
			for _, w := range warnings {
				fmt.Fprintf(cmd.OutOrStdout(), "Mind: %s.\n", w)
			}
			return err
		},
	}
	in.flags(c)
	return c
}

// counted writes a number of things: 1 tier, 2 classes, 3 policies.
func counted(n int, thing string) string {
	if n != 1 {
		switch thing {
		case "class", "patch":
			thing += "es"
		case "policy":
			thing = "policies"
		default:
			thing += "s"
		}
	}
	return fmt.Sprintf("%d %s", n, thing)
}
