package launch_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
)

// Two pools; images of 10 s that ask for 1.5 times what the big one has, unless
// its nodes or the rate are others, and a little text.
func twoPools(t *testing.T, policies string, more ...string) *scenario.Scenario {
	t.Helper()
	knobs := map[string]string{"rate": "3/s", "big": "20", "small": "10", "clients": ""}
	for i := 0; i < len(more); i += 2 {
		knobs[more[i]] = more[i+1]
	}
	return text(t, fmt.Sprintf(`
name: two-pools
duration: 2000s
tiers: [{name: all}]
classes: [{name: image, pool: big, service: 10s}, {name: text, pool: big, service: 1s}]
pools: [{name: big, nodes: %s}, {name: small, nodes: %s}]
demand: {streams: [{name: images, class: image, tier: all, rate: %s}, {name: texts, class: text, tier: all, rate: 1/s}]}
%s
policies:
%s`, knobs["big"], knobs["small"], knobs["rate"], knobs["clients"], policies))
}

const seconds = 2000

// held is the server time that the pool has given, seconds.
func held(res *metrics.Result, pool string) float64 {
	return float64(res.Summary.Pools[pool].BusyMean) * seconds
}

func image(res *metrics.Result) *metrics.Figures { return res.Summary.Classes["image"] }

func TestAFallbackToAnotherPoolIsServedAndMeasuredThere(t *testing.T) {
	res := run(t, twoPools(t, "  - {name: smaller, kind: fallback, classes: [image], pool: small, above: 1, below: 1, work: 50%, quality: 60%}"), launch.Options{Seed: 1})
	f := image(res)
	full := float64(f.Completed - f.Degraded)
	require.Greater(t, float64(f.Degraded), 1000.0)
	require.Greater(t, full, 1000.0)
	// A full image takes 10 s of the big pool and a degraded one 5 s of the small,
	// but for those that are at a server at the end.
	assert.InDelta(t, 5*float64(f.Degraded), held(res, "small"), 5*10)
	assert.InDelta(t, 10*full+1*float64(res.Summary.Classes["text"].Completed), held(res, "big"), 10*20)
	assert.InDelta(t, 10*full+5*float64(f.Degraded), float64(f.BusyMean)*seconds, 10*30, "of the class, wherever")
	assert.Zero(t, res.Summary.Classes["text"].Degraded)

	with := res
	without := run(t, twoPools(t, "  []"), launch.Options{Seed: 1})
	assert.Greater(t, float64(image(with).Completed), 1.3*float64(image(without).Completed))
	assert.Zero(t, image(without).Degraded)
	assert.Zero(t, held(without, "small"))
}

// All go to a pool that is too small: they wait there, are given up there, and a
// limit behind the fallback is on that queue. The big pool does only text.
func TestTheQueueOfAFallbackIsThatOfTheOtherPool(t *testing.T) {
	fallback := "  - {name: smaller, kind: fallback, classes: [image], pool: small, quality: 60%}\n"
	res := run(t, twoPools(t, fallback+"  - {name: full, kind: queue-limit, classes: [image], limit: 7}", "small", "5"), launch.Options{Seed: 1})
	f := image(res)
	assert.Equal(t, f.Completed, f.Degraded)
	assert.Equal(t, metrics.Figure(7), f.QueueLength.Max)
	assert.Greater(t, float64(f.Rejected["full"]), 1000.0)
	assert.InDelta(t, 0.5*seconds, float64(f.Completed), 0.02*seconds, "5 servers of 10 s")
	assert.Greater(t, float64(res.Summary.Pools["small"].Utilisation), 0.98)
	assert.InDelta(t, 1, float64(res.Summary.Pools["big"].BusyMean), 0.15, "text")

	impatient := run(t, twoPools(t, fallback, "small", "5", "clients", "clients: [{name: people, patience: 20s}]"), launch.Options{Seed: 1})
	f = image(impatient)
	assert.Greater(t, float64(f.Abandoned), 1000.0)
	assert.InDelta(t, 0.5*seconds, float64(f.Completed), 0.02*seconds)
	assert.LessOrEqual(t, float64(f.Latency.Max), 30.0+1e-9)
}

func TestAnAnswerAtOnceTakesNoServerAndEndsTheChain(t *testing.T) {
	res := run(t, twoPools(t, "  - {name: cache, kind: fallback, classes: [image], share: 50%, quality: 30%}\n  - {name: closed, kind: feature-gate, classes: [image], percent: 0%}"), launch.Options{Seed: 1})
	f := image(res)
	assert.Equal(t, f.Completed, f.Degraded)
	assert.Equal(t, f.Requests, f.Completed+f.Rejected["closed"])
	assert.InDelta(t, 0.5, float64(f.Completed/f.Requests), 0.04, "4.9 standard deviations of 6,000")
	assert.Zero(t, f.Latency.Max)
	assert.Zero(t, f.BusyMean)
	assert.True(t, f.ProbWait.IsNull(), "none needed a server")
}

