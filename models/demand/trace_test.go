package demand_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/sim/rng/rngtest"
)

// loaded is a trace whose file has been read.
func loaded(t testing.TB, tr demand.Trace, file string) *demand.Trace {
	t.Helper()
	if tr.ScaleRate == 0 {
		tr.ScaleRate = 1
	}
	require.NoError(t, tr.Load(os.DirFS("testdata/traces"), file, nil))
	return &tr
}

// written is a trace of a file that has this text.
func written(t testing.TB, tr demand.Trace, text string) *demand.Trace {
	t.Helper()
	require.NoError(t, tr.Load(fstest.MapFS{"log.csv": {Data: []byte(text)}}, "log.csv", nil))
	return &tr
}

func replay(t *testing.T, tr *demand.Trace, s uint64, until sim.Time) *listener {
	t.Helper()
	return play(t, stream(demand.Stream{Trace: tr}), env(s, 0), until, false)
}

func secondsOf(list []sim.Time) (out []float64) {
	for _, x := range list {
		out = append(out, x.Seconds())
	}
	return out
}

func TestTheFormatsOfPublicLogsAreReplayedRowByRow(t *testing.T) {
	tokens := demand.Trace{PerTokenIn: span(0.001), PerTokenOut: span(0.1)}
	byTokens := []float64{1.1, 2.5, 20.03}
	with := func(format string) demand.Trace {
		tr := tokens
		tr.Format = format
		return tr
	}
	const nobody = models.Anonymous
	for _, c := range []struct {
		file  string
		trace demand.Trace
		at    []float64
		work  []float64
		users []models.User
	}{
		{"azure-2023.csv", with("azure-llm-2023"), []float64{0, 1.75, 4.5}, byTokens, []models.User{nobody, nobody, nobody}},
		{"azure-2024.csv", with("azure-llm-2024"), []float64{0, 0.999999, 2.499999}, byTokens, []models.User{nobody, nobody, nobody}},
		{"burstgpt.csv", with("burstgpt"), []float64{0, 40, 40.5}, []float64{1.1, 2, 20.03}, []models.User{nobody, nobody, nobody}},
		{"burstgpt-sessions.csv", with("burstgpt"), []float64{0, 40, 41}, []float64{1.1, 2, 20.03}, []models.User{0, nobody, 0}},
		{"mooncake.jsonl", with("mooncake"), []float64{0, 3, 3}, byTokens, []models.User{nobody, nobody, nobody}},
		{"genai.csv", demand.Trace{Format: "alibaba-genai"}, []float64{0, 10, 30}, []float64{32, 7, 12.5}, []models.User{0, 0, 1}}, // its rows are not in order
		{"genai.csv", demand.Trace{Format: "alibaba-genai", Size: "none", User: "none"}, []float64{0, 10, 30}, nil, []models.User{nobody, nobody, nobody}},
		{"burstgpt-sessions.csv", demand.Trace{Log: demand.Log{Time: "Timestamp", Unit: "m"}, Size: "Elapsed time"}, []float64{0, 2400, 2460}, []float64{3, 2, 9}, []models.User{nobody, nobody, nobody}},
	} {
		l := replay(t, loaded(t, c.trace, c.file), rngtest.Seed(t, 1), sim.Day)
		assert.Equal(t, c.at, secondsOf(l.at), c.file)
		assert.Equal(t, c.users, l.users, c.file)
		var work []float64
		for _, row := range l.rows {
			if row != 0 {
				w, _ := l.d.Work(row)
				work = append(work, w.Seconds())
			}
		}
		assert.Equal(t, c.work, work, c.file)
	}
}

