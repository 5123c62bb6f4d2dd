package textbook_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/textbook"
)

// The models whose rows wait for a later issue: they need pre-emption, processor
// sharing and a second station.
var later = map[string]bool{"mg1_ps": true, "priority_mm1_preemptive": true, "tandem": true}

// exact is one row of the table with its parameters parsed.
type exact struct {
	textbook.Exact
	params [][]float64
}

func (e exact) p(i int) float64 { return e.params[i][0] }
func (e exact) n(i int) int     { return int(e.params[i][0]) }

// figures computes what the rows of a model may ask for.
func figures(e exact) map[string]float64 {
	switch e.Model {
	case "mm1", "mmc":
		q := textbook.MMc{Lambda: e.p(0), Mu: e.p(1), Servers: e.n(2)}
		return map[string]float64{"utilisation": q.Utilisation(), "prob_wait": q.ProbWait(), "wait_mean_s": q.WaitMean(), "sojourn_mean_s": q.SojournMean(),
			"queue_length_mean": q.QueueLengthMean(), "wait_p90_s": q.WaitQuantile(0.9), "wait_p99_s": q.WaitQuantile(0.99)}
	case "mmck":
		q := textbook.MMcK{Lambda: e.p(0), Mu: e.p(1), Servers: e.n(2), Capacity: e.n(3)}
		return map[string]float64{"prob_reject": q.ProbReject(), "wait_mean_admitted_s": q.WaitMean(), "sojourn_mean_admitted_s": q.SojournMean(),
			"queue_length_mean": q.QueueLengthMean(), "utilisation": q.Utilisation()}
	case "mgcc":
		q := textbook.MGcc{Lambda: e.p(0), MeanService: e.p(1), Servers: e.n(2)}
		return map[string]float64{"prob_reject": q.ProbReject(), "busy_mean": q.BusyMean()}
	case "md1", "mg1_lognormal_cv2", "mg1_hyper_cv4":
		q := textbook.MG1{Lambda: e.p(0), Mean: e.p(1), SecondMoment: e.p(1) * e.p(1)}
		if e.Model != "md1" {
			q.SecondMoment = e.p(2)
		}
		return map[string]float64{"utilisation": q.Utilisation(), "wait_mean_s": q.WaitMean(), "sojourn_mean_s": q.SojournMean(), "queue_length_mean": q.QueueLengthMean()}
	case "erlang_a":
		q := textbook.ErlangA{Lambda: e.p(0), Mu: e.p(1), PatienceRate: e.p(2), Servers: e.n(3)}
		return map[string]float64{"prob_abandon": q.ProbAbandon(), "wait_mean_all_s": q.WaitMean(), "queue_length_mean": q.QueueLengthMean(),
			"utilisation": q.Utilisation(), "prob_wait": q.ProbWait()}
	case "priority_mg1_nonpreemptive":
		var q textbook.PriorityMG1
		for i, lambda := range e.params[0] {
			q = append(q, textbook.MG1{Lambda: lambda, Mean: e.params[1][i], SecondMoment: e.params[2][i]})
		}
		return map[string]float64{"wait_mean_class0_s": q.WaitMean(0), "wait_mean_class1_s": q.WaitMean(1)}
	case "priority_mmc_nonpreemptive":
		q := textbook.PriorityMMc{Lambdas: e.params[0], Mu: e.p(1), Servers: e.n(2)}
		return map[string]float64{"wait_mean_class0_s": q.WaitMean(0), "wait_mean_class1_s": q.WaitMean(1)}
	case "retrial_mm1":
		q := textbook.RetrialMM1{Lambda: e.p(0), Mu: e.p(1), RetryRate: e.p(2)}
		return map[string]float64{"orbit_mean": q.OrbitMean(), "wait_mean_s": q.WaitMean(), "utilisation": q.Utilisation()}
	case "mt_m_inf":
		q := textbook.MtMInf{Base: e.p(0), Amplitude: e.p(1), Period: e.p(2), Mu: e.p(3)}
		return map[string]float64{"busy_mean_at_t": q.BusyMean(e.p(4))}
	case "mm1_lifo_fifo":
		q := textbook.MM1{Lambda: e.p(0), Mu: e.p(1)}
		return map[string]float64{"wait_mean_s": q.WaitMean(), "wait_var_fifo": q.WaitVarianceFIFO(), "wait_var_lifo": q.WaitVarianceLIFO()}
	case "overload_fluid":
		q := textbook.FluidOverload{Lambda: e.p(0), Mu: e.p(1), Servers: e.n(2), PatienceRate: e.p(3)}
		return map[string]float64{"prob_abandon": q.ProbAbandon(), "queue_length_fluid": q.QueueLengthMean(), "wait_fluid_s": q.OfferedWait()}
	}
	return nil
}

