package aqm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// refusedAtStart asks about an attempt that waited so long and leaves so many
// behind it.
func refusedAtStart(p policy.Policy, now, wait sim.Time, behind int) bool {
	a := models.Attempt{Arrived: now - wait, Admitted: now - wait}
	return p.(policy.Starter).Start(&a, &models.Signals{Now: now, Waiting: behind, LastWait: wait}).Reason != 0
}

// standing is a queue whose head has always waited 50 ms: the times of the first
// n drops of a server that asks every 100 us.
func standing(p policy.Policy, n int) (drops []sim.Time) {
	for now := sim.Second; len(drops) < n; now += 100 * sim.Microsecond {
		for refusedAtStart(p, now, 50*sim.Millisecond, 1000) {
			drops = append(drops, now-sim.Second)
		}
	}
	return drops
}

func TestCoDelDropsByTheInverseRootLaw(t *testing.T) {
	drops := standing(build(t, &CoDelSpec{Preset: "source"}), 200)
	due := 100 * sim.Millisecond // after one interval above the target
	for n, at := range drops {
		assert.InDelta(t, int64(due), int64(at), float64(101*sim.Microsecond), "drop %d", n+1)
		due += sim.Time(float64(100*sim.Millisecond) / math.Sqrt(float64(n+1)))
	}
}

func TestTheLinuxCoDelComesNearTheLawAfterAFewDrops(t *testing.T) {
	drops := standing(build(t, &CoDelSpec{Preset: "source", Variant: "linux"}), 40)
	gap := func(n int) float64 { return (drops[n] - drops[n-1]).Seconds() / 0.1 }
	assert.InDelta(t, 1.00, gap(1), 0.01)
	assert.InDelta(t, 0.50, gap(2), 0.01, "where the law says 0.71")
	assert.InDelta(t, 0.56, gap(3), 0.01, "where the law says 0.58")
	for n := 5; n < len(drops); n++ {
		assert.InEpsilon(t, 1/math.Sqrt(float64(n)), gap(n), 0.05, "gap %d", n)
	}
}

func TestTheLinuxCoDelDropsAtMost256InOneDequeue(t *testing.T) {
	for variant, most := range map[string]int{"linux": 256, "rfc": math.MaxInt} {
		p := build(t, &CoDelSpec{Preset: "source", Variant: variant})
		standing(p, 50)
		now, n := sim.Minute*10, 0 // far behind its schedule
		for refusedAtStart(p, now, 50*sim.Millisecond, 1000) && n < 1000 {
			n++
		}
		assert.Equal(t, min(most, 1000), n, variant)
		if variant == "linux" {
			n = 0
			for refusedAtStart(p, now, 50*sim.Millisecond, 1000) && n < 1000 {
				n++
			}
			assert.Equal(t, 256, n, "the next dequeue of the same instant may drop as many")
		}
	}
}

// RFC 8289, section 5.5: bytes() <= MAXPACKET, of what is left behind the head.
func TestCoDelDropsNothingWhileNoMoreThanTheLargestPacketIsLeftBehind(t *testing.T) {
	for most := range 3 {
		for _, variant := range []string{"rfc", "linux"} {
			for behind := range 4 {
				p := build(t, &CoDelSpec{Preset: "source", Variant: variant, MaxPacket: most})
				drops := 0
				for now := sim.Time(0); now < 10*sim.Second; now += 20 * sim.Millisecond {
					if p.(policy.Starter).Start(&models.Attempt{Admitted: now - sim.Second}, &models.Signals{Now: now, Waiting: behind}).Reason != 0 {
						drops++
					}
				}
				assert.Equal(t, behind > most, drops > 0, "%d behind, %d are a packet, %s", behind, most, variant)
			}
		}
	}
}

func TestCoDelBeginsAgainWithTheRateThatItHadReached(t *testing.T) {
	for _, tc := range []struct {
		drops int
		pause sim.Time // until the wait is above the target again
		count uint32
	}{
		{2, 0, 1}, {3, 0, 2}, {10, 0, 9}, {10, sim.Second, 9}, {10, 2 * sim.Second, 1},
	} {
		p := build(t, &CoDelSpec{Preset: "source"}).(*codel)
		var now sim.Time
		for n := 0; n < tc.drops; now += 100 * sim.Microsecond {
			for refusedAtStart(p, now, 50*sim.Millisecond, 1000) {
				n++
			}
		}
		require.False(t, refusedAtStart(p, now, 0, 1000))
		now += tc.pause
		require.False(t, refusedAtStart(p, now, 50*sim.Millisecond, 1000))
		require.True(t, refusedAtStart(p, now+100*sim.Millisecond, 50*sim.Millisecond, 1000))
		assert.Equal(t, tc.count, p.count, "%+v", tc)
	}
}

