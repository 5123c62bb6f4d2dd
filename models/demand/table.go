package demand

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	pathpkg "path"
	"slices"
	"strings"
	"sync"
)

// A Column is a column of a table that is asked for.
type Column struct {
	Name     string
	Optional bool // the table may be without it; its cells are empty then
}

// A TableReader reads a table row by row and calls row with the cells of the
// columns that are wanted, in their order, as text; they are valid during the
// call only. Times of a column that has its own type are in RFC 3339. An error
// of row ends the reading, and is returned behind the place of the row: "line
// 17: ...".
type TableReader func(f io.Reader, want []Column, row func(cells []string) error) error

// tables are the readers by the ending of the file's name.
var tables = map[string]TableReader{".csv": readCSV, ".jsonl": readJSONL}

// RegisterTable adds a reader for files whose name ends so, such as ".parquet".
// Call it from an init function: rooms of models read text themselves, and
// nothing but text.
func RegisterTable(ending string, r TableReader) {
	if tables[ending] != nil {
		panic("demand: a second reader of " + ending)
	}
	tables[ending] = r
}

// readTable reads a file with the reader that its name asks for, and returns
// the hash of its bytes.
func readTable(files fs.FS, name string, want []Column, row func(cells []string) error) (hash string, err error) {
	read := tables[strings.ToLower(pathpkg.Ext(name))]
	if read == nil {
		if strings.EqualFold(pathpkg.Ext(name), ".parquet") {
			return "", fmt.Errorf("%s: no reader of Parquet is registered: a program that reads it imports study/trace", name)
		}
		return "", fmt.Errorf("%s: is no table by its name: the ending must be .csv, .jsonl or .parquet", name)
	}
	if hash, err = hashOf(files, name); err != nil {
		return "", err
	}
	f, err := files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := read(f, want, row); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return hash, nil
}

func hashOf(files fs.FS, name string) (string, error) {
	f, err := files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Missing is the error for a column that a table does not have.
func Missing(name string, there []string) error {
	const most = 20
	if len(there) > most {
		there = append(slices.Clone(there[:most]), "more")
	}
	return &missing{name, strings.Join(there, ", ")}
}

type missing struct{ name, there string }

func (m *missing) Error() string {
	return fmt.Sprintf("has no column %q; there are %s", m.name, m.there)
}

// A dated is the error for a date where a number was to be.
type dated struct{ text string }

func (d *dated) Error() string { return fmt.Sprintf("%s is a date and no number", d.text) }

// blame gives an error of reading a file to the key that is wrong, where it is one:
// keys are pairs of key and the column that it names.
func blame(err error, file, time string, keys ...[2]string) error {
	var m *missing
	var date *dated
	switch {
	case errors.As(err, &m):
		for _, k := range keys {
			if k[1] == m.name {
				return fmt.Errorf("%s is no column of %s: want one of %s", k[0], file, m.there)
			}
		}
	case errors.As(err, &date):
		return fmt.Errorf("unit does not go with %s, in column %s of %s: want date", date.text, time, file)
	}
	return err
}

// readCSV reads comma-separated values (RFC 4180) whose first line names the
// columns.
func readCSV(f io.Reader, want []Column, row func(cells []string) error) error {
	r := csv.NewReader(bufio.NewReaderSize(f, 1<<16))
	r.ReuseRecord = true
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("is empty")
	} else if err != nil {
		return err
	}
	head = slices.Clone(head)
	for i := range head {
		head[i] = strings.TrimSpace(strings.TrimPrefix(head[i], "\ufeff"))
	}
	places := make([]int, len(want))
	for i, c := range want {
		if places[i] = slices.Index(head, c.Name); places[i] < 0 && !c.Optional {
			return fmt.Errorf("line 1: %w", Missing(c.Name, head))
		}
	}
	cells := make([]string, len(want))
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		for i, p := range places {
			if p >= 0 {
				cells[i] = strings.TrimSpace(record[p])
			}
		}
		if err := row(cells); err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// maxJSONLine is the longest line of a JSON Lines file.
const maxJSONLine = 64 << 20

// readJSONL reads JSON Lines: an object a line, whose keys are the columns.
func readJSONL(f io.Reader, want []Column, row func(cells []string) error) error {
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<16), maxJSONLine)
	cells := make([]string, len(want))
	line := 0
	for lines.Scan() {
		line++
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(lines.Bytes(), &object); err != nil {
			return fmt.Errorf("line %d: is no JSON object: %w", line, err)
		}
		for i, c := range want {
			raw, ok := object[c.Name]
			if !ok && !c.Optional {
				var keys []string
				for k := range object {
					keys = append(keys, k)
				}
				slices.Sort(keys)
				return fmt.Errorf("line %d: %w", line, Missing(c.Name, keys))
			}
			cells[i] = ""
			if len(raw) > 0 && raw[0] == '"' {
				if err := json.Unmarshal(raw, &cells[i]); err != nil {
					return fmt.Errorf("line %d: column %s: %w", line, c.Name, err)
				}
			} else if string(raw) != "null" {
				cells[i] = string(raw)
			}
		}
		if err := row(cells); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", line+1, err)
	}
	if line == 0 {
		return fmt.Errorf("is empty")
	}
	return nil
}

// recall and remember keep what was read of files, for those who read a
// scenario over and over.
func recall(seen *sync.Map, key string) (any, bool) {
	if seen == nil {
		return nil, false
	}
	return seen.Load(key)
}

func remember(seen *sync.Map, key string, what any) {
	if seen != nil {
		seen.Store(key, what)
	}
}