func TestEveryRowOfTheOracleIsReproducedToItsLastDigit(t *testing.T) {
	done := 0
	for _, e := range textbook.Table() {
		if later[e.Model] {
			continue
		}
		got, ok := figures(exact{e, e.Numbers()})[e.Metric]
		require.True(t, ok, "no closed form for %s of %s", e.Metric, e.Model)
		// The file has ten significant digits.
		assert.InEpsilon(t, e.Value, got, 5.01e-10, "%s of %s %s", e.Metric, e.Model, e.Parameters)
		done++
	}
	assert.Equal(t, 90, done)
}

// The logarithm of Erlang's sum, by the log-gamma function: another way to the
// same number.
func TestErlangBHoldsItsDigitsAtAThousandServers(t *testing.T) {
	for _, a := range []float64{1, 500, 980, 1000, 1500, 1e5} {
		logTerm := func(k int) float64 {
			g, _ := math.Lgamma(float64(k) + 1)
			return float64(k)*math.Log(a) - g
		}
		sum := 0.0
		for k := range 1001 {
			sum += math.Exp(logTerm(k) - logTerm(1000))
		}
		if math.IsInf(sum, 1) {
			assert.Zero(t, textbook.ErlangB(1000, a), "a = %v", a)
			continue
		}
		assert.InEpsilon(t, 1/sum, textbook.ErlangB(1000, a), 1e-10, "a = %v", a)
	}
}

func TestAQueueWithoutPlacesIsALossSystemAndOneWithManyIsErlangC(t *testing.T) {
	const lambda, servers = 980.0, 1000
	loss := textbook.MMcK{Lambda: lambda, Mu: 1, Servers: servers, Capacity: servers}
	assert.InEpsilon(t, textbook.ErlangB(servers, lambda), loss.ProbReject(), 1e-12)
	assert.Zero(t, loss.WaitMean())

	open := textbook.MMc{Lambda: lambda, Mu: 1, Servers: servers}
	wide := textbook.MMcK{Lambda: lambda, Mu: 1, Servers: servers, Capacity: servers + 5000}
	assert.InEpsilon(t, open.WaitMean(), wide.WaitMean(), 1e-9)
	assert.InEpsilon(t, open.Utilisation(), wide.Utilisation(), 1e-9)
}

func TestAFullRoomUnderOverloadRefusesWhatCannotBeServed(t *testing.T) {
	q := textbook.MMcK{Lambda: 3000, Mu: 1, Servers: 1000, Capacity: 101_000}
	assert.InEpsilon(t, 2.0/3, q.ProbReject(), 1e-12)
	assert.InEpsilon(t, 1e5-0.5, q.QueueLengthMean(), 1e-9, "j places are free two thirds of a third to the j of the time")
	assert.InEpsilon(t, 1.0, q.Utilisation(), 1e-12)
}

func TestErlangABecomesErlangCAsPatienceGrowsAndTheFluidLimitUnderOverload(t *testing.T) {
	calm := textbook.ErlangA{Lambda: 980, Mu: 1, PatienceRate: 1e-7, Servers: 1000}
	open := textbook.MMc{Lambda: 980, Mu: 1, Servers: 1000}
	assert.InEpsilon(t, open.ProbWait(), calm.ProbWait(), 1e-4)
	assert.InEpsilon(t, open.WaitMean(), calm.WaitMean(), 1e-4)

	flood := textbook.ErlangA{Lambda: 2000, Mu: 1, PatienceRate: 0.01, Servers: 1000}
	fluid := textbook.FluidOverload{Lambda: 2000, Mu: 1, PatienceRate: 0.01, Servers: 1000}
	assert.InEpsilon(t, fluid.ProbAbandon(), flood.ProbAbandon(), 1e-9)
	assert.InEpsilon(t, fluid.QueueLengthMean(), flood.QueueLengthMean(), 1e-9)
	assert.InEpsilon(t, 1.0, flood.ProbWait(), 1e-12)
	assert.InEpsilon(t, 1.0, flood.Utilisation(), 1e-12)
}

// Patience at the rate of service makes Erlang A the M/M/inf system, whose
// number is Poisson.
func TestErlangAWithPatienceLikeServiceIsPoisson(t *testing.T) {
	q := textbook.ErlangA{Lambda: 12, Mu: 1, PatienceRate: 1, Servers: 10}
	prob, length, p := 0.0, 0.0, math.Exp(-12)
	for n := range 200 {
		if n >= 10 {
			prob += p
			length += float64(n-10) * p
		}
		p *= 12 / float64(n+1)
	}
	assert.InEpsilon(t, prob, q.ProbWait(), 1e-12)
	assert.InEpsilon(t, length, q.QueueLengthMean(), 1e-12)
}

