package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/study"
)

// errTraced ends a run of whose trace enough has been printed.
var errTraced = errors.New("the trace is complete")

// trace prints the first limit events of a run, or all if that is 0: the time,
// which is below 0 in the warm-up, the actor and what happens to it.
func trace(cmd *cobra.Command, sc *scenario.Scenario, seed uint64, limit int) error {
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	out := bufio.NewWriter(cmd.OutOrStdout())
	printed := 0
	watch := func(k *sim.Kernel) {
		k.Observe(func(now sim.Time, ev sim.Event) {
			// The run goes on for a moment after it was told to stop.
			if ctx.Err() != nil {
				return
			}
			if limit > 0 && printed == limit {
				stop(errTraced)
				return
			}
			printed++
			if _, err := fmt.Fprintf(out, "%22v  %s\n", now-sim.Time(sc.Warmup), k.Describe(ev)); err != nil {
				stop(err)
			}
		})
	}
	_, err := study.Play(ctx, sc, study.Options{Seed: seed, Watch: watch})
	if failed := out.Flush(); failed != nil {
		return failed
	}
	if context.Cause(ctx) == errTraced {
		fmt.Fprintf(cmd.ErrOrStderr(), "these are the first %d events; --trace=0 prints all\n", limit)
		return nil
	}
	return err
}
