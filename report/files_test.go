package report

import (
	"bytes"
	"crypto/sha256"
	stdcsv "encoding/csv"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
)

var update = flag.Bool("update", false, "write the golden files anew")

// writeTo leaves the files of a run at dir.
func writeTo(t *testing.T, dir string, r *Run, wall time.Duration, force bool) {
	t.Helper()
	f, err := Prepare(dir, force)
	require.NoError(t, err)
	defer f.Abort()
	require.NoError(t, f.Write(r, wall))
	require.NoError(t, f.Commit())
}

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestAResultAppearsWholeAndOnlyAtTheEnd(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "results", "launch")
	f, err := Prepare(dir, false)
	require.NoError(t, err)
	defer f.Abort()
	require.NoError(t, f.Write(launchRun(100), time.Second))
	assert.NoDirExists(t, dir, "not before Commit")
	require.NoError(t, f.Commit())
	assert.Equal(t, []string{"launch"}, names(t, filepath.Join(parent, "results")), "nothing else is left")
	assert.Equal(t, []string{"latency.csv", "latency.png", "latency.svg", "manifest.json", "outcomes.png", "outcomes.svg", "pools.csv", "pools.parquet", "record.csv",
		"series.csv", "series.md", "series.parquet", "summary.json", "summary.md", "timeline.png", "timeline.svg"}, names(t, dir))
	f.Abort()
	assert.DirExists(t, dir, "Abort after Commit does nothing")
	assert.ErrorContains(t, f.Put("late.txt", nil), "closed")
}

func TestAnAbortedRunLeavesNothing(t *testing.T) {
	parent := t.TempDir()
	f, err := Prepare(filepath.Join(parent, "launch"), false)
	require.NoError(t, err)
	require.NoError(t, f.Put("summary.json", []byte("{}")))
	f.Abort()
	assert.Empty(t, names(t, parent))
	assert.Error(t, f.Commit())
}

func TestWhatIsThereIsNotOverwritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "launch")
	writeTo(t, dir, plainQueue(), 0, false)
	_, err := Prepare(dir, false)
	assert.ErrorContains(t, err, "it is there already")

	other := launchRun(50)
	writeTo(t, dir, other, 0, true)
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	require.NoError(t, err)
	assert.Contains(t, string(text), other.ID(), "with force the new result stands there")
	assert.Equal(t, []string{"launch"}, names(t, filepath.Dir(dir)))
}

func TestForceReplacesResultsAndNothingElse(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "thesis.tex"), nil, 0o600))
	_, err := Prepare(home, true)
	assert.ErrorContains(t, err, "not an earlier result")
	_, err = Prepare(filepath.Join(home, "thesis.tex"), true)
	assert.ErrorContains(t, err, "not a folder")

	empty := t.TempDir()
	writeTo(t, empty, plainQueue(), 0, true)
}

func TestAFolderThatComesIntoBeingMeanwhileIsNotReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "launch")
	f, err := Prepare(dir, false)
	require.NoError(t, err)
	defer f.Abort()
	require.NoError(t, os.Mkdir(dir, 0o755))
	assert.ErrorContains(t, f.Commit(), "it is there already")
}

func TestAPlaceWhereNothingCanBeWrittenIsReportedBeforeTheRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Prepare(filepath.Join(file, "launch"), false)
	assert.ErrorContains(t, err, "results cannot be written to "+filepath.Join(file, "launch"))
}

func TestAWriteThatFailsSaysWhichFileAndLeavesNothing(t *testing.T) {
	parent := t.TempDir()
	f, err := Prepare(filepath.Join(parent, "launch"), false)
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(f.temp))
	assert.ErrorContains(t, f.Write(plainQueue(), 0), "writing summary.json of")
	f.Abort()
	assert.Empty(t, names(t, parent))
}

