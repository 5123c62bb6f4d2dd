package demand_test

import (
	"testing"
	"testing/fstest"

	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// Whatever a file holds, it is read or refused with an error, and what was read is
// replayed in order of time.
func FuzzTrace(f *testing.F) {
	for _, text := range []string{
		"t,s,u\n0,1,a\n1.5,2,\n", "t,s\n1e18,1\n-1e18,2\n", "t,s,u\n2023-11-16 18:15:46.68,1,x\n", "\"t\",s\n\"0\n1\",2\n", "t,s\n9223372036854775807,1\n", "t\n",
		`{"t": 1, "s": 2, "u": "x"}` + "\n" + `{"t": "2", "s": null}`, `{"t": 1e300}`, "{\"t\": [1]}\n", "t,s\n0,1e9\n0,1e-9\n", "\xff\xfe,s\n", "t,t\n1,2\n",
	} {
		for _, ending := range []string{".csv", ".jsonl"} {
			f.Add(text, ending, "s", uint8(0))
			f.Add(text, ending, "date", uint8(7))
		}
	}
	units := map[string]bool{"date": true, "h": true, "m": true, "s": true, "ms": true, "us": true, "ns": true}
	f.Fuzz(func(t *testing.T, text, ending, how string, bits uint8) {
		if ending != ".csv" && ending != ".jsonl" || !units[how] {
			return // no table, or no unit
		}
		files := fstest.MapFS{"log" + ending: {Data: []byte(text)}}
		log := demand.Log{File: "log" + ending, Time: "t", Unit: how, ScaleRate: 1.5, ScaleTime: 1, Repeat: bits&1 != 0}
		tr := demand.Trace{Log: log, Jitter: unit.Duration(sim.Second)}
		if bits&2 != 0 {
			tr.Size = "s"
		}
		if bits&4 != 0 {
			tr.User = "u"
		}
		if err := tr.Load(files, "log"+ending, nil); err == nil {
			spec := demand.Spec{Step: unit.Duration(sim.Minute), Streams: []demand.Stream{{Name: "log", Class: "image", Tier: "free", TopTenth: 0.1, Interest: 1, Trace: &tr}}}
			if err := spec.Check(env(1, 10).Tiers, env(1, 10).Classes); err == nil {
				last := sim.Time(0)
				for _, at := range replay(t, &tr, 1, 50*sim.Millisecond).at {
					if at < last {
						t.Fatalf("a request at %v after one at %v", at, last)
					}
					last = at
				}
			}
		}
		series := demand.RateSeries{Log: log, Rate: "s", Per: unit.Duration(sim.Second)}
		if err := series.Load(files, "log"+ending, nil); err == nil {
			spec := demand.Spec{Step: unit.Duration(sim.Minute), Streams: []demand.Stream{{Name: "log", Class: "image", Tier: "free", TopTenth: 0.1, Interest: 1, RateSeries: &series}}}
			if err := spec.Check(env(1, 10).Tiers, env(1, 10).Classes); err == nil {
				play(t, spec, env(1, 10), sim.Microsecond, false)
			}
		}
	})
}
