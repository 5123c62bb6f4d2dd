package script_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/policy/script"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A world is a script with what it may fail with.
type world struct {
	policy.Policy
	env    policy.Env
	failed []error
	now    sim.Time
}

func spec(text string) *script.StarlarkSpec {
	return &script.StarlarkSpec{Script: text, MaxSteps: 10_000, Interval: unit.Duration(sim.Second)}
}

func newWorld(t testing.TB, s *script.StarlarkSpec) *world {
	w := new(world)
	w.env = policy.Env{Name: "mine", Users: 10, Horizon: sim.Day, Scale: 0.5, Classes: []string{"image", "chat"}, Pools: []string{"gpus"},
		Tiers: []policy.TierInfo{{Name: "free"}, {Name: "plus", Paid: true}}, Reasons: new(models.Reasons),
		Now: func() sim.Time { return w.now }, Fail: func(err error) { w.failed = append(w.failed, err) }}
	p, err := s.New(w.env)
	require.NoError(t, err)
	w.Policy = p
	return w
}

// refusal is what a verdict refuses for; the zero one admits.
func (w *world) refusal(v models.Verdict) models.Refusal {
	if v.Reason == 0 {
		return models.Refusal{}
	}
	return w.env.Reasons.Get(v.Reason)
}

func TestAScriptAdmitsAndRefusesByWhatItReturns(t *testing.T) {
	for answer, want := range map[string]struct {
		refusal    models.Refusal
		retryAfter sim.Time
	}{
		"None":                               {},
		"True":                               {},
		"{}":                                 {},
		"False":                              {models.Refusal{Name: "mine", Status: 429}, 0},
		`{"reject": True, "retry_after": 2}`: {models.Refusal{Name: "mine", Status: 429}, 2 * sim.Second},
		`{"reject": True, "status": 403}`:    {models.Refusal{Name: "mine", Status: 403}, 0},
		`{"reject": "full"}`:                 {models.Refusal{Name: "mine.full", Status: 503}, 0},
		`{"reject": "slow", "status": 403, "retry_after": 0.25}`: {models.Refusal{Name: "mine.slow", Status: 403}, sim.Second / 4},
		`{"reject": False}`: {},
	} {
		w := newWorld(t, spec("causes = {\"full\": 503}\ndef admit(now, attempt, signals):\n    return "+answer+"\n"))
		v := w.Admit(&models.Attempt{}, &models.Signals{})
		assert.Equal(t, want.refusal, w.refusal(v), answer)
		assert.Equal(t, want.retryAfter, v.RetryAfter, answer)
		assert.Empty(t, w.failed, answer)
	}
	w := newWorld(t, spec(`def admit(now, attempt, signals): return {"max_wait": 1.5, "work": 0.5, "quality": 0.75}`))
	assert.Equal(t, models.Verdict{MaxWait: 1500 * sim.Millisecond, Work: 0.5, Quality: 0.75}, w.Admit(&models.Attempt{}, &models.Signals{}))
}

func TestAScriptSeesTheAttemptAndTheSignals(t *testing.T) {
	w := newWorld(t, spec(`
def admit(now, a, s):
    got = [now, a.user, a.tier, a.request_class, a.paid, a.priority, a.number, a.visit, a.service, a.first, a.arrived,
           s.pool, s.waiting, s.busy, s.capacity, s.free, s.in_flight, s.last_wait, s.started, s.completed, scale]
    want = [3.5, 7, "plus", "chat", True, 2, 3, 1, 20.0, 1.0, 3.5, "gpus", 11, 5, 9, 4, 16, 0.25, 100, 90, 0.5]
    if got != want:
        fail("got %s" % got)
    if not (0.0 < a.luck and a.luck < 1.0):
        fail("luck is %s" % a.luck)
    if dir(a) != sorted(dir(a)) or "luck" not in dir(a) or type(s) != "signals":
        fail("names")
`))
	w.Admit(&models.Attempt{User: 7, Tier: 1, Class: 1, Priority: 2, Try: 3, Visit: 1, Service: 20 * sim.Second, First: sim.Second, Arrived: 3500 * sim.Millisecond},
		&models.Signals{Now: 3500 * sim.Millisecond, Waiting: 11, Busy: 5, Capacity: 9, LastWait: sim.Second / 4, Started: 100, Completed: 90})
	assert.Empty(t, w.failed)
}

