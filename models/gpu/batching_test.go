package gpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/gpu/batching"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// chat is a pool of nodes that serve Qwen2.5-7B on one H100 each (published fit), with
// batches of 16.
func chat(nodes int) Spec {
	return Spec{Name: "images", Nodes: unit.Count(nodes), GPUsPerNode: 1, SlotsPerNode: 16, Speed: 1, Continuous: &ContinuousSpec{
		Step: unit.Duration(7050 * sim.Microsecond), PerPrefill: unit.Duration(19500), PerDecode: unit.Duration(25400), MaxTokens: 2048, KV: 400_000, WhenFull: "preempt"}}
}

// A reader is a diary whose attempts have tokens.
type reader struct {
	diary
	request func(slot models.Slot) batching.Request
	onDone  func(slot models.Slot)
}

func (r *reader) Done(now sim.Time, slot models.Slot, server int32) {
	r.diary.Done(now, slot, server)
	if r.onDone != nil {
		r.onDone(slot)
	}
}

func (r *reader) Request(slot models.Slot) batching.Request { return r.request(slot) }

func (r *reader) FirstToken(now sim.Time, slot models.Slot) {
	r.write(entry{"first", now, slot, -1})
}

func buildChat(t testing.TB, spec Spec, request func(models.Slot) batching.Request) (*sim.Kernel, *Pool, *reader) {
	t.Helper()
	k := sim.NewKernel()
	d := &reader{request: request}
	p, err := New(k, spec, 1, 0, d)
	require.NoError(t, err)
	d.pool = p
	return k, p, d
}

func TestAnAttemptInABatchTakesWhatItsTokensSay(t *testing.T) {
	k, p, d := buildChat(t, chat(1), func(slot models.Slot) batching.Request {
		return batching.Request{Prompt: 100, Output: int32(slot) + 1}
	})
	assert.Equal(t, 16, p.Free())
	_, ok := p.Start(0, 2, 0)
	require.True(t, ok)
	assert.Equal(t, 15, p.Free())
	server, ok := p.Start(0, 0, 0) // it comes while the first step is under way
	require.True(t, ok)
	k.RunUntil(sim.Second)
	prefill := 7_050_000 + 100*19_500*sim.Nanosecond
	second := prefill + 25_400
	decode := sim.Time(7_050_000 + 25_400)
	assert.Equal(t, []entry{
		{"first", prefill, 2, -1},
		{"first", prefill + second, 0, -1},
		{"done", prefill + second, 0, server},
		{"done", prefill + second + decode, 2, 0},
	}, d.take())
	between, ok := p.PerToken(prefill+second+decode, 0)
	assert.True(t, ok)
	assert.Equal(t, (second+decode)/2, between, "three tokens, two gaps")
	_, ok = p.PerToken(prefill+second, server)
	assert.False(t, ok, "one token has no gap")
}

func TestAttemptsGoToTheNodeWithTheFewest(t *testing.T) {
	_, p, _ := buildChat(t, chat(3), func(models.Slot) batching.Request { return batching.Request{Prompt: 9, Output: 9} })
	load := map[int32]int{}
	for slot := range 24 {
		server, ok := p.Start(0, models.Slot(slot), 0)
		require.True(t, ok)
		load[server/16]++
	}
	assert.Equal(t, map[int32]int{0: 8, 1: 8, 2: 8}, load)
}

// A node that is out of memory for what it has is given nothing more.
func TestANodeThatHasLeftSomebodyWaitingIsNotFree(t *testing.T) {
	spec := chat(2)
	spec.Continuous.KV = 1000
	k, p, _ := buildChat(t, spec, func(slot models.Slot) batching.Request {
		return batching.Request{Prompt: 700, Output: []int32{200, 200, 20, 20}[slot]}
	})
	for slot := range 4 {
		_, ok := p.Start(0, models.Slot(slot), 0)
		require.True(t, ok)
	}
	k.RunUntil(30 * sim.Millisecond) // the first step has ended, and none has room for its second
	assert.Zero(t, p.Free())
	assert.Equal(t, 4, p.Busy())
	_, ok := p.Start(k.Now(), 4, 0)
	assert.False(t, ok)
	k.RunUntil(10 * sim.Second)
	assert.Equal(t, 32, p.Free())
}

