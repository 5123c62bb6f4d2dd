// Command launchday simulates a launch-day traffic surge on an AI service.
//
//	launchday run ghibli-2025
//	launchday run mm1 --set demand.streams.jobs.rate=0.95/s --seed 7
//	launchday compare quiet-day ghibli-2025 --reps 10
//
// Exit codes: 0 done, 1 a run that failed, 2 bad input, 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(Main()) }

// Main runs the command line and returns the exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// inputError marks an error as the user's: exit code 2.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

func badInput(err error) error {
	if err == nil {
		return nil
	}
	return inputError{err}
}

func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "launchday",
		Short:         "Simulate a launch-day traffic surge on an AI service",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		Example: `  launchday run ghibli-2025            the ChatGPT image launch of March 2025
  launchday scenarios list             what else is shipped
  launchday check my-incident.yaml     read a scenario and report its faults`,
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badInput(err) })
	root.AddCommand(runCommand(), compareCommand(), checkCommand(), scenariosCommand(), schemaCommand(), validateCommand(), fitCommand(), versionCommand())
	cmd, err := root.ExecuteContextC(ctx)
	var bad inputError
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "interrupted: nothing was written")
		return 130
	case errors.As(err, &bad) || isUsage(err):
		fmt.Fprintln(stderr, strings.TrimSpace(err.Error()))
		if isUsage(err) {
			fmt.Fprintf(stderr, "try: %s --help\n", cmd.CommandPath())
		}
		return 2
	}
	fmt.Fprintln(stderr, strings.TrimSpace(err.Error()))
	return 1
}

// isUsage reports whether cobra itself refused the arguments.
func isUsage(err error) bool {
	text := err.Error()
	for _, start := range []string{"unknown command", "accepts ", "requires at least", "required flag", "unknown flag", "unknown shorthand"} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}
