package batching

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/sim"
)

// sdxl takes 1 s for an image of 30 steps at a megapixel, and 1.405 s for four.
var sdxl = ImageModel{Setup: 100e6, Step: 25.5e6, PerMegapixel: 4.5e6, MaxBatch: 4, MaxImages: 8, Wait: 200 * sim.Millisecond}

func image(n int32) Request { return Request{Images: n, Steps: 30, Megapixels: 1} }

func drive(n *Static, until sim.Time) (d diary) {
	for n.Next() <= until {
		now := n.Next()
		n.End(now, &d)
		n.Begin(now)
	}
	return d
}

func TestFourImagesTakeNotQuiteHalfAsLongAgainAsOne(t *testing.T) {
	assert.Equal(t, sim.Second, sdxl.Duration(30, 1))
	assert.InDelta(t, 1.405, sdxl.Duration(30, 4).Seconds(), 1e-9)
	assert.InDelta(t, 0.1+20*(0.0255+4*0.0045), sdxl.Duration(20, 4).Seconds(), 1e-9, "a picture of 2048 x 2048 is four megapixels")
}

func TestABatchBeginsWhenItIsFullOrHasWaited(t *testing.T) {
	n := NewStatic(&sdxl)
	n.Add(0, 1, image(1))
	n.Add(50*sim.Millisecond, 2, image(1))
	assert.False(t, n.Blocked(), "it waits for more")
	assert.Equal(t, 200*sim.Millisecond, n.Next())
	d := drive(n, 200*sim.Millisecond)
	assert.Empty(t, d)
	assert.True(t, n.Blocked())
	end := 200*sim.Millisecond + sdxl.Duration(30, 2)
	assert.Equal(t, end, n.Next())
	n.Add(sim.Second, 3, image(1)) // while the batch is under way
	assert.Equal(t, diary{{end, 1, false}, {end, 2, false}}, drive(n, end))
	assert.Equal(t, end+sdxl.Duration(30, 1), n.Next(), "it has waited for longer than 200 ms")
	assert.Len(t, drive(n, sim.Minute), 1)

	for id := range int32(4) {
		n.Add(sim.Minute, id, image(1))
	}
	assert.Equal(t, sim.Minute+sdxl.Duration(30, 4), n.Next(), "four are a batch, at once")
}

func TestABatchIsFullOfImagesToo(t *testing.T) {
	n := NewStatic(&sdxl)
	n.Add(0, 1, image(4))
	n.Add(0, 2, image(3))
	n.Add(0, 3, image(2)) // nine are too many: two of them go, the third waits
	require.Equal(t, sdxl.Duration(30, 7), n.Next())
	assert.Equal(t, 3, n.Len())
	first := sdxl.Duration(30, 7)
	assert.Equal(t, diary{{first, 1, false}, {first, 2, false}}, drive(n, first))
	assert.Equal(t, diary{{first + sdxl.Duration(30, 2), 3, false}}, drive(n, sim.Minute))
	n.Add(sim.Minute, 4, image(20))
	assert.Equal(t, sim.Minute+sdxl.Duration(30, 20), n.Next(), "more than a batch by itself")
}

func TestTheLongestOfABatchSaysHowManySteps(t *testing.T) {
	n := NewStatic(&sdxl)
	for i, steps := range []int32{20, 50, 30, 20} {
		n.Add(0, int32(i), Request{Images: 1, Steps: steps, Megapixels: 1})
	}
	assert.Equal(t, sdxl.Duration(50, 4), n.Next())
}

func TestWhoIsTakenBackIsNotToldAndTheBatchGoesOn(t *testing.T) {
	n := NewStatic(&sdxl)
	var at [4]int32
	for id := range int32(4) {
		at[id] = n.Add(0, id, image(1))
	}
	n.Remove(0, at[2])
	end := sdxl.Duration(30, 4)
	assert.Equal(t, diary{{end, 0, false}, {end, 1, false}, {end, 3, false}}, drive(n, sim.Minute))
	waits := n.Add(sim.Minute, 9, image(8-1))
	n.Remove(sim.Minute, waits)
	assert.Equal(t, sim.Never, n.Next())
	n.Add(sim.Minute, 10, image(1))
	n.Clear()
	assert.Zero(t, n.Len())
	assert.Equal(t, sim.Never, n.Next())
}

// The bulk queue M/D^[1,B]/1 with a server that takes whoever waits, at most B: the
// node serves B in D, whatever their number, where a step does not grow with it. Under
// a closed load that is always full it serves B / D.
func TestAFullNodeServesABatchInTheTimeOfOne(t *testing.T) {
	m := ImageModel{Step: 1e7, MaxBatch: 5, MaxImages: 5}
	n := NewStatic(&m)
	done := 0
	for id := range int32(9) {
		n.Add(0, id, Request{Images: 1, Steps: 10, Megapixels: 1})
	}
	now := sim.Time(0)
	for now < 1000*sim.Second {
		now = n.Next()
		var d diary
		n.End(now, &d)
		for range d {
			n.Add(now, 0, Request{Images: 1, Steps: 10, Megapixels: 1})
			done++
		}
		n.Begin(now)
	}
	assert.InDelta(t, 50, float64(done)/now.Seconds(), 0.2) // but for the first batch, which began with one
}

func TestAnImageModelThatCannotWorkIsRefused(t *testing.T) {
	for want, change := range map[string]func(*ImageModel){
		"setup is":                            func(m *ImageModel) { m.Setup = -1 },
		"step is":                             func(m *ImageModel) { m.Step = 2e15 },
		"per_megapixel is":                    func(m *ImageModel) { m.PerMegapixel = -1 },
		"max_batch is 0":                      func(m *ImageModel) { m.MaxBatch = 0 },
		"max_images is 0":                     func(m *ImageModel) { m.MaxImages = 0 },
		"wait is -1ns, it must be at least 0": func(m *ImageModel) { m.Wait = -1 },
	} {
		m := sdxl
		require.NoError(t, m.Check())
		change(&m)
		assert.ErrorContains(t, m.Check(), want)
	}
}