const bucketScript = `
RATE, BURST = 1.0, 3.0

def admit(now, attempt, signals):
    last = state.get("last", 0.0)
    tokens = min(BURST, state.get("tokens", BURST) + (now - last) * RATE)
    state["last"] = now
    if tokens < 1.0:
        state["tokens"] = tokens
        return {"reject": True, "retry_after": (1.0 - tokens) / RATE}
    state["tokens"] = tokens - 1.0
`

// The same trace as that of the token bucket of package limits.
func TestAScriptKeepsStateBetweenCalls(t *testing.T) {
	w := newWorld(t, spec(bucketScript))
	for _, tc := range []struct {
		seconds    float64
		retryAfter sim.Time
	}{
		{0, 0}, {0, 0}, {0, 0}, {0, sim.Second}, {0.5, 500 * sim.Millisecond}, {1, 0}, {1.25, 750 * sim.Millisecond}, {2.5, 0},
	} {
		v := w.Admit(&models.Attempt{}, &models.Signals{Now: sim.FromSeconds(tc.seconds)})
		assert.Equal(t, tc.retryAfter, v.RetryAfter, "at %v", tc.seconds)
		assert.Equal(t, tc.retryAfter != 0, v.Reason != 0, "at %v", tc.seconds)
	}
	assert.Empty(t, w.failed)
}

func TestAScriptIsToldOfEndsAndCalledPeriodically(t *testing.T) {
	w := newWorld(t, spec(`
under_way = {}
def admit(now, attempt, signals):
    under_way[attempt.user] = now
    if state.get("closed"): return False
def on_finish(now, attempt, outcome):
    if outcome != "abandoned" or attempt.service != None or under_way.pop(attempt.user) != 1.0:
        fail("told wrongly")
    state["ended"] = state.get("ended", 0) + 1
def tick(now, signals):
    state["closed"] = state.get("ended", 0) > 0 and signals.waiting == 5
`))
	a := &models.Attempt{User: 4}
	assert.Zero(t, w.Admit(a, &models.Signals{Now: sim.Second}).Reason)
	assert.Equal(t, 2*sim.Second, w.Policy.(policy.Ticker).Tick(&models.Signals{Now: sim.Second}))
	assert.Zero(t, w.Admit(a, &models.Signals{Now: sim.Second}).Reason)
	w.Policy.(policy.Finisher).Finish(a, models.Abandoned, 2*sim.Second)
	w.Policy.(policy.Ticker).Tick(&models.Signals{Now: 2 * sim.Second, Waiting: 5})
	assert.NotZero(t, w.Admit(a, &models.Signals{Now: 3 * sim.Second}).Reason)
	assert.Empty(t, w.failed)

	plain := newWorld(t, spec("def admit(n, a, s): pass"))
	assert.Equal(t, sim.Never, plain.Policy.(policy.Ticker).Tick(&models.Signals{}), "a script without tick is not called again")
}

func TestLuckBelongsToTheRequestAndThePolicy(t *testing.T) {
	text := "def admit(n, a, s): return a.luck < 0.5"
	w, again := newWorld(t, spec(text)), newWorld(t, spec(text))
	admitted := 0
	for i := range uint64(1000) {
		a := &models.Attempt{Request: rng.StreamKey(1, 0, "requests").Child(i), Try: 1}
		v := w.Admit(a, &models.Signals{})
		a.Try = 2
		require.Equal(t, v, w.Admit(a, &models.Signals{}), "every try has the same luck")
		require.Equal(t, v, again.Admit(a, &models.Signals{}))
		if v.Reason == 0 {
			admitted++
		}
	}
	assert.InDelta(t, 500, admitted, 80, "binomial: 5 standard deviations")
}

