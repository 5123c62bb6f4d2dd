package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/study"
)

func fitCommand() *cobra.Command {
	var w world
	var free []string
	o := study.FitOptions{}
	c := &cobra.Command{
		Use:   "fit SCENARIO --free knob:lo..hi ...",
		Short: "Calibrate knobs on the record's calibrate rows",
		Long: `Move as many knobs as the scenario's record has rows marked ` + "`use: calibrate`" + ` until
the simulated figures of these rows, and of no others, meet the published ones,
and print the values to write into the file.`,
		Example: `  launchday fit ghibli-2025 --free pools.gpus.nodes:2.5k..12k \
    --free demand.streams.image-free.interest:5%..90% \
    --free demand.streams.signups.sharing.per_completion:0.02..1`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			sc, err := read(args[0], w.set, w.scale)
			if err != nil {
				return err
			}
			var knobs []study.Free
			for _, text := range free {
				k, err := study.ParseFree(sc, text)
				if err != nil {
					return badInput(err)
				}
				knobs = append(knobs, k)
			}
			o.Seed = w.seed
			bar := newProgress(cmd.ErrOrStderr())
			o.Progress = func(round int, _ []float64, misfit float64) {
				bar.show(int64(round), int64(o.Rounds), fmt.Sprintf("round %d, worst misfit %.2f %%", round, 100*misfit))
			}
			fitted, err := study.Fit(cmd.Context(), sc, knobs, o)
			bar.done()
			if err != nil {
				return err
			}
			return fitted.Text(cmd.OutOrStdout())
		},
	}
	w.flags(c)
	c.Flags().StringArrayVar(&free, "free", nil, "a knob that may move, and its range, as knob:lo..hi; as many as there are calibrate rows")
	c.Flags().IntVar(&o.Reps, "reps", 2, "replications a trial")
	c.Flags().IntVar(&o.Rounds, "rounds", 12, "rounds at most")
	c.Flags().IntVar(&o.Workers, "workers", 0, "replications at a time (default: one for each processor)")
	_ = c.MarkFlagRequired("free")
	return c
}
