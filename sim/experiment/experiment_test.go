package experiment_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/experiment"
)

// backwards is a trial whose later replications end sooner.
func backwards(_ context.Context, replication uint64) ([]experiment.Figure, error) {
	time.Sleep(time.Duration(100-replication) * time.Millisecond)
	return []experiment.Figure{{Name: "wait_s", Value: float64(replication * replication)}}, nil
}

func TestTheResultIsTheSameForAnyNumberOfWorkers(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 7, 100} {
		synctest.Test(t, func(t *testing.T) {
			got, err := experiment.Run(t.Context(), backwards, experiment.Options{Replications: 20, First: 10, Workers: workers})
			require.NoError(t, err)
			require.Len(t, got, 20)
			for k, figures := range got {
				n := float64(10 + k)
				assert.Equal(t, []experiment.Figure{{Name: "wait_s", Value: n * n}}, figures)
			}
		})
	}
}

func TestNoMoreReplicationsRunAtATimeThanThereAreWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int64
		_, err := experiment.Run(t.Context(), func(context.Context, uint64) ([]experiment.Figure, error) {
			n := running.Add(1)
			defer running.Add(-1)
			time.Sleep(time.Millisecond) // virtual: all the others have begun by its end
			if n > most.Load() {
				most.Store(n)
			}
			return nil, nil
		}, experiment.Options{Replications: 12, Workers: 3})
		require.NoError(t, err)
		assert.EqualValues(t, 3, most.Load())
	})
}

func TestProgressCountsUpToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []int
		_, err := experiment.Run(t.Context(), backwards, experiment.Options{Replications: 5, Workers: 3, Progress: func(done, total int) {
			assert.Equal(t, 5, total)
			seen = append(seen, done)
		}})
		require.NoError(t, err)
		assert.Equal(t, []int{1, 2, 3, 4, 5}, seen)
	})
}

func TestTheLowestFailingReplicationIsReportedThoughAHigherOneFailsFirst(t *testing.T) {
	errLow, errHigh := errors.New("pool is empty"), errors.New("queue is full")
	for _, workers := range []int{1, 2, 3, 4, 8} {
		synctest.Test(t, func(t *testing.T) {
			var begun, cancelled atomic.Int64
			_, err := experiment.Run(t.Context(), func(ctx context.Context, replication uint64) ([]experiment.Figure, error) {
				begun.Add(1)
				switch replication {
				case 3:
					time.Sleep(time.Minute)
					return nil, errLow
				case 4:
					time.Sleep(time.Second)
					return nil, errHigh
				case 5: // would never end if nobody stopped it
					<-ctx.Done()
					cancelled.Add(1)
				}
				return nil, ctx.Err()
			}, experiment.Options{Replications: 1000, Workers: workers})
			require.ErrorIs(t, err, errLow)
			assert.EqualError(t, err, "replication 3: pool is empty")
			if workers < 3 {
				assert.LessOrEqual(t, begun.Load(), int64(3+workers), "nothing is begun after a failure")
				return
			}
			assert.EqualValues(t, 1, cancelled.Load(), "what is above the failure is cancelled")
		})
	}
}

func TestReplicationsThatAreCancelledForAFailureDoNotHideIt(t *testing.T) {
	empty := errors.New("pool is empty")
	synctest.Test(t, func(t *testing.T) {
		_, err := experiment.Run(t.Context(), func(ctx context.Context, replication uint64) ([]experiment.Figure, error) {
			if replication == 0 {
				time.Sleep(time.Second)
				return nil, empty
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}, experiment.Options{Replications: 4, Workers: 4})
		assert.ErrorIs(t, err, empty)
	})
}

func TestAnInterruptEndsTheRunWithItsCause(t *testing.T) {
	interrupt := errors.New("interrupted")
	for _, workers := range []int{1, 2} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			var begun atomic.Int64
			figures, err := experiment.Run(ctx, func(ctx context.Context, replication uint64) ([]experiment.Figure, error) {
				begun.Add(1)
				if replication == 4 {
					cancel(interrupt)
				}
				return nil, ctx.Err()
			}, experiment.Options{Replications: 1000, Workers: workers})
			assert.ErrorIs(t, err, interrupt)
			assert.Nil(t, figures)
			assert.LessOrEqual(t, begun.Load(), int64(5+workers))
		})
	}
}

func TestARunOfNoReplicationsIsRefused(t *testing.T) {
	_, err := experiment.Run(t.Context(), backwards, experiment.Options{})
	assert.EqualError(t, err, "experiment: 0 replications: must be at least 1")
}

// Two ways to run a shop on the same eight days of customers.
func ExampleCompare() {
	customers := []float64{95, 120, 80, 130, 101, 88, 143, 110}
	shop := func(served float64) experiment.Trial {
		return func(_ context.Context, day uint64) ([]experiment.Figure, error) {
			return []experiment.Figure{{Name: "turned_away", Value: max(0, customers[day]-served)}}, nil
		}
	}
	ctx := context.Background()
	a, _ := experiment.Run(ctx, shop(70), experiment.Options{Replications: len(customers)})
	b, _ := experiment.Run(ctx, shop(75), experiment.Options{Replications: len(customers)})
	for _, c := range experiment.Compare(a, b, 0.95) {
		fmt.Println(c.Name)
		fmt.Println("  A         ", c.A)
		fmt.Println("  B         ", c.B)
		fmt.Println("  difference", c.Difference)
		fmt.Println("  lower in", c.Lower, "of", c.Difference.N)
	}
	// Output:
	// turned_away
	//   A          38.38 [20.34, 56.41] (95 %, n = 8)
	//   B          33.38 [15.34, 51.41] (95 %, n = 8)
	//   difference -5 [-5, -5] (95 %, n = 8)
	//   lower in 8 of 8
}
