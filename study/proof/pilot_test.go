package proof

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// TestPilot prints what the cases of PILOT give, to fix their lengths by.
func TestPilot(t *testing.T) {
	model, ok := os.LookupEnv("PILOT")
	if !ok {
		return
	}
	cases, err := narrowCases(false)
	require.NoError(t, err)
	var some []narrowCase
	for _, c := range cases {
		if strings.HasPrefix(c.model, model) {
			some = append(some, c)
		}
	}
	rows, err := runNarrow(t.Context(), Options{Seed: rngtest.Seed(t, 2025)}, some)
	require.NoError(t, err)
	for _, r := range rows {
		t.Logf("%s %s %s exact %.5g sim %.5g half %.3g%% %v", r.Model, r.Parameters, r.Metric, r.Exact, r.Estimate, 50*(r.Hi-r.Lo)/r.Exact, r.OK)
	}
}

// TestWidePilot prints, for each case that begins with WIDEPILOT, the length for
// wide_lengths.go (or the replications), so that half-widths are four fifths of what is
// asked for; the seconds it took and would take; the half-width over what is asked
// for. Without WIDEPILOT_SLOW those of the full proof only are left out.
func TestWidePilot(t *testing.T) {
	name, ok := os.LookupEnv("WIDEPILOT")
	if !ok {
		return
	}
	cases, err := wideCases()
	require.NoError(t, err)
	for _, c := range cases {
		if !strings.HasPrefix(c.key(), name) || c.slow && os.Getenv("WIDEPILOT_SLOW") == "" {
			continue
		}
		start := time.Now()
		rows, err := runWide(t.Context(), Options{Seed: rngtest.Seed(t, 2025)}, []*wideCase{c}, familyOf(cases))
		require.NoError(t, err)
		took := time.Since(start)
		longer, wrong := 0.0, ""
		for i, r := range rows {
			if c.rows[i].limit || r.Exact < smallest {
				if !r.OK {
					wrong += fmt.Sprintf("; %s %.6g is %.6g", r.Metric, r.Exact, r.Estimate)
				}
				continue
			}
			half := (r.Hi - r.Lo) / 2
			if c.rows[i].share || c.rows[i].within > 0 || c.rows[i].bound {
				continue
			}
			longer = max(longer, math.Pow(1.25*half/max(c.rows[i].width*r.Exact, c.rows[i].floor), 2))
			if slack := c.rows[i].slack * r.Exact; r.Lo-slack-1e-9*r.Exact > r.Exact || r.Exact > r.Hi+slack+1e-9*r.Exact {
				wrong += fmt.Sprintf("; %s %.6g in %.6g to %.6g", r.Metric, r.Exact, r.Lo, r.Hi)
			}
		}
		run, reps := c.run*longer, 0
		if len(c.looks) > 0 || c.name == "NHPP count" || c.repeated {
			run, reps = c.run, int(float64(c.reps)*longer)
		}
		t.Logf("PILOT\t%s\t%.4g\t%d\t%.3g\t%.3g\t%.3g%s", c.key(), run, reps, took.Seconds(), took.Seconds()*(c.warmup+c.run*longer)/(c.warmup+c.run), math.Sqrt(longer)/1.25, wrong)
	}
}
