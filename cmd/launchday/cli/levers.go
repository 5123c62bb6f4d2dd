package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/examples"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/study"
)

func leversCommand() *cobra.Command {
	c := group(&cobra.Command{Use: "levers", Short: "List, explain and draw the policies, queue disciplines and client behaviours"})
	c.AddCommand(leversListCommand(), leversShowCommand(), leversDocsCommand())
	return c
}

func leversListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the levers of the catalogue",
		Example: "  launchday levers list",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tHEADING\tPRESETS")
			for _, l := range study.Levers() {
				presets := ""
				if l.Presets != "" {
					presets = "inference, source"
				}
				fmt.Fprintf(t, "%s\t%s\t%s\n", l.Name, l.Heading, presets)
			}
			return t.Flush()
		},
	}
}

func leversShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Explain a lever: what it does, its parameters, its source, when it fails",
		Example: "  launchday levers show token-bucket",
		Args:    arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var names []string
			for _, l := range study.Levers() {
				if l.Name == args[0] {
					stand, err := measuringStand()
					if err != nil {
						return err
					}
					if err := measure(cmd, stand, &l); err != nil {
						return err
					}
					_, err = fmt.Fprint(cmd.OutOrStdout(), l.Section(galleryFromDocs))
					return err
				}
				names = append(names, l.Name)
			}
			want := "one of launchday levers list"
			begins := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasPrefix(n, args[0]) })
			if near := unit.Nearest(args[0], names); near != "" {
				want = near
			} else if len(begins) > 0 && args[0] != "" {
				want = strings.Join(begins, " or ")
			}
			return badInput(fmt.Errorf("%q is no lever: want %s", args[0], want))
		},
	}
}

func standardSurge() (*scenario.Scenario, error) {
	return scenario.Read(examples.FS, "scenarios/standard-surge.yaml")
}

func measuringStand() (*study.Stand, error) {
	surge, err := standardSurge()
	if err != nil {
		return nil, err
	}
	return study.NewStand(surge)
}

// measure puts what a lever does, in figures, into its section.
func measure(cmd *cobra.Command, stand *study.Stand, l *study.Lever) error {
	trials, err := stand.Try(cmd.Context(), l)
	if err != nil {
		return err
	}
	l.Measured = trials.Text()
	return nil
}

// Where the catalogue and its pictures stand in the repository.
const (
	galleryFromDocs = "../results/gallery/levers"
	catalogueFile   = "docs/policies.md"
	catalogueFolder = "results/gallery/levers"
)

func leversDocsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "docs [DIR]",
		Short: "Write the catalogue with its pictures, " + catalogueFile,
		Long: `Write ` + catalogueFile + ` and a small picture of each lever under the standard surge, in
` + catalogueFolder + `, below DIR (default: the folder that you are in).`,
		Example: "  launchday levers docs",
		Args:    arguments("[DIR]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			surge, err := standardSurge()
			if err != nil {
				return err
			}
			for _, folder := range []string{filepath.Dir(catalogueFile), catalogueFolder} {
				if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
					return badInput(err)
				}
			}
			stand, err := study.NewStand(surge)
			if err != nil {
				return err
			}
			levers := study.Levers()
			bar := newProgress(cmd.ErrOrStderr())
			defer bar.clear()
			for i := range levers {
				bar.show(fmt.Sprintf("%d of %d: %s", i+1, len(levers), levers[i].Name))
				png, err := levers[i].Picture(cmd.Context(), surge)
				if err != nil {
					return err
				}
				if err := measure(cmd, stand, &levers[i]); err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(dir, catalogueFolder, levers[i].Name+".png"), png, 0o644); err != nil {
					return err
				}
			}
			return os.WriteFile(filepath.Join(dir, catalogueFile), []byte(study.Catalogue(levers, galleryFromDocs)), 0o644)
		},
	}
}
