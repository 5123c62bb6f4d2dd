package batching

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim"
)

// qwen is the published fit of Qwen2.5-7B on one H100.
var qwen = Model{Fixed: 7.05e6, PerPrefill: 19.5e3, PerDecode: 25.4e3, MaxBatch: 256, MaxTokens: 2048, KV: 400_000}

type event struct {
	at    sim.Time
	id    int32
	first bool
}

type diary []event

func (d *diary) FirstToken(now sim.Time, id int32) { *d = append(*d, event{now, id, true}) }
func (d *diary) Done(now sim.Time, id int32)       { *d = append(*d, event{now, id, false}) }

// A call is a request that comes.
type call struct {
	at      sim.Time
	id      int32
	request Request
}

// workload is random: bursts, pauses, short and long prompts, some of a prefix that is
// there, some taken back.
func workload(rnd *rand.Rand, m *Model, n int, load float64) []call {
	var calls []call
	at := sim.Time(0)
	for id := range int32(n) {
		if rnd.IntN(4) > 0 {
			at += sim.Time(rnd.ExpFloat64() * float64(m.Fixed) * 20 / load)
		}
		q := Request{Prompt: 1 + int32(rnd.ExpFloat64()*300), Output: 1 + int32(rnd.ExpFloat64()*60)}
		if rnd.IntN(8) == 0 {
			q.Prompt *= 12
		}
		if rnd.IntN(3) == 0 {
			q.Cached = rnd.Int32N(q.Prompt)
		}
		if !m.Fits(q) {
			q.Prompt, q.Cached, q.Output = 5, 0, 3
		}
		calls = append(calls, call{at: at, id: id, request: q})
	}
	return calls
}

// played is what the reference and the node say of the same calls; takeBack is the
// chance that a request is taken back a while after it came.
func played(t *testing.T, rnd *rand.Rand, m *Model, calls []call, takeBack float64) (walked, jumped diary, r *reference) {
	t.Helper()
	r = &reference{m: m}
	n := NewContinuous(m)
	place := map[int32]int32{}
	back := map[int]int32{} // before call i, the request is taken back
	for _, c := range calls {
		if rnd.Float64() < takeBack {
			back[int(c.id)+1+rnd.IntN(6)] = c.id
		}
	}
	for i, c := range calls {
		for r.next() <= c.at {
			r.step(r.next(), &walked)
		}
		seen := len(jumped)
		for n.Next() <= c.at {
			n.Step(n.Next(), &jumped)
		}
		for _, e := range jumped[seen:] {
			if !e.first {
				delete(place, e.id)
			}
		}
		if id, ok := back[i]; ok {
			if at, there := place[id]; there {
				r.remove(id)
				n.Remove(c.at, at)
				delete(place, id)
			}
		}
		r.add(c.at, c.id, c.request)
		place[c.id] = n.Add(c.at, c.id, c.request)
		require.Equal(t, len(r.running)+len(r.waiting), n.Len())
	}
	for r.next() != sim.Never {
		r.step(r.next(), &walked)
	}
	for n.Next() != sim.Never {
		n.Step(n.Next(), &jumped)
	}
	assert.Zero(t, n.Len())
	assert.Zero(t, n.Used())
	return walked, jumped, r
}

// To the nanosecond, in worlds in which batches are full, memory is full, requests are
// pre-empted and prompts are cut.
func TestANodeThatJumpsDoesWhatOneThatWalksEveryTokenDoes(t *testing.T) {
	var preempted, full, memory, chunked int
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		m := qwen
		m.MaxBatch = 1 + rnd.IntN(24)
		m.MaxTokens = m.MaxBatch + 1 + rnd.IntN(600)
		m.KV = int64(200 + rnd.IntN(8000))
		m.Reserve = rnd.IntN(3) == 0
		if rnd.IntN(5) == 0 {
			m.Fixed, m.PerDecode = 0, 0.2 // steps of 1 ns
		}
		calls := workload(rnd, &m, 150, 0.5+2*rnd.Float64())
		walked, jumped, r := played(t, rnd, &m, calls, 0.15*float64(rnd.IntN(2)))
		for i := range walked {
			require.Less(t, i, len(jumped), "seed %d: %+v", seed, m)
			require.Equal(t, walked[i], jumped[i], "seed %d, entry %d: %+v", seed, i, m)
		}
		require.Len(t, jumped, len(walked))
		preempted += r.preempted
		full += r.full
		memory += r.memory
		chunked += r.chunked
	}
	t.Logf("%d pre-empted, %d stops at a full batch, %d at full memory, %d prompts cut", preempted, full, memory, chunked)
	for _, n := range []int{preempted, full, memory, chunked} {
		assert.Greater(t, n, 1000, "the worlds do not bring it about")
	}
}