// An empty dequeue leaves a server idle, so that the next attempt starts with a
// wait of 0: that clears what CoDel knows of the time above the target.
func TestAnEmptyQueueIsSeenAsAWaitOfNothing(t *testing.T) {
	p := build(t, &CoDelSpec{Preset: "source"})
	standing(p, 5)
	last := sim.Second + sim.Second
	require.False(t, refusedAtStart(p, last, 0, 0))
	codel := p.(*codel)
	assert.False(t, codel.dropping)
	assert.Zero(t, codel.firstAbove)
	assert.False(t, refusedAtStart(p, last+sim.Millisecond, sim.Second, 9))
	assert.False(t, refusedAtStart(p, last+100*sim.Millisecond, sim.Second, 9), "the interval begins with the first above it")
	assert.True(t, refusedAtStart(p, last+101*sim.Millisecond, sim.Second, 9))
}

func TestFollyCoDelLetsTheFirstOfAnIntervalPass(t *testing.T) {
	p := build(t, &FollyCoDelSpec{Preset: "source"})
	waits := func(now sim.Time) bool { return refusedAtStart(p, now*sim.Millisecond, 11*sim.Millisecond, 5) }
	assert.False(t, waits(1), "the policy has just begun")
	assert.False(t, waits(2), "its first interval is over, and was bad: the first of the next passes")
	assert.True(t, waits(3))
	assert.True(t, waits(101))
	assert.False(t, waits(103), "the first after the interval")
	assert.True(t, waits(104))
	assert.False(t, refusedAtStart(p, 105*sim.Millisecond, 10*sim.Millisecond, 5), "not more than twice the target")
	assert.False(t, refusedAtStart(p, 106*sim.Millisecond, 5*sim.Millisecond, 5), "the least of the interval is the target")
	assert.False(t, waits(204))
	assert.False(t, waits(205), "after an interval that was good")
}

func TestControlledDelayIsShortWhileTheQueueHasNotBeenEmptyForN(t *testing.T) {
	const N, M = 100 * sim.Millisecond, 5 * sim.Millisecond
	at := func(t sim.Time, waiting int) *models.Signals {
		return &models.Signals{Now: t * sim.Millisecond, Waiting: waiting}
	}
	p := build(t, &ControlledDelaySpec{Preset: "source"})
	wait := func(now sim.Time, waiting int) sim.Time {
		return p.Admit(&models.Attempt{}, at(now, waiting)).MaxWait
	}
	start := func(now sim.Time, waiting int) {
		assert.Zero(t, p.(policy.Starter).Start(&models.Attempt{}, at(now, waiting)))
	}
	assert.Equal(t, N, wait(100, 3), "empty until 0, and that is N ago, not longer")
	assert.Equal(t, M, wait(101, 3))
	start(150, 1)
	assert.Equal(t, M, wait(151, 3))
	start(200, 0)
	assert.Equal(t, N, wait(201, 0), "the last one was started: the queue was empty")
	assert.Equal(t, N, wait(301, 3))
	assert.Equal(t, M, wait(302, 3))
	assert.Equal(t, N, wait(400, 0), "those who waited have left, which the next to arrive sees")
	assert.Equal(t, N, wait(500, 1))
	assert.Equal(t, M, wait(501, 1))
}

func TestExpiredWorkIsDroppedWhenItWouldBeLate(t *testing.T) {
	p := build(t, &ExpiredWorkSpec{Deadline: unit.Duration(sim.Minute)})
	for class, service := range []sim.Time{20 * sim.Second, 2 * sim.Second} {
		a := models.Attempt{Class: models.Class(class), Service: service}
		require.Zero(t, p.Admit(&a, &models.Signals{}))
		a.Service = 3 * sim.Minute // what it really takes: a gateway does not know
		latest := sim.Minute - service
		assert.Zero(t, p.(policy.Starter).Start(&a, &models.Signals{Now: latest}).Reason)
		assert.NotZero(t, p.(policy.Starter).Start(&a, &models.Signals{Now: latest + 1}).Reason)
	}
	require.NoError(t, p.Reconfigure(&ExpiredWorkSpec{Deadline: unit.Duration(sim.Hour)}))
	assert.Zero(t, p.(policy.Starter).Start(&models.Attempt{}, &models.Signals{Now: 2 * sim.Minute}).Reason, "a new deadline holds for those who wait")
}