func TestANodeThatGoesDownLosesItsBatchAndOneThatDrainsEndsIt(t *testing.T) {
	k, p, d := buildChat(t, chat(2), func(models.Slot) batching.Request { return batching.Request{Prompt: 10, Output: 1000} })
	for slot := range 6 {
		p.Start(0, models.Slot(slot), 0)
	}
	k.RunUntil(sim.Second)
	d.take()
	spec := chat(2)
	spec.OutOfService = 0.5
	require.NoError(t, p.Reconfigure(k.Now(), spec))
	lost := d.take()
	require.Len(t, lost, 4, "three, and the change")
	for _, e := range lost[:3] {
		assert.Equal(t, "lost", e.What)
	}
	assert.Equal(t, 16, p.Capacity())
	require.NoError(t, p.Reconfigure(k.Now(), chat(1)))
	k.RunUntil(2 * sim.Minute)
	done := 0
	for _, e := range d.take() {
		if e.What == "done" {
			done++
		}
	}
	assert.Contains(t, []int{0, 3}, done)
	assert.Equal(t, 16, p.Free())
	_, ok := p.Start(k.Now(), 9, 0)
	assert.True(t, ok, "the node that is back is empty")
	k.RunUntil(5 * sim.Minute)
	assert.Equal(t, "done", d.entries[len(d.entries)-1].What)
}

// Whatever comes, goes, is taken back, fails and is repaired: places are conserved, and
// every attempt ends once.
func TestPlacesInBatchesAreConserved(t *testing.T) {
	for s := range uint64(40) {
		rnd := rand.New(rand.NewPCG(s, 9))
		spec := chat(1 + rnd.IntN(6))
		spec.SlotsPerNode = 1 + rnd.IntN(12)
		spec.Continuous.KV = 300 + rnd.IntN(4000)
		k, p, d := buildChat(t, spec, func(slot models.Slot) batching.Request {
			return batching.Request{Prompt: 1 + int32(slot)%97, Output: 1 + int32(slot)%113}
		})
		inside := map[models.Slot]int32{}
		next := models.Slot(0)
		settle := func() {
			for _, e := range d.take() {
				if e.What == "done" || e.What == "lost" {
					_, there := inside[e.Slot]
					require.True(t, there, "slot %d ends twice", e.Slot)
					delete(inside, e.Slot)
				}
			}
			require.Equal(t, len(inside), p.Busy())
			require.Equal(t, p.Capacity(), p.Busy()+p.idle)
			require.LessOrEqual(t, p.Free(), p.idle)
		}
		for range 400 {
			k.RunUntil(k.Now() + sim.Time(rnd.IntN(int(100*sim.Millisecond))))
			settle()
			switch rnd.IntN(6) {
			case 0:
				spec.OutOfService = unit.Share(rnd.IntN(3)) / 3
				require.NoError(t, p.Reconfigure(k.Now(), spec))
			case 1:
				spec.Nodes = unit.Count(1 + rnd.IntN(7))
				require.NoError(t, p.Reconfigure(k.Now(), spec))
			case 2:
				for slot := range next {
					if server, there := inside[slot]; there {
						_, ok := p.Cancel(k.Now(), slot, server)
						require.True(t, ok)
						delete(inside, slot)
						break
					}
				}
			default:
				for range rnd.IntN(8) {
					if server, ok := p.Start(k.Now(), next, 0); ok {
						inside[next] = server
						next++
					} else {
						require.Zero(t, p.Free())
					}
				}
			}
			settle()
		}
		k.RunUntil(k.Now() + sim.Hour)
		settle()
		require.Empty(t, inside)
		require.Greater(t, next, models.Slot(50))
	}
}

// BenchmarkChat is a pool near saturation, by nodes: nanoseconds for a request, its
// arrival included. Memory does not grow with their number.
func BenchmarkChat(b *testing.B) {
	for _, nodes := range []int{64, 1024} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			spec := chat(nodes)
			spec.SlotsPerNode = 256
			rnd := rand.New(rand.NewPCG(1, 2))
			k, p, d := buildChat(b, spec, func(models.Slot) batching.Request {
				return batching.Request{Prompt: 1 + int32(rnd.ExpFloat64()*600), Output: 1 + int32(rnd.ExpFloat64()*200)}
			})
			slot := models.Slot(0)
			gap := float64(sim.Second) / (42 * float64(nodes)) // of some 45 a second that a node can serve
			now := sim.Time(0)
			b.ReportAllocs()
			refused := 0
			for i := 0; b.Loop(); i++ {
				now += sim.Time(rnd.ExpFloat64() * gap)
				k.RunUntil(now)
				if _, ok := p.Start(now, slot, 0); !ok {
					refused++
				}
				slot = (slot + 1) % (1 << 20)
				d.entries, d.levels = d.entries[:0], d.levels[:0]
			}
			b.ReportMetric(float64(refused)/float64(b.N), "refused/op")
			b.ReportMetric(float64(p.Busy())/float64(p.Capacity()), "busy")
		})
	}
}

