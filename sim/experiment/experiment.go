// Package experiment repeats a simulation and says what the repetitions prove.
//
// Its model of the world is a [Trial]: a function of a replication's number that
// returns named figures, the same ones for the same number. What is simulated
// it does not know, and it reads and writes nothing. [Run] spreads replications
// over the processors and returns their figures in order of replication, so
// that the result does not depend on how many there are. [Summarise] estimates
// each figure with a Student interval. [Compare] takes two scenarios whose
// replications share their random numbers, pair by pair, and estimates the
// differences, which is far more precise than comparing two means:
//
//	free := func(ctx context.Context, replication uint64) ([]experiment.Figure, error) {
//		res, err := simulate(ctx, noPolicies, seed, replication)
//		return []experiment.Figure{{Name: "wait_s", Value: res.Wait}}, err
//	}
//	a, err := experiment.Run(ctx, free, experiment.Options{Replications: 20})
//	b, err := experiment.Run(ctx, throttled, experiment.Options{Replications: 20})
//	for _, c := range experiment.Compare(a, b, 0.95) {
//		fmt.Println(c.Name, c.A, c.B, c.Difference)
//	}
package experiment

import (
	"context"
	"fmt"
	"runtime"
	"sync"
)

// A Figure is one named result of a replication. NaN is a figure over an empty
// set; leaving the figure out means the same.
type Figure struct {
	Name  string
	Value float64
}

// A Trial runs one replication and returns its figures, each name once. It is
// a function of the replication's number alone, may be called for several at
// the same time, and should return soon after its context is done.
type Trial func(ctx context.Context, replication uint64) ([]Figure, error)

// Options say how a Trial is repeated.
type Options struct {
	Replications int    // how many, at least 1
	First        uint64 // number of the first one
	Workers      int    // how many run at the same time; 0 is one for each processor that Go uses

	// Progress is called after each replication that has succeeded with how many
	// have, one call at a time and in ascending order. It may be nil.
	Progress func(done, total int)
}

// Run runs the replications First, First+1, ... of the trial and returns their
// figures in that order, whatever the number of workers.
//
// If replications fail, the error is that of the lowest one that does, again
// whatever the number of workers: no further ones are begun, those above it are
// cancelled, and those below it are finished, for one of them may fail too. If
// ctx is done before the end, the error is its cause.
func Run(ctx context.Context, trial Trial, o Options) ([][]Figure, error) {
	if o.Replications < 1 {
		return nil, fmt.Errorf("experiment: %d replications: must be at least 1", o.Replications)
	}
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	r := &runner{ctx: ctx, trial: trial, options: o, failed: o.Replications,
		figures: make([][]Figure, o.Replications), cancels: make([]context.CancelFunc, o.Replications)}
	var wg sync.WaitGroup
	for range min(workers, o.Replications) {
		wg.Go(r.work)
	}
	wg.Wait()
	switch {
	case r.done == o.Replications:
		return r.figures, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, fmt.Errorf("replication %d: %w", o.First+uint64(r.failed), r.err)
}

// A runner is the state that the workers of one Run share.
type runner struct {
	ctx     context.Context
	trial   Trial
	options Options

	mu      sync.Mutex
	begun   int // replications are begun in order
	done    int // and have succeeded in any
	figures [][]Figure
	cancels []context.CancelFunc // of those begun
	failed  int                  // the lowest that has failed; their number if none has
	err     error                // of that one
}

// work runs replications until none is left to begin.
func (r *runner) work() {
	for {
		i, ctx := r.begin()
		if ctx == nil {
			return
		}
		figures, err := r.trial(ctx, r.options.First+uint64(i))
		r.end(i, figures, err)
	}
}

// begin takes the next replication; the context is nil if there is none.
func (r *runner) begin() (int, context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.begun
	if i >= r.failed || r.ctx.Err() != nil {
		return 0, nil
	}
	r.begun++
	ctx, cancel := context.WithCancel(r.ctx)
	r.cancels[i] = cancel
	return i, ctx
}

// end enters the result of replication i.
func (r *runner) end(i int, figures []Figure, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cancels[i]()
	switch {
	case err == nil:
		r.figures[i] = figures
		r.done++
		if r.options.Progress != nil {
			r.options.Progress(r.done, r.options.Replications)
		}
	case i < r.failed:
		r.failed, r.err = i, err
		for _, cancel := range r.cancels[i+1 : r.begun] {
			cancel()
		}
	}
}
