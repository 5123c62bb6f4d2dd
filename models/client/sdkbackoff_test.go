package client_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// What clients in use do: aws-sdk-go-v2 v1.47.7, aws/retry/jitter_backoff.go and
// middleware.go; grpc-go v1.85.0, stream.go; the text of gRPC's proposal A6. Each is
// uniform between two bounds, to within a percent of which 30,000 draws come.
func TestTheBackoffsOfSDKsAreUniformBetweenTheirBounds(t *testing.T) {
	const n = 30_000
	spec := func(j client.Jitter, base, cap sim.Time, multiplier unit.Factor) *client.RetrySpec {
		s := retries(100, base, j)
		s.OnLimited, s.Cap, s.Multiplier = true, unit.Duration(cap), multiplier
		return s
	}
	legacy := spec(client.AWSLegacyJitter, sim.Second, 20*sim.Second, 2)
	newer := spec(client.FullJitter, 50*sim.Millisecond, 20*sim.Second, 2)
	newer.BaseLimited = unit.Duration(sim.Second)
	grpc := spec(client.GRPCJitter, 100*sim.Millisecond, 5*sim.Second, 1.6)
	a6 := spec(client.FullJitter, 100*sim.Millisecond, sim.Second, 2.5)
	for _, tc := range []struct {
		name    string
		spec    *client.RetrySpec
		try     int
		limited bool
		lo, hi  float64 // seconds
	}{
		{"aws legacy", legacy, 1, false, 0, 2},
		{"aws legacy", legacy, 2, false, 0, 4},
		{"aws legacy", legacy, 4, false, 0, 16},
		{"aws legacy", legacy, 5, false, 20, 20},
		{"aws legacy", legacy, 60, true, 20, 20},
		{"aws of 2026", newer, 1, false, 0, 0.05},
		{"aws of 2026", newer, 4, false, 0, 0.4},
		{"aws of 2026", newer, 9, false, 0, 12.8},
		{"aws of 2026", newer, 10, false, 0, 20},
		{"aws of 2026, throttled", newer, 1, true, 0, 1},
		{"aws of 2026, throttled", newer, 5, true, 0, 16},
		{"aws of 2026, throttled", newer, 6, true, 0, 20},
		{"grpc-go", grpc, 1, false, 0.08, 0.12},
		{"grpc-go", grpc, 3, false, 0.8 * 0.256, 1.2 * 0.256},
		{"grpc-go", grpc, 9, false, 0.8 * 4.294967296, 1.2 * 4.294967296},
		{"grpc-go, capped before the jitter", grpc, 10, false, 4, 6},
		{"grpc-go, capped before the jitter", grpc, 3000, false, 4, 6},
		{"gRPC A6", a6, 1, false, 0, 0.1},
		{"gRPC A6", a6, 3, false, 0, 0.625},
		{"gRPC A6", a6, 4, false, 0, 1},
	} {
		tc.spec.MaxTries = math.MaxUint16
		c := newClient(t, client.Spec{Retry: tc.spec})
		least, most, sum := math.Inf(1), 0.0, 0.0
		for i := range n {
			o, status := models.Failed, models.Status(0)
			if tc.limited {
				o, status = models.Rejected, models.TooManyRequests
			}
			r := c.React(&models.Attempt{Request: request(t, i), Try: uint16(tc.try)}, o, status, 0, 0)
			require.Equal(t, client.Retry, r.Kind)
			after := r.After.Seconds()
			require.GreaterOrEqual(t, after, tc.lo-1e-8, "%s after try %d", tc.name, tc.try)
			require.LessOrEqual(t, after, tc.hi+1e-8, "%s after try %d", tc.name, tc.try)
			least, most, sum = min(least, after), max(most, after), sum+after
		}
		span := tc.hi - tc.lo
		assert.InDelta(t, tc.lo, least, span/100+1e-8, "%s after try %d", tc.name, tc.try)
		assert.InDelta(t, tc.hi, most, span/100+1e-8, "%s after try %d", tc.name, tc.try)
		if span > 0 {
			assertMean(t, (tc.lo+tc.hi)/2, span/math.Sqrt(12), sum, n, "%s after try %d", tc.name, tc.try)
		}
	}
}

