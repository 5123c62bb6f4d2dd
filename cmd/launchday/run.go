package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/report"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/study"
)

func runCommand() *cobra.Command {
	var w world
	var out string
	var reps, workers, trace int
	var force, asJSON, noLever bool
	c := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run a scenario and write its pictures and data",
		Long: `Run a scenario, which is a file or the name of one that is shipped, and write to a
new folder: pictures (PNG and SVG), summary.json, the series as CSV and Parquet,
and a manifest that says how to repeat the run bit for bit.`,
		Example: `  launchday run ghibli-2025
  launchday run ghibli-2025 --set policies.free-quota.limit=1 --seed 7
  launchday run mm1 --reps 20 --json
  launchday run mm1 --trace | head -50`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			begun := time.Now()
			sc, err := read(args[0], w.set, w.scale)
			if err != nil {
				return err
			}
			if reps < 1 {
				return badInput(fmt.Errorf("--reps %d: want at least 1", reps))
			}
			// What the rooms refuse together is the user's error too.
			if _, err := launch.New(sc, launch.Options{Seed: w.seed}); err != nil {
				return badInput(err)
			}
			tracing := cmd.Flags().Changed("trace")
			o := study.Options{Seed: w.seed, Version: version(), NoLever: noLever && !tracing}
			if tracing {
				return traceRun(cmd, sc, o, trace)
			}
			if out == "" {
				out = unused(filepath.Join("results", sc.Name), force)
			}
			folder, err := report.Prepare(out, force)
			if err != nil {
				return badInput(err)
			}
			defer folder.Abort()
			bar := newProgress(cmd.ErrOrStderr())
			var run *report.Run
			if reps == 1 {
				o.Progress = bar.simulated
				run, err = study.Play(cmd.Context(), sc, o)
			} else {
				run, err = replicate(cmd, sc, o, reps, workers, bar)
			}
			bar.done()
			if err != nil {
				return err
			}
			if err := folder.Write(run, time.Since(begun)); err != nil {
				return err
			}
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			if err := folder.Commit(); err != nil {
				return err
			}
			if asJSON {
				text, err := os.ReadFile(filepath.Join(folder.Path(), "summary.json"))
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(text)
				return err
			}
			return report.Text(cmd.OutOrStdout(), run, folder.Path())
		},
	}
	w.flags(c)
	c.Flags().StringVar(&out, "out", "", "folder to write to (default results/NAME, made unique)")
	c.Flags().BoolVar(&force, "force", false, "replace an earlier result")
	c.Flags().IntVar(&reps, "reps", 1, "replications; above 1 every figure gets a 95 % confidence interval")
	c.Flags().IntVar(&workers, "workers", 0, "replications at a time (default: one for each processor)")
	c.Flags().BoolVar(&asJSON, "json", false, "print summary.json and nothing else")
	c.Flags().BoolVar(&noLever, "no-lever", true, "score the same world with no lever pulled too")
	c.Flags().IntVar(&trace, "trace", 200, "print so many events, one a line, and write nothing; 0 is all")
	c.Flags().Lookup("trace").NoOptDefVal = "200"
	return c
}

// replicate runs a scenario several times; the pictures are of the first.
func replicate(cmd *cobra.Command, sc *scenario.Scenario, o study.Options, reps, workers int, bar *progress) (*report.Run, error) {
	all, err := study.Replicate(cmd.Context(), sc, o, reps, workers, bar.replications)
	if err != nil {
		return nil, err
	}
	run := all.First
	run.Replications = reps
	run.Intervals, err = all.JSON()
	return run, err
}

// errTraced ends a run whose trace is long enough.
var errTraced = errors.New("the trace is complete")

// traceRun prints the events of a run, the first limit of them, or all if that
// is 0, and writes nothing.
func traceRun(cmd *cobra.Command, sc *scenario.Scenario, o study.Options, limit int) error {
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	out := bufio.NewWriter(cmd.OutOrStdout())
	left := limit
	o.Watch = func(k *sim.Kernel) {
		k.Observe(func(now sim.Time, ev sim.Event) {
			if limit > 0 && left == 0 {
				return
			}
			left--
			if _, err := fmt.Fprintf(out, "%14v  %s\n", now-sim.Time(sc.Warmup), k.Describe(ev)); err != nil {
				stop(err)
			}
			if left == 0 {
				stop(errTraced)
			}
		})
	}
	_, err := study.Play(ctx, sc, o)
	if flushed := out.Flush(); flushed != nil {
		return flushed
	}
	if context.Cause(ctx) == errTraced {
		fmt.Fprintf(cmd.ErrOrStderr(), "the first %d events; --trace=0 prints all\n", limit)
		return nil
	}
	return err
}

// unused returns a folder that is not there yet: name, name-2, name-3 ...
func unused(name string, force bool) string {
	dir := name
	for n := 2; !force; n++ {
		if _, err := os.Lstat(dir); err != nil {
			break
		}
		dir = fmt.Sprintf("%s-%d", name, n)
	}
	return dir
}