// What is wrong at load time: where, what, and what would be right.
func TestAScriptThatCannotBeIsAnsweredWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		"def admit(now, attempt, signals)\n    pass":                          "own.star:2:1: got newline, want ':'",
		"def admit(now, attempt, signals):\n    return limt > 3":              "own.star:2:12: undefined: limt",
		"def admit(now, attempt, signals):\n    return attempt.teir":          "own.star:2:20: attempt has no teir: want attempt.tier",
		"def admit(now, a, s):\n    if now > 3: return s.wating > 3":          "own.star:2:26: signals has no wating: want signals.waiting",
		"def admit(now, a, s):\n    return s.queue > 3":                       "own.star:2:14: signals has no queue: want one of busy, capacity, completed, free, in_flight, last_wait, pool, started, waiting",
		"def admit(n, a, s): pass\ndef on_finsh(now, attempt, outcome): pass": "own.star:2:5: nothing calls on_finsh: want on_finish",
		"x = 1\n":                       "own.star:1:1: there is no function admit: want def admit(now, attempt, signals)",
		"admit = 3\n":                   "own.star:1:1: admit is a int: want def admit(now, attempt, signals)",
		"def admit(now, attempt): pass": "own.star:1:1: admit takes other parameters: want def admit(now, attempt, signals)",
		"def admit(n, a, s): pass\n\ndef tick(*args): pass":                                                                 "own.star:3:1: tick takes other parameters: want def tick(now, signals)",
		"load('x.star', 'y')\ndef admit(n, a, s): pass":                                                                     "own.star:1:1: load is not there: want everything in one script",
		"def admit(n, a, s): pass\nx = 1 // 0":                                                                              "own.star:2:7: floored division by zero: want a divisor other than 0",
		"def admit(n, a, s):\n  while True: pass":                                                                           "own.star:2:3: this Starlark dialect does not support while loops",
		"def admit(n, a, s): pass\ny = [i for k in range(1000) for i in range(1000)]":                                       "own.star:2:6: takes too many steps: want a shorter way, or a larger max_steps",
		"causes = 3\ndef admit(n, a, s): pass":                                                                              `own.star:1:1: causes: it is a int: want a list of names, or a dict such as {"full": 503}`,
		"causes = [\"a b\"]\ndef admit(n, a, s): pass":                                                                      `own.star:1:1: the cause "a b" is no name: want letters, digits, - and _ only, at most 64`,
		"causes = {\"full\": 500}\ndef admit(n, a, s): pass":                                                                `own.star:1:1: causes: status is 500, it must be 403, 429 or 503: want a list of names, or a dict such as {"full": 503}`,
		"def admit(n, a, s):\n  if n > 1.0: return {'reject': 'x', 'status': 503}\n  return {'status': 429, 'reject': 'x'}": `own.star:3:10: the cause "x" has two statuses, 503 and 429: want one for each cause`,
		"def admit(n, a, s): return {'reject': True, 'status': 500}":                                                        "own.star:1:28: status is 500: want 403, 429 or 503",
		"print('here')\ndef admit(n, a, s): pass":                                                                           "own.star:1:6: there is nowhere to print to; fail(...) ends the run with a message",
		"def admit(n, a, s):\n  x\n  y":                                                                                     "own.star:2:3: undefined: x\nown.star:3:3: undefined: y",
	} {
		s := spec(text)
		s.File = "own.star"
		_, err := s.New(policy.Env{Name: "mine", Reasons: new(models.Reasons), Now: func() sim.Time { return 0 }})
		assert.EqualError(t, err, want, text)
		var faults policy.TextFaults
		assert.ErrorAs(t, err, &faults)
	}
	for want, s := range map[string]*script.StarlarkSpec{
		"script is empty, it must be a script with def admit(now, attempt, signals), or file must name one": spec(""),
		"max_steps is 0, it must be at least 1": {Script: "x", Interval: 1},
		"interval is 0, it must be more than 0": {Script: "x", MaxSteps: 1},
	} {
		_, err := s.New(policy.Env{Name: "mine", Reasons: new(models.Reasons)})
		if assert.Error(t, err) {
			assert.True(t, strings.HasPrefix(err.Error(), want[:12]), "%v", err)
		}
	}
}

