package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/examples"
	"github.com/launchday-sim/launchday/models/scenario"
)

func scenariosCommand() *cobra.Command {
	c := group(&cobra.Command{Use: "scenarios", Short: "List, show and copy the scenarios that are shipped"})
	c.AddCommand(listCommand(), showCommand(), initCommand())
	return c
}

func listCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the scenarios that are shipped",
		Example: "  launchday scenarios list",
		Args:    arguments(),
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
}

func showCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Print a shipped scenario",
		Example: "  launchday scenarios show mm1",
		Args:    arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := shippedText(args[0])
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}

func initCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "init NAME [FILE]",
		Short: "Copy a shipped scenario to a file, to start from",
		Long: `Copy a shipped scenario with its comments to a file, NAME.yaml if none is given,
to start from.`,
		Example: `  launchday scenarios init erlang-a my-queue.yaml
  launchday run my-queue.yaml --set name=my-queue`,
		Args: arguments("NAME", "[FILE]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := shippedText(args[0])
			if err != nil {
				return err
			}
			to := args[0] + ".yaml"
			if len(args) == 2 {
				to = args[1]
			}
			if err := create(to, force, append([]byte(preface(args[0], to)), renamed(text, to)...)); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is written. Next: launchday run %s\n", to, to)
			return err
		},
	}
	c.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	return c
}

// renamed is the text of a scenario under the name of the file that it goes to, so
// that its results do not lie among those of the original.
func renamed(text []byte, file string) []byte {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	return firstName.ReplaceAll(text, []byte("name: "+strings.ReplaceAll(strconv.Quote(name), "$", "$$")))
}

var firstName = regexp.MustCompile(`(?m)^name: .*$`)

// preface is the comment at the head of a copy.
func preface(name, to string) string {
	return fmt.Sprintf(`# A copy of the shipped scenario %s. Change what you like:
#
#   launchday check %[2]s          is it all right?
#   launchday run %[2]s
#   launchday schema --reference   what every key means

`, name, to)
}

// create writes a new file; with force one that is there is replaced.
func create(path string, force bool, text []byte) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o644)
	switch {
	case errors.Is(err, fs.ErrExist):
		return badInput(fmt.Errorf("%s: it is there already (--force replaces it)", path))
	case err != nil:
		return badInput(err)
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// shippedText is the text of a shipped scenario.
func shippedText(name string) ([]byte, error) {
	file, err := shippedFile(name)
	if err != nil {
		return nil, badInput(err)
	}
	return fs.ReadFile(examples.FS, file)
}
