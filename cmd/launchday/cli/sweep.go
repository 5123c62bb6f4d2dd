package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/study/sweep"
)

func sweepCommand() *cobra.Command {
	var out, shard string
	var workers int
	c := &cobra.Command{
		Use:   "sweep STUDY",
		Short: "Run a scenario over a design of factors, into one table",
		Long: `Run the scenario of a study file over its design: every combination of factors, a
Latin hypercube, or one factor at a time, each cell with the same replications on
common random numbers. Runs are entered in a log as they end: started again after an
interruption a sweep goes on where it was. With --shard it makes a part of the runs
only, and merge puts the parts together. Without it the part is that of a job of
Slurm (SLURM_ARRAY_TASK_ID) or of an Indexed Job of Kubernetes
(JOB_COMPLETION_INDEX, of LAUNCHDAY_SHARDS), where these are set.`,
		Example: `  launchday sweep study-policies
  launchday sweep study.yaml --out results/mine
  launchday sweep study.yaml --shard 2/4 --out results/part-2
  launchday merge study.yaml --out results/whole results/part-1 results/part-2 ...`,
		Args: arguments("STUDY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			part, err := shardOf(shard)
			if err != nil {
				return badInput(err)
			}
			s, st, err := openStudy(args[0], out)
			if err != nil {
				return err
			}
			bar := newProgress(cmd.ErrOrStderr())
			err = s.Run(cmd.Context(), st, part, workers, bar.replications)
			bar.clear()
			if err = errors.Join(err, st.Close()); err != nil {
				if cmd.Context().Err() != nil {
					return keptError{fmt.Errorf("interrupted: %d of %d runs are in %s, and the same command goes on with the others", s.Runs()-s.Missing(st), s.Runs(), st.Dir())}
				}
				return err
			}
			if missing := s.Missing(st); part != sweep.Whole && missing > 0 {
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: part %d of %d is done, %d of %d runs are elsewhere: launchday merge %s --out DIR puts them together\n",
					s.Name, part.Index+1, part.Of, missing, s.Runs(), args[0])
				return err
			}
			return writeStudy(cmd.OutOrStdout(), s, st)
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder of the study (default: results/NAME)")
	c.Flags().StringVar(&shard, "shard", "", "make only this part of the runs, such as 2/4")
	c.Flags().IntVar(&workers, "workers", 0, "runs at the same time (default: one for each processor)")
	return c
}

func mergeCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "merge STUDY DIR...",
		Short: "Put the parts of a sweep together",
		Long: `Put the runs of the parts of a sweep into one folder, and make its table and
pictures: byte by byte those of a sweep on one machine. Parts that are missing are said.`,
		Example: `  launchday merge study.yaml --out results/whole results/part-1 results/part-2`,
		Args: func(c *cobra.Command, args []string) error {
			return arguments("STUDY", "DIR")(c, args[:min(len(args), 2)])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, st, err := openStudy(args[0], out)
			if err != nil {
				return err
			}
			if err := errors.Join(s.Merge(st, args[1:], version()), st.Close()); err != nil {
				return badInput(err)
			}
			return writeStudy(cmd.OutOrStdout(), s, st)
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder of the whole study (default: results/NAME)")
	return c
}

// openStudy reads a study file, or one that is shipped, and opens its folder.
func openStudy(arg, out string) (*sweep.Study, *sweep.Store, error) {
	fsys, name, err := locateStudy(arg)
	if err != nil {
		return nil, nil, badInput(err)
	}
	s, err := sweep.Read(fsys, name)
	if err != nil {
		return nil, nil, badInput(err)
	}
	if out == "" {
		out = filepath.Join("results", s.Name)
	}
	st, err := sweep.Open(out, s, version())
	if err != nil {
		return nil, nil, badInput(err)
	}
	return s, st, nil
}

func writeStudy(w io.Writer, s *sweep.Study, st *sweep.Store) error {
	names, err := s.Write(st)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s: %d cells, %d replications each, in %s: %s\n", s.Name, len(s.Cells), s.Reps, st.Dir(), strings.Join(names, ", "))
	return err
}

// shardOf reads i/n, or what a cluster says of the part in the environment.
func shardOf(text string) (sweep.Shard, error) {
	number := func(name string) (int, bool) {
		v, err := strconv.Atoi(os.Getenv(name))
		return v, err == nil
	}
	if text == "" {
		if id, ok := number("SLURM_ARRAY_TASK_ID"); ok {
			first, _ := number("SLURM_ARRAY_TASK_MIN")
			if n, ok := number("SLURM_ARRAY_TASK_COUNT"); ok {
				text = fmt.Sprintf("%d/%d", id-first+1, n)
			}
		} else if id, ok := number("JOB_COMPLETION_INDEX"); ok {
			n, ok := number("LAUNCHDAY_SHARDS")
			if !ok {
				return sweep.Whole, fmt.Errorf("JOB_COMPLETION_INDEX is set and LAUNCHDAY_SHARDS is not: want there the number of completions of the job")
			}
			text = fmt.Sprintf("%d/%d", id+1, n)
		}
	}
	if text == "" {
		return sweep.Whole, nil
	}
	i, n, _ := strings.Cut(text, "/")
	index, err1 := strconv.Atoi(i)
	of, err2 := strconv.Atoi(n)
	if err1 != nil || err2 != nil || index < 1 || index > of {
		return sweep.Whole, fmt.Errorf("--shard %s: want a part and their number, from 1/4 to 4/4", text)
	}
	return sweep.Shard{Index: index - 1, Of: of}, nil
}