func TestWhatARefusalAsksForIsHeededAsEachClientDoes(t *testing.T) {
	for _, tc := range []struct {
		pushBack client.PushBack
		asked    sim.Time
		lo, hi   sim.Time // the backoff is uniform from 0 to 4 s
	}{
		{client.JitteredPushBack, 0, 0, 4 * sim.Second},
		{client.JitteredPushBack, sim.Minute, sim.Minute, 64 * sim.Second},
		{client.GRPCPushBack, 0, 0, 4 * sim.Second},
		{client.GRPCPushBack, sim.Second, sim.Second, sim.Second},
		{client.GRPCPushBack, sim.Minute, sim.Minute, sim.Minute},
		{client.AWSPushBack, 0, 0, 4 * sim.Second},
		{client.AWSPushBack, 2 * sim.Second, 2 * sim.Second, 4 * sim.Second},
		{client.AWSPushBack, 5 * sim.Second, 5 * sim.Second, 5 * sim.Second},
		{client.AWSPushBack, sim.Minute, 5 * sim.Second, 9 * sim.Second},
	} {
		s := retries(9, sim.Second, client.FullJitter)
		s.OnUnavailable, s.PushBack = true, tc.pushBack
		c := newClient(t, client.Spec{Retry: s})
		least, most := sim.Never, sim.Time(0)
		for i := range 10_000 {
			r := c.React(&models.Attempt{Request: request(t, i), Try: 3}, models.Rejected, models.Unavailable, tc.asked, 0)
			least, most = min(least, r.After), max(most, r.After)
		}
		assert.InDelta(t, tc.lo.Seconds(), least.Seconds(), 0.01, "%+v", tc)
		assert.InDelta(t, tc.hi.Seconds(), most.Seconds(), 0.01, "%+v", tc)
		assert.GreaterOrEqual(t, least, tc.lo, "%+v", tc)
		assert.LessOrEqual(t, most, tc.hi, "%+v", tc)

		s.HeedsRetryAfter = false
		c = newClient(t, client.Spec{Retry: s})
		assert.LessOrEqual(t, c.React(&models.Attempt{Request: request(t, 0), Try: 3}, models.Rejected, models.Unavailable, sim.Minute, 0).After, 4*sim.Second)
	}
}

func TestABackoffThatCannotBeIsRefusedByItsField(t *testing.T) {
	for want, change := range map[string]func(*client.RetrySpec){
		"multiplier is 0.5, it must be 1 or more":                                          func(s *client.RetrySpec) { s.Multiplier = 0.5 },
		"cap is 1h0m0s, it must be at least base_limited, which is 2h0m0s":                 func(s *client.RetrySpec) { s.BaseLimited = unit.Duration(2 * sim.Hour) },
		`push_back is "never", it must be jittered, grpc or aws-2026`:                      func(s *client.RetrySpec) { s.PushBack = "never" },
		"base_limited is negative: -1ns":                                                   func(s *client.RetrySpec) { s.BaseLimited = -1 },
		`growth is "fixed", with the jitter aws-legacy it must be exponential`:             func(s *client.RetrySpec) { s.Growth, s.Jitter = client.FixedGrowth, client.AWSLegacyJitter },
		`jitter is "some", it must be none, equal, full, decorrelated, grpc or aws-legacy`: func(s *client.RetrySpec) { s.Jitter = "some" },
	} {
		s := retries(3, sim.Second, client.FullJitter)
		change(s)
		_, err := client.New(client.Spec{Name: "app", Retry: s})
		assert.EqualError(t, err, "client app: retry: "+want)
	}
}
