package cli

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/study"
)

func fitCommand() *cobra.Command {
	var in input
	var free []string
	var write bool
	o := study.FitOptions{Rounds: 12}
	c := &cobra.Command{
		Use:   "fit SCENARIO --free knob:lo..hi ...",
		Short: "Calibrate knobs on the record's calibrate rows",
		Long: `Move as many knobs as the scenario's record has rows marked ` + "`use: calibrate`" + ` until
the simulated figures of these rows, and of no others, meet the published ones,
and print the values, as they stand in a scenario file. Where a row stays outside
what is accepted, the exit code is 1 and nothing is written.`,
		Example: `  launchday fit ghibli-2025 --free pools.gpus.nodes:2.5k..12k \
    --free demand.streams.image-free.interest:5%..90% \
    --free demand.streams.signups.sharing.per_completion:0.02..1
  launchday fit my-incident.yaml --free pools.main.nodes:100..1k --write`,
		Args: arguments("SCENARIO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sc, err := in.read(args[0])
			if err != nil {
				return err
			}
			knobs, err := freeKnobs(sc, free)
			if err != nil {
				return badInput(err)
			}
			if o.Reps < 1 {
				return badInput(fmt.Errorf("--reps %d: want at least 1", o.Reps))
			}
			var file *knobFile
			if write {
				if file, err = openKnobs(args[0], knobs); err != nil {
					return badInput(err)
				}
			}
			o.Seed = in.seed
			bar := newProgress(cmd.ErrOrStderr())
			o.Progress = func(round int, _ []float64, misfit float64) {
				bar.show(fmt.Sprintf("round %d of at most %d, worst row %.2f %% off", round, o.Rounds, 100*math.Expm1(misfit)))
			}
			fitted, err := study.Fit(cmd.Context(), sc, knobs, o)
			bar.clear()
			if err != nil {
				return err
			}
			if err := fitted.Text(cmd.OutOrStdout()); err != nil {
				return err
			}
			if len(fitted.Missed) > 0 {
				return fmt.Errorf("the published figures are not met, and nothing is written:\n%s", strings.Join(fitted.Missed, "\n"))
			}
			if file == nil {
				return nil
			}
			return file.write(fitted.Knobs)
		},
	}
	in.flags(c)
	c.Flags().StringArrayVar(&free, "free", nil, "a knob that may move, and its range, as knob:lo..hi; as many as there are calibrate rows")
	c.Flags().IntVar(&o.Reps, "reps", 2, "replications a trial")
	c.Flags().BoolVar(&write, "write", false, "write the values into the scenario file too")
	return c
}

// freeKnobs reads the flags --free, of which there must be one for each row.
func freeKnobs(sc *scenario.Scenario, free []string) ([]study.Free, error) {
	rows := 0
	for _, f := range sc.Record {
		if f.Use == incident.Calibrate {
			rows++
		}
	}
	switch {
	case rows == 0:
		return nil, fmt.Errorf("%s: its record has no row with use: calibrate, so that there is nothing to fit", sc.Name)
	case len(free) != rows:
		return nil, fmt.Errorf("%s: its record has %s to fit, but %s free: want as many --free knob:lo..hi as rows",
			sc.Name, counted(rows, "calibrate row"), counted(len(free), "knob"))
	}
	var knobs []study.Free
	for _, text := range free {
		k, err := study.ParseFree(sc, text)
		if err != nil {
			return nil, fmt.Errorf("--free %w", err)
		}
		knobs = append(knobs, k)
	}
	return knobs, nil
}
