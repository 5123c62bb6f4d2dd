package script

import (
	"fmt"
	"math"

	"go.starlark.net/starlark"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

// wantVerdict is what admit may return.
const wantVerdict = `None, True, False, or a dict such as {"reject": "full", "status": 429, "retry_after": 2.0}`

// The keys of a verdict, boxed once.
var (
	keyReject     starlark.Value = starlark.String("reject")
	keyStatus     starlark.Value = starlark.String("status")
	keyRetryAfter starlark.Value = starlark.String("retry_after")
	keyMaxWait    starlark.Value = starlark.String("max_wait")
	keyWork       starlark.Value = starlark.String("work")
	keyQuality    starlark.Value = starlark.String("quality")
)

// verdict is what an answer of admit means.
func (m *module) verdict(answer starlark.Value) (models.Verdict, error) {
	switch x := answer.(type) {
	case starlark.NoneType:
		return models.Verdict{}, nil
	case starlark.Bool:
		if x {
			return models.Verdict{}, nil
		}
		return m.refuse("", 0, 0)
	case *starlark.Dict:
		return m.ofDict(x)
	}
	return models.Verdict{}, fmt.Errorf("it returned %s", shown(answer))
}

func (m *module) ofDict(d *starlark.Dict) (models.Verdict, error) {
	left := d.Len()
	find := func(key starlark.Value) starlark.Value {
		v, found, _ := d.Get(key) // strings can always be looked up
		if !found {
			return nil
		}
		left--
		return v
	}
	reject, status, after := find(keyReject), find(keyStatus), find(keyRetryAfter)
	wait, work, quality := find(keyMaxWait), find(keyWork), find(keyQuality)
	if left > 0 {
		for _, key := range d.Keys() {
			switch key {
			case keyReject, keyStatus, keyRetryAfter, keyMaxWait, keyWork, keyQuality:
			default:
				return models.Verdict{}, fmt.Errorf("it returned a dict with the key %s; the keys are reject, status, retry_after, max_wait, work and quality", key)
			}
		}
	}
	if reject == nil || reject == starlark.False || reject == starlark.None {
		if status != nil || after != nil {
			return models.Verdict{}, fmt.Errorf("it returned a dict with status or retry_after and no reject")
		}
		return admitted(wait, work, quality)
	}
	var code models.Status
	var retryAfter float64
	var err error
	if status != nil {
		if code, err = asStatus(status); err != nil {
			return models.Verdict{}, err
		}
	}
	if after != nil {
		if retryAfter, err = asNumber("retry_after", after, maxSeconds); err != nil {
			return models.Verdict{}, err
		}
	}
	if reject == starlark.True {
		return m.refuse("", code, retryAfter)
	}
	name, ok := starlark.AsString(reject)
	if !ok {
		return models.Verdict{}, fmt.Errorf("reject is %s, it must be a cause or True", shown(reject))
	}
	return m.refuse(name, code, retryAfter)
}

// refuse is a refusal for a cause. A status of 0 was not said.
func (m *module) refuse(name string, status models.Status, retryAfter float64) (models.Verdict, error) {
	c, ok := m.causes[name]
	switch {
	case !ok:
		return models.Verdict{}, fmt.Errorf("the cause %q is not known from the text of the script; declare it, causes = [%q]", name, name)
	case status != 0 && status != c.status:
		return models.Verdict{}, fmt.Errorf("status is %d, and that of the cause %q is %d; each has one, declare it, causes = {%q: %d}", status, name, c.status, name, status)
	}
	return models.Verdict{Reason: c.reason, RetryAfter: sim.FromSeconds(retryAfter)}, nil
}

func admitted(wait, work, quality starlark.Value) (v models.Verdict, err error) {
	var longest float64
	if wait != nil {
		if longest, err = asNumber("max_wait", wait, maxSeconds); err != nil {
			return models.Verdict{}, err
		}
		v.MaxWait = max(1, sim.FromSeconds(longest))
	}
	if work != nil {
		if v.Work, err = asPart("work", work); err != nil {
			return models.Verdict{}, err
		}
	}
	if quality != nil {
		if v.Quality, err = asPart("quality", quality); err != nil {
			return models.Verdict{}, err
		}
	}
	return v, nil
}

// asPart is a number above 0, for a verdict says by 0 that all is left.
func asPart(name string, v starlark.Value) (float64, error) {
	x, err := asNumber(name, v, 1)
	if err == nil && x == 0 {
		err = fmt.Errorf("%s is 0, it must be above 0 and at most 1; reject what is not to be served", name)
	}
	return x, err
}

// maxSeconds is the longest time that a script may give: 100 years.
const maxSeconds = 100 * 365 * 86400

func asNumber(name string, v starlark.Value, most float64) (float64, error) {
	x, ok := starlark.AsFloat(v)
	if !ok {
		return 0, fmt.Errorf("%s is %s, it must be a number", name, shown(v))
	}
	if !(x >= 0 && x <= most) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%s is %v, it must be 0 to %v", name, x, most)
	}
	return x, nil
}
