// Package trace reads tables in Parquet for scenarios that replay a log or
// follow a measured rate. The rooms of models read text only; a program that
// wants Parquet imports this package for its effect:
//
//	import _ "github.com/launchday-sim/launchday/study/trace"
//
// A cell becomes the text that stands in a CSV file of the same table: numbers
// in decimal, instants (TIMESTAMP of any unit, DATE) in RFC 3339, null as an
// empty cell. Of a repeated column the first value counts.
package trace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/launchday-sim/launchday/models/demand"
)

func init() { demand.RegisterTable(".parquet", read) }

// rowsAtOnce is how many rows are decoded in one call.
const rowsAtOnce = 1024

// read is a demand.TableReader. Parquet is read from its end: a file that
// cannot be read at any place is read whole.
func read(f io.Reader, want []demand.Column, row func(cells []string) error) error {
	at, size, err := random(f)
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(at, size)
	if err != nil {
		return fmt.Errorf("is no Parquet file: %w", err)
	}
	places := map[int]int{} // by the number of the column in the file
	texts := make([]func(parquet.Value) (string, error), len(want))
	for i, c := range want {
		leaf, ok := file.Schema().Lookup(c.Name)
		if !ok {
			if c.Optional {
				continue
			}
			var there []string
			for _, path := range file.Schema().Columns() {
				there = append(there, strings.Join(path, "."))
			}
			return demand.Missing(c.Name, there)
		}
		places[leaf.ColumnIndex] = i
		texts[i] = text(leaf.Node)
	}
	cells := make([]string, len(want))
	buffer := make([]parquet.Row, rowsAtOnce)
	n := 0
	for _, group := range file.RowGroups() {
		if err := readGroup(group, buffer, func(r parquet.Row) error {
			n++
			clear(cells)
			for _, v := range r {
				i, ok := places[v.Column()]
				if !ok || v.IsNull() || v.RepetitionLevel() > 0 {
					continue
				}
				var err error
				if cells[i], err = texts[i](v); err != nil {
					return fmt.Errorf("row %d: column %s: %w", n, want[i].Name, err)
				}
			}
			if err := row(cells); err != nil {
				return fmt.Errorf("row %d: %w", n, err)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func readGroup(group parquet.RowGroup, buffer []parquet.Row, row func(parquet.Row) error) error {
	rows := group.Rows()
	defer rows.Close()
	for {
		n, err := rows.ReadRows(buffer)
		for _, r := range buffer[:n] {
			if err := row(r); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("cannot be decoded: %w", err)
		}
	}
}

// random gives access to any place of a file.
func random(f io.Reader) (io.ReaderAt, int64, error) {
	if at, ok := f.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		size, err := at.Seek(0, io.SeekEnd)
		return at, size, err
	}
	all, err := io.ReadAll(f)
	return bytes.NewReader(all), int64(len(all)), err
}

// text returns how the values of a column are written.
func text(node parquet.Node) func(parquet.Value) (string, error) {
	if l := node.Type().LogicalType(); l != nil {
		switch kind := l.Value.(type) {
		case *format.TimestampType:
			return instant(int64(kind.Unit.Value.Duration()))
		case *format.DateType:
			return func(v parquet.Value) (string, error) {
				return time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.RFC3339), nil
			}
		}
	}
	if old := node.Type().ConvertedType(); old != nil { // of files older than logical types
		switch *old {
		case deprecated.TimestampMillis:
			return instant(int64(time.Millisecond))
		case deprecated.TimestampMicros:
			return instant(int64(time.Microsecond))
		}
	}
	return func(v parquet.Value) (string, error) {
		switch v.Kind() {
		case parquet.Boolean:
			return strconv.FormatBool(v.Boolean()), nil
		case parquet.Int32:
			return strconv.FormatInt(int64(v.Int32()), 10), nil
		case parquet.Int64:
			return strconv.FormatInt(v.Int64(), 10), nil
		case parquet.Float:
			return strconv.FormatFloat(float64(v.Float()), 'f', -1, 32), nil
		case parquet.Double:
			return strconv.FormatFloat(v.Double(), 'f', -1, 64), nil
		case parquet.ByteArray, parquet.FixedLenByteArray:
			return string(v.ByteArray()), nil
		}
		return "", fmt.Errorf("is of type %v: want numbers, texts or instants", v.Kind())
	}
}

// instant writes a number of units, of so many nanoseconds, since 1970.
func instant(unit int64) func(parquet.Value) (string, error) {
	perSecond := int64(time.Second) / unit
	return func(v parquet.Value) (string, error) {
		n := v.Int64()
		return time.Unix(n/perSecond, n%perSecond*unit).UTC().Format(time.RFC3339Nano), nil
	}
}