func TestADimmedServiceHoldsItsResponseTimeAndServesMore(t *testing.T) {
	without := run(t, twoPools(t, "  []"), launch.Options{Seed: 1})
	res := run(t, twoPools(t, "  - {name: brownout, kind: brownout, classes: [image], optional_work: 60%, quality: 70%, setpoint: 30s}"), launch.Options{Seed: 1})
	f := image(res)
	assert.Greater(t, float64(f.Degraded), 1000.0)
	assert.Less(t, float64(f.Degraded), float64(f.Completed))
	assert.Greater(t, float64(f.Completed), 1.3*float64(image(without).Completed))
	assert.Less(t, float64(f.Latency.P95), 90.0, "three setpoints, with the time that it takes to learn")
	assert.Greater(t, float64(image(without).Latency.P95), 300.0)
	full := float64(f.Completed - f.Degraded)
	assert.InDelta(t, 10*full+4*float64(f.Degraded), float64(f.BusyMean)*seconds, 10*20, "what is left out is not worked")
}

func TestALadderServesMoreAtLowerQuality(t *testing.T) {
	without := run(t, twoPools(t, "  []"), launch.Options{Seed: 1})
	res := run(t, twoPools(t, "  - {name: ladder, kind: quality-ladder, classes: [image], levels: [{name: fewer-steps, above: 1.2, below: 1, work: 70%, quality: 90%}, {name: smaller-model, above: 1.6, below: 1.2, work: 40%, quality: 60%}]}"), launch.Options{Seed: 1})
	f := image(res)
	assert.Greater(t, float64(f.Degraded), 1000.0)
	assert.Greater(t, float64(f.Completed), 1.3*float64(image(without).Completed))
	assert.Less(t, float64(f.QueueLength.Mean), 0.1*float64(image(without).QueueLength.Mean))
}

func TestAFeatureThatIsOffYieldsThePoolToTheOthers(t *testing.T) {
	without := run(t, twoPools(t, "  []"), launch.Options{Seed: 1})
	res := run(t, twoPools(t, "  - {name: images-off, kind: feature-off, classes: [image], off_above: 1.5, on_below: 0.8}"), launch.Options{Seed: 1})
	assert.Greater(t, float64(image(res).Rejected["images-off"]), 1000.0)
	assert.Greater(t, float64(image(res).Completed), 1000.0)
	text, before := res.Summary.Classes["text"], without.Summary.Classes["text"]
	assert.Empty(t, text.Rejected["images-off"])
	assert.Less(t, float64(text.Wait.P99), 10.0)
	assert.Greater(t, float64(before.Wait.P99), 100.0)
}

// A holdBack keeps everybody for a while: aside, or in a line.
type holdBack struct {
	For   sim.Time
	Aside bool
}

func (s *holdBack) New(policy.Env) (policy.Policy, error) { return s, nil }
func (s *holdBack) Reconfigure(policy.Spec) error         { return nil }
func (s *holdBack) Discipline() string                    { return "fifo" }
func (s *holdBack) Admit(*models.Attempt, *models.Signals) models.Verdict {
	if s.Aside {
		return models.Verdict{Kept: models.Aside}
	}
	return models.Verdict{Kept: models.InLine}
}

func (s *holdBack) Let(kept int, m *models.Signals) (int, sim.Time) {
	if m.Now%s.For == 0 {
		return kept, m.Now + s.For
	}
	return 0, m.Now - m.Now%s.For + s.For
}

func init() {
	policy.Register(policy.Kind{Name: "test-hold-back", Heading: policy.Custom, Doc: "Keeps everybody until the next whole minute.",
		Fresh: func() policy.Spec { return &holdBack{For: sim.Minute} }})
	policy.Register(policy.Kind{Name: "test-put-aside", Heading: policy.Custom, Doc: "Puts everybody aside until the next whole minute.",
		Fresh: func() policy.Spec { return &holdBack{For: sim.Minute, Aside: true} }})
}

// The chain lets an attempt in by parts where a policy keeps it: what the part
// before that decided still holds behind it.
func TestWhatIsDecidedBeforeAnAttemptIsKeptHoldsBehindIt(t *testing.T) {
	for _, keeper := range []string{"test-hold-back", "test-put-aside"} {
		res := run(t, twoPools(t, "  - {name: smaller, kind: fallback, classes: [image], share: 50%, pool: small, work: 50%, quality: 60%}\n"+
			"  - {name: keeper, kind: "+keeper+"}", "big", "100", "small", "100", "rate", "1/s"), launch.Options{Seed: 1})
		f := image(res)
		require.Greater(t, float64(f.Degraded), 500.0, keeper)
		assert.InDelta(t, 5*float64(f.Degraded), held(res, "small"), 5*60, keeper)
		assert.InDelta(t, 10*float64(f.Completed-f.Degraded)+float64(res.Summary.Classes["text"].Completed), held(res, "big"), 10*60, keeper)

		late := run(t, twoPools(t, "  - {name: late, kind: deadline, classes: [image], max_wait: 7s}\n"+
			"  - {name: keeper, kind: "+keeper+"}", "big", "10"), launch.Options{Seed: 1})
		assert.Greater(t, float64(image(late).TimedOut), 1000.0, keeper)
	}
}
