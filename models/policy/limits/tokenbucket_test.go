package limits_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/limits"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// A gateway is one policy with a clock of its own.
type gateway struct {
	policy.Policy
	env policy.Env
	now sim.Time
}

func newGateway(t *testing.T, at sim.Time, s policy.Spec) *gateway {
	t.Helper()
	g := &gateway{now: at}
	g.env = policy.Env{Name: "limit", Users: 1000, Horizon: 10 * sim.Day, Reasons: new(models.Reasons), Now: func() sim.Time { return g.now }}
	p, err := s.New(g.env)
	require.NoError(t, err)
	g.Policy = p
	return g
}

func (g *gateway) try(at sim.Time, user models.User) models.Verdict {
	g.now = at
	return g.Admit(&models.Attempt{User: user}, &models.Signals{Now: at})
}

func bucket(rate, burst float64) *limits.TokenBucketSpec {
	return &limits.TokenBucketSpec{Rate: unit.Rate(rate), Burst: unit.Count(burst)}
}

// The trace of "det: token bucket" in the table of exact results: rate 1/s,
// burst 3, full at 0; 5 accepted, 3 rejected.
func TestABucketOfThreeThatFillsOnceASecond(t *testing.T) {
	g := newGateway(t, 0, bucket(1, 3))
	for _, tc := range []struct {
		seconds    float64
		retryAfter sim.Time // 0: admitted
	}{
		{0, 0}, {0, 0}, {0, 0}, {0, sim.Second}, {0.5, 500 * sim.Millisecond}, {1, 0}, {1.2, 800 * sim.Millisecond}, {2.5, 0},
	} {
		v := g.try(sim.FromSeconds(tc.seconds), 0)
		assert.Equal(t, tc.retryAfter, v.RetryAfter, "at %v s", tc.seconds)
		assert.Equal(t, tc.retryAfter != 0, v.Reason != 0, "at %v s", tc.seconds)
	}
	assert.Equal(t, models.Refusal{Name: "limit", Status: models.TooManyRequests}, g.env.Reasons.Get(1))
}

// A row of testdata/xtimerate_*.csv: one call of golang.org/x/time/rate v0.16.0
// and what it did. The headers of the files explain the columns.
type call struct {
	op      string
	at      sim.Time
	n       int
	arg     float64
	ref     int // of a cancel, the row of the reservation
	ok      bool
	delayed bool
	tokens  float64 // after it
}

func readCalls(t *testing.T, name string) []call {
	f, err := os.Open("testdata/xtimerate_" + name + ".csv")
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	require.NoError(t, err)
	number := func(s string) float64 {
		if s == "" {
			return 0
		}
		x, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err)
		return x
	}
	var calls []call
	for _, row := range rows[1:] {
		at, err := strconv.ParseInt(row[2], 10, 64)
		require.NoError(t, err)
		calls = append(calls, call{row[1], sim.Time(at), int(number(row[3])), number(row[4]), int(number(row[5])), row[6] == "1", number(row[7]) > 0, number(row[8])})
	}
	return calls
}