func TestTheModelOfABatchCanChangeWhileItWorksAndItsSizeCannot(t *testing.T) {
	k, p, d := buildChat(t, chat(1), func(models.Slot) batching.Request { return batching.Request{Prompt: 10, Output: 1001} })
	p.Start(0, 0, 0)
	k.RunUntil(sim.Second)
	d.take()
	spec := chat(1)
	spec.Speed = 2
	require.NoError(t, p.Reconfigure(k.Now(), spec))
	p.Start(k.Now(), 1, 0) // the batch changes, and with it its speed
	k.RunUntil(sim.Minute)
	last := d.entries[len(d.entries)-1]
	assert.Equal(t, models.Slot(1), last.Slot)
	half := sim.Time(7_050_000+2*25_400) / 2
	assert.InDelta(t, float64(sim.Second+1000*half), float64(last.At), float64(100*sim.Millisecond))
	spec.SlotsPerNode = 8
	require.ErrorContains(t, p.Reconfigure(k.Now(), spec), "slots_per_node: it is 16 and cannot become 8")
	spec = chat(1)
	spec.Continuous.MaxTokens = 16
	require.ErrorContains(t, p.Reconfigure(k.Now(), spec), "continuous_batching: max_tokens is 16")
	spec.Continuous = nil
	require.ErrorContains(t, p.Reconfigure(k.Now(), spec), "continuous_batching: cannot come or go")
}

// Room that comes with a new step, when memory is free again, is told to the host: else
// who waits in its queue would be overtaken by the next who comes.
func TestRoomThatNoEndHasMadeIsTold(t *testing.T) {
	spec := chat(1)
	spec.Continuous.KV = 1000
	k, p, d := buildChat(t, spec, func(slot models.Slot) batching.Request {
		return batching.Request{Prompt: 600, Output: []int32{100, 300}[slot]}
	})
	p.Start(0, 0, 0)
	k.RunUntil(sim.Millisecond)
	p.Start(k.Now(), 1, 0)
	k.RunUntil(700 * sim.Millisecond)
	assert.Zero(t, p.Free())
	d.take()
	k.RunUntil(1500 * sim.Millisecond) // slot 0 is done after 719 ms, slot 1 is in service
	assert.Equal(t, 15, p.Free())
	assert.Contains(t, d.take(), entry{"changed", 719_214_600, models.None, -1})
}

// Of two that end in one step the first may have the host take the second back: it is
// too late for that.
func TestWhoEndsInThisStepCannotBeTakenBack(t *testing.T) {
	k, p, d := buildChat(t, chat(1), func(slot models.Slot) batching.Request {
		return batching.Request{Prompt: 10, Output: 6 - int32(slot)} // the second comes a step later
	})
	first, _ := p.Start(0, 0, 0)
	second, _ := p.Start(0, 1, 0)
	var gone bool
	d.onDone = func(slot models.Slot) {
		if slot == 0 {
			_, ok := p.Cancel(k.Now(), 1, second)
			gone = !ok
		}
	}
	k.RunUntil(sim.Second)
	assert.True(t, gone, "%v", d.entries)
	assert.Equal(t, 16, p.Free())
	_, ok := p.Cancel(k.Now(), 0, first)
	assert.False(t, ok)
}

// A batch that is made smaller works off what it has.
func TestABatchThatBecomesSmallerTakesNobodyUntilItIsSmall(t *testing.T) {
	k, p, _ := buildChat(t, chat(1), func(models.Slot) batching.Request { return batching.Request{Prompt: 10, Output: 200} })
	for slot := range 16 {
		p.Start(0, models.Slot(slot), 0)
	}
	k.RunUntil(sim.Second)
	spec := chat(1)
	spec.Continuous.MaxBatch = 3
	require.NoError(t, p.Reconfigure(k.Now(), spec))
	assert.Zero(t, p.Free())
	assert.Equal(t, 16, p.Capacity(), "who is in service stays")
	k.RunUntil(sim.Minute)
	assert.Equal(t, 3, p.Free())
	assert.Equal(t, 3, p.Capacity())
	require.NoError(t, p.Reconfigure(k.Now(), chat(1)))
	assert.Equal(t, 16, p.Free())
	for _, c := range []struct {
		field  string
		change func(*ContinuousSpec)
	}{{"kv_tokens: it is 400000 and cannot become 9", func(s *ContinuousSpec) { s.KV = 9 }}, {"when_full: cannot change", func(s *ContinuousSpec) { s.WhenFull = "queue" }}} {
		other := *spec.Continuous
		c.change(&other)
		s := spec
		s.Continuous = &other
		require.ErrorContains(t, p.Reconfigure(k.Now(), s), "continuous_batching."+c.field)
	}
}
