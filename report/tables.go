package report

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/report/paint"
)

// TableCSV writes a table as RFC 4180 has it, but with line feeds alone:
// instants as RFC 3339, numbers in their shortest exact form, nothing for NaN.
func TableCSV(t *metrics.Table) []byte {
	if t == nil {
		return nil
	}
	out := make([]byte, 0, 64+t.Len()*len(t.Columns)*4)
	for i := range t.Columns {
		out = appendField(out, t.Columns[i].Name, i == 0)
	}
	out = append(out, '\n')
	for row := range t.Len() {
		for i := range t.Columns {
			c := &t.Columns[i]
			if c.Kind == metrics.Text {
				out = appendField(out, c.Texts[row], i == 0)
				continue
			}
			if i > 0 {
				out = append(out, ',')
			}
			switch c.Kind {
			case metrics.Int:
				out = strconv.AppendInt(out, c.Ints[row], 10)
			case metrics.Instant:
				out = time.Unix(0, c.Ints[row]).UTC().AppendFormat(out, time.RFC3339Nano)
			case metrics.Float:
				if !math.IsNaN(c.Floats[row]) {
					out = strconv.AppendFloat(out, c.Floats[row], 'g', -1, 64)
				}
			}
		}
		out = append(out, '\n')
	}
	return out
}

// appendField adds a field of text to a line, in quotes where it needs them.
func appendField(out []byte, s string, first bool) []byte {
	if !first {
		out = append(out, ',')
	}
	if strings.ContainsAny(s, ",\"\r\n") {
		s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return append(out, s...)
}

// csv writes rows of text.
func csv(rows [][]string) []byte {
	var out []byte
	for _, row := range rows {
		for i, s := range row {
			out = appendField(out, s, i == 0)
		}
		out = append(out, '\n')
	}
	return out
}

// exact writes a float in its shortest exact form, nothing for NaN.
func exact(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// latencyCSV holds the curves of the latency picture.
func latencyCSV(r *Run) []byte {
	if len(r.Latency) == 0 {
		return nil
	}
	rows := [][]string{{"label", "seconds", "share_at_most"}}
	for _, d := range r.Latency {
		for i := range d.X {
			rows = append(rows, []string{d.Label, exact(d.X[i]), exact(d.P[i])})
		}
	}
	return csv(rows)
}

// recordCSV holds the run against the public record. Its figures are of the
// whole world.
func recordCSV(r *Run) []byte {
	if len(r.Score) == 0 {
		return nil
	}
	rows := [][]string{{"fact", "what", "from_s", "to_s", "metric", "published", "low", "high", "unit", "use",
		"simulated", "residual", "verdict", "why", "no_lever", "no_lever_verdict", "confidence", "source"}}
	for i, s := range r.Score {
		f := s.Fact
		line := []string{f.Name, f.What, exact(float64(f.From) / 1e9), exact(float64(f.To) / 1e9), f.Metric, exact(float64(f.Value)), bound(f.Low), bound(f.High), f.Unit, f.Use,
			exact(float64(s.Simulated)), exact(float64(s.Residual)), string(s.Verdict), s.Why, "", "", f.Confidence, f.Source}
		if i < len(r.NoLever) {
			line[14], line[15] = exact(float64(r.NoLever[i].Simulated)), string(r.NoLever[i].Verdict)
		}
		rows = append(rows, line)
	}
	return csv(rows)
}

// dictionary says what each column of the series means.
func dictionary(r *Run) []byte {
	if r.Result.Series == nil {
		return nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Series of %s\n\n", r.Name)
	fmt.Fprintf(&b, "Intervals are of %s. Counts are simulated counts at scale %s: multiply by %s for the whole world.\n",
		paint.Seconds(r.Interval.Seconds()), paint.ScaleName(r.Scale), paint.Digits(r.full(1)))
	fmt.Fprintf(&b, "An empty field (a null in Parquet) is a figure over an empty set. Of attempts from before the start (the warm-up) only levels count, so that the first rows may hold fewer ends than arrivals. The Parquet files have the same rows and columns.\n")
	fmt.Fprintf(&b, "There an instant is in microseconds, and stands once more, exactly, as nanoseconds since 1970-01-01 UTC under its name and `_ns`.\n")
	fmt.Fprintf(&b, "\n`series.csv` and `series.parquet`: one row for each interval, tier and class.\n\n")
	describe(&b, r, r.Result.Series)
	if r.Result.Pools != nil {
		fmt.Fprintf(&b, "\n`pools.csv` and `pools.parquet`: one row for each interval and pool.\n\n")
		describe(&b, r, r.Result.Pools)
	}
	if r.Result.Training != nil {
		fmt.Fprintf(&b, "\n`training.csv` and `training.parquet`: one row for each interval and training job.\n\n")
		describe(&b, r, r.Result.Training)
	}
	return b.Bytes()
}

// figuresMD says what each figure of summary.json means, once for each name.
func figuresMD(r *Run) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Figures of summary.json\n\nA figure's name is its path: `all.error_rate`, `tiers.plus.latency_s.p99`, `classes.image.completed`. ")
	fmt.Fprintf(&b, "Those that grow with the world are simulated counts at scale %s: multiply by %s. null is a figure over an empty set.\n\n", paint.ScaleName(r.Scale), paint.Digits(r.full(1)))
	fmt.Fprintf(&b, "| figure | unit | grows | meaning |\n|---|---|---|---|\n")
	seen := map[string]bool{}
	r.Result.Summary.Walk(func(path string, _ metrics.Figure) {
		name, about, unit := metrics.About(path)
		if seen[name] {
			return
		}
		seen[name] = true
		grows := map[bool]string{true: "yes"}[metrics.Extensive(path)]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, unit, grows, strings.ReplaceAll(about, "|", "\\|"))
	})
	return b.Bytes()
}

// describe lists the columns of a table.
func describe(b *bytes.Buffer, r *Run, t *metrics.Table) {
	fmt.Fprintf(b, "| column | type | unit | meaning |\n|---|---|---|---|\n")
	for i := range t.Columns {
		c := &t.Columns[i]
		kind := map[metrics.Kind]string{metrics.Text: "text", metrics.Int: "integer", metrics.Float: "number", metrics.Instant: "instant"}[c.Kind]
		about := c.About
		if reason, ok := strings.CutPrefix(c.Name, "rejected_"); ok {
			if r.left(reason) {
				about += "; users who left at the sight of the wait"
			} else {
				about += map[bool]string{true: "; counts as an error (503)", false: "; a limit of the operator, no error"}[r.refusedForLoad(reason)]
			}
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", c.Name, kind, c.Unit, strings.ReplaceAll(about, "|", "\\|"))
	}
}

// bound writes an end of a tolerance, nothing where there is none.
func bound(c *unit.Count) string {
	if c == nil {
		return ""
	}
	return exact(float64(*c))
}