func TestPIEMovesItsProbabilityAsTheRFCSays(t *testing.T) {
	for _, tc := range []struct {
		what       string
		prob       float64
		last, wait sim.Time // ms
		waiting    int
		want       float64
	}{
		{"a small probability moves by a 2048th", 0, 15, 23, 9, (0.125*0.008 + 1.25*0.008) / 2048},
		{"at 1 % it moves by half", 0.01, 23, 23, 9, 0.01 + 0.125*0.008/2},
		{"from a tenth on in full", 0.1, 23, 23, 9, 0.1 + 0.125*0.008},
		{"and by no more than 2 %", 0.1, 15, 400, 9, 0.12},
		{"downwards by more than that", 0.5, 400, 15, 9, 0.5 - 1.25*0.385},
		{"never below nothing", 0.2, 400, 15, 9, 0},
		{"never above certainty", 0.99, 300, 400, 9, 1},
		{"by 2 % of itself when there is no wait twice", 0.5, 0, 0, 0, (0.5 - 0.125*0.015) * 0.98},
		{"and whatever the last wait was when nobody waits", 0.5, 0, 400, 0, (0.5 - 0.125*0.015) * 0.98},
	} {
		p := build(t, &PIESpec{Preset: "source"}).(*pie)
		p.prob, p.last = tc.prob, tc.last*sim.Millisecond
		require.Equal(t, sim.Second+15*sim.Millisecond, p.Tick(&models.Signals{Now: sim.Second, LastWait: tc.wait * sim.Millisecond, Waiting: tc.waiting}))
		assert.InDelta(t, tc.want, p.prob, 1e-12, tc.what)
	}
}

func TestPIERefusesNothingInABurstNorWithTwoWaitingNorWhenItHasBeenCalm(t *testing.T) {
	env := environment()
	env.Seed = rngtest.Seed(t, 1)
	refused := func(set func(p *pie), waiting int) bool {
		policy, err := (&PIESpec{Preset: "source"}).New(env)
		require.NoError(t, err)
		p := policy.(*pie)
		p.prob, p.sum, p.last, p.allowance = 0.19, 8.5, 100*sim.Millisecond, 0
		set(p)
		return p.Admit(&models.Attempt{Request: 1}, &models.Signals{Waiting: waiting}).Reason != 0
	}
	assert.True(t, refused(func(*pie) {}, 3))
	assert.False(t, refused(func(*pie) {}, 2))
	assert.False(t, refused(func(p *pie) { p.allowance = 1 }, 3))
	assert.False(t, refused(func(p *pie) { p.last = 7 * sim.Millisecond }, 3))
	assert.True(t, refused(func(p *pie) { p.last, p.prob = 7*sim.Millisecond, 0.2 }, 3))

	p := build(t, &PIESpec{Preset: "source"}).(*pie)
	for n := range 9 {
		p.Tick(&models.Signals{LastWait: 300 * sim.Millisecond, Waiting: 9})
		assert.Positive(t, p.allowance, "after %d updates", n+1)
	}
	p.Tick(&models.Signals{LastWait: 300 * sim.Millisecond, Waiting: 9})
	assert.Zero(t, p.allowance, "a burst of 150 ms is over")
}

// With a constant probability p, the sum passes 0.85 at the n-th arrival, n =
// ceil(0.85/p), from which on each is refused with p: the mean gap is n-1 + 1/p.
func TestPIESpreadsItsRefusalsEvenly(t *testing.T) {
	const prob, n = 0.1, 9
	env := environment()
	env.Seed = rngtest.Seed(t, 1)
	policy, err := (&PIESpec{Preset: "source"}).New(env)
	require.NoError(t, err)
	p := policy.(*pie)
	p.prob, p.last, p.allowance = prob, sim.Second, 0
	refusals, since := 0, 0
	const arrivals = 400_000
	for i := range arrivals {
		since++
		if p.Admit(&models.Attempt{Request: rng.Key(i), Try: 1}, &models.Signals{Waiting: 50}).Reason != 0 {
			require.GreaterOrEqual(t, since, n)
			require.LessOrEqual(t, since, 86, "the sum of 85 tenths falls just short of 8.5")
			refusals, since = refusals+1, 0
		}
	}
	// The gap beyond n-1 is geometric of mean 1/p: its deviation is below 1/p.
	mean := float64(arrivals) / float64(refusals)
	assert.InDelta(t, n-1+1/prob, mean, 5/prob/math.Sqrt(float64(refusals)))
}