// BenchmarkNode is 64 nodes near saturation, as they are and as ones that walk every
// token: nanoseconds for a request, and how many times those of the first the second
// takes. Prompts have a median of 400 tokens; outputs are as in a log of conversations
// (medians of 130 and 211 tokens) or of a model that thinks first. The advantage grows
// with the output, since an event is for a request and not for a token.
func BenchmarkNode(b *testing.B) {
	const nodes, each = 64, 1000
	for _, output := range []float64{130, 211, 1000, 2000} {
		rnd := rand.New(rand.NewPCG(1, 1))
		lognormal := func(median float64) float64 { return median * math.Exp(0.7*rnd.NormFloat64()) }
		mean := math.Exp(0.7 * 0.7 / 2)
		m := qwen
		m.KV = 1_000_000 // the batch is what is scarce
		perRequest := m.PerPrefill*400*mean + (m.Fixed/float64(m.MaxBatch)+m.PerDecode)*output*mean
		calls := make([]call, nodes*each)
		at := 0.0
		for i := range calls {
			at += rnd.ExpFloat64() * perRequest / nodes / 0.95
			calls[i] = call{at: sim.Time(at), id: int32(i), request: Request{Prompt: 1 + int32(lognormal(400)), Output: 1 + int32(lognormal(output))}}
		}
		perCall := func(b *testing.B) float64 {
			return float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(len(calls))
		}
		var jumps float64
		sink := &refiller{}
		b.Run(fmt.Sprintf("output=%v/jumps", output), func(b *testing.B) {
			for b.Loop() {
				var all [nodes]*Continuous
				for i := range all {
					all[i] = NewContinuous(&m)
				}
				for i, c := range calls {
					n := all[i%nodes]
					for n.Next() <= c.at {
						n.Step(n.Next(), sink)
					}
					n.Add(c.at, c.id, c.request)
				}
			}
			jumps = perCall(b)
			b.ReportMetric(jumps, "ns/request")
		})
		b.Run(fmt.Sprintf("output=%v/walks", output), func(b *testing.B) {
			for b.Loop() {
				var all [nodes]reference
				for i := range all {
					all[i].m = &m
				}
				for i, c := range calls {
					n := &all[i%nodes]
					for n.next() <= c.at {
						n.step(n.next(), sink)
					}
					n.add(c.at, c.id, c.request)
				}
			}
			b.ReportMetric(perCall(b), "ns/request")
			if jumps > 0 {
				b.ReportMetric(perCall(b)/jumps, "times")
			}
		})
	}
}

// llama is Llama-2-70B, of milliseconds a step, a request that decodes, and a token of a
// prompt.
func llama(fixed, decode, prefill float64) Model {
	return Model{Fixed: fixed * 1e6, PerDecode: decode * 1e6, PerPrefill: prefill * 1e6, MaxBatch: 64, MaxTokens: 4096, KV: 400_000}
}