// What is wrong during the run: it ends with the place, and the script is called
// no more.
func TestAScriptThatFailsEndsTheRun(t *testing.T) {
	for body, want := range map[string]string{
		"    a = attempt\n    return a.teir": "script:3:13: in admit: attempt has no .teir: want tier",
		"    state['x'] += 1":                "script:2:10: in admit: key \"x\" not in dict: want it there from the start, such as state[\"x\"] = 0 at the top level, or state.get(\"x\", 0)",
		"    calls += 1":                     "script:2:5: in admit: local variable calls referenced before assignment: want state[\"calls\"], which lasts from call to call: a name that a function assigns is its own, from its first line on",
		"    return 1 // 0":                  "script:2:14: in admit: floored division by zero: want a divisor other than 0",
		"    return now + 'x'":               "script:2:16: in admit: unknown binary op: float + string",
		"    return inner(now)\n\ndef inner(x):\n    return [1][5]": "script:5:15: in admit: list index 5 out of range [-1:0]",
		"    for i in range(9999): pass":                            "script:2:5: in admit: takes too many steps: want a shorter way, or a larger max_steps",
		"    fail('that is', 'all')":                                "script:2:9: in admit: fail: that is all",
		"    return 3":                                              "script:2:5: in admit: it returned 3 (an int): want None, True, False, or a dict such as {\"reject\": \"full\", \"status\": 429, \"retry_after\": 2.0}",
		"    return {'reject': 'fu' + 'll'}":                        "script:2:5: in admit: the cause \"full\" is not known from the text of the script; declare it, causes = [\"full\"]: want None, True, False, or a dict such as {\"reject\": \"full\", \"status\": 429, \"retry_after\": 2.0}",
		"    return {'reject': True, 'status': 200 + 0}":            "script:2:5: in admit: status is 200, it must be 403, 429 or 503: want None, True, False, or a dict such as {\"reject\": \"full\", \"status\": 429, \"retry_after\": 2.0}",
		"    return {'reject': True, 'status': 503 + 0}":            "script:2:5: in admit: status is 503, and that of the cause \"\" is 429; each has one, declare it, causes = {\"\": 503}: want None, True, False, or a dict such as {\"reject\": \"full\", \"status\": 429, \"retry_after\": 2.0}",
		"    return {'rejct': True}":                                "script:2:5: in admit: it returned a dict with the key \"rejct\"; the keys are reject, status, retry_after, max_wait, work and quality: want None, True, False, or a dict such as {\"reject\": \"full\", \"status\": 429, \"retry_after\": 2.0}",
		"    return {'reject': True, 'retry_after': -1}":            "script:2:5: in admit: retry_after is -1, it must be 0 to 3.1536e+09: want None, True, False, or a dict such as {\"reject\": \"full\", \"status\": 429, \"retry_after\": 2.0}",
		"    return {'work': 0}":                                    "script:2:5: in admit: work is 0, it must be above 0 and at most 1; reject what is not to be served: want None, True, False, or a dict such as {\"reject\": \"full\", \"status\": 429, \"retry_after\": 2.0}",
		"    if 'a' in state: return state['a'].user\n    state['a'] = attempt\n    return state['a'].user == 0": "",
	} {
		w := newWorld(t, spec("def admit(now, attempt, signals):\n"+body+"\n"))
		w.Admit(&models.Attempt{}, &models.Signals{})
		if want == "" {
			assert.Empty(t, w.failed)
			continue
		}
		if assert.Len(t, w.failed, 1, body) {
			assert.EqualError(t, w.failed[0], "policy mine: "+want)
		}
		assert.Zero(t, w.Admit(&models.Attempt{}, &models.Signals{}))
		assert.Len(t, w.failed, 1, "it is not called again")
	}
}

// The interpreter does not tell which statement returned what is wrong: the place is
// that of the only one that can have, and else all of their lines are named.
func TestAWrongAnswerIsTracedToTheReturnsThatItCanBeOf(t *testing.T) {
	for body, want := range map[string]string{
		"  if now > 5.0:\n    return True\n  return 'no' + 'w'":                                       `script:4:3: in admit: it returned "now" (a string)`,
		"  if now > 5.0:\n    return {'reject': True}\n  if now > 4.0:\n    return 7.5\n  return now": `script:1:1: in admit, which returns at lines 5 and 6: it returned 0.0 (a float)`,
		"  if now > 9.0: return now\n  if now > 8.0: return now\n  return now":                        `script:1:1: in admit, which returns at lines 2, 3 and 4: it returned 0.0 (a float)`,
		"  def inner(): return 3\n  f = lambda x: x\n  return [inner(), f(2)]":                        `script:4:3: in admit: it returned a list of 2`,
		"  if now > 5.0: return 'x'\n  return {'reject': now}":                                        `script:3:3: in admit: reject is 0.0 (a float), it must be a cause or True`,
		"  return {'max_wait': 'long'}":                                                               `script:2:3: in admit: max_wait is "long" (a string), it must be a number`,
		"  return 'x' * 100":                                                                          `script:2:3: in admit: it returned "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"... (a string)`,
		"  return attempt":                                                                            `script:2:3: in admit: it returned an attempt`,
		"  return 1 << 70":                                                                            `script:2:3: in admit: it returned an int`,
	} {
		w := newWorld(t, spec("def admit(now, attempt, signals):\n"+body+"\n"))
		w.Admit(&models.Attempt{}, &models.Signals{})
		if assert.Len(t, w.failed, 1, body) {
			assert.ErrorContains(t, w.failed[0], "policy mine: "+want+": want None, True, False, or a dict")
		}
	}
	other := newWorld(t, spec("def inner(n, a, s):\n  return 3\nadmit = inner\n"))
	other.Admit(&models.Attempt{}, &models.Signals{})
	require.Len(t, other.failed, 1)
	assert.ErrorContains(t, other.failed[0], "script:2:3: in admit: it returned 3 (an int)")
}

