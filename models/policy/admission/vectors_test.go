package admission_test

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/admission"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// vector reads the numbers of a file of testdata, whose header says what they
// are and where they come from.
func vector(t *testing.T, name string) [][]float64 {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".csv")
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	text, err := r.ReadAll()
	require.NoError(t, err)
	var rows [][]float64
	for _, line := range text[1:] {
		var row []float64
		for _, field := range line {
			x, err := strconv.ParseFloat(field, 64)
			require.NoError(t, err)
			row = append(row, x)
		}
		rows = append(rows, row)
	}
	require.GreaterOrEqual(t, len(rows), 250)
	return rows
}

func seconds(x float64) unit.Duration { return unit.Duration(sim.FromSeconds(x)) }

// A batch of 100 equal response times has them for its percentile.
func TestTheRateOfSedaMovesAsTheSourceMovesIt(t *testing.T) {
	a := admission.SedaSpec{Preset: "source", Rate: 100, AdjD: 1.2, ErrI: -0.5, CI: -0.1, Smoothing: 0.7, Burst: 10}
	b := admission.SedaSpec{Rate: 40, Target: seconds(20), AdjI: 5, AdjD: 1.1, ErrI: -0.3, ErrD: 0.05, CI: -0.1, Smoothing: 0.5, RateMin: 1, RateMax: 200, Completions: 100, Burst: 10}
	for name, spec := range map[string]*admission.SedaSpec{"port_seda_a": &a, "port_seda_b": &b} {
		t.Run(name, func(t *testing.T) {
			p := newPolicy(t, spec)
			var now sim.Time
			for _, row := range vector(t, name) {
				for range 100 {
					now += sim.Millisecond
					p.(policy.Finisher).Finish(&models.Attempt{Admitted: now - sim.FromSeconds(row[1])}, models.Completed, now)
				}
				rate := p.(interface{ Rate() float64 }).Rate()
				require.InEpsilon(t, row[3], rate, 1e-9, "row %v", row)
			}
		})
	}
}

// What counts of a sample is how many were in flight when it was let in, as in the
// original, and not at its end, by which others have filled the limit here.
func TestALimitWithPartitionsDoesAsAIMDOfTheSourceDoesSampleBySample(t *testing.T) {
	for name, spec := range map[string]*admission.PartitionedLimitSpec{
		"ncl_aimd_a": {Preset: "source", Backoff: 0.9},
		"ncl_aimd_b": {Preset: "source", Initial: 10, Min: 1, Max: 60, Backoff: 0.7, Timeout: seconds(2)},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPolicy(t, spec)
			limit := func() int { return p.(interface{ Limit() int }).Limit() }
			next, now := rng.Key(0), sim.Time(0)
			come := func() (models.Attempt, bool) {
				next++
				a := models.Attempt{Request: next, Admitted: now}
				return a, p.Admit(&a, &models.Signals{Now: now, Capacity: 1000}).Reason == 0
			}
			end := p.(policy.Finisher).Finish
			for _, row := range vector(t, name) {
				rtt, inFlight := sim.Time(row[1]), int(row[2])
				if inFlight == 0 && row[3] == 0 && rtt <= 2*sim.Second {
					continue // with nothing in flight, which comes to nothing
				}
				var others []models.Attempt
				for range inFlight - 1 {
					a, ok := come()
					require.True(t, ok)
					others = append(others, a)
				}
				sample, ok := come()
				require.True(t, ok)
				require.Equal(t, int(row[4]), limit(), "row %v", row)
				for a, ok := come(); ok; a, ok = come() {
					others = append(others, a)
				}
				o := models.Completed
				if row[3] == 1 {
					o = models.TimedOut
				}
				now += rtt
				end(&sample, o, now)
				require.Equal(t, int(row[5]), limit(), "row %v", row)
				for i := range others {
					end(&others[i], models.Abandoned, now)
				}
			}
		})
	}
}

func TestTheCreditsOfBreakwaterMoveAsTheSourceMovesThem(t *testing.T) {
	for name, tc := range map[string]struct {
		spec  admission.BreakwaterSpec
		cores int
	}{
		"port_breakwater_a": {admission.BreakwaterSpec{Preset: "source", A: 0.001, B: 0.02}, 10},
		"port_breakwater_b": {admission.BreakwaterSpec{Preset: "source", Target: seconds(0.4), A: 0.004, B: 0.1}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			var p policy.Policy
			var now sim.Time
			fell := 0
			for _, row := range vector(t, name) {
				tc.spec.Clients = unit.Count(row[2])
				if p == nil {
					var err error
					p, err = tc.spec.New(environment())
					require.NoError(t, err)
				}
				require.NoError(t, p.Reconfigure(&tc.spec))
				now += 5 * sim.Second // a round trip of both
				before, _ := p.(pooled).Pool()
				p.(policy.Starter).Start(&models.Attempt{Admitted: now - sim.Time(row[1])*sim.Microsecond}, &models.Signals{Now: now, Waiting: 1, Capacity: tc.cores})
				credits, carry := p.(pooled).Pool()
				require.Equal(t, int(row[3]), credits, "row %v", row)
				require.InDelta(t, row[4], carry, 1e-9, "row %v", row)
				if credits < before {
					fell++
				}
			}
			assert.Greater(t, fell, 20)
		})
	}
}

type pooled interface{ Pool() (int, float64) }

func TestThePriceOfRajomonMovesAsTheSourceMovesIt(t *testing.T) {
	for name, spec := range map[string]*admission.RajomonSpec{
		"rajomon_a": {Preset: "source", Strategy: "step", PriceStep: 5, GuidePrice: -1, DecayRate: 0.8, TokenStep: 1, Clients: 1},
		"rajomon_b": {Preset: "source", Strategy: "proportional", Threshold: seconds(2), PriceStep: 180, GuidePrice: -1, DecayRate: 0.8, TokenStep: 1, Clients: 1},
		"rajomon_c": {Preset: "source", Strategy: "expdecay", Threshold: seconds(0.5), PriceStep: 100, GuidePrice: -1, DecayRate: 0.8, TokenStep: 1, Clients: 1},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := spec.New(environment())
			require.NoError(t, err)
			now := sim.Hour
			top := int64(0)
			for _, row := range vector(t, name) {
				// The largest delay counts, not the last.
				for _, delay := range []sim.Time{sim.Time(math.Round(row[1] * 1e6)), 0} {
					p.(policy.Starter).Start(&models.Attempt{Admitted: now - delay}, &models.Signals{Now: now})
				}
				require.Equal(t, now+10*sim.Millisecond, p.(policy.Ticker).Tick(&models.Signals{Now: now}))
				now += 10 * sim.Millisecond
				price, increases := p.(priced).Price()
				require.Equal(t, int64(row[2]), price, "row %v", row)
				require.Equal(t, int64(row[3]), increases, "row %v", row)
				top = max(top, price)
			}
			assert.Greater(t, top, int64(50))
		})
	}
}

type priced interface {
	Price() (price, increases int64)
}
