// Package cli is the command line of Launchday, for its own command and for programs that
// add to it: one with policies or guards of its own has all of Launchday's commands with
//
//	package main
//
//	import (
//		"github.com/launchday-sim/launchday/cmd/launchday/cli"
//
//		_ "example.org/mine/returnersfirst" // calls policy.Register
//	)
//
//	func main() { cli.Main() }
//
// Exit codes: 0 done, 1 a run that failed, 2 bad input, 130 interrupted. What is
// wrong is said on standard error, one line a fault.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/unit"
	_ "github.com/launchday-sim/launchday/study/trace" // logs in Parquet
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitBadInput    = 2
	exitInterrupted = 130
)

// Main runs the command line of the process and ends it.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	// What cobra refuses before a command has begun is bad input.
	begun := false
	root.PersistentPreRun = func(*cobra.Command, []string) { begun = true }
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var bad inputError
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil && errors.As(err, new(keptError)):
		fmt.Fprintln(stderr, strings.TrimSpace(err.Error()))
		return exitInterrupted
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "interrupted: nothing was written")
		return exitInterrupted
	case !begun || errors.As(err, &bad):
		fmt.Fprintln(stderr, strings.TrimSpace(err.Error()))
		return exitBadInput
	}
	fmt.Fprintln(stderr, strings.TrimSpace(err.Error()))
	return exitFailed
}

func rootCommand() *cobra.Command {
	root := group(&cobra.Command{
		Use:   "launchday",
		Short: "Simulate a launch-day traffic surge on an AI service",
		Example: `  launchday run ghibli-2025            the ChatGPT image launch of March 2025
  launchday scenarios list             what else is shipped
  launchday check my-incident.yaml     read a scenario and report its faults`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	})
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if c.HasSubCommands() && c.Flags().NArg() > 0 {
			return unknownCommand(c, c.Flags().Arg(0)) // whose flags these are
		}
		return fmt.Errorf("%s: %s", c.CommandPath(), conversion.ReplaceAllString(err.Error(), ": want a whole number"))
	})
	root.AddCommand(runCommand(), compareCommand(), branchCommand(), sweepCommand(), mergeCommand(), verifyCommand(), diffCommand(), paperCommand(), checkCommand(), scenariosCommand(), leversCommand(), schemaCommand(), validateCommand(), fitCommand(), versionCommand())
	return root
}

// conversion is what Go says of a number that it cannot read.
var conversion = regexp.MustCompile(`: strconv\.Parse(Int|Uint|Float): .*$`)

// group makes a command that only holds others say what they are.
func group(c *cobra.Command) *cobra.Command {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(c, args[0])
		}
		return nil
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return c
}

func unknownCommand(c *cobra.Command, name string) error {
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	want := strings.Join(names, ", ")
	if near := unit.Nearest(name, names); near != "" {
		want = near
	}
	return fmt.Errorf("%s: %q is no command: want %s", c.CommandPath(), name, want)
}

// arguments refuses any other number of arguments than that of the names; those
// in brackets may be left out.
func arguments(names ...string) cobra.PositionalArgs {
	least := 0
	for _, n := range names {
		if !strings.HasPrefix(n, "[") {
			least++
		}
	}
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(names) == 0 && len(args) > 0:
			return fmt.Errorf("%s: %q is too much: want no arguments", c.CommandPath(), args[0])
		case len(args) > len(names):
			return fmt.Errorf("%s: %q is too much: want %s", c.CommandPath(), args[len(names)], strings.Join(names, " "))
		case len(args) < least:
			return fmt.Errorf("%s: %s is missing: want %s", c.CommandPath(), names[len(args)], strings.Join(names, " "))
		}
		return nil
	}
}

// keptError is an interruption that leaves what was done.
type keptError struct{ error }

// inputError marks an error as the user's.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

// badInput marks an error as the user's; nil stays nil.
func badInput(err error) error {
	if err == nil {
		return nil
	}
	return inputError{err}
}
