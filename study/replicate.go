package study

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sync"
	"text/tabwriter"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/report"
	"github.com/launchday-sim/launchday/sim/experiment"
	"github.com/launchday-sim/launchday/sim/stats"
)

// Confidence is that of every interval that is printed.
const Confidence = 0.95

// figures are all figures of a summary by their path.
func figures(s *metrics.Summary) []experiment.Figure {
	var list []experiment.Figure
	s.Walk(func(path string, v metrics.Figure) {
		list = append(list, experiment.Figure{Name: path, Value: float64(v)})
	})
	return list
}

// trial runs a scenario once for each replication.
func trial(sc *scenario.Scenario, seed uint64) experiment.Trial {
	return func(ctx context.Context, replication uint64) ([]experiment.Figure, error) {
		res, err := launch.Play(ctx, sc, launch.Options{Seed: seed, Replication: replication})
		if err != nil {
			return nil, err
		}
		return figures(&res.Summary), nil
	}
}

// Replications are runs of one scenario with one seed.
type Replications struct {
	First     *report.Run // the first of them, whole
	Estimates []experiment.Estimate
	Most      int         // as many were allowed
	Until     []Precision // what was asked for
}

// A Precision is a figure and how narrow its interval is to be.
type Precision struct {
	Path  string
	Share float64 // of the mean that the half-width is to be, in (0, 1)
}

// fewestReps are made before the first look at the precision; fewer say too little of the
// variance.
const fewestReps = 10

// reached reports whether a precision is. Looking again and again finds narrow intervals too
// early; with half-width over mean held to share/(1+share) the relative error is at most share
// (Law, Simulation Modeling and Analysis, 5th ed., section 9.4.1).
func (p Precision) reached(estimates []experiment.Estimate) bool {
	for _, e := range estimates {
		if e.Name == p.Path {
			return e.N > 1 && e.HalfWidth() <= p.Share/(1+p.Share)*math.Abs(e.Mean)
		}
	}
	return false
}

// N is how many were made.
func (r *Replications) N() (n int) {
	for _, e := range r.Estimates {
		n = max(n, e.N)
	}
	return n
}

// Missed are those of Until that were not reached.
func (r *Replications) Missed() (list []Precision) {
	for _, p := range r.Until {
		if !p.reached(r.Estimates) {
			list = append(list, p)
		}
	}
	return list
}

// Replicate runs a scenario reps times, on that many workers (0: all
// processors). Replication k is the same run whatever the number of them.
func Replicate(ctx context.Context, sc *scenario.Scenario, o Options, reps, workers int, progress func(done, of int)) (*Replications, error) {
	return ReplicateUntil(ctx, sc, o, nil, reps, workers, progress)
}

// ReplicateUntil runs a scenario until the intervals of all figures of a list are narrow
// enough, and at most reps times: ten times, and then a quarter more at a time, whatever the
// number of workers.
func ReplicateUntil(ctx context.Context, sc *scenario.Scenario, o Options, until []Precision, reps, workers int, progress func(done, of int)) (*Replications, error) {
	var first *report.Run
	var once sync.Mutex
	one := trial(sc, o.Seed)
	play := func(ctx context.Context, replication uint64) ([]experiment.Figure, error) {
		if replication != o.Replication {
			return one(ctx, replication)
		}
		quiet := o
		quiet.Progress = nil
		run, err := Play(ctx, sc, quiet)
		if err != nil {
			return nil, err
		}
		once.Lock()
		defer once.Unlock()
		first = run
		return figures(&run.Result.Summary), nil
	}
	r := &Replications{Most: reps, Until: until}
	var all [][]experiment.Figure
	for n := reps; len(all) < reps; {
		if len(until) > 0 {
			n = min(max(fewestReps, len(all)+max(2, len(all)/4)), reps)
		}
		done := len(all)
		more, err := experiment.Run(ctx, play, experiment.Options{Replications: n - done, First: o.Replication + uint64(done), Workers: workers, Progress: func(k, _ int) {
			if progress != nil {
				progress(done+k, reps)
			}
		}})
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
		r.Estimates = experiment.Summarise(all, Confidence)
		if len(until) > 0 && len(r.Missed()) == 0 {
			break
		}
	}
	r.First = first
	return r, nil
}

// Text prints the main figures with their intervals, at full scale.
func (r *Replications) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	n, scale := r.N(), r.First.Scale
	for _, p := range r.Until {
		verdict := "is known to"
		if !p.reached(r.Estimates) {
			verdict = "is not yet known to"
		}
		fmt.Fprintf(t, "\n%s %s %.3g %% after %d replications of at most %d.", p.Path, verdict, 100*p.Share, n, r.Most)
	}
	if len(r.Until) > 0 {
		fmt.Fprintln(t)
	}
	fmt.Fprintf(t, "\nOver %d replications, at full scale\tmean\t95 %% interval\n", n)
	for _, e := range r.Estimates {
		main, cost := isMain(e.Name)
		if !main && !cost || e.N < 2 || (e.Lo == 0 && e.Hi == 0) {
			continue
		}
		full := func(x float64) string { return number(float64(metrics.FullScale(e.Name, metrics.Figure(x), scale))) }
		fmt.Fprintf(t, "  %s\t%s\t[%s, %s]\n", e.Name, full(e.Mean), full(e.Lo), full(e.Hi))
	}
	return t.Flush()
}

// JSON is summary.json with each figure as {mean, lo, hi, n}: a 95 % Student
// interval over the replications. What is no figure stays as it is.
func (r *Replications) JSON() ([]byte, error) {
	var tree map[string]any
	whole, err := json.Marshal(&r.First.Result.Summary)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(whole, &tree); err != nil {
		return nil, err
	}
	intervals := map[string]stats.Interval{}
	for _, e := range r.Estimates {
		intervals[e.Name] = e.Interval
	}
	var put func(prefix string, node map[string]any)
	put = func(prefix string, node map[string]any) {
		for key, v := range node {
			path := prefix + key
			if sub, ok := v.(map[string]any); ok {
				put(path+".", sub)
			} else if i, ok := intervals[path]; ok {
				node[key] = map[string]any{"mean": metrics.Figure(i.Mean), "lo": metrics.Figure(i.Lo), "hi": metrics.Figure(i.Hi), "n": i.N}
			}
		}
	}
	put("", tree)
	delete(tree, "replication")
	tree["replications"] = len(intervals)
	if len(r.Estimates) > 0 {
		tree["replications"] = r.Estimates[0].N
	}
	tree["confidence"] = Confidence
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(tree); err != nil {
		return nil, fmt.Errorf("summary.json: %w", err)
	}
	return b.Bytes(), nil
}
