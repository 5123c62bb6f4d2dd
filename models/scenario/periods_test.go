package scenario

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "github.com/launchday-sim/launchday/models/policy/all"
	"github.com/launchday-sim/launchday/models/unit"
)

// durations are the keys of a scenario that take a duration, with their fields.
func durations(t *shape, path string, found map[string]field) {
	for _, f := range t.fields {
		at, of := join(path, f.key), deref(f.typ)
		if of == reflect.TypeFor[unit.Duration]() {
			found[at] = f
		}
		if of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of == distType || !section(of) {
			continue
		}
		s := shapeOf(of)
		durations(s, at, found)
		if s.kinds == "" {
			continue
		}
		for _, kind := range options.registry(s.kinds).Kinds() {
			spec, _ := options.registry(s.kinds).Fresh(kind)
			durations(shapeOf(reflect.TypeOf(spec).Elem()), at+"("+kind+")", found)
		}
	}
}

// periods are the durations after which something is done again, all through a
// run. Of these a tiny one would never let it end.
const periods = `
fleet.autoscaling.every
classes.patience
demand.step demand.streams.period demand.streams.arrivals.states.sojourn demand.streams.adoption.memory demand.streams.sharing.memory
pools.health.every pools.queue.borrowing_adjustment_period
policies.signal_delay policies.signal_interval
policies(brownout).period policies(cinnamon).period policies(dagor).rehash policies(dagor).window policies(envoy-gradient).min_rtt_interval
policies(envoy-gradient).update_interval policies(pid).period policies(pie).update policies(rajomon).price_update policies(rajomon).token_update
policies(seda).timeout policies(starlark).interval policies(waitlist).every policies(worker-utilisation).period
record.by
`

// spans are the others: how long something may last, what is aimed at, over how
// long something is counted or looked at when an attempt comes. Nothing is
// scheduled by them; interval is lengthened until there are few enough of them.
const spans = `
duration warmup interval
classes.slo pools.continuous_batching.step pools.continuous_batching.per_prefill_token pools.continuous_batching.per_decode pools.image_batching.setup pools.image_batching.step pools.image_batching.per_megapixel pools.image_batching.wait pools.health.timeout pools.queue.ageing pools.queue.deadline pools.queue.not_empty_for pools.queue.quantum pools.queue.tiers.deadline
demand.releases.postponed demand.streams.ramps.over demand.streams.spikes.rise demand.streams.spikes.hold demand.streams.spikes.fall
demand.streams.rate_series.from demand.streams.rate_series.to demand.streams.rate_series.per
demand.streams.trace.from demand.streams.trace.to demand.streams.trace.jitter demand.streams.trace.per_token_in demand.streams.trace.per_token_out
pools.checkpoint pools.lots.over pools.deploys.drain pools.deploys.over
fleet.autoscaling.ahead fleet.autoscaling.cooldown_in fleet.autoscaling.cooldown_out fleet.autoscaling.stabilization_window
fleet.purchases.over fleet.spill_over.above fleet.training.checkpoint fleet.training.restart
clients.balk.shown_age clients.retry.base clients.retry.base_limited clients.retry.cap clients.retry.give_up_after clients.return.spread
clients.guards(adaptive-throttling).window clients.guards(circuit-breaker).bucket clients.guards(circuit-breaker).interval
clients.guards(circuit-breaker).open clients.guards(circuit-breaker).snapshot clients.guards(circuit-breaker).window
clients.guards(finagle-budget).ttl clients.guards(retry-budget).window
policies(aimd).timeout policies(appeal).half_life policies(breakwater).round_trip policies(breakwater).target policies(brownout).setpoint
policies(cinnamon).overloaded_after policies(cinnamon).queue_timeout policies(codel).interval policies(codel).target
policies(controlled-delay).m policies(controlled-delay).n policies(dagor).threshold policies(deadline).max_wait
policies(deadline-admission).deadline policies(deadline-admission).window policies(envoy-gradient).min_rtt policies(expired-work).deadline
policies(failsafe-limiter).recent_window_max policies(failsafe-limiter).recent_window_min policies(feature-gate).ramp policies(fixed-window).window
policies(folly-codel).interval policies(folly-codel).target policies(gradient2).window policies(partitioned-limit).timeout
policies(partitioned-limit).window policies(pid).derivative_time policies(pid).integral_time policies(pid).target_delay
policies(pie).burst policies(pie).target policies(quality-ladder).min_dwell policies(rajomon).delay_unit policies(rajomon).threshold
policies(seda).target policies(sliding-log).window policies(sliding-window).window policies(user-quota).window policies(vegas).window
policies(waiting-room).session_duration
`

func TestEveryDurationIsAPeriodWithALeastValueOrASpanThatSchedulesNothing(t *testing.T) {
	found := map[string]field{}
	durations(shapeOf(reflect.TypeFor[Scenario]()), "", found)
	require.Greater(t, len(found), 80)
	listed := map[string]bool{}
	for path := range strings.FieldsSeq(periods) {
		listed[path] = true
		f, ok := found[path]
		if !assert.True(t, ok, "there is no duration %s", path) {
			continue
		}
		var least unit.Duration
		require.NoError(t, least.UnmarshalText([]byte(f.min)), "%s has no min", path)
		assert.GreaterOrEqual(t, int64(least), int64(1e6), "the least %s is less than a millisecond", path)
	}
	for path := range strings.FieldsSeq(spans) {
		assert.False(t, listed[path], "%s is listed twice", path)
		listed[path] = true
		assert.Contains(t, found, path)
	}
	for path := range found {
		assert.True(t, listed[path], "%s is new: is it a period? Then give it a min", path)
	}
}
