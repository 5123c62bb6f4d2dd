package report

import (
	"bytes"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/launchday-sim/launchday/models/metrics"
)

// rowGroup is how many rows stand in a group, and in one call of the writer:
// the bytes of the file depend on both.
const rowGroup = 65536

// TableParquet writes a table as Parquet. Text is in dictionaries, the rest
// plain, all under zstd. Many readers cut nanoseconds, so that an instant is
// written in microseconds and once more as a plain number of nanoseconds.
func TableParquet(t *metrics.Table) ([]byte, error) {
	if t == nil {
		return nil, nil
	}
	var root group
	var columns []func(row int) parquet.Value
	add := func(name string, node parquet.Node, value func(row int) parquet.Value) {
		root.add(name, node)
		columns = append(columns, value)
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		switch c.Kind {
		case metrics.Text:
			add(c.Name, parquet.Encoded(parquet.String(), &parquet.RLEDictionary), func(row int) parquet.Value { return parquet.ByteArrayValue([]byte(c.Texts[row])) })
		case metrics.Int:
			add(c.Name, parquet.Int(64), func(row int) parquet.Value { return parquet.Int64Value(c.Ints[row]) })
		case metrics.Instant:
			add(c.Name, parquet.Timestamp(parquet.Microsecond), func(row int) parquet.Value { return parquet.Int64Value(floorDiv(c.Ints[row], 1000)) })
			add(c.Name+"_ns", parquet.Int(64), func(row int) parquet.Value { return parquet.Int64Value(c.Ints[row]) })
		case metrics.Float:
			add(c.Name, parquet.Optional(parquet.Leaf(parquet.DoubleType)), func(row int) parquet.Value {
				if v := c.Floats[row]; !math.IsNaN(v) {
					return parquet.DoubleValue(v).Level(0, 1, 0)
				}
				return parquet.NullValue()
			})
		}
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[any](&b,
		parquet.NewSchema("launchday", &root),
		parquet.CreatedBy("launchday", "1", "report"),
		parquet.MaxRowsPerRowGroup(rowGroup),
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
	)
	values := make([]parquet.Value, 0, min(rowGroup, t.Len()))
	for from := 0; from < t.Len(); from += rowGroup {
		to := min(from+rowGroup, t.Len())
		for i, value := range columns {
			values = values[:0]
			for row := from; row < to; row++ {
				values = append(values, value(row))
			}
			if _, err := w.ColumnWriters()[i].WriteRowValues(values); err != nil {
				return nil, err
			}
		}
		if err := w.Flush(); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// A group is a parquet.Group that keeps its columns in the order in which they
// were added, where that one sorts them by name.
type group struct {
	parquet.Group
	fields []parquet.Field
}

func (g *group) add(name string, node parquet.Node) {
	one := parquet.Group{name: node}
	if g.Group == nil {
		g.Group = parquet.Group{}
	}
	g.Group[name] = node
	g.fields = append(g.fields, one.Fields()[0])
}

// Fields returns the columns in their order.
func (g *group) Fields() []parquet.Field { return g.fields }

// floorDiv divides and rounds down, before 1970 too.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
