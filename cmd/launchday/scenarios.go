package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/examples"
	"github.com/launchday-sim/launchday/models/scenario"
)

func scenariosCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "scenarios",
		Short: "List, show and copy the scenarios that are shipped",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "List the scenarios that are shipped",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tDURATION\tSCALE\tTITLE")
			for _, name := range shipped() {
				sc, err := scenario.Read(examples.FS, "scenarios/"+name+".yaml")
				if err != nil {
					return err
				}
				fmt.Fprintf(t, "%s\t%v\t%v\t%s\n", name, sc.Duration, sc.Scale, sc.Title)
			}
			return t.Flush()
		},
	}
	show := &cobra.Command{
		Use:     "show NAME",
		Short:   "Print a shipped scenario",
		Example: "  launchday scenarios show mm1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := source(args[0])
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	var force bool
	initialise := &cobra.Command{
		Use:     "init NAME [FILE]",
		Short:   "Copy a shipped scenario to a file, to start from",
		Example: "  launchday scenarios init erlang-a my-queue.yaml",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := source(args[0])
			if err != nil {
				return err
			}
			to := args[0] + ".yaml"
			if len(args) == 2 {
				to = args[1]
			}
			flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
			if force {
				flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
			}
			f, err := os.OpenFile(to, flags, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return badInput(fmt.Errorf("%s: it is there already (--force replaces it)", to))
			}
			if err != nil {
				return badInput(err)
			}
			_, err = f.Write(text)
			if err := errors.Join(err, f.Close()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s written; try: launchday run %s\n", to, to)
			return nil
		},
	}
	initialise.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	c.AddCommand(list, show, initialise)
	return c
}

// source is the text of a shipped scenario.
func source(name string) ([]byte, error) {
	fsys, file, err := locate(name)
	if err != nil {
		return nil, badInput(err)
	}
	text, err := fs.ReadFile(fsys, file)
	return text, badInput(err)
}