func TestATraceIsCutStretchedMovedAndRepeated(t *testing.T) {
	text := "t\n10\n11\n13\n17\n"
	base := func() demand.Trace { return demand.Trace{Log: demand.Log{Time: "t", ScaleRate: 1, ScaleTime: 1}} }
	for name, c := range map[string]struct {
		change func(tr *demand.Trace)
		want   []float64
	}{
		"as it is":              {func(*demand.Trace) {}, []float64{0, 1, 3, 7}},
		"moved":                 {func(tr *demand.Trace) { tr.At = at(100) }, []float64{100, 101, 103, 107}},
		"before the run":        {func(tr *demand.Trace) { tr.At = at(-2) }, []float64{1, 5}},
		"twice as fast":         {func(tr *demand.Trace) { tr.ScaleTime = 0.5 }, []float64{0, 0.5, 1.5, 3.5}},
		"cut":                   {func(tr *demand.Trace) { tr.From, tr.To = span(0.5), span(7) }, []float64{0.5, 2.5}},
		"repeated":              {func(tr *demand.Trace) { tr.Repeat, tr.To = true, span(8) }, []float64{0, 1, 3, 7, 8, 9, 11, 15, 16, 17, 19}},
		"repeated after a gap":  {func(tr *demand.Trace) { tr.Repeat = true }, []float64{0, 1, 3, 7, 7 + 7.0/3, 8 + 7.0/3, 10 + 7.0/3, 14 + 7.0/3, 14 + 14.0/3, 15 + 14.0/3}},
		"repeated since before": {func(tr *demand.Trace) { tr.Repeat, tr.To, tr.At = true, span(8), at(-8*1000-2) }, []float64{1, 5, 6, 7, 9, 13, 14, 15, 17}},
	} {
		tr := base()
		c.change(&tr)
		l := replay(t, written(t, tr, text), rngtest.Seed(t, 1), 20*sim.Second)
		assert.InDeltaSlice(t, c.want, secondsOf(l.at), 1e-8, name)
	}
}

// many is a log of n rows, one a second, of 50 users.
func many(n int) string {
	var b strings.Builder
	b.WriteString("t,who,seconds\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,u%d,%d\n", i, i%50, i)
	}
	return b.String()
}

func TestALowerScaleKeepsAPartOfWhatAHigherOneKeepsUnderAnyPolicy(t *testing.T) {
	const n = 20000
	kept := func(scale float64, s uint64) map[rng.Key]bool {
		tr := written(t, demand.Trace{Log: demand.Log{Time: "t", ScaleRate: unit.Factor(scale)}}, many(n))
		l := replay(t, tr, s, sim.Day)
		set := map[rng.Key]bool{}
		for _, k := range l.keys {
			set[k] = true
		}
		require.Len(t, set, len(l.keys))
		assert.InDelta(t, n*scale, len(l.keys), 6*math.Sqrt(n*scale)+1e-9, "scale %v", scale)
		return set
	}
	half, quarter, all := kept(0.5, rngtest.Seed(t, 1)), kept(0.25, rngtest.Seed(t, 1)), kept(1, rngtest.Seed(t, 1))
	assert.Equal(t, half, kept(0.5, rngtest.Seed(t, 1)))
	for k := range quarter {
		require.True(t, half[k])
	}
	for k := range half {
		require.True(t, all[k])
	}
	other := kept(0.5, rngtest.Seed(t, 1)+1)
	assert.NotEqual(t, half, other)

	// A world of reduced scale is thinned likewise.
	tr := written(t, demand.Trace{Log: demand.Log{Time: "t", ScaleRate: 1}}, many(n))
	spec := stream(demand.Stream{Trace: tr})
	unit.Scale(&spec, 0.5)
	l := play(t, spec, env(rngtest.Seed(t, 1), 0), sim.Day, false)
	assert.Len(t, l.keys, len(half))
}

func TestCopiesComeLaterAndHaveUsersAndLuckOfTheirOwn(t *testing.T) {
	const n = 4000
	tr := written(t, demand.Trace{Log: demand.Log{Time: "t", ScaleRate: 2.5}, User: "who", Size: "seconds", Jitter: span(30)}, many(n))
	spec := stream(demand.Stream{Trace: tr})
	k := sim.NewKernel()
	l := &listener{}
	var err error
	l.d, err = demand.New(k, spec, env(rngtest.Seed(t, 1), 0), l)
	require.NoError(t, err)
	l.d.Start(0)
	most := 0
	for k.Step() {
		most = max(most, k.Pending())
	}
	assert.Equal(t, 1, most, "one event is pending, however long the trace is")
	assert.Equal(t, 150, l.d.Users())
	assert.InDelta(t, 2.5*n, len(l.at), 6*math.Sqrt(n*0.25))
	seen, perRow := map[rng.Key]bool{}, make([]int, n)
	for i, x := range l.at {
		require.True(t, i == 0 || x >= l.at[i-1], "in order of time")
		require.False(t, seen[l.keys[i]])
		seen[l.keys[i]] = true
		w, _ := l.d.Work(l.rows[i])
		row := int(w.Seconds())
		late := x.Seconds() - float64(row)
		require.True(t, late >= 0 && late <= 30, "%v", late)
		copyOf := int(l.users[i]) / 50
		require.Equal(t, row%50, int(l.users[i])%50)
		require.True(t, (copyOf == 0) == (late == 0))
		perRow[row]++
	}
	for row, c := range perRow {
		require.True(t, c == 2 || c == 3, "row %d has %d", row, c)
	}
}