// The original can do more than an attempt can ask for: it goes into debt, and gives
// back what was reserved in debt or at this instant. Where it does, this bucket is left behind and set to
// the original's level again at the next row where that is possible. Every other call
// must come out the same: those for no token or for many, those for more than the bucket
// holds, reservations that are due at once or never, and the cancelling of those later,
// which gives nothing back. One token is asked for with Admit.
func TestTheBucketDecidesAsTheLimiterOfXTimeRateDoes(t *testing.T) {
	for _, file := range []struct {
		name        string
		rate, burst float64
		calls       int // that are compared, so that the test is not an empty one
		waited      int // of them, those whose Retry-After is
	}{
		{"a", 10, 5, 241, 25}, {"b", 0.25, 3, 245, 3}, {"c", 2500, 400, 226, 0}, {"e", 7, 1, 160, 8},
	} {
		t.Run(file.name, func(t *testing.T) {
			rate, burst := file.rate, file.burst
			var g *gateway // nil while it is left behind
			var compared, waited int
			last := sim.Time(math.MinInt64)
			calls := readCalls(t, file.name)
			for i, c := range calls {
				where := fmt.Sprintf("row %d: %+v", i, c)
				if c.at < last {
					g = nil // the time of a run does not go back
				}
				last = c.at
				switch {
				case c.op == "setlimit" || c.op == "setburst":
					if c.op == "setlimit" {
						rate = c.arg
					} else {
						burst = c.arg
					}
					if g != nil {
						g.now = c.at
						require.NoError(t, g.Reconfigure(bucket(rate, burst)), where)
					}
				case g == nil:
				case c.delayed || c.op == "cancel" && (calls[c.ref].delayed || c.at == calls[c.ref].at):
					g = nil
				case c.op == "cancel":
					_, left := limits.TokensOf(g.Policy, c.at, 0)
					require.InDelta(t, c.tokens, left, 1e-5, where)
					compared++
				default:
					n := c.n
					if n == 1 {
						v := g.try(c.at, 0)
						require.Equal(t, c.ok, v.Reason == 0, where)
						if n = 0; !c.ok {
							assert.InDelta(t, (1-c.tokens)/rate*1e9, float64(v.RetryAfter), 2, where)
							waited++
						}
					}
					ok, left := limits.TokensOf(g.Policy, c.at, n)
					require.True(t, c.n == 1 || ok == c.ok, where)
					require.InDelta(t, c.tokens, left, 1e-5, where)
					compared++
				}
				if g == nil && c.tokens >= 0 {
					g = gatewayAtLevel(t, c.at, rate, burst, c.tokens)
				}
			}
			assert.Equal(t, file.calls, compared)
			assert.Equal(t, file.waited, waited)
		})
	}
}

// gatewayAtLevel returns a bucket that holds so many tokens at the instant: a
// full one from which whole tokens were taken a little earlier.
func gatewayAtLevel(t *testing.T, at sim.Time, rate, burst, tokens float64) *gateway {
	whole, part := math.Modf(min(tokens, burst))
	earlier := at - sim.FromSeconds(part/rate)
	g := newGateway(t, earlier, bucket(rate, burst))
	for range int(burst - whole) {
		require.Zero(t, g.try(earlier, 0).Reason)
	}
	return g
}

func TestARefusedAttemptTakesNothingAndMayComeAtTheTimeItWasTold(t *testing.T) {
	src := rng.NewSource(1, 0, t.Name())
	for _, rate := range []float64{1.0 / 86400, 0.25, 1, 3, 7, 10, 2500, 123456.7, 1e6, 1e8} {
		g := newGateway(t, 0, bucket(rate, 1))
		var now sim.Time
		for range 1000 {
			v := g.try(now, 0)
			if v.Reason == 0 {
				now += sim.FromSeconds(src.Exp() / rate)
				continue
			}
			if early := v.RetryAfter - 1; early > 0 {
				require.Equal(t, sim.Time(1), g.try(now+early, 0).RetryAfter, "a nanosecond too early, rate %v", rate)
			}
			now += v.RetryAfter
			require.Zero(t, g.try(now, 0).Reason, "rate %v", rate)
		}
	}
}

func TestATokenThatIsDueAfterWholeNanosecondsIsNotANanosecondLate(t *testing.T) {
	for _, rate := range []float64{0.001, 0.1, 1, 10, 100, 1000, 1e6, 1e8, 8, 12.5, 1.0 / 3.6, 2500, 80000, 3125000} {
		g := newGateway(t, 0, bucket(rate, 1))
		period := sim.FromSeconds(1 / rate)
		for i := range 1000 {
			require.Zero(t, g.try(sim.Time(i)*period, 0).Reason, "rate %v, token %d", rate, i)
		}
	}
}

func TestInTheLongRunTheBucketLetsThroughItsRate(t *testing.T) {
	const rate, hours = 7.0 / 3, 100
	g := newGateway(t, 0, bucket(rate, 10))
	admitted := 0
	for now := sim.Time(0); now < hours*sim.Hour; now += sim.FromSeconds(0.37) {
		if g.try(now, 0).Reason == 0 {
			admitted++
		}
	}
	assert.InDelta(t, float64(10+rate*3600*hours), admitted, 1)
}

