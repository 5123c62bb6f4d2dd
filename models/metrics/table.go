package metrics

// A Kind is the type of a column.
type Kind uint8

// The kinds of columns.
const (
	Text Kind = iota
	Int
	Float   // NaN is null
	Instant // nanoseconds since 1970-01-01 UTC, in Ints
)

// A Column is one named column of a Table. The slice of its Kind is filled.
type Column struct {
	Name   string
	Unit   string // "" for a name, "1" for a share, "s", "requests", "servers" ...
	About  string // one line for the data dictionary
	Kind   Kind
	Texts  []string
	Ints   []int64
	Floats []float64
}

// A Table is what a run leaves as rows: typed columns of equal length, ready
// to be written as CSV or Parquet.
type Table struct {
	Columns []Column
}

// Len is the number of rows.
func (t *Table) Len() int {
	if len(t.Columns) == 0 {
		return 0
	}
	c := &t.Columns[0]
	return max(len(c.Texts), len(c.Ints), len(c.Floats))
}

// Column returns the column of that name, or nil.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}