func TestEqualRunsLeaveEqualFilesButForTheEnvironment(t *testing.T) {
	parent := t.TempDir()
	a, b := filepath.Join(parent, "a"), filepath.Join(parent, "b")
	writeTo(t, a, launchRun(200), time.Second, false)
	writeTo(t, b, launchRun(200), 2*time.Second, false)
	require.Equal(t, names(t, a), names(t, b))
	read := func(dir, name string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return text
	}
	for _, name := range names(t, a) {
		if name != "manifest.json" {
			assert.True(t, bytes.Equal(read(a, name), read(b, name)), name)
		}
	}
	var ma, mb manifest
	require.NoError(t, json.Unmarshal(read(a, "manifest.json"), &ma))
	require.NoError(t, json.Unmarshal(read(b, "manifest.json"), &mb))
	assert.Equal(t, 1.0, ma.Environment.Wall)
	ma.Environment, mb.Environment = environment{}, environment{}
	assert.Equal(t, ma, mb)
	assert.Len(t, ma.SHA256, 5)
	for name, want := range ma.SHA256 {
		sum := sha256.Sum256(read(a, name))
		assert.Equal(t, want, hex.EncodeToString(sum[:]), name)
	}
	assert.Equal(t, sha256Hex([]byte(ma.Resolved)), ma.ScenarioSHA256)
}

func TestTheIDBelongsToScenarioSeedAndReplication(t *testing.T) {
	r := plainQueue()
	id := r.ID()
	assert.Equal(t, byte('5'), id[14], "a UUID of version 5")
	assert.Equal(t, id, plainQueue().ID())
	for _, change := range []func(*Run){func(r *Run) { r.Seed++ }, func(r *Run) { r.Replication++ }, func(r *Run) { r.Resolved += " " }} {
		other := plainQueue()
		change(other)
		assert.NotEqual(t, id, other.ID())
	}
	r.Version = "another"
	assert.Equal(t, id, r.ID())
}

// awkward is a table with everything that is hard to write.
func awkward() *metrics.Table {
	return &metrics.Table{Columns: []metrics.Column{
		{Name: "time", Kind: metrics.Instant, About: "start", Ints: []int64{0, 1743000000123456789, -1}},
		{Name: "tier", Kind: metrics.Text, About: "tier", Texts: []string{"free", `a "b", c`, ""}},
		{Name: "n", Kind: metrics.Int, Unit: "attempts", About: "count", Ints: []int64{0, -5, math.MaxInt64}},
		{Name: "x", Kind: metrics.Float, Unit: "s", About: "a | b", Floats: []float64{0.1, math.NaN(), 1e300}},
	}}
}

func TestCSVIsReadBackAsItWas(t *testing.T) {
	text := TableCSV(awkward())
	assert.Equal(t, "time,tier,n,x\n"+
		"1970-01-01T00:00:00Z,free,0,0.1\n"+
		"2025-03-26T14:40:00.123456789Z,\"a \"\"b\"\", c\",-5,\n"+
		"1969-12-31T23:59:59.999999999Z,,9223372036854775807,1e+300\n", string(text))
	rows, err := stdcsv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, `a "b", c`, rows[2][1])
}

func TestParquetKeepsColumnsInOrderAndNullsApartFromZero(t *testing.T) {
	b, err := TableParquet(awkward())
	require.NoError(t, err)
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	var columns []string
	for _, c := range f.Schema().Fields() {
		columns = append(columns, c.Name()+" "+c.Type().String())
	}
	assert.Equal(t, []string{"time TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)", "time_ns INT(64,true)", "tier STRING", "n INT(64,true)", "x DOUBLE"}, columns)
	rows := make([]parquet.Row, 3)
	r := f.RowGroups()[0].Rows()
	defer r.Close()
	n, _ := r.ReadRows(rows)
	require.Equal(t, 3, n)
	assert.Equal(t, int64(1743000000123456), rows[1][0].Int64())
	assert.Equal(t, int64(1743000000123456789), rows[1][1].Int64())
	assert.Equal(t, int64(-1), rows[2][0].Int64(), "rounded down before 1970 too")
	assert.False(t, rows[0][3].IsNull())
	assert.True(t, rows[1][4].IsNull())
	assert.Equal(t, 0.1, rows[0][4].Double())
}

func TestALongTableIsWrittenInGroups(t *testing.T) {
	table := &metrics.Table{Columns: []metrics.Column{{Name: "n", Kind: metrics.Int}}}
	for i := range 2*rowGroup + 5 {
		table.Columns[0].Ints = append(table.Columns[0].Ints, int64(i))
	}
	b, err := TableParquet(table)
	require.NoError(t, err)
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	assert.Len(t, f.RowGroups(), 3)
	assert.Equal(t, int64(2*rowGroup+5), f.NumRows())
}