func red0(s REDSpec) *REDSpec {
	d := REDSpec{Min: 5, Max: 15, MaxP: 0.02, Weight: 0.002}
	if s.Weight != 0 {
		d.Weight = s.Weight
	}
	if s.MaxP != 0 {
		d.MaxP = s.MaxP
	}
	d.Gentle = s.Gentle
	return &d
}

func TestREDAveragesTheQueueOverArrivalsAndLetsIdleTimeAgeIt(t *testing.T) {
	p := build(t, red0(REDSpec{Weight: 0.1})).(*red)
	a := &models.Attempt{Service: 20 * sim.Second}
	p.Admit(a, &models.Signals{Waiting: 30})
	assert.InDelta(t, 3, p.avg, 1e-12)
	p.Admit(a, &models.Signals{Waiting: 30})
	assert.InDelta(t, 3*0.9+3, p.avg, 1e-12)
	p.Start(a, &models.Signals{Now: 100 * sim.Second, Waiting: 1})
	p.Start(a, &models.Signals{Now: 200 * sim.Second, Waiting: 0})
	p.Admit(a, &models.Signals{Now: 210 * sim.Second, Capacity: 8})
	assert.InDelta(t, 5.7*math.Pow(0.9, 4), p.avg, 1e-9, "eight servers could have served four in ten seconds")
	p.Admit(a, &models.Signals{Now: 210 * sim.Second, Capacity: 8})
	assert.InDelta(t, 5.7*math.Pow(0.9, 4), p.avg, 1e-9, "no time is counted twice")
}

func TestREDAgesItsAverageFromWhenTheQueueWasEmptiedHoweverThatWas(t *testing.T) {
	const wait = 10 * sim.Minute
	expected := math.Pow(0.9, 4) // of eight servers in ten seconds
	for name, leave := range map[string]func(p *red, a *models.Attempt){
		"abandoned": func(p *red, a *models.Attempt) { p.Finish(a, models.Abandoned, wait) },
		"timed out": func(p *red, a *models.Attempt) { p.Finish(a, models.TimedOut, wait) },
		"cancelled": func(p *red, a *models.Attempt) { p.Finish(a, models.Cancelled, wait) },
		"dropped": func(p *red, a *models.Attempt) {
			a.Passed = 1
			p.Finish(a, models.Rejected, wait)
		},
		"of others, seen by an arrival": func(p *red, a *models.Attempt) {
			avg := p.avg
			p.Admit(a, &models.Signals{Now: wait, Waiting: 1, Busy: 8, Capacity: 8})
			p.avg = avg
		},
		"of others, seen by a start": func(p *red, a *models.Attempt) { p.Start(a, &models.Signals{Now: wait, Waiting: 1}) },
	} {
		p := build(t, red0(REDSpec{Weight: 0.1})).(*red)
		a := &models.Attempt{Service: 20 * sim.Second}
		p.Admit(a, &models.Signals{Busy: 8, Capacity: 8})
		p.Admit(a, &models.Signals{Waiting: 30, Busy: 8, Capacity: 8})
		before := p.avg
		leave(p, a)
		p.Finish(a, models.Completed, wait+5*sim.Second)
		p.Finish(&models.Attempt{Line: 1}, models.Abandoned, wait+5*sim.Second) // of another policy's line
		a.Passed = 0
		p.Finish(a, models.Rejected, wait+5*sim.Second) // by a later policy
		p.Admit(a, &models.Signals{Now: wait + 10*sim.Second, Busy: 7, Capacity: 8})
		assert.InDelta(t, before*expected, p.avg, 1e-9, name)
	}
}

