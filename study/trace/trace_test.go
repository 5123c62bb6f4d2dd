package trace_test

import (
	"bytes"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
	_ "github.com/launchday-sim/launchday/study/trace"
)

type request struct {
	At      time.Time `parquet:"at,timestamp(microsecond)"`
	Seconds float64   `parquet:"seconds"`
	Ms      int64     `parquet:"ms"`
	Who     *string   `parquet:"who,optional"`
}

func file(t *testing.T, rows ...request) []byte {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[request](&b, parquet.MaxRowsPerRowGroup(2))
	_, err := w.Write(rows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

const replay = `name: replay
duration: 1m
tiers: [{name: all}]
classes: [{name: job, pool: main, service: 1s}]
pools: [{name: main, nodes: 9}]
demand: {streams: [{name: jobs, class: job, tier: all, trace: {file: log.parquet, time: TIME, size: SIZE, user: who}}]}
`

func TestAScenarioReplaysALogInParquet(t *testing.T) {
	start := time.Date(2024, 5, 10, 12, 0, 0, 0, time.UTC)
	ann, bob := "ann", "bob"
	data := file(t,
		request{start, 2.5, 7000, &ann}, request{start.Add(1500 * time.Millisecond), 4, 8500, nil},
		request{start.Add(3 * time.Second), 1, 10000, &bob}, request{start.Add(4 * time.Second), 0.5, 11000, &ann})
	for _, c := range []struct{ time, unit string }{{"at", "date"}, {"ms", "ms"}} {
		text := bytes.ReplaceAll([]byte(replay), []byte("TIME"), []byte(c.time+", unit: "+c.unit))
		text = bytes.ReplaceAll(text, []byte("SIZE"), []byte("seconds"))
		sc, err := scenario.Read(fstest.MapFS{"a.yaml": {Data: text}, "log.parquet": {Data: data}}, "a.yaml")
		require.NoError(t, err)
		run, err := launch.New(sc, launch.Options{Seed: 1})
		require.NoError(t, err)
		res, err := run.Result()
		require.NoError(t, err)
		get := func(path string) float64 {
			x, err := res.Summary.Lookup(path)
			require.NoError(t, err)
			return float64(x)
		}
		assert.Equal(t, 4.0, get("all.completed"))
		assert.Equal(t, 2.0, get("all.latency_s.mean"), "the service times of the log, not those of the class")
		assert.Equal(t, 2.0, get("all.users"))
	}
}

func TestAFaultNamesFileRowAndColumn(t *testing.T) {
	who := "ann"
	data := file(t, request{Seconds: 1, Who: &who}, request{Seconds: 1, Who: &who}, request{Seconds: -1, Who: &who})
	load := func(tr demand.Trace) error {
		return tr.Load(fstest.MapFS{"log.parquet": {Data: data}}, "log.parquet", nil)
	}
	assert.EqualError(t, load(demand.Trace{Log: demand.Log{Time: "ms"}, Size: "seconds"}), `log.parquet: row 3: column seconds: "-1" is no number of at least 0`)
	assert.EqualError(t, load(demand.Trace{Log: demand.Log{Time: "when"}}), `time is no column of log.parquet: want one of at, seconds, ms, who`)
	assert.ErrorContains(t, load(demand.Trace{Log: demand.Log{Time: "at"}}), "unit does not go with", "an instant is a date")
	assert.EqualError(t, load(demand.Trace{Log: demand.Log{Time: "who"}}), `log.parquet: row 1: column who: "ann" is no number`)
	broken := demand.Trace{Log: demand.Log{Time: "ms"}}
	assert.ErrorContains(t, broken.Load(fstest.MapFS{"log.parquet": {Data: []byte("PAR1")}}, "log.parquet", nil), "log.parquet: is no Parquet file")
}

func TestTheExampleRuns(t *testing.T) {
	sc, err := scenario.Read(os.DirFS("../../examples/traces"), "trace-replay.yaml")
	require.NoError(t, err)
	require.NoError(t, launch.Rehearse(sc))
	run, err := launch.New(sc, launch.Options{Seed: 1})
	require.NoError(t, err)
	res, err := run.Result()
	require.NoError(t, err)
	users, err := res.Summary.Lookup("tiers.customers.users")
	require.NoError(t, err)
	assert.Equal(t, 100.0, float64(users), "25 users of the log, and three copies of each")
}