// Rows "token bucket, Poisson arrivals, continuous refill" of the table of exact
// results: the bucket is the dual of an M/D/1 queue whose customers balk
// (Takacs). Student intervals over 64 replications at 1 - 1e-6 for each row.
func TestPoissonArrivalsAreRefusedAsOftenAsTheDualQueueSays(t *testing.T) {
	const replications, warmUp, counted = 64, 10_000, 10_000
	const quantile = 5.42 // of Student's t with 63 degrees of freedom
	seed := rngtest.Seed(t, 1)
	for _, tc := range []struct{ arrivals, rate, burst, refused float64 }{
		{0.8, 1, 10, 0.00363923114},
		{1.2, 1, 1, 0.5454545455},
		{2, 1, 10, 0.5000000876},
		{100, 100, 50, 0.01003344482},
	} {
		var sum, squares float64
		for r := range uint64(replications) {
			src := rng.NewSource(seed, r, fmt.Sprint(tc))
			g := newGateway(t, 0, bucket(tc.rate, tc.burst))
			at, refused := 0.0, 0
			for i := range warmUp + counted {
				at += src.Exp() / tc.arrivals
				if g.try(sim.FromSeconds(at), 0).Reason != 0 && i >= warmUp {
					refused++
				}
			}
			share := float64(refused) / counted
			sum += share
			squares += share * share
		}
		mean := sum / replications
		sd := math.Sqrt((squares - sum*mean) / (replications - 1))
		assert.InDelta(t, tc.refused, mean, quantile*sd/math.Sqrt(replications), "%+v", tc)
	}
}

func TestNewParametersKeepTheTokens(t *testing.T) {
	g := newGateway(t, 0, bucket(1, 10))
	for range 10 {
		require.Zero(t, g.try(0, 0).Reason)
	}
	g.now = 3 * sim.Second // 3 tokens have come in at the old rate
	require.NoError(t, g.Reconfigure(bucket(100, 10)))
	for range 3 {
		require.Zero(t, g.try(g.now, 0).Reason)
	}
	assert.Equal(t, 10*sim.Millisecond, g.try(g.now, 0).RetryAfter, "the fourth comes at the new rate")

	g.now += sim.Second // full
	require.NoError(t, g.Reconfigure(bucket(100, 2)))
	require.NoError(t, g.Reconfigure(bucket(100, 10)))
	require.Zero(t, g.try(g.now, 0).Reason)
	require.Zero(t, g.try(g.now, 0).Reason)
	assert.NotZero(t, g.try(g.now, 0).Reason, "what the smaller bucket could not hold is lost")
}

func TestWithoutInflowTheBurstIsAllAndNoTimeIsTold(t *testing.T) {
	g := newGateway(t, 0, bucket(0, 2))
	assert.Zero(t, g.try(0, 0).Reason)
	assert.Zero(t, g.try(sim.Day, 0).Reason)
	assert.Equal(t, models.Verdict{Reason: 1}, g.try(9*sim.Day, 0))
}

func TestABucketThatCannotBeIsRefused(t *testing.T) {
	for want, s := range map[string]*limits.TokenBucketSpec{
		"rate is -1 a second, it must be 0 to 1e+08":    bucket(-1, 5),
		"rate is NaN a second, it must be 0 to 1e+08":   bucket(math.NaN(), 5),
		"rate is 1e+09 a second, it must be 0 to 1e+08": bucket(1e9, 5),
		"burst is 0.4, it must be 1 to 2^53":            bucket(1, 0.4),
		"burst is +Inf, it must be 1 to 2^53":           bucket(1, math.Inf(1)),
	} {
		g := newGateway(t, 0, bucket(1, 1))
		_, err := s.New(g.env)
		assert.EqualError(t, err, want)
		assert.EqualError(t, g.Reconfigure(s), want)
		assert.Zero(t, g.try(0, 0).Reason)
		assert.Equal(t, sim.Second, g.try(0, 0).RetryAfter, "nothing has changed")
	}
}