func TestOneClassHasNoPriority(t *testing.T) {
	one := textbook.MG1{Lambda: 0.5, Mean: 1, SecondMoment: 17}
	assert.InEpsilon(t, one.WaitMean(), textbook.PriorityMG1{one}.WaitMean(0), 1e-12)
	many := textbook.MMc{Lambda: 95, Mu: 1, Servers: 100}
	assert.InEpsilon(t, many.WaitMean(), textbook.PriorityMMc{Lambdas: []float64{95}, Mu: 1, Servers: 100}.WaitMean(0), 1e-12)
}

func TestPriorityMovesTheWaitButNotItsSum(t *testing.T) {
	classes := textbook.PriorityMMc{Lambdas: []float64{300, 600, 80}, Mu: 1, Servers: 1000}
	sum := 0.0
	for k, lambda := range classes.Lambdas {
		sum += lambda * classes.WaitMean(k)
	}
	assert.InEpsilon(t, textbook.MMc{Lambda: 980, Mu: 1, Servers: 1000}.QueueLengthMean(), sum, 1e-10)
}

func TestARetrialQueueThatRetriesAtOnceWaitsLikeMM1(t *testing.T) {
	q := textbook.RetrialMM1{Lambda: 0.6, Mu: 1, RetryRate: 1e12}
	assert.InEpsilon(t, textbook.MM1{Lambda: 0.6, Mu: 1}.WaitMean(), q.WaitMean(), 1e-9)
}

// The mean number in service is the flow that came in and has not left:
// m' = lambda(t) - mu m.
func TestTheNumberInServiceSolvesItsBalance(t *testing.T) {
	q := textbook.MtMInf{Base: 100, Amplitude: 50, Period: 24, Mu: 0.7}
	const h = 1e-4
	for _, at := range []float64{0, 3, 11, 20} {
		rate := 100 + 50*math.Sin(2*math.Pi*at/24)
		slope := (q.BusyMean(at+h) - q.BusyMean(at-h)) / (2 * h)
		assert.InDelta(t, rate-q.Mu*q.BusyMean(at), slope, 1e-6)
	}
}

func TestWithoutASteadyStateWaitsAreInfinite(t *testing.T) {
	assert.Equal(t, math.Inf(1), textbook.MMc{Lambda: 10, Mu: 1, Servers: 10}.WaitMean())
	assert.Equal(t, math.Inf(1), textbook.MMc{Lambda: 11, Mu: 1, Servers: 10}.WaitQuantile(0.5))
	assert.Equal(t, 1.0, textbook.MMc{Lambda: 11, Mu: 1, Servers: 10}.ProbWait())
	assert.Equal(t, 1.0, textbook.MMc{Lambda: 11, Mu: 1, Servers: 10}.Utilisation())
	assert.Equal(t, math.Inf(1), textbook.MG1{Lambda: 2, Mean: 1, SecondMoment: 1}.QueueLengthMean())
	assert.Equal(t, math.Inf(1), textbook.MM1{Lambda: 2, Mu: 1}.WaitVarianceLIFO())
	assert.Equal(t, math.Inf(1), textbook.RetrialMM1{Lambda: 2, Mu: 1, RetryRate: 1}.OrbitMean())
	assert.True(t, math.IsNaN(textbook.PriorityMG1{{Lambda: 2, Mean: 1, SecondMoment: 1}}.WaitMean(0)))
	assert.Zero(t, textbook.FluidOverload{Lambda: 9, Mu: 1, PatienceRate: 1, Servers: 10}.OfferedWait())
}

func TestMostWaitNotAtAllWhereServersAreMany(t *testing.T) {
	assert.Zero(t, textbook.MMc{Lambda: 980, Mu: 1, Servers: 1000}.WaitQuantile(0.5))
}

// Two more servers of a hundred halve the wait when nearly all are busy.
func ExampleMMc() {
	for _, servers := range []int{98, 100, 102} {
		q := textbook.MMc{Lambda: 95, Mu: 1, Servers: servers}
		fmt.Printf("%d servers: %.0f %% wait, %.2f s in the mean\n", servers, 100*q.ProbWait(), q.WaitMean())
	}
	// Output:
	// 98 servers: 67 % wait, 0.22 s in the mean
	// 100 servers: 51 % wait, 0.10 s in the mean
	// 102 servers: 37 % wait, 0.05 s in the mean
}
