package sweep

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/sim/experiment"
)

// A Shard is a part of the runs of a study: those whose number leaves the remainder Index
// when it is divided by Of.
type Shard struct{ Index, Of int } // 0 <= Index < Of

// Whole is the shard of all runs.
var Whole = Shard{0, 1}

// Runs is the number of runs of a study.
func (s *Study) Runs() int { return len(s.Cells) * s.Reps }

// key names a run by all that decides what comes out of it.
func (s *Study) key(cell, rep int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d %q", s.Cells[cell].hash, s.Seed, rep, s.Metrics))
	return hex.EncodeToString(sum[:12])
}

// Run makes the runs of a shard that are not in the store, on that many workers (0: all
// processors), replication by replication, so that what is there after some time is a
// smaller study. An interrupted Run keeps what has ended.
func (s *Study) Run(ctx context.Context, st *Store, part Shard, workers int, progress func(done, of int)) error {
	type task struct{ cell, rep int }
	var missing []task
	number := 0
	for rep := range s.Reps {
		for cell := range s.Cells {
			if number%part.Of == part.Index {
				if _, there := st.Get(s.key(cell, rep)); !there {
					missing = append(missing, task{cell, rep})
				}
			}
			number++
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err := experiment.Run(ctx, func(ctx context.Context, k uint64) ([]experiment.Figure, error) {
		t := missing[k]
		res, err := launch.Play(ctx, s.Cells[t.cell].Scenario, launch.Options{Seed: uint64(s.Seed), Replication: uint64(t.rep)})
		if err != nil {
			return nil, fmt.Errorf("cell %d (%s), replication %d: %w", t.cell, s.Cells[t.cell].Label(), t.rep, err)
		}
		return nil, st.Put(s.key(t.cell, t.rep), s.figures(t.cell, &res.Summary))
	}, experiment.Options{Replications: len(missing), Workers: workers, Progress: progress})
	return err
}

// figures are those of the study, at full scale, NaN where a run has none.
func (s *Study) figures(cell int, sum *metrics.Summary) []float64 {
	all := map[string]float64{}
	sum.Walk(func(path string, v metrics.Figure) { all[path] = float64(v) })
	values := make([]float64, len(s.Metrics))
	for i, path := range s.Metrics {
		values[i] = float64(metrics.Null())
		if v, ok := all[path]; ok {
			values[i] = float64(metrics.FullScale(path, metrics.Figure(v), float64(s.Cells[cell].Scenario.Scale)))
		}
	}
	return values
}

// Missing is how many runs are not in the store.
func (s *Study) Missing(st *Store) (n int) {
	for cell := range s.Cells {
		for rep := range s.Reps {
			if _, there := st.Get(s.key(cell, rep)); !there {
				n++
			}
		}
	}
	return n
}
