package demand_test

import (
	"fmt"
	"math"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

func at(seconds float64) unit.Instant    { return unit.Instant(sim.FromSeconds(seconds)) }
func span(seconds float64) unit.Duration { return unit.Duration(sim.FromSeconds(seconds)) }

// A window is an interval of time with the exact mean and variance of the count
// of requests in it.
type window struct{ from, to, mean, variance float64 }

const (
	batches  = 40
	perBatch = 50
)

// requireCounts holds the counts in windows, over batches of replications,
// against their exact mean and variance. Each of the two is the mean of 40
// independent unbiased estimates, and lies within 6 of their standard errors: by
// Student's law with 39 degrees of freedom a right program leaves that once in
// two million times.
func requireCounts(t *testing.T, spec demand.Spec, e demand.Env, windows []window) {
	t.Helper()
	requireCountsOf(t, spec, e, windows, func(rng.Key) bool { return false })
}

// requireCountsOf is requireCounts where the requests for which served says so
// are completed at once.
func requireCountsOf(t *testing.T, spec demand.Spec, e demand.Env, windows []window, served func(rng.Key) bool) {
	t.Helper()
	end := 0.0
	for _, w := range windows {
		end = math.Max(end, w.to)
	}
	means, variances := make([][]float64, len(windows)), make([][]float64, len(windows))
	for b := range batches {
		sum, squares := make([]float64, len(windows)), make([]float64, len(windows))
		for r := range perBatch {
			e.Replication = uint64(b*perBatch + r)
			k := sim.NewKernel()
			l := &listener{served: served}
			var err error
			l.d, err = demand.New(k, spec, e, l)
			require.NoError(t, err)
			l.d.Start(0)
			k.RunUntil(sim.FromSeconds(end))
			for i, w := range windows {
				n := 0.0
				for _, x := range l.at {
					if x >= sim.FromSeconds(w.from) && x < sim.FromSeconds(w.to) {
						n++
					}
				}
				sum[i] += n
				squares[i] += (n - w.mean) * (n - w.mean)
			}
		}
		for i := range windows {
			means[i] = append(means[i], sum[i]/perBatch)
			variances[i] = append(variances[i], squares[i]/perBatch)
		}
	}
	for i, w := range windows {
		requireEstimate(t, w.mean, means[i], fmt.Sprintf("mean count from %v to %v", w.from, w.to))
		if math.IsNaN(w.variance) {
			continue // no closed form
		}
		requireEstimate(t, w.variance, variances[i], fmt.Sprintf("variance of the count from %v to %v", w.from, w.to))
	}
}

func requireEstimate(t *testing.T, exact float64, estimates []float64, what string) {
	t.Helper()
	n, sum, squares := float64(len(estimates)), 0.0, 0.0
	for _, x := range estimates {
		sum += x
	}
	mean := sum / n
	for _, x := range estimates {
		squares += (x - mean) * (x - mean)
	}
	require.InDelta(t, exact, mean, 6*math.Sqrt(squares/(n-1)/n)+1e-9, what)
}

// poisson are windows of a Poisson process with this rate.
func poisson(rate func(t float64) float64, ends ...float64) []window {
	var list []window
	for i := 1; i < len(ends); i++ {
		const steps = 20000
		h := (ends[i] - ends[i-1]) / steps
		mean := 0.0
		for k := range steps {
			mean += h * rate(ends[i-1]+h*(float64(k)+0.5))
		}
		list = append(list, window{ends[i-1], ends[i], mean, mean})
	}
	return list
}

func TestCountsPerIntervalHaveTheMeanAndVarianceOfTheoryForEveryShape(t *testing.T) {
	profile := []demand.Point{{At: at(0), X: 1}, {At: at(2), X: 3}, {At: at(2), X: 0.5}, {At: at(6), X: 2}}
	shapes := map[string]struct {
		stream demand.Stream
		rate   func(t float64) float64
		ends   []float64
	}{
		"linear profile with a jump": {demand.Stream{Profile: profile}, func(t float64) float64 {
			switch {
			case t < 2:
				return 10 * (1 + t)
			case t < 6:
				return 10 * (0.5 + 1.5*(t-2)/4)
			}
			return 20
		}, []float64{0, 1, 3, 7}},
		"profile in steps": {demand.Stream{Profile: []demand.Point{{At: at(0), X: 1}, {At: at(2), X: 4}, {At: at(5), X: 0}, {At: at(6), X: 2}}, Shape: "step"}, func(t float64) float64 {
			switch {
			case t < 2:
				return 10
			case t < 5:
				return 40
			case t < 6:
				return 0
			}
			return 20
		}, []float64{0, 2, 4, 7}},
		"profile in steps that repeats itself": {demand.Stream{Profile: []demand.Point{{At: at(0), X: 1}, {At: at(2), X: 4}}, Shape: "step", Period: span(3)}, func(t float64) float64 {
			if math.Mod(t, 3) < 2 {
				return 10
			}
			return 40
		}, []float64{0, 2, 3, 5, 6.5}},
		"ramps": {demand.Stream{Ramps: []demand.Ramp{{At: at(1), Over: span(2), To: 5}, {At: at(4), To: 0}, {At: at(5), Over: span(1), To: 2}}}, func(t float64) float64 {
			switch {
			case t < 1:
				return 10
			case t < 3:
				return 10 + 20*(t-1)
			case t < 4:
				return 50
			case t < 5:
				return 0
			case t < 6:
				return 20 * (t - 5)
			}
			return 20
		}, []float64{0, 2, 4, 5.5, 7}},
		"overlapping linear spikes": {demand.Stream{Spikes: []demand.Spike{{At: at(1), Height: 4, Rise: span(1), Hold: span(1), Fall: span(2)}, {At: at(2.5), Height: 6, Fall: span(1)}}}, func(t float64) float64 {
			x := 10.0
			switch {
			case t >= 1 && t < 2:
				x += 40 * (t - 1)
			case t >= 2 && t < 3:
				x += 40
			case t >= 3 && t < 5:
				x += 40 * (5 - t) / 2
			}
			if t >= 2.5 && t < 3.5 {
				x += 60 * (3.5 - t)
			}
			return x
		}, []float64{0, 1.5, 2.75, 4, 6}},
		// Row 451 of the table of exact values: 305.1972164 from 2 to 10. Its base
		// rate is 5, hence the factors here.
		"exponential spike": {demand.Stream{Profile: []demand.Point{{At: 0, X: 0.5}}, Spikes: []demand.Spike{{At: at(2), Height: 9.5, Fall: span(3), Decay: "exponential"}}}, func(t float64) float64 {
			if t < 2 {
				return 5
			}
			return 5 + 95*math.Exp(-(t-2)/3)
		}, []float64{0, 2, 10}},
	}
	t.Run("the day of two regions", func(t *testing.T) {
		spec := stream(demand.Stream{Rate: 0.01, DayShape: true})
		spec.Step = unit.Duration(30 * sim.Minute)
		spec.Day = make([]float64, 24)
		mean := 0.0
		for h := range spec.Day {
			spec.Day[h] = float64(1 + h*h%7)
			mean += spec.Day[h] / 24
		}
		spec.Regions = []demand.Region{{Name: "a", Share: 3, UTCHours: 5.5}, {Name: "b", Share: 1, UTCHours: -7}}
		e := env(rngtest.Seed(t, 1), 0)
		e.Epoch = 5 * sim.Day              // 6 January 1970, a Tuesday: it is no weekend anywhere
		local := func(t float64) float64 { // of the hour: linear between the middles of the hours
			h := math.Mod(t/3600+48-0.5, 24)
			k := int(h)
			return (spec.Day[k] + (spec.Day[(k+1)%24]-spec.Day[k])*(h-float64(k))) / mean
		}
		requireCounts(t, spec, e, poisson(func(t float64) float64 { return 0.01 * (0.75*local(t+5.5*3600) + 0.25*local(t-7*3600)) }, 0, 3600, 4*3600, 12.25*3600, 13*3600, 24*3600))
	})
	for name, s := range shapes {
		t.Run(name, func(t *testing.T) {
			s.stream.Rate = 10
			requireCounts(t, stream(s.stream), env(rngtest.Seed(t, 1), 0), poisson(s.rate, s.ends...))
		})
	}
	assert.InDelta(t, 305.1972164, poisson(shapes["exponential spike"].rate, 2, 10)[0].mean, 1e-6)
}

func TestAMeasuredRateSeriesIsFollowed(t *testing.T) {
	file := fstest.MapFS{"rates.csv": {Data: []byte("minute,requests per minute\n100,600\n101,1200\n101.5,\n102,0\n103,600\n")}}
	series := demand.RateSeries{Log: demand.Log{File: "rates.csv", Time: "minute", Unit: "m", At: at(60), ScaleRate: 0.5, ScaleTime: 1.0 / 60}, Rate: "requests per minute", Per: span(60), Shape: "step"}
	// A minute of the file is a second here, with the same requests in it: 300,
	// 600, 0 and 300 after scaling.
	require.NoError(t, series.Load(file, "rates.csv", nil))
	rate := func(t float64) float64 {
		if t < 60 || t >= 64 {
			return 0
		}
		return []float64{300, 600, 0, 300}[int(t-60)]
	}
	requireCounts(t, stream(demand.Stream{RateSeries: &series}), env(rngtest.Seed(t, 1), 0), poisson(rate, 60, 61, 62.5, 63, 64, 65))

	series.Shape, series.Repeat = "linear", true
	linear := func(t float64) float64 {
		x := math.Mod(t-60, 4)
		k := int(x)
		y := []float64{300, 600, 0, 300, 300}
		return y[k] + (y[k+1]-y[k])*(x-float64(k))
	}
	requireCounts(t, stream(demand.Stream{RateSeries: &series}), env(rngtest.Seed(t, 1), 0), poisson(linear, 61, 61.5, 63.25, 64.5, 66))
}

func TestARateOfAlmostZeroDoesNotJumpOverASurge(t *testing.T) {
	// 10^-9 per second for a day: the next request would come in some thirty
	// years. Then a surge of 40 requests within a tenth of a second.
	base := unit.Rate(1e-9)
	surge := demand.Stream{Rate: base, Spikes: []demand.Spike{{At: unit.Instant(sim.Day), Height: 4e11, Hold: span(0.1)}}}
	for name, step := range map[string]sim.Time{"a fine step": sim.Minute, "a step longer than all": 100 * sim.Day} {
		t.Run(name, func(t *testing.T) {
			for _, process := range []*demand.Arrivals{nil, {Process: "gamma", CV: 1.2}, {Process: "mmpp", States: []demand.State{{Factor: 1, Sojourn: span(0.01)}, {Factor: 1, Sojourn: span(86400)}}}} {
				surge.Arrivals = process
				spec := stream(surge)
				spec.Step = unit.Duration(step)
				l := play(t, spec, env(rngtest.Seed(t, 1), 0), 2*sim.Day, false)
				assert.InDelta(t, 40, len(l.at), 6*1.2*math.Sqrt(40))
				for _, x := range l.at {
					assert.True(t, x >= sim.Day && x <= sim.Day+100*sim.Millisecond, "%v", x)
				}
			}
		})
	}
}

func TestRenewalProcessesAreAsIrregularAsTheyAreSaidToBe(t *testing.T) {
	// Moments of gaps of mean 1: variance and third central moment.
	gammaOf := func(shape float64) (v, third float64) { return 1 / shape, 2 / (shape * shape) }
	weibullOf := func(shape float64) (v, third float64) {
		m1, m2, m3 := math.Gamma(1+1/shape), math.Gamma(1+2/shape), math.Gamma(1+3/shape)
		return m2/(m1*m1) - 1, m3/(m1*m1*m1) - 3*m2/(m1*m1) + 2
	}
	for name, c := range map[string]struct {
		arrivals demand.Arrivals
		v, third float64
	}{
		"gamma of cv 2":      {arrivals: demand.Arrivals{Process: "gamma", CV: 2}},
		"gamma of shape 4":   {arrivals: demand.Arrivals{Process: "gamma", Shape: 4}},
		"weibull of cv 2":    {arrivals: demand.Arrivals{Process: "weibull", CV: 2}},
		"weibull of shape 2": {arrivals: demand.Arrivals{Process: "weibull", Shape: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			switch {
			case c.arrivals.Process == "gamma" && c.arrivals.CV > 0:
				c.v, c.third = gammaOf(1 / (c.arrivals.CV * c.arrivals.CV))
			case c.arrivals.Process == "gamma":
				c.v, c.third = gammaOf(c.arrivals.Shape)
			case c.arrivals.CV > 0:
				c.v, c.third = weibullOf(shapeOfCV(c.arrivals.CV))
				require.InEpsilon(t, c.arrivals.CV*c.arrivals.CV, c.v, 1e-9)
			default:
				c.v, c.third = weibullOf(c.arrivals.Shape)
			}
			// In operational time a stationary renewal process counts a mean of m over
			// m, with a variance of v m + 1/6 + v²/2 - third/3 and what vanishes (Cox,
			// Renewal Theory, 1962, 4.5): the index of dispersion goes to cv². The rate
			// goes up and down meanwhile, which changes nothing.
			variance := func(m float64) float64 { return c.v*m + 1.0/6 + c.v*c.v/2 - c.third/3 }
			spec := stream(demand.Stream{Rate: 100, Arrivals: &c.arrivals, Profile: []demand.Point{{At: 0, X: 0.5}, {At: at(2), X: 1.5}, {At: at(2), X: 0.1}, {At: at(4), X: 1.9}}})
			requireCounts(t, spec, env(rngtest.Seed(t, 1), 0), []window{{0, 0.1, 5.25, math.NaN()}, {0, 4, 400, variance(400)}, {0, 2, 200, variance(200)}, {2, 4, 200, variance(200)}})
		})
	}
}

// shapeOfCV is the shape of a Weibull law by its CV.
func shapeOfCV(cv float64) float64 {
	lo, hi := 0.1, 100.0
	for range 200 {
		k := (lo + hi) / 2
		if m := math.Gamma(1 + 1/k); math.Gamma(1+2/k)/(m*m)-1 > cv*cv {
			lo = k
		} else {
			hi = k
		}
	}
	return lo
}

func TestAnMMPPHasTheMeanAndTheIndexOfDispersionOfTheCookbook(t *testing.T) {
	// Two states, Fischer and Meier-Hellstern 1993, section 2: with the rates of
	// leaving them s1 and s2.
	l1, l2, s1, s2 := 100.0, 10.0, 1/0.5, 1/1.5
	mean := (l1*s2 + l2*s1) / (s1 + s2)
	idc := func(t float64) float64 {
		a := 2 * (l1 - l2) * (l1 - l2) * s1 * s2 / ((s1 + s2) * (s1 + s2) * (l1*s2 + l2*s1))
		return 1 + a - a*(1-math.Exp(-(s1+s2)*t))/((s1+s2)*t)
	}
	spec := stream(demand.Stream{Rate: unit.Rate(mean), Arrivals: &demand.Arrivals{Process: "mmpp", States: []demand.State{{Factor: 10, Sojourn: span(0.5)}, {Factor: 1, Sojourn: span(1.5)}}}})
	var windows []window
	for _, w := range [][2]float64{{0, 0.25}, {0, 20}, {5, 7}} {
		n := mean * (w[1] - w[0])
		windows = append(windows, window{w[0], w[1], n, n * idc(w[1]-w[0])})
	}
	requireCounts(t, spec, env(rngtest.Seed(t, 1), 0), windows)

	// The general form agrees with the closed one, and is what three states do.
	require.InEpsilon(t, idc(2), mmppVariance([]float64{l1, l2}, []float64{0.5, 1.5}, 2)/(mean*2), 1e-3)
	rates, sojourns := []float64{0, 20, 100}, []float64{2, 1, 0.5}
	mean = (20*1 + 100*0.5) / 3.5
	spec = stream(demand.Stream{Rate: unit.Rate(mean), Arrivals: &demand.Arrivals{Process: "mmpp", States: []demand.State{{Factor: 0, Sojourn: span(2)}, {Factor: 1, Sojourn: span(1)}, {Factor: 5, Sojourn: span(0.5)}}}})
	requireCounts(t, spec, env(rngtest.Seed(t, 1), 0), []window{{0, 1, mean, mmppVariance(rates, sojourns, 1)}, {3, 13, 10 * mean, mmppVariance(rates, sojourns, 10)}})
}

// mmppVariance is the variance of the count of a stationary MMPP over a time:
// mean + 2 int (t-s) (pi L exp(Qs) L 1 - mean rate²) ds.
func mmppVariance(rates, sojourns []float64, t float64) float64 {
	n := len(rates)
	total, mean := 0.0, 0.0
	for _, x := range sojourns {
		total += x
	}
	p := make([]float64, n) // pi L exp(Qs)
	for i := range n {
		p[i] = sojourns[i] / total * rates[i]
		mean += p[i]
	}
	const steps = 20000
	h := t / steps
	v := mean * t
	for k := range steps {
		s := h * float64(k)
		c := -mean * mean
		for i := range n {
			c += p[i] * rates[i]
		}
		w := 1.0
		if k == 0 {
			w = 0.5
		}
		v += 2 * h * w * (t - s) * c
		q := make([]float64, n)
		for i := range n {
			q[i] -= p[i] / sojourns[i]
			for j := range n {
				if j != i {
					q[j] += p[i] / sojourns[i] / float64(n-1)
				}
			}
		}
		for i := range n {
			p[i] += h * q[i]
		}
	}
	return v
}

func TestTheStateOfAnMMPPIsNoneOfTheBusinessOfPolicies(t *testing.T) {
	// A changed rate leaves the states, and the luck of each request, as they are.
	arrivals := &demand.Arrivals{Process: "mmpp", States: []demand.State{{Factor: 1, Sojourn: span(5)}, {Factor: 9, Sojourn: span(1)}}}
	plain := play(t, stream(demand.Stream{Rate: 10, Arrivals: arrivals}), env(rngtest.Seed(t, 1), 0), 1000*sim.Second, false)
	k := sim.NewKernel()
	l := &listener{}
	var err error
	l.d, err = demand.New(k, stream(demand.Stream{Rate: 10, Arrivals: arrivals}), env(rngtest.Seed(t, 1), 0), l)
	require.NoError(t, err)
	l.d.Start(0)
	for k.Now() < 1000*sim.Second {
		k.RunUntil(k.Now() + 7*sim.Second)
		require.NoError(t, l.d.Reconfigure(k.Now(), stream(demand.Stream{Rate: 10, Arrivals: arrivals})))
	}
	require.GreaterOrEqual(t, len(l.keys), len(plain.keys))
	assert.Equal(t, plain.keys, l.keys[:len(plain.keys)])
	for i := range plain.at {
		require.InDelta(t, plain.at[i].Seconds(), l.at[i].Seconds(), 1e-5)
	}
}