// With a constant average the gap between two refusals is uniform: on 1 to
// 1/p_b - 1, as figure 2 of Floyd and Jacobson 1993 counts an arrival before it
// decides on it (its section VII says 1 to 1/p_b). From a half on, it is 1.
func TestREDRefusesTheShareOfItsAverageAtUniformDistances(t *testing.T) {
	for _, tc := range []struct {
		avg    float64
		gentle bool
		share  float64
	}{
		{4.9, false, 0}, {5, false, 0}, {10, false, 0.05}, {14.999999, false, 0.1}, {15, false, 1},
		{15, true, 0.1}, {22.5, true, 0.55}, {30, true, 1}, {100, true, 1},
	} {
		env := environment()
		env.Seed = rngtest.Seed(t, 1)
		policy, err := red0(REDSpec{MaxP: 0.1, Weight: 1e-15, Gentle: tc.gentle}).New(env)
		require.NoError(t, err)
		p := policy.(*red)
		p.avg = tc.avg
		const arrivals = 200_000
		refusals, since, most := 0, 0, 0
		for i := range arrivals {
			since++
			if p.Admit(&models.Attempt{Request: rng.Key(i), Try: 1}, &models.Signals{Waiting: 50}).Reason != 0 {
				refusals, most, since = refusals+1, max(most, since), 0
			}
		}
		if tc.share == 0 {
			assert.Zero(t, refusals, "%+v", tc)
			continue
		}
		gaps := max(1, math.Round(1/tc.share)-1)
		assert.LessOrEqual(t, most, int(gaps), "%+v", tc)
		sd := math.Sqrt((gaps*gaps - 1) / 12 / float64(refusals))
		assert.InDelta(t, (gaps+1)/2, float64(arrivals)/float64(refusals), 5*sd+0.001, "%+v", tc)
	}
}

func TestREDRefusesNothingWithOneInTheQueue(t *testing.T) {
	p := build(t, red0(REDSpec{})).(*red)
	p.avg = 100
	assert.Zero(t, p.Admit(&models.Attempt{}, &models.Signals{Waiting: 1}).Reason)
	assert.NotZero(t, p.Admit(&models.Attempt{}, &models.Signals{Waiting: 2}).Reason)
}

func TestWrongParametersAreRefusedAndChangeNothing(t *testing.T) {
	for want, specs := range map[string][2]policy.Spec{
		"preset is \"other\", it must be source or inference":   {&CoDelSpec{}, &CoDelSpec{Preset: "other"}},
		"variant is \"bsd\", it must be rfc or linux":           {&CoDelSpec{}, &CoDelSpec{Variant: "bsd"}},
		"target is -1ns, it must be more than 0":                {&CoDelSpec{}, &CoDelSpec{Target: -1}},
		"maxpacket is -1, it must be 0 or more":                 {&CoDelSpec{}, &CoDelSpec{MaxPacket: -1}},
		"interval is 5ns, it must be at least 1.024µs":          {&CoDelSpec{}, &CoDelSpec{Interval: 5}},
		"interval is -1ns, it must be more than 0":              {&FollyCoDelSpec{}, &FollyCoDelSpec{Interval: -1}},
		"n is -1ns, it must be more than 0":                     {&ControlledDelaySpec{}, &ControlledDelaySpec{N: -1}},
		"update is -1ns, it must be more than 0":                {&PIESpec{}, &PIESpec{Update: -1}},
		"alpha is NaN, it must be 0 to 1G":                      {&PIESpec{}, &PIESpec{Alpha: unit.Factor(math.NaN())}},
		"min is 5, it must be 0 to max, which is 4":             {red0(REDSpec{}), &REDSpec{Min: 5, Max: 4, Weight: 1}},
		"max_p is 2, it must be 0% to 100%":                     {red0(REDSpec{}), &REDSpec{Max: 4, Weight: 1, MaxP: 2}},
		"weight is 0, it must be more than 0% and at most 100%": {red0(REDSpec{}), &REDSpec{Max: 4}},
		"deadline is 0s, it must be more than 0":                {&ExpiredWorkSpec{Deadline: 1}, &ExpiredWorkSpec{}},
	} {
		p := build(t, specs[0])
		assert.EqualError(t, p.Reconfigure(specs[1]), want)
		_, err := specs[1].New(environment())
		assert.EqualError(t, err, want)
	}
}