// 64 MiB may be kept between calls: what is bounded by steps in each call is not
// bounded over a million of them.
func TestWhatAScriptKeepsIsBounded(t *testing.T) {
	const head = "kept = {}\ncount = [0]\n"
	for body, calls := range map[string]int{ // after which it is too much
		"  state['x'] = 'x' * 100000000":                            1,
		"  kept['x'] = ['x' * 1000] * 100000":                       1,
		"  count[0] += 1\n  kept[count[0]] = 'x' * 1000000":         67,
		"  count[0] += 1\n  state[(count[0], 'y')] = [1.0] * 10000": 418,
		"  state['a'] = state.get('a', []) + [None] * 100000":       41,
		"  count[0] += 1\n  kept[count[0]] = [now] * 64":            64 << 20 / 1136,
	} {
		w := newWorld(t, spec(head+"def admit(now, attempt, signals):\n"+body+"\n"))
		for n := 1; len(w.failed) == 0 && n <= calls+calls/4+8; n++ {
			w.Admit(&models.Attempt{}, &models.Signals{})
		}
		if assert.Len(t, w.failed, 1, body) {
			assert.EqualError(t, w.failed[0], "policy mine: script:3:1: in admit: state and globals hold more than 64 MiB: want less to be kept, such as counts in the place of lists, or pop of what is over")
		}
	}
	_, err := spec("state['x'] = 'x' * 100000000\ndef admit(n, a, s): pass").New(newWorld(t, spec("def admit(n, a, s): pass")).env)
	assert.EqualError(t, err, "script:1:1: state and globals hold more than 64 MiB: want less to be kept, such as counts in the place of lists, or pop of what is over")

	// What is dropped, is there twice or holds itself is no more than it is.
	w := newWorld(t, spec("many = ['x' * 1000000]\ndef admit(n, a, s):\n  state['all'] = [many] * 1000\n  many.append(state)\n  many.pop()\n  state['self'] = state\n  y = 'y' * 100000000\n"))
	for range 100 {
		w.Admit(&models.Attempt{}, &models.Signals{})
	}
	assert.Empty(t, w.failed)
}

func TestACallMayTakeItsStepsAndNoMore(t *testing.T) {
	few := spec("def admit(n, a, s):\n    for i in range(100): pass")
	w := newWorld(t, few)
	for range 1000 { // each call has its own
		w.Admit(&models.Attempt{}, &models.Signals{})
	}
	assert.Empty(t, w.failed)
	few.MaxSteps = 50
	w = newWorld(t, few)
	w.Admit(&models.Attempt{}, &models.Signals{})
	require.Len(t, w.failed, 1)
	assert.ErrorContains(t, w.failed[0], "takes too many steps")
}

func TestARangeIsNoLongerThanACallMayTakeSteps(t *testing.T) {
	for text, fault := range map[string]string{
		"return len(list(range(10000))) > 1":                       "",
		"return len(list(range(10001))) > 1":                       "a range of 10001 numbers takes too many steps: want one of at most 10000, or a larger max_steps",
		"return sorted(range(0, 10000000000, 2)) > []":             "a range of 5000000000 numbers takes too many steps",
		"return range(1, 4) == range(1, 5, 1) or 3 in range(0, 4)": "",
		"return range('a') > 1":                                    "want int",
	} {
		w := newWorld(t, spec("def admit(n, a, s): "+text))
		w.Admit(&models.Attempt{}, &models.Signals{})
		if fault == "" {
			assert.Empty(t, w.failed, text)
			continue
		}
		require.Len(t, w.failed, 1, text)
		assert.ErrorContains(t, w.failed[0], fault, text)
	}
	_, err := spec("big = [x for x in range(200001)]\ndef admit(n, a, s): return True").New(newWorld(t, spec("def admit(n, a, s): return True")).env)
	assert.ErrorContains(t, err, "script:1:24: a range of 200001 numbers takes too many steps: want one of at most 200000")
}

