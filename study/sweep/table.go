package sweep

import (
	"fmt"
	"math"
	"strings"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/sim/stats"
	"github.com/launchday-sim/launchday/study"
)

// Table is the tidy table of a study: a row for each cell and replication, in this order.
// It has a column for each factor, two where its values are numbers, and one for each
// figure. It is an error if runs are missing.
func (s *Study) Table(st *Store) (*metrics.Table, error) {
	if n := s.Missing(st); n > 0 {
		return nil, fmt.Errorf("%d of %d runs of the study %s are missing", n, s.Runs(), s.Name)
	}
	t := &metrics.Table{}
	column := func(c metrics.Column, put func(c *metrics.Column, cell, rep int)) {
		for cell := range s.Cells {
			for rep := range s.Reps {
				put(&c, cell, rep)
			}
		}
		t.Columns = append(t.Columns, c)
	}
	column(metrics.Column{Name: "cell", About: "number of the cell of the design, from 0", Kind: metrics.Int}, func(c *metrics.Column, cell, _ int) {
		c.Ints = append(c.Ints, int64(cell))
	})
	for i := range s.Factors {
		f := &s.Factors[i]
		about := "value of " + f.Knob
		if f.Knob == "" {
			about = "level of the factor " + f.Name
		}
		column(metrics.Column{Name: f.Name, About: about, Kind: metrics.Text}, func(c *metrics.Column, cell, _ int) {
			c.Texts = append(c.Texts, s.Cells[cell].Values[i])
		})
		if !math.IsNaN(s.Cells[0].Numbers[i]) {
			column(metrics.Column{Name: f.Name + "_value", Unit: s.unit(f.Knob), About: "the same as a number, in its base unit: of times and rates the second, of shares 1", Kind: metrics.Float}, func(c *metrics.Column, cell, _ int) {
				c.Floats = append(c.Floats, s.Cells[cell].Numbers[i])
			})
		}
	}
	column(metrics.Column{Name: "replication", About: "number of the replication, from 0: that of another cell has the same requests, users and luck", Kind: metrics.Int}, func(c *metrics.Column, _, rep int) {
		c.Ints = append(c.Ints, int64(rep))
	})
	for k, path := range s.Metrics {
		_, about, unit := metrics.About(path)
		if last := path[strings.LastIndexByte(path, '.')+1:]; strings.HasSuffix(path, "_s."+last) {
			about += "; " + last
		}
		column(metrics.Column{Name: path, Unit: unit, About: about, Kind: metrics.Float}, func(c *metrics.Column, cell, rep int) {
			v, _ := st.Get(s.key(cell, rep))
			c.Floats = append(c.Floats, v[k])
		})
	}
	return t, nil
}

// unit is that of a knob's number.
func (s *Study) unit(knob string) string {
	text, err := s.Base.Value(knob)
	switch {
	case err != nil:
		return "1"
	case strings.HasSuffix(text, "/s"), strings.HasSuffix(text, "/d"), strings.HasSuffix(text, "/h"), strings.HasSuffix(text, "/m"):
		return "1/s"
	case strings.HasSuffix(text, "s"), strings.HasSuffix(text, "m"), strings.HasSuffix(text, "h"), strings.HasSuffix(text, "d"):
		return "s"
	}
	return "1"
}

// Dictionary says what each column of the table is, in Markdown.
func (s *Study) Dictionary(t *metrics.Table) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Data of %s\n\n", s.Name)
	fmt.Fprintf(&b, "`table.csv` and `table.parquet`: one row for each of %d cells and %d replications, seed %d. ", len(s.Cells), s.Reps, s.Seed)
	fmt.Fprintf(&b, "Figures are at full scale. An empty field (a null in Parquet) is a figure over an empty set.\n\n")
	fmt.Fprintf(&b, "| column | type | unit | meaning |\n|---|---|---|---|\n")
	for i := range t.Columns {
		c := &t.Columns[i]
		kind := map[metrics.Kind]string{metrics.Text: "text", metrics.Int: "integer", metrics.Float: "number"}[c.Kind]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", c.Name, kind, c.Unit, strings.ReplaceAll(c.About, "|", "\\|"))
	}
	return []byte(b.String())
}

// mean is the mean of a figure over the replications of a cell, with its interval.
func (s *Study) mean(st *Store, cell int, path string) stats.Interval {
	var values []float64
	for rep := range s.Reps {
		values = append(values, s.value(st, cell, rep, path))
	}
	return stats.MeanInterval(values, study.Confidence)
}

func (s *Study) value(st *Store, cell, rep int, path string) float64 {
	v, ok := st.Get(s.key(cell, rep))
	for k, m := range s.Metrics {
		if ok && m == path {
			return v[k]
		}
	}
	return math.NaN()
}