func TestAReplayCanBeThrottledAndSilencedInMidRun(t *testing.T) {
	k := sim.NewKernel()
	l := &listener{}
	spec := func(scale float64) demand.Spec {
		return stream(demand.Stream{Trace: written(t, demand.Trace{Log: demand.Log{Time: "t", ScaleRate: unit.Factor(scale)}}, many(30000))})
	}
	var err error
	l.d, err = demand.New(k, spec(1), env(rngtest.Seed(t, 1), 0), l)
	require.NoError(t, err)
	l.d.Start(0)
	count := func(until int, scale float64) int {
		before := len(l.at)
		require.NoError(t, l.d.Reconfigure(k.Now(), spec(scale)))
		k.RunUntil(sim.Time(until) * sim.Second)
		return len(l.at) - before
	}
	assert.Equal(t, 1000, count(1000, 1))
	assert.InDelta(t, 5000, count(11000, 0.5), 6*50+2)
	assert.LessOrEqual(t, count(12000, 0), 1, "at most the one that was under way")
	assert.InDelta(t, 1000, count(13000, 1), 1)
	assert.Zero(t, count(13000, 1))
	assert.InDelta(t, 2000, count(14000, 2), 61)
	assert.EqualError(t, l.d.Reconfigure(k.Now(), stream(demand.Stream{Rate: 1})), "demand.streams.s.trace: cannot be added or removed during a run")
	other := spec(2)
	other.Streams[0].Trace.At = at(5)
	assert.EqualError(t, l.d.Reconfigure(k.Now(), other), "demand.streams.s.trace: cannot change during a run save for scale_rate and jitter")
}

func TestAFaultOfALogNamesFileLineAndColumn(t *testing.T) {
	for _, c := range []struct {
		trace      demand.Trace
		file, text string
		want       string
	}{
		{demand.Trace{Log: demand.Log{Time: "t"}}, "a.csv", "t\n1\nsoon\n", `a.csv: line 3: column t: "soon" is no number`},
		{demand.Trace{Log: demand.Log{Time: "t", Unit: "date"}}, "a.csv", "t\n2030-13-01\n", `a.csv: line 2: column t: "2030-13-01" is no date`},
		{demand.Trace{Log: demand.Log{Time: "when"}}, "a.csv", "t,x\n1,2\n", `time is no column of a.csv: want one of t, x`},
		{demand.Trace{Log: demand.Log{Time: "t"}, User: "who"}, "a.csv", "t,x\n1,2\n", `user is no column of a.csv: want one of t, x`},
		{demand.Trace{Log: demand.Log{Time: "t"}}, "a.csv", "t\n2023-11-16 18:15:46.68\n", `unit does not go with "2023-11-16 18:15:46.68", in column t of a.csv: want date`},
		{demand.Trace{Log: demand.Log{Time: "t"}, Size: "x"}, "a.csv", "t,x\n1,2\n1,-3\n", `a.csv: line 3: column x: "-3" is no number of at least 0`},
		{demand.Trace{Log: demand.Log{Time: "t"}}, "a.csv", "t,x\n1,2\n1\n", `a.csv: record on line 3: wrong number of fields`},
		{demand.Trace{Log: demand.Log{Time: "t"}}, "a.csv", "", `a.csv: is empty`},
		{demand.Trace{Log: demand.Log{Time: "t"}}, "a.csv", "t\n", `a.csv: has no rows`},
		{demand.Trace{Log: demand.Log{Time: "t"}}, "a.csv", "t\n1e300\n", `a.csv: line 2: column t: "1e300" is out of range`},
		{demand.Trace{Format: "mooncake"}, "a.jsonl", "{\"timestamp\": 1}\n{\"time\": 2}\n", `a.jsonl: line 2: has no column "timestamp"; there are time`},
		{demand.Trace{Format: "mooncake"}, "a.jsonl", "{\"timestamp\": 1\n", `a.jsonl: line 1: is no JSON object: unexpected end of JSON input`},
		{demand.Trace{Log: demand.Log{Time: "t"}}, "a.xlsx", "", `a.xlsx: is no table by its name: the ending must be .csv, .jsonl or .parquet`},
		{demand.Trace{Log: demand.Log{Time: "t"}}, "a.parquet", "", `a.parquet: no reader of Parquet is registered: a program that reads it imports study/trace`},
		{demand.Trace{Log: demand.Log{Time: "t", SHA256: "00"}}, "a.csv", "t\n1\n", `a.csv: is not the file that was meant: its sha256 is 04138dcdc97bc5c3ef63bb9d4a36bc86d49a0a2ea1d3f1a3a7d7fd1f0f8fd6f8`},
		{demand.Trace{}, "a.csv", "t\n1\n", `time is missing: want the name of a column, or a format`},
		{demand.Trace{Log: demand.Log{Time: "t"}, PerTokenIn: span(1)}, "a.csv", "t\n1\n", `tokens_in is missing: want the name of the column that per_token_in is for`},
	} {
		err := c.trace.Load(fstest.MapFS{c.file: {Data: []byte(c.text)}}, c.file, nil)
		if c.trace.SHA256 == "00" {
			assert.ErrorContains(t, err, "is not the file that was meant: its sha256 is ")
			continue
		}
		assert.EqualError(t, err, c.want)
	}
	series := demand.RateSeries{Log: demand.Log{Time: "t"}, Rate: "r", Per: span(1)}
	assert.EqualError(t, series.Load(fstest.MapFS{"a.csv": {Data: []byte("t,r\n1,1\n0,1\n")}}, "a.csv", nil), `a.csv: line 3: column t: "0" comes before the row above it`)
}

