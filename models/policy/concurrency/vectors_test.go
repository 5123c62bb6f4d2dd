package concurrency_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy/concurrency"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func TestAIMDDoesAsTheOriginalDoesSampleBySample(t *testing.T) {
	for file, parameters := range map[string]string{
		"ncl_aimd_a": "preset: source",
		"ncl_aimd_b": "preset: source, initial: 10, min: 1, max: 60, backoff_ratio: 0.7, timeout: 2s",
	} {
		g := newGateway(t, spec[concurrency.AIMDSpec](t, "aimd", parameters))
		for i, r := range vectors(t, file) {
			where := file + ", row " + strconv.Itoa(i)
			require.Equal(t, r.whole(t, "limit_before"), concurrency.LimitOf(g.Policy), where)
			// The original was told of samples with nothing in flight, which come to
			// nothing unless they are slow: one is the least that can be.
			inFlight := r.whole(t, "inflight")
			if inFlight == 0 && r["dropped"] == "0" && r.number(t, "rtt_ns") <= 2e9 {
				continue
			}
			g.sample(sim.Time(i)*sim.Minute, sim.Time(r.whole(t, "rtt_ns")), max(1, inFlight), r["dropped"] == "1")
			require.Equal(t, r.whole(t, "limit_after"), concurrency.LimitOf(g.Policy), where)
		}
	}
}

func TestVegasDoesAsTheOriginalDoesSampleBySample(t *testing.T) {
	probes := 0
	for file, parameters := range map[string]string{
		"ncl_vegas_a": "preset: source, probe_jitter_min: 0.75, probe_jitter_max: 0.75",
		"ncl_vegas_b": "preset: source, initial: 95, max: 120, smoothing: 0.5, probe_multiplier: 1, probe_jitter_min: 0.5, probe_jitter_max: 0.5",
		"ncl_vegas_c": "preset: source, initial: 990, max: 5000, probe_multiplier: 1000000, probe_jitter_min: 0.9, probe_jitter_max: 0.9",
	} {
		g := newGateway(t, spec[concurrency.VegasSpec](t, "vegas", parameters))
		for i, r := range vectors(t, file) {
			where := file + ", row " + strconv.Itoa(i)
			require.Equal(t, r.whole(t, "limit_before"), concurrency.LimitOf(g.Policy), where)
			g.sample(sim.Time(i)*sim.Minute, sim.Time(r.whole(t, "rtt_ns")), r.whole(t, "inflight"), r["dropped"] == "1")
			limit, noLoad := concurrency.EstimateOf(g.Policy)
			require.Equal(t, r.whole(t, "limit_after"), concurrency.LimitOf(g.Policy), where)
			require.InEpsilon(t, r.number(t, "estimate_after"), limit, 1e-9, where)
			require.Equal(t, r.number(t, "rtt_noload_after_ns"), noLoad, where)
			require.Equal(t, r["probed"] == "1", concurrency.ProbesOf(g.Policy) == 0, where)
			probes += r.whole(t, "probed")
		}
	}
	assert.Greater(t, probes, 5)
}

func TestGradient2DoesAsTheOriginalDoesSampleBySample(t *testing.T) {
	for file, parameters := range map[string]string{
		"ncl_gradient2_a": "preset: source",
		"ncl_gradient2_b": "preset: source, initial: 50, min: 5, max: 90, smoothing: 0.5, queue_size: 2, long_window: 60, rtt_tolerance: 1",
	} {
		g := newGateway(t, spec[concurrency.Gradient2Spec](t, "gradient2", parameters))
		for i, r := range vectors(t, file) {
			where := file + ", row " + strconv.Itoa(i)
			require.Equal(t, r.whole(t, "limit_before"), concurrency.LimitOf(g.Policy), where)
			g.sample(sim.Time(i)*sim.Minute, sim.Time(r.whole(t, "rtt_ns")), r.whole(t, "inflight"), r["dropped"] == "1")
			limit, long := concurrency.EstimateOf(g.Policy)
			require.Equal(t, r.whole(t, "limit_after"), concurrency.LimitOf(g.Policy), where)
			require.InEpsilon(t, r.number(t, "estimate_after"), limit, 1e-9, where)
			require.InEpsilon(t, r.number(t, "long_rtt_after_ns"), long, 1e-9, where)
		}
	}
}

