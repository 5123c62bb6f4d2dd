package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/report"
	"github.com/launchday-sim/launchday/study"
)

// A runCall is what `launchday run` was asked for.
type runCall struct {
	input
	out     string
	force   bool
	reps    int
	trace   int
	json    bool
	noLever bool
	until   []string

	precisions []study.Precision
}

func runCommand() *cobra.Command {
	var r runCall
	c := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run a scenario and write its pictures and data",
		Long: `Run a scenario, which is a file, the name of one that is shipped, or the
manifest.json of an earlier run, which is repeated bit for bit (data files that it
names are looked for beside the manifest, in the working folder, and where the
scenario was), and write to a new folder: pictures (PNG and SVG), summary.json, the series as CSV and Parquet,
and a manifest. A folder appears
when it is complete: a run that is interrupted leaves none.`,
		Example: `  launchday run ghibli-2025
  launchday run ghibli-2025 --set policies.free-quota.limit=1 --seed 7
  launchday run ghibli-2025 --scale 1/100 --out results/hundredth
  launchday run mm1 --reps 20 --json
  launchday run mm1 --reps 200 --until all.wait_s.mean=5%
  launchday run results/mm1/manifest.json --out results/again
  launchday run mm1 --trace | less`,
		Args: arguments("SCENARIO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.check(cmd); err != nil {
				return badInput(err)
			}
			sc, err := r.read(args[0])
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("trace") {
				return trace(cmd, sc, r.seed, r.trace)
			}
			return r.run(cmd, sc)
		},
	}
	r.flags(c)
	c.Flags().StringVar(&r.out, "out", "", "folder to write to (default results/NAME, made unique)")
	c.Flags().BoolVar(&r.force, "force", false, "replace an earlier result")
	c.Flags().IntVar(&r.reps, "reps", 1, "replications; above 1 every figure of summary.json is a 95 % confidence interval")
	c.Flags().StringArrayVar(&r.until, "until", nil, "with --reps as the most: stop when the half-width of a figure's interval is this share of it, such as all.latency_s.p99=5%; of all, where repeated")
	c.Flags().IntVar(&r.trace, "trace", 200, "print events, one a line, in place of a report and of files: --trace=N the first N of them, 0 all")
	c.Flags().Lookup("trace").NoOptDefVal = "200"
	c.Flags().BoolVar(&r.json, "json", false, "print summary.json and nothing else")
	c.Flags().BoolVar(&r.noLever, "no-lever", true, "score the same world with no lever pulled too")
	return c
}

// check refuses what does not go together.
func (r *runCall) check(cmd *cobra.Command) error {
	if r.reps < 1 {
		return fmt.Errorf("--reps %d: want at least 1", r.reps)
	}
	for _, text := range r.until {
		path, share, ok := strings.Cut(text, "=")
		var s unit.Share
		if err := s.UnmarshalText([]byte(share)); !ok || err != nil || s <= 0 || s >= 1 {
			return fmt.Errorf("--until %s: want a figure and a share, such as all.latency_s.p99=5%%", text)
		}
		if !metrics.Exists(path) {
			return fmt.Errorf("--until: %q is no figure of summary.json: want one such as all.latency_s.p99", path)
		}
		r.precisions = append(r.precisions, study.Precision{Path: path, Share: float64(s)})
	}
	if len(r.until) > 0 && r.reps < 2 {
		return fmt.Errorf("--until: want --reps, the most replications that may be made")
	}
	if !cmd.Flags().Changed("trace") {
		return nil
	}
	if r.trace < 0 {
		return fmt.Errorf("--trace=%d: want at least 0", r.trace)
	}
	for _, other := range []string{"json", "out", "force", "reps"} {
		if cmd.Flags().Changed(other) {
			return fmt.Errorf("--trace and --%s do not go together: a trace is all that is printed, and nothing is written", other)
		}
	}
	return nil
}

func (r *runCall) run(cmd *cobra.Command, sc *scenario.Scenario) error {
	begun := time.Now()
	out := r.out
	if out == "" {
		var err error
		if out, err = defaultFolder(sc.Name, r.force); err != nil {
			return badInput(err)
		}
	}
	folder, err := report.Prepare(out, r.force)
	if err != nil {
		return badInput(err)
	}
	defer folder.Abort()
	result, all, err := r.play(cmd, sc)
	if err != nil {
		return err
	}
	result.ScenarioFile = filepath.ToSlash(r.file)
	if err := folder.Write(result, time.Since(begun)); err != nil {
		return err
	}
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if r.out == "" && !r.force {
		// Another run of the scenario may have taken the name meanwhile.
		free, err := defaultFolder(sc.Name, false)
		if err != nil {
			return err
		}
		folder.Rename(free)
	}
	if err := folder.Commit(); err != nil {
		return err
	}
	if r.json {
		text, err := os.ReadFile(filepath.Join(folder.Path(), "summary.json"))
		if err != nil {
			return err
		}
		_, err = cmd.OutOrStdout().Write(text)
		return err
	}
	if err := report.Text(cmd.OutOrStdout(), result, folder.Path()); err != nil || all == nil {
		return err
	}
	return all.Text(cmd.OutOrStdout())
}

// play runs the scenario, once or in replications of which the first is shown.
func (r *runCall) play(cmd *cobra.Command, sc *scenario.Scenario) (*report.Run, *study.Replications, error) {
	bar := newProgress(cmd.ErrOrStderr())
	defer bar.clear()
	o := study.Options{Seed: r.seed, Version: version(), NoLever: r.noLever, NoLeverScale: r.fileScale}
	if r.reps == 1 {
		o.Progress = bar.simulated
		run, err := study.Play(cmd.Context(), sc, o)
		return run, nil, err
	}
	all, err := study.ReplicateUntil(cmd.Context(), sc, o, r.precisions, r.reps, 0, bar.replications)
	if err != nil {
		return nil, nil, err
	}
	all.First.Replications = all.N()
	all.First.Intervals, err = all.JSON()
	return all.First, all, err
}

// defaultFolder is results/NAME, or the first of results/NAME-2, results/NAME-3
// ... that is not there yet; with force it is results/NAME.
func defaultFolder(name string, force bool) (string, error) {
	if !filepath.IsLocal(name) || name == "." || strings.ContainsAny(name, `/\`) {
		return "", fmt.Errorf("name: %q cannot be the name of a folder: want a plain name, or --out", name)
	}
	dir := filepath.Join("results", name)
	for n := 2; !force; n++ {
		if _, err := os.Lstat(dir); err != nil {
			break // it is not there, or report.Prepare says what is wrong
		}
		dir = filepath.Join("results", fmt.Sprintf("%s-%d", name, n))
	}
	return dir, nil
}