func TestThePresetsHaveTheTimesThatTheirSectionsName(t *testing.T) {
	const ms, s = sim.Millisecond, sim.Second
	for preset, want := range map[string]struct {
		codel, folly, controlled, pie []sim.Time
		alpha, beta                   float64
	}{
		"source":    {[]sim.Time{5 * ms, 100 * ms}, []sim.Time{5 * ms, 100 * ms}, []sim.Time{5 * ms, 100 * ms}, []sim.Time{15 * ms, 15 * ms, 150 * ms, 250 * ms}, 0.125, 1.25},
		"inference": {[]sim.Time{2 * s, 2 * s}, []sim.Time{2 * s, 20 * s}, []sim.Time{5 * s, 20 * s}, []sim.Time{2 * s, 500 * ms, 10 * s, 30 * s}, 0.125 / 250, 1.25 / 250},
	} {
		c, f := build(t, &CoDelSpec{Preset: preset}).(*codel), build(t, &FollyCoDelSpec{Preset: preset}).(*follyCoDel)
		d, p := build(t, &ControlledDelaySpec{Preset: preset}).(*controlledDelay), build(t, &PIESpec{Preset: preset}).(*pie)
		assert.Equal(t, want.codel, []sim.Time{c.target, c.interval})
		assert.Equal(t, want.folly, []sim.Time{f.target, f.interval})
		assert.Equal(t, want.controlled, []sim.Time{d.m, d.n})
		assert.Equal(t, want.pie, []sim.Time{p.target, p.update, p.burst, p.high})
		assert.Equal(t, []float64{want.alpha, want.beta}, []float64{p.alpha, p.beta})
	}
}

// The law of section 4.3: drops at a rate of r a second come 2 r interval² after the
// first, so that the interval of inference sheds ten a second within patience of a
// minute or two, and one of 100 s would need days.
func TestCoDelReachesARateOfDropsAfterTwiceThatRateTimesTheIntervalSquared(t *testing.T) {
	p := build(t, &CoDelSpec{}).(*codel)
	var first, before, now sim.Time
	for now = 10 * sim.Second; ; now += sim.Millisecond {
		if !refusedAtStart(p, now, 30*sim.Second, 50) {
			continue
		}
		if first == 0 {
			first = now
		} else if now-before <= 100*sim.Millisecond {
			break
		}
		before = now
	}
	assert.InDelta(t, 2*10*2*2, (now - first).Seconds(), 4, "2 r interval² for drops at 10 a second")
}

func TestNewParametersKeepWhatWasSeen(t *testing.T) {
	c := build(t, &CoDelSpec{Preset: "source"}).(*codel)
	standing(c, 30)
	count := c.count
	require.NoError(t, c.Reconfigure(&CoDelSpec{Preset: "source", Variant: "linux", Target: ms(6)}))
	assert.Equal(t, count, c.count)
	assert.True(t, c.dropping)
	assert.InDelta(t, 1/math.Sqrt(float64(count)), float64(c.root)/65536, 1e-4, "the coarse root starts from the exact one")
	p := build(t, &PIESpec{Preset: "source"}).(*pie)
	p.prob, p.allowance = 0.3, 7
	require.NoError(t, p.Reconfigure(&PIESpec{}))
	assert.Equal(t, []any{0.3, sim.Time(7)}, []any{p.prob, p.allowance})
}

var every = map[string]policy.Spec{
	"codel": &CoDelSpec{}, "codel/linux": &CoDelSpec{Variant: "linux"}, "folly-codel": &FollyCoDelSpec{}, "controlled-delay": &ControlledDelaySpec{},
	"pie": &PIESpec{}, "red": &REDSpec{Min: 5, Max: 15, MaxP: 0.02, Weight: 0.002}, "expired-work": &ExpiredWorkSpec{Deadline: unit.Duration(sim.Minute)},
}

// decide is what a policy has to do for one attempt.
func decide(p policy.Policy) func(i int) {
	starter, _ := p.(policy.Starter)
	ticker, _ := p.(policy.Ticker)
	a, s := &models.Attempt{Service: sim.Second, Try: 1}, &models.Signals{Capacity: 100}
	return func(i int) {
		s.Now += 100 * sim.Millisecond
		s.Waiting = i & 63
		s.LastWait = sim.Time(i&1023) * 30 * sim.Millisecond
		a.Request, a.Arrived, a.Admitted = rng.Key(i), s.Now, s.Now
		p.Admit(a, s)
		if starter != nil {
			a.Admitted = s.Now - s.LastWait
			starter.Start(a, s)
		}
		if ticker != nil && i&127 == 0 {
			ticker.Tick(s)
		}
	}
}

func TestNoDecisionAllocates(t *testing.T) {
	for kind, spec := range every {
		f, i := decide(build(t, spec)), 0
		assert.Zero(t, testing.AllocsPerRun(2000, func() { f(i); i++ }), kind)
	}
}

func BenchmarkAdmit(b *testing.B) {
	for kind, spec := range every {
		b.Run(kind, func(b *testing.B) {
			f := decide(build(b, spec))
			b.ReportAllocs()
			for i := range b.N {
				f(i)
			}
		})
	}
}