// The window passes few samples on, and each of those moves the long average:
// what the limit was given shows in it.
func TestTheWindowPassesOnWhatTheOriginalPassesOn(t *testing.T) {
	g := newGateway(t, spec[concurrency.Gradient2Spec](t, "gradient2", "preset: source, min: 5, max: 200, window: 1s"))
	bare := newGateway(t, spec[concurrency.Gradient2Spec](t, "gradient2", "preset: source, min: 5, max: 200"))
	passed := 0
	for i, r := range vectors(t, "ncl_windowed_a") {
		where := "row " + strconv.Itoa(i)
		g.sample(sim.Time(r.whole(t, "start_ns")), sim.Time(r.whole(t, "rtt_ns")), r.whole(t, "inflight"), r["dropped"] == "1")
		if r["delegated"] != "" {
			passed++
			var s [4]int
			for k, x := range strings.Split(r["delegated"], ";") {
				n, err := strconv.Atoi(x)
				require.NoError(t, err)
				s[k] = n
			}
			// The window may hold an attempt of a time when the limit was higher.
			bare.sample(sim.Time(i)*sim.Minute, sim.Time(s[1]), min(s[2], concurrency.LimitOf(bare.Policy)), s[3] == 1)
		}
		wantLimit, wantLong := concurrency.EstimateOf(bare.Policy)
		limit, long := concurrency.EstimateOf(g.Policy)
		require.Equal(t, r.whole(t, "limit_after"), concurrency.LimitOf(g.Policy), where)
		require.Equal(t, wantLimit, limit, where)
		require.Equal(t, wantLong, long, where)
	}
	assert.Equal(t, 14, passed)
}

// The file says what the quantile of the latencies was, and the policy takes the
// quantile itself, of a histogram whose bins are a tenth of the value or less: the
// latencies of a row are all in the bin of its value, and the percentile is set to
// where the value lies within it.
func TestTheEnvoyGradientMovesAsTheTranscriptionOfTheOriginalDoes(t *testing.T) {
	for file, parameters := range map[string]string{
		"port_envoy_gradient_a": "preset: source",
		"port_envoy_gradient_b": "preset: source, min_concurrency: 10, max_concurrency: 120, buffer: 0.5",
	} {
		s := spec[concurrency.EnvoyGradientSpec](t, "envoy-gradient", parameters+", jitter: 0%, update_interval: 1h, min_rtt_interval: 1000h")
		g := newGateway(t, s)
		g.tick()
		for i, r := range vectors(t, file) {
			where := file + ", row " + strconv.Itoa(i)
			us := r.whole(t, "rtt_us")
			width := 1
			for 100*width <= us {
				width *= 10
			}
			s.Quantile = unit.Share((float64(us%width) + 0.5) / float64(width))
			require.NoError(t, g.Reconfigure(s))
			if r["event"] == "minrtt" {
				for !concurrency.MeasuringOf(g.Policy) {
					g.now = g.tick()
				}
				g.serve(50, sim.Time(us)*sim.Microsecond, models.Completed)
				require.False(t, concurrency.MeasuringOf(g.Policy), where)
				require.EqualValues(t, us, concurrency.MinRTTOf(g.Policy), where)
				require.Equal(t, r.whole(t, "limit_after"), concurrency.LimitOf(g.Policy), where)
				continue
			}
			require.False(t, concurrency.MeasuringOf(g.Policy), where)
			gradient, _ := concurrency.GradientOf(g.Policy, int64(us))
			require.InEpsilon(t, r.number(t, "gradient"), gradient, 1e-9, where)
			g.now = g.tick()
			g.now -= sim.Minute
			g.serve(1, sim.Time(us)*sim.Microsecond, models.Completed)
			g.now = g.tick()
			g.tick()
			require.Equal(t, r["remeasure"] == "1", concurrency.MeasuringOf(g.Policy), where)
			if r["remeasure"] == "0" {
				_, atLeast := concurrency.GradientOf(g.Policy, int64(us))
				require.Equal(t, r.whole(t, "consecutive_min"), atLeast, where)
			}
			require.Equal(t, r.whole(t, "limit_after"), concurrency.LimitOf(g.Policy), where)
		}
	}
}

func TestTheFailsafeLimiterDecidesAsTheOriginalDoesCallByCall(t *testing.T) {
	for file, parameters := range map[string]string{
		"failsafe_limiter_a": "preset: source",
		"failsafe_limiter_b": "preset: source, min: 2, max: 60, initial: 10, max_limit_factor: 3, recent_window_min: 200ms, recent_window_max: 2s, recent_min_samples: 10, recent_quantile: 50%, baseline_window: 20, correlation_window: 20",
	} {
		g := newGateway(t, spec[concurrency.FailsafeLimiterSpec](t, "failsafe-limiter", parameters))
		permits := map[string]models.Attempt{}
		limits := map[int]bool{}
		for i, r := range vectors(t, file) {
			where := file + ", row " + strconv.Itoa(i)
			g.now = sim.Time(r.whole(t, "t_ns"))
			switch r["op"] {
			case "acquire":
				a, ok := g.come()
				require.Equal(t, r["ok"] == "1", ok, where)
				permits[r["i"]] = a
			case "record":
				g.end(permits[r["ref"]], models.Completed, g.now)
			case "drop":
				g.end(permits[r["ref"]], models.TimedOut, g.now)
			}
			require.Equal(t, r.whole(t, "limit"), concurrency.LimitOf(g.Policy), where)
			require.Equal(t, r.whole(t, "inflight"), concurrency.InFlightOf(g.Policy), where)
			limits[r.whole(t, "limit")] = true
		}
		assert.Greater(t, len(limits), 3, file)
	}
}