func TestWhatWasKeptOfAnAttemptCannotBeLookedAtLater(t *testing.T) {
	w := newWorld(t, spec(`
def admit(now, attempt, signals):
    state["kept"] = attempt
def tick(now, signals):
    return state["kept"].user
`))
	w.Admit(&models.Attempt{}, &models.Signals{})
	w.Policy.(policy.Ticker).Tick(&models.Signals{})
	require.Len(t, w.failed, 1)
	assert.EqualError(t, w.failed[0], "policy mine: script:5:25: in tick: an attempt can be looked at during the call only; keep what you need of it")
}

func TestANewScriptKeepsTheStateOfTheOld(t *testing.T) {
	w := newWorld(t, spec("def admit(n, a, s):\n    state['n'] = state.get('n', 0) + 1\n"))
	for range 3 {
		w.Admit(&models.Attempt{}, &models.Signals{})
	}
	require.NoError(t, w.Reconfigure(spec("def admit(n, a, s): return state['n'] < 3")))
	assert.NotZero(t, w.Admit(&models.Attempt{}, &models.Signals{}).Reason)
	require.Error(t, w.Reconfigure(spec("def admit(n, a, s): return nothing")))
	assert.NotZero(t, w.Admit(&models.Attempt{}, &models.Signals{}).Reason, "nothing has changed")

	w.env.Reasons.Close()
	_, err := spec("causes = ['full']\ndef admit(n, a, s): pass").New(w.env)
	assert.ErrorContains(t, err, `the cause "full" with status 429 is new, and a run under way counts only what it knew when it began`)

	few := spec("def admit(n, a, s): return state['n'] < 3")
	few.MaxSteps = 3
	require.NoError(t, w.Reconfigure(few))
	w.Admit(&models.Attempt{}, &models.Signals{})
	assert.Len(t, w.failed, 1, "the new limit of steps holds")
}

func BenchmarkAdmit(b *testing.B) {
	for name, text := range map[string]string{
		"starlark/nothing":   "def admit(now, attempt, signals): pass",
		"starlark/threshold": "causes = {\"full\": 503}\nFULL = {\"reject\": \"full\", \"retry_after\": 30.0}\ndef admit(now, attempt, signals):\n    if attempt.tier == \"free\" and signals.waiting > 100:\n        return FULL",
		"starlark/mixed":     "def admit(now, attempt, signals):\n    return attempt.tier == \"free\" and signals.waiting < 100.0",
		"starlark/bucket":    bucketScript,
		"starlark/users":     "counts = dict(zip(range(-1, 99999), range(100000)))\ndef admit(now, attempt, signals):\n    counts[attempt.user] += 1",
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, spec(text))
			a, s := &models.Attempt{}, &models.Signals{Waiting: 50}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				s.Now += sim.Millisecond
				w.Admit(a, s)
			}
			if len(w.failed) > 0 {
				b.Fatal(w.failed)
			}
		})
	}
}

// A name that is bound once more may be anything, and who asks hasattr knows what he does.
func TestNamesThatAreBoundOnceMoreAreNotJudgedBeforehand(t *testing.T) {
	for _, body := range []string{
		"    def h(signals): return len(signals.keys())\n    return h({}) == 0",
		"    n, signals = 1, {1: 2}\n    return len(signals.keys()) == n",
		"    for signals in [{1: 2}]: return len(signals.keys()) == 1",
		"    return len([signals.keys() for signals in [{1: 2}]]) == 1",
		"    if hasattr(attempt, 'region'): return attempt.region == 1\n    return True",
	} {
		w := newWorld(t, spec("def admit(now, attempt, signals):\n"+body+"\n"))
		assert.Zero(t, w.Admit(&models.Attempt{}, &models.Signals{}).Reason, body)
		assert.Empty(t, w.failed, body)
	}
}