// CI reads the same with a reader that shares no code with the writer; here it
// runs where its packages are installed.
func TestAnIndependentReaderFindsTheSameInParquetAsInCSV(t *testing.T) {
	if _, err := os.Stat("parquetcheck/node_modules"); err != nil {
		t.Skip("parquetcheck has no node_modules; `npm ci` there installs them")
	}
	for name, table := range map[string]*metrics.Table{"awkward": awkward(), "launch": launchRun(300).Result.Series} {
		dir := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.Mkdir(dir, 0o755))
		b, err := TableParquet(table)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "series.parquet"), b, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "series.csv"), TableCSV(table), 0o600))
		out, err := exec.Command("node", "parquetcheck/check.mjs", dir).CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Contains(t, string(out), "agree")

		// And it would find a difference.
		require.NoError(t, os.WriteFile(filepath.Join(dir, "series.csv"), bytes.Replace(TableCSV(table), []byte("free"), []byte("fred"), 1), 0o600))
		out, err = exec.Command("node", "parquetcheck/check.mjs", dir).CombinedOutput()
		assert.Error(t, err, "%s", out)
	}
}

func TestTheTextSaysWhatHappened(t *testing.T) {
	for name, r := range map[string]*Run{"launch": launchRun(2557), "mm1": plainQueue()} {
		var b bytes.Buffer
		require.NoError(t, Text(&b, r, ""))
		golden(t, name+".txt", b.Bytes())
		assert.LessOrEqual(t, strings.Count(b.String(), "\n"), 45)
		assert.NotContains(t, b.String(), "\x1b")
		assert.NotContains(t, b.String(), "NaN")
	}
}

func TestTablesBesideTheSeries(t *testing.T) {
	r := launchRun(100)
	golden(t, "record.csv", recordCSV(r))
	r.Result.Series = awkward()
	r.Result.Series.Columns = append(r.Result.Series.Columns,
		metrics.Column{Name: "rejected_shedding", Kind: metrics.Int, Unit: "attempts", About: "refused by shedding"},
		metrics.Column{Name: "rejected_free-quota", Kind: metrics.Int, Unit: "attempts", About: "refused by free-quota"})
	golden(t, "series.md", dictionary(r))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func TestFiguresReadTheWayPeopleSayThem(t *testing.T) {
	for want, got := range map[string]string{
		"703 M": paint.Count(702.6e6), "1.2 M": paint.Count(1.2e6), "45": paint.Count(45), "1 M": paint.Count(999_700), "999 k": paint.Count(999_400), "1.06 bn": paint.Count(1.06e9),
		"0.32": paint.Count(0.32), "0": paint.Count(0), "–": paint.Count(math.NaN()), "-1.5 k": paint.Count(-1500),
		"45 s": paint.Seconds(45), "2.25 min": paint.Seconds(135), "1.5 h": paint.Seconds(5400), "1 h": paint.Seconds(3600), "9 d": paint.Seconds(9 * 86400), "250 ms": paint.Seconds(0.25), "12 µs": paint.Seconds(12e-6),
		"52 %": paint.Percent(0.52), "1.3 %": paint.Percent(0.013), "<0.1 %": paint.Percent(0.0004), "0 %": paint.Percent(0), "100 %": paint.Percent(1), "99.9 %": paint.Percent(0.9999),
		"1/1000": paint.ScaleName(0.001), "1": paint.ScaleName(1), "100,000": paint.Grouped(100000), "999": paint.Grouped(999), "-1,000": paint.Grouped(-1000),
		"rank 3": inUnit(3, "rank"), "yes": inUnit(1, "yes"), "2 min": inUnit(120, "s"), "100 M users": inUnit(1e8, "users"), "1.31": inUnit(1.312, "ratio"),
	} {
		assert.Equal(t, want, got)
	}
}

func TestAnAbortedResultLeavesNoFolderBehind(t *testing.T) {
	top := t.TempDir()
	f, err := Prepare(filepath.Join(top, "a", "b", "c"), false)
	require.NoError(t, err)
	f.Abort()
	entries, err := os.ReadDir(top)
	require.NoError(t, err)
	assert.Empty(t, entries)

	// A folder that was there stays, and so does one that somebody uses.
	require.NoError(t, os.MkdirAll(filepath.Join(top, "there"), 0o755))
	f, err = Prepare(filepath.Join(top, "there", "b", "c"), false)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(top, "there", "b", "note"), nil, 0o644))
	f.Abort()
	assert.FileExists(t, filepath.Join(top, "there", "b", "note"))
}