func TestTimesOfALogAreExact(t *testing.T) {
	// Nanoseconds are whole however far the origin is: seconds since 1970 with nine
	// digits do not fit into a float.
	l := replay(t, written(t, demand.Trace{Log: demand.Log{Time: "t", ScaleRate: 1}}, "t\n1715299200.000000001\n1715299200.000000004\n1.715299201e9\n"), 1, sim.Day)
	assert.Equal(t, []sim.Time{0, 3, sim.Second - 1}, l.at)
	l = replay(t, written(t, demand.Trace{Log: demand.Log{Time: "t", Unit: "ns", ScaleRate: 1}}, "t\n-5\n1715299200000000001\n"), 1, 100*365*sim.Day)
	assert.Equal(t, []sim.Time{0, 1715299200000000006}, l.at)
}

func TestAReplayAllocatesNothingARequest(t *testing.T) {
	text := many(50000)
	k := sim.NewKernel()
	h := &counter{}
	d, err := demand.New(k, stream(demand.Stream{Trace: written(t, demand.Trace{Log: demand.Log{Time: "t", ScaleRate: 1.5}, Jitter: span(5)}, text)}), env(1, 0), h)
	require.NoError(t, err)
	d.Start(0)
	k.RunUntil(5000 * sim.Second)
	assert.Zero(t, testing.AllocsPerRun(10, func() { k.RunUntil(k.Now() + 1000*sim.Second) }))
	assert.Greater(t, h.n, 10000)
}

func BenchmarkReplay(b *testing.B) {
	const n = 10000
	for b.Loop() {
		b.StopTimer()
		k := sim.NewKernel()
		h := &counter{}
		d, err := demand.New(k, stream(demand.Stream{Trace: written(b, demand.Trace{Log: demand.Log{Time: "t", ScaleRate: 1}}, many(n))}), env(1, 0), h)
		require.NoError(b, err)
		d.Start(0)
		b.StartTimer()
		k.RunUntil(sim.Day)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/request")
}

// A counter counts requests.
type counter struct{ n int }

func (c *counter) Request(sim.Time, rng.Key, models.User, models.Tier, models.Class, uint32) { c.n++ }

func (c *counter) Flow(sim.Time, sim.Time, models.Tier, models.Class, float64) {}