// Alone, a prompt of 512 tokens has its first token after 57 ms on 8 H100 and after 96 ms on
// 8 A100, and the others 30.6 and 44.8 ms apart (splitwise-sim, batch 1).
func TestTheFirstTokenOfAPublishedPrompt(t *testing.T) {
	for _, c := range []struct {
		m           Model
		first, next float64 // ms
	}{{llama(30.3, 0.298, 0.0515), 56.65, 30.6}, {llama(44.4, 0.388, 0.1), 95.72, 44.8}} {
		n := NewContinuous(&c.m)
		n.Add(0, 0, Request{Prompt: 512, Output: 101})
		first := n.Next()
		assert.InEpsilon(t, c.first, first.Seconds()*1e3, 0.01)
		n.Step(first, &refiller{})
		assert.InEpsilon(t, c.next, (n.Next()-first).Seconds()*1e3/100, 0.005)
	}
}

// A batch that is always full decodes as many tokens a second as the published fit
// says: throughput against offered load, up to saturation.
func TestThroughputIsThatOfTheFit(t *testing.T) {
	for _, c := range []struct {
		name string
		m    Model
	}{
		{"Qwen2.5-7B on one H100", qwen},
		{"Llama-2-70B on 8 H100", llama(30.3, 0.298, 0)},
		{"Llama-2-70B on 8 A100", llama(44.4, 0.388, 0)},
	} {
		const prompt, output = 100, 400
		for _, batch := range []int{1, 4, 16, 64} {
			// Closed: as many requests are there at any time.
			n := NewContinuous(&c.m)
			refill := &refiller{}
			for id := range batch {
				n.Add(0, int32(id), Request{Prompt: prompt, Output: output})
			}
			const horizon = 2000 * sim.Second
			for now := n.Next(); now <= horizon; now = n.Next() {
				refill.done = 0
				n.End(now, refill)
				for range refill.done {
					n.Add(now, 0, Request{Prompt: prompt, Output: output})
				}
				n.Begin(now)
			}
			// All come and go together: one step for the prompts, output - 1 decodes.
			cycle := c.m.Fixed + c.m.PerPrefill*float64(prompt*batch) + float64(output-1)*(c.m.Fixed+c.m.PerDecode*float64(batch))
			if prompt*batch > c.m.MaxTokens {
				cycle += float64(prompt*batch/c.m.MaxTokens) * c.m.Fixed // in chunks: some part of a step each
			}
			want := float64(batch*output) / cycle * 1e9
			got := float64(refill.tokens) / horizon.Seconds()
			assert.InEpsilon(t, want, got, 0.02, "%s, batch %d: tokens a second", c.name, batch)
		}
	}
}

type refiller struct {
	done   int
	tokens int64
}

func (r *refiller) FirstToken(sim.Time, int32) {}
func (r *refiller) Done(sim.Time, int32)       { r.done++; r.tokens += 400 }

func TestAModelThatCannotWorkIsRefused(t *testing.T) {
	for want, change := range map[string]func(*Model){
		"fixed is":       func(m *Model) { m.Fixed = -1 },
		"per_prefill is": func(m *Model) { m.PerPrefill = 2e15 },
		"per_decode is":  func(m *Model) { m.PerDecode = -1 },
		"max_batch is 0": func(m *Model) { m.MaxBatch = 0 },
		"max_tokens is 256, it must be more than max_batch, 256": func(m *Model) { m.MaxTokens = 256 },
		"kv_tokens is 1": func(m *Model) { m.KV = 1 },
	} {
		m := qwen
		require.NoError(t, m.Check())
		change(&m)
		assert.ErrorContains(t, m.Check(), want)
	}
	assert.True(t, qwen.Fits(Request{Prompt: 399_000, Output: 1000}))
	assert.False(t, qwen.Fits(Request{Prompt: 399_000, Output: 1001}))
}

func TestANodeAllocatesNothingOnceItHasGrown(t *testing.T) {
	n := NewContinuous(&qwen)
	sink := &refiller{}
	now := sim.Time(0)
	round := func() {
		for id := range int32(50) {
			n.Add(now, id, Request{Prompt: 50 + id, Output: 20 + id})
		}
		n.Remove(now, 7)
		for t := n.Next(); t != sim.Never; t = n.Next() {
			n.Step(t, sink)
			now = t
		}
	}
	round()
	assert.Zero(t, testing.AllocsPerRun(50, round))
}
